"""Times and sums as webhook bodies write them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shopify_store.state import State

type Body = dict[str, Any]


def stamp(state: State, moment: datetime | None) -> str | None:
    """Webhooks carry local times of the shop with their offset."""
    return moment.astimezone(ZoneInfo(state.timezone)).isoformat() if moment else None


def bag(state: State, amount: Decimal) -> Body:
    """The same sum in the shop's and the buyer's money, which are one here."""
    value = {"amount": str(state.money(amount)), "currency_code": state.currency}
    return {"shop_money": value, "presentment_money": value}
