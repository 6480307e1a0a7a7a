"""What a merchant tells us besides the store: unit costs, and what competitors ask.

Both live in the shop's memory under one key per variant; these are their names and their text. Nothing here
concerns a buyer.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.domain.ids import VariantId
from chalicelib.domain.money import Money

COSTS, RIVALS = "price|cost|", "price|rival|"
FRESH = timedelta(days=14)
"""A competitor's price that nobody has seen for longer says nothing of today."""
KEPT = 104
"""Sightings kept per variant: two years of weeks."""
SAME_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sighting:
    """The lowest price that competitors were seen to ask for one variant, and when."""

    at: datetime
    price: Money


def cost_key(variant: VariantId) -> str:
    """Where an uploaded unit cost is remembered."""
    return f"{COSTS}{variant}"


def rival_key(variant: VariantId) -> str:
    """Where competitors' prices are remembered."""
    return f"{RIVALS}{variant}"


def cost_text(cost: Money | None) -> str:
    """A cost as memory holds it; empty forgets it."""
    return "" if cost is None else f"{cost.amount} {cost.currency}"


def parsed_cost(text: str | None) -> Money | None:
    """A cost from memory; None where there is none, or none that makes sense."""
    amount, _, currency = (text or "").partition(" ")
    try:
        cost = Money.parse(amount, currency)
    except ValueError:
        return None
    return cost if cost.amount > 0 else None


def rivals_text(sightings: Sequence[Sighting]) -> str:
    """Sightings as memory holds them, the newest ones."""
    rows = [[one.at.isoformat(timespec="seconds"), str(one.price.amount), one.price.currency] for one in sightings]
    return json.dumps(rows[-KEPT:])


def parsed_rivals(text: str | None) -> tuple[Sighting, ...]:
    """Sightings from memory, oldest first; unreadable ones are none."""
    try:
        rows = [Sighting(datetime.fromisoformat(at), Money.parse(amount, word)) for at, amount, word in _rows(text)]
    except (ValueError, TypeError):
        return ()
    return tuple(sorted((one for one in rows if one.price.amount > 0 and one.at.tzinfo), key=lambda one: one.at))


def _rows(text: str | None) -> list[list[str]]:
    found = json.loads(text or "[]")
    return found if isinstance(found, list) else []


def seen(known: Sequence[Sighting], new: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """Known and new sightings together; of one day and currency only the lowest counts."""
    best: dict[tuple[str, str], Sighting] = {}
    for one in (*known, *new):
        name = (f"{one.at:%Y-%m-%d}", one.price.currency)
        if name not in best or one.price.amount < best[name].price.amount:
            best[name] = one
    return tuple(sorted(best.values(), key=lambda one: one.at)[-KEPT:])


def standing(sightings: Sequence[Sighting], now: datetime, currency: str) -> Decimal | None:
    """What competitors ask now in this currency; None where nobody has looked of late."""
    fresh = [one for one in sightings if one.price.currency == currency and now - FRESH <= one.at <= now + SAME_DAY]
    return fresh[-1].price.amount if fresh else None
