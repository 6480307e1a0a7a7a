"""The two shops of the demonstration: their stores, their past, and how they are connected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chalicelib import connecting
from chalicelib.contracts import Credentials
from chalicelib.domain.ids import FunctionName, ShopId, shop_id
from chalicelib.domain.shop import Mode, OrderLimits, Shop
from sandbox import retail
from sandbox.platform import Platform
from sandbox.seed import Seed, SeedOrder, SeedProduct
from sandbox.shopify_store import AppSubscriptions, DeliveryFaults, ShopifyStore
from sandbox.shopify_store import serve as serve_shopify
from sandbox.woocommerce_store import Weather, WooCommerceStore
from sandbox.woocommerce_store import serve as serve_woocommerce

SHOPIFY_SECRET = "shpss_sandbox"
PLUS = 1000
"""Query points a second that Shopify gives to a store on its plan Plus. With a standard plan's hundred, reading the
texts of sixty products twice in two languages is mostly waiting."""
DOMAIN = "harbour-lights.myshopify.com"
TOKEN = "shpat_sandbox"
KEY, SECRET = "ck_sandbox", "cs_sandbox"
COMPLIANCE = ("customers/redact", "customers/data_request", "shop/redact")
TOPICS = ("app/uninstalled", "app/scopes_update", *COMPLIANCE)
"""What only an app's configuration file subscribes to; the rest is subscribed when the shop connects."""
ORDERS = OrderLimits(hold=True, tag="check", reviews_per_day=25)
"""The merchant lets risky orders be held until somebody has looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoShop:
    """One store, and the orders that are still to come."""

    id: ShopId
    label: str
    url: str
    store: ShopifyStore | WooCommerceStore
    coming: Sequence[SeedOrder]
    goods: Sequence[SeedProduct] = ()

    def place(self, order: SeedOrder) -> None:
        """A buyer orders."""
        if isinstance(self.store, ShopifyStore):
            self.store.place_order(order, at=order.created_at)
        else:
            self.store.place_order(order)

    def on_hold(self, order: str) -> bool:
        """Whether the store itself keeps an order from being sent."""
        if isinstance(self.store, WooCommerceStore):
            return bool(self.store.order(int(order))["status"] == "on-hold")
        found = self.store.state.find(f"gid://shopify/Order/{order}")
        return any(one.holds for one in found.fulfillment_orders) if found else False

    def order_page(self, number: str, order: str) -> str:
        """Where the merchant sees an order in the store's own admin."""
        place = "admin/orders" if isinstance(self.store, ShopifyStore) else "wp-admin/order"
        return f"{self.url}/{place}/{number.lstrip('#') if isinstance(self.store, ShopifyStore) else order}"

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
        allow_insecure_uris=True, cost_restore_rate=PLUS,
    )  # fmt: skip
    store.app_subscriptions = AppSubscriptions(topics=TOPICS, uri=f"{platform.url}/hooks/shopify")
    store.outbox.faults = DeliveryFaults(duplicates=noise, reorders=2 * noise, drops=0.0, seed=7)
    store.outbox.start(workers=4)
    server = serve_shopify(store)
    return DemoShop(
        id=shop_id("shopify", DOMAIN), label="Shopify", url=server.url, store=store, coming=coming, goods=goods
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
        id=shop_id("woocommerce", "lantern"), label="WooCommerce", url=server.url, store=store, coming=coming,
        goods=goods,
    )  # fmt: skip


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
    policy = platform.services.shops.policy(shop.id)
    platform.services.shops.save_policy(shop.id, replace(policy, orders=ORDERS))


def _now() -> datetime:
    return datetime.now(UTC)
