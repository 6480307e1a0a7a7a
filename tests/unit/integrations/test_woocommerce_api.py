"""WooCommerce: its webhooks as captured, hosts that eat headers, sales, holds, languages, consent."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest

from chalicelib.contracts import Capability, Change, Credentials, RawRequest, Receipt
from chalicelib.domain.actions import (
    AssessOrder,
    HoldOrder,
    PublishTranslation,
    RiskFact,
    RiskLevel,
    Sentiment,
    SetPrice,
    Snapshot,
    TranslatedField,
)
from chalicelib.domain.events import EventKind
from chalicelib.domain.ids import IdempotencyKey, Locale, OrderId, ProductId, VariantId, shop_id
from chalicelib.domain.money import Money
from chalicelib.domain.shop import Shop
from chalicelib.errors import (
    AccessRevoked,
    MalformedPayload,
    NotAllowed,
    ScopeMissing,
    StaleState,
    StoreUnavailable,
    UnsupportedAction,
)
from integrations import MARKETPLACES
from integrations.http import Answer, Budget, Call, Explain, Transport
from integrations.woocommerce import install, offers
from integrations.woocommerce.client import WooCommerceClient
from integrations.woocommerce.webhooks import WooCommerceReader
from sandbox.seed import Seed, SeedLine, SeedOrder, SeedProduct, SeedVariant
from sandbox.woocommerce_store import Fault, FaultKind, WooCommerceStore, languages, serve
from tests.contract.marketplaces.worlds import texts_of

CAPTURED = Path(__file__).parents[4] / "shared" / "woocommerce" / "webhooks"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
READER = WooCommerceReader()
WPML = ("sitepress-multilingual-cms/sitepress.php", "woocommerce-multilingual/wpml-woocommerce.php")
POLYLANG = ("polylang-pro/polylang.php", "polylang-wc/polylang-wc.php")


class Secrets:
    """The secret of the captured webhooks."""

    def app(self, marketplace: str) -> Sequence[bytes]:
        return []

    def derived(self, marketplace: str, account: str) -> Sequence[bytes]:
        return [b"newer", b"s3cr3t"]


@dataclass
class Wallet:
    """One key."""

    values: Mapping[str, str]

    def current(self) -> Credentials:
        return Credentials(values=self.values)

    def refreshed(self, stale: Credentials) -> Credentials:
        return stale


@dataclass
class Bench:
    """One small store and our client."""

    store: WooCommerceStore
    shop: Shop
    calls: list[str]
    transport: Transport

    @property
    def client(self) -> WooCommerceClient:
        wallet = Wallet({"consumer_key": "ck_1", "consumer_secret": "cs_1"})
        made = MARKETPLACES["woocommerce"].connect(self.shop, wallet, self.transport)
        assert isinstance(made, WooCommerceClient)
        return made

    def id(self, key: str) -> ProductId:
        return ProductId(str(self.store.product_id(key)))

    def order(self, *, paid: bool = True) -> OrderId:
        line = SeedLine(sku="g1", quantity=1, unit_price=Decimal("9.90"))
        return OrderId(
            str(self.store.place_order(SeedOrder(key="x", created_at=datetime.now(UTC), lines=(line,)), paid=paid))
        )

    def change(self, action: Any) -> Change:
        held = self.client.read([action]).get(action.target, Snapshot(value=None, read_at=NOW))
        return Change(action=action, before=held, key=IdempotencyKey("k"))

    def apply(self, action: Any) -> Receipt:
        (answer,) = self.client.apply([self.change(action)])
        assert isinstance(answer, Receipt), answer
        return answer

    def price(self, amount: str, strike: str | None = None) -> SetPrice:
        product = self.id("g1")
        compare_at = None if strike is None else Money(Decimal(strike), "EUR")
        return SetPrice(
            product_id=product,
            variant_id=VariantId(product),
            price=Money(Decimal(amount), "EUR"),
            compare_at=compare_at,
        )


@contextmanager
def opened(count: int = 5, plugins: tuple[str, ...] = (), **options: Any) -> Iterator[Bench]:
    start = datetime.now(UTC) - timedelta(days=30)
    goods = tuple(
        SeedProduct(
            key=f"g{n}",
            title=f"Tea {n}",
            created_at=start,
            variants=(SeedVariant(sku=f"g{n}", price=Decimal("9.90"), stock=9),),
            image_alts=(f"A cup of tea {n}", "", "The tin"),
        )
        for n in range(count)
    )
    store = WooCommerceStore(
        Seed(name="Tea", currency="EUR", country="DE", locales=("en", "de"), products=goods),
        consumer_key="ck_1", consumer_secret="cs_1", clock=lambda: datetime.now(UTC), deliver="manual",
        **options,
    )  # fmt: skip
    calls: list[str] = []
    with serve(store) as running:
        shop = Shop(
            id=shop_id("woocommerce", "tok"), marketplace="woocommerce", name="Tea", endpoint=running.url,
            currency="EUR", sandbox=True, plugins=plugins,
        )  # fmt: skip
        transport = Transport(
            sandbox=True,
            budget=Budget(attempts=3, seconds=20),
            sleep=lambda seconds: None,
            observe=lambda what, status, seconds: calls.append(f"{what} {status}"),
        )
        yield Bench(store, shop, calls, transport)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with opened() as made:
        yield made


# --- webhooks ---


def captured() -> Sequence[Any]:
    absent = pytest.mark.skip(reason="the captured webhooks are not on this machine")
    return sorted(CAPTURED.glob("*.body")) or [pytest.param(Path(), marks=absent)]


@pytest.mark.parametrize("path", captured(), ids=lambda path: path.name.removesuffix(".body"))
def test_captured_webhooks_of_a_running_store(path: Path) -> None:
    headers = json.loads(path.with_name(path.name.removesuffix(".body") + ".headers.json").read_text())
    request = RawRequest(
        headers={name.lower(): value for name, value in headers.items()},
        body=path.read_bytes(),
        account="tok",
    )
    if path.name == "ping.body":
        assert READER.ping(request)
        return
    assert not READER.ping(request)
    READER.verify(request, Secrets())
    event = READER.normalise(request, NOW)
    topic = headers["X-WC-Webhook-Topic"]
    assert event.kind is MARKETPLACES["woocommerce"].topics.get(topic, EventKind.UNKNOWN)
    body = json.loads(path.read_bytes())
    if body.get("type") == "variation":
        assert event.resource == str(body["parent_id"])
    assert "example.com" not in repr(event)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/x-www-form-urlencoded", b"webhook_id=10", True),
        ("application/x-www-form-urlencoded; charset=utf-8", b"webhook_id=10", True),
        ("application/x-www-form-urlencoded", b"webhook_id=10\n", False),
        ("application/x-www-form-urlencoded", b"webhook_id=10&x=1", False),
        ("application/x-www-form-urlencoded", b"webhook_id=", False),
        ("application/x-www-form-urlencoded", "webhook_id=٣".encode(), False),
        ("application/json", b"webhook_id=10", False),
        ("", b"webhook_id=10", False),
    ],
)
def test_only_the_stores_own_test_call_is_a_ping(kind: str, body: bytes, expected: bool) -> None:
    assert READER.ping(RawRequest(headers={"content-type": kind}, body=body, account="tok")) is expected


def product_event(number: int, modified: str, topic: str = "product.updated") -> str:
    body = json.dumps({"id": number, "date_modified_gmt": modified}).encode()
    headers = {"x-wc-webhook-topic": topic, "x-wc-webhook-delivery-id": "the same for a whole second"}
    return READER.normalise(RawRequest(headers=headers, body=body, account="tok"), NOW).id


def test_five_products_in_one_second_are_five_events() -> None:
    assert len({product_event(n, "2026-11-23T10:00:00") for n in range(1, 6)}) == 5
    assert product_event(1, "2026-11-23T10:00:00") == product_event(1, "2026-11-23T10:00:00")
    assert product_event(1, "2026-11-23T10:00:00") != product_event(1, "2026-11-23T10:00:01")


def test_an_address_that_names_no_shop_is_refused() -> None:
    request = RawRequest(headers={"x-wc-webhook-topic": "order.created"}, body=b'{"id":1}', account="a b")
    with pytest.raises(MalformedPayload):
        READER.normalise(request, NOW)


def test_seven_failures_switch_a_webhook_off_and_the_watchdog_on_again(bench: Bench) -> None:
    address = "https://127.0.0.1:9/hooks"
    bench.client.subscribe(address, "one secret")
    for round_ in range(8):
        bench.store.update_product(int(bench.id("g1")), regular_price=f"{10 + round_}")
        bench.store.deliver_all()
    off = [state.topic for state in bench.client.webhooks() if not state.active]
    assert "product.updated" in off
    said = bench.client.subscribe(address, "one secret")
    assert len(said) == len(off)
    assert all(state.active for state in bench.client.webhooks())


def test_a_new_secret_reaches_every_webhook(bench: Bench) -> None:
    address = "https://127.0.0.1:9/hooks"
    bench.client.subscribe(address, "first")
    count = len(bench.client.webhooks())
    assert len(bench.client.subscribe(address, "second")) == count
    assert bench.client.subscribe(address, "second") == []
    assert {row.secret for row in bench.store.shop.webhooks.values()} == {"second"}


# --- credentials ---


@contextmanager
def tls_name(bench: Bench) -> Iterator[Bench]:
    """The same store as if behind TLS: our client believes in https, the store is told so."""
    port = bench.shop.endpoint.rpartition(":")[2]

    class Told(Transport):
        def send(self, call: Any, explain: Any = None) -> Any:
            url = call.url if isinstance(call.url, str) else call.url()
            plain = url.replace("https://shop.example", f"http://127.0.0.1:{port}")
            headers = {**call.headers, "x-forwarded-proto": "https"}
            return super().send(replace(call, url=plain, headers=headers), explain)

    transport = Told(sandbox=True, observe=lambda what, status, seconds: bench.calls.append(f"{what} {status}"))
    yield replace(bench, shop=replace(bench.shop, endpoint="https://shop.example"), transport=transport)


def test_behind_tls_the_key_travels_in_a_header(bench: Bench) -> None:
    with tls_name(bench) as secure:
        assert secure.client.product(bench.id("g1")).title == "Tea 1"


def test_a_host_that_eats_the_header_gets_the_key_in_the_query(bench: Bench) -> None:
    bench.store.faults.strip_authorization = True
    with tls_name(bench) as secure:
        client = secure.client
        bench.calls.clear()
        assert client.product(bench.id("g1")).title == "Tea 1"
        assert client.product(bench.id("g2")).title == "Tea 2"
        assert bench.calls == ["GET products 401", "GET products 200", "GET products 200"]


def test_a_key_that_is_not_known_is_revoked(bench: Bench) -> None:
    bench.store.revoke_key("ck_1")
    for secure in (False, True):
        with tls_name(bench) as behind_tls, pytest.raises(AccessRevoked):
            (behind_tls if secure else bench).client.product(bench.id("g1"))


def test_over_http_a_refused_signature_says_what_to_look_at(bench: Bench) -> None:
    """The address is signed too, so ``localhost`` for a store that calls itself 127.0.0.1 fails like a wrong secret."""
    port = urlsplit(bench.shop.endpoint).port
    other = replace(bench, shop=replace(bench.shop, endpoint=f"http://localhost:{port}"))
    with pytest.raises(AccessRevoked, match="Settings, General"):
        other.client.product(bench.id("g1"))


def test_an_address_without_the_api_says_what_to_look_at(bench: Bench) -> None:
    elsewhere = replace(bench, shop=replace(bench.shop, endpoint=f"{bench.shop.endpoint}/blog"))
    with pytest.raises(StoreUnavailable, match="Permalinks"):
        elsewhere.client.product(bench.id("g1"))


def test_connecting_asks_for_nothing_that_makes_a_store_ask_others(bench: Bench) -> None:
    asked: list[str] = []
    send = bench.transport.send

    def noted(call: Call, explain: Explain | None = None) -> Answer:
        asked.append(call.url if isinstance(call.url, str) else call.url())
        return send(call, explain)

    bench.transport.send = noted  # type: ignore[method-assign]
    facts = bench.client.facts()
    (status,) = [parse_qs(urlsplit(url).query)["_fields"][0] for url in asked if "system_status" in url]
    assert {field.partition(".")[0] for field in status.split(",")} == {"environment", "settings", "active_plugins"}
    assert "environment" not in status.split(","), "the whole section would make the store call paypal.com"
    assert (facts.currency, facts.version[:2]) == ("EUR", "9.")


def test_what_went_into_the_bin_is_among_what_changed(bench: Bench) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    order = bench.order()
    bench.store.trash_product(int(bench.id("g2")))
    bench.store.trash_order(int(order))
    told = {(ref.kind, ref.id) for ref in bench.client.changed_since(before)}
    assert (EventKind.PRODUCT_DELETED, bench.id("g2")) in told
    assert (EventKind.ORDER_DELETED, order) in told
    assert (EventKind.PRODUCT_CHANGED, bench.id("g2")) not in told


def test_a_key_that_only_reads_is_a_missing_permission() -> None:
    with opened(permissions="read") as bench:
        change = bench.change(bench.price("8.00"))
        (answer,) = bench.client.apply([change])
        assert isinstance(answer, ScopeMissing)


def test_a_firewalls_page_is_not_a_verdict(bench: Bench) -> None:
    bench.store.faults.add(Fault(kind=FaultKind.FORBIDDEN), calls=1)
    assert bench.client.product(bench.id("g1")).title == "Tea 1"


def test_every_attempt_is_signed_anew(bench: Bench) -> None:
    bench.store.faults.add(Fault(kind=FaultKind.TRUNCATED), calls=1)  # its nonce is used up
    assert bench.client.product(bench.id("g1")).title == "Tea 1"


# --- prices ---


def test_a_sale_that_the_merchant_planned_stays_planned(bench: Bench) -> None:
    product = int(bench.id("g1"))
    start = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S")
    bench.store.update_product(product, sale_price="7.00", date_on_sale_from_gmt=start)
    change = bench.change(bench.price("9.50"))
    (answer,) = bench.client.apply([change])
    assert isinstance(answer, Receipt)
    shown = bench.store.product(product)
    assert (shown["regular_price"], shown["sale_price"]) == ("9.50", "7.00")
    bench.client.restore(change, answer.after)
    assert bench.store.product(product)["regular_price"] == "9.90"
    (refused,) = bench.client.apply([bench.change(bench.price("6.50"))])
    assert isinstance(refused, UnsupportedAction)


def test_a_running_sale_is_given_back_as_it_was(bench: Bench) -> None:
    product = int(bench.id("g1"))
    end = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S")
    bench.store.update_product(product, sale_price="7.00", date_on_sale_to_gmt=end)
    names = ("regular_price", "sale_price", "date_on_sale_to_gmt", "price")
    before = {name: bench.store.product(product)[name] for name in names}
    for action in (bench.price("8.00"), bench.price("6.00", "9.90"), bench.price("6.50", "9.00")):
        change = bench.change(action)
        assert isinstance(change.before.value, Mapping)
        assert change.before.value["compare_at"] == "9.90"
        (answer,) = bench.client.apply([change])
        assert isinstance(answer, Receipt), answer
        bench.client.restore(change, answer.after)
        assert {name: bench.store.product(product)[name] for name in names} == before


def test_prices_in_another_currency_are_refused(bench: Bench) -> None:
    action = replace(bench.price("8.00"), price=Money(Decimal(8), "USD"))
    (answer,) = bench.client.apply([bench.change(action)])
    assert isinstance(answer, UnsupportedAction)


# --- orders ---


def test_a_hold_leaves_one_note_and_is_released_to_where_it_was(bench: Bench) -> None:
    order = bench.order()
    action = HoldOrder(order_id=order, note="Two countries in one order.")
    change = bench.change(action)
    first = bench.apply(action)
    assert first.wrote
    assert bench.client.order(order).held
    (again,) = bench.client.apply([change])
    assert isinstance(again, Receipt)
    assert not again.wrote
    assert sum("Two countries" in str(text) for text in bench.store.notes(int(order))) == 1
    bench.client.restore(change, first.after)
    assert bench.store.order(int(order))["status"] == "processing"


@pytest.mark.parametrize(("paid", "mails"), [(True, False), (False, True)])
def test_a_hold_says_whether_the_buyer_would_be_mailed_and_holds_no_other_way(
    bench: Bench, paid: bool, mails: bool
) -> None:
    order = bench.order()
    bench.store.set_order_status(int(order), "processing" if paid else "pending")
    found = bench.client.order(order)
    assert (found.hold_mails_buyer, found.release_mails_buyer, found.awaits_routing) == (mails, True, False)
    before = len(bench.store.sent_mails)
    (answer,) = bench.client.apply([bench.change(HoldOrder(order_id=order, note="Look.", mails_buyer=False))])
    assert isinstance(answer, StaleState if mails else Receipt)
    assert len(bench.store.sent_mails) == before, "decided as a quiet hold, so nobody is mailed"
    if mails:
        (loud,) = bench.client.apply([bench.change(HoldOrder(order_id=order, note="Look.", mails_buyer=True))])
        assert isinstance(loud, Receipt)
        assert [mail.kind for mail in bench.store.sent_mails[before:]] == ["new_order", "customer_on_hold_order"]


def test_a_note_left_by_an_attempt_that_died_is_not_left_twice(bench: Bench) -> None:
    order = bench.order()
    action = AssessOrder(
        order_id=order, risk=RiskLevel.HIGH, facts=(RiskFact(text="Odd hour", sentiment=Sentiment.NEGATIVE),)
    )
    change = bench.change(action)
    bench.store.faults.add(Fault(kind=FaultKind.SERVER_ERROR, path="/orders/batch"), calls=3)
    (failed,) = bench.client.apply([change])
    assert not isinstance(failed, Receipt)
    (done,) = bench.client.apply([change])
    assert isinstance(done, Receipt)
    assert sum("Odd hour" in str(text) for text in bench.store.notes(int(order))) == 1
    (verdict,) = bench.client.order(order).verdicts
    assert (verdict.risk, verdict.ours) == ("high", True)


def test_an_order_the_merchant_cancelled_is_not_released(bench: Bench) -> None:
    order = bench.order()
    change = bench.change(HoldOrder(order_id=order, note="Look."))
    (held,) = bench.client.apply([change])
    assert isinstance(held, Receipt)
    bench.store.cancel_order(int(order))
    assert not bench.client.restore(change, held.after).wrote
    assert bench.store.order(int(order))["status"] == "cancelled"


def test_an_anonymised_order_still_reads(bench: Bench) -> None:
    order = bench.order()
    bench.store.anonymise_order(int(order))
    assert bench.client.order(order).billing.country == ""


# --- languages ---


@pytest.mark.parametrize(("multilingual", "plugins"), [("wpml", WPML), ("polylang", POLYLANG)])
def test_a_translation_is_a_product_of_its_own_and_goes_with_undo(multilingual: str, plugins: tuple[str, ...]) -> None:
    with opened(plugins=plugins, multilingual=multilingual) as bench:
        assert Capability.TRANSLATIONS in offers(bench.shop)
        assert set(plugins) <= set(bench.client.facts().plugins)
        product = bench.id("g1")
        (title,) = [text for text in texts_of(bench.client, product, Locale("de")).source if text.key == "title"]
        field = TranslatedField(key="title", value="Tee eins", source_digest=title.digest)
        action = PublishTranslation(resource_id=product, locale=Locale("de"), fields=(field,))
        change = bench.change(action)
        (done,) = bench.client.apply([change])
        assert isinstance(done, Receipt)
        assert Locale("de") in bench.client.facts().locales
        listed = [one.title for one in bench.client.product_page(since=None, cursor=None).items]
        assert sorted(listed) == [f"Tea {n}" for n in range(5)]
        (again,) = bench.client.apply([change])
        assert isinstance(again, Receipt)
        assert not again.wrote
        assert bench.client.restore(change, done.after).after.value is None
        assert texts_of(bench.client, product, Locale("de")).existing == ()
        assert bench.store.product(int(product))["name"] == "Tea 1"


def test_a_translation_that_listings_do_not_show_is_found_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def own_language(shop: Any, product: Any, lang: str) -> bool:
        return product.lang in ("", shop.site.language)

    with opened(plugins=WPML, multilingual="wpml") as bench:
        product, de = bench.id("g1"), Locale("de")
        (title,) = [text for text in texts_of(bench.client, product, de).source if text.key == "title"]
        field = TranslatedField(key="title", value="Tee eins", source_digest=title.digest)
        bench.client.apply([bench.change(PublishTranslation(resource_id=product, locale=de, fields=(field,)))])
        monkeypatch.setattr(languages, "visible", own_language)
        assert "Tee eins" in {text.value for text in texts_of(bench.client, product, de).existing}


@pytest.mark.parametrize("place", ["_yoast_wpseo_title", "rank_math_title"])
def test_what_search_engines_show_is_translated_where_the_shops_plugin_keeps_it(place: str) -> None:
    with opened(plugins=WPML, multilingual="wpml") as bench:
        product, de = bench.id("g1"), Locale("de")
        bench.store.update_product(int(product), meta_data=[{"key": place, "value": "Tea one | %%sitename%%"}])
        source = {text.key: text for text in texts_of(bench.client, product, de).source}
        assert source["meta_title"].value == "Tea one | %%sitename%%"
        assert "meta_description" not in source
        values = {"title": "Tee eins", "meta_title": "Tee eins | %%sitename%%"}
        fields = tuple(TranslatedField(key=k, value=v, source_digest=source[k].digest) for k, v in values.items())
        change = bench.change(PublishTranslation(resource_id=product, locale=de, fields=fields))
        (done,) = bench.client.apply([change])
        assert isinstance(done, Receipt)
        assert done.after.value == values
        twin = bench.store.product(int(dict(done.after.detail)["twin"]))
        assert {meta["key"]: meta["value"] for meta in twin["meta_data"]}[place] == values["meta_title"]
        assert bench.client.restore(change, done.after).after.value is None


def _alt_change(bench: Bench, product: ProductId) -> Change:
    """The title, and every alt text that can be translated."""
    source = texts_of(bench.client, product, Locale("de")).source
    chosen = [text for text in source if text.key == "title" or text.key.startswith("alt@")]
    fields = tuple(TranslatedField(key=t.key, value=f"de {t.value}", source_digest=t.digest) for t in chosen)
    return bench.change(PublishTranslation(resource_id=product, locale=Locale("de"), fields=fields))


@pytest.mark.parametrize(("multilingual", "plugins"), [("wpml", WPML), ("polylang", POLYLANG)])
def test_alt_texts_follow_where_each_language_has_pictures_of_its_own(
    multilingual: str, plugins: tuple[str, ...]
) -> None:
    with opened(plugins=plugins, multilingual=multilingual, own_media=True) as bench:
        product = bench.id("g1")
        (made,) = bench.client.apply([_alt_change(bench, product)])
        assert isinstance(made, Receipt)
        assert made.after.value == {"title": "de Tea 1"}, "pictures come with the translated product"
        change = _alt_change(bench, product)
        (done,) = bench.client.apply([change])
        assert isinstance(done, Receipt)
        twin = bench.store.product(int(dict(done.after.detail)["twin"]))
        assert [image["alt"] for image in twin["images"]] == ["de A cup of tea 1", "", "de The tin"]
        ours = [image["alt"] for image in bench.store.product(int(product))["images"]]
        assert ours == ["A cup of tea 1", "", "The tin"]
        again = bench.client.apply([change])[0]
        assert isinstance(again, Receipt)
        assert not again.wrote
        assert bench.client.restore(change, done.after).after.digest == change.before.digest
        assert bench.store.product(twin["id"])["images"][0]["alt"] == "A cup of tea 1"


def test_alt_texts_that_languages_share_are_left_alone_and_that_is_said() -> None:
    with opened(plugins=WPML, multilingual="wpml") as bench:
        product = bench.id("g1")
        bench.client.apply([_alt_change(bench, product)])
        source = texts_of(bench.client, product, Locale("de")).source
        assert not [text for text in source if text.key.startswith("alt@")]
        shared = next(image for image in bench.store.product(int(product))["images"] if image["alt"])
        field = TranslatedField(key=f"alt@MediaImage/{shared['id']}", value="Tasse", source_digest="x")
        action = PublishTranslation(resource_id=product, locale=Locale("de"), fields=(field,))
        (answer,) = bench.client.apply([bench.change(action)])
        assert isinstance(answer, StaleState)
        assert bench.store.product(int(product))["images"][0]["alt"] == "A cup of tea 1"
        assert "WPML Media Translation" in MARKETPLACES["woocommerce"].gaps[Capability.TRANSLATIONS]


def test_without_a_plugin_there_is_no_place_for_texts_and_that_is_said(bench: Bench) -> None:
    assert Capability.TRANSLATIONS not in offers(bench.shop)
    product = bench.id("g1")
    (title,) = [text for text in texts_of(bench.client, product, Locale("de")).source if text.key == "title"]
    field = TranslatedField(key="title", value="Tee", source_digest=title.digest)
    action = PublishTranslation(resource_id=product, locale=Locale("de"), fields=(field,))
    (answer,) = bench.client.apply([bench.change(action)])
    assert isinstance(answer, UnsupportedAction)
    assert "WPML" in answer.merchant_message


# --- long reads ---


def test_more_products_of_one_second_than_a_page_holds_are_all_read_once() -> None:
    with opened(count=430) as bench:
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = bench.client.product_page(since=None, cursor=cursor)
            seen += [one.id for one in page.items]
            cursor = page.cursor
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 430


# --- connecting ---


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("shop.example.com", "https://shop.example.com"),
        (" https://shop.example.com/ ", "https://shop.example.com"),
        ("https://shop.example.com/wp-admin/plugins.php", "https://shop.example.com"),
        ("https://example.com/shop/wp-json/wc/v3", "https://example.com/shop"),
        ("http://127.0.0.1:8089/", "http://127.0.0.1:8089"),
    ],
)
def test_addresses_as_merchants_paste_them(text: str, url: str) -> None:
    assert install.store_url(text) == url


@pytest.mark.parametrize("text", ["", "https://", "ftp://shop.example.com", "://"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(NotAllowed):
        install.store_url(text)


def test_the_look_before_consent_in_words(bench: Bench) -> None:
    found = {one.code: one for one in install.preflight(bench.shop.endpoint, bench.transport, sandbox=True)}
    assert found["rest"].ok
    assert found["woocommerce"].ok
    remarks = {one.code: one.ok for one in install.remarks(bench.client.facts())}
    assert remarks["version"]
    strange = install.preflight("http://10.0.0.1", bench.transport, sandbox=True)
    assert [one.code for one in strange if not one.ok] == ["address"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert [one.code for one in install.preflight(dead, bench.transport, sandbox=True) if not one.ok] == ["rest"]


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"/wp-json/": (404, b"<html>"), "/": (200, b'{"namespaces": []}')}, "permalinks"),
        ({"/wp-json/": (401, b'{"code": "rest_forbidden"}')}, "address"),
        ({"/wp-json/": (200, b'{"namespaces": ["wp/v2"]}')}, "woocommerce"),
        ({"/wp-json/": (503, b"<html>"), "/": (503, b"<html>")}, "rest"),
    ],
)
def test_what_keeps_a_store_from_connecting(bench: Bench, answers: dict[str, tuple[int, bytes]], code: str) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[urlsplit(self.path).path]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    found = install.preflight(f"http://127.0.0.1:{server.server_port}", bench.transport, sandbox=True)
    server.shutdown()
    server.server_close()
    (bad,) = [one for one in found if not one.ok]
    assert bad.code == code
    assert bad.message.endswith((".", "?"))


def test_consent_sends_keys_that_are_bound_to_the_nonce_and_work() -> None:
    posted: list[bytes] = []

    class Callback(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with opened(allow_insecure_callback=True) as bench:
        nonce = "a-name-for-this-attempt"
        home = f"http://127.0.0.1:{server.server_port}"
        url = install.authorize_url(bench.shop.endpoint, nonce, f"{home}/done", f"{home}/keys")
        assert parse_qs(urlsplit(url).query)["user_id"] == [nonce]
        page = urlopen(url).read().decode()
        link = page.split('class="button primary wc-auth-approve" href="')[1].split('"')[0].replace("&#038;", "&")
        try:
            urlopen(Request(link.replace("&amp;", "&")))
        except OSError:
            assert posted  # the page to return to does not exist here; the keys came before
        grant = install.read_grant(posted[0])
        assert grant.nonce == nonce
        client = MARKETPLACES["woocommerce"].connect(bench.shop, Wallet(grant.credentials.values), bench.transport)
        assert client.facts().name == "Tea"
    server.shutdown()
    server.server_close()


GRANT = {
    "user_id": "n",
    "consumer_key": "ck_" + "a" * 40,
    "consumer_secret": "cs_" + "b" * 40,
    "key_permissions": "read_write",
}


@pytest.mark.parametrize(
    "change",
    [
        {"consumer_key": 7},
        {"consumer_key": "x"},
        {"consumer_secret": "cs_" + "b" * 40 + "\n"},
        {"user_id": None},
    ],
)
def test_a_grant_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedPayload):
        install.read_grant(json.dumps({**GRANT, **change}).encode())
    with pytest.raises(NotAllowed):
        install.read_grant(json.dumps({**GRANT, "key_permissions": "read"}).encode())
    assert install.read_grant(json.dumps(GRANT).encode()).nonce == "n"
    assert "ck_" not in repr(install.read_grant(json.dumps(GRANT).encode()))


def test_an_edit_between_reading_and_writing_wins(bench: Bench) -> None:
    change = bench.change(bench.price("8.00"))
    bench.store.update_product(int(bench.id("g1")), regular_price="12.00")
    (answer,) = bench.client.apply([change])
    assert isinstance(answer, StaleState)
    assert bench.store.product(int(bench.id("g1")))["regular_price"] == "12.00"
