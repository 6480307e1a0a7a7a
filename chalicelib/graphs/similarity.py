"""Resemblance of one product to all others as an ONNX graph, by what they mean and by the words they share.

    meaning ──► int8 ──► x table (width, products) int8 ──► cosine of meaning ──┐
    places, strengths ──► rows of table (places, products) ──► cosine of words ──┼─► mean ─► blocked out ─► TopK
                                                                                 │
A text uses a few dozen of a thousand places, so only their rows are read; meanings are dense, so they are
multiplied as bytes. A dense product of half floats took 15 ms for 5,000 products, this takes .2 ms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

OPSET = 18
IR_VERSION = 10
BLOCKED = -1e30
"""The score of a product that must not be shown; callers drop what comes back with it."""
_BYTE = 127.0
_MIDDLE = 128
"""The query is unsigned: onnxruntime multiplies signed bytes sixteen times slower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Unit rows (products, width) of both kinds; a row of zeros resembles nothing."""

    meanings: NDArray[np.float32]
    words: NDArray[np.float32]


class Builder:
    """Collects nodes and constants."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, name: str, value: NDArray[Any] | float) -> str:
        """A float becomes a float32 scalar."""
        given = np.array(value, np.float32) if isinstance(value, float) else value
        self.constants.append(numpy_helper.from_array(given, name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """One node with one output, whose name comes back."""
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def model(self, name: str, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]) -> bytes:
        """The graph's bytes, checked."""
        body = helper.make_graph(self.nodes, name, list(inputs), list(outputs), self.constants)
        opsets = [helper.make_opsetid("", OPSET)]
        made: ModelProto = helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION)
        checker.check_model(made)
        data: bytes = made.SerializeToString()
        return data


def similarity(views: Views) -> bytes:
    """The graph's bytes.

    Inputs: those of ``look_inputs``, ``blocked`` int64 (b,), ``k`` int64 (1,), at most the products.
    Outputs: ``ids`` int64 (k,) and ``scores`` float32 (k,), the mean of both cosines, best first.
    """
    graph = Builder()
    meaning, words = cosines(graph, views)
    graph.add("Mean", [meaning, words], "alike")
    best(graph, "alike", BLOCKED)
    value = helper.make_tensor_value_info
    inputs = [*look_inputs(views), *list_inputs()]
    outputs = [value("ids", TensorProto.INT64, ["top"]), value("scores", TensorProto.FLOAT, ["top"])]
    return graph.model("similarity", inputs, outputs)


def look_inputs(views: Views) -> list[ValueInfoProto]:
    """What a product looks like: ``meaning`` float32 (width,), and of its words the ``places`` int64 (p,) and
    ``strengths`` float32 (p,) that are not zero."""
    value = helper.make_tensor_value_info
    return [
        value("meaning", TensorProto.FLOAT, [views.meanings.shape[1]]),
        value("places", TensorProto.INT64, ["p"]), value("strengths", TensorProto.FLOAT, ["p"]),
    ]  # fmt: skip


def list_inputs() -> list[ValueInfoProto]:
    """``blocked`` int64 (b,) and ``k`` int64 (1,)."""
    value = helper.make_tensor_value_info
    return [value("blocked", TensorProto.INT64, ["b"]), value("k", TensorProto.INT64, [1])]


def cosines(graph: Builder, views: Views) -> tuple[str, str]:
    """Names of the two cosines, float32 (products,), to within a hundredth (meanings are rounded to bytes)."""
    step = float(np.abs(views.meanings).max(initial=1e-6)) / _BYTE
    table = np.rint(views.meanings.T / step).astype(np.int8)
    graph.constant("meaning_table", np.ascontiguousarray(table))
    graph.constant("step", step)
    graph.constant("middle", float(_MIDDLE))
    graph.constant("zero_point", np.array(_MIDDLE, np.uint8))
    graph.constant("low_byte", 0.0)
    graph.constant("high_byte", 255.0)
    graph.constant("first", np.array([0], np.int64))
    graph.add("Div", ["meaning", "step"], "meaning_steps")
    graph.add("Round", ["meaning_steps"], "meaning_rounded")
    graph.add("Add", ["meaning_rounded", "middle"], "meaning_shifted")
    graph.add("Clip", ["meaning_shifted", "low_byte", "high_byte"], "meaning_clipped")
    graph.add("Cast", ["meaning_clipped"], "meaning_bytes", to=TensorProto.UINT8)
    graph.add("Unsqueeze", ["meaning_bytes", "first"], "meaning_row")
    graph.add("MatMulInteger", ["meaning_row", "meaning_table", "zero_point"], "meaning_whole")
    graph.add("Cast", ["meaning_whole"], "meaning_float", to=TensorProto.FLOAT)
    graph.add("Squeeze", ["meaning_float", "first"], "meaning_flat")
    meaning = graph.add("Mul", ["meaning_flat", graph.constant("step_squared", step * step)], "meaning_cosine")
    graph.constant("word_table", np.ascontiguousarray(views.words.T, np.float16))
    graph.add("Gather", ["word_table", "places"], "word_half", axis=0)
    graph.add("Cast", ["word_half"], "word_rows", to=TensorProto.FLOAT)
    words = graph.add("MatMul", ["strengths", "word_rows"], "word_cosine")
    return meaning, words


def best(graph: Builder, scores: str, blocked: float) -> None:
    """Put blocked products last, then take the best k as ``scores`` and ``ids``."""
    graph.constant("out", np.array([blocked], np.float32))
    graph.add("Shape", ["blocked"], "blocked_shape")
    graph.add("Expand", ["out", "blocked_shape"], "blocked_scores")
    graph.add("ScatterElements", [scores, "blocked", "blocked_scores"], "allowed", axis=0)
    graph.nodes.append(helper.make_node("TopK", ["allowed", "k"], ["scores", "ids"], axis=0, largest=1, sorted=1))
