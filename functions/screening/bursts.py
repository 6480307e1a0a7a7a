"""Somebody is trying out stolen cards, right now: told from counters alone, without any label.

Card testing is a burst of small orders, by card, from buyers nobody has met, within minutes. Each such order is
counted; the burst is told once more of them arrive within ten minutes than this shop would see by chance in years.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import Final

from chalicelib.contracts import EVERYBODY, CounterKey, CounterUpdate
from chalicelib.domain.evidence import Reason
from chalicelib.domain.orders import Order

WINDOW: Final = 600
DAY: Final = 86_400
WEEK: Final = 7 * DAY
LEAST: Final = 4
"""Fewer are never called a burst."""
CHANCE: Final = 1e-6
"""How improbable a window must be under the shop's usual pace: at 144 windows a day, once in twenty years."""
UNUSUAL: Final = 5.0
"""Buyers come in bunches (sales, mailings), so the usual pace may be this many times the week's mean."""
RECENT: Final = CounterKey("strangers", EVERYBODY, WINDOW)
USUAL: Final = CounterKey("strangers", EVERYBODY, WEEK)


@dataclass(frozen=True, slots=True)
class Burst:
    """An attack that seems to be going on."""

    orders: int
    """In the last ten minutes."""
    usual: float
    """How many this shop sees in ten minutes."""
    reason: Reason


def suspicious(order: Order, row: Mapping[str, float | str | None]) -> bool:
    """Whether an order is of the kind that card testers place: small, and from a buyer with no past here."""
    small = row.get("amount_vs_shop")
    earlier = row.get("orders_before")
    stranger = earlier is None or earlier == 0
    return stranger and isinstance(small, float) and small < -1.0 and row.get("paid_with") in (None, "card", "wallet")


def keys() -> frozenset[CounterKey]:
    """The counters to read."""
    return frozenset({RECENT, USUAL})


def updates(order: Order, row: Mapping[str, float | str | None]) -> tuple[CounterUpdate, ...]:
    """What a suspicious order adds; nothing for any other."""
    return (CounterUpdate(USUAL, order.created_at, order.id),) if suspicious(order, row) else ()


def burst(counters: Mapping[CounterKey, int]) -> Burst | None:
    """A burst, from the counters after the order at hand was counted in; None while all is as usual."""
    recent = counters.get(RECENT, 0)
    before = max(0, counters.get(USUAL, 0) - recent)
    usual = (before + 1) * WINDOW / WEEK
    if recent < LEAST or _tail(recent, usual * UNUSUAL) > CHANCE:
        return None
    reason = Reason(
        text="{count} small orders of unknown buyers came within ten minutes: somebody may be trying out stolen cards",
        values=(("count", str(recent)),),
    )
    return Burst(recent, usual, reason)


def _tail(count: int, mean: float) -> float:
    """P(at least ``count``) of a Poisson variable."""
    term, total = exp(-mean), 0.0
    for k in range(count):
        total += term
        term *= mean / (k + 1)
    return max(0.0, 1.0 - total)
