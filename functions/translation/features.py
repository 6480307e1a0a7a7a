"""What a quality estimate looks at: two sentences as the shared encoder sees them, and how they sit beside
each other.

Alignments follow SimAlign (Jalili Sabet et al. 2020): each piece is paired with its nearest in the other
language, by
the cosine of token vectors from a middle layer. Surface features are those of QuEst (Specia et al. 2013) that
need no
other resources.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chalicelib.contracts import Model
from chalicelib.texts import BATCH, padded, tokeniser
from functions.translation import numerals

LIMIT = 256
"""Pieces read of one sentence; twelve in ten thousand sentences are longer."""
HELD = 200
"""Encoded texts that are held for the next language: about 40 kB each."""
PREFIX_PIECES = 4
"""Begin and the three pieces of the encoder's prefix, which say nothing about the sentence."""
_COMMAS, _STOPS = ",;:、，；：", ".!?。！？…"
_QUOTES, _BRACKETS = '"“”„«»「」『』', "()[]（）【】"

type Floats = NDArray[np.float32]

NAMES = (
    "cosine", "pooled_cosine",
    *(f"{what}_{side}" for side in ("source", "target")
      for what in ("best_mean", "best_min", "worst_three", "best_deviation", "unaligned")),
    "mutual", "monotone", "backward_steps",
    "pieces_source", "pieces_target", "pieces_ratio", "characters_ratio",
    *(f"{what}_{side}" for side in ("source", "target") for what in ("rarity", "rarest", "rare_share")),
    "words_per_piece_source", "words_per_piece_target", "word_length_source",
    "copied", "copied_runs", "latin_in_target", "numbers_source", "numbers_missing", "numbers_invented",
    "commas", "quotes", "brackets", "same_end", "capitals_source", "type_token_target",
)  # fmt: skip
"""One name per column of the feature matrix."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Pairs as numbers: ``features`` (pairs, len(NAMES)), ``source`` and ``target`` mean token vectors
    (pairs, width)."""

    features: Floats
    source: Floats
    target: Floats


@dataclass(frozen=True, slots=True)
class _Side:
    """One sentence: its pieces' numbers without prefix and end, their unit vectors, the sentence's vector."""

    ids: list[int]
    tokens: Floats
    vector: Floats
    text: str


def look(encoder: Model, pairs: Sequence[tuple[str, str]], languages: tuple[str, str]) -> Seen:
    """Features of (source, target) pairs; ``languages`` are two-letter codes."""
    sides = _encoded(encoder, [text for pair in pairs for text in pair])
    rows, sources, targets = [], [], []
    for source, target in zip(sides[0::2], sides[1::2], strict=True):
        rows.append(_row(encoder, source, target, languages))
        sources.append(source.tokens.mean(axis=0))
        targets.append(target.tokens.mean(axis=0))
    return Seen(*(np.asarray(part, np.float32).reshape(len(pairs), -1) for part in (rows, sources, targets)))


def _encoded(encoder: Model, texts: Sequence[str]) -> list[_Side]:
    """Each text encoded, once for all its languages: a source comes again with every target."""
    held = encoder.once("sides", lambda assets: dict[str, _Side]())
    if len(held) > HELD:
        held.clear()
    found = {text: side for text in texts if (side := held.get(text)) is not None}
    found |= _fresh(encoder, [text for text in dict.fromkeys(texts) if text not in found])
    held.update(found)
    return [found[text] for text in texts]


def _fresh(encoder: Model, texts: Sequence[str]) -> dict[str, _Side]:
    cut = tokeniser(encoder)
    rows = [cut.ids(text, limit=LIMIT) for text in texts]
    found: dict[str, _Side] = {}
    by_length = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    for start in range(0, len(rows), BATCH):
        places = by_length[start : start + BATCH]
        out = encoder.run(padded([rows[place] for place in places]).inputs())
        for line, place in enumerate(places):
            inner = slice(min(PREFIX_PIECES, len(rows[place]) - 2), max(len(rows[place]) - 1, 1))
            tokens = np.array(out["tokens"][line, inner], np.float32)
            text = texts[place]
            found[text] = _Side(rows[place][inner], tokens, np.array(out["vectors"][line]), text)
    return found


def _row(encoder: Model, source: _Side, target: _Side, languages: tuple[str, str]) -> list[float]:
    pooled = [side.tokens.mean(axis=0) for side in (source, target)]
    norms = float(np.linalg.norm(pooled[0]) * np.linalg.norm(pooled[1])) or 1.0
    cosines = [float(source.vector @ target.vector), float(pooled[0] @ pooled[1]) / norms]
    scores = [tokeniser(encoder).scores(side.ids) for side in (source, target)]
    rarity = [value for s in scores for value in (float(s.mean()), float(s.min()), float((s < -13).mean()))]
    return [*cosines, *_alignment(source.tokens @ target.tokens.T), *_lengths(source, target), *rarity,
            *_shapes(source, target), *_surface(source.text, target.text, languages)]  # fmt: skip


def _alignment(similar: Floats) -> list[float]:
    """Over the cosines of all pieces of one side with all of the other."""
    found: list[float] = []
    for side in (similar, similar.T):
        best = side.max(axis=1)
        worst = np.sort(best)[:3]
        found += [
            float(best.mean()),
            float(best.min()),
            float(worst.mean()),
            float(best.std()),
            float((best < 0.5).mean()),
        ]
    forward, backward = similar.argmax(axis=1), similar.argmax(axis=0)
    mutual = float((backward[forward] == np.arange(len(forward))).mean())
    return [
        *found,
        mutual,
        _monotone(forward),
        float((np.diff(forward) < 0).mean()) if len(forward) > 1 else 0.0,
    ]


def _monotone(forward: NDArray[np.int64]) -> float:
    """Correlation of places on both sides; 1 where one side is too short to tell."""
    if len(forward) < 3 or forward.std() == 0:
        return 1.0
    return float(np.corrcoef(np.arange(len(forward)), forward)[0, 1])


def _lengths(source: _Side, target: _Side) -> list[float]:
    pieces = float(np.log(len(target.ids) / len(source.ids)))
    return [float(len(source.ids)), float(len(target.ids)), pieces,
            float(np.log((len(target.text) + 1) / (len(source.text) + 1)))]  # fmt: skip


def _shapes(source: _Side, target: _Side) -> list[float]:
    words = [max(1, len(side.text.split())) for side in (source, target)]
    return [words[0] / len(source.ids), words[1] / len(target.ids), len(source.text) / words[0]]


def _surface(source: str, target: str, languages: tuple[str, str]) -> list[float]:
    ours, theirs = (re.findall(r"\w+", text.casefold()) for text in (source, target))
    missing, invented = numerals.differing(source, target, languages)
    latin = sum(character.isascii() and character.isalpha() for character in target) / max(1, len(target))
    numbers = [float(numerals.written(source).total()), float(len(missing)), float(len(invented))]
    marks = [_apart(source, target, signs) for signs in (_COMMAS, _QUOTES, _BRACKETS)]
    ends = float((source.rstrip()[-1:] in _STOPS) == (target.rstrip()[-1:] in _STOPS))
    capitals = len(re.findall(r"\b[A-Z]", source)) / max(1, len(ours))
    return [copied(source, target), _copied_runs(source, target), latin, *numbers, *marks, ends, capitals,
            len(set(theirs)) / max(1, len(theirs))]  # fmt: skip


def copied(source: str, target: str) -> float:
    """Share of the target's words that stand in the source as they are; 0 without words."""
    words = set(re.findall(r"\w+", source.casefold()))
    found = re.findall(r"\w+", target.casefold())
    return sum(word in words for word in found) / len(found) if found else 0.0


def _copied_runs(source: str, target: str) -> float:
    """Share of the target's runs of eight characters that stand in the source."""
    runs = [target[i : i + 8] for i in range(max(0, len(target) - 7))]
    return sum(run in source for run in runs) / len(runs) if runs else float(target in source)


def _apart(source: str, target: str, signs: str) -> float:
    ours, theirs = (sum(text.count(sign) for sign in signs) for text in (source, target))
    return abs(ours - theirs) / (1 + max(ours, theirs))
