"""Reading what a function asks for: fresh from the store, from our own mirror, from history and memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from chalicelib.contracts import (
    Context,
    CounterUpdate,
    Function,
    Models,
    Needs,
    SalesDay,
    StoreClient,
    TextPlace,
    Translations,
)
from chalicelib.domain.ids import OrderId, ProductId, ShopId, VariantId
from chalicelib.domain.orders import placed_at
from chalicelib.errors import Gone
from chalicelib.services import Services

ROUNDS = 4
"""How often a function may ask for more."""


def gather(
    services: Services, function: Function, known: Context, client: StoreClient, models: Models
) -> Context:
    """Ask the function what it wants to know until it wants nothing new; counters count on the way."""
    return gather_all(services, function, [known], client, models)[0]


def gather_all(
    services: Services, function: Function, events: Sequence[Context], client: StoreClient, models: Models
) -> Sequence[Context]:
    """The same for several events: the texts that all of them want are read together, for they are dear to read."""
    inquiries = [_Inquiry(services, function, known) for known in events]
    for _ in range(ROUNDS):
        asking = [(one, new) for one in inquiries if (new := one.wants(models)) != Needs()]
        if not asking:
            break
        places = {place for _, new in asking for place in new.texts}
        texts = client.texts(sorted(places)) if places else {}
        for one, new in asking:
            one.learn(new, client, texts)
    for one in inquiries:
        one.end()
    return [one.known for one in inquiries]


@dataclass(slots=True)
class _Inquiry:
    """One function on one event: what it knows so far, and whether it was counted."""

    services: Services
    function: Function
    known: Context
    observed: bool = False

    def wants(self, models: Models) -> Needs:
        """What it has not asked for yet."""
        return _minus(self.function.reads(self.known, models), self.known.asked)

    def learn(self, new: Needs, client: StoreClient, texts: Mapping[TextPlace, Translations]) -> None:
        """Everything new, the texts having been read already."""
        seen = self.function.observe(self.known) if new.counters and not self.observed else ()
        self.observed = self.observed or bool(new.counters)
        asked = _plus(self.known.asked, new)
        told = replace(self.known, texts={**self.known.texts, **{p: texts[p] for p in new.texts if p in texts}})
        self.known = replace(_read(self.services, told, new, client, seen), asked=asked)

    def end(self) -> None:
        """Count the event where nothing asked for counters."""
        if not self.observed:
            self.services.counters.add(self.known.shop.id, self.function.observe(self.known))


def _minus(wanted: Needs, asked: Needs) -> Needs:
    return Needs(**{f.name: getattr(wanted, f.name) - getattr(asked, f.name) for f in fields(Needs)})


def _plus(asked: Needs, new: Needs) -> Needs:
    return Needs(**{f.name: getattr(asked, f.name) | getattr(new, f.name) for f in fields(Needs)})


def _read(
    services: Services, known: Context, new: Needs, client: StoreClient, seen: Sequence[CounterUpdate]
) -> Context:
    """Everything new that is wanted but for texts; what was seen is counted before counters are read."""
    shop = known.shop.id
    found: dict[str, Any] = {}
    if missing := [product for product in sorted(new.products) if product not in known.products]:
        found["products"] = {**known.products, **client.products(missing)}
    if new.orders:
        found["orders"] = {**known.orders, **_orders(client, new.orders, known.orders)}
    if new.catalogue:
        found["catalogue"] = {**known.catalogue, **services.catalogue.many(shop, sorted(new.catalogue))}
    if new.targets:
        actions = sorted(new.targets, key=lambda action: action.target)
        found["snapshots"] = {**known.snapshots, **client.read(actions)}
    if places := {action.target for action in new.targets} | new.written:
        found["written"] = {**known.written, **services.proposals.written(shop, sorted(places))}
    return replace(known, **found, **_recalled(services, known, new, seen))


def _recalled(
    services: Services, known: Context, new: Needs, seen: Sequence[CounterUpdate]
) -> Mapping[str, Any]:
    """What we hold ourselves."""
    shop = known.shop.id
    found: dict[str, Any] = {}
    if new.counters:
        totals = services.counters.count(shop, seen, new.counters, _as_of(known))
        found["counters"] = {**known.counters, **totals}
    if new.screenings:
        found["screenings"] = {**known.screenings, **services.screenings.many(shop, sorted(new.screenings))}
    if new.allowances:
        found["allowances"] = {**known.allowances, **_used(services, known, new.allowances)}
    if new.memory:
        found["memory"] = {**known.memory, **services.memories.recall(shop, sorted(new.memory))}
    if new.sales:
        found["sales"] = {**known.sales, **sales_of(services, known, sorted(new.sales))}
    if new.pasts:
        found["pasts"] = {**known.pasts, **_pasts(services, shop, new.pasts)}
    return found


def _as_of(known: Context) -> datetime:
    """When the windows of counters end: as the event's order was placed, however late we hear of it."""
    for order in known.orders.values():
        return placed_at(order, known.event.received_at)
    return known.event.occurred_at


def _used(services: Services, known: Context, wanted: frozenset[tuple[str, str]]) -> Mapping[str, int]:
    """What is used of these allowances today, without what an earlier attempt at the same thing used."""
    shop, day = known.shop.id, known.now
    return {
        name: services.counters.used_by_others(shop, name, day, unique)
        for name, unique in sorted(wanted)
    }


def _orders(
    client: StoreClient, wanted: frozenset[OrderId], known: Mapping[OrderId, Any]
) -> Mapping[OrderId, Any]:
    found = {}
    for order in sorted(wanted - set(known)):
        try:
            found[order] = client.order(order)
        except Gone:
            continue
    return found


def sales_of(
    services: Services, known: Context, products: Sequence[ProductId]
) -> Mapping[ProductId, Sequence[SalesDay]]:
    """Daily sales of some products from the order history."""
    from chalicelib.storage.sales import daily

    history = services.history.load(known.shop.id, known.shop.currency)
    return daily(history, products)


def _pasts(
    services: Services, shop: ShopId, variants: frozenset[VariantId]
) -> Mapping[VariantId, Sequence[tuple[datetime, Decimal]]]:
    return {
        variant: [(point.at, point.price.amount) for point in services.prices.history(shop, variant)]
        for variant in sorted(variants)
    }
