"""Whether honest buyers of one country, or language, are held more often than those of another; and what evens it out.

The model sees no country. Differences come in through what goes with one (distance, addresses nobody can check), so
they are measured on orders that turned out fine, shown with intervals, and evened out by thresholds that are shown too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.fairness import Group, Share
from functions.screening.columns import Floats

LEAST: Final = 100
"""Honest orders below which nothing is said of a group."""
SHRINK: Final = 300.0
"""A group's own threshold counts like its orders, the common one like so many."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often honest orders of one group were held or looked at, with a 95 % interval (Wilson)."""

    group: str
    orders: int
    held: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """0 to 1"""
        return self.held / self.orders


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest difference between two groups, with a 95 % interval (Newcombe), as shares of orders."""

    most: str
    least: str
    points: float
    low: float
    high: float

    def exceeds(self, bound: float) -> bool:
        """Whether it is over the merchant's bound, and not by chance."""
        return self.points > bound and self.low > 0


def rates(held: Sequence[bool], groups: Sequence[str]) -> tuple[Rate, ...]:
    """Per group with orders enough, the most often held first; give orders that turned out fine."""
    count: dict[str, list[int]] = {}
    for one, group in zip(held, groups, strict=True):
        both = count.setdefault(group, [0, 0])
        both[0] += 1
        both[1] += one
    found = [Rate(group, n, k, *wilson(k, n)) for group, (n, k) in count.items() if group and n >= LEAST]
    return tuple(sorted(found, key=lambda rate: (-rate.rate, rate.group)))


def gap(found: Sequence[Rate]) -> Gap | None:
    """Between the first and the last; None where there are not two groups."""
    if len(found) < 2:
        return None
    most, least = found[0], found[-1]
    pair = Group(most.group, Share(most.held, most.orders), Share(least.held, least.orders))
    return Gap(most.group, least.group, pair.gap, *pair.gap_interval)


def wilson(count: int, of: int) -> tuple[float, float]:
    """A 95 % interval of a share (Wilson 1927)."""
    return Share(count, of).interval


def offsets(logit: Floats, honest: NDArray[np.bool_], groups: Sequence[str], share: float) -> Mapping[str, float]:
    """What to take off a group's log odds so that about ``share`` of its honest orders lie above the common threshold.

    Groups with few orders stay near the common threshold.
    """
    names = np.array(groups)
    common = float(np.quantile(logit[honest], 1 - share))
    found = {}
    for group in np.unique(names[honest]).tolist():
        own = logit[honest & (names == group)]
        if group and len(own) >= LEAST:
            moved = float(np.quantile(own, 1 - share)) - common
            found[group] = moved * len(own) / (len(own) + SHRINK)
    return found
