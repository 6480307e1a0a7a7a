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


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows from the most suspicious to the least: sorted once, weighted often."""

    order: Ints
    label: Floats
    score: Floats
    last: Ints
    """Places of the last row of each run of equal scores."""

    @classmethod
    def of(cls, label: Floats, score: Floats) -> "Ranked":
        """``label`` and ``score`` are (rows,)."""
        order = np.argsort(-score, kind="stable")
        ordered = score[order]
        return cls(order, label[order], ordered, np.flatnonzero(np.append(np.diff(ordered) != 0, True)))


type Measure = Callable[[Ranked, Weights], float]
"""Of ranked rows, and their weights in that order."""


def average_precision(label: Floats, score: Floats, weight: Weights) -> float:
    """Area under precision over recall as a step function; ties count as one step."""
    rows = Ranked.of(label, score)
    return _average_precision(rows, weight[rows.order])


def area(label: Floats, score: Floats, weight: Weights) -> float:
    """Probability that a fraud scores above an honest order; ties count half."""
    rows = Ranked.of(label, score)
    return _area(rows, weight[rows.order])


def calibration_error(label: Floats, probability: Floats, weight: Weights) -> float:
    """Expected calibration error over fifteen bins of equal size."""
    rows = Ranked.of(label, probability)
    return _calibration_error(rows, weight[rows.order])


def _average_precision(rows: Ranked, weight: Weights) -> float:
    found, seen = np.cumsum(rows.label * weight)[rows.last], np.cumsum(weight)[rows.last]
    gained = np.diff(found, prepend=0.0)
    return float((gained * found / np.maximum(seen, 1e-12)).sum() / max(found[-1], 1e-12))


def _area(rows: Ranked, weight: Weights) -> float:
    found, seen = np.cumsum(rows.label * weight)[rows.last], np.cumsum(weight)[rows.last]
    bad, fine = np.diff(found, prepend=0.0), np.diff(seen - found, prepend=0.0)
    below = fine.sum() - np.cumsum(fine)
    return float((bad * (below + fine / 2)).sum() / max(bad.sum() * fine.sum(), 1e-12))


def recall_at(share: float) -> Measure:
    """Share of fraud among the ``share`` of orders that score highest."""

    def recall(rows: Ranked, weight: Weights) -> float:
        seen = np.cumsum(weight)
        room = np.clip(share * seen[-1] - (seen - weight), 0, weight)
        return float((room * rows.label).sum() / max((weight * rows.label).sum(), 1e-12))

    return recall


def _log_loss(rows: Ranked, weight: Weights) -> float:
    """Nats a row."""
    p = np.clip(rows.score, 1e-7, 1 - 1e-7)
    each = -np.log(np.where(rows.label > 0, p, 1 - p))
    return float((each * weight).sum() / weight.sum())


def _calibration_error(rows: Ranked, weight: Weights) -> float:
    place = np.minimum((np.cumsum(weight) / weight.sum() * BINS).astype(np.int64), BINS - 1)
    gap = np.bincount(place, (rows.score - rows.label) * weight, BINS)
    return float(np.abs(gap).sum() / weight.sum())


MEASURES: Final[Mapping[str, Measure]] = {
    "ap": _average_precision, "auc": _area, "recall_at_1pct": recall_at(0.01), "recall_at_5pct": recall_at(0.05),
    "log_loss": _log_loss, "ece": _calibration_error,
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


def drawn_figures(
    folds: Sequence[Judged], verdicts: Sequence[Ints], seed: int = 0
) -> tuple[Mapping[str, float], Sequence[Mapping[str, float]]]:
    """Each figure (means over folds where they rank), and those of ``DRAWS`` draws of whole identities, which are the
    same for every model of the same folds."""
    rng = np.random.default_rng(seed)
    ranked = [Ranked.of(one.label, one.probability) for one in folds]
    spent = [paid(v, o.label, o.total)[r.order] for o, v, r in zip(folds, verdicts, ranked, strict=True)]
    groups = [np.unique(one.group[r.order], return_inverse=True)[1] for one, r in zip(folds, ranked, strict=True)]
    names = [int(one.max()) + 1 for one in groups]
    point = _figures(ranked, spent, [np.ones(len(one)) for one in groups])
    drawn = []
    for _ in range(DRAWS):
        times = [np.bincount(rng.integers(0, n, n), minlength=n).astype(float) for n in names]
        drawn.append(_figures(ranked, spent, [one[place] for one, place in zip(times, groups, strict=True)]))
    return point, drawn


def _figures(ranked: Sequence[Ranked], spent: Sequence[Floats], weights: Sequence[Weights]) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for name, measure in MEASURES.items():
        found[name] = float(np.mean([measure(rows, weight) for rows, weight in zip(ranked, weights, strict=True)]))
    cost = sum(float((one * weight).sum()) for one, weight in zip(spent, weights, strict=True))
    return {**found, "cost_per_order": cost / sum(float(weight.sum()) for weight in weights)}


def ends(drawn: Sequence[float]) -> tuple[float, float]:
    """Of the 95 % interval."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
