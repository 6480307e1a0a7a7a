"""The quality estimate against published ones on MLQE-PE's test sets; planted errors; transfer; speed.

Peers' figures are published (WMT20 shared task and its papers), same test sets, same correlation.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.backtest_translation import correlation, shipped
from chalicelib.domain.ids import Locale
from functions.translation.features import look
from functions.translation.memory import Pair
from functions.translation.quality import ADAPTED, Estimator, Judgement
from model_artifacts.translation import build as recipe
from model_artifacts.translation import corpus, planted

PEERS = {
    ("en", "de"): {"OpenKiwi": 0.146, "Siamese TransQuest": 0.399, "MonoTransQuest": 0.467},
    ("en", "zh"): {"OpenKiwi": 0.168, "Siamese TransQuest": 0.407, "MonoTransQuest": 0.478},
}
NTREX = Path(__file__).parents[2] / "shared" / "data" / "ntrex"
OTHERS = {"de": ("fra", "nld", "swe", "ita"), "zh": ("jpn", "deu", "fra")}


def rows() -> Iterator[dict[str, Any]]:
    """One row per figure. Needs the reference data beside the project and the built encoder."""
    estimator = shipped()
    for languages in corpus.PAIRS:
        yield from _pair(estimator, languages)
    yield from _transfer()


def _pair(estimator: Estimator, languages: tuple[str, str]) -> Iterator[dict[str, Any]]:
    name = "-".join(languages)
    test = corpus.read(languages, "test")
    began = time.process_time()
    judged = _judge(estimator, test.pairs, languages)
    spent = (time.process_time() - began) / len(judged)
    quality = np.array([j.quality for j in judged], np.float64)
    found = correlation(quality, test.z)
    low, high = _interval(quality, test.z)
    for peer, value in PEERS[languages].items():
        yield _row(f"Pearson, {name} test", found, "", peer, value, f"95 % interval {low:.3f} to {high:.3f}")
    error = float(np.abs(quality - test.mean / 100).mean())
    yield _row(f"Calibration, {name}: mean estimate less mean score", float(quality.mean() - test.mean.mean() / 100))
    yield _row(f"Calibration, {name}: mean absolute error", error)
    alarms = float(np.mean([bool(j.flags) for j in judged]))
    yield _row(
        f"False alarms, {name} test",
        alarms,
        note="real machine translations that are flagged, errors among them",
    )
    yield from _planted(estimator, test, languages)
    yield _row(f"One estimate, {name}", 1000 * spent, "ms", note="processor time, pairs one sentence long")


def _planted(estimator: Estimator, test: corpus.Scored, languages: tuple[str, str]) -> Iterator[dict[str, Any]]:
    good = [pair for pair, z in zip(test.pairs, test.z, strict=True) if z > 0]
    for kind in planted.KINDS:
        pairs = planted.plant(kind, good, seed=2, most=300)
        yield _caught(estimator, kind, pairs, languages)
    yield _caught(estimator, "wrong language", _wrong_language(languages[1]), languages)


def _wrong_language(target: str) -> list[planted.Pair]:
    """NTREX sentences with their translation into another language than the one asked for."""
    source = (NTREX / "newstest2019-src.eng.txt").read_text(encoding="utf-8").splitlines()
    found = []
    for place, language in enumerate(OTHERS[target]):
        lines = (NTREX / f"newstest2019-ref.{language}.txt").read_text(encoding="utf-8").splitlines()
        found += list(zip(source, lines, strict=False))[place * 100 : place * 100 + 100]
    return found


def _caught(
    estimator: Estimator, kind: str, pairs: Sequence[planted.Pair], languages: tuple[str, str]
) -> dict[str, Any]:
    told = [bool(j.flags) for j in _judge(estimator, pairs, languages)]
    return _row(f"Caught, {'-'.join(languages)}: {kind}", float(np.mean(told)), note=f"{len(pairs)} planted")


def _transfer() -> Iterator[dict[str, Any]]:
    """Trained on one pair, tested on the other; only where a training run left its looks."""
    looks = Path(".local/looks")
    if not (looks / "en-de.train.npz").is_file():
        sys.stderr.write("Transfer is left out: run `python -m model_artifacts.translation.build` first.\n")
        return
    encoder = shipped().encoder
    for learned, tested in (corpus.PAIRS, corpus.PAIRS[::-1]):
        train = [recipe.load(encoder, learned, "train", looks)]
        dev = [recipe.load(encoder, learned, "dev", looks)]
        blocks = recipe.blocks_of(train)
        weights, _ = recipe.fit_value(train, dev, blocks)
        test = corpus.read(tested, "test")
        seen = look(encoder, test.pairs, tested)
        nobody = np.zeros((len(test.pairs), len(ADAPTED)), np.float32)
        found = correlation(recipe.predicted(weights, recipe.scaled(blocks, seen), nobody), test.z)
        yield _row(f"Pearson, learned on {'-'.join(learned)}, tested on {'-'.join(tested)}", found)


def _judge(estimator: Estimator, pairs: Sequence[planted.Pair], languages: tuple[str, str]) -> list[Judgement]:
    return estimator.judge(pairs, Pair(source=Locale(languages[0]), target=Locale(languages[1])))


def _interval(one: Any, other: Any, rounds: int = 1_000) -> tuple[float, float]:
    """95 % bootstrap interval of the correlation."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(rounds):
        taken = rng.integers(0, len(one), len(one))
        found.append(float(np.corrcoef(one[taken], other[taken])[0, 1]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _row(
    name: str,
    value: float | None,
    unit: str = "",
    peer: str = "",
    peer_value: float | None = None,
    note: str = "",
) -> dict[str, Any]:
    ratio = value / peer_value if value is not None and peer_value else None
    return {
        "name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value, "ratio": ratio,
        "note": note,
    }  # fmt: skip


if __name__ == "__main__":
    for row in rows():
        shown = " ".join(f"{row[key]:.4f}" for key in ("value", "peer_value", "ratio") if row[key] is not None)
        print(f"{row['name']:60} {shown} {row['peer']} {row['unit']} {row['note']}", flush=True)
