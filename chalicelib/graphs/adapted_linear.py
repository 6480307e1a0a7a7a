"""Linear models with a part for all groups and a part for each known one, as an ONNX graph.

    blocks ──► standardise, clip, weigh ──► z ──► z (w + sum of the row's groups' w) + intercept ──► value
                                             └──► z v + intercept ────────────────────────────────► log odds

Features that are shared, and once more per group, are the feature augmentation of Daumé (2007, "Frustratingly
easy domain adaptation"); a row of no known group gets the shared part alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

OPSET = 17

type Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One input and how it is brought to size: (x - mean) / deviation, clipped, times ``weight``."""

    mean: Floats
    deviation: Floats
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptedLinear:
    """The trained numbers; width is the sum of the blocks' widths."""

    blocks: Mapping[str, Block]
    clip: float
    shared: Floats
    """(width,)"""
    by_group: Floats
    """(width, groups)"""
    intercept: float
    group_intercepts: Floats
    """(groups,), added to the intercept"""
    odds: Floats
    """(width,)"""
    odds_intercept: float


def build(trained: AdaptedLinear, *, group: str, value: str, odds: str) -> bytes:
    """ONNX bytes.

    Inputs: float32 (rows, columns) by block name, and ``group``, float32 (rows, groups), 1 where a row
    belongs to a group. Outputs: ``value`` and ``odds``, float32 (rows,).
    """
    nodes = [node for name in trained.blocks for node in _scaled(name)]
    nodes += [
        helper.make_node("Concat", [f"{name}.z" for name in trained.blocks], ["z"], axis=1),
        helper.make_node("MatMul", ["z", "shared"], ["common"]),
        helper.make_node("MatMul", ["z", "by_group"], ["apart"]),
        helper.make_node("Mul", ["apart", group], ["chosen"]),
        helper.make_node("ReduceSum", ["chosen", "columns"], ["added"], keepdims=0),
        helper.make_node("MatMul", [group, "group_intercepts"], ["level"]),
        helper.make_node("Sum", ["common", "added", "level", "intercept"], [value]),
        helper.make_node("MatMul", ["z", "odds.w"], ["leaning"]),
        helper.make_node("Add", ["leaning", "odds.b"], [odds]),
    ]
    sizes = {name: len(block.mean) for name, block in trained.blocks.items()}
    sizes[group] = trained.by_group.shape[1]
    inputs = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", wide]) for n, wide in sizes.items()
    ]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows"]) for name in (value, odds)]
    graph = helper.make_graph(nodes, "adapted_linear", inputs, outputs, _constants(trained))
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="tradewind")
    return bytes(model.SerializeToString(deterministic=True))


def _scaled(name: str) -> list[NodeProto]:
    return [
        helper.make_node("Sub", [name, f"{name}.mean"], [f"{name}.centred"]),
        helper.make_node("Div", [f"{name}.centred", f"{name}.deviation"], [f"{name}.standard"]),
        helper.make_node("Clip", [f"{name}.standard", "low", "high"], [f"{name}.clipped"]),
        helper.make_node("Mul", [f"{name}.clipped", f"{name}.weight"], [f"{name}.z"]),
    ]


def _constants(trained: AdaptedLinear) -> list[TensorProto]:
    values: dict[str, NDArray[Any]] = {
        "low": np.array(-trained.clip, np.float32), "high": np.array(trained.clip, np.float32),
        "columns": np.array([1], np.int64), "shared": trained.shared, "by_group": trained.by_group,
        "intercept": np.array(trained.intercept, np.float32),
        "group_intercepts": trained.group_intercepts, "odds.w": trained.odds,
        "odds.b": np.array(trained.odds_intercept, np.float32),
    }  # fmt: skip
    for name, block in trained.blocks.items():
        values |= {f"{name}.mean": block.mean, f"{name}.deviation": block.deviation,
                   f"{name}.weight": np.array(block.weight, np.float32)}  # fmt: skip
    return [numpy_helper.from_array(value, name) for name, value in values.items()]
