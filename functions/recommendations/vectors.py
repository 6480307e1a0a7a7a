"""What is known of every product and every buyer from sales alone: demand, trend, age, price, habit.

All of it is taken from the sales that are handed in, so that cutting those cuts everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from functions.recommendations.cases import Cases
from functions.recommendations.sales import Floats, Ints, Sales, Scores

DEMAND_DAYS = (7, 14, 30, 90, 10_000)
FIRST_DAYS = (7, 14, 30, 60)
COUNTRY_DAYS = 60
COUNTRIES = 12
"""Countries with a row of their own, those with most lines; elsewhere the shop's common demand speaks."""
TASTE_DAYS = 120
"""Half-life of a line in a buyer's taste."""
OFF_RECORD = 400.0
"""Days since the last sale of what was never sold."""

PRODUCT = (
    *(f"demand_{days}" for days in DEMAND_DAYS), *(f"first_{days}" for days in FIRST_DAYS),
    "age", "stale", "price", "quantity", "abroad", "repeat",
)  # fmt: skip
"""Rows of ``Vectors.values`` in front of the countries."""
TASTES = ("price", "quantity", "abroad", "age", "first_14")
BUYER = ("one", "lines", "baskets", "last", *(f"taste_{name}" for name in TASTES))
"""Columns of ``buyers``."""
OWN = (
    "seen", "times", "times_30", "times_90", "since", "share", "overdue", "repeat", "stale", "demand_30", "seen_away",
    "seen_regular",
)  # fmt: skip
"""Columns of ``own``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """``values`` float32 (PRODUCT, then one row per country in ``countries``; products), standardised rows."""

    values: Scores
    countries: Ints

    def row(self, name: str) -> Scores:
        """One product vector."""
        found: Scores = self.values[PRODUCT.index(name)]
        return found


def vectors(learn: Sales, moment: float) -> Vectors:
    """Product vectors as they were known at ``moment`` (days; ``learn`` holds nothing later)."""
    rows = [*_demand(learn, moment), *_firsts(learn, moment), *_character(learn, moment)]
    countries = _countries(learn)
    near = learn.where(moment - learn.day <= COUNTRY_DAYS)
    local = [_count(near.item[near.country == place], learn.items) for place in countries]
    values = [_standard(row) for row in rows] + [row - row.mean() for row in local]
    return Vectors(values=np.stack(values).astype(np.float32), countries=countries)


def _demand(learn: Sales, moment: float) -> list[Floats]:
    """Distinct buyers per product over the last days; an unknown buyer counts by basket."""
    who = np.where(learn.customer >= 0, learn.customer, learn.customers + learn.basket)
    found = []
    for days in DEMAND_DAYS:
        recent = moment - learn.day <= days
        pairs = np.unique(who[recent] * learn.items + learn.item[recent])
        found.append(_count(pairs % max(learn.items, 1), learn.items))
    return found


def _firsts(learn: Sales, moment: float) -> list[Floats]:
    """How often buyers who had bought before bought a product for their first time."""
    fresh = _first_of_pair(learn) & _returning(learn)
    return [
        _count(learn.item[fresh & (moment - learn.day <= days)], learn.items) for days in FIRST_DAYS
    ]


def _first_of_pair(learn: Sales) -> np.ndarray:
    first = np.zeros(len(learn), bool)
    first[np.unique(learn.customer * learn.items + learn.item, return_index=True)[1]] = True
    return first & (learn.customer >= 0)


def _returning(learn: Sales) -> np.ndarray:
    begun = np.full(learn.customers + 1, np.inf)
    np.minimum.at(begun, learn.customer, learn.day)
    return (learn.customer >= 0) & (learn.day > begun[learn.customer] + 0.5)


def _character(learn: Sales, moment: float) -> list[Floats]:
    """Age and staleness in ln days, mean ln price and quantity, share sold abroad, share of repeats."""
    count = np.bincount(learn.item, minlength=learn.items)
    begun = np.full(learn.items, moment)
    np.minimum.at(begun, learn.item, learn.day)
    newest = np.full(learn.items, moment - OFF_RECORD)
    np.maximum.at(newest, learn.item, learn.day)
    home = np.bincount(learn.country[learn.country >= 0], minlength=1).argmax()
    abroad = (learn.country >= 0) & (learn.country != home)
    again = ~_first_of_pair(learn) & (learn.customer >= 0)
    return [
        np.log1p(np.maximum(moment - begun, 0)), np.log1p(np.maximum(moment - newest, 0)),
        _mean(learn.item, np.log(learn.price + 0.01), learn.price > 0, learn.items),
        _mean(learn.item, np.log(np.maximum(learn.quantity, 1e-3)), learn.quantity > 0, learn.items),
        np.bincount(learn.item, weights=abroad, minlength=learn.items) / (count + 3),
        np.bincount(learn.item, weights=again, minlength=learn.items) / (count + 5),
    ]  # fmt: skip


def _mean(item: Ints, value: Floats, known: np.ndarray, items: int) -> Floats:
    """Mean per product; the mean of all where a product has none."""
    count = np.bincount(item[known], minlength=items)
    total = np.bincount(item[known], weights=value[known], minlength=items)
    overall = float(value[known].mean()) if known.any() else 0.0
    return np.where(count > 0, total / np.maximum(count, 1), overall)


def _countries(learn: Sales) -> Ints:
    counts = np.bincount(learn.country[learn.country >= 0], minlength=1)
    largest = np.argsort(-counts, kind="stable")[:COUNTRIES]
    return np.sort(largest[counts[largest] > 0])


def _count(item: Ints, items: int) -> Floats:
    return np.log1p(np.bincount(item, minlength=items))


def _standard(row: Floats) -> Floats:
    return (row - row.mean()) / (row.std() + 1e-9)


def buyers(known: Vectors, cases: Cases) -> Scores:
    """What a buyer's past says about taste and habit: (cases, BUYER)."""
    count, row = len(cases), cases.row
    lines = np.bincount(row, minlength=count)
    last, steps = np.full(count, OFF_RECORD), np.zeros(count)
    np.minimum.at(last, row, cases.age)
    np.maximum.at(steps, row, cases.step)
    weight = np.exp2(-cases.age / TASTE_DAYS)
    total = np.bincount(row, weights=weight, minlength=count) + 1e-6
    tastes = [
        np.bincount(row, weights=known.row(name)[cases.items] * weight, minlength=count) / total for name in TASTES
    ]
    # Centred and scaled roughly, so that one ridge suits all columns.
    columns = [
        np.ones(count), (np.log1p(lines) - 3.0) / 1.2, np.log1p(steps) - 1.2, (np.log1p(last) - 3.5) / 1.2, *tastes,
    ]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def own(known: Vectors, cases: Cases) -> Scores:
    """What having bought a product says about buying it again: (lines, OWN), at its newest line, else zeros."""
    row = cases.row
    pair = row * known.values.shape[1] + cases.items
    _, newest, inverse = np.unique(pair[::-1], return_index=True, return_inverse=True)
    place, group = len(pair) - 1 - newest, inverse[::-1]
    times, near, nearer, oldest = (np.zeros(len(place)) for _ in range(4))
    np.add.at(times, group, 1.0)
    np.add.at(near, group, np.exp2(-cases.age / 90))
    np.add.at(nearer, group, np.exp2(-cases.age / 30))
    np.maximum.at(oldest, group, cases.age)
    baskets, away = np.zeros(len(cases)), np.full(len(cases), OFF_RECORD)
    np.maximum.at(baskets, row, cases.step + 1.0)
    np.minimum.at(away, row, cases.age)
    since, item = cases.age[place], cases.items[place]
    gap = (oldest - since + 30.0) / times
    found = np.zeros((len(pair), len(OWN)), np.float32)
    found[place] = np.stack([
        np.ones(len(place)), np.log(times), np.log(nearer + 0.05), np.log(near + 0.05), np.log1p(since) - 4.0,
        times / baskets[row[place]], np.log((since + 1.0) / gap), known.row("repeat")[item],
        known.row("stale")[item], known.row("demand_30")[item], np.log1p(away[row[place]]) - 3.5,
        np.log(baskets[row[place]]) - 1.2,
    ], axis=1)  # fmt: skip
    return found
