"""The last look at the simulated orders: months 10 to 12 with the attacks that were kept for them. Run once.

Everything was chosen on month 9; what is printed here goes into docs/decisions whatever it is.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.repricing_models import PEERS_PYTHON
from bench.screening_figures import (
    Judged,
    average_precision,
    by_cost,
    calibration_error,
    costs,
    paid,
)
from functions.screening.boosting import sigmoid
from functions.screening.columns import Floats, Ints, Values
from functions.screening.deciding import Verdict
from functions.screening.judging import Judge
from functions.screening.keeping import read_tables
from functions.screening.learning import Lesson
from sandbox.screening.build import HERE
from sandbox.screening.lessons import Simulated, simulated

KEPT_ROWS: Final = Path(".local/screening/rows.json")
FEW: Final = 500
DRAWS: Final = 200
BUDGET: Final = 0.02
"""Reviews and holds a day, as a share of the shop's usual orders a day."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.low:.4f} to {self.high:.4f})"


def shipped() -> Judge:
    """The base as it is shipped."""
    return read_tables({path.name: path.read_bytes() for path in HERE.iterdir()})


def peer(
    x: Floats, categorical: NDArray[np.bool_], y: Floats, folds: Sequence[tuple[Ints, Ints]]
) -> list[Floats] | None:
    """LightGBM's probabilities per fold, or None where no interpreter has it."""
    python = os.environ.get(PEERS_PYTHON, "")
    if not python:
        return None
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "in.npz", Path(folder) / "out.npz"
        sides: dict[str, Any] = {}
        for number, (train, test) in enumerate(folds):
            sides |= {f"train_{number}": train, f"test_{number}": test}
        np.savez(given, x=x, categorical=categorical, y=y, **sides)
        script = Path(__file__).with_name("screening_lightgbm.py")
        subprocess.run([python, str(script), str(given), str(answer)], check=True)
        with np.load(answer) as held:
            return [held[f"p_{number}"] for number in range(len(folds))]


def matrix(table: dict[str, Values]) -> tuple[Floats, NDArray[np.bool_]]:
    """(rows, columns) with codes for categories, and which those are."""
    text = np.array([values.dtype.kind == "O" for values in table.values()])
    columns = [
        np.unique([str(v) for v in values.tolist()], return_inverse=True)[1].astype(float) if is_text else values
        for values, is_text in zip(table.values(), text, strict=True)
    ]
    return np.column_stack(columns), text


def interval(value: float, drawn: Sequence[float]) -> Interval:
    """Percentiles of a bootstrap."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def again(group: Ints, seed: int) -> list[Floats]:
    """Weights of rows when whole weeks of shops are drawn anew."""
    rng = np.random.default_rng(seed)
    names, place = np.unique(group, return_inverse=True)
    return [
        np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[place].astype(float)
        for _ in range(DRAWS)
    ]


def within_budget(gain: Floats, days: Ints, room: dict[int, int]) -> NDArray[np.bool_]:
    """Which orders are looked at: in time order, while the day's room lasts (no look at what is still to come)."""
    left = dict(room)
    looked = np.zeros(len(gain), bool)
    for row in np.flatnonzero(gain > 0):
        if left[int(days[row])] > 0:
            left[int(days[row])] -= 1
            looked[row] = True
    return looked


def shop_days(year: Simulated, rows: NDArray[np.bool_]) -> Ints:
    """One number per shop and day."""
    names = [f"{r.shop} {r.created_at:%Y-%m-%d}" for r, kept in zip(year.records, rows.tolist(), strict=True) if kept]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def capacity(days: Ints) -> dict[int, int]:
    """Looks a day: the budget's share of a usual day's orders, one at least."""
    usual = float(np.median(np.bincount(days)))
    return dict.fromkeys(np.unique(days).tolist(), max(1, round(BUDGET * usual)))


def decided(probability: Floats, total: Floats, days: Ints) -> Ints:
    """Our decisions by cost, within each day's room."""
    expected = costs(probability, total)
    best = by_cost(probability, total)
    gain = expected[Verdict.APPROVE] - np.min(np.stack(list(expected.values())), axis=0)
    looked = within_budget(gain, days, capacity(days))
    return np.where(looked, best, 0)


def thresholded(probability: Floats, threshold: float, days: Ints) -> Ints:
    """Hold at or above a fixed threshold, within each day's room."""
    looked = within_budget(np.where(probability >= threshold, 1.0, 0.0), days, capacity(days))
    return np.where(looked, list(Verdict).index(Verdict.HOLD), 0)


def best_fixed(one: Judged, days: Ints) -> Ints:
    """The fixed threshold that would have cost least on these very orders, budget kept."""
    tried = np.unique(np.quantile(one.probability, np.append(1 - np.geomspace(0.0005, 0.2, 40), 1.0)))
    each = [thresholded(one.probability, float(at), days) for at in [*tried, 2.0]]
    return min(each, key=lambda verdicts: float(paid(verdicts, one.label, one.total).sum()))


def few_labels(base: Judge, lesson: Lesson, seed: int) -> Ints:
    """``FEW`` training rows of one shop, at least five frauds among them: whole weeks in a random order."""
    rng = np.random.default_rng(seed)
    rank = rng.permutation(int(lesson.group.max()) + 1)[lesson.group]
    return np.argsort(rank, kind="stable")[:FEW]


def main() -> int:
    """Print every figure of the last look."""
    year = simulated(kept=KEPT_ROWS)
    found = last_look(year)
    for name, value in found.items():
        print(f"{name}: {value}")
    return 0


def last_look(year: Simulated) -> dict[str, Any]:
    """Ranking, calibration, few labels and costs."""
    base, table, label, group = shipped(), year.table, year.label, year.group
    train, last = year.months("train"), year.months("last")
    probability = sigmoid(base.logit({name: values[last] for name, values in table.items()}))
    x, text = matrix(table)
    theirs = peer(x, text, label, [(np.flatnonzero(train), np.flatnonzero(last))])
    y, total = label[last], np.array([record.total for record in year.records])[last]
    weights = again(group[last], 1)
    found: dict[str, Any] = {"orders": len(y), "frauds": int(y.sum())}
    found["ap"] = _interval(average_precision, y, probability, weights)
    found["ece"] = _interval(calibration_error, y, probability, weights)
    days = shop_days(year, last)
    ours = decided(probability, total, days)
    judged = Judged(y, probability, total, group[last])
    spent = paid(ours, y, total)
    found["cost ours"] = _mean(spent, weights)
    found["looked at a day, at most"] = int(np.bincount(days[ours > 0]).max())
    found["room a day"] = int(next(iter(capacity(days).values())))
    fixed = paid(best_fixed(judged, days), y, total)
    found["cost of the best fixed threshold, in hindsight"] = _mean(fixed, weights)
    found["saved against it"] = _mean(fixed - spent, weights)
    found["cost approve all"] = _mean(paid(np.zeros(len(y), np.int64), y, total), weights)
    if theirs:
        found["ap LightGBM"] = _interval(average_precision, y, theirs[0], weights)
        draws = [average_precision(y, probability, w) - average_precision(y, theirs[0], w) for w in weights]
        ones = np.ones(len(y))
        gap = average_precision(y, probability, ones) - average_precision(y, theirs[0], ones)
        found["ap ours less LightGBM"] = interval(gap, draws)
        peer_cost = paid(best_fixed(Judged(y, theirs[0], total, group[last]), days), y, total)
        found["cost of LightGBM's best threshold, in hindsight"] = _mean(peer_cost, weights)
        found["saved against LightGBM"] = _mean(peer_cost - spent, weights)
    return found


def _interval(measure: Any, y: Floats, p: Floats, weights: Sequence[Floats]) -> Interval:
    return interval(measure(y, p, np.ones(len(y))), [measure(y, p, w) for w in weights])


def _mean(each: Floats, weights: Sequence[Floats]) -> Interval:
    return interval(float(each.mean()), [float((each * w).sum() / w.sum()) for w in weights])


if __name__ == "__main__":
    sys.exit(main())
