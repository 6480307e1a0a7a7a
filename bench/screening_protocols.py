"""How a file is split, so that nothing tells on what is judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.screening_data import Orders
from functions.screening.columns import Ints

FOLDS: Final = 5
HELD_OUT: Final = 0.25
LEAST_FRAUDS: Final = 3
"""To learn from."""
PROTOCOLS: Final = ("time-split", "grouped-kfold")


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to learn from and rows to judge on."""

    train: Ints
    test: Ints


def splits(orders: Orders, protocol: str, grouped: bool, seed: int = 0) -> list[Split]:
    """``time-split``: learn on the first three quarters, judge the last; where a group was named, identities that were
    learned from are left out of what is judged. ``grouped-kfold``: five folds of whole identities."""
    if protocol == "grouped-kfold":
        return _kfold(orders, seed)
    begin = int(len(orders.label) * (1 - HELD_OUT))
    train, test = np.arange(begin), np.arange(begin, len(orders.label))
    if grouped:
        test = test[~np.isin(orders.group[test], orders.group[train])]
    return [Split(train, test)]


def _kfold(orders: Orders, seed: int) -> list[Split]:
    """Identities with fraud and those without are dealt out apart, so that folds hold about as much of it."""
    names, place = np.unique(orders.group, return_inverse=True)
    bad = np.bincount(place, orders.label, len(names)) > 0
    rng = np.random.default_rng(seed)
    fold = np.zeros(len(names), np.int64)
    for kind in (bad, ~bad):
        members = rng.permutation(np.flatnonzero(kind))
        fold[members] = np.arange(len(members)) % FOLDS
    of_row = fold[place]
    return [Split(np.flatnonzero(of_row != one), np.flatnonzero(of_row == one)) for one in range(FOLDS)]


def with_labels(split: Split, orders: Orders, labels: int, seed: int) -> Split:
    """Only so many labelled rows to learn from: whole identities, drawn at random."""
    if labels >= len(split.train):
        return split
    rng = np.random.default_rng([seed, labels])
    rank = rng.permutation(int(orders.group.max()) + 1)[orders.group[split.train]]
    order = np.argsort(rank, kind="stable")[:labels]
    return Split(np.sort(split.train[order]), split.test)


def usable(split: Split, orders: Orders) -> bool:
    """Whether both sides have fraud and honest orders."""
    sides = (orders.label[split.train], orders.label[split.test])
    return all(0 < side.sum() < len(side) for side in sides) and bool(orders.label[split.train].sum() >= LEAST_FRAUDS)


def usable_splits(found: Sequence[Split], orders: Orders) -> list[Split]:
    """Those that can be judged."""
    return [split for split in found if usable(split, orders)]
