"""The app inside Shopify's admin, in a real Chromium: framed by the shop alone, every request signed, no cookie.

The names of Shopify and of the app lead to this machine over TLS; App Bridge is a stand-in that does what the real
one does to a page: it signs every fetch with a fresh session token, and goes where ``shopify-reload`` says.
"""

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from chalicelib.adapters.clocks import SystemClock
from chalicelib.domain.ids import ProductId, shop_id
from chalicelib.domain.proposals import Status
from chalicelib.web import assets
from sandbox.rehearsal.players import Neighbour
from sandbox.shopify_store import ShopifyStore, app_file, samples
from sandbox.shopify_store import serve as serve_shopify
from sandbox.shopify_store.server import Site
from sandbox.woocommerce_store.serving import _QuietHandler
from tests.e2e.test_browser import AXE
from tests.e2e.test_install import APP_FILE
from tests.office import CLIENT, SECRET, Office, found
from tests.web.serving import chromium

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

DOMAIN, HOME = "small-shop.myshopify.com", "https://app.tradewind.example"
BRIDGE = """
(() => {
  const real = window.fetch;
  const token = async () => (await real("https://cdn.shopify.com/token")).text();
  const signed = async (input, init, again) => {
    const request = new Request(input, init);
    request.headers.set("Authorization", "Bearer " + await token());
    const answer = await real(request.clone());
    const retry = answer.status === 401 && answer.headers.get("X-Shopify-Retry-Invalid-Session-Request");
    return retry && again ? signed(input, init, false) : answer;
  };
  window.fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    return url.origin === location.origin ? signed(input, init, true) : real(input, init);
  };
  const reload = new URL(location.href).searchParams.get("shopify-reload");
  if (reload) token().then((one) => location.replace(reload + "&id_token=" + one));
})();
"""
EVIL = '<!doctype html><title>evil</title><iframe src="{}"></iframe>'


@dataclass
class World:
    """Who answers to which name."""

    office: Office
    store: ShopifyStore
    stale: int = 0
    """How many tokens from now on are over already."""

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        if request.host == "cdn.shopify.com":
            return self._cdn(request)(environ, start_response)
        if request.host == "evil.example":
            return Response(EVIL.format(self.store.opened_app()), mimetype="text/html")(environ, start_response)
        behind: Any = self.office if HOME.endswith(request.host) else Site(self.store)
        found: Iterable[bytes] = behind(environ, start_response)
        return found

    def _cdn(self, request: Request) -> Response:
        open_to_all = {"Access-Control-Allow-Origin": "*"}
        if request.path == "/shopifycloud/app-bridge.js":
            return Response(BRIDGE, mimetype="text/javascript", headers=open_to_all)
        claims = {"exp": 1} if self.stale > 0 else {}
        self.stale -= 1
        return Response(self.store.session_token(**claims), mimetype="text/plain", headers=open_to_all)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, "Chrome"]]:
    script = AXE.parent.parent / "htmx.org" / "dist" / "htmx.min.js"
    if not script.exists():
        pytest.skip("htmx is not installed: npm install --no-package-lock --prefix tests/web")
    monkeypatch.setattr(assets, "VENDOR", script.parent)
    monkeypatch.setattr(assets, "version", lambda name: re.sub(r"\W", "", name))
    goods = [samples.product(f"k{n}", f"Mug-{n}", samples.variant(f"S{n}", "8.50")) for n in range(1, 4)]
    store = ShopifyStore(
        samples.seed(products=goods, orders=()), domain=DOMAIN, client_id=CLIENT, client_secret=SECRET,
        access_token=None, clock=lambda: datetime.now(UTC),
    )  # fmt: skip
    neighbour = Neighbour([ProductId(str(product.number)) for product in store.state.products()])
    with serve_shopify(store) as server:
        office = found(SystemClock(), {neighbour.name: neighbour}, base_url=HOME, stores={DOMAIN: server.url})
        store.register(app_file.read(APP_FILE, base_url=HOME))
        made = World(office, store)
        with Listening(made) as port, chromium(arguments=mapped(port)) as chrome:
            yield made, chrome


class Listening:
    """A TLS server on a free port."""

    def __init__(self, made: World) -> None:
        self._server = make_server("127.0.0.1", 0, made, threaded=True, request_handler=_QuietHandler,
                                   ssl_context="adhoc")  # fmt: skip
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        return self._server.server_port

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(timeout=5)


def mapped(port: int) -> tuple[str, ...]:
    return (f"--host-resolver-rules=MAP * 127.0.0.1:{port}", "--ignore-certificate-errors")


def text(chrome: "Chrome") -> str:
    """What the page says, asked in one step: an element found first may be gone when it is asked."""
    found: str = chrome.execute_script("return document.body ? document.body.innerText : ''")
    return found


def wait_for(chrome: "Chrome", words: str) -> None:
    from selenium.common.exceptions import TimeoutException
    from selenium.webdriver.support.wait import WebDriverWait

    try:
        WebDriverWait(chrome, 60).until(lambda _: words in text(chrome))
    except TimeoutException:
        raise AssertionError(f"{words!r} in {text(chrome)[:1500]!r}") from None


def enter(chrome: "Chrome") -> None:
    """Install the app and look into its frame."""
    chrome.get(f"https://{DOMAIN}/admin/apps/{CLIENT}")
    chrome.find_element("css selector", "button[type=submit]:not([name])").click()
    chrome.switch_to.frame(chrome.find_element("css selector", "iframe"))
    wait_for(chrome, "Getting started")


def follow(chrome: "Chrome", words: str) -> None:
    chrome.find_element("xpath", f"//*[self::a or self::button][contains(normalize-space(.), '{words}')]").click()


def test_a_merchant_installs_looks_and_approves_inside_the_admin(world: tuple[World, "Chrome"]) -> None:
    made, chrome = world
    enter(chrome)
    began = len(made.office.seen)
    chrome.execute_script("window.here = 'still';")
    follow(chrome, "Review")
    wait_for(chrome, "Approve selected")
    chrome.find_element("css selector", "[data-approve]").click()
    wait_for(chrome, "written to the store")
    made.stale = 1
    follow(chrome, "Activity")
    wait_for(chrome, "applied")
    assert chrome.execute_script("return window.here") == "still", "the pages came by fetch"
    asked = [one for one in made.office.seen[began:] if not one.path.startswith(("/static/", "/hooks/"))]
    assert {one.method for one in asked} == {"GET", "POST"}
    assert all(one.headers.get("Authorization", "").startswith("Bearer ") for one in asked), "every request is signed"
    assert not any(one.headers.get("Cookie") for one in asked)
    shop = shop_id("shopify", DOMAIN)
    written = [one for one in made.office.services.proposals.every(shop) if one.status is Status.APPLIED]
    assert len(written) == 1
    refused = [entry["message"] for entry in chrome.get_log("browser") if "Content Security" in entry["message"]]
    assert not refused


def test_a_page_that_is_reloaded_without_a_token_fetches_one(world: tuple[World, "Chrome"]) -> None:
    made, chrome = world
    enter(chrome)
    shop = shop_id("shopify", DOMAIN)
    chrome.execute_script(f"location.href = '/s/{shop}/activity?embedded=1&shop={DOMAIN}';")
    wait_for(chrome, "Export")
    assert [one.path for one in made.office.seen if one.path.endswith("/token")] == ["/connect/shopify/token"]


def test_another_site_cannot_frame_the_app(world: tuple[World, "Chrome"]) -> None:
    _, chrome = world
    enter(chrome)
    chrome.switch_to.default_content()
    chrome.get("https://evil.example/")
    chrome.switch_to.frame(chrome.find_element("css selector", "iframe"))
    assert "Getting started" not in text(chrome)
    assert any("frame-ancestors" in entry["message"] for entry in chrome.get_log("browser"))
