"""Pairs of products that the same buyer bought near each other: what is bought next, and how soon after.

    i bought ──► j bought d steps later:  forward  fade ** (d - 1)
    i bought ◄── j bought d steps before: backward fade ** (d - 1) * back
    i and j in one step:                           same

Steps are baskets, or single rows where the order of rows is all that is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from functions.recommendations.sales import Floats, Ints, Sales
from functions.recommendations.tables import Table, halved

_CHUNK = 20_000_000
"""Pairs held at a time."""
_TABLE = 6_000
"""Up to so many products pairs are added up in a table of all against all (290 MB), else by sorting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """How much a pair counts; ``reach`` is rows apart at most, ``half_life`` days since the later of the two."""

    reach: int = 50
    fade: float = 0.7
    back: float = 0.5
    same: float = 1.0
    half_life: float | None = None
    by_row: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """What a pair's weight is divided by: ``count_i ** of * count_j ** to + shrink``."""

    of: float = 0.5
    to: float = 0.5
    shrink: float = 1.0


def transitions(bought: Sales, near: Nearness, normal: Normal, k: int = 100) -> Table:
    """For each product the k products most often bought near it by the same buyers."""
    keys, weights = _summed(_pairs(bought, near), max(bought.items, 1))
    row, column = keys // max(bought.items, 1), keys % max(bought.items, 1)
    count = _counts(bought, near)
    score = weights / (count[row] ** normal.of * count[column] ** normal.to + normal.shrink)
    return ranked(row, column, score, bought.items, k)


def _counts(bought: Sales, near: Nearness) -> Floats:
    """Weighted purchases of each product, at least a trace."""
    weight = _fresh(bought.day, bought.last_day, near.half_life)
    return np.maximum(np.bincount(bought.item, weights=weight, minlength=bought.items), 1e-6)


def _fresh(day: Floats, now: float, half_life: float | None) -> Floats:
    return np.ones(len(day)) if half_life is None else np.exp2((day - now) / half_life)


def _pairs(bought: Sales, near: Nearness) -> Iterator[tuple[Ints, Floats]]:
    """(row product x products + column product, weight), one batch per distance in rows."""
    known = bought.where(bought.customer >= 0)
    order = np.argsort(known.customer, kind="stable")
    customer, item, day = known.customer[order], known.item[order], known.day[order]
    basket = np.arange(len(order)) if near.by_row else known.basket[order]
    step = np.cumsum(np.concatenate([[0], basket[1:] != basket[:-1]])) if len(order) else basket
    fresh = _fresh(day, bought.last_day, near.half_life)
    for apart in range(1, min(near.reach, len(order) - 1) + 1):
        early = np.flatnonzero(customer[apart:] == customer[:-apart])
        if not len(early):
            return
        late = early + apart
        early, late = early[item[early] != item[late]], late[item[early] != item[late]]
        steps = step[late] - step[early]
        forward = np.where(steps == 0, near.same, near.fade ** np.maximum(steps - 1, 0)) * fresh[late]
        backward = np.where(steps == 0, forward, forward * near.back)
        yield item[early] * bought.items + item[late], forward
        yield item[late] * bought.items + item[early], backward


def _summed(parts: Iterator[tuple[Ints, Floats]], items: int) -> tuple[Ints, Floats]:
    """Equal keys added up, a bounded number of pairs at a time."""
    if items <= _TABLE:
        table = np.zeros(items * items)
        for key, weight in parts:
            np.add.at(table, key, weight)
        found = np.flatnonzero(table)
        return found, table[found]
    keys, weights, held = [np.empty(0, np.int64)], [np.empty(0)], 0
    for key, weight in parts:
        keys.append(key)
        weights.append(weight)
        held += len(key)
        if held > _CHUNK:
            key, weight = _merged(np.concatenate(keys), np.concatenate(weights))
            keys, weights, held = [key], [weight], 0
    return _merged(np.concatenate(keys), np.concatenate(weights))


def _merged(key: Ints, weight: Floats) -> tuple[Ints, Floats]:
    order = np.argsort(key, kind="stable")
    key, weight = key[order], weight[order]
    first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.empty(0, np.int64)
    return key[first], np.add.reduceat(weight, first) if len(first) else weight


def ranked(row: Ints, column: Ints, score: Floats, items: int, k: int) -> Table:
    """The k columns with the largest scores of each row, as a table."""
    order = np.lexsort((column, -score, row))
    row, column, score = row[order], column[order], score[order]
    rank = np.arange(len(row)) - np.searchsorted(row, np.arange(items))[row]
    kept = rank < k
    found = np.full((items, k), -1, np.int32)
    weights = np.zeros((items, k), np.float32)
    found[row[kept], rank[kept]] = column[kept]
    weights[row[kept], rank[kept]] = score[kept]
    return halved(found, weights)
