"""Reductions that are announced: a struck-through price, only as far as the EU's 30-day rule lets it go.

98/6/EC Art. 6a: an announced reduction counts from the lowest price of at least the 30 days before it (Aldi Süd,
C-330/23). The history is our own append-only one; until it covers 30 days nothing is announced.
"""

from datetime import timedelta
from decimal import Decimal

from chalicelib.contracts import Context
from chalicelib.domain.money import Money
from chalicelib.domain.prices import lowest
from functions.repricing import watch
from functions.repricing.offers import Offer

LEAST_PCT = Decimal(3)
"""Reductions smaller than this are not worth announcing."""
SHOWN = timedelta(days=30)
"""How long a reduction is shown; a struck-through price that stays for ever announces nothing."""


def struck_through(context: Context, one: Offer, price: Decimal) -> Money | None:
    """The price to strike through beside a new one; None where none may or need be announced."""
    if not context.policy.prices.announce_reductions:
        return None
    least = lowest(context.pasts.get(one.variant.id, ()), context.now)
    if least is None or price * 100 > least * (100 - LEAST_PCT):
        return None
    return Money(least, one.currency)


def ended(context: Context, one: Offer) -> bool:
    """Whether a reduction that we announced has been shown long enough, or is no longer wanted."""
    if one.variant.compare_at is None or not watch.ours(context, one):
        return False
    since = context.written[one.action.target].at
    return context.now - since >= SHOWN or not context.policy.prices.announce_reductions
