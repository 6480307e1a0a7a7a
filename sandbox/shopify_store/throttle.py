"""Shopify's leaky bucket of query cost points: 2,000 points, 100 a second on the standard plan (recorded)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LARGEST_QUERY = 1000


@dataclass(slots=True, kw_only=True)
class Bucket:
    """What is left of an app's points at one shop."""

    clock: Callable[[], datetime]
    maximum: float = 2000
    restore_rate: float = 100
    available: float = field(init=False)
    checked_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """A bucket starts full."""
        self.available, self.checked_at = self.maximum, self.clock()

    def refill(self) -> None:
        """Adds what has flowed in since the last look; a clock that goes back adds nothing."""
        now = self.clock()
        elapsed = max(0.0, (now - self.checked_at).total_seconds())
        self.available = min(self.maximum, self.available + elapsed * self.restore_rate)
        self.checked_at = now

    def take(self, cost: float) -> bool:
        """Takes the points if they are there."""
        self.refill()
        if cost > self.available:
            return False
        self.available -= cost
        return True

    def give_back(self, points: float) -> None:
        """Returns what was asked for and not used."""
        self.available = min(self.maximum, self.available + points)

    def report(self, requested: int, actual: int | None) -> dict[str, Any]:
        """``extensions.cost`` of an answer."""
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": int(self.maximum),
                "currentlyAvailable": int(self.available),
                "restoreRate": int(self.restore_rate),
            },
        }
