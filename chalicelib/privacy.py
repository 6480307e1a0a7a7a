"""Forgetting: a buyer, or a whole shop. docs/privacy.md is the register of what is kept and why."""

from collections.abc import Iterator

from chalicelib import connecting
from chalicelib.domain.events import StoreEvent
from chalicelib.domain.journal import Deed
from chalicelib.domain.shop import Shop
from chalicelib.ports import Key
from chalicelib.services import Services
from chalicelib.storage import places
from chalicelib.storage.places import Kind


def erase_shop(services: Services, shop: Shop) -> int:
    """Delete everything a shop has with us but the proof that it was deleted; says how many records."""
    services.history.erase(shop.id)
    services.artifacts.erase(shop.id)
    erased = places.erase(services.records, shop.id)
    services.shops.unlist(shop.id)
    connecting.note(services, shop.id, Deed.ERASED, "the store", f"{erased} records erased")
    return erased


def erase_buyer(services: Services, shop: Shop, event: StoreEvent) -> int:
    """Delete what leads back to one buyer: hashes on order lines, counters, outcomes; says how many."""
    erased = 0
    for known in _hashes(services, shop, event):
        erased += services.history.forget_customer(shop.id, known) + services.purchases.forget(shop.id, known)
        erased += _erase_counters(services, shop, known)
    for order in _orders(event):
        services.records.delete(places.key(shop.id, Kind.OUTCOME, order))
        erased += 1
    connecting.note(services, shop.id, Deed.ERASED, "the store", "a buyer was forgotten")
    return erased


def report_buyer(services: Services, shop: Shop, event: StoreEvent) -> dict[str, int]:
    """Count what is held about one buyer, and put the answer where the merchant finds it."""
    held = {"order lines": 0, "counted events": 0, "screened orders": 0}
    for known in _hashes(services, shop, event):
        held["order lines"] += services.history.lines_of(shop.id, known)
        held["counted events"] += sum(1 for _ in _counters(services, shop, known))
    held["screened orders"] = sum(
        1 for order in _orders(event) if services.records.get(places.key(shop.id, Kind.OUTCOME, order))
    )
    words = ", ".join(f"{count} {name}" for name, count in held.items())
    message = f"A buyer (customer {event.resource}) asked what is held about them: {words}, as keyed hashes."
    services.trouble(shop.id, "data_request", message, subject=event.id, urgent=True)
    return held


def _hashes(services: Services, shop: Shop, event: StoreEvent) -> list[str]:
    known = services.identities.identify(shop.id, "customer", event.resource)
    return [known] if known else []


def _orders(event: StoreEvent) -> list[str]:
    return [order for order in event.detail.split(",") if order]


def _erase_counters(services: Services, shop: Shop, subject: str) -> int:
    found = list(_counters(services, shop, subject))
    for key in found:
        services.records.delete(key)
    return len(found)


def _counters(services: Services, shop: Shop, subject: str) -> Iterator[Key]:
    for record in places.every(services.records, shop.id, Kind.COUNTER):
        if f"|{subject}|" in record.key.sort:
            yield record.key
