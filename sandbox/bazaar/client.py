"""One stall, connected: every read is one I/O call, every write is two (before and after its commit)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from chalicelib.contracts import (
    Change,
    Page,
    Receipt,
    ResourceRef,
    StoreFacts,
    TextPlace,
    Translations,
    WebhookState,
)
from chalicelib.domain.actions import Action, PublishTranslation, SetPrice, Snapshot, Value, intended
from chalicelib.domain.catalogue import Product, Text, Variant
from chalicelib.domain.events import EventKind
from chalicelib.domain.ids import IdempotencyKey, Locale, OrderId, ProductId, Target
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order
from chalicelib.errors import AccessRevoked, AppError, Gone, StaleState, UnsupportedAction
from sandbox.bazaar.reader import TOPICS
from sandbox.bazaar.stall import Bazaar, Stall

PAGE = 50


class BazaarClient:
    """Speaks to one stall of an in-memory bazaar."""

    def __init__(self, bazaar: Bazaar, account: str) -> None:
        self._bazaar, self._account = bazaar, account

    def facts(self) -> StoreFacts:
        stall = self._call("facts")
        return StoreFacts(
            name=f"Stall {stall.account}",
            currency=stall.currency,
            locales=tuple(Locale(locale) for locale in stall.locales),
            account=stall.account,
        )

    def product(self, product_id: ProductId) -> Product:
        found = self._call("product").products.get(product_id)
        if found is None:
            raise Gone
        return found

    def products(self, product_ids: Sequence[ProductId]) -> Mapping[ProductId, Product]:
        goods = self._call("products").products
        return {name: goods[name] for name in product_ids if name in goods}

    def missing(self, product_ids: Sequence[ProductId]) -> frozenset[ProductId]:
        return frozenset(product_ids) - set(self._call("missing").products)

    def order(self, order_id: OrderId) -> Order:
        found = self._call("order").orders.get(order_id)
        if found is None:
            raise Gone
        return found

    def product_page(self, *, since: datetime | None, cursor: str | None) -> Page[Product]:
        return _page(list(self._call("product_page").products.values()), since, cursor)

    def order_page(self, *, since: datetime | None, cursor: str | None) -> Page[Order]:
        return _page(list(self._call("order_page").orders.values()), since, cursor)

    def changed_since(self, moment: datetime) -> Iterator[ResourceRef]:
        stall = self._call("changed_since")
        found = [
            *(ResourceRef(kind=EventKind.PRODUCT_CHANGED, id=p.id, updated_at=p.updated_at)
              for p in stall.products.values()),
            *(ResourceRef(kind=EventKind.ORDER_CHANGED, id=o.id, updated_at=o.updated_at)
              for o in stall.orders.values()),
        ]  # fmt: skip
        return iter(
            sorted((ref for ref in found if ref.updated_at >= moment), key=lambda ref: ref.updated_at)
        )

    def texts(self, places: Sequence[TextPlace]) -> Mapping[TextPlace, Translations]:
        stall = self._call("texts")
        return {
            place: _texts(stall, product, place)
            for place in places
            if (product := stall.products.get(ProductId(place.resource))) and not place.market
        }

    def read(self, actions: Sequence[Action]) -> Mapping[Target, Snapshot]:
        stall = self._call("read")
        return {action.target: self._snapshot(stall, action) for action in actions if _exists(stall, action)}

    def apply(self, changes: Sequence[Change]) -> Sequence[Receipt | Exception]:
        return [self._attempt(change) for change in changes]

    def restore(self, change: Change, after: Snapshot) -> Receipt:
        """Raises StaleState when the stall no longer holds what we wrote."""
        stall = self._call("restore.before")
        now = self._present(stall, change.action)
        if now.value == change.before.value:
            return Receipt(after=now, wrote=False)
        if now.digest != after.digest:
            raise StaleState
        return self._write(stall, change.action, change.before.value, change.key, "restore.after")

    def webhooks(self) -> Sequence[WebhookState]:
        stall = self._call("webhooks")
        if not stall.address:
            return []
        return [
            WebhookState(id=topic, topic=topic, address=stall.address, active=stall.subscribed)
            for topic in TOPICS
        ]

    def subscribe(self, address: str, secret: str) -> Sequence[str]:
        stall = self._call("subscribe")
        mended = [] if stall.subscribed and stall.address == address else ["Webhooks were switched on."]
        stall.address, stall.secret, stall.subscribed = address, secret.encode(), True
        return mended

    def unsubscribe(self) -> None:
        stall = self._call("unsubscribe")
        stall.subscribed, stall.address = False, ""

    def _call(self, name: str) -> Stall:
        """One I/O call: the hook may raise, and a revoked key opens nothing."""
        self._bazaar.on_io(name)
        stall = self._bazaar.stalls.get(self._account)
        if stall is None or stall.revoked:
            raise AccessRevoked
        return stall

    def _attempt(self, change: Change) -> Receipt | Exception:
        """An expected error is an answer; whatever the hook raises besides is a crash and goes up."""
        try:
            return self._apply(change)
        except AppError as error:
            return error

    def _apply(self, change: Change) -> Receipt:
        stall = self._call("apply.before")
        now, wanted = self._present(stall, change.action), intended(change.action)
        if now.value == wanted:
            return Receipt(after=now, wrote=False)
        if now.digest != change.before.digest or (
            change.before.version and now.version != change.before.version
        ):
            raise StaleState
        return self._write(stall, change.action, wanted, change.key, "apply.after")

    def _write(self, stall: Stall, action: Action, value: Value, key: IdempotencyKey, name: str) -> Receipt:
        if isinstance(action, SetPrice):
            _reprice(stall, action, value)
        stall.write(action.target, value, key)
        self._bazaar.on_io(name)
        return Receipt(after=self._snapshot(stall, action))

    def _present(self, stall: Stall, action: Action) -> Snapshot:
        if isinstance(action, SetPrice | PublishTranslation) and action.market is not None:
            raise UnsupportedAction("The bazaar knows no markets.")
        if not _exists(stall, action):
            raise Gone
        return self._snapshot(stall, action)

    def _snapshot(self, stall: Stall, action: Action) -> Snapshot:
        return Snapshot(
            value=stall.values.get(action.target),
            version=str(stall.versions.get(action.target, 0)),
            read_at=self._bazaar.clock(),
        )


def _texts(stall: Stall, product: Product, place: TextPlace) -> Translations:
    source = tuple(
        Text(key=key, value=value, digest=sha256(value.encode()).hexdigest())
        for key, value in (("title", product.title), ("description", product.description_html))
        if value
    )
    held = stall.values.get(Target(f"resource/{product.id}/translation/{place.locale}/all"))
    existing = held if isinstance(held, Mapping) else {}
    return Translations(
        source=source,
        existing=tuple(Text(key=key, value=str(value), digest="") for key, value in existing.items()),
        source_locale=Locale("en"),
    )


def _exists(stall: Stall, action: Action) -> bool:
    if isinstance(action, SetPrice):
        product = stall.products.get(action.product_id)
        return product is not None and any(v.id == action.variant_id for v in product.variants)
    return action.resource in stall.products or action.resource in stall.orders


def _reprice(stall: Stall, action: SetPrice, value: Value) -> None:
    """Keep the product's own record in step with its price target."""
    product = stall.products[action.product_id]
    variants = tuple(_with_price(v, value) if v.id == action.variant_id else v for v in product.variants)
    stall.products[product.id] = replace(product, variants=variants)


def _with_price(variant: Variant, value: Value) -> Variant:
    if not isinstance(value, Mapping):
        return replace(variant, price=None, compare_at=None)
    currency, compare_at = str(value["currency"]), value["compare_at"]
    return replace(
        variant,
        price=Money.parse(str(value["price"]), currency),
        compare_at=None if compare_at is None else Money.parse(str(compare_at), currency),
    )


def _page[T: (Product, Order)](found: list[T], since: datetime | None, cursor: str | None) -> Page[T]:
    """Oldest change first; the cursor names the last object that was seen."""
    ordered = sorted(found, key=_place)
    rest = [item for item in ordered if (since is None or item.updated_at >= since)]
    if cursor is not None:
        rest = [item for item in rest if _place(item) > cursor]
    items = rest[:PAGE]
    return Page(items, _place(items[-1]) if len(rest) > PAGE else None)


def _place(item: Product | Order) -> str:
    return f"{item.updated_at:%Y-%m-%dT%H:%M:%S.%f} {item.id}"
