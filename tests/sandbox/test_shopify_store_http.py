"""The shop over HTTP: tokens, consent, faults on the wire, pages, files, deliveries in the background."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import urllib3

from sandbox.shopify_store import AppSubscriptions, DeliveryFaults, Fault, ShopifyStore, samples, serve
from sandbox.shopify_store.oauth import EXCHANGE, ID_TOKEN, OFFLINE, ONLINE, sign_query
from sandbox.shopify_store.records import Locale, gid

BACK = "https://app.example/auth/callback"
API = "/admin/api/2026-10/graphql.json"


class Browser:
    """Calls one shop over HTTP, with no retries and no redirects followed."""

    def __init__(self, store: ShopifyStore, url: str) -> None:
        self.store, self.url = store, url
        self.pool = urllib3.PoolManager(retries=False, timeout=5)

    def get(self, path: str) -> Any:
        return self.pool.request("GET", f"{self.url}{path}", redirect=False)

    def post(self, path: str, fields: dict[str, str]) -> Any:
        return self.pool.request(
            "POST", f"{self.url}{path}", fields=fields, encode_multipart=False, redirect=False
        )

    def graphql(self, query: str, token: str = "shpat_sandbox", **variables: Any) -> Any:  # noqa: S107
        body = {"query": query, "variables": variables}
        return self.pool.request(
            "POST", f"{self.url}{API}", json=body, headers={"X-Shopify-Access-Token": token}
        )

    def token(self, **form: str) -> tuple[int, dict[str, Any]]:
        known = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
        answer = self.post("/admin/oauth/access_token", {**known, **form})
        return answer.status, answer.json()

    def exchange(self, subject: str, **form: str) -> tuple[int, dict[str, Any]]:
        known = {"grant_type": EXCHANGE, "subject_token_type": ID_TOKEN, "requested_token_type": OFFLINE}
        return self.token(**{**known, "subject_token": subject, "expiring": "1", **form})


@pytest.fixture
def clock() -> samples.HandClock:
    return samples.HandClock()


@pytest.fixture
def browser(clock: samples.HandClock) -> Iterator[Browser]:
    store = ShopifyStore(samples.seed(), clock=clock, redirect_urls=(BACK,))
    with serve(store) as server:
        yield Browser(store, server.url)
    store.outbox.stop()


def test_wrong_tokens_are_refused_with_the_real_body(browser: Browser) -> None:
    for token in ("", "wrong", "shpat_sandbox "[:-1] + "x"):
        answer = browser.graphql("{ shop { name } }", token=token)
        assert answer.status == 401
        assert answer.json()["errors"].startswith("[API] Invalid API key or access token")
    assert browser.store.counters.unauthorized == 3
    good = browser.graphql("{ shop { name } }")
    assert good.json()["data"] == {"shop": {"name": "Small Shop"}}
    assert good.headers["X-Shopify-API-Version"] == "2026-10"


def test_a_body_that_is_no_json(browser: Browser) -> None:
    answer = browser.pool.request("POST", f"{browser.url}{API}", body=b"\xff{")
    assert answer.status == 400


def test_token_exchange(browser: Browser, clock: samples.HandClock) -> None:
    status, body = browser.exchange(browser.store.session_token())
    assert status == 200
    assert body["expires_in"] == 3600
    assert body["refresh_token_expires_in"] == 90 * 24 * 3600
    assert "write_products" in body["scope"].split(",")
    assert browser.graphql("{ shop { id } }", token=body["access_token"]).status == 200
    clock.forward(seconds=3600)
    assert browser.graphql("{ shop { id } }", token=body["access_token"]).status == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"iss": "https://evil.myshopify.com/admin"},
        {"dest": "https://evil.myshopify.com"},
        {"exp": 0},
        {"nbf": 4_000_000_000},
        {"exp": None},
    ],
)
def test_bad_session_tokens(browser: Browser, claims: dict[str, Any]) -> None:
    status, body = browser.exchange(browser.store.session_token(**claims))
    assert (status, body["error"]) == (400, "invalid_subject_token")


def test_forged_session_tokens(browser: Browser) -> None:
    head, body, signature = browser.store.session_token().split(".")
    none = "eyJhbGciOiJub25lIn0"
    for forged in (
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{head}.{body}.AAAA",
        "a.b",
        "",
        "é.é.é",
    ):
        assert browser.exchange(forged)[1]["error"] == "invalid_subject_token"


def test_other_token_requests_that_fail(browser: Browser) -> None:
    good = browser.store.session_token()
    assert browser.exchange(good, client_id="x")[1]["error"] == "application_cannot_be_found"
    assert browser.exchange(good, client_secret="x")[1]["error"] == "invalid_client"
    assert browser.exchange(good, requested_token_type="x")[1]["error"] == "invalid_request"
    assert browser.exchange(good, subject_token_type="x")[1]["error"] == "invalid_request"
    assert browser.token(grant_type="password")[1]["error"] == "unsupported_grant_type"
    assert browser.token(grant_type="refresh_token", refresh_token="x")[1]["error"] == "invalid_grant"
    assert browser.token(code="x") == (
        400,
        {
            "error": "invalid_request",
            "error_description": "The authorization code was not found or was already used",
        },
    )


def test_non_expiring_tokens_end_and_migrate(browser: Browser) -> None:
    _, old = browser.exchange(browser.store.session_token(), expiring="0")
    assert "expires_in" not in old
    refused = browser.graphql("{ shop { id } }", token=old["access_token"])
    assert refused.status == 403
    assert "Non-expiring access tokens are no longer accepted" in refused.json()["errors"]
    status, new = browser.exchange(old["access_token"], subject_token_type=OFFLINE)
    assert status == 200
    assert browser.graphql("{ shop { id } }", token=new["access_token"]).status == 200
    assert browser.graphql("{ shop { id } }", token=old["access_token"]).status == 401


def test_refreshing_rotates_and_a_lost_answer_can_be_asked_for_again(browser: Browser) -> None:
    _, first = browser.exchange(browser.store.session_token())
    old = first["refresh_token"]
    _, lost = browser.token(grant_type="refresh_token", refresh_token=old)
    status, second = browser.token(grant_type="refresh_token", refresh_token=old)
    assert status == 200
    assert browser.graphql("{ shop { id } }", token=lost["access_token"]).status == 401
    assert browser.graphql("{ shop { id } }", token=second["access_token"]).status == 200
    status, body = browser.token(grant_type="refresh_token", refresh_token=old)
    assert (status, body["error"]) == (400, "invalid_grant")
    status, third = browser.token(grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert status == 200
    assert third["refresh_token"] not in (old, second["refresh_token"])


def test_refresh_tokens_expire(browser: Browser, clock: samples.HandClock) -> None:
    _, first = browser.exchange(browser.store.session_token())
    clock.moment += timedelta(days=90)
    status, body = browser.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")


def test_online_tokens_may_not_assess_risk(browser: Browser) -> None:
    _, online = browser.exchange(browser.store.session_token(), requested_token_type=ONLINE)
    assert online["associated_user"]["id"] == 1
    query = """mutation A($id: ID!) { orderRiskAssessmentCreate(orderRiskAssessmentInput: {orderId: $id,
      riskLevel: LOW, facts: []}) { userErrors { message } } }"""
    order = gid("Order", browser.store.order(1001).number)
    answer = browser.graphql(query, token=online["access_token"], id=order).json()
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert "offline" in answer["errors"][0]["message"]


def test_uninstalling_ends_every_token(browser: Browser) -> None:
    _, body = browser.exchange(browser.store.session_token())
    browser.store.uninstall()
    for token in (body["access_token"], "shpat_sandbox"):
        assert browser.graphql("{ shop { id } }", token=token).status == 401
    status, refused = browser.token(grant_type="refresh_token", refresh_token=body["refresh_token"])
    assert (status, refused["error"]) == (400, "invalid_grant")


def test_authorization_code_grant(browser: Browser) -> None:
    query = f"/admin/oauth/authorize?client_id=sandbox-client&redirect_uri={BACK}&state=nonce"
    page = browser.get(query)
    assert page.status == 200
    assert b"Install Tradewind" in page.data
    form = {"client_id": "sandbox-client", "redirect_uri": BACK, "state": "nonce"}
    back = browser.post("/admin/oauth/approve", form)
    assert back.status == 302
    given = dict(parse_qsl(urlsplit(back.headers["Location"]).query))
    signature = given.pop("hmac")
    assert signature == sign_query(given, "sandbox-secret")
    assert (given["state"], given["shop"]) == ("nonce", "demo.myshopify.com")
    status, body = browser.token(code=given["code"], expiring="1")
    assert (status, body["expires_in"]) == (200, 3600)
    assert browser.token(code=given["code"])[0] == 400
    assert browser.get(query.replace(BACK, "https://evil.example/")).status == 400


def test_documented_signature_of_a_query() -> None:
    message = b"code=a94a110d86d2452eb3e2af4cfb8a3828&shop=some-shop.myshopify.com&timestamp=1337178173"
    expected = hmac.new(b"hush", message, hashlib.sha256).hexdigest()
    assert sign_query(dict(parse_qsl(message.decode())), "hush") == expected
    assert expected == "2cb1a277650a659f1b11e92a4a64275b128e037f2c3390e3c8fd2d8721dac9e2"


TAG = 'mutation T($id: ID!) { tagsAdd(id: $id, tags: ["seen"]) { userErrors { message code: field } } }'


def tag(browser: Browser) -> Any:
    return browser.graphql(TAG, id=gid("Product", browser.store.product("blue-mug").number))


def tagged(browser: Browser) -> bool:
    return "seen" in browser.store.product("blue-mug").tags


def test_faults_that_change_nothing(browser: Browser) -> None:
    faults = browser.store.faults
    faults.plan(Fault.TOO_MANY_REQUESTS, retry_after=4)
    answer = tag(browser)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "4.0")
    faults.plan(Fault.THROTTLED)
    assert tag(browser).json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    faults.plan(Fault.SERVER_ERROR, status=502)
    assert tag(browser).status == 502
    faults.plan(Fault.HTML)
    assert tag(browser).headers["Content-Type"].startswith("text/html")
    faults.plan(Fault.USER_ERRORS, message="No.", code="INVALID")
    assert tag(browser).json()["data"]["tagsAdd"]["userErrors"][0]["message"] == "No."
    faults.plan(Fault.UNAUTHORIZED)
    assert tag(browser).status == 401
    faults.plan(Fault.RESET)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        tag(browser)
    assert not tagged(browser)
    assert faults.met[-1] is Fault.RESET
    assert tag(browser).json()["data"]["tagsAdd"]["userErrors"] == []
    assert tagged(browser)


@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.LOST_ANSWER])
def test_faults_that_change_the_shop_all_the_same(browser: Browser, fault: Fault) -> None:
    browser.store.faults.plan(fault, contains="tagsAdd")
    assert browser.graphql("{ shop { id } }").status == 200
    with pytest.raises(urllib3.exceptions.ProtocolError):
        tag(browser)
    assert tagged(browser)


def test_hanging(browser: Browser) -> None:
    browser.store.faults.plan(Fault.HANG, seconds=0.6)
    browser.pool = urllib3.PoolManager(retries=False, timeout=0.2)
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        tag(browser)
    browser.pool = urllib3.PoolManager(retries=False, timeout=5)
    assert browser.graphql("{ shop { id } }").status == 200


RECOMMEND = """mutation S($metafields: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $metafields) {
  userErrors { message } } }"""


def recommend(store: ShopifyStore, handle: str, key: str, others: list[str]) -> None:
    entry = {
        "ownerId": gid("Product", store.product(handle).number),
        "namespace": "shopify--discovery--product_recommendation",
        "key": key,
        "type": "list.product_reference",
        "value": json.dumps([gid("Product", store.product(one).number) for one in others]),
    }
    assert store.execute(RECOMMEND, {"metafields": [entry]})["data"]["metafieldsSet"]["userErrors"] == []


def test_storefront_shows_what_a_buyer_would_see(browser: Browser) -> None:
    store = browser.store
    hidden = store.add_product(
        samples.product("hidden", "Hidden", samples.variant("H", "3.00"), published=False)
    )
    more = [
        store.add_product(samples.product(f"m{n}", f"More {n}", samples.variant(f"M{n}", "3.00")))
        for n in range(12)
    ]
    recommend(
        store, "plain-tee", "complementary_products", ["blue-mug", "tea-cosy", "free-card", hidden.handle]
    )
    recommend(store, "plain-tee", "related_products", [one.handle for one in more])
    page = browser.get("/products/plain-tee")
    text = page.data.decode()
    assert page.status == 200
    assert "<s>£25.00</s>" in text
    assert "£20.00" in text
    complementary, related = text.split('data-recommendations="')[1:]
    assert "Goes well with" in complementary
    assert "Blue Mug" in complementary
    assert not any(name in complementary for name in ("Tea Cosy", "Free Card", "Hidden"))
    assert "You may also like" in related
    assert related.count('class="card"') == 10
    assert "Sold out" in browser.get("/products/tea-cosy").data.decode()
    assert browser.get("/products/hidden").status == 404
    assert browser.get("/products/none").status == 404


def test_storefront_search_and_images(browser: Browser) -> None:
    text = browser.get("/?q=tea").data.decode()
    assert "Tea Pot" in text
    assert "Blue Mug" not in text
    number = browser.store.product("blue-mug").images[0].number
    assert browser.get(f"/images/{number}.svg").headers["Content-Type"].startswith("image/svg+xml")
    assert browser.get("/images/1.svg").status == 404


def test_storefront_speaks_published_languages(browser: Browser) -> None:
    store = browser.store
    mug = gid("Product", store.product("blue-mug").number)
    read = (
        "query R($id: ID!) { translatableResource(resourceId: $id) { translatableContent { key digest } } }"
    )
    content = store.execute(read, {"id": mug})["data"]["translatableResource"]["translatableContent"]
    digests = {one["key"]: one["digest"] for one in content}
    register = """mutation T($id: ID!, $t: [TranslationInput!]!) { translationsRegister(resourceId: $id,
      translations: $t) { userErrors { message } } }"""
    texts = {"title": "Blaue Tasse", "handle": "blaue-tasse"}
    entries = [
        {"locale": "de", "key": key, "value": value, "translatableContentDigest": digests[key]}
        for key, value in texts.items()
    ]
    assert not store.execute(register, {"id": mug, "t": entries})["data"]["translationsRegister"][
        "userErrors"
    ]
    for handle in ("blue-mug", "blaue-tasse"):
        page = browser.get(f"/de/products/{handle}").data.decode()
        assert '<html lang="de">' in page
        assert "Blaue Tasse" in page
    assert "Blaue Tasse" in browser.get("/de").data.decode()
    assert "Blue Mug" in browser.get("/products/blue-mug").data.decode()
    store.state.locales["it"] = Locale(locale="it", primary=False, published=False)
    assert browser.get("/it/products/blue-mug").status == 404
    assert browser.get("/en").status == 404


NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


def test_nothing_a_shop_holds_can_run_in_a_browser(browser: Browser) -> None:
    store = browser.store
    store.update_product(
        store.product("blue-mug"),
        title=NASTY,
        description_html=f"<p onclick='x()'>Fine {NASTY}</p><svg onload=alert(3)><a href='javascript:x'>go",
        vendor=NASTY,
        tags=[NASTY],
        image_alts=[NASTY],
    )
    recommend(store, "tea-pot", "related_products", ["blue-mug"])
    order = store.place_order(samples.order("n", ("MUG", 1)))
    order.tags = [NASTY]
    assess = """mutation A($i: OrderRiskAssessmentCreateInput!) { orderRiskAssessmentCreate(
      orderRiskAssessmentInput: $i) { userErrors { message } } }"""
    facts = [{"description": NASTY, "sentiment": "NEGATIVE"}]
    store.execute(assess, {"i": {"orderId": gid("Order", order.number), "riskLevel": "HIGH", "facts": facts}})
    image = store.product("blue-mug").images[0].number
    paths = ["/", "/?q=%3Cscript%3E", "/products/blue-mug", "/products/tea-pot", "/admin/orders",
             f"/admin/orders/{order.order_number}", f"/images/{image}.svg"]  # fmt: skip
    for path in paths:
        answer = browser.get(path)
        text = answer.data.decode()
        assert answer.status == 200, path
        for wrong in ("<script>alert", "<img src=x", "onclick", "<svg onload", "javascript:", "<script>"):
            assert wrong not in text, (path, wrong)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<p>Fine " in browser.get("/products/blue-mug").data.decode()


def test_order_page_shows_risk_holds_and_tags(browser: Browser) -> None:
    store = browser.store
    order = store.order(1001)
    assess = """mutation A($i: OrderRiskAssessmentCreateInput!) { orderRiskAssessmentCreate(
      orderRiskAssessmentInput: $i) { userErrors { message } } }"""
    facts = [{"description": "Five cards were tried", "sentiment": "NEGATIVE"}]
    store.execute(assess, {"i": {"orderId": gid("Order", order.number), "riskLevel": "HIGH", "facts": facts}})
    hold = """mutation H($id: ID!) { fulfillmentOrderHold(id: $id, fulfillmentHold: {reason:
    HIGH_RISK_OF_FRAUD,
      reasonNotes: "please look"}) { userErrors { message } } }"""
    store.execute(hold, {"id": gid("FulfillmentOrder", order.fulfillment_orders[0].number)})
    store.execute(TAG, {"id": gid("Order", order.number)})
    text = browser.get("/admin/orders/1001").data.decode()
    for word in (
        "Five cards were tried",
        "High risk of fraud: please look",
        "On hold",
        "seen",
        "Risk: Cancel",
    ):
        assert word in text
    assert "#1001" in browser.get("/admin/orders").data.decode()
    assert browser.get("/admin/orders/7").status == 404


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen within ten seconds"
        time.sleep(0.01)


def test_bulk_files_over_http(browser: Browser) -> None:
    store = browser.store
    start = """mutation { bulkOperationRunQuery(
      query: "{ orders { nodes { id lineItems { nodes { sku } } } } }") {
      bulkOperation { id } userErrors { message } } }"""
    identity = browser.graphql(start).json()["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"]
    wait_for(lambda: store.state.find(identity).status == "COMPLETED")
    status = "query S($id: ID!) { node(id: $id) { ... on BulkOperation { url objectCount } } }"
    url = browser.graphql(status, id=identity).json()["data"]["node"]["url"]
    rows = [json.loads(line) for line in browser.get(urlsplit(url).path).data.decode().splitlines()]
    assert [row.get("sku") for row in rows] == [None, "MUG", "POT", None, "TEE-M"]
    assert browser.get("/bulk/nothing.jsonl").status == 404


def test_bulk_mutation_from_an_upload(browser: Browser) -> None:
    store = browser.store
    stage = """mutation { stagedUploadsCreate(input: [{resource: BULK_MUTATION_VARIABLES, filename: "v.jsonl",
      mimeType: "text/jsonl", httpMethod: POST}]) {
        stagedTargets { url parameters { name value } } userErrors { message } } }"""
    [target] = browser.graphql(stage).json()["data"]["stagedUploadsCreate"]["stagedTargets"]
    fields: dict[str, Any] = {one["name"]: one["value"] for one in target["parameters"]}
    ids = [gid("Product", one.number) for one in store.state.products()]
    lines = "\n".join(json.dumps({"id": one}) for one in ids)
    upload = {**fields, "file": ("v.jsonl", lines)}
    assert browser.pool.request("POST", target["url"], fields=upload).status == 201
    run = """mutation R($m: String!, $path: String!) { bulkOperationRunMutation(mutation: $m,
    stagedUploadPath: $path) {
      bulkOperation { id } userErrors { code } } }"""
    missing = browser.graphql(run, m=TAG, path="nothing").json()["data"]["bulkOperationRunMutation"]
    assert missing["userErrors"] == [{"code": "NO_SUCH_FILE"}]
    answer = browser.graphql(run, m=TAG, path=fields["key"]).json()["data"]["bulkOperationRunMutation"]
    wait_for(lambda: store.state.find(answer["bulkOperation"]["id"]).status == "COMPLETED")
    assert all("seen" in one.tags for one in store.state.products())


def test_charges_wait_for_the_merchant(browser: Browser) -> None:
    create = """mutation { appSubscriptionCreate(name: "Pro", returnUrl: "https://app.example/back",
    lineItems: [
      {plan: {appRecurringPricingDetails: {price: {amount: 10, currencyCode: USD}}}}]) {
        appSubscription { id status } confirmationUrl } }"""
    made = browser.graphql(create).json()["data"]["appSubscriptionCreate"]
    assert made["appSubscription"]["status"] == "PENDING"
    path = urlsplit(made["confirmationUrl"]).path
    assert "Approve subscription Pro" in browser.get(path).data.decode()
    assert browser.post(path, {}).headers["Location"] == "https://app.example/back"
    assert browser.store.state.find(made["appSubscription"]["id"]).status == "ACTIVE"


class Listener:
    """An app that takes webhooks over HTTP."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append(({key.lower(): value for key, value in self.headers.items()}, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_background_delivery(browser: Browser) -> None:
    listener, store = Listener(), browser.store
    store.app_subscriptions = AppSubscriptions(topics=("products/update",), uri=listener.url)
    store.outbox.faults = DeliveryFaults(duplicates=1.0)
    store.outbox.start(workers=3)
    for number in range(20):
        store.update_product(store.product("blue-mug"), title=f"Mug {number}")
    wait_for(lambda: len(listener.taken) == 40)
    store.outbox.stop()
    listener.server.shutdown()
    listener.server.server_close()
    assert len({headers["x-shopify-webhook-id"] for headers, _ in listener.taken}) == 20
    assert {json.loads(body)["title"] for _, body in listener.taken} == {f"Mug {n}" for n in range(20)}
    assert store.pending_deliveries() == []


def test_many_threads_one_shop(browser: Browser) -> None:
    """Compare-and-set from twenty threads: of all that start from the same digest, one wins."""
    owner = gid("Product", browser.store.product("blue-mug").number)
    entry = {"ownerId": owner, "namespace": "custom", "key": "race", "type": "json", "compareDigest": None}
    codes: list[list[str]] = []

    def write(number: int) -> None:
        query = """mutation S($metafields: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $metafields) {
          userErrors { code } } }"""
        answer = browser.graphql(query, metafields=[{**entry, "value": str(number)}]).json()
        codes.append([one["code"] for one in answer["data"]["metafieldsSet"]["userErrors"]])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [[]] + [["STALE_OBJECT"]] * 19
