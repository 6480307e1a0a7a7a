"""How many orders a day deserve a look: what looking would have saved on the last hundred, in the shop's memory.

Two orders at the same moment may lose one of them; a summary of a hundred does not mind.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Final

from functions.screening.deciding import bar_for

MEMORY_KEY: Final = "screening/pace"
MOST: Final = 100
LEAST: Final = 30
"""Before so many orders the day's looks go to whoever comes first."""
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Pace:
    """The last orders: when they were judged (seconds since 1970), and what looking at each would have saved."""

    at: tuple[int, ...] = ()
    saved: tuple[float, ...] = ()

    def after(self, at: datetime, saved: float) -> "Pace":
        """With one more order."""
        fine = round(saved, 2) if isfinite(saved) else 0.0
        return Pace((*self.at, int(at.timestamp()))[-MOST:], (*self.saved, fine)[-MOST:])

    def bar(self, per_day: int) -> float:
        """What a look must save at least, so that the day's looks go to the orders that need them most."""
        if len(self.at) < LEAST:
            return 0.0
        days = max(max(self.at) - min(self.at), 1) / DAY_S
        return bar_for(self.saved, len(self.at) / days, per_day)

    def write(self) -> str:
        """As it is kept."""
        return json.dumps({"at": self.at, "saved": self.saved})


def read(text: str) -> Pace:
    """What ``write`` wrote; anything else is a shop that nothing is known of."""
    try:
        kept = json.loads(text)
        return Pace(tuple(map(int, kept["at"])), tuple(map(float, kept["saved"])))
    except (ValueError, TypeError, KeyError):
        return Pace()
