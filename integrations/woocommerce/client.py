"""One WooCommerce store, connected: reads in pages and batches of a hundred, writes with care.

Every write reads right before and right after, for wc/v3 has no compare-and-set: the human wins.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

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
from chalicelib.domain.shop import Shop
from chalicelib.errors import Gone
from integrations.answer import told_at
from integrations.http import Transport
from integrations.woocommerce import mapping, pages, subscriptions
from integrations.woocommerce.answers import Setting, SiteIndex, StoreOrder, StoreProduct, SystemStatus
from integrations.woocommerce.connection import LARGEST_PAGE, Connection, parsed
from integrations.woocommerce.drafts import number
from integrations.woocommerce.snapshots import Snapshots
from integrations.woocommerce.translations import Translator
from integrations.woocommerce.writing import Desk

_FACTS = "environment.home_url,environment.version,environment.language,settings.currency,active_plugins"
"""Only these: for the rest of system_status a store asks paypal.com and wordpress.org first, for up to ten seconds
each (class-wc-rest-system-status-v2-controller.php)."""
_REFERENCE = "id,type,parent_id,date_modified_gmt,date_created_gmt"


class WooCommerceClient:
    """Speaks to one store under one key."""

    def __init__(self, shop: Shop, credentials: CredentialSource, transport: Transport) -> None:
        self._shop = shop
        self._connection = Connection(shop, credentials, transport)
        self._translator = Translator(shop, self._connection)
        self._snapshots = Snapshots(shop, self._connection, self._translator)
        self._desk = Desk(shop, self._connection, self._snapshots, self._translator)

    def facts(self) -> StoreFacts:
        """From system_status (which lists plug-ins), the general settings and WordPress' front door."""
        answer = self._connection.get("system_status", _fields=_FACTS)
        status = parsed(SystemStatus, answer.data)
        rows = parsed(list[Setting], self._connection.get("settings/general").data)
        options = {row.id: str(row.value) for row in rows}
        index = parsed(SiteIndex, self._connection.index())
        language = status.environment.language.replace("_", "-")
        return StoreFacts(
            name=index.name,
            currency=(options.get("woocommerce_currency") or status.settings.currency).upper(),
            country=options.get("woocommerce_default_country", "").partition(":")[0],
            timezone=index.timezone_string or "UTC",
            primary_locale=Locale(language.partition("-")[0] or "en"),
            locales=self._locales(),
            plugins=tuple(row.plugin for row in status.active_plugins),
            version=status.environment.version,
            account=urlsplit(status.environment.home_url).netloc,
            told_at=told_at(answer),
        )

    def product(self, product_id: ProductId) -> Product:
        """Raises Gone, also for a product in the bin, and for one that only says another in a second language."""
        found = parsed(StoreProduct, self._connection.get(f"products/{number(product_id)}").data)
        if found.status == "trash" or self._translates(found):
            raise Gone
        return self._with_variations([found])[0]

    def products(self, product_ids: Sequence[ProductId]) -> Mapping[ProductId, Product]:
        """Those that exist, a hundred a call, and one call more for each product with variations."""
        held = self._snapshots.products(product_ids).values()
        found = self._with_variations([one for one in held if not self._translates(one)])
        return {product.id: product for product in found}

    def missing(self, product_ids: Sequence[ProductId]) -> frozenset[ProductId]:
        """Which of these exist no more (the bin counts as gone), a hundred a call."""
        numbers = [one for one in product_ids if one.isdigit()]
        there: set[str] = set()
        for start in range(0, len(numbers), LARGEST_PAGE):
            some = numbers[start : start + LARGEST_PAGE]
            answer = self._connection.get(
                "products", include=",".join(some), per_page=LARGEST_PAGE, status="any", lang="all", _fields="id"
            )
            there |= {str(row.id) for row in parsed(list[StoreProduct], answer.data)}
        return frozenset(product_ids) - there

    def order(self, order_id: OrderId) -> Order:
        """Raises Gone, also for an order in the bin."""
        found = parsed(StoreOrder, self._connection.get(f"orders/{number(order_id)}").data)
        if found.status == "trash":
            raise Gone
        return mapping.order(found, self._shop.currency)

    def product_page(self, *, since: datetime | None, cursor: str | None) -> Page[Product]:
        """A hundred products in the shop's own language, oldest change first."""
        start = pages.place(since, cursor)
        page = pages.fetch(self._connection, "products", StoreProduct, start, lang=self._own_language)
        return Page(self._with_variations(page.items), page.cursor)

    def order_page(self, *, since: datetime | None, cursor: str | None) -> Page[Order]:
        """A hundred orders, oldest change first."""
        page = pages.fetch(self._connection, "orders", StoreOrder, pages.place(since, cursor))
        return Page([mapping.order(found, self._shop.currency) for found in page.items], page.cursor)

    def changed_since(self, moment: datetime) -> Iterator[ResourceRef]:
        """Products and orders in one stream by the time of their change, and those that went into the bin."""
        streams = (
            self._references("products", StoreProduct, EventKind.PRODUCT_CHANGED, moment),
            self._references("products", StoreProduct, EventKind.PRODUCT_DELETED, moment, status="trash"),
            self._references("orders", StoreOrder, EventKind.ORDER_CHANGED, moment),
            self._references("orders", StoreOrder, EventKind.ORDER_DELETED, moment, status="trash"),
        )
        return heapq.merge(*streams, key=lambda ref: ref.updated_at)

    def texts(self, places: Sequence[TextPlace]) -> Mapping[TextPlace, Translations]:
        """Source texts of products, and what their translations say: a hundred products a call."""
        return self._translator.texts(places)

    def read(self, actions: Sequence[Action]) -> Mapping[Target, Snapshot]:
        """What the store holds where these actions would write; what is gone is absent."""
        return self._snapshots.read(actions)

    def apply(self, changes: Sequence[Change]) -> Sequence[Receipt | Exception]:
        """Write in batches; one answer per change, in order."""
        return self._desk.apply(changes)

    def restore(self, change: Change, after: Snapshot) -> Receipt:
        """Put back what was there, if the store still holds what we wrote. Raises StaleState otherwise."""
        return self._desk.restore(change, after)

    def webhooks(self) -> Sequence[WebhookState]:
        """Every subscription of the store."""
        return subscriptions.states(self._connection)

    def subscribe(self, address: str, secret: str) -> Sequence[str]:
        """Make every subscription we need exist and be active; says what it had to mend."""
        return subscriptions.mend(self._connection, address, secret)

    def unsubscribe(self) -> None:
        """Delete our subscriptions."""
        subscriptions.remove(self._connection)

    def _references[T: (StoreProduct, StoreOrder)](
        self, path: str, kind: type[T], event: EventKind, moment: datetime, status: str = ""
    ) -> Iterator[ResourceRef]:
        cursor: str | None = None
        while True:
            start = pages.place(moment, cursor)
            lang = self._own_language if path == "products" else ""
            page = pages.fetch(self._connection, path, kind, start, fields=_REFERENCE, lang=lang, status=status)
            for row in page.items:
                yield ResourceRef(kind=event, id=str(row.id), updated_at=mapping.changed_at(row))
            cursor = page.cursor
            if cursor is None:
                return

    def _with_variations(self, found: Sequence[StoreProduct]) -> list[Product]:
        return [mapping.product(one, self._variations(one), self._shop.currency) for one in found]

    def _variations(self, found: StoreProduct) -> list[StoreProduct]:
        rows: list[StoreProduct] = []
        while found.type == "variable" and len(rows) < len(found.variations):
            page = len(rows) // LARGEST_PAGE + 1
            path = f"products/{found.id}/variations"
            answer = self._connection.get(path, per_page=LARGEST_PAGE, page=page, orderby="id", order="asc")
            part = parsed(list[StoreProduct], answer.data)
            rows += part
            if len(part) < LARGEST_PAGE:
                break
        return rows

    def _translates(self, found: StoreProduct) -> bool:
        """Whether a multilingual plug-in made this product to say another one in a second language."""
        ours = self._shop.primary_locale.lower().partition("-")[0]
        return bool(found.lang) and found.lang.lower().partition("-")[0] != ours

    @property
    def _own_language(self) -> str:
        """Polylang lists every language's products together unless asked for one; WPML does not."""
        polylang = any("polylang-wc" in plugin for plugin in self._shop.plugins)
        return self._shop.primary_locale.lower() if polylang else ""

    def _locales(self) -> tuple[Locale, ...]:
        """The languages that products are linked in: the plug-ins' REST answers list them nowhere else."""
        answer = self._connection.get("products", per_page=20, lang="all", _fields="id,lang,translations")
        found = parsed(list[StoreProduct], answer.data)
        codes = {code for one in found for code in one.translations} | {one.lang for one in found if one.lang}
        return tuple(Locale(code) for code in sorted(codes - {self._shop.primary_locale.lower()}))
