"""Ours to theirs: what to send to WooCommerce for an action, or to take one back."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chalicelib.domain.actions import (
    Action,
    AssessOrder,
    HoldOrder,
    PublishTranslation,
    SetPrice,
    SetRecommendations,
    Snapshot,
    TagOrder,
    Value,
    digest_of,
    intended,
)
from chalicelib.errors import Gone, StaleState, UnsupportedAction
from integrations.woocommerce.mapping import LIST_OF, MAILED_ON_HOLD, RISK_META, amount_text

_SALE_DATES = ("date_on_sale_from_gmt", "date_on_sale_to_gmt")
HOLDABLE = frozenset({"pending", "processing"})


@dataclass(frozen=True, slots=True)
class Draft:
    """Fields to send to one object of a collection that takes batches."""

    path: str
    id: int
    fields: Mapping[str, Any]


def number(text: str) -> int:
    """A WooCommerce id. Raises Gone: what is not a positive number has never existed there."""
    if not (text.isascii() and text.isdigit() and int(text[:20]) > 0):
        raise Gone(detail="not a WooCommerce id")
    return int(text)


def simple(action: Action) -> bool:
    """Whether it prices a product that is its own variant."""
    return isinstance(action, SetPrice) and str(action.product_id) == str(action.variant_id)


def in_market(action: Action) -> bool:
    """Whether it speaks of one market alone, which WooCommerce does not have."""
    return isinstance(action, SetPrice | PublishTranslation) and action.market is not None


def price_path(action: SetPrice) -> str:
    """Variations are written under their product; a simple product is its own variant."""
    return "products" if simple(action) else f"products/{number(action.product_id)}/variations"


def wanted(action: Action, currency: str) -> Value:
    """What a snapshot holds once the action is done, in the store's own way of writing it."""
    if isinstance(action, SetRecommendations):
        return tuple(one for one in action.product_ids if one != action.product_id)
    if isinstance(action, SetPrice):
        strike = action.compare_at if action.compare_at and action.compare_at > action.price else None
        return {
            "price": amount_text(action.price.amount, currency),
            "compare_at": None if strike is None else amount_text(strike.amount, currency),
            "currency": currency,
        }
    return intended(action)


def same(one: Value, other: Value) -> bool:
    """Whether two values say the same; an empty list and nothing at all do."""
    return digest_of(one) == digest_of(other) or (not one and not other)


def forward(action: Action, now: Snapshot, currency: str) -> Draft:
    """What to send to do it. Raises UnsupportedAction with the reason in words."""
    match action:
        case SetRecommendations():
            return _list(action, tuple(action.product_ids))
        case SetPrice():
            _check_currency(action, currency)
            return Draft(price_path(action), number(action.variant_id), _price(wanted(action, currency), now))
        case AssessOrder():
            return _risk(action, str(action.risk))
        case HoldOrder():
            status = dict(now.detail).get("status", "")
            if status not in HOLDABLE:
                raise UnsupportedAction(f"An order that is {status or 'finished'} cannot be put on hold.")
            if status in MAILED_ON_HOLD and not action.mails_buyer:
                raise StaleState("Holding this order would now mail the buyer, which was not so when this was decided.")
            return Draft("orders", number(action.order_id), {"status": "on-hold"})
        case PublishTranslation() | TagOrder():
            raise UnsupportedAction


def backward(action: Action, before: Snapshot) -> Draft:
    """What to send to put back what was there before."""
    held = dict(before.detail)
    match action:
        case SetRecommendations():
            return _list(action, before.value if isinstance(before.value, tuple | list) else ())
        case SetPrice():
            fields: dict[str, Any] = {n: held[n] for n in ("regular_price", "sale_price") if n in held}
            fields |= {n: held[n] for n in _SALE_DATES if fields and held.get(n)}
            if not fields:
                fields = dict(_price(before.value, before))
            return Draft(price_path(action), number(action.variant_id), fields)
        case AssessOrder():
            return _risk(action, before.value if isinstance(before.value, str) else None)
        case HoldOrder():
            return Draft("orders", number(action.order_id), {"status": held.get("status", "processing")})
        case PublishTranslation() | TagOrder():
            raise UnsupportedAction


def note(action: Action) -> str:
    """The internal note that goes with an action on an order; never shown to the buyer."""
    match action:
        case HoldOrder():
            return f"Tradewind put this order on hold. {action.note}".strip()
        case AssessOrder():
            facts = "".join(f"\n- {fact.text}" for fact in action.facts)
            return f"Tradewind: {action.risk} risk.{facts}"
        case _:
            return ""


def _list(action: SetRecommendations, ids: tuple[str, ...] | list[str]) -> Draft:
    shown = [number(one) for one in ids if one != action.product_id]
    return Draft("products", number(action.product_id), {LIST_OF[action.slot]: shown})


def _risk(action: AssessOrder, level: str | None) -> Draft:
    meta = [{"key": RISK_META, "value": level}]
    return Draft("orders", number(action.order_id), {"meta_data": meta})


def _check_currency(action: SetPrice, currency: str) -> None:
    if action.price.currency != currency:
        raise UnsupportedAction(f"This shop's prices are in {currency}.")


def _price(value: Value, now: Snapshot) -> Mapping[str, Any]:
    """Regular and sale price for a price and its struck-through one.

    A sale that the merchant planned for later stays planned as long as it remains a reduction.
    """
    if not isinstance(value, Mapping):
        return {"regular_price": "", "sale_price": ""}
    price, strike = str(value["price"]), value["compare_at"]
    held = dict(now.detail)
    if strike is not None:
        dates = {n: "" for n in _SALE_DATES if held.get(n)}
        return {"regular_price": str(strike), "sale_price": price, **dates}
    planned = held.get("sale_price", "")
    on_sale = isinstance(now.value, Mapping) and now.value.get("compare_at") is not None
    if planned and not on_sale:
        if Decimal(planned) >= Decimal(price):
            raise UnsupportedAction("A sale is planned for this product, so its price was left alone.")
        return {"regular_price": price}
    return {"regular_price": price, "sale_price": ""}
