"""Texts as the shared models want them: pieces for the encoder, vectors out of it, and their language."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.contracts import Model

if TYPE_CHECKING:
    pass

ENCODER = "text_encoder"
"""The name under which a shop's models hold the shared encoder."""
TOKENISER = "tokenizer.model"
LIMIT = 512
"""Positions that the encoder knows; longer texts are cut."""
BEGIN, PAD, END = 0, 1, 2
PREFIX = "query: "
"""What multilingual-e5 was trained to see before symmetric texts (Wang et al. 2024, section 2)."""
BATCH = 16
"""Texts per run: enough to keep the products busy, few enough that padding costs little."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A batch of texts as the encoder's inputs: ``ids`` and ``mask``, int64 (texts, tokens)."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]

    def inputs(self) -> dict[str, NDArray[Any]]:
        """By the names of the graph's inputs."""
        return {"ids": self.ids, "mask": self.mask}


class Tokeniser:
    """Cuts texts into the encoder's pieces."""

    def __init__(self, model: bytes) -> None:
        from sentencepiece import SentencePieceProcessor

        self._processor: SentencePieceProcessor = SentencePieceProcessor(model_proto=model)

    def ids(self, text: str, *, limit: int = LIMIT) -> list[int]:
        """Piece numbers of one text with its prefix, begin and end; at most ``limit`` of them."""
        return [BEGIN, *self._processor.encode(PREFIX + _sound(text))[: limit - 2], END]

    def scores(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Log probability of each piece in the tokeniser's own unigram model: how rare it is."""
        return np.array([self._processor.get_score(piece) for piece in ids], np.float32)


def tokeniser(encoder: Model) -> Tokeniser:
    """The encoder's tokeniser, loaded once (0.15 s)."""
    return encoder.once("tokeniser", lambda assets: Tokeniser(assets[TOKENISER]))


def padded(rows: Sequence[Sequence[int]]) -> Pieces:
    """Rows of piece numbers as one batch, filled up with PAD under a closed mask."""
    width = max((len(row) for row in rows), default=1)
    ids = np.full((len(rows), width), PAD, np.int64)
    mask = np.zeros((len(rows), width), np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return Pieces(ids, mask)


def vectors(encoder: Model, texts: Sequence[str], *, limit: int = 128) -> NDArray[np.float32]:
    """Unit vectors of texts, float32 (texts, width); cosines between them lie high, so learn thresholds.

    ``limit`` caps the pieces that are read of each text: titles and sentences fit into 128.
    """
    cut = tokeniser(encoder)
    rows = [cut.ids(text, limit=limit) for text in texts]
    out = np.zeros((len(rows), _width(encoder)), np.float32)
    by_length = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    for start in range(0, len(rows), BATCH):
        places = by_length[start : start + BATCH]
        batch = padded([rows[place] for place in places])
        out[places] = encoder.run(batch.inputs())["vectors"]
    return out


def _width(encoder: Model) -> int:
    return int(encoder.card.outputs["vectors"][1][-1])


def _sound(text: str) -> str:
    """The text without lone surrogates, which UTF-8 cannot carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


# --- languages -------------------------------------------------------------------------------------

_SCRIPTS: Mapping[str, str] = {
    "ja": r"[\u3040-\u30ff]", "ko": r"[\uac00-\ud7af]", "zh": r"[\u4e00-\u9fff]", "ar": r"[\u0600-\u06ff]",
    "he": r"[\u0590-\u05ff]", "el": r"[\u0370-\u03ff]", "th": r"[\u0e00-\u0e7f]",
}  # fmt: skip
"""Languages that their script alone tells apart from all others we meet; Japanese is asked before Chinese."""


_IDENTIFYING = Lock()
"""The package loads its model on the first call: once for every thread that calls it then, 70 MB each."""


def identify(text: str, languages: Sequence[str]) -> tuple[str, float]:
    """The likeliest of the given languages (two letters each) and its probability among them.

    Restricting to the shop's languages is worth more than the choice of method. By script where that decides,
    else by
    the naive Bayes model over byte n-grams of langid (Lui & Baldwin 2012), as the package py3langid carries
    it.
    Returns ("", 0.0) for a text without letters.
    """
    asked = sorted({language.partition("-")[0].lower() for language in languages})
    letters = re.sub(r"[\W\d_]+", " ", text).strip()
    if not letters or not asked:
        return "", 0.0
    if len(asked) == 1:
        return asked[0], 1.0
    for language in asked:
        if language in _SCRIPTS and len(re.findall(_SCRIPTS[language], letters)) * 3 > len(letters):
            return ("ja" if language == "zh" and _kana(letters, asked) else language), 0.99
    return _by_pieces(letters, tuple(asked))


def _kana(letters: str, asked: Sequence[str]) -> bool:
    return "ja" in asked and bool(re.search(_SCRIPTS["ja"], letters))


def _by_pieces(text: str, languages: Sequence[str]) -> tuple[str, float]:
    from py3langid.langid import rank

    with _IDENTIFYING:
        ranked: list[tuple[str, float]] = rank(text)  # type: ignore[no-untyped-call]
    scores = {language: float(score) for language, score in ranked if language in languages}
    if not scores:
        return "", 0.0
    best = max(scores, key=lambda language: scores[language])
    return best, 1.0 / sum(math.exp(max(score - scores[best], -700.0)) for score in scores.values())
