"""How good probabilities of fraud are: ranking, calibration, and what decisions by them cost, with intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from chalicelib.domain.screening import Ruling
from chalicelib.domain.shop import OrderLimits
from functions.screening.columns import Floats, Ints
from functions.screening.deciding import HOLD_LOSES, HOLD_MISSES, REVIEW_MISSES, Stake

DRAWS: Final = 200
BINS: Final = 15
FIGURES: Final = ("ap", "auc", "recall_at_1pct", "recall_at_5pct", "log_loss", "ece", "cost_per_order")
LIMITS: Final = OrderLimits()


@dataclass(frozen=True, slots=True)
class Judged:
    """Held-out rows of one fold."""

    label: Floats
    probability: Floats
    total: Floats
    group: Ints


type Weights = Floats


def average_precision(label: Floats, score: Floats, weight: Weights) -> float:
    """Area under precision over recall as a step function; ties count as one step."""
    order = np.argsort(-score, kind="stable")
    s, good = score[order], (label * weight)[order]
    ends = np.flatnonzero(np.append(np.diff(s) != 0, True))
    found, seen = np.cumsum(good)[ends], np.cumsum(weight[order])[ends]
    gained = np.diff(found, prepend=0.0)
    return float((gained * found / np.maximum(seen, 1e-12)).sum() / max(found[-1], 1e-12))


def area(label: Floats, score: Floats, weight: Weights) -> float:
    """Probability that a fraud scores above an honest order; ties count half."""
    _, place = np.unique(score, return_inverse=True)
    bad = np.bincount(place, label * weight)
    fine = np.bincount(place, (1 - label) * weight)
    below = np.cumsum(fine) - fine
    return float((bad * (below + fine / 2)).sum() / max(bad.sum() * fine.sum(), 1e-12))


def recall_at(share: float) -> Callable[[Floats, Floats, Weights], float]:
    """Share of fraud among the ``share`` of orders that score highest."""

    def recall(label: Floats, score: Floats, weight: Weights) -> float:
        order = np.argsort(-score, kind="stable")
        room = np.clip(share * weight.sum() - (np.cumsum(weight[order]) - weight[order]), 0, weight[order])
        return float((room * label[order]).sum() / max((weight * label).sum(), 1e-12))

    return recall


def log_loss(label: Floats, probability: Floats, weight: Weights) -> float:
    """Nats a row."""
    p = np.clip(probability, 1e-7, 1 - 1e-7)
    each = -(label * np.log(p) + (1 - label) * np.log(1 - p))
    return float((each * weight).sum() / weight.sum())


def calibration_error(label: Floats, probability: Floats, weight: Weights) -> float:
    """Expected calibration error over fifteen bins of equal size."""
    order = np.argsort(probability, kind="stable")
    place = np.minimum((np.cumsum(weight[order]) / weight.sum() * BINS).astype(np.int64), BINS - 1)
    gap = np.bincount(place, ((probability - label) * weight)[order], BINS)
    return float(np.abs(gap).sum() / weight.sum())


MEASURES: Final[Mapping[str, Callable[[Floats, Floats, Weights], float]]] = {
    "ap": average_precision, "auc": area, "recall_at_1pct": recall_at(0.01), "recall_at_5pct": recall_at(0.05),
    "log_loss": log_loss, "ece": calibration_error,
}  # fmt: skip


def stakes(total: Floats) -> tuple[Floats, Stake]:
    """What is lost with each order if it is fraud and goes out, and the figures that are the same for all."""
    goods = np.maximum(total, 0) * (1 - float(LIMITS.margin_pct) / 100)
    same = Stake(0.0, float(LIMITS.chargeback_fee), float(LIMITS.lost_buyer_cost), float(LIMITS.review_cost))
    return goods + same.fee, same


def costs(label: Floats, total: Floats) -> dict[Ruling, Floats]:
    """What each verdict costs on each order, knowing how it ended; in the file's currency."""
    gone, same = stakes(total)
    return {
        Ruling.APPROVE: label * gone,
        Ruling.REVIEW: same.review + REVIEW_MISSES * label * gone,
        Ruling.HOLD: same.review + HOLD_MISSES * label * gone + (1 - label) * HOLD_LOSES * same.lost_buyer,
    }


def by_cost(probability: Floats, total: Floats) -> Ints:
    """The verdict with the least expected cost, as an index into Ruling."""
    expected = costs(probability, total)
    return np.argmin(np.stack([expected[verdict] for verdict in Ruling]), axis=0)


def paid(verdicts: Ints, label: Floats, total: Floats) -> Floats:
    """What those verdicts cost, order by order."""
    each = costs(label, total)
    return np.stack([each[verdict] for verdict in Ruling])[verdicts, np.arange(len(label))]


def best_threshold(one: Judged) -> Ints:
    """Hold above the threshold that would have cost least, in hindsight: kinder to a peer than life would be."""
    order = np.argsort(-one.probability, kind="stable")
    each = costs(one.label, one.total)
    moved = np.cumsum((each[Ruling.HOLD] - each[Ruling.APPROVE])[order])
    held = int(np.argmin(np.append(0.0, moved)))
    verdicts = np.zeros(len(order), np.int64)
    verdicts[order[:held]] = list(Ruling).index(Ruling.HOLD)
    return verdicts


def measured(folds: Sequence[Judged], verdicts: Sequence[Ints], seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """Each figure with its 95 % interval (whole identities drawn again); means over folds where they rank."""
    rng = np.random.default_rng(seed)
    ones = [np.ones(len(one.label)) for one in folds]
    point = _figures(folds, verdicts, ones)
    drawn = [_figures(folds, verdicts, [_again(one.group, rng) for one in folds]) for _ in range(DRAWS)]
    return {
        name: (value, _quantile(drawn, name, 0.025), _quantile(drawn, name, 0.975)) for name, value in point.items()
    }


def _again(group: Ints, rng: np.random.Generator) -> Weights:
    names, place = np.unique(group, return_inverse=True)
    return np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[place].astype(float)


def _figures(folds: Sequence[Judged], verdicts: Sequence[Ints], weights: Sequence[Weights]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, measure in MEASURES.items():
        found[name] = float(np.mean([measure(o.label, o.probability, w) for o, w in zip(folds, weights, strict=True)]))
    spent = sum(float((paid(v, o.label, o.total) * w).sum()) for o, v, w in zip(folds, verdicts, weights, strict=True))
    return {**found, "cost_per_order": spent / sum(float(w.sum()) for w in weights)}


def _quantile(drawn: Sequence[Mapping[str, float]], name: str, at: float) -> float:
    return float(np.quantile([each[name] for each in drawn], at))
