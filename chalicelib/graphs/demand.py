"""The pricing step as an ONNX graph: candidate prices in, expected units, their spread and expected profit
out.

    product ──► Gather ──► state weights x level ─► MatMul with units per lattice price ─┐
    ratio ────► position on the lattice ─────────► GatherElements, interpolated ─────────┴─► units, spread,
    profit

States of demand are summed out by one matrix product per moment, so ten thousand products take one short
call; between lattice prices (one per cent apart) units are interpolated, which errs by under a thousandth.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

OPSET = 18
IR_VERSION = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingStep:
    """Everything the graph computes with."""

    weights: NDArray[np.float32]
    """(product, state): posterior probabilities."""
    level: NDArray[np.float32]
    """(product, state): weekly units at the reference price."""
    dispersion: NDArray[np.float32]
    """(product,): extra variance of weekly units relative to their mean squared."""
    units: NDArray[np.float32]
    """(lattice price, state): units relative to those at the reference price."""
    spacing: float
    """Distance of lattice prices in logarithms."""
    centre: int
    """Lattice index of the reference price."""


def pricing_graph(step: PricingStep) -> bytes:
    """Build the graph.

    Inputs: ``product`` int64 (batch,), ``ratio`` float32 (batch, candidate): prices relative to the reference
    price, ``cost_ratio`` float32 (batch,). Outputs, float32 (batch, candidate): ``units`` a week,
    ``spread``, the standard deviation of a week's units, and ``profit`` a week in reference prices.
    """
    expected = step.weights * step.level
    constants: dict[str, NDArray[Any]] = {
        "expected": expected.astype(np.float32),
        "squared": (expected * step.level).astype(np.float32),
        "dispersion": step.dispersion.astype(np.float32),
        "curves": np.ascontiguousarray(step.units.T, dtype=np.float32),
        "curves_squared": np.ascontiguousarray((step.units**2).T, dtype=np.float32),
        "spacing": np.array(step.spacing, dtype=np.float32),
        "centre": np.array(step.centre, dtype=np.float32),
        "first": np.array(0, dtype=np.float32),
        "last": np.array(len(step.units) - 1.001, dtype=np.float32),
        "one": np.array(1, dtype=np.int64),
        "one_float": np.array(1, dtype=np.float32),
        "columns": np.array([1], dtype=np.int64),
    }
    nodes = [
        *_positions(),
        *_moment("expected", "curves", "units"),
        *_moment("squared", "curves_squared", "second"),
    ]
    return _serialised([*nodes, *_outcomes()], constants)


def _positions() -> list[NodeProto]:
    """Where each candidate lies on the lattice: the index below it, the one above, and how far between."""
    node = helper.make_node
    return [
        node("Log", ["ratio"], ["log_ratio"]),
        node("Div", ["log_ratio", "spacing"], ["steps"]),
        node("Add", ["steps", "centre"], ["raw_place"]),
        node("Clip", ["raw_place", "first", "last"], ["place"]),
        node("Floor", ["place"], ["floor"]),
        node("Sub", ["place", "floor"], ["part"]),
        node("Sub", ["one_float", "part"], ["rest"]),
        node("Cast", ["floor"], ["below"], to=TensorProto.INT64),
        node("Add", ["below", "one"], ["above"]),
    ]


def _moment(table: str, curves: str, name: str) -> list[NodeProto]:
    """One moment of units at every lattice price, read at the candidates."""
    node = helper.make_node
    return [
        node("Gather", [table, "product"], [f"{name}_rows"], axis=0),
        node("MatMul", [f"{name}_rows", curves], [f"{name}_lattice"]),
        node("GatherElements", [f"{name}_lattice", "below"], [f"{name}_below"], axis=1),
        node("GatherElements", [f"{name}_lattice", "above"], [f"{name}_above"], axis=1),
        node("Mul", [f"{name}_below", "rest"], [f"{name}_left"]),
        node("Mul", [f"{name}_above", "part"], [f"{name}_right"]),
        node("Add", [f"{name}_left", f"{name}_right"], [name]),
    ]


def _outcomes() -> list[NodeProto]:
    """Variance of a week's units: of the mean, of the negative binomial around it; and profit."""
    node = helper.make_node
    return [
        node("Gather", ["dispersion", "product"], ["extra_row"], axis=0),
        node("Unsqueeze", ["extra_row", "columns"], ["extra"]),
        node("Mul", ["units", "units"], ["mean_squared"]),
        node("Sub", ["second", "mean_squared"], ["raw_doubt"]),
        node("Max", ["raw_doubt", "first"], ["doubt"]),
        node("Mul", ["second", "extra"], ["burst"]),
        node("Sum", ["doubt", "units", "burst"], ["variance"]),
        node("Sqrt", ["variance"], ["spread"]),
        node("Unsqueeze", ["cost_ratio", "columns"], ["cost"]),
        node("Sub", ["ratio", "cost"], ["margin"]),
        node("Mul", ["units", "margin"], ["profit"]),
    ]


def _serialised(nodes: list[NodeProto], constants: dict[str, NDArray[Any]]) -> bytes:
    info, grid = helper.make_tensor_value_info, ["batch", "candidate"]
    graph = helper.make_graph(
        nodes,
        "pricing_step",
        inputs=[
            info("product", TensorProto.INT64, ["batch"]),
            info("ratio", TensorProto.FLOAT, grid),
            info("cost_ratio", TensorProto.FLOAT, ["batch"]),
        ],
        outputs=[info(name, TensorProto.FLOAT, grid) for name in ("units", "spread", "profit")],
        initializer=[numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model: ModelProto = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tradewind",
    )
    checker.check_model(model)
    serialised: bytes = model.SerializeToString()
    return serialised
