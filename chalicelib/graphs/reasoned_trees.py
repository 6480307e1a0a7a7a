"""Trees whose leaves say how much they add to which term, as an ONNX graph: a probability and its reasons in one call.

    features ──► TreeEnsembleRegressor, one target per term ──► contributions
    contributions ──► 1 / (1 + exp(-intercept - sum)) ──► probability

An additive model is such a forest (each tree adds to one term), and so are boosted trees whose leaves are told apart
by the splits on their path. Contributions and intercept add up to the logit, whatever the trees are. The sigmoid is
spelled out: the runtime's own is an approximation, and 6e-5 off in log odds where frauds are rare. The sum is a product
with ones, which is one step less than adding up and subtracting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET, ML_OPSET = 17, 3
LARGEST = float(np.finfo(np.float32).max)
"""As a threshold: every number goes left, so that the unknown can be sent the other way."""


@dataclass(frozen=True, slots=True)
class ReasonedTree:
    """Node 0 is the root; a leaf has ``left`` -1. Rows with value <= threshold go left (float32)."""

    feature: NDArray[np.int64]
    threshold: NDArray[np.float32]
    unknown_left: NDArray[np.bool_]
    """Whether NaN goes left."""
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    leaf: NDArray[np.int64]
    """(entries,): the leaf of each entry; several entries may share one."""
    term: NDArray[np.int64]
    """(entries,)"""
    weight: NDArray[np.float32]
    """(entries,): what the leaf adds to that term."""


def build(trees: Sequence[ReasonedTree], *, features: int, terms: int, intercept: float) -> bytes:
    """ONNX bytes. Input ``features`` float32 (rows, features); outputs ``probability`` float32 (rows, 1) and
    ``contributions`` float32 (rows, terms)."""
    forest = helper.make_node(
        "TreeEnsembleRegressor", ["features"], ["contributions"], domain="ai.onnx.ml", n_targets=terms,
        aggregate_function="SUM", post_transform="NONE", **_attributes(trees),
    )  # fmt: skip
    nodes = [
        forest,
        helper.make_node("Gemm", ["contributions", "less_one_each", "less_intercept"], ["less_logit"]),
        helper.make_node("Exp", ["less_logit"], ["odds_against"]),
        helper.make_node("Add", ["odds_against", "one"], ["whole"]),
        helper.make_node("Reciprocal", ["whole"], ["probability"]),
    ]
    constants = [
        numpy_helper.from_array(np.full((terms, 1), -1, np.float32), "less_one_each"),
        numpy_helper.from_array(np.array([-intercept], np.float32), "less_intercept"),
        numpy_helper.from_array(np.array([[1]], np.float32), "one"),
    ]
    graph = helper.make_graph(
        nodes, "reasoned_trees",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", features])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["rows", 1]),
         helper.make_tensor_value_info("contributions", TensorProto.FLOAT, ["rows", terms])],
        constants,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="tradewind")
    return bytes(model.SerializeToString(deterministic=True))


def _attributes(trees: Sequence[ReasonedTree]) -> dict[str, Any]:
    sizes = [len(tree.left) for tree in trees]
    joined = {name: np.concatenate([getattr(tree, name) for tree in trees]) for name in ReasonedTree.__slots__}
    leaf = joined["left"] < 0
    return {
        "nodes_treeids": np.repeat(np.arange(len(trees)), sizes).tolist(),
        "nodes_nodeids": np.concatenate([np.arange(size) for size in sizes]).tolist(),
        "nodes_featureids": np.where(leaf, 0, joined["feature"]).tolist(),
        "nodes_values": np.where(leaf, 0, joined["threshold"]).astype(float).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_truenodeids": np.where(leaf, 0, joined["left"]).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, joined["right"]).tolist(),
        "nodes_missing_value_tracks_true": joined["unknown_left"].astype(int).tolist(),
        "target_treeids": np.repeat(np.arange(len(trees)), [len(tree.leaf) for tree in trees]).tolist(),
        "target_nodeids": joined["leaf"].tolist(),
        "target_ids": joined["term"].tolist(),
        "target_weights": joined["weight"].astype(float).tolist(),
    }
