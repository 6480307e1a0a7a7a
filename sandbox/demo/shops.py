"""The two shops of the demonstration: their stores, their past, and how they are connected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib import connecting
from chalicelib.contracts import Credentials
from chalicelib.domain.ids import FunctionName, ShopId, shop_id
from chalicelib.domain.shop import Mode, Shop
from sandbox import retail
from sandbox.platform import Platform
from sandbox.seed import Seed, SeedOrder
from sandbox.shopify_store import AppSubscriptions, DeliveryFaults, ShopifyStore
from sandbox.shopify_store import serve as serve_shopify
from sandbox.woocommerce_store import Weather, WooCommerceStore
from sandbox.woocommerce_store import serve as serve_woocommerce

SHOPIFY_SECRET = "shpss_sandbox"
DOMAIN = "harbour-lights.myshopify.com"
TOKEN = "shpat_sandbox"
KEY, SECRET = "ck_sandbox", "cs_sandbox"
COMPLIANCE = ("customers/redact", "customers/data_request", "shop/redact")
TOPICS = ("app/uninstalled", "app/scopes_update", *COMPLIANCE)
"""What only an app's configuration file subscribes to; the rest is subscribed when the shop connects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoShop:
    """One store, and the orders that are still to come."""

    id: ShopId
    label: str
    url: str
    store: ShopifyStore | WooCommerceStore
    coming: Sequence[SeedOrder]

    def place(self, order: SeedOrder) -> None:
        """A buyer orders."""
        if isinstance(self.store, ShopifyStore):
            self.store.place_order(order, at=order.created_at)
        else:
            self.store.place_order(order)

    def product_page(self, title: str) -> str:
        """Where a buyer sees the product of that title."""
        return f"{self.url}/?q={title}" if isinstance(self.store, ShopifyStore) else f"{self.url}/?s={title}"

    def close(self) -> None:
        """Stop sending."""
        if isinstance(self.store, ShopifyStore):
            self.store.outbox.stop()


def open_shops(year: retail.Retail, platform: Platform, *, noise: float) -> list[DemoShop]:
    """Two stores with the same goods and every second buyer each; ``noise`` of webhooks repeat or lag."""
    return [_shopify(year, platform, noise), _woocommerce(year, noise)]


def _past(year: retail.Retail, half: int) -> tuple[list[SeedOrder], list[SeedOrder]]:
    return retail.split(list(year.orders(half)), retail.REPLAY_FROM + year.shift)


def _shopify(year: retail.Retail, platform: Platform, noise: float) -> DemoShop:
    before, coming = _past(year, 0)
    goods = year.products(before[0].created_at)
    seed = Seed(
        name="Harbour Lights", currency="GBP", country="GB", timezone="Europe/London",
        locales=("en", "de", "fr"), products=goods, orders=before,
    )  # fmt: skip
    store = ShopifyStore(
        seed, domain=DOMAIN, client_secret=SHOPIFY_SECRET, clock=_now, access_token=TOKEN,
        allow_insecure_uris=True,
    )  # fmt: skip
    store.app_subscriptions = AppSubscriptions(topics=TOPICS, uri=f"{platform.url}/hooks/shopify")
    store.outbox.faults = DeliveryFaults(duplicates=noise, reorders=2 * noise, drops=0.0, seed=7)
    store.outbox.start(workers=4)
    server = serve_shopify(store)
    return DemoShop(
        id=shop_id("shopify", DOMAIN), label="Shopify", url=server.url, store=store, coming=coming
    )


def _woocommerce(year: retail.Retail, noise: float) -> DemoShop:
    before, coming = _past(year, 1)
    goods = year.products(before[0].created_at)
    seed = Seed(
        name="Lantern and Bunting", currency="GBP", country="GB", timezone="Europe/London",
        locales=("en", "de", "fr"), products=goods, orders=before,
    )  # fmt: skip
    weather = Weather(duplicate_rate=noise, reorder_rate=2 * noise, seed=11)
    store = WooCommerceStore(
        seed, consumer_key=KEY, consumer_secret=SECRET, clock=_now, weather=weather, multilingual="wpml"
    )
    server = serve_woocommerce(store)
    return DemoShop(
        id=shop_id("woocommerce", "lantern"), label="WooCommerce", url=server.url, store=store, coming=coming
    )


def connect(platform: Platform, shop: DemoShop, modes: dict[FunctionName, Mode]) -> None:
    """Connect as the command line does, and let the first sync begin."""
    marketplace = shop.id.partition(":")[0]
    draft = Shop(
        id=shop.id, marketplace=marketplace, name=shop.label, endpoint=shop.url, currency="GBP", sandbox=True
    )
    values = (
        {"access_token": TOKEN}
        if marketplace == "shopify"
        else {"consumer_key": KEY, "consumer_secret": SECRET}
    )
    connecting.connect(platform.services, draft, Credentials(values=values), by="demo", modes=modes)


def _now() -> datetime:
    return datetime.now(UTC)
