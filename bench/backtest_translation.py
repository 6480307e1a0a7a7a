"""What we think of your translations: ``tradewind backtest translation --pairs FILE [--json OUT]``.

FILE holds one JSON object a line, in UTF-8: ``source``, ``target``, ``source_lang``, ``target_lang`` (codes such as
``en`` or ``pt-BR``) and, if there is one, a human ``score``. Printed per pair: the estimate and the flags; at the end
how the estimates agree with the scores. Where there is no estimate, a flag says why.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.ids import Locale
from functions.translation.memory import Pair
from functions.translation.quality import READABLE, Estimator, Judgement, short
from model_artifacts.translation.shipped import load

FIELDS = ("source", "target", "source_lang", "target_lang")
PORTION = 100
"""Pairs judged at a time, so that progress shows: about three seconds of one processor."""
_CODE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Given:
    """One line of the file."""

    source: str
    target: str
    languages: tuple[str, str]
    score: float | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--pairs", type=Path, required=True, help="JSONL: source, target, source_lang, target_lang[, score]"
    )
    parser.add_argument("--json", type=Path, help="write the result there too")


def run(args: argparse.Namespace) -> int:
    """Judge and print. Returns 1, with a sentence that says what to do, where something is missing."""
    try:
        given = list(read(args.pairs.read_bytes()))
        estimator = shipped()
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}: {error.filename or args.pairs}\n")
        return 1
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    result = report(given, judge(estimator, given, progress=True))
    for line in lines(given, result):
        print(line.encode(sys.stdout.encoding, "backslashreplace").decode(sys.stdout.encoding))
    if args.json:
        args.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def shipped() -> Estimator:
    """The estimator as it is shipped. Raises FileNotFoundError, saying what to build."""
    encoder, model = load("text_encoder"), load("translation")
    if encoder is None:
        raise FileNotFoundError(
            "The text encoder is missing: build it with `python -m model_artifacts.text_encoder.build`."
        )
    if model is None:
        raise FileNotFoundError(
            "The quality model is missing: `python -m model_artifacts.translation.build`."
        )
    return Estimator(encoder, model)


def read(document: bytes) -> Iterator[Given]:
    """Lines of the file. Raises ValueError naming the line and what it lacks."""
    for number, line in enumerate(document.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield _given(line, number)


def _given(line: bytes, number: int) -> Given:
    try:
        data = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"Line {number} is not UTF-8: save the file in that encoding ({error.reason}).") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Line {number} is not JSON: {error}.") from None
    missing = [name for name in FIELDS if not isinstance(data, dict) or not isinstance(data.get(name), str)]
    if missing:
        raise ValueError(f"Line {number} lacks {', '.join(missing)} (as text).")
    ours, theirs = (data[name].strip().replace("_", "-") for name in ("source_lang", "target_lang"))
    return Given(data["source"], data["target"], (ours, theirs), _score(data, number))


def _score(data: dict[str, Any], number: int) -> float | None:
    score = data.get("score")
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, int | float) or not np.isfinite(score):
        raise ValueError(f"Line {number}: the score must be a number.")
    return float(score)


def judge(estimator: Estimator, given: Sequence[Given], *, progress: bool = False) -> list[Judgement]:
    """One judgement per line, by language pair, a portion at a time."""
    order = sorted(range(len(given)), key=lambda place: given[place].languages)
    found: dict[int, Judgement] = {}
    for languages, group in groupby(order, key=lambda place: given[place].languages):
        places = list(group)
        pair = Pair(source=Locale(languages[0]), target=Locale(languages[1]))
        for start in range(0, len(places), PORTION):
            part = places[start : start + PORTION]
            judged = estimator.judge([(given[p].source, given[p].target) for p in part], pair)
            found |= dict(zip(part, judged, strict=True))
            if progress:
                sys.stderr.write(f"\r{len(found):,} of {len(given):,} pairs")
    if progress and given:
        sys.stderr.write("\n")
    return [found[place] for place in range(len(given))]


def report(given: Sequence[Given], judgements: Sequence[Judgement]) -> dict[str, Any]:
    """``pearson``, ``spearman`` (null without scores) and per pair ``quality`` and ``flags``."""
    both = [
        (j.quality, g.score)
        for g, j in zip(given, judgements, strict=True)
        if g.score is not None and j.quality is not None
    ]
    ours, theirs = (np.array([pair[side] for pair in both], np.float64) for side in (0, 1))
    return {
        "pearson": correlation(ours, theirs),
        "spearman": correlation(_ranks(ours), _ranks(theirs)),
        "scored": len(both),
        "pairs": [
            {
                "quality": None if j.quality is None else round(j.quality, 4),
                "flags": [str(f) for f in j.flags] + _unsaid(g, j),
            }
            for g, j in zip(given, judgements, strict=True)
        ],
    }


def _unsaid(given: Given, judgement: Judgement) -> list[str]:
    """Why there is no estimate."""
    if judgement.quality is not None:
        return []
    if strange := [code for code in given.languages if not _CODE.fullmatch(code)]:
        return [f"No estimate: {strange[0][:40]!r} is no language code, such as en or pt-BR."]
    ours, theirs = map(short, given.languages)
    if ours == theirs:
        return ["No estimate: both sides are said to be in one language."]
    unread = ", ".join(sorted({ours, theirs} - READABLE))
    return [f"No estimate: the encoder does not read {unread}."] if unread else []


def correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Pearson's r, or None where it is not defined."""
    if len(one) < 3 or one.std() == 0 or other.std() == 0:
        return None
    return round(float(np.corrcoef(one, other)[0, 1]), 4)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 0, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean: NDArray[np.float64] = (last - (counts + 1) / 2)[inverse]
    return mean


def lines(given: Sequence[Given], result: dict[str, Any]) -> Iterator[str]:
    """The result for people."""
    for one, row in zip(given, result["pairs"], strict=True):
        quality = "  –  " if row["quality"] is None else f"{row['quality']:.3f}"
        flags = "; ".join(row["flags"]) or "nothing found"
        yield f"{quality}  {'→'.join(one.languages)}  {one.target[:60]!r}  {flags}"
    if not given:
        yield "The file holds no pairs."
    if result["pearson"] is not None:
        agreement = f"Pearson {result['pearson']:.4f}, Spearman {result['spearman']:.4f}"
        yield f"{agreement} over {result['scored']} scores"
