"""Whether honest buyers of one place are held up more often than those of the others.

Shares come with Wilson's score interval; the difference of two with Newcombe's (his method 10), both at 95 %:
E. B. Wilson (1927), JASA 22; R. G. Newcombe (1998), Statistics in Medicine 17, 873-890.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z = 1.96
FEWEST = 30
"""With fewer orders of a group nothing is said of it."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, between 0 and 1."""
        if not self.of:
            return 0.0, 1.0
        centre = self.value + Z * Z / (2 * self.of)
        spread = Z * sqrt(self.value * (1 - self.value) / self.of + (Z / (2 * self.of)) ** 2)
        scale = 1 + Z * Z / self.of
        return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


@dataclass(frozen=True, slots=True)
class Group:
    """One group beside all others together."""

    name: str
    share: Share
    others: Share

    @property
    def gap(self) -> float:
        """By how much this group is held more often (negative: less often) than the others."""
        return self.share.value - self.others.value

    @property
    def gap_interval(self) -> tuple[float, float]:
        """Newcombe's."""
        (low, high), (low_2, high_2) = self.share.interval, self.others.interval
        one, two = self.share.value, self.others.value
        below = sqrt((one - low) ** 2 + (high_2 - two) ** 2)
        above = sqrt((high - one) ** 2 + (two - low_2) ** 2)
        return self.gap - below, self.gap + above

    def exceeds(self, bound: float) -> bool:
        """Whether the gap is over a bound, and not for chance alone."""
        return self.share.of >= FEWEST and self.gap > bound and self.gap_interval[0] > 0


def groups(orders: Iterable[tuple[str, bool]]) -> list[Group]:
    """Of (group, held) pairs, one per order that did not turn out to be fraud: each group that is large enough,
    the most often held first. Orders of no known group count among the others."""
    every, held = Counter[str](), Counter[str]()
    for name, hit in orders:
        every[name] += 1
        held[name] += hit
    all_orders, all_held = every.total(), held.total()
    found = [
        Group(name, Share(held[name], count), Share(all_held - held[name], all_orders - count))
        for name, count in every.items()
        if name and count >= FEWEST and all_orders > count
    ]
    return sorted(found, key=lambda group: (-group.share.value, group.name))
