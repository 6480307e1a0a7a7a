"""What a look is worth that is kept for later in the day: the looks go to the orders that need them most, whenever
they come.

The shop's memory holds the last orders at which looking would have paid. Those that came later in the day than it is
now stand for what is still to come; of these the day's last looks would take the best. With k looks left, one more is
worth what the k-th best of them would save, and an order that would save less is let go:

    bar = E[k-th largest gain still to come] = integral over g of P(N(g) >= k)    N(g) ~ Poisson(orders a day above g)

A bid price (Talluri & van Ryzin 2004, "The Theory and Practice of Revenue Management") for a stochastic knapsack of
like things (Kleywegt & Papastavrou 1998). A quiet day asks for nothing; a burst of small orders that takes most of a
day's looks raises the bar for its own last ones, and leaves some for the dear order of the evening.

Two orders at the same moment may lose one of them; a summary of two hundred does not mind.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

MEMORY_KEY: Final = "screening/pace"
MOST: Final = 200
LEAST: Final = 20
"""Before so many orders that deserved a look, the day's looks go to whoever comes first."""
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Pace:
    """The last orders that deserved a look: when they were judged (seconds since 1970), and what it would have saved.

    All orders count from ``since`` to ``until``, so that a shop whose orders seldom deserve one is known as such.
    """

    since: int = 0
    until: int = 0
    at: tuple[int, ...] = ()
    saved: tuple[float, ...] = ()

    def after(self, at: datetime, saved: float) -> "Pace":
        """With one more order."""
        now = int(at.timestamp())
        seen = replace(self, since=self.since or now, until=max(self.until, now))
        fine = round(saved, 2) if isfinite(saved) else 0.0
        if fine <= 0:
            return seen
        forgotten = max(0, len(self.at) + 1 - MOST)
        since = self.at[forgotten - 1] if forgotten else seen.since
        return replace(seen, since=since, at=(*self.at, now)[forgotten:], saved=(*self.saved, fine)[forgotten:])

    def bar(self, now: datetime, left: int) -> float:
        """What a look must save at least, with ``left`` of them until the day (UTC) ends; in the shop's currency."""
        if len(self.at) < LEAST or left < 1:
            return 0.0
        days = max((self.until - self.since) / DAY_S, 1.0)
        later = np.array(self.at) % DAY_S > int(now.timestamp()) % DAY_S
        gains = np.sort(np.array(self.saved)[later])[::-1]
        above = np.arange(1, len(gains) + 1) / days
        steps = gains - np.append(gains[1:], 0.0)
        return float((steps * _at_least(left, above)).sum())

    def write(self) -> str:
        """As it is kept."""
        return json.dumps({"since": self.since, "until": self.until, "at": self.at, "saved": self.saved})


def _at_least(k: int, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(N >= k) of Poisson counts."""
    term = np.exp(-mean)
    below = term.copy()
    for count in range(1, k):
        term = term * mean / count
        below += term
    return np.clip(1.0 - below, 0.0, 1.0)


def read(text: str) -> Pace:
    """What ``write`` wrote; anything else is a shop that nothing is known of."""
    try:
        kept = json.loads(text)
        at, saved = tuple(map(int, kept["at"])), tuple(map(float, kept["saved"]))
        return Pace(int(kept["since"]), int(kept["until"]), at, saved) if len(at) == len(saved) else Pace()
    except (ValueError, TypeError, KeyError):
        return Pace()
