"""Shopify's API: documents that exist in the schema, errors by what must happen next, tokens that run out."""

import gzip
import io
import json
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from chalicelib.contracts import Change, Credentials, Receipt
from chalicelib.domain.actions import HoldOrder, SetPrice, SetRecommendations, Slot
from chalicelib.domain.ids import IdempotencyKey, MarketId, OrderId, ProductId, VariantId, shop_id
from chalicelib.domain.money import Money
from chalicelib.domain.shop import Shop
from chalicelib.errors import (
    AccessRevoked,
    AppError,
    Gone,
    RateLimited,
    ScopeMissing,
    StaleState,
    StoreUnavailable,
    UnsupportedAction,
)
from integrations import MARKETPLACES
from integrations.http import Answer, Budget, Transport
from integrations.shopify import bulk, library, operations, tokens
from integrations.shopify.client import ShopifyClient
from integrations.shopify.connection import VERSION, _explain, meaning
from sandbox.seed import Seed, SeedLine, SeedOrder, SeedProduct, SeedVariant
from sandbox.shopify_store import Fault, ShopifyStore, serve
from sandbox.shopify_store.tokens import ACCESS_LIFE

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "shopify"
START = datetime.now(UTC)


# --- documents ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> GraphQLSchema:
    return build_schema((ROOT / "sandbox/shopify_store/schema.graphql").read_text(), assume_valid=True)


@pytest.fixture(scope="module")
def whole() -> GraphQLSchema:
    path = SHARED / "admin_2026-10.graphql.gz"
    if not path.exists():
        pytest.skip(reason="Shopify's whole schema is not on this machine")
    return build_schema(gzip.decompress(path.read_bytes()).decode(), assume_valid=True)


@pytest.mark.parametrize("name", sorted(operations.documents()))
def test_every_document_is_valid_where_it_is_served(served: GraphQLSchema, name: str) -> None:
    assert validate(served, parse(operations.documents()[name])) == []


@pytest.mark.parametrize("name", sorted(operations.documents()))
def test_every_document_is_valid_in_the_whole_schema(whole: GraphQLSchema, name: str) -> None:
    assert validate(whole, parse(operations.documents()[name])) == []


@pytest.mark.parametrize("name", ["Texts", "MoreTexts", "TextsOf", "StandingTexts"])
def test_a_document_about_several_languages_is_valid_too(whole: GraphQLSchema, name: str) -> None:
    text = operations.document(name, 12)
    assert validate(whole, parse(text)) == []
    assert text.count("translations(locale: $locale") == 12 * operations.document(name).count("translations(")


@pytest.mark.parametrize("name", ["ExportedProducts", "ExportedOrders"])
def test_a_bulk_query_is_written_out_without_fragments(served: GraphQLSchema, name: str) -> None:
    text = operations.inline(name)
    assert "fragment" not in text
    assert validate(served, parse(text)) == []


def test_the_version_is_pinned() -> None:
    assert VERSION == "2026-10"


# --- errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "STALE_OBJECT"}, StaleState),
        ({"code": "INVALID_TRANSLATABLE_CONTENT"}, StaleState),
        ({"code": "NOT_FOUND"}, Gone),
        ({"code": "FULFILLMENT_ORDER_NOT_FOUND"}, Gone),
        ({"code": "PRODUCT_VARIANT_DOES_NOT_EXIST"}, Gone),
        ({"message": "Product does not exist"}, Gone),
        ({"code": "APP_NOT_AUTHORIZED"}, ScopeMissing),
        ({"extensions": {"code": "ACCESS_DENIED"}}, ScopeMissing),
        ({"extensions": {"code": "SHOP_INACTIVE"}}, AccessRevoked),
        ({"extensions": {"code": "INTERNAL_SERVER_ERROR"}}, StoreUnavailable),
        ({"code": "OPERATION_IN_PROGRESS"}, StoreUnavailable),
        ({"code": "ORDER_ALREADY_FULFILLED"}, UnsupportedAction),
        ({"message": "canary@buyer.example is odd"}, UnsupportedAction),
        ({"code": ["x"], "extensions": 7}, UnsupportedAction),
    ],
)
def test_what_an_error_means(error: dict[str, Any], kind: type[AppError]) -> None:
    found = meaning(error)
    assert type(found) is kind
    assert "canary" not in str(found)


def answer(data: Any) -> Answer:
    return Answer(status=200, headers={}, body=b"", data=data)


def test_throttled_says_when_the_bucket_is_full_enough() -> None:
    cost = {
        "requestedQueryCost": 500,
        "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 100, "restoreRate": 100},
    }
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    found = _explain(answer({"errors": [error], "extensions": {"cost": cost}}))
    assert isinstance(found, RateLimited)
    assert found.after == pytest.approx(4.0)
    strange: list[Any] = [
        {},
        {"cost": None},
        {"cost": {"throttleStatus": {}}},
        {"cost": {"requestedQueryCost": "x"}},
    ]
    for odd in strange:
        found = _explain(answer({"errors": [error], "extensions": odd}))
        assert isinstance(found, RateLimited)
        assert found.after == 1.0


def test_a_withheld_field_is_null_and_the_rest_is_good() -> None:
    withheld = {"path": ["order", "email"], "extensions": {"code": "ACCESS_DENIED"}}
    assert _explain(answer({"data": {"order": {"email": None}}, "errors": [withheld]})) is None
    refused = {"path": ["order"], "extensions": {"code": "ACCESS_DENIED"}}
    assert isinstance(_explain(answer({"data": {"order": None}, "errors": [refused]})), ScopeMissing)
    strange: list[Any] = ["a text", [None], [7], {"a": 1}, [[]]]
    for odd in strange:
        assert isinstance(_explain(answer({"errors": odd})), AppError)


RECORDINGS = {
    "metafields-set-stale-digest-parity.json": ("mutation", "metafieldsSet", StaleState),
    "localization-translations-digest-mismatch.json": (
        "wrongDigestRegister",
        "translationsRegister",
        StaleState,
    ),
}


@pytest.mark.parametrize("name", sorted(RECORDINGS))
def test_recorded_refusals(name: str) -> None:
    path = SHARED / "recorded_responses" / name
    if not path.exists():
        pytest.skip(reason="the recorded answers are not on this machine")
    step, field_, kind = RECORDINGS[name]
    payload = json.loads(path.read_text())[step]["response"]["data"][field_]
    assert [type(meaning(error)) for error in payload["userErrors"]] == [kind]


# --- the fence around the library ---------------------------------------------------------------------------


def test_the_library_keeps_nothing_between_tenants_and_prints_nothing() -> None:
    sent: dict[str, dict[str, Any]] = {}
    ready = threading.Barrier(8)

    def speak(tenant: str) -> None:
        def wire(body: bytes, headers: Any) -> bytes:
            ready.wait()
            sent[tenant] = {"headers": dict(headers), "body": json.loads(body)}
            return b"{}"

        library.execute(wire, {"X-Shopify-Access-Token": tenant}, "query Q { shop { id } }", {"t": tenant}, "Q")

    out = io.StringIO()
    with redirect_stdout(out):
        threads = [threading.Thread(target=speak, args=(f"tenant-{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {name: one["headers"]["X-Shopify-Access-Token"] for name, one in sent.items()} == {
        name: name for name in sent
    }
    assert all(one["body"]["variables"] == {"t": name} for name, one in sent.items())
    assert len(sent) == 8
    assert out.getvalue() == ""


def test_an_error_on_the_wire_passes_through_the_library_unprinted() -> None:
    def wire(body: bytes, headers: Any) -> bytes:
        raise AccessRevoked

    out = io.StringIO()
    with redirect_stdout(out), pytest.raises(AccessRevoked):
        library.execute(wire, {}, "query Q { shop { id } }", {}, "Q")
    assert out.getvalue() == ""


# --- against the sandbox store ------------------------------------------------------------------------------


@dataclass
class Clock:
    """The store's clock, which may run ahead."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Wallet:
    """Credentials that refresh themselves as a deployment's do."""

    shop: Shop
    transport: Transport
    held: Credentials
    refreshes: list[Credentials] = field(default_factory=list)

    def current(self) -> Credentials:
        return self.held

    def refreshed(self, stale: Credentials) -> Credentials:
        self.held = tokens.refresh(self.shop, self.transport, stale)
        self.refreshes.append(self.held)
        return self.held


@dataclass
class Bench:
    """One small store, one client, both clocks."""

    store: ShopifyStore
    shop: Shop
    clock: Clock
    transport: Transport

    def client(self, wallet: Any) -> ShopifyClient:
        made = MARKETPLACES["shopify"].connect(self.shop, wallet, self.transport)
        assert isinstance(made, ShopifyClient)
        return made

    def fixed(self) -> ShopifyClient:
        values = {"access_token": "shpat_x"}
        return self.client(Wallet(self.shop, self.transport, Credentials(values=values)))


APP = tokens.App("test_client", "hush")


@pytest.fixture
def bench() -> Iterator[Bench]:
    goods = [
        SeedProduct(
            key=f"g{n}",
            title=f"Tea {n}",
            created_at=START - timedelta(days=20 - n),
            variants=tuple(
                SeedVariant(sku=f"g{n}-{size}", price=Decimal(5), options=(("Size", size),)) for size in "SM"
            ),
        )
        for n in range(12)
    ]
    line = SeedLine(sku="g1-S", quantity=1, unit_price=Decimal(5))
    orders = [SeedOrder(key=f"o{n}", created_at=START - timedelta(hours=9 - n), lines=(line,)) for n in range(8)]
    clock = Clock()
    store = ShopifyStore(
        Seed(name="Tea", currency="EUR", country="DE", products=goods, orders=orders), clock=clock,
        domain="demo.myshopify.com", client_id=APP.client_id, client_secret=APP.client_secret,
        access_token="shpat_x", cost_limit=100_000,
    )  # fmt: skip
    with serve(store) as running:
        shop = Shop(
            id=shop_id("shopify", "demo.myshopify.com"), marketplace="shopify", name="Tea",
            endpoint=running.url, currency="EUR", sandbox=True,
        )  # fmt: skip
        transport = Transport(sandbox=True, budget=Budget(attempts=2, seconds=20), sleep=lambda seconds: None)
        yield Bench(store, shop, clock, transport)


def test_a_page_installs_by_token_exchange(bench: Bench) -> None:
    given = tokens.exchange(bench.shop, bench.transport, APP, bench.store.session_token())
    assert given.expires_at is not None
    assert given.values["refresh_token"]
    assert "shpat" not in repr(given)
    assert bench.client(Wallet(bench.shop, bench.transport, given)).facts().account == "demo.myshopify.com"


def test_a_bad_session_token_installs_nothing(bench: Bench) -> None:
    with pytest.raises(AccessRevoked):
        tokens.exchange(bench.shop, bench.transport, APP, "a.b.c")


def test_a_token_that_ran_out_is_refreshed_once_in_mid_work(bench: Bench) -> None:
    given = tokens.exchange(bench.shop, bench.transport, APP, bench.store.session_token())
    wallet = Wallet(bench.shop, bench.transport, given)
    client = bench.client(wallet)
    assert client.facts().name == "Tea"
    bench.clock.ahead = ACCESS_LIFE + timedelta(seconds=1)
    for _ in range(5):
        assert client.facts().name == "Tea"
    assert len(wallet.refreshes) == 1
    assert wallet.held.values["refresh_token"] != given.values["refresh_token"]


def test_a_token_about_to_run_out_is_refreshed_before_it_is_used(bench: Bench) -> None:
    given = tokens.exchange(bench.shop, bench.transport, APP, bench.store.session_token())
    soon = replace(given, expires_at=datetime.now(UTC) + timedelta(seconds=20))
    wallet = Wallet(bench.shop, bench.transport, soon)
    unauthorized = bench.store.counters.unauthorized
    assert bench.client(wallet).facts().name == "Tea"
    assert len(wallet.refreshes) == 1
    assert bench.store.counters.unauthorized == unauthorized


def test_a_refresh_whose_answer_was_lost_is_made_good_with_the_token_before(bench: Bench) -> None:
    given = tokens.exchange(bench.shop, bench.transport, APP, bench.store.session_token())
    tokens.refresh(bench.shop, bench.transport, given)  # its answer never reached us
    again = tokens.refresh(bench.shop, bench.transport, given)
    assert bench.client(Wallet(bench.shop, bench.transport, again)).facts().name == "Tea"
    lost = replace(again, values={**again.values, "refresh_token": "shprt_unknown"})
    lost = replace(lost, values={**lost.values, "previous_refresh_token": again.values["refresh_token"]})
    assert tokens.refresh(bench.shop, bench.transport, lost).values["access_token"]


def test_an_uninstalled_app_is_revoked_for_good(bench: Bench) -> None:
    given = tokens.exchange(bench.shop, bench.transport, APP, bench.store.session_token())
    bench.store.uninstall()
    with pytest.raises(AccessRevoked):
        bench.client(Wallet(bench.shop, bench.transport, given)).facts()


def test_a_scope_that_was_taken_away_is_named_as_such(bench: Bench) -> None:
    product = ProductId(str(bench.store.variant("g1-S").product.number))
    action = SetRecommendations(product_id=product, slot=Slot.RELATED, product_ids=())
    client = bench.fixed()
    held = client.read([action])[action.target]
    other = ProductId(str(bench.store.variant("g2-S").product.number))
    change = Change(action=replace(action, product_ids=(other,)), before=held, key=IdempotencyKey("k"))
    bench.store.change_scopes(("read_products", "read_orders"))
    (answer_,) = client.apply([change])
    assert isinstance(answer_, ScopeMissing)


def test_throttled_is_waited_for(bench: Bench) -> None:
    bench.store.faults.plan(Fault.THROTTLED, times=1)
    assert bench.fixed().facts().name == "Tea"
    bench.store.faults.plan(Fault.THROTTLED, times=5)
    with pytest.raises(RateLimited):
        bench.fixed().facts()


def test_refused_by_user_errors(bench: Bench) -> None:
    variant = bench.store.variant("g1-S")
    action = SetPrice(
        product_id=ProductId(str(variant.product.number)),
        variant_id=VariantId(str(variant.number)),
        price=Money(Decimal(4), "EUR"),
    )
    client = bench.fixed()
    change = Change(action=action, before=client.read([action])[action.target], key=IdempotencyKey("k"))
    bench.store.faults.plan(Fault.USER_ERRORS, times=1, contains="productVariantsBulkUpdate")
    (refused,) = client.apply([change])
    assert isinstance(refused, AppError)
    (done,) = client.apply([change])
    assert isinstance(done, Receipt)


def test_one_products_prices_travel_together(bench: Bench) -> None:
    variants = [bench.store.variant(f"g{n}-{size}") for n in range(4) for size in "SM"]
    actions = [
        SetPrice(
            product_id=ProductId(str(one.product.number)),
            variant_id=VariantId(str(one.number)),
            price=Money(Decimal(6), "EUR"),
        )
        for one in variants
    ]
    client = bench.fixed()
    held = client.read(actions)
    changes = [Change(action=a, before=held[a.target], key=IdempotencyKey("k")) for a in actions]
    calls = bench.store.counters.mutations
    assert all(isinstance(one, Receipt) for one in client.apply(changes))
    assert bench.store.counters.mutations - calls == 4


def test_market_prices_are_fixed_and_let_go(bench: Bench) -> None:
    bench.store.add_market("Switzerland", "CHF", rate=Decimal("0.95"))
    client = bench.fixed()
    (market,) = client.facts().markets
    assert (market.name, market.currency) == ("Switzerland", "CHF")
    variants = [bench.store.variant(f"g{n}-S") for n in range(3)]
    actions = [
        SetPrice(
            product_id=ProductId(str(one.product.number)),
            variant_id=VariantId(str(one.number)),
            price=Money(Decimal(7), "CHF"),
            compare_at=Money(Decimal(8), "CHF"),
            market=market.id,
        )
        for one in variants
    ]
    held = client.read(actions)
    assert {one.value for one in held.values()} == {None}
    changes = [Change(action=a, before=held[a.target], key=IdempotencyKey("k")) for a in actions]
    answers = client.apply(changes)
    for change, done in zip(changes, answers, strict=True):
        assert isinstance(done, Receipt)
        assert done.after.value == {"price": "7.00", "compare_at": "8.00", "currency": "CHF"}
        assert client.restore(change, done.after).after.value is None
    wrong = replace(actions[0], price=Money(Decimal(7), "EUR"), compare_at=None)
    change = Change(action=wrong, before=held[actions[0].target], key=IdempotencyKey("k"))
    (refused,) = client.apply([change])
    assert isinstance(refused, UnsupportedAction)
    nowhere = replace(actions[0], market=MarketId("1"))
    assert client.read([nowhere]) == {}


def test_what_was_sent_cannot_be_held(bench: Bench) -> None:
    order = bench.store.order(1001)
    bench.store.fulfill(order)
    action = HoldOrder(order_id=OrderId(str(order.number)), note="too late")
    client = bench.fixed()
    held = client.read([action])[action.target]
    (answer_,) = client.apply([Change(action=action, before=held, key=IdempotencyKey("k"))])
    assert isinstance(answer_, UnsupportedAction)


def test_an_order_says_whether_it_awaits_its_routing(bench: Bench) -> None:
    order = bench.store.order(1001)
    client = bench.fixed()
    assert not client.order(OrderId(str(order.number))).awaits_routing
    kept, order.fulfillment_orders = order.fulfillment_orders, []
    assert client.order(OrderId(str(order.number))).awaits_routing
    order.fulfillment_orders = kept
    bench.store.fulfill(order)
    assert not client.order(OrderId(str(order.number))).awaits_routing


def test_failed_tries_to_pay_are_counted(bench: Bench) -> None:
    order = bench.store.order(1001)
    client, name = bench.fixed(), OrderId(str(order.number))
    assert client.order(name).signals == (("failed_payments", 0.0),)
    failed = replace(order.transactions[0], number=990001, status="FAILURE")
    order.transactions = [failed, failed, *order.transactions]
    assert client.order(name).signals == (("failed_payments", 2.0),)
    order.transactions = []
    assert client.order(name).signals == ()


def test_ids_of_other_things_lead_to_products_and_orders(bench: Bench) -> None:
    variant = bench.store.variant("g3-S")
    client = bench.fixed()
    product = client.product(ProductId(str(variant.product.number)))
    item = product.variants[0].inventory_item
    assert client.product(ProductId(f"gid://shopify/InventoryItem/{item}")).id == product.id
    order = client.order(OrderId(str(bench.store.order(1002).number)))
    (fulfilment,) = order.fulfilment_orders
    assert client.order(OrderId(f"gid://shopify/FulfillmentOrder/{fulfilment}")).id == order.id


def test_a_large_store_is_read_as_one_export(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "WORTH_IT", 5)
    monkeypatch.setattr(bulk, "SLICE", 1_500)
    monkeypatch.setattr(bulk, "POLL_S", 0.0)
    client = bench.fixed()
    cursor, found, cursors = None, [], []
    while True:
        page = client.product_page(since=None, cursor=cursor)
        bench.store.run_bulk_operations()
        found += [*page.items]
        cursor = page.cursor
        cursors.append(cursor)
        if cursor is None:
            break
    assert sorted(one.title for one in found) == sorted(f"Tea {n}" for n in range(12))
    assert all(len(one.variants) == 2 for one in found)
    middle = next(one for one in cursors if one and not one.endswith(":0"))
    resumed = [one.id for one in client.product_page(since=None, cursor=middle).items]
    assert resumed
    assert [one.id for one in bench.fixed().product_page(since=None, cursor=middle).items] == resumed


def test_orders_are_exported_with_their_lines(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "WORTH_IT", 5)
    monkeypatch.setattr(bulk, "POLL_S", 0.0)
    client = bench.fixed()
    page = client.order_page(since=None, cursor=None)
    assert (list(page.items), (page.cursor or "")[:5]) == ([], "bulk:")
    while not page.items:
        bench.store.run_bulk_operations()
        page = client.order_page(since=None, cursor=page.cursor)
    assert len(page.items) == 8
    assert all([line.quantity for line in order.lines] == [1] for order in page.items)
