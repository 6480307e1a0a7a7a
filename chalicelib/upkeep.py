"""What every event does to our own picture of a shop, before and after functions look at it.

Payloads are late, stale and out of order, so the present state is read from the store. The mirror is written
last, once the functions are through: were it written first, a crash in between would make the retry see "no
change" and lose their work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib import billing, cleaning, privacy
from chalicelib.contracts import StoreClient
from chalicelib.domain.catalogue import Product
from chalicelib.domain.events import EventKind, StoreEvent
from chalicelib.domain.ids import OrderId, ProductId, ShopId, marketplace_of
from chalicelib.domain.orders import Order
from chalicelib.errors import Gone
from chalicelib.guardrails import PricePoint
from chalicelib.services import Services
from chalicelib.storage.catalogue import fingerprint

PRODUCT_EVENTS = frozenset({EventKind.PRODUCT_CHANGED, EventKind.PRODUCT_DELETED})
ORDER_EVENTS = frozenset({
    EventKind.ORDER_CREATED, EventKind.ORDER_CHANGED, EventKind.ORDER_CANCELLED, EventKind.ORDER_DELETED,
    EventKind.REFUND_CREATED, EventKind.ORDER_ROUTED, EventKind.DISPUTE_CHANGED,
    EventKind.RISK_CHANGED,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The present state behind an event."""

    products: Mapping[ProductId, Product] = field(default_factory=dict)
    orders: Mapping[OrderId, Order] = field(default_factory=dict)
    unchanged: bool = False
    """Nothing that a function decides on differs from when we last looked: our own echo, or a sale."""
    gone: bool = False
    version: int = 0
    """Of our mirror's record, when this was looked at."""


def look(services: Services, shop: ShopId, event: StoreEvent, client: StoreClient) -> Seen:
    """Read the present state behind an event, and take orders into the history."""
    if event.kind in PRODUCT_EVENTS:
        return _look_at_product(services, shop, ProductId(event.resource), client)
    if event.kind in ORDER_EVENTS and event.resource:
        return _look_at_order(services, shop, OrderId(event.resource), client)
    return Seen()


def remember(services: Services, shop: ShopId, event: StoreEvent, seen: Seen, *, decided: bool) -> None:
    """Bring the mirror up to date; called once the functions are through.

    ``decided`` is False where a crashed worker's earlier decision was carried out: it rests on an older state
    than the one seen now, which must therefore not pass for dealt with.
    """
    if event.kind is EventKind.ORDER_CREATED and seen.orders:
        billing.count_order(services, shop, event.occurred_at)
    if seen.unchanged and decided and not seen.gone:
        return
    for product in seen.products.values():
        services.catalogue.see(shop, product, decided=decided, expected=seen.version)
        note_prices(services, shop, product)
    if seen.gone and event.kind in PRODUCT_EVENTS:
        # Of what was never in the mirror there is nothing to clean: a WPML shop tells of each of its translated
        # products, and to us they are not products.
        if not seen.unchanged:
            cleaning.product_gone(services, shop, event.resource)
        services.catalogue.drop(shop, ProductId(event.resource), event.occurred_at.isoformat())


def note_prices(services: Services, shop: ShopId, product: Product) -> None:
    """Append prices that the merchant set to the price history."""
    for point in prices_of(product):
        services.prices.saw(shop, point.variant_id, point.price, point.at)


def prices_of(product: Product) -> tuple[PricePoint, ...]:
    """The prices that a product shows now, as points of the price history."""
    return tuple(
        PricePoint(variant_id=variant.id, at=product.updated_at, price=variant.price, ours=False)
        for variant in product.variants
        if variant.price is not None
    )


def customer_of(services: Services, shop: ShopId, order: Order) -> str:
    """The keyed hash under which an order's buyer is known, or empty."""
    if order.anonymised:
        return ""
    kind, value = ("customer", order.customer_id) if order.customer_id else ("email", order.email)
    return services.identities.identify(shop, kind, value)


def note_purchases(services: Services, shop: ShopId, orders: Sequence[tuple[Order, str]]) -> None:
    """Remember what buyers bought, where the store tells its storefront's calls who is signed in: elsewhere no list
    can be made for a buyer, so nothing is kept."""
    marketplace = services.marketplaces.get(marketplace_of(shop))
    if marketplace is not None and marketplace.proxy is not None:
        services.purchases.note(shop, orders)


def _look_at_product(services: Services, shop: ShopId, wanted: ProductId, client: StoreClient) -> Seen:
    known = services.catalogue.get(shop, wanted)
    try:
        product = client.product(wanted)
    except Gone:
        return Seen(gone=True, unchanged=known is None or known.product is None)
    if known is None or known.product is None:
        return Seen(products={product.id: product}, version=known.version if known else 0)
    if known.product.updated_at > product.updated_at:
        return Seen(unchanged=True)  # the store answered with an older state than it did before
    same = known.fingerprint == fingerprint(product)
    return Seen(products={product.id: product}, unchanged=same, version=known.version)


def _look_at_order(services: Services, shop: ShopId, wanted: OrderId, client: StoreClient) -> Seen:
    try:
        order = client.order(wanted)
    except Gone:
        return Seen(gone=True)
    customer = customer_of(services, shop, order)
    services.history.note(shop, order, customer)
    note_purchases(services, shop, [(order, customer)])
    if order.anonymised:
        privacy.forget_buyer_of(services, shop, order.id)
    return Seen(orders={order.id: order})
