"""The last look at the simulated orders: months 10 to 12 with the attacks that were kept for them. Run once.

Everything was chosen on month 9; what is printed here goes into docs/decisions whatever it is.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
from bench.screening_looks import NEW_SHOPS, burst_alarms, countries, differences, few_folds, few_labels, means
from chalicelib.domain.screening import Ruling
from functions.screening.boosting import sigmoid
from functions.screening.columns import Floats, Ints, Values
from functions.screening.judging import Judge
from functions.screening.keeping import read_tables
from functions.screening.pace import Pace
from sandbox.orders.stream import START
from sandbox.orders.world import SHOPS
from sandbox.screening.build import HERE, learned, street, taught
from sandbox.screening.lessons import Simulated, simulated

KEPT_ROWS: Final = Path(".local/screening/rows.json")
EQUAL_ROWS: Final = Path(".local/screening/equal.json")
DRAWS: Final = 200
BUDGETS: Final[Mapping[str, int]] = {"20 looks a day (default)": 20, "1 look a day (scarce)": 1}
"""Reviews and holds that each shop has room for; its usual day has some forty orders."""


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


def lightgbm(base: Judge, judged: NDArray[np.float32]) -> Floats | None:
    """LightGBM's probabilities, learned from the rows that the shipped model learned from."""
    known = taught(street())
    both = np.concatenate([base.numbers(known.table), judged]).astype(np.float64)
    label = np.concatenate([known.label, np.zeros(len(judged))])
    text = np.array([one.categories is not None for one in base.columns])
    rows = np.arange(len(both))
    found = peer(both, text, label, [(rows[: len(known.label)], rows[len(known.label) :])])
    return None if found is None else found[0]


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


def shop_days(shop: Ints, at: Floats) -> Ints:
    """One number per shop and day (UTC); ``at`` is seconds since 1970."""
    return shop * 400 + ((at - START.timestamp()) // 86_400).astype(np.int64)


def room_for(days: Ints, looks: int) -> dict[int, int]:
    """The same room every day of every shop."""
    return dict.fromkeys(np.unique(days).tolist(), looks)


def gains(probability: Floats, total: Floats) -> Floats:
    """What looking would save against approving, order by order, in expectation; 0 where it would not pay."""
    expected = costs(probability, total)
    return np.asarray(expected[Ruling.APPROVE] - np.min(np.stack(list(expected.values())), axis=0))


def decided(probability: Floats, total: Floats, at: Floats, shop: Ints, judged: NDArray[np.bool_], looks: int) -> Ints:
    """Our decisions by cost, as the product takes them: in time order, with what each shop remembers (``pace``).

    ``at`` is seconds since 1970, ascending within each shop. Orders that are not ``judged`` are approved, and
    remembered.
    """
    saved, verdicts = gains(probability, total), by_cost(probability, total)
    found = np.zeros(len(total), np.int64)
    for one in np.unique(shop).tolist():
        known, day, left = Pace(), -1, 0
        for row in np.flatnonzero(shop == one).tolist():
            now = datetime.fromtimestamp(float(at[row]), UTC)
            if now.toordinal() != day:
                day, left = now.toordinal(), looks
            if judged[row] and left and verdicts[row] and saved[row] >= known.bar(now, left):
                found[row], left = verdicts[row], left - 1
            known = known.after(now, float(saved[row]))
    return found


def thresholded(probability: Floats, threshold: float, days: Ints, looks: int, course: Ruling = Ruling.HOLD) -> Ints:
    """Hold (or review) at or above a fixed threshold, within each day's room."""
    looked = within_budget(np.where(probability >= threshold, 1.0, 0.0), days, room_for(days, looks))
    return np.where(looked, list(Ruling).index(course), 0)


def best_fixed(one: Judged, days: Ints, looks: int) -> Ints:
    """The fixed threshold that would have cost least on these very orders, and the better of holding and reviewing
    above it, budget kept."""
    tried = np.unique(np.quantile(one.probability, np.append(1 - np.geomspace(0.0005, 0.2, 60), 1.0)))
    courses = (Ruling.HOLD, Ruling.REVIEW)
    each = (thresholded(one.probability, float(at), days, looks, course) for at in [*tried, 2.0] for course in courses)
    return min(each, key=lambda verdicts: float(paid(verdicts, one.label, one.total).sum()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of the looks that are named, all without a name."""
    looks = {"last": _last, "few": _few, "countries": _countries, "bursts": _bursts}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("looks", nargs="*", help=f"of: {', '.join(looks)}")
    for name in parser.parse_args(arguments).looks or list(looks):
        for what, value in looks[name]().items():
            print(f"{name}: {what}: {value}", flush=True)
    return 0


def _year() -> Simulated:
    return simulated(kept=KEPT_ROWS)


def _last() -> dict[str, Any]:
    return last_look(_year())


def _bursts() -> dict[str, Any]:
    return burst_alarms(_year())


def _countries() -> dict[str, Any]:
    return countries(simulated(seed=77, scale=0.4, equal_risk=True, kept=EQUAL_ROWS), shipped())


def without(shops: Sequence[str]) -> Judge:
    """The base as it would be, had these shops never been simulated."""
    known = taught(street())
    left_out = [place for place, shop in enumerate(SHOPS) if shop.name in shops]
    return learned(known.rows(~np.isin(known.shop % len(SHOPS), left_out)))


def _few() -> dict[str, Any]:
    year = _year()
    folds = few_folds(year)
    as_it_comes, adapted = few_labels(year, without(NEW_SHOPS), folds)
    found = {"base as it comes": means(as_it_comes), "with 500 labels": means(adapted)}
    x, text = matrix(year.table)
    theirs = peer(x, text, year.label, folds)
    if theirs:
        peers = [average_precision(year.label[t], p, np.ones(len(t))) for (_, t), p in zip(folds, theirs, strict=True)]
        found |= {"LightGBM with 500 labels": means(peers), "ours less LightGBM": differences(adapted, peers)}
    return found


def last_look(year: Simulated) -> dict[str, Any]:
    """Ranking, calibration, few labels and costs."""
    base, table, label, group = shipped(), year.table, year.label, year.group
    last = year.months("last")
    every = sigmoid(base.logit(table))
    probability = every[last]
    theirs = lightgbm(base, base.numbers({name: values[last] for name, values in table.items()}))
    totals = np.array([record.total for record in year.records])
    at = np.array([record.created_at.timestamp() for record in year.records])
    shop = np.unique([record.shop for record in year.records], return_inverse=True)[1].astype(np.int64)
    y, total = label[last], totals[last]
    weights = again(group[last], 1)
    found: dict[str, Any] = {"orders": len(y), "frauds": int(y.sum())}
    found["ap"] = _interval(average_precision, y, probability, weights)
    found["ece"] = _interval(calibration_error, y, probability, weights)
    found["cost approve all"] = _mean(paid(np.zeros(len(y), np.int64), y, total), weights)
    if theirs is not None:
        found["ap LightGBM"] = _interval(average_precision, y, theirs, weights)
        draws = [average_precision(y, probability, w) - average_precision(y, theirs, w) for w in weights]
        ones = np.ones(len(y))
        gap = average_precision(y, probability, ones) - average_precision(y, theirs, ones)
        found["ap ours less LightGBM"] = interval(gap, draws)
    one, days = Judged(y, probability, total, group[last]), shop_days(shop[last], at[last])
    for name, looks in BUDGETS.items():
        ours = decided(every, totals, at, shop, last, looks)[last]
        spent = _spent(one, theirs, days, ours, looks, weights)
        found |= {f"{name}: {what}": value for what, value in spent.items()}
    return found


def _spent(
    one: Judged, theirs: Floats | None, days: Ints, ours: Ints, looks: int, weights: Sequence[Floats]
) -> dict[str, Any]:
    """Cost an order within the day's room: ours, and of the best thresholds in hindsight."""
    y, total = one.label, one.total
    spent = paid(ours, y, total)
    fixed = paid(best_fixed(one, days, looks), y, total)
    found: dict[str, Any] = {
        "cost ours": _mean(spent, weights),
        "most looks in a day": int(np.bincount(days[ours > 0]).max(initial=0)),
        "cost of the best fixed threshold, in hindsight": _mean(fixed, weights),
        "saved against it": _mean(fixed - spent, weights),
    }
    if theirs is not None:
        peer_cost = paid(best_fixed(Judged(y, theirs, total, one.group), days, looks), y, total)
        found["cost of LightGBM's best threshold, in hindsight"] = _mean(peer_cost, weights)
        found["saved against LightGBM"] = _mean(peer_cost - spent, weights)
    return found


def _interval(measure: Any, y: Floats, p: Floats, weights: Sequence[Floats]) -> Interval:
    return interval(measure(y, p, np.ones(len(y))), [measure(y, p, w) for w in weights])


def _mean(each: Floats, weights: Sequence[Floats]) -> Interval:
    return interval(float(each.mean()), [float((each * w).sum() / w.sum()) for w in weights])


if __name__ == "__main__":
    sys.exit(main())
