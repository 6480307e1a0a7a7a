"""Amazon EventBridge as a second mouth: what the template's rule passes on says what the webhook says."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib import consent, working
from chalicelib.contracts import RawRequest
from chalicelib.errors import MalformedPayload
from infra.queues import partner_bus
from integrations import MARKETPLACES
from integrations.shopify import READER
from integrations.shopify.webhooks import COMPLIANCE
from sandbox.shopify_store import AppSubscriptions, ShopifyStore, app_file, samples
from sandbox.shopify_store import serve as serve_shopify
from sandbox.shopify_store.webhooks import LARGEST_EVENT
from tests.e2e.test_install import APP_FILE
from tests.office import CLIENT, SECRET, HandClock, Office, opened
from tests.stores.test_forgetting import CANARIES, canary_order

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOMAIN = "small-shop.myshopify.com"
ARN = "arn:aws:events:eu-central-1::event-source/aws.partner/shopify.com/1/tradewind"
SHARED = Path(__file__).parents[3] / "shared" / "shopify" / "webhook_payloads"
ABSENT = pytest.mark.skip(reason="the documented payloads are not on this machine")
PAYLOADS: list[Any] = sorted(SHARED.glob("*.json")) or [pytest.param(Path(), marks=ABSENT)]


def passed_on(event: Mapping[str, Any]) -> str:
    """What the rule's target gets, as EventBridge's input transformer makes it.

    Source: EventBridge's guide, "Transforming target input": a variable whose path the event does not have is
    empty; inside quotes a value is written as text, outside them as JSON.
    """
    (target,) = partner_bus()["PartnerRule"]["Properties"]["Targets"]
    transformer = target["InputTransformer"]
    text: str = transformer["InputTemplate"]
    for name, path in transformer["InputPathsMap"].items():
        value = _at(event, path)
        inner = "" if value is None else value if isinstance(value, str) else json.dumps(value)
        text = text.replace(f'"<{name}>"', json.dumps(inner)).replace(f"<{name}>", json.dumps(value))
    return text


def _at(event: Any, path: str) -> Any:
    for part in path.removeprefix("$.").split("."):
        event = event.get(part) if isinstance(event, Mapping) else None
    return event


def on_the_bus(topic: str, body: Mapping[str, Any], shop: str = "demo.myshopify.com") -> dict[str, Any]:
    metadata = {
        "X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": shop, "X-Shopify-Event-Id": "e1",
        "X-Shopify-Webhook-Id": "w1", "X-Shopify-Triggered-At": "2026-11-23T11:59:00Z",
    }  # fmt: skip
    return {"id": "b1", "detail-type": "shopifyWebhook", "detail": {"metadata": metadata, "payload": body}}


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_every_documented_body_says_the_same_by_both_roads(path: Path) -> None:
    topic = path.stem.replace("__", "/")
    raw = path.read_bytes().replace(b"{shop}", b"demo")
    told = on_the_bus(topic, json.loads(raw))
    headers = {name.lower(): value for name, value in told["detail"]["metadata"].items()}
    by_webhook = READER.normalise(RawRequest(headers=headers, body=raw), NOW)
    if topic in COMPLIANCE:
        return  # these come by HTTPS alone: Shopify demands an address that answers 401
    by_bus = READER.normalise_bridge(json.loads(passed_on(told)), NOW)
    assert (by_bus.id, by_bus.kind, by_bus.resource, by_bus.detail, by_bus.occurred_at) == (
        by_webhook.id, by_webhook.kind, by_webhook.resource, by_webhook.detail, by_webhook.occurred_at,
    )  # fmt: skip


def test_a_body_that_names_another_shop_is_refused_here_too() -> None:
    told = on_the_bus("app/uninstalled", {"id": 1, "myshopify_domain": "victim.myshopify.com"})
    with pytest.raises(MalformedPayload):
        READER.normalise_bridge(json.loads(passed_on(told)), NOW)


@pytest.fixture
def bus() -> Iterator[tuple[Office, ShopifyStore, list[str]]]:
    clock = HandClock(datetime.now(UTC))
    store = ShopifyStore(
        samples.seed(orders=()), domain=DOMAIN, client_id=CLIENT, client_secret=SECRET, access_token=None, clock=clock,
    )  # fmt: skip
    passed: list[str] = []
    with serve_shopify(store) as server, opened(clock, {}, stores={DOMAIN: server.url}) as office:
        store.register(app_file.read(APP_FILE, base_url=office.services.settings.base_url))
        declared = store.app_subscriptions
        assert declared
        store.app_subscriptions = AppSubscriptions(topics=declared.topics, uri=ARN, compliance=False)

        def carry(event: dict[str, Any]) -> None:
            passed.append(passed_on(event))
            office.queue.send(passed[-1])

        store.outbox.bus = carry
        consent.enter(office.services, MARKETPLACES["shopify"], DOMAIN, store.session_token(), by="test")
        office.work()
        yield office, store, passed


def test_a_shop_lives_by_the_bus_alone(bus: tuple[Office, ShopifyStore, list[str]]) -> None:
    office, store, passed = bus
    mug = store.product("blue-mug")
    store.update_product(mug, title="Green Mug")
    store.update_product(store.product("tea-pot"), description_html="x" * (LARGEST_EVENT + 1), title="Large Pot")
    store.delete_product(store.product("free-card"))
    order = store.place_order(canary_order("o1", store.clock(), "MUG"))
    store.refund(order)
    store.deliver_all()
    office.work()
    (shop, _), *_ = office.services.shops.all()
    titles = {product.title for product in office.services.catalogue.all(shop)}
    assert titles >= {"Green Mug", "Large Pot"}
    assert "Free Card" not in titles
    waiting = {row.key.sort: row.body for part in office.records.partitions(f"{shop}#order")
               for row in office.records.query(part)}  # fmt: skip
    assert waiting[str(order.number)]["live"] is False, "the refund was told too"
    assert any(len(text) < 2_000 and "Large Pot" not in text for text in passed)
    assert not [word for word in CANARIES.values() for text in passed if word in text], "no buyer on the bus's far side"
    assert office.dead.depth() == 0


def test_the_same_event_by_both_roads_is_one_event(bus: tuple[Office, ShopifyStore, list[str]]) -> None:
    office, store, _ = bus
    store.update_product(store.product("blue-mug"), title="Twice told")
    (delivery,) = [one for one in store.pending_deliveries() if one.topic == "products/update"]
    store.deliver_all()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), delivery.body, hashlib.sha256)).decode()
    headers = {name.lower(): value for name, value in delivery.headers.items()} | {"x-shopify-hmac-sha256": signature}
    assert office.receive("shopify", RawRequest(headers=headers, body=delivery.body)) == 200
    office.work()
    claims = [row for part in office.records.partitions("") if "#claim#" in part for row in office.records.query(part)]
    assert [len(row.body["deliveries"]) for row in claims if not row.body.get("clock")].count(2) == 1


def test_a_bus_that_nobody_speaks_for_ends_in_the_dead_letters(bus: tuple[Office, ShopifyStore, list[str]]) -> None:
    office, _, _ = bus
    office.queue.send('{"id": "1", "detail-type": "somebodyElse", "detail": {}}')
    (message,) = office.queue.take()
    assert not working.attempt(office.services, office.queue, message)


def test_what_is_passed_on_is_json_whatever_is_missing() -> None:
    told = json.loads(passed_on({"id": "b1", "detail": {"metadata": {}, "payload": {}}}))
    assert set(told) == {"id", "detail-type", "detail"}
    assert not re.search(r"<\w+>", passed_on({"id": "b1", "detail": {}}))
