"""Companions of products with few sales, as an ONNX graph: content first, then what was really bought.

    meaning, words ──► two cosines ──► slope, and one more above each knee ──┐
    price ──► |log price - its own| x slope ──────────────────────────────────┼─► exp ─► rate
    prior (what sells, constant) ─────────────────────────────────────────────┘
    (strength · rate + bought together) / (strength + orders) ──► blocked out ──► TopK, and cosines among them
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from chalicelib.graphs.similarity import Builder, Views, best, cosines, list_inputs, look_inputs

BLOCKED = -1.0
"""The score of a product that must not be shown; rates are never negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers:
    """Everything the graph computes with.

    ``slopes`` hold one slope per view (meaning, words) and one more per knee in ``knees``; ``prior`` and
    ``log_price`` are (products,).
    """

    views: Views
    slopes: Sequence[Sequence[float]]
    knees: Sequence[Sequence[float]]
    prior: NDArray[np.float32]
    log_price: NDArray[np.float32]
    price_slope: float
    strength: float


def newcomers(spec: Newcomers) -> bytes:
    """The graph's bytes.

    Inputs: those of ``look_inputs``, ``log_price`` float32 (1,), ``seen`` int64 (m,) with ``together`` float32
    (m,) and ``orders`` float32 (1,): what was bought with it so far; ``blocked`` int64 (b,), ``k`` int64 (1,).
    Outputs: ``ids`` int64 (k,), ``scores`` float32 (k,), the expected share of its baskets that hold each, best
    first; ``among`` float32 (k, k), how much the answers are alike themselves (mean of both cosines).
    """
    graph = Builder()
    total = _content(graph, spec)
    graph.constant("low", -15.0)
    graph.constant("high", 0.0)
    graph.add("Clip", [total, "low", "high"], "bounded")
    graph.add("Exp", ["bounded"], "rate")
    _bought(graph, spec)
    best(graph, "posterior", BLOCKED)
    _among(graph, spec.views)
    value = helper.make_tensor_value_info
    inputs = [
        *look_inputs(spec.views), value("log_price", TensorProto.FLOAT, [1]), value("seen", TensorProto.INT64, ["m"]),
        value("together", TensorProto.FLOAT, ["m"]), value("orders", TensorProto.FLOAT, [1]), *list_inputs(),
    ]  # fmt: skip
    outputs = [
        value("ids", TensorProto.INT64, ["top"]), value("scores", TensorProto.FLOAT, ["top"]),
        value("among", TensorProto.FLOAT, ["top", "top"]),
    ]  # fmt: skip
    return graph.model("newcomers", inputs, outputs)


def _content(graph: Builder, spec: Newcomers) -> str:
    """The log rate: prior, price distance and every resemblance with its knees."""
    graph.constant("prior", spec.prior)
    graph.constant("prices", spec.log_price)
    graph.constant("price_slope", spec.price_slope)
    graph.add("Sub", ["prices", "log_price"], "price_gap")
    graph.add("Abs", ["price_gap"], "price_distance")
    graph.add("Mul", ["price_distance", "price_slope"], "price_part")
    total = graph.add("Add", ["prior", "price_part"], "with_price")
    for view, slopes, knees in zip(cosines(graph, spec.views), spec.slopes, spec.knees, strict=True):
        total = _slope(graph, f"{view}_linear", view, slopes[0], total)
        for order, (knee, slope) in enumerate(zip(knees, slopes[1:], strict=True)):
            tag = f"{view}_{order}"
            graph.add("Sub", [view, graph.constant(f"{tag}_knee", knee)], f"{tag}_over")
            graph.add("Relu", [f"{tag}_over"], f"{tag}_above")
            total = _slope(graph, tag, f"{tag}_above", slope, total)
    return total


def _slope(graph: Builder, tag: str, value: str, slope: float, total: str) -> str:
    graph.add("Mul", [value, graph.constant(f"{tag}_slope", slope)], f"{tag}_part")
    return graph.add("Add", [total, f"{tag}_part"], f"{tag}_total")


def _bought(graph: Builder, spec: Newcomers) -> None:
    """The posterior mean, once some orders are known."""
    graph.constant("strength", spec.strength)
    graph.add("Mul", ["rate", "strength"], "expected")
    graph.add("ScatterElements", ["expected", "seen", "together"], "counted", axis=0, reduction="add")
    graph.add("Add", ["orders", "strength"], "evidence")
    graph.add("Div", ["counted", "evidence"], "posterior")


def _among(graph: Builder, views: Views) -> None:
    """Cosines among the answers. A second copy by product, in bytes: columns of the first are slow to pick."""
    parts = []
    for name, view in (("meanings", views.meanings), ("words", views.words)):
        step = float(np.abs(view).max(initial=1e-6)) / 127
        graph.constant(f"{name}_rows", np.rint(view / step).astype(np.int8))
        graph.add("Gather", [f"{name}_rows", "ids"], f"{name}_bytes", axis=0)
        graph.add("Cast", [f"{name}_bytes"], f"{name}_steps", to=TensorProto.FLOAT)
        graph.add("Mul", [f"{name}_steps", graph.constant(f"{name}_step", step)], f"{name}_best")
        graph.add("Transpose", [f"{name}_best"], f"{name}_turned")
        parts.append(graph.add("MatMul", [f"{name}_best", f"{name}_turned"], f"{name}_among"))
    graph.add("Mean", parts, "among")
