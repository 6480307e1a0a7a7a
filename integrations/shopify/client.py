"""One Shopify store, connected: reads by page and by id, writes with compare-and-set where Shopify has it."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.contracts import (
    Change,
    CredentialSource,
    Page,
    Receipt,
    ResourceRef,
    StoreFacts,
    TextPlace,
    Translations,
    WebhookState,
)
from chalicelib.domain.actions import Action, Snapshot
from chalicelib.domain.catalogue import Product
from chalicelib.domain.events import EventKind
from chalicelib.domain.ids import Locale, OrderId, ProductId, Target
from chalicelib.domain.orders import Order
from chalicelib.domain.shop import Market, Shop
from chalicelib.errors import Gone, ScopeMissing
from integrations.http import Transport
from integrations.shopify import bulk, goods, prices, sales, subscriptions, texts
from integrations.shopify.connection import Connection, part
from integrations.shopify.desk import Desk
from integrations.shopify.mapping import number


class ShopifyClient:
    """Speaks to one store under one token."""

    def __init__(self, shop: Shop, credentials: CredentialSource, transport: Transport) -> None:
        self._shop = shop
        self._connection = Connection(shop, credentials, transport)
        self._desk = Desk(shop, self._connection)

    def facts(self) -> StoreFacts:
        """Shop, languages, granted scopes, and markets where we may see them."""
        data = self._connection.run("Shop")
        shop = part(data, "shop")
        locales = [row for row in data.get("shopLocales") or [] if isinstance(row, dict)]
        primary = next((row["locale"] for row in locales if row.get("primary")), "en")
        installation = part(data, "currentAppInstallation")
        return StoreFacts(
            name=str(shop.get("name") or ""),
            currency=str(shop.get("currencyCode") or ""),
            country=str((shop.get("shopAddress") or {}).get("countryCodeV2") or ""),
            timezone=str(shop.get("ianaTimezone") or "UTC"),
            primary_locale=Locale(primary),
            locales=tuple(Locale(r["locale"]) for r in locales if r.get("published") and not r.get("primary")),
            markets=tuple(self._markets(str(shop.get("currencyCode") or ""))),
            scopes=tuple(row["handle"] for row in installation.get("accessScopes") or []),
            plan=_plan(installation) if self._connection.installed else None,
            version=self._connection.version,
            account=str(shop.get("myshopifyDomain") or ""),
            told_at=self._connection.told_at,
        )

    def product(self, product_id: ProductId) -> Product:
        """Raises Gone. An inventory item's global id gives the product it belongs to."""
        return goods.one(self._connection, product_id, self._shop.currency)

    def products(self, product_ids: Sequence[ProductId]) -> Mapping[ProductId, Product]:
        """Those that exist, twenty a call."""
        return goods.several(self._connection, product_ids, self._shop.currency)

    def missing(self, product_ids: Sequence[ProductId]) -> frozenset[ProductId]:
        """Which of these exist no more, 250 a call."""
        return goods.missing(self._connection, product_ids)

    def order(self, order_id: OrderId) -> Order:
        """Raises Gone. A fulfillment order's global id gives the order it belongs to."""
        return sales.one(self._connection, order_id, self._shop.currency)

    def product_page(self, *, since: datetime | None, cursor: str | None) -> Page[Product]:
        """Twenty products, oldest change first; the whole of a large catalogue comes as one export."""
        if cursor is None and since is None and bulk.worth_it(self._connection, "products"):
            return Page([], bulk.start(self._connection, "ExportedProducts"))
        if at := bulk.place(cursor):
            return bulk.products(self._connection, at, self._shop.currency)
        return goods.page(self._connection, since, cursor, self._shop.currency)

    def order_page(self, *, since: datetime | None, cursor: str | None) -> Page[Order]:
        """Ten orders, oldest change first; the whole of a long history comes as one export."""
        if cursor is None and since is None and bulk.worth_it(self._connection, "orders"):
            return Page([], bulk.start(self._connection, "ExportedOrders"))
        if at := bulk.place(cursor):
            return bulk.orders(self._connection, at, self._shop.currency)
        return sales.page(self._connection, since, cursor, self._shop.currency)

    def changed_since(self, moment: datetime) -> Iterator[ResourceRef]:
        """Products and orders in one stream by the time of their change."""
        changed = (
            ("ProductReferences", "products", EventKind.PRODUCT_CHANGED),
            ("OrderReferences", "orders", EventKind.ORDER_CHANGED),
        )
        streams = [self._references(*one, moment) for one in changed]
        return heapq.merge(*streams, key=lambda ref: ref.updated_at)

    def texts(self, places: Sequence[TextPlace]) -> Mapping[TextPlace, Translations]:
        """Source texts with digests and what exists there, twenty-five products a call in all their languages."""
        return texts.texts(self._connection, places)

    def read(self, actions: Sequence[Action]) -> Mapping[Target, Snapshot]:
        """What the store holds where these actions would write; what is gone is absent."""
        return self._desk.read(actions)

    def apply(self, changes: Sequence[Change]) -> Sequence[Receipt | Exception]:
        """Write in batches; one answer per change, in order."""
        return self._desk.apply(changes)

    def restore(self, change: Change, after: Snapshot) -> Receipt:
        """Put back what was there, if the store still holds what we wrote. Raises StaleState otherwise."""
        return self._desk.restore(change, after)

    def webhooks(self) -> Sequence[WebhookState]:
        """Every subscription that this app made through the API."""
        return subscriptions.states(self._connection)

    def subscribe(self, address: str, secret: str) -> Sequence[str]:
        """Make every subscription exist at this address; Shopify signs with the app's own secret."""
        return subscriptions.mend(self._connection, address)

    def unsubscribe(self) -> None:
        """Delete our subscriptions."""
        subscriptions.remove(self._connection)

    def _markets(self, currency: str) -> Sequence[Market]:
        try:
            return prices.everywhere(self._connection, currency)
        except (ScopeMissing, Gone):
            return ()

    def _references(self, name: str, field: str, kind: EventKind, moment: datetime) -> Iterator[ResourceRef]:
        for page in self._connection.pages(name, field, query=goods.since_text(moment)):
            for row in page:
                at = datetime.fromisoformat(row["updatedAt"])
                yield ResourceRef(kind=kind, id=number(row["id"]), updated_at=at)


def _plan(installation: Mapping[str, Any]) -> str:
    """The name of the app plan that the merchant pays for, or nothing; a shop with its own token pays nobody."""
    rows = [row for row in installation.get("activeSubscriptions") or [] if row.get("status") == "ACTIVE"]
    return str(rows[0].get("name") or "") if rows else ""
