"""What is usual in a shop: totals, and how much attention orders deserve. A few numbers in the shop's memory.

They are updated with every order and fade with a half-life, so that a shop which changes is followed. Two orders at
the same moment may lose one of them; a summary of hundreds does not mind.
"""

import json
from dataclasses import asdict, dataclass
from math import log, sqrt
from typing import Final

from chalicelib.domain.money import Money

MEMORY_KEY: Final = "screening/usual"
FADE: Final = 0.5 ** (1 / 1000)
"""An order counts half once a thousand have followed it."""
LEAST: Final = 10
"""Below so many orders nothing is called usual."""
_PRIOR_WEIGHT, _PRIOR_SPREAD = 10.0, 0.8
"""Log totals of small shops spread by about this much; it counts like ten orders."""


@dataclass(frozen=True, slots=True)
class Usual:
    """A faded mean and spread of the natural logarithm of order totals, in one currency."""

    currency: str = ""
    weight: float = 0.0
    mean: float = 0.0
    squares: float = 0.0

    def after(self, total: Money) -> "Usual":
        """With one more order; totals of nothing, and of another currency than the first, are left out."""
        if total.amount <= 0 or self.currency not in ("", total.currency):
            return self
        value = log(float(total.amount))
        weight = self.weight * FADE + 1
        step = (value - self.mean) / weight
        squares = self.squares * FADE + (value - self.mean) * (value - self.mean - step)
        return Usual(total.currency, weight, self.mean + step, squares)

    def beside(self, total: Money) -> float | None:
        """By how many spreads a total lies above (below: negative) the usual; None while too little is known."""
        if self.weight < LEAST or total.currency != self.currency:
            return None
        spread = sqrt((self.squares + _PRIOR_WEIGHT * _PRIOR_SPREAD**2) / (self.weight + _PRIOR_WEIGHT))
        return (log(max(float(total.amount), 0.01)) - self.mean) / spread

    def write(self) -> str:
        """As it is kept in the shop's memory."""
        return json.dumps(asdict(self))


def read_usual(text: str) -> Usual:
    """What ``write`` wrote; anything else is a shop that nothing is known of."""
    try:
        return Usual(**json.loads(text))
    except (ValueError, TypeError):
        return Usual()
