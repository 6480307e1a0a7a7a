"""Companions of products with few sales, as an ONNX graph: content first, then what was really bought.

    alike 0, alike 1 ──► table x query ──► cosine ──► slope, and one more above each knee ──┐
    price ──► |log price - its own| x slope ─────────────────────────────────────────────────┼─► exp ─► rate
    prior (what sells, constant) ────────────────────────────────────────────────────────────┘
    (strength · rate + bought together) / (strength + orders) ──► blocked out ──► TopK, and cosines among them
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

OPSET = 18
IR_VERSION = 10
BLOCKED = -1.0
"""The score of a product that must not be shown; rates are never negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers:
    """Everything the graph computes with.

    ``tables`` hold unit rows (products, width) per kind of resemblance, ``slopes`` per kind one slope and one
    more per knee in ``knees``; ``prior`` and ``log_price`` are (products,).
    """

    tables: Sequence[NDArray[np.float32]]
    slopes: Sequence[Sequence[float]]
    knees: Sequence[Sequence[float]]
    prior: NDArray[np.float32]
    log_price: NDArray[np.float32]
    price_slope: float
    strength: float


class _Graph:
    """Collects nodes and constants."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, name: str, value: NDArray[np.generic] | float) -> str:
        given = np.array(value, np.float32) if isinstance(value, float) else value
        self.constants.append(numpy_helper.from_array(given, name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output


def newcomers(spec: Newcomers) -> bytes:
    """The graph's bytes.

    Inputs: per kind ``alike_{i}`` float32 (width,), ``log_price`` float32 (1,), ``seen`` int64 (m,) with
    ``together`` float32 (m,) and ``orders`` float32 (1,): what was bought with it so far; ``blocked`` int64
    (b,), ``k`` int64 (1,).
    Outputs: ``ids`` int64 (k,), ``scores`` float32 (k,), the expected share of its baskets that hold each, best
    first; ``among`` float32 (k, k), how much the answers are alike themselves (mean cosine of all kinds).
    """
    graph = _Graph()
    total = _content(graph, spec)
    graph.constant("low", -15.0)
    graph.constant("high", 0.0)
    graph.add("Clip", [total, "low", "high"], "bounded")
    graph.add("Exp", ["bounded"], "rate")
    _bought(graph, spec)
    _ranking(graph, spec)
    data: bytes = _model(graph, spec).SerializeToString()
    return data


def _content(graph: _Graph, spec: Newcomers) -> str:
    """The log rate: prior, price distance and every resemblance with its knees."""
    graph.constant("prior", spec.prior)
    graph.constant("prices", spec.log_price)
    graph.constant("price_slope", spec.price_slope)
    graph.add("Sub", ["prices", "log_price"], "price_gap")
    graph.add("Abs", ["price_gap"], "price_distance")
    graph.add("Mul", ["price_distance", "price_slope"], "price_part")
    total = graph.add("Add", ["prior", "price_part"], "with_price")
    for place, table in enumerate(spec.tables):
        graph.constant(f"table_{place}", np.ascontiguousarray(table, np.float16))
        graph.add("Cast", [f"table_{place}"], f"wide_{place}", to=TensorProto.FLOAT)
        graph.add("MatMul", [f"wide_{place}", f"alike_{place}"], f"cosine_{place}")
        total = _slope(graph, f"linear_{place}", f"cosine_{place}", spec.slopes[place][0], total)
        for order, knee in enumerate(spec.knees[place]):
            tag = f"knee_{place}_{order}"
            graph.add("Sub", [f"cosine_{place}", graph.constant(f"{tag}_at", knee)], f"{tag}_over")
            graph.add("Relu", [f"{tag}_over"], f"{tag}_above")
            total = _slope(graph, tag, f"{tag}_above", spec.slopes[place][order + 1], total)
    return total


def _slope(graph: _Graph, tag: str, value: str, slope: float, total: str) -> str:
    graph.add("Mul", [value, graph.constant(f"{tag}_slope", slope)], f"{tag}_part")
    return graph.add("Add", [total, f"{tag}_part"], f"{tag}_total")


def _bought(graph: _Graph, spec: Newcomers) -> None:
    """The posterior mean, once some orders are known."""
    graph.constant("strength", spec.strength)
    graph.add("Mul", ["rate", "strength"], "expected")
    graph.add("ScatterElements", ["expected", "seen", "together"], "counted", axis=0, reduction="add")
    graph.add("Add", ["orders", "strength"], "evidence")
    graph.add("Div", ["counted", "evidence"], "posterior")


def _ranking(graph: _Graph, spec: Newcomers) -> None:
    graph.constant("out", np.array([BLOCKED], np.float32))
    graph.add("Shape", ["blocked"], "blocked_shape")
    graph.add("Expand", ["out", "blocked_shape"], "blocked_scores")
    graph.add("ScatterElements", ["posterior", "blocked", "blocked_scores"], "allowed", axis=0)
    graph.nodes.append(helper.make_node("TopK", ["allowed", "k"], ["scores", "ids"], axis=0, largest=1, sorted=1))
    parts = []
    for place in range(len(spec.tables)):
        graph.add("Gather", [f"table_{place}", "ids"], f"half_{place}", axis=0)
        graph.add("Cast", [f"half_{place}"], f"best_{place}", to=TensorProto.FLOAT)
        graph.add("Transpose", [f"best_{place}"], f"turned_{place}")
        parts.append(graph.add("MatMul", [f"best_{place}", f"turned_{place}"], f"pairs_{place}"))
    graph.add("Mean", parts, "among")


def _model(graph: _Graph, spec: Newcomers) -> ModelProto:
    value = helper.make_tensor_value_info
    vectors = [value(f"alike_{i}", TensorProto.FLOAT, [t.shape[1]]) for i, t in enumerate(spec.tables)]
    inputs = [
        *vectors, value("log_price", TensorProto.FLOAT, [1]), value("seen", TensorProto.INT64, ["m"]),
        value("together", TensorProto.FLOAT, ["m"]), value("orders", TensorProto.FLOAT, [1]),
        value("blocked", TensorProto.INT64, ["b"]), value("k", TensorProto.INT64, [1]),
    ]  # fmt: skip
    outputs = [
        value("ids", TensorProto.INT64, ["top"]), value("scores", TensorProto.FLOAT, ["top"]),
        value("among", TensorProto.FLOAT, ["top", "top"]),
    ]  # fmt: skip
    body = helper.make_graph(graph.nodes, "newcomers", inputs, outputs, graph.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(model)
    return model
