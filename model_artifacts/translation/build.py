"""Train the quality estimate: ``python -m model_artifacts.translation.build``.

Reads MLQE-PE's train sets, looks at every pair through the shared encoder (ten minutes on one thread, kept
under ``--looks`` for a second run), fits, chooses on the dev sets, writes ``1/model.onnx`` and
``1/card.json``. The test sets are judged by ``bench/translation.py`` and nowhere here.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.contracts import Model
from chalicelib.graphs.adapted_linear import AdaptedLinear, Block, build
from functions.translation.checks import signs
from functions.translation.features import NAMES, Seen, look
from functions.translation.quality import ADAPTED
from model_artifacts.translation import corpus, planted
from model_artifacts.translation.shipped import load as shipped

HERE = Path(__file__).parent / "1"
LEARNED = ("sentence cut", "untranslated copy", "swapped text")
"""Kinds of planted errors that the second output learns; numbers and languages are told by rules."""
PLANTED = 1_500
FALSE_ALARMS = 0.0155
"""What is allowed on the 8,000 real translations of each pair's train and dev sets, so that 2 % is kept on others: a
rate measured on a thousand sentences is off by .4 points. Every kind of planted error keeps 97 % there."""
CLIP = 4.0
PENALTIES = (15.0, 30.0, 60.0, 120.0, 240.0)
OWN_SHARE = 1.4
"""How freely a language pair may leave the shared weights; .7 and 1.4 were tried on dev."""
RANGE = (-3.0, 2.5)
"""Scores are clipped to this many deviations: single angry raters move a squared loss too much."""

type Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Part:
    """Everything of one language pair and part."""

    scored: corpus.Scored
    seen: Seen
    broken: dict[str, tuple[list[planted.Pair], Seen]]
    alarms: NDArray[np.bool_]
    """Which real translations plain signs already complain about."""


def load(encoder: Model, languages: tuple[str, str], part: str, looks: Path) -> Part:
    """Read and look, or take up what an earlier run looked at."""
    scored = corpus.read(languages, part)
    good = [pair for pair, z in zip(scored.pairs, scored.z, strict=True) if z > 0]
    most = PLANTED if part == "train" else PLANTED // 5
    broken = {}
    for kind in (*LEARNED, "number changed"):
        pairs = planted.plant(kind, good, seed=1, most=most)
        name = f"{'-'.join(languages)}.{part}.{kind.replace(' ', '_')}"
        broken[kind] = (pairs, _seen(encoder, pairs, languages, looks / f"{name}.npz"))
    seen = _seen(encoder, scored.pairs, languages, looks / f"{'-'.join(languages)}.{part}.npz")
    alarms = np.array([any(True for _ in signs(s, t, languages)) for s, t in scored.pairs])
    return Part(scored, seen, broken, alarms)


def _seen(encoder: Model, pairs: Any, languages: tuple[str, str], kept: Path) -> Seen:
    if not kept.is_file():
        sys.stderr.write(f"looking at {len(pairs):,} pairs for {kept.stem}\n")
        seen = look(encoder, pairs, languages)
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, features=seen.features, source=seen.source, target=seen.target)
    with np.load(kept) as held:
        return Seen(held["features"], held["source"], held["target"])


def blocks_of(parts: list[Part]) -> dict[str, Block]:
    """Means and deviations over all training pairs; each block weighs the same, whatever its width."""
    found = {}
    for name in ("features", "source", "target"):
        rows = np.vstack([getattr(part.seen, name) for part in parts])
        deviation = (rows.std(axis=0) + 1e-6).astype(np.float32)
        weight = float(1 / np.sqrt(rows.shape[1]))
        found[name] = Block(mean=rows.mean(axis=0).astype(np.float32), deviation=deviation, weight=weight)
    return found


def scaled(blocks: dict[str, Block], seen: Seen) -> Floats:
    """What the graph calls z."""
    return np.hstack([
        np.clip((getattr(seen, name) - block.mean) / block.deviation, -CLIP, CLIP) * block.weight
        for name, block in blocks.items()
    ]).astype(np.float32)  # fmt: skip


def ridge(z: Floats, groups: Floats, y: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
    """Weights (width, 1 + groups): shared, then per group."""
    wide = np.hstack([z, *(z * groups[:, [g]] * OWN_SHARE for g in range(groups.shape[1]))]).astype(
        np.float64
    )
    solved = np.linalg.solve(wide.T @ wide + penalty * np.eye(wide.shape[1]), wide.T @ y)
    weights = solved.reshape(1 + groups.shape[1], -1).T.copy()
    weights[:, 1:] *= OWN_SHARE
    return weights


def logistic(
    x: Floats, y: NDArray[np.float64], weight: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    """Ridge-penalised logistic regression by Newton's method, the intercept (last) left free."""
    design = np.hstack([x, np.ones((len(x), 1), np.float32)]).astype(np.float64)
    free = np.diag([penalty] * x.shape[1] + [0.0])
    beta = np.zeros(design.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (weight * (p - y)) + free @ beta
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design + free + 1e-6 * np.eye(len(beta))
        step = np.linalg.solve(hessian, gradient)
        beta -= step
        if float(np.abs(step).max()) < 1e-6:
            break
    return beta


def onehot(part: Part) -> Floats:
    """Which adapted language each row belongs to."""
    row = [float(part.scored.languages[1] == language) for language in ADAPTED]
    return np.tile(np.array(row, np.float32), (len(part.scored.pairs), 1))


def correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Pearson's r."""
    return float(np.corrcoef(one, other)[0, 1])


def fit_value(
    train: list[Part], dev: list[Part], blocks: dict[str, Block]
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Weights, and the penalties that did best on dev.

    The shared weights take the penalty that is best over all pairs, each adapted language the one that is
    best on its own dev set.
    """
    z = np.vstack([scaled(blocks, part.seen) for part in train])
    groups = np.vstack([onehot(part) for part in train])
    y = np.concatenate([_centred(part.scored.z) for part in train])
    tried = {penalty: ridge(z, groups, y, penalty) for penalty in PENALTIES}
    found = {
        penalty: [correlation(predicted(w, scaled(blocks, d.seen), onehot(d)), d.scored.z) for d in dev]
        for penalty, w in tried.items()
    }
    for penalty, scores in found.items():
        sys.stderr.write(f"penalty {penalty:.0f}: dev Pearson {', '.join(f'{r:.4f}' for r in scores)}\n")
    shared = max(PENALTIES, key=lambda penalty: float(np.mean(found[penalty])))
    weights, chosen = tried[shared].copy(), {"shared": shared}
    for place, part in enumerate(dev):
        language = part.scored.languages[1]
        own = 1 + ADAPTED.index(language)
        chosen[language] = max(PENALTIES, key=lambda penalty, at=place: found[penalty][at])  # type: ignore[misc]
        best = tried[chosen[language]]
        weights[:, own] = best[:, 0] + best[:, own] - weights[:, 0]
    return weights, chosen


def _centred(z: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(z, *RANGE)
    return clipped - clipped.mean()


def predicted(weights: NDArray[np.float64], z: Floats, groups: Floats) -> NDArray[np.float64]:
    """The value output before its intercept."""
    return np.asarray(z @ weights[:, 0] + ((z @ weights[:, 1:]) * groups).sum(axis=1), np.float64)


def fit_odds(train: list[Part], blocks: dict[str, Block]) -> NDArray[np.float64]:
    """Broken or not, from the hand-made features alone: they mean the same in every language pair."""
    width = len(NAMES)
    real = [scaled(blocks, part.seen)[part.scored.z > -1, :width] for part in train]
    bad = [scaled(blocks, part.broken[kind][1])[:, :width] for part in train for kind in LEARNED]
    x = np.vstack([*real, *bad])
    y = np.concatenate([np.zeros(sum(map(len, real))), np.ones(sum(map(len, bad)))])
    weight = np.where(y > 0, 0.5 / y.sum(), 0.5 / (len(y) - y.sum())) * len(y)
    return logistic(x, y, weight, 1e-3)


def trained(train: list[Part], dev: list[Part]) -> tuple[bytes, dict[str, Any]]:
    """The graph and its card."""
    blocks = blocks_of(train)
    weights, penalties = fit_value(train, dev, blocks)
    slope, level, levels = _calibrated(weights, dev, blocks)
    odds = np.zeros(len(weights), np.float32)
    found = fit_odds(train, blocks)
    odds[: len(NAMES)] = found[:-1]
    numbers = AdaptedLinear(
        blocks=blocks, clip=CLIP, shared=(weights[:, 0] * slope).astype(np.float32),
        by_group=(weights[:, 1:] * slope).astype(np.float32), intercept=level,
        group_intercepts=levels.astype(np.float32), odds=odds,
        odds_intercept=float(found[-1]),
    )  # fmt: skip
    graph = build(numbers, group="language", value="quality", odds="broken")
    limits = thresholds([*train, *dev], lambda seen: _odds(blocks, seen, found))
    return graph, _card(graph, blocks, limits, _on_dev(weights, dev, blocks, found, limits, penalties))


def _calibrated(
    weights: NDArray[np.float64], dev: list[Part], blocks: dict[str, Block]
) -> tuple[float, float, NDArray[np.float64]]:
    """Slope, level, and each adapted language's own level above that one.

    They turn the prediction into the mean human score over 100, by least squares on dev: engines of one
    language are better than those of another.
    """
    x = np.concatenate([predicted(weights, scaled(blocks, d.seen), onehot(d)) for d in dev])
    y = np.concatenate([d.scored.mean for d in dev]) / 100
    groups = np.vstack([onehot(d) for d in dev])
    design = np.hstack([x[:, None], groups])
    slope, *own = np.linalg.lstsq(design, y, rcond=None)[0]
    level = float(np.mean(own))
    return float(slope), level, np.array(own) - level


def _odds(blocks: dict[str, Block], seen: Seen, found: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(scaled(blocks, seen)[:, : len(NAMES)] @ found[:-1] + found[-1], np.float64)


def thresholds(parts: list[Part], odds: Callable[[Seen], NDArray[np.float64]]) -> dict[str, float]:
    """Per language pair the log odds above which, plain signs counted in, its real translations would be flagged
    too often; for all other pairs the higher of them. ``parts``: train and dev."""
    found = {}
    for pair in corpus.PAIRS:
        mine = [part for part in parts if part.scored.languages == pair]
        told, alarms = np.concatenate([odds(p.seen) for p in mine]), np.concatenate([p.alarms for p in mine])
        found[f"broken {'-'.join(pair)}"] = allowing(told, alarms)
    return {"broken": max(found.values()), **found}


def allowing(odds: NDArray[np.float64], alarms: NDArray[np.bool_]) -> float:
    """The threshold for one language pair: as many alarms as are allowed, plain signs counted in."""
    quiet = np.sort(odds[~alarms])
    allowed = max(0, int(FALSE_ALARMS * len(odds)) - int(alarms.sum()))
    return float(quiet[len(quiet) - 1 - allowed])


def _on_dev(
    weights: NDArray[np.float64], dev: list[Part], blocks: dict[str, Block], found: NDArray[np.float64],
    limits: dict[str, float], penalties: dict[str, float],
) -> dict[str, Any]:  # fmt: skip
    metrics: dict[str, Any] = {"penalties": penalties, "false_alarms_by_plain_signs": {}}
    for part in dev:
        name = "-".join(part.scored.languages)
        threshold = limits[f"broken {name}"]
        value = predicted(weights, scaled(blocks, part.seen), onehot(part))
        caught = {
            kind: _caught(pairs, _odds(blocks, seen, found), threshold, part.scored.languages)
            for kind, (pairs, seen) in part.broken.items()
        }
        metrics["false_alarms_by_plain_signs"][name] = round(float(part.alarms.mean()), 4)
        metrics[f"dev_pearson_{name}"] = round(correlation(value, part.scored.z), 4)
        metrics[f"dev_caught_{name}"] = caught
        flagged = part.alarms | (_odds(blocks, part.seen, found) > threshold)
        metrics[f"dev_false_alarms_{name}"] = round(float(flagged.mean()), 4)
    return metrics


def _caught(
    pairs: list[planted.Pair], odds: NDArray[np.float64], threshold: float, languages: tuple[str, str]
) -> float:
    told = np.array([any(True for _ in signs(source, target, languages)) for source, target in pairs])
    return round(float((told | (odds > threshold)).mean()), 4)


def _card(
    graph: bytes, blocks: dict[str, Block], limits: dict[str, float], metrics: dict[str, Any]
) -> dict[str, Any]:
    inputs: dict[str, Any] = {name: ["float32", ["rows", len(block.mean)]] for name, block in blocks.items()}
    return {
        "name": "translation", "version": "1", "sha256": hashlib.sha256(graph).hexdigest(),
        "inputs": inputs | {"language": ["float32", ["rows", len(ADAPTED)]]},
        "outputs": {"quality": ["float32", ["rows"]], "broken": ["float32", ["rows"]]},
        "units": {"quality": "mean human score (direct assessment) over 100", "broken": "log odds"},
        "thresholds": limits,
        "training_data": "MLQE-PE train sets en-de and en-zh (Fomicheva et al. 2022), 7,000 pairs each",
        "metrics": metrics, "licence": "CC0 (data), MIT (encoder)",
        "created_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "notes": "Learned from encyclopaedia sentences and the engines of 2020: on shop texts and present "
        "engines scores run high, so set the threshold by language. Calibrated on the dev sets. Pairs "
        "other than en-de and en-zh use the shared weights alone. Judged on the test sets in "
        "bench/translation.py.",
    }  # fmt: skip


def set_thresholds(model: Model, train: list[Part], dev: list[Part]) -> dict[str, Any]:
    """The shipped card with its thresholds set anew, for the same graph: after a change of the plain signs."""
    card: dict[str, Any] = json.loads((HERE / "card.json").read_text(encoding="utf-8"))
    card["thresholds"] = thresholds([*train, *dev], lambda seen: _shipped_odds(model, seen))
    for part in dev:
        name = "-".join(part.scored.languages)
        threshold, told = card["thresholds"][f"broken {name}"], _shipped_odds(model, part.seen)
        card["metrics"][f"dev_caught_{name}"] = {
            kind: _caught(pairs, _shipped_odds(model, seen), threshold, part.scored.languages)
            for kind, (pairs, seen) in part.broken.items()
        }
        card["metrics"]["false_alarms_by_plain_signs"][name] = round(float(part.alarms.mean()), 4)
        card["metrics"][f"dev_false_alarms_{name}"] = round(float((part.alarms | (told > threshold)).mean()), 4)
    return card


def _shipped_odds(model: Model, seen: Seen) -> NDArray[np.float64]:
    nobody = np.zeros((len(seen.features), len(ADAPTED)), np.float32)
    inputs = {"features": seen.features, "source": seen.source, "target": seen.target, "language": nobody}
    return np.asarray(model.run(inputs)["broken"], np.float64).reshape(-1)


def main(arguments: list[str] | None = None) -> int:
    """Train and write. Returns 1 where the encoder is not built."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=Path, default=Path(".local/looks"), help="where looks are kept")
    parser.add_argument("--threshold-only", action="store_true", help="keep the graph, set its thresholds anew")
    chosen = parser.parse_args(arguments)
    encoder = shipped("text_encoder")
    if encoder is None:
        sys.stderr.write(
            "The encoder is not built: run `python -m model_artifacts.text_encoder.build` first.\n"
        )
        return 1
    dev = [load(encoder, pair, "dev", chosen.looks) for pair in corpus.PAIRS]
    model = shipped("translation")
    train = [load(encoder, pair, "train", chosen.looks) for pair in corpus.PAIRS]
    if chosen.threshold_only and model is not None:
        _write_card(set_thresholds(model, train, dev))
        return 0
    graph, card = trained(train, dev)
    HERE.mkdir(exist_ok=True)
    (HERE / "model.onnx").write_bytes(graph)
    _write_card(card)
    sys.stderr.write(f"{len(graph):,} bytes written\n")
    return 0


def _write_card(card: dict[str, Any]) -> None:
    (HERE / "card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
