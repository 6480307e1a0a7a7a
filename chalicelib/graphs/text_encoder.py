"""The shared sentence encoder as an ONNX graph: 4-bit weights in, unit vectors out.

The network is multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672): a BERT encoder of 12 layers and
width
384 on XLM-R pieces. Weights stay in 4-bit blocks of 32, value = (q - 8) x scale, and run through
onnxruntime's
``MatMulNBits`` and ``GatherBlockQuantized`` (domain com.microsoft), so the file is an eighth of float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

BLOCK = 32
OPSET = 21


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix in 4-bit blocks: nibbles (rows, columns / 2), two weights a byte with the earlier one low;
    scales (rows, columns / 32) float32."""

    nibbles: NDArray[np.uint8]
    scales: NDArray[np.float32]

    @classmethod
    def from_half_blocks(cls, raw: NDArray[np.uint8], rows: int) -> "Blocks":
        """Read blocks of a float16 scale and 16 bytes whose low nibbles are weights 0-15 and high ones
        16-31."""
        blocks = raw.reshape(rows, -1, 2 + BLOCK // 2)
        scales = np.ascontiguousarray(blocks[:, :, :2]).view("<f2")[:, :, 0].astype(np.float32)
        packed = blocks[:, :, 2:]
        weights = np.concatenate([packed & 0x0F, packed >> 4], axis=2)
        nibbles = (weights[:, :, 0::2] | (weights[:, :, 1::2] << 4)).reshape(rows, -1)
        return cls(nibbles, scales)

    def take(self, rows: NDArray[np.int64]) -> "Blocks":
        """The given rows, in that order: this is how a vocabulary is pruned."""
        return Blocks(self.nibbles[rows], self.scales[rows])

    def stacked(self, *others: "Blocks") -> "Blocks":
        """This matrix with others under it, so that one product computes queries, keys and values."""
        every = (self, *others)
        return Blocks(np.concatenate([b.nibbles for b in every]), np.concatenate([b.scales for b in every]))


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderWeights:
    """What the graph needs: 4-bit matrices and float32 vectors by name (``emb.word``, ``l0.q.w``, ...)."""

    layers: int
    heads: int
    width: int
    epsilon: float
    blocks: Mapping[str, Blocks]
    arrays: Mapping[str, NDArray[np.float32]]


@dataclass(slots=True)
class _Graph:
    """Nodes and constants while they are collected; names are made from a running number."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def node(self, kind: str, *inputs: str, out: str = "", domain: str = "", **attributes: Any) -> str:
        name = out or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, list(inputs), [name], name=name, domain=domain, **attributes)
        )
        return name

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name


def build(weights: EncoderWeights, *, token_layer: int) -> bytes:
    """The encoder as ONNX bytes.

    Inputs: ``ids`` and ``mask``, int64 (texts, tokens), at most 512 tokens. Outputs: ``vectors`` (texts,
    width),
    mean over the mask and of unit length; ``tokens`` (texts, tokens, width), unit vectors of each token after
    layer
    ``token_layer``, for alignments (Jalili Sabet et al. 2020, SimAlign, found middle layers to align best).
    """
    graph = _Graph()
    _shared_constants(graph)
    state = _embedding(graph, weights)
    bias = _attention_bias(graph)
    for layer in range(weights.layers):
        state = _layer(graph, weights, layer, state, bias)
        if layer + 1 == token_layer:
            graph.node("LpNormalization", state, out="tokens", axis=-1, p=2)
    _pool(graph, state)
    return bytes(_model(graph, weights.width).SerializeToString(deterministic=True))


def _shared_constants(graph: _Graph) -> None:
    for name, values in (("zero", [0]), ("one", [1]), ("two", [2])):
        graph.constant(name, np.array(values, np.int64))
    graph.constant("closed", np.array(-1e4, np.float32))
    graph.constant("unit", np.array(1.0, np.float32))


def _embedding(graph: _Graph, weights: EncoderWeights) -> str:
    word = weights.blocks["emb.word"]
    # int4 without a zero point means value = q x scale: flipping the top bit of each nibble subtracts eight.
    signed = word.nibbles ^ np.uint8(0x88)
    shape = (word.nibbles.shape[0], weights.width)
    graph.constants.append(
        helper.make_tensor("emb.word", TensorProto.INT4, shape, signed.tobytes(), raw=True)
    )
    graph.constant("emb.word.scales", word.scales)
    words = graph.node(
        "GatherBlockQuantized", "emb.word", "ids", "emb.word.scales",
        domain="com.microsoft", gather_axis=0, quantize_axis=1, block_size=BLOCK,
    )  # fmt: skip
    places = (
        weights.arrays["emb.pos"].reshape(-1, weights.width) + weights.arrays["emb.type"][: weights.width]
    )
    graph.constant("emb.place", places)
    length = graph.node("Shape", "ids", start=1, end=2)
    place = graph.node("Slice", "emb.place", "zero", length, "zero")
    return _normalised(graph, weights, graph.node("Add", words, place), "emb.ln")


def _attention_bias(graph: _Graph) -> str:
    """0 where a token may be looked at, -10,000 where the mask is closed; (texts, 1, 1, tokens)."""
    graph.constant("bias.axes", np.array([1, 2], np.int64))
    opened = graph.node("Unsqueeze", graph.node("Cast", "mask", to=TensorProto.FLOAT), "bias.axes")
    return graph.node("Mul", graph.node("Sub", "unit", opened), "closed")


def _layer(graph: _Graph, weights: EncoderWeights, layer: int, state: str, bias: str) -> str:
    prefix = f"l{layer}"
    attended = _dense(graph, weights, f"{prefix}.ao", _attention(graph, weights, prefix, state, bias))
    state = _normalised(graph, weights, graph.node("Add", state, attended), f"{prefix}.aln")
    inner = graph.node("Gelu", _dense(graph, weights, f"{prefix}.fi", state))
    outer = _dense(graph, weights, f"{prefix}.fo", inner)
    return _normalised(graph, weights, graph.node("Add", state, outer), f"{prefix}.oln")


def _attention(graph: _Graph, weights: EncoderWeights, prefix: str, state: str, bias: str) -> str:
    """Scaled dot-product attention over heads; queries, keys and values come from one product."""
    size = weights.width // weights.heads
    if prefix == "l0":
        graph.constant("heads.shape", np.array([0, 0, 3, weights.heads, size], np.int64))
        graph.constant("width.shape", np.array([0, 0, weights.width], np.int64))
        graph.constant("attention.scale", np.array(1 / np.sqrt(size), np.float32))
    joint = _dense(graph, weights, f"{prefix}.q", state, f"{prefix}.k", f"{prefix}.v")
    parted = graph.node("Transpose", graph.node("Reshape", joint, "heads.shape"), perm=[2, 0, 3, 1, 4])
    query, key, value = (
        graph.node("Gather", parted, graph.constant(f"{prefix}.part{part}", np.array(part, np.int64)), axis=0)
        for part in range(3)
    )
    scores = graph.node("MatMul", query, graph.node("Transpose", key, perm=[0, 1, 3, 2]))
    scores = graph.node("Add", graph.node("Mul", scores, "attention.scale"), bias)
    mixed = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
    return graph.node("Reshape", graph.node("Transpose", mixed, perm=[0, 2, 1, 3]), "width.shape")


def _dense(graph: _Graph, weights: EncoderWeights, name: str, state: str, *more: str) -> str:
    names = (name, *more)
    first, *rest = (weights.blocks[f"{n}.w"] for n in names)
    matrix = first.stacked(*rest)
    rows, half = matrix.nibbles.shape
    graph.constant(f"{name}.w", matrix.nibbles.reshape(rows, -1, BLOCK // 2))
    graph.constant(f"{name}.s", matrix.scales.reshape(-1))
    graph.constant(f"{name}.b", np.concatenate([weights.arrays[f"{n}.b"] for n in names]))
    product = graph.node(
        "MatMulNBits", state, f"{name}.w", f"{name}.s",
        domain="com.microsoft", K=half * 2, N=rows, bits=4, block_size=BLOCK, accuracy_level=4,
    )  # fmt: skip
    return graph.node("Add", product, f"{name}.b")


def _normalised(graph: _Graph, weights: EncoderWeights, state: str, name: str) -> str:
    gain = graph.constant(f"{name}.w", weights.arrays[f"{name}.w"])
    shift = graph.constant(f"{name}.b", weights.arrays[f"{name}.b"])
    return graph.node("LayerNormalization", state, gain, shift, axis=-1, epsilon=weights.epsilon)


def _pool(graph: _Graph, state: str) -> None:
    """Mean over open tokens, then unit length: the pooling that the encoder was trained with."""
    opened = graph.node("Unsqueeze", graph.node("Cast", "mask", to=TensorProto.FLOAT), "two")
    total = graph.node("ReduceSum", graph.node("Mul", state, opened), "one", keepdims=0)
    graph.node("LpNormalization", total, out="vectors", axis=-1, p=2)


def _model(graph: _Graph, width: int) -> ModelProto:
    texts, tokens = "texts", "tokens_per_text"
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, [texts, tokens]) for n in ("ids", "mask")]
    outputs = [
        helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [texts, width]),
        helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [texts, tokens, width]),
    ]
    body = helper.make_graph(graph.nodes, "text_encoder", inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=10, producer_name="tradewind")
