"""Who gets in, how a merchant lets an app in, what goes wrong on the way, and what a visitor sees."""

import html
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from woocommerce.api import API
from woocommerce.oauth import OAuth

from sandbox.woocommerce_store import Fault, FaultKind, RunningServer, WooCommerceStore, sample, serve
from sandbox.woocommerce_store.authentication import base_string
from sandbox.woocommerce_store.receiver import Receiver
from sandbox.woocommerce_store.scrub import scrub

CLIENT: Any = API
SIGNER: Any = OAuth
BASIC = requests.auth.HTTPBasicAuth("ck", "cs")
QUERY_KEYS = {"consumer_key": "ck", "consumer_secret": "cs"}


def make(**options: Any) -> WooCommerceStore:
    return WooCommerceStore(
        sample.seed(), consumer_key="ck", consumer_secret="cs", clock=lambda: datetime.now(UTC),
        deliver="manual", **options,
    )  # fmt: skip


@pytest.fixture
def store() -> WooCommerceStore:
    return make()


@pytest.fixture
def running(store: WooCommerceStore) -> Iterator[RunningServer]:
    with serve(store) as server:
        yield server


def signed(url: str, *, method: str = "GET", secret: str = "", key: str = "ck", ago_s: int = 0) -> str:
    moment = int(time.time()) - ago_s
    return str(SIGNER(url, key, secret or "cs", version="wc/v3", method=method, oauth_timestamp=moment).get_oauth_url())


def products(running: RunningServer) -> str:
    return f"{running.url}/wp-json/wc/v3/products"


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_over_http_only_signatures_count(running: RunningServer) -> None:
    address = products(running)

    assert requests.get(signed(address), timeout=5).status_code == 200
    assert code(requests.get(address, timeout=5)) == (401, "woocommerce_rest_cannot_view")
    assert code(requests.get(address, auth=BASIC, timeout=5)) == (401, "woocommerce_rest_cannot_view")
    assert code(requests.get(address, params=QUERY_KEYS, timeout=5)) == (401, "woocommerce_rest_cannot_view")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"secret": "other"}, "Invalid signature - provided signature does not match."),
        ({"key": "ck_other"}, "Consumer key is invalid."),
        ({"method": "POST"}, "Invalid signature - provided signature does not match."),
        ({"ago_s": 901}, "Invalid timestamp."),
        ({"ago_s": -905}, "Invalid timestamp."),
    ],
)
def test_wrong_signatures_are_told_apart(running: RunningServer, change: dict[str, Any], message: str) -> None:
    answer = requests.get(signed(products(running), **change), timeout=5)

    assert code(answer) == (401, "woocommerce_rest_authentication_error")
    assert answer.json()["message"] == message


def test_a_nonce_is_used_once_and_a_parameter_cannot_be_added(running: RunningServer) -> None:
    address = signed(products(running))

    assert requests.get(address, timeout=5).status_code == 200
    assert "nonce" in requests.get(address, timeout=5).json()["message"]
    assert "signature" in requests.get(f"{signed(products(running))}&status=draft", timeout=5).json()["message"]


def test_a_half_signed_call_is_told_what_is_missing(running: RunningServer) -> None:
    answer = requests.get(products(running), params={"oauth_consumer_key": "ck"}, timeout=5)

    assert code(answer) == (401, "woocommerce_rest_authentication_missing_parameter")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text("abcz_", min_size=1, max_size=6), st.text(max_size=12), max_size=5))
def test_the_signed_text_is_that_of_rfc_5849(params: dict[str, str]) -> None:
    """An independent way to the same string: encode pairs, sort, join, encode."""
    pairs = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in params.items())
    normal = "&".join(f"{k}={v}" for k, v in pairs)
    expected = "&".join(quote(part, safe="~") for part in ("GET", "http://shop/x", normal))

    assert base_string("GET", "http://shop/x", params) == expected


def test_behind_tls_basic_and_query_keys_work() -> None:
    store = make(ssl=True)
    with serve(store) as server:
        address = products(server)
        assert store.url.startswith("https://")
        assert requests.get(address, auth=BASIC, timeout=5).status_code == 200
        assert requests.get(address, params=QUERY_KEYS, timeout=5).status_code == 200
        wrong = requests.get(address, auth=("ck", "wrong"), timeout=5)
        assert code(wrong) == (401, "woocommerce_rest_authentication_error")
        assert "WWW-Authenticate" in wrong.headers

        store.faults.strip_authorization = True
        assert requests.get(address, auth=BASIC, timeout=5).status_code == 401
        assert requests.get(address, params=QUERY_KEYS, timeout=5).status_code == 200


def test_one_request_may_say_that_it_came_over_tls(running: RunningServer) -> None:
    headers = {"X-Forwarded-Proto": "https"}

    assert requests.get(products(running), auth=BASIC, headers=headers, timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("permissions", "reads", "writes"), [("read", 200, 401), ("write", 401, 200), ("read_write", 200, 200)]
)
def test_permissions(permissions: str, reads: int, writes: int) -> None:
    store = make(permissions=permissions)
    with serve(store) as server:
        api = CLIENT(server.url, "ck", "cs", timeout=5)
        assert api.get("products").status_code == reads
        assert api.put(f"products/{store.product_id('mug')}", {}).status_code == writes


def test_a_revoked_key_is_unknown(store: WooCommerceStore, running: RunningServer) -> None:
    store.revoke_key("ck")

    assert CLIENT(running.url, "ck", "cs", timeout=5).get("products").json()["message"] == "Consumer key is invalid."


def test_without_pretty_permalinks_the_route_is_a_parameter(running: RunningServer) -> None:
    answer = requests.get(signed(f"{running.url}/?rest_route=/wc/v3/products"), timeout=5)

    assert len(answer.json()) == 3
    assert requests.get(f"{running.url}/wp-json/", timeout=5).json()["name"] == "Tea & Co"


def test_a_body_that_is_no_json_is_refused(running: RunningServer) -> None:
    answer = requests.post(
        signed(products(running), method="POST"), data="{", headers={"Content-Type": "application/json"}, timeout=5
    )

    assert code(answer) == (400, "rest_invalid_json")


# -- wc-auth ---------------------------------------------------------------------------------------------------


def consent(shop: str, callback: str, **changes: str) -> str:
    given = {
        "app_name": "Trade <wind>", "scope": "read_write", "user_id": "nonce-1",
        "return_url": "https://app.example/back", "callback_url": callback, **changes,
    }  # fmt: skip
    return f"{shop}/wc-auth/v1/authorize?{urlencode({k: v for k, v in given.items() if v})}"


def link(page: str, kind: str) -> str:
    found = re.search(rf'class="[^"]*wc-auth-{kind}" href="([^"]+)"', page)
    assert found
    return html.unescape(found.group(1))


def test_a_merchant_approves_and_the_keys_work() -> None:
    receiver = Receiver()
    store = make(allow_insecure_callback=True, signed_in=False)
    with serve(store) as server, receiver.listen() as app:
        browser = requests.Session()
        login = browser.get(consent(server.url, f"{app.url}/keys"), timeout=5)
        assert "Log in to your store" in login.text
        page = browser.post(login.url, data={"log": "shopkeeper", "pwd": "sandbox"}, timeout=5).text
        assert "Trade &lt;wind&gt;" in page

        back = browser.get(link(page, "approve"), allow_redirects=False, timeout=5)

        assert parse_qs(urlsplit(back.headers["Location"]).query) == {"success": ["1"], "user_id": ["nonce-1"]}
        keys = json.loads(receiver.received[0].body)
        assert set(keys) == {"key_id", "user_id", "consumer_key", "consumer_secret", "key_permissions"}
        assert (keys["user_id"], keys["key_permissions"]) == ("nonce-1", "read_write")
        api = CLIENT(server.url, keys["consumer_key"], keys["consumer_secret"], timeout=5)
        assert api.get("products").status_code == 200
        assert browser.get(link(page, "approve"), timeout=5).status_code == 401


def test_a_merchant_denies(running: RunningServer) -> None:
    page = requests.get(consent(running.url, "https://app.example/keys"), timeout=5).text

    assert link(page, "deny") == "https://app.example/back?success=0&user_id=nonce-1"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"callback_url": "http://app.example/keys"}, "The callback_url needs to be over SSL"),
        ({"scope": "everything"}, "Invalid scope everything"),
        ({"user_id": ""}, "Missing parameter user_id"),
    ],
)
def test_requests_for_keys_that_are_refused(running: RunningServer, changes: dict[str, str], reason: str) -> None:
    answer = requests.get(consent(running.url, "https://app.example/keys", **changes), timeout=5)

    assert answer.status_code == 401
    assert reason in answer.text


def test_keys_that_cannot_be_handed_over_are_dropped() -> None:
    receiver = Receiver(status=500)
    store = make(allow_insecure_callback=True)
    with serve(store) as server, receiver.listen() as app:
        page = requests.get(consent(server.url, f"{app.url}/keys"), timeout=5).text
        answer = requests.get(link(page, "approve"), timeout=5)

    assert answer.status_code == 401
    assert list(store.shop.keys) == ["ck"]


# -- faults ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(kind=FaultKind.TOO_MANY, retry_after_s=7), 429),
        (Fault(kind=FaultKind.FORBIDDEN), 403),
        (Fault(kind=FaultKind.SERVER_ERROR, status=502), 502),
        (Fault(kind=FaultKind.HTML), 200),
    ],
)
def test_answers_on_demand(store: WooCommerceStore, running: RunningServer, fault: Fault, status: int) -> None:
    store.faults.add(fault, calls=2)
    for _ in range(2):
        answer = requests.get(signed(products(running)), timeout=5)
        assert answer.status_code == status
        assert "html" in answer.headers["Content-Type"]
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert requests.get(signed(products(running)), timeout=5).json()
    assert store.faults.met[fault.kind] == 2


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.HANG])
def test_no_answer_on_demand(store: WooCommerceStore, running: RunningServer, kind: FaultKind) -> None:
    store.faults.add(Fault(kind=kind, hang_s=0.05))

    with pytest.raises(requests.ConnectionError):
        requests.get(signed(products(running)), timeout=5)


def test_half_an_answer_on_demand(store: WooCommerceStore, running: RunningServer) -> None:
    store.faults.add(Fault(kind=FaultKind.TRUNCATED))

    with pytest.raises(requests.RequestException):
        requests.get(signed(products(running)), timeout=5).json()


def test_a_lost_answer_still_took_effect(store: WooCommerceStore, running: RunningServer) -> None:
    mug = store.product_id("mug")
    store.faults.add(Fault(kind=FaultKind.LOST_ANSWER, method="PUT"))
    api = CLIENT(running.url, "ck", "cs", timeout=5)

    assert api.get("products").status_code == 200
    with pytest.raises(requests.ConnectionError):
        api.put(f"products/{mug}", {"menu_order": 6})
    assert api.get(f"products/{mug}").json()["menu_order"] == 6


# -- pages -----------------------------------------------------------------------------------------------------


def page(running: RunningServer, path: str, status: int = 200) -> str:
    answer = requests.get(running.url + path, timeout=5)
    assert answer.status_code == status
    return answer.text


def test_a_buyer_sees_prices_and_suggestions(store: WooCommerceStore, running: RunningServer) -> None:
    mug, spoon, tea = (store.product_id(key) for key in ("mug", "spoon", "tea"))
    store.update_product(mug, upsell_ids=[tea, 99999], cross_sell_ids=[spoon])
    slug = store.product(mug)["slug"]

    sheet = page(running, f"/product/{slug}/")
    upsells, cross_sells = sheet.partition("In the cart we would suggest")[::2]
    assert f'data-product-id="{tea}"' in upsells.partition("You may also like…")[2]
    assert f'data-product-id="{spoon}"' in cross_sells
    assert "<del" in sheet
    assert f'data-product-id="{spoon}"' in page(running, f"/cart/?add={mug}").partition("You may be interested in…")[2]
    assert "Mug" not in page(running, "/?s=spoon").partition("<main>")[2]


def test_a_page_in_another_script_is_found(store: WooCommerceStore, running: RunningServer) -> None:
    assert "Größe Tee – 日本" in page(running, urlsplit(store.product(store.product_id("tea"))["permalink"]).path)


def test_nothing_of_a_merchant_or_buyer_runs(store: WooCommerceStore, running: RunningServer) -> None:
    sheet = page(running, f"/product/{store.product(store.product_id('mug'))['slug']}/")
    found = page(running, "/?s=<script>alert(1)</script>")
    order_id = store.place_order(sample.order("new", ("MUG", 1, "5"), email="<img src=x>@example.com"))

    assert "<script" not in sheet + found
    assert "onclick" not in sheet
    assert "Mug &lt;b&gt;&amp; more&lt;/b&gt;" in sheet
    assert "<img src=x>" not in page(running, f"/wp-admin/order/{order_id}")


@pytest.mark.parametrize("path", ["/product/none/", "/wp-admin/order/1", "/wp-admin/order/x", "/elsewhere"])
def test_missing_pages(running: RunningServer, path: str) -> None:
    assert "can’t be found" in page(running, path, 404)


@given(st.text(st.sampled_from("<>/\"'= abconsriptjv:&;"), max_size=60))
def test_scrubbed_html_holds_no_script_and_no_handler(text: str) -> None:
    kept = scrub(text + "<script>x</script><a href='javascript:x' onclick=x>y</a>").lower()

    assert "<script" not in kept
    assert not re.search(r"<[^>]*\son\w+=", kept)
    assert not re.search(r"(?:href|src)=\"\s*javascript:", kept)


def test_an_order_screen_shows_status_and_notes(store: WooCommerceStore, running: RunningServer) -> None:
    order_id = store.place_order(sample.order("new", ("MUG", 1, "5")))
    store.set_order_status(order_id, "on-hold")

    text = page(running, f"/wp-admin/order/{order_id}")

    assert "on-hold" in text
    assert "Order status changed from Processing to On hold." in text


def test_prices_end_with_their_sale() -> None:
    later = timedelta()
    store = WooCommerceStore(
        sample.seed(), consumer_key="ck", consumer_secret="cs", clock=lambda: datetime.now(UTC) + later,
        deliver="manual",
    )  # fmt: skip
    mug = store.product_id("mug")
    store.update_product(mug, date_on_sale_to_gmt=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert store.product(mug)["price"] == "5.00"

    later = timedelta(hours=2)

    assert store.product(mug)["price"] == "7.00"
