"""Events about the shop itself: it left, its permissions changed, a buyer or the shop must be forgotten.

One client secret serves all shops and signs bodies alone, so such an event is believed only after the store
was asked: a shop whose key still works has not uninstalled.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib import billing, connecting, privacy
from chalicelib.domain.events import EventKind, StoreEvent
from chalicelib.domain.journal import Outcome
from chalicelib.domain.shop import Shop, ShopState
from chalicelib.errors import AccessRevoked, Gone
from chalicelib.services import Services


def follow(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Do what a lifecycle event asks for. Raises Retryable."""
    if not isinstance(event.kind, EventKind):
        return Outcome.SKIPPED
    return _HANDLERS[event.kind](services, shop, event)


def _uninstalled(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    if shop.state is ShopState.UNINSTALLED:
        return Outcome.UNCHANGED
    if _still_there(services, shop):
        return Outcome.SKIPPED
    connecting.disconnect(services, shop, by="the store")
    return Outcome.APPLIED


def _still_there(services: Services, shop: Shop) -> bool:
    try:
        services.open_store(shop).facts()
    except (AccessRevoked, Gone):
        return False
    return True


def _refresh(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    if shop.state is not ShopState.CONNECTED:
        return Outcome.SKIPPED
    fresh = connecting.with_facts(shop, services.open_store(shop).facts())
    if fresh == shop:
        return Outcome.UNCHANGED
    services.shops.save(fresh, shop.version)
    billing.review(services, services.shops.get(shop.id))
    return Outcome.APPLIED


def _shop_redacted(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    if shop.state is ShopState.CONNECTED and _still_there(services, shop):
        return Outcome.SKIPPED
    privacy.erase_shop(services, replace(shop, state=ShopState.UNINSTALLED), event)
    return Outcome.APPLIED


def _buyer_redacted(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    privacy.erase_buyer(services, shop, event)
    return Outcome.APPLIED


def _buyer_asked(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    privacy.report_buyer(services, shop, event)
    return Outcome.APPLIED


_HANDLERS: Mapping[EventKind, Callable[[Services, Shop, StoreEvent], Outcome]] = {
    EventKind.APP_UNINSTALLED: _uninstalled,
    EventKind.SCOPES_CHANGED: _refresh,
    EventKind.SHOP_CHANGED: _refresh,
    EventKind.PLAN_CHANGED: _refresh,
    EventKind.LOCALES_CHANGED: _refresh,
    EventKind.SHOP_REDACTED: _shop_redacted,
    EventKind.CUSTOMER_REDACTED: _buyer_redacted,
    EventKind.CUSTOMER_DELETED: _buyer_redacted,
    EventKind.CUSTOMER_DATA_REQUESTED: _buyer_asked,
}

KINDS = frozenset(_HANDLERS)
