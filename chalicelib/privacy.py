"""Forgetting: a buyer, or a whole shop. docs/privacy.md is the register of what is kept and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib import connecting
from chalicelib.domain.events import StoreEvent
from chalicelib.domain.ids import OrderId, ShopId
from chalicelib.domain.journal import Deed
from chalicelib.domain.screening import Screening
from chalicelib.domain.shop import Shop
from chalicelib.services import Services
from chalicelib.storage import places
from chalicelib.storage.codec import to_json
from chalicelib.storage.places import Kind
from chalicelib.web.accounts import Accounts

DATA_REQUEST = "data_request"


def erase_shop(services: Services, shop: Shop, event: StoreEvent) -> int:
    """Delete everything a shop has with us but the proof that it was deleted; says how many records.

    The claim of the very event that asks for it stays too, or its worker could not say that it is done.
    """
    services.blobs.delete(list(services.blobs.list(f"{shop.id}/")))
    erased = places.erase(services.records, shop.id, but=[places.key(shop.id, Kind.CLAIM, event.id)])
    services.shops.unlist(shop.id)
    Accounts(services.records, services.settings.master_key).let_go(shop.id)
    connecting.note(services, shop.id, Deed.ERASED, "the store", f"{erased} records erased")
    return erased


def erase_buyer(services: Services, shop: Shop, event: StoreEvent) -> int:
    """Delete what leads back to one buyer: hashes on order lines, counters, verdicts, outcomes; says how many."""
    screened = _screened(services, shop.id, event.resource, _orders(event))
    known = _hashes(services, shop.id, event.resource, _orders(event)) | _persons(screened)
    orders = {*_orders(event), *(str(one.order_id) for one in screened)}
    erased = sum(services.history.forget_customer(shop.id, one) for one in sorted(known))
    erased += sum(services.purchases.forget(shop.id, one) for one in sorted(known))
    erased += services.counters.forget(shop.id, known | orders)
    for order in sorted(orders):
        _erase_order(services, shop.id, OrderId(order))
        erased += 1
    services.problems.clear(shop.id, DATA_REQUEST, event.resource)
    connecting.note(services, shop.id, Deed.ERASED, "the store", "a buyer was forgotten")
    return erased


def forget_buyer_of(services: Services, shop: ShopId, order: OrderId) -> None:
    """The store has erased the buyer from an order: so do we."""
    screened = services.screenings.get(shop, order)
    known = services.history.buyers_of(shop, [order]) | _persons([screened] if screened else [])
    services.counters.forget(shop, known | {str(order)})
    for one in sorted(known):
        services.purchases.forget(shop, one, order)
    services.history.forget_order(shop, order)
    _erase_order(services, shop, order)


def report_buyer(services: Services, shop: Shop, event: StoreEvent) -> None:
    """Tell the merchant that a buyer asked, what we hold in short, and where all of it can be had."""
    found = held(services, shop.id, event.resource, _orders(event))
    words = ", ".join(f"{len(rows)} {name.replace('_', ' ')}" for name, rows in found.items())
    where = f"{services.settings.base_url}/s/{shop.id}/buyers/{event.resource}.json"
    where += f"?orders={event.detail}" if event.detail else ""
    message = f"A buyer (customer {event.resource}) asked what is held about them: {words}, as keyed hashes. {where}"
    services.trouble(shop.id, DATA_REQUEST, message, subject=event.resource, urgent=True)


def held(services: Services, shop: ShopId, customer: str, orders: Sequence[str]) -> Mapping[str, Sequence[Any]]:
    """Everything that is kept about one buyer; names, addresses and e-mail are not among it."""
    screened = _screened(services, shop, customer, orders)
    known = _hashes(services, shop, customer, orders) | _persons(screened)
    lines = services.history.lines_of(shop, known) if known else []
    named = dict.fromkeys([*orders, *(str(one["order"]) for one in lines), *(str(s.order_id) for s in screened)])
    outcomes = (services.records.get(places.key(shop, Kind.OUTCOME, order)) for order in named)
    return {
        "order_lines": lines, "counted_events": services.counters.held(shop, known | set(named)),
        "recent_purchases": [body for one in sorted(known) for body in services.purchases.held(shop, one)],
        "screened_orders": [record.body for record in outcomes if record is not None],
        "verdicts": [to_json(one) for one in screened],
    }  # fmt: skip


PERSONAL = ("customer", "email", "card")
"""Kinds of identity that are one person's. What was counted at an address that others share is found by the order."""


def _screened(services: Services, shop: ShopId, customer: str, orders: Sequence[str]) -> list[Screening]:
    """Verdicts on the orders that are named, and on those that the same buyer's account placed."""
    buyer = services.identities.identify(shop, "customer", customer)
    return [
        one
        for one in services.screenings.all(shop)
        if one.order_id in orders or (buyer and one.identities.get("customer") == buyer)
    ]


def _persons(screened: Sequence[Screening]) -> frozenset[str]:
    return frozenset(one.identities[kind] for one in screened for kind in PERSONAL if one.identities.get(kind))


def _hashes(services: Services, shop: ShopId, customer: str, orders: Sequence[str]) -> frozenset[str]:
    """Under which hashes a buyer is known: by their number, and (a guest has none) by the orders they placed."""
    by_number = services.identities.identify(shop, "customer", customer)
    by_orders = services.history.buyers_of(shop, orders) if orders else frozenset()
    return frozenset({by_number} - {""}) | by_orders


def _orders(event: StoreEvent) -> list[str]:
    return [order for order in event.detail.split(",") if order]


def _erase_order(services: Services, shop: ShopId, order: OrderId) -> None:
    services.records.delete(places.key(shop, Kind.OUTCOME, order))
    services.screenings.erase(shop, order)
