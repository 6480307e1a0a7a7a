"""Item scoring as an ONNX graph: neighbour tables gathered, scattered and summed, then masked, then the top k.

    items, weights ──► Gather table rows ──► x weight ──► ScatterElements(add) ──► channel, one score a product
    channels ──► linear and logarithmic terms ──┐
    vectors x context (trend, country, ...) ────┼──► sum ──► blocked products out ──► TopK
    own (scores of what the buyer has) ─────────┘

Tables are added up in float32, in a fixed order; all that follows is float64, rounded to float32 before the ranking.
So numpy gives the same lists: what the two might round differently is far below what the ranking sees.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, checker, helper

OPSET = 18
IR_VERSION = 10
BLOCKED = -1e30
"""The score of a product that must not be shown; callers drop what comes back with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Row i names what product i speaks for: ``items`` int32 (products, k), -1 pads; ``weights`` float16."""

    items: NDArray[np.int32]
    weights: NDArray[np.float16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One table read with one row of the ``weights`` input.

    With z the channel's score over its root mean square, it adds ``linear * z + log * ln(max(z, 0) + floor)``;
    where ``raw`` is set it adds ``linear`` times the score as it is.
    """

    table: int
    linear: float
    log: float = 0.0
    raw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemScores:
    """Everything the graph computes with; ``vectors`` is float32 (terms, products)."""

    tables: Sequence[Table]
    channels: Sequence[Channel]
    vectors: NDArray[np.float32]
    floor: float = 0.1


class _Graph:
    """Collects nodes and constants; the latter become part of the model without a copy of their own, since a table
    of a million products has 300 MB."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, NDArray[np.generic]] = {}

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.constants[name] = value
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def wide(self, value: str, output: str) -> str:
        """The value in float64."""
        return self.add("Cast", [value], output, to=TensorProto.DOUBLE)


def item_scores(spec: ItemScores) -> bytes:
    """The graph's bytes.

    Inputs: ``items`` int64 (n,), ``weights`` float32 (channels, n), ``own`` float32 (n,), ``context`` float32
    (terms,), ``blocked`` int64 (m,), ``k`` int64 (1,), at most the number of products.
    Outputs: ``ids`` int64 (k,) and ``scores`` float32 (k,), best first, ties by the lower id.
    """
    products = spec.vectors.shape[1]
    graph = _Graph()
    graph.constant("zeros", np.zeros(products + 1, np.float32))
    graph.constant("flat", np.array([-1], np.int64))
    graph.constant("start", np.array([0], np.int64))
    graph.constant("end", np.array([products], np.int64))
    total = _priors(graph, spec)
    for place, table in enumerate(spec.tables):
        graph.constant(f"items_{place}", table.items)
        graph.constant(f"weights_{place}", table.weights)
        graph.add("Gather", [f"items_{place}", "items"], f"near_{place}", axis=0)
        graph.add("Reshape", [f"near_{place}", "flat"], f"index_{place}")
        graph.add("Gather", [f"weights_{place}", "items"], f"half_{place}", axis=0)
        graph.add("Cast", [f"half_{place}"], f"strength_{place}", to=TensorProto.FLOAT)
    for place, channel in enumerate(spec.channels):
        total = _channel(graph, spec, place, channel, total)
    _ranking(graph, total)
    return _model(graph, spec, products)


def _priors(graph: _Graph, spec: ItemScores) -> str:
    """Item vectors weighted by the context, and scores of what the buyer already has."""
    graph.constant("vectors", spec.vectors)
    graph.wide("vectors", "vectors_wide")
    graph.wide("context", "context_wide")
    graph.add("MatMul", ["context_wide", "vectors_wide"], "prior")
    graph.add("ScatterElements", ["zeros", "items", "own"], "own_padded", axis=0, reduction="add")
    graph.add("Slice", ["own_padded", "start", "end"], "own_narrow")
    return graph.add("Add", ["prior", graph.wide("own_narrow", "own_scores")], "total_own")


def _channel(graph: _Graph, spec: ItemScores, place: int, channel: Channel, total: str) -> str:
    """Add one channel to the running total."""
    tag = f"c{place}"
    graph.constant(f"{tag}_row", np.array([place], np.int64))
    graph.add("Gather", ["weights", f"{tag}_row"], f"{tag}_weight", axis=0)
    graph.add("Transpose", [f"{tag}_weight"], f"{tag}_column", perm=[1, 0])
    graph.add("Mul", [f"strength_{channel.table}", f"{tag}_column"], f"{tag}_parts")
    graph.add("Reshape", [f"{tag}_parts", "flat"], f"{tag}_flat")
    graph.add(
        "ScatterElements", ["zeros", f"index_{channel.table}", f"{tag}_flat"], f"{tag}_padded", axis=0, reduction="add"
    )
    score = graph.wide(graph.add("Slice", [f"{tag}_padded", "start", "end"], f"{tag}_narrow"), f"{tag}_score")
    if not channel.raw:
        score = _scaled(graph, tag, score)
    total = _term(graph, f"{tag}_linear", score, channel.linear, total)
    if channel.log:
        graph.add("Relu", [score], f"{tag}_positive")
        graph.constant(f"{tag}_floor", np.array(spec.floor, np.float64))
        graph.add("Add", [f"{tag}_positive", f"{tag}_floor"], f"{tag}_lifted")
        total = _term(graph, f"{tag}_log", graph.add("Log", [f"{tag}_lifted"], f"{tag}_ln"), channel.log, total)
    return total


def _scaled(graph: _Graph, tag: str, score: str) -> str:
    """The score over its root mean square, which is the same for every buyer whatever the length of the history."""
    graph.add("Mul", [score, score], f"{tag}_square")
    graph.add("ReduceMean", [f"{tag}_square"], f"{tag}_mean", keepdims=1)
    graph.add("Sqrt", [f"{tag}_mean"], f"{tag}_rms")
    graph.constant(f"{tag}_tiny", np.array(1e-6, np.float64))
    graph.add("Add", [f"{tag}_rms", f"{tag}_tiny"], f"{tag}_scale")
    return graph.add("Div", [score, f"{tag}_scale"], f"{tag}_z")


def _term(graph: _Graph, name: str, value: str, weight: float, total: str) -> str:
    graph.constant(f"{name}_beta", np.array(weight, np.float64))
    graph.add("Mul", [value, f"{name}_beta"], f"{name}_part")
    return graph.add("Add", [total, f"{name}_part"], f"{name}_total")


def _ranking(graph: _Graph, total: str) -> None:
    """Put blocked products last, then take the best k."""
    graph.constant("out", np.array([BLOCKED], np.float32))
    total = graph.add("Cast", [total], "total", to=TensorProto.FLOAT)
    graph.add("Shape", ["blocked"], "blocked_shape")
    graph.add("Expand", ["out", "blocked_shape"], "blocked_scores")
    graph.add("ScatterElements", [total, "blocked", "blocked_scores"], "allowed", axis=0)
    graph.nodes.append(helper.make_node("TopK", ["allowed", "k"], ["scores", "ids"], axis=0, largest=1, sorted=1))


def _model(graph: _Graph, spec: ItemScores, products: int) -> bytes:
    value = helper.make_tensor_value_info
    inputs = [
        value("items", TensorProto.INT64, ["n"]),
        value("weights", TensorProto.FLOAT, [len(spec.channels), "n"]),
        value("own", TensorProto.FLOAT, ["n"]),
        value("context", TensorProto.FLOAT, [spec.vectors.shape[0]]),
        value("blocked", TensorProto.INT64, ["m"]),
        value("k", TensorProto.INT64, [1]),
    ]
    outputs = [value("ids", TensorProto.INT64, ["top"]), value("scores", TensorProto.FLOAT, ["top"])]
    body = helper.make_graph(graph.nodes, "item_scores", inputs, outputs)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    whole = b"".join([model.SerializeToString(), *_appended(graph.constants)])
    # The checker copies what it is given: of each constant one row is enough to check the graph by.
    small = {name: value[:1] if value.ndim > 1 else value for name, value in graph.constants.items()}
    checker.check_model(b"".join([model.SerializeToString(), *_appended(small)]))
    return whole


_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
"""Fields of ModelProto, GraphProto and TensorProto in onnx.proto."""


def _appended(constants: Mapping[str, NDArray[np.generic]]) -> Iterator[Any]:
    """Bytes that give a serialised model its constants: a second ``graph``, which readers merge with the first
    (protobuf's encoding, "last one wins": embedded messages are merged, repeated fields concatenated).

    Through onnx's own classes a table of a million products, 300 MB, would be copied five times.
    """
    tensors = []
    for name, value in constants.items():
        flat = np.ascontiguousarray(value)
        data = memoryview(flat.reshape(-1).view(np.uint8))
        dtype = helper.np_dtype_to_tensor_dtype(flat.dtype)
        head = TensorProto(name=name, dims=value.shape, data_type=dtype).SerializeToString()
        head += _tag(_RAW_DATA, data.nbytes)
        tensors += [_tag(_INITIALIZER, len(head) + data.nbytes) + head, data]
    yield _tag(_GRAPH, sum(len(part) for part in tensors))
    yield from tensors


def _tag(field: int, size: int) -> bytes:
    """The head of a field of ``size`` bytes."""
    return bytes([field << 3 | 2]) + _varint(size)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last have their top bit set."""
    found = bytearray()
    while number >= 128:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])
