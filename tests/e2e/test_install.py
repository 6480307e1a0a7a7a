"""From an empty platform to first proposals over HTTP: click, consent, tokens, webhooks, first sync."""

import html
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
import requests

from chalicelib.domain.ids import ShopId, shop_id
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Mode, Shop, ShopState
from integrations.shopify.install import APP_BRIDGE
from sandbox.platform import Platform
from sandbox.seed import Seed, SeedLine, SeedOrder, SeedProduct, SeedVariant
from sandbox.shopify_store import ShopifyStore, app_file
from sandbox.shopify_store import serve as serve_shopify
from sandbox.woocommerce_store import WooCommerceStore
from sandbox.woocommerce_store import serve as serve_woocommerce
from tests.e2e.ground import standing

APP_FILE = Path(__file__).parents[2] / "shopify.app.toml"
CLIENT, SECRET, DOMAIN = "client-of-tests", "shpss_install", "harbour-lights.myshopify.com"
GOODS, ORDERS = 30, 120
PATIENCE_S = 90


def now() -> datetime:
    return datetime.now(UTC)


def seed(name: str) -> Seed:
    """Neighbours by three are bought together, again and again."""
    begun = now().replace(microsecond=0) - timedelta(days=ORDERS + 1)
    goods = tuple(
        SeedProduct(
            key=f"good-{n}", title=f"{('Lantern', 'Candle', 'Wick')[n % 3]} number {n}", created_at=begun,
            product_type=("lamps", "candles", "spares")[n % 3],
            variants=(SeedVariant(sku=f"sku-{n}", price=Decimal(10 + n), stock=1000),),
        )
        for n in range(GOODS)
    )  # fmt: skip
    orders = tuple(
        SeedOrder(
            key=f"order-{n}", created_at=begun + timedelta(days=n), customer_key=f"b{n % 40}",
            email=f"b{n % 40}@example.com",
            lines=tuple(
                SeedLine(sku=f"sku-{(n + d) % GOODS}", quantity=1, unit_price=Decimal(10)) for d in (0, 1, 2)
            ),
        )
        for n in range(ORDERS)
    )  # fmt: skip
    return Seed(name=name, currency="EUR", country="DE", products=goods, orders=orders)


@dataclass
class Merchant:
    """Somebody at a browser: follows links, presses buttons, keeps cookies."""

    home: str
    browser: requests.Session = field(default_factory=requests.Session)
    page: str = ""
    url: str = ""

    def go(self, address: str) -> "Merchant":
        return self._came(self.browser.get(urljoin(self.url or self.home, address), timeout=30))

    def send(self, path: str, **fields: str) -> "Merchant":
        hidden = re.search(r'name="csrf" value="([^"]+)"', self.page)
        form = {**fields, "csrf": hidden[1] if hidden else ""}
        return self._came(self.browser.post(urljoin(self.url or self.home, path), data=form, timeout=30))

    def follow(self, words: str) -> "Merchant":
        found = re.search(rf'<a[^>]*href="([^"]+)"[^>]*>{words}', self.page)
        assert found, f"no link {words!r} in {self.page}"
        return self.go(html.unescape(found[1]))

    def sign_in(self, email: str) -> None:
        self.go(f"{self.home}/sign-in").send("/sign-in", email=email, to="")
        self.follow("Open the link")
        token = parse_qs(urlsplit(self.url).query)["token"][0]
        self.send("/sign-in/link", token=token)
        assert email in self.page

    def _came(self, answer: requests.Response) -> "Merchant":
        assert answer.status_code < 400, f"{answer.status_code} {answer.text[:2000]}"
        self.page, self.url = answer.text, answer.url
        return self


@dataclass
class Street:
    """An empty platform, and two stores that know nothing of it."""

    platform: Platform
    shopify: ShopifyStore
    woocommerce: WooCommerceStore

    def settle(self) -> None:
        """Until no store has anything to tell and no queue anything to do."""
        end, calm = time.monotonic() + PATIENCE_S, 0
        while calm < 3:
            assert time.monotonic() < end, "it did not settle in time"
            told = not self.shopify.pending_deliveries() and not self.woocommerce.pending_deliveries()
            calm = calm + 1 if told and self.platform.idle() else 0
            time.sleep(0.1)

    def shop(self, name: ShopId) -> Shop:
        return self.platform.services.shops.get(name)

    def check_first_proposals(self, name: ShopId) -> None:
        """The whole catalogue was read, every function proposes, and nothing was written."""
        services = self.platform.services
        assert sum(1 for _ in services.catalogue.all(name)) == GOODS
        assert set(services.shops.policy(name).modes.values()) == {Mode.PROPOSE}
        made = list(services.proposals.every(name))
        assert len({one.action.resource for one in made}) >= GOODS // 2, "first proposals"
        assert {one.status for one in made} == {Status.PROPOSED}
        assert not list(services.problems.all(name))
        assert not self.platform.dead_letters()


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    shopify = ShopifyStore(
        seed("Harbour Lights"), domain=DOMAIN, client_id=CLIENT, client_secret=SECRET, clock=now, access_token=None,
    )  # fmt: skip
    woocommerce = WooCommerceStore(
        seed("Wick and Lantern"), consumer_key="ck_not_ours", consumer_secret="cs_not_ours", clock=now,
        allow_insecure_callback=True,
    )  # fmt: skip
    with serve_shopify(shopify) as one, serve_woocommerce(woocommerce):
        environment = {
            "TRADEWIND_APP_IDS": f"shopify={CLIENT}", "TRADEWIND_APP_SECRETS": f"shopify={SECRET}",
            "TRADEWIND_STORES": f"{DOMAIN}={one.url}",
        }  # fmt: skip
        with standing(tmp_path, environment) as platform:
            shopify.register(app_file.read(APP_FILE, base_url=platform.url))
            shopify.outbox.start(workers=2)
            yield Street(platform, shopify, woocommerce)
            shopify.outbox.stop()


def wait(until: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.1)


def test_a_woocommerce_store_from_the_first_click_to_first_proposals(street: Street) -> None:
    merchant = Merchant(street.platform.url)
    merchant.sign_in("mira@lantern.example")
    assert "No shop yet" in merchant.page
    merchant.follow("Connect a store").send("/connect/woocommerce", address=street.woocommerce.url)
    assert "WooCommerce is active." in merchant.page
    merchant.follow("Approve in the store")
    assert "Tradewind would like to connect to your store" in html.unescape(merchant.page)
    merchant.follow("Approve")
    wait(lambda: "the store is connected" in merchant.go(merchant.url).page.lower(), "the key is proven")
    name = ShopId(urlsplit(merchant.url).path.rpartition("/")[2])
    assert "Wick and Lantern" in merchant.page
    street.settle()
    shop = street.shop(name)
    assert (shop.name, shop.state) == ("Wick and Lantern", ShopState.CONNECTED)
    assert {hook.status for hook in street.woocommerce.shop.webhooks.values()} == {"active"}
    assert {hook.delivery_url for hook in street.woocommerce.shop.webhooks.values()} == {
        f"{street.platform.url}/hooks/woocommerce/{name.partition(':')[2]}"
    }
    street.check_first_proposals(name)
    other = Merchant(street.platform.url)
    other.sign_in("somebody@else.example")
    assert other.browser.get(f"{other.home}/s/{name}", timeout=30).status_code == 404


def test_a_shopify_store_from_the_app_store_to_first_proposals(street: Street) -> None:
    merchant = Merchant(street.shopify.base_url)
    merchant.go(f"/admin/apps/{CLIENT}")
    assert "Install Tradewind" in merchant.page, "the store's own consent page comes first"
    merchant.send("/admin/oauth/install", client_id=CLIENT)
    frame = html.unescape(re.findall(r'<iframe src="([^"]+)"', merchant.page)[0])
    assert frame.startswith(f"{street.platform.url}/?embedded=1")
    answer = requests.get(frame, timeout=30)
    assert answer.status_code == 200, answer.text
    assert "Harbour Lights" in answer.text
    assert f'<script src="{APP_BRIDGE}">' in answer.text
    assert f"frame-ancestors https://{DOMAIN} https://admin.shopify.com" in answer.headers["content-security-policy"]
    name = shop_id("shopify", DOMAIN)
    street.settle()
    shop, (credentials, _) = street.shop(name), street.platform.services.shops.credentials(name)
    assert shop.state is ShopState.CONNECTED
    assert credentials.expires_at is not None, "an expiring offline token"
    assert credentials.values["refresh_token"]
    assert not street.shopify.outbox.subscriptions, "the app's own file subscribes"
    street.check_first_proposals(name)
    street.shopify.update_product(street.shopify.product("lantern-number-0"), title="Renamed Lantern")
    street.settle()
    titles = {product.title for product in street.platform.services.catalogue.all(name)}
    assert "Renamed Lantern" in titles, "webhooks arrive"
    issued = len(street.shopify.tokens.by_access)
    assert requests.get(street.shopify.opened_app(), timeout=30).status_code == 200
    assert len(street.shopify.tokens.by_access) == issued, "opening the app again asks for no new token"


def test_outside_the_admin_a_signed_link_leads_to_consent_and_the_member_gets_the_shop(street: Street) -> None:
    merchant = Merchant(street.platform.url)
    merchant.sign_in("agnes@agency.example")
    query = parse_qs(urlsplit(street.shopify.opened_app()).query)
    from sandbox.shopify_store.oauth import sign_query

    link = {name: query[name][0] for name in ("shop", "host", "timestamp")}
    signed = {**link, "hmac": sign_query(link, SECRET)}
    forged = requests.get(
        f"{street.platform.url}/connect/shopify", params={**signed, "shop": "victim.myshopify.com"}, timeout=30
    )
    assert forged.status_code == 400
    merchant.go(f"{street.platform.url}/connect/shopify?{urlencode(signed)}")
    assert "Install Tradewind" in merchant.page
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', merchant.page))
    answer = merchant.browser.post(
        f"{street.shopify.base_url}/admin/oauth/approve", data=form, timeout=30, allow_redirects=False
    )
    back = answer.headers["location"]
    thief = requests.get(back, timeout=30)
    assert thief.status_code == 400, "another browser has not begun it"
    merchant.go(back)
    name = shop_id("shopify", DOMAIN)
    assert urlsplit(merchant.url).path == f"/s/{name}"
    assert merchant.browser.get(back, timeout=30).status_code == 400, "once"
    credentials, _ = street.platform.services.shops.credentials(name)
    assert credentials.values["refresh_token"]


def test_keys_that_nobody_asked_for_or_that_come_twice_open_nothing(street: Street) -> None:
    home = street.platform.url
    keys = {"key_id": 1, "consumer_key": "ck_" + "a" * 40, "consumer_secret": "cs_" + "b" * 40,
            "key_permissions": "read_write"}  # fmt: skip

    def post(**body: object) -> int:
        return requests.post(f"{home}/connect/woocommerce/keys", json={**keys, **body}, timeout=30).status_code

    assert post(user_id="x") == 404
    assert post(user_id=7) == 400
    merchant = Merchant(home)
    merchant.sign_in("mira@lantern.example")
    merchant.go(f"{home}/connect").send("/connect/woocommerce", address=street.woocommerce.url)
    consent = re.search(r'href="([^"]+wc-auth[^"]+)"', merchant.page)
    assert consent
    nonce = parse_qs(urlsplit(html.unescape(consent[1])).query)["user_id"][0]
    assert post(user_id=nonce, key_permissions="read") == 403
    assert post(user_id=nonce) == 200
    assert post(user_id=nonce) == 404
    back = f"{home}/connect/woocommerce/back?success=1&user_id={nonce}"
    wait(lambda: "Not connected" in merchant.go(back).page, "the store refuses keys that it did not give")
    assert not list(street.platform.services.shops.all())
    assert not street.woocommerce.shop.webhooks
    stranger = Merchant(home)
    stranger.sign_in("somebody@else.example")
    assert stranger.browser.get(back, timeout=30).status_code == 404
