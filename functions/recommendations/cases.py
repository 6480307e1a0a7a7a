"""Questions with known answers: a buyer's past up to a moment, and what was bought after it.

The three protocols that models are chosen and judged by. Nothing placed at or after the moment of the question
is in its past; what a model may learn from is the caller's to cut at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from functions.recommendations.sales import Floats, Ints, Sales

LONGEST_PAST = 2_000
"""Lines of a buyer's past that are looked at, the newest."""


FEWEST_ROWS = 3
"""Leave-one-out needs one row to learn from, one to choose by and one to judge by."""


class Protocol(StrEnum):
    """How a history is turned into questions."""

    TIME_SPLIT = "time-split"
    LEAVE_ONE_OUT = "leave-one-out"
    BASKET = "basket"
    COMPANION = "companion"
    """As basket, but one product is known and all others are the answers: what a product's page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """One question per row of ``starts``; ``starts``, ``target_starts`` and ``blocked_starts`` cut the flat arrays.

    ``items`` are the lines of the past, oldest first, each ``age`` days before the moment and ``step`` baskets
    back (0 is the newest); ``targets`` are the answers; ``blocked`` must not be shown; ``country`` is one a case.
    """

    starts: Ints
    items: Ints
    age: Floats
    step: Ints
    target_starts: Ints
    targets: Ints
    blocked_starts: Ints
    blocked: Ints
    country: Ints

    def __len__(self) -> int:
        """How many questions."""
        return len(self.starts) - 1

    @property
    def row(self) -> Ints:
        """The case of each line of the past."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @property
    def target_row(self) -> Ints:
        """The case of each answer."""
        return np.repeat(np.arange(len(self)), np.diff(self.target_starts))

    @property
    def blocked_row(self) -> Ints:
        """The case of each blocked product."""
        return np.repeat(np.arange(len(self)), np.diff(self.blocked_starts))

    def part(self, first: int, last: int) -> Cases:
        """Cases ``first`` to ``last`` (excluded)."""
        return self.take(np.arange(first, min(last, len(self))))

    def take(self, rows: Ints) -> Cases:
        """These cases, in this order."""
        past, starts = _picked(self.starts, rows)
        answers, target_starts = _picked(self.target_starts, rows)
        out, blocked_starts = _picked(self.blocked_starts, rows)
        return Cases(
            starts=starts, items=self.items[past], age=self.age[past], step=self.step[past],
            target_starts=target_starts, targets=self.targets[answers],
            blocked_starts=blocked_starts, blocked=self.blocked[out], country=self.country[rows],
        )  # fmt: skip

    def sample(self, most: int, seed: int = 0) -> Cases:
        """At most ``most`` cases, drawn with a fixed seed."""
        if len(self) <= most:
            return self
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False)))

    def blocks(self, size: int) -> Iterator[Cases]:
        """All cases, ``size`` at a time."""
        for first in range(0, len(self), size):
            yield self.part(first, first + size)


def _picked(starts: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Places of the flat entries of ``rows``, and the new starts."""
    sizes = starts[rows + 1] - starts[rows]
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return np.arange(ends[-1]) + np.repeat(starts[rows] - ends[:-1], sizes), ends


def time_split(history: Sales, start: float, end: float, *, repeats: bool) -> Cases:
    """One case per buyer known before ``start`` who bought (something new, unless ``repeats``) before ``end``."""
    past, future = history.before(start), history.between(start, end)
    known = np.zeros(history.customers + 1, bool)
    known[past.customer[past.customer >= 0]] = True
    future = future.where((future.customer >= 0) & known[future.customer])
    pairs = np.unique(future.customer * history.items + future.item)
    if not repeats:
        pairs = np.setdiff1d(pairs, past.customer * history.items + past.item, assume_unique=False)
    buyers, target_starts = _grouped(pairs // max(history.items, 1))
    lines = _by_customer(past, buyers)
    return _cases(past, lines, buyers, target_starts, pairs % max(history.items, 1), start, repeats=repeats)


def leave_one_out(history: Sales, held: int = 1) -> tuple[Sales, Cases]:
    """What may be learnt from, and one case per buyer: the row ``held`` from the end, given the rows before it.

    Rows of a buyer are by time, then in file order. The last ``held`` rows of every buyer are left out of what
    may be learnt from; buyers with fewer than three rows are asked nothing and taught from whole.
    """
    order = np.argsort(history.customer, kind="stable")
    buyers, starts = _grouped(history.customer[order])
    sizes = np.diff(starts)
    split = (sizes >= FEWEST_ROWS) & (buyers >= 0)
    place = np.arange(len(order)) - np.repeat(starts[:-1], sizes)
    late = place >= np.repeat(np.where(split, np.maximum(sizes - held, 1), sizes), sizes)
    hidden = np.zeros(len(history), bool)
    hidden[order[late]] = True
    learn = history.where(~hidden)
    asked = split & (sizes > held)
    answers = order[(starts[1:] - held)[asked]]
    buyers = buyers[asked]
    cases = _cases(
        learn, _by_customer(learn, buyers), buyers, np.arange(len(buyers) + 1), history.item[answers],
        history.day[answers], repeats=False, by_row=True,
    )  # fmt: skip
    return learn, cases


def baskets(history: Sales, start: float, end: float, seed: int = 0) -> Cases:
    """One case per basket of two or more placed from ``start`` to ``end``: one product, drawn at random, is hidden."""
    lines = history.between(start, end)
    order = np.argsort(lines.basket, kind="stable")
    _, starts = _grouped(lines.basket[order])
    large = np.flatnonzero(np.diff(starts) > 1)
    places, cuts = _picked(starts, large)
    sizes = np.diff(cuts)
    hidden = cuts[:-1] + np.random.default_rng(seed).integers(0, np.maximum(sizes, 1))
    rest = np.ones(len(places), bool)
    rest[hidden] = False
    item, country = lines.item[order][places], lines.country[order][places]
    begins = np.concatenate([[0], np.cumsum(sizes - 1)]).astype(np.int64)
    return Cases(
        starts=begins, items=item[rest], age=np.zeros(int(rest.sum())), step=np.zeros(int(rest.sum()), np.int64),
        target_starts=np.arange(len(large) + 1), targets=item[hidden],
        blocked_starts=begins, blocked=item[rest], country=country[hidden],
    )  # fmt: skip


def companions(history: Sales, start: float, end: float, seed: int = 0) -> Cases:
    """One case per basket of two or more: one product, drawn at random, is looked at, the others are bought along."""
    hidden = baskets(history, start, end, seed)
    return Cases(
        starts=np.arange(len(hidden) + 1), items=hidden.targets, age=np.zeros(len(hidden)),
        step=np.zeros(len(hidden), np.int64), target_starts=hidden.starts, targets=hidden.items,
        blocked_starts=np.arange(len(hidden) + 1), blocked=hidden.targets, country=np.full(len(hidden), -1),
    )  # fmt: skip


def whole_baskets(history: Sales, start: float, end: float) -> Cases:
    """One case per basket placed from ``start`` to ``end``, without a past: everything in it is an answer."""
    lines = history.between(start, end)
    order = np.argsort(lines.basket, kind="stable")
    _, starts = _grouped(lines.basket[order])
    none, count = np.empty(0, np.int64), len(starts) - 1
    return Cases(
        starts=np.zeros(count + 1, np.int64), items=none, age=np.empty(0), step=none, target_starts=starts,
        targets=lines.item[order], blocked_starts=np.zeros(count + 1, np.int64), blocked=none,
        country=lines.country[order][starts[:-1]],
    )  # fmt: skip


def _grouped(keys: Ints) -> tuple[Ints, Ints]:
    """Distinct values of sorted ``keys``, and where each begins (with the end)."""
    if not len(keys):
        return keys.astype(np.int64), np.zeros(1, np.int64)
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first].astype(np.int64), np.append(first, len(keys)).astype(np.int64)


def _by_customer(past: Sales, buyers: Ints) -> tuple[Ints, Ints]:
    """Places of the buyers' lines, oldest first, and where each buyer's begin."""
    order = np.argsort(past.customer, kind="stable")
    customer = past.customer[order]
    begin = np.searchsorted(customer, buyers)
    end = np.searchsorted(customer, buyers, side="right")
    begin = np.maximum(begin, end - LONGEST_PAST)
    sizes = end - begin
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return order[np.arange(starts[-1]) + np.repeat(begin - starts[:-1], sizes)], starts


def _cases(
    past: Sales, lines: tuple[Ints, Ints], buyers: Ints, target_starts: Ints, targets: Ints,
    moment: Floats | float, *, repeats: bool, by_row: bool = False,
) -> Cases:  # fmt: skip
    places, starts = lines
    row = np.repeat(np.arange(len(buyers)), np.diff(starts))
    at = np.broadcast_to(np.asarray(moment, np.float64), (len(buyers),))
    seen = np.unique(row * max(past.items, 1) + past.item[places])
    blocked_row = seen // max(past.items, 1)
    cuts = np.searchsorted(blocked_row, np.arange(len(buyers) + 1)).astype(np.int64)
    ends = np.maximum(starts[1:] - 1, 0)
    country = past.country[places[ends]] if len(places) else np.full(len(buyers), -1, np.int64)
    return Cases(
        starts=starts, items=past.item[places], age=np.maximum(at[row] - past.day[places], 0.0),
        step=_steps(row, np.arange(len(places)) if by_row else past.basket[places], starts),
        target_starts=target_starts, targets=targets.astype(np.int64),
        blocked_starts=np.zeros_like(cuts) if repeats else cuts,
        blocked=np.empty(0, np.int64) if repeats else seen % max(past.items, 1),
        country=country,
    )  # fmt: skip


def _steps(row: Ints, basket: Ints, starts: Ints) -> Ints:
    """How many baskets each line lies before its buyer's newest."""
    if not len(row):
        return np.empty(0, np.int64)
    fresh = np.concatenate([[False], (basket[1:] != basket[:-1]) | (row[1:] != row[:-1])])
    number = np.cumsum(fresh)
    return number[starts[1:] - 1][row] - number
