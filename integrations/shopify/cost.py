"""Shopify's cost bucket, as its answers describe it: we wait before it is empty and not after.

Source: Shopify's documentation of GraphQL rate limits (``extensions.cost.throttleStatus``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

MOST_WAIT_S = 30.0


@dataclass(slots=True)
class Bucket:
    """One store's points: what was left at the last answer, and how fast they come back."""

    clock: Callable[[], float]
    available: float | None = None
    """None until the first answer."""
    restore_rate: float = 100.0
    seen_at: float = 0.0
    costs: dict[str, float] = field(default_factory=dict)
    """What each operation asked for last time: that much must be there before it runs."""

    def wait_s(self, operation: str) -> float:
        """Seconds until the bucket should hold what this operation asks for."""
        if self.available is None:
            return 0.0
        held = self.available + (self.clock() - self.seen_at) * self.restore_rate
        missing = self.costs.get(operation, 0.0) - held
        return min(max(missing / self.restore_rate, 0.0), MOST_WAIT_S)

    def learn(self, operation: str, data: Any) -> None:
        """Take over what an answer says of the bucket; one that says nothing changes nothing."""
        found = _status(data)
        if found is not None:
            self.costs[operation], self.available, self.restore_rate = found
            self.seen_at = self.clock()


def throttled_for_s(data: Any) -> float:
    """Seconds after which a throttled query may be asked again; one where the answer does not say."""
    found = _status(data)
    if found is None:
        return 1.0
    asked, available, restore_rate = found
    return min(max((asked - available) / restore_rate, 0.1), 60.0)


def _status(data: Any) -> tuple[float, float, float] | None:
    """(points asked for, points left, points a second), or None where the answer does not say."""
    extensions = data.get("extensions") if isinstance(data, dict) else None
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    status = cost.get("throttleStatus") if isinstance(cost, dict) else None
    if not isinstance(cost, dict) or not isinstance(status, Mapping):
        return None
    try:
        asked, left = float(cost["requestedQueryCost"]), float(status["currentlyAvailable"])
        rate = max(float(status["restoreRate"]), 1.0)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return (asked, left, rate) if all(isfinite(one) for one in (asked, left, rate)) else None
