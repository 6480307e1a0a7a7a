"""Webhooks out: shape, signature, retries, subscriptions that die, and deliveries that go astray."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from sandbox.shopify_store import AppSubscriptions, DeliveryFaults, ShopifyStore, samples
from sandbox.shopify_store.records import gid
from sandbox.shopify_store.webhooks import RETRIES, Delivery, sign

SCHEMAS = Path(__file__).parents[3] / "shared" / "shopify" / "webhook_schemas"
TOPICS = (
    "products/create", "products/update", "products/delete", "orders/create", "orders/updated", "orders/paid",
    "orders/cancelled", "orders/fulfilled", "orders/risk_assessment_changed", "refunds/create",
    "disputes/create",
    "disputes/update", "inventory_levels/update", "inventory_items/update", "app/uninstalled",
    "app/scopes_update",
    "fulfillment_orders/order_routing_complete", "fulfillment_orders/placed_on_hold",
    "bulk_operations/finish",
    "fulfillment_orders/hold_released",
)  # fmt: skip
HOOK = "https://app.example/hooks"


class Receiver:
    """Takes deliveries instead of a server, and answers what it is told to."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.status = 200

    def __call__(self, delivery: Delivery) -> int:
        self.taken.append(delivery)
        return self.status

    def bodies(self, topic: str) -> list[Any]:
        return [json.loads(one.body) for one in self.taken if one.topic == topic]


@pytest.fixture
def clock() -> samples.HandClock:
    return samples.HandClock()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def store(clock: samples.HandClock, receiver: Receiver) -> Iterator[ShopifyStore]:
    shop = ShopifyStore(samples.seed(), clock=clock, send=receiver, client_secret="hush")
    shop.app_subscriptions = AppSubscriptions(topics=TOPICS, uri=HOOK)
    yield shop
    shop.outbox.stop()


ASSESS = """mutation A($input: OrderRiskAssessmentCreateInput!) {
  orderRiskAssessmentCreate(orderRiskAssessmentInput: $input) { userErrors { message code } } }"""
HOLD = """mutation H($id: ID!, $hold: FulfillmentOrderHoldInput!) {
  fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) { userErrors { message code } } }"""
RELEASE = """mutation R($id: ID!) { fulfillmentOrderReleaseHold(id: $id) { userErrors { message code } } }"""
EXPORT = """mutation { bulkOperationRunQuery(query: "{ products { edges { node { id } } } }") {
  userErrors { message } } }"""


def live(store: ShopifyStore) -> None:
    """Everything that can happen in a shop, once."""
    product = store.add_product(samples.product("new", "New Thing", samples.variant("NEW", "5.00")))
    store.update_product(product, title="Newer Thing")
    store.update_variant(product.variants[0], price="6.00", cost=None, stock=3)
    order = store.place_order(samples.order("n1", ("MUG", 2), ("NEW", 1)))
    waiting = gid("FulfillmentOrder", order.fulfillment_orders[0].number)
    facts = [{"description": "Card country differs", "sentiment": "NEGATIVE"}]
    risk = {"orderId": gid("Order", order.number), "riskLevel": "MEDIUM", "facts": facts}
    store.execute(ASSESS, {"input": risk})
    store.execute(
        HOLD, {"id": waiting, "hold": {"reason": "HIGH_RISK_OF_FRAUD", "reasonNotes": "look", "handle": "tw"}}
    )
    store.execute(RELEASE, {"id": waiting})
    store.fulfill(order)
    store.refund(order, quantities={0: 1})
    store.settle_dispute(store.dispute(order), won=False)
    store.cancel_order(store.place_order(samples.order("n2", ("POT", 1))))
    store.execute(EXPORT)
    store.run_bulk_operations()
    store.delete_product(product)
    store.request_customer_data(store.customer("ada"))
    store.redact_customer(store.customer("bob"))
    store.change_scopes(("read_products",))
    store.uninstall()
    store.redact_shop()


# Where a schema, inferred from one example, is narrower than the documented payload: products without a
# picture have a null image in the documented example, orders do have refunds, a cost may be unknown, and a
# hold need not split.
NARROW = {
    "products/create": ("image",),
    "products/update": ("image",),
    "orders/updated": ("refunds",),
    "inventory_items/update": ("cost",),
    "fulfillment_orders/placed_on_hold": ("remaining_fulfillment_order",),
}


def test_bodies_have_the_documented_shape(store: ShopifyStore, receiver: Receiver) -> None:
    if not SCHEMAS.exists():
        pytest.skip(
            reason=f"{SCHEMAS} is absent: the documented payload schemas are kept beside the repository"
        )
    live(store)
    store.deliver_all()
    seen = {one.topic for one in receiver.taken}
    assert seen == {*TOPICS, "customers/data_request", "customers/redact", "shop/redact"}
    problems = []
    for delivery in receiver.taken:
        wanted = json.loads((SCHEMAS / f"{delivery.topic}.json").read_text())
        body = json.loads(delivery.body)
        for name in NARROW.get(delivery.topic, ()):
            wanted["properties"].pop(name, None)
            wanted["required"] = [one for one in wanted["required"] if one != name]
        found = jsonschema.Draft202012Validator(wanted).iter_errors(body)
        problems += [f"{delivery.topic} {error.json_path}: {error.message[:200]}" for error in found]
    assert not problems, "\n".join(problems)


def test_signature_and_headers(store: ShopifyStore, receiver: Receiver) -> None:
    store.update_product(store.product("blue-mug"), title="Größe – 日本語 😀")
    store.deliver_all()
    [delivery] = receiver.taken
    expected = base64.b64encode(hmac.new(b"hush", delivery.body, hashlib.sha256).digest()).decode()
    assert delivery.headers["X-Shopify-Hmac-SHA256"] == expected
    assert delivery.headers["X-Shopify-Topic"] == "products/update"
    assert delivery.headers["X-Shopify-Shop-Domain"] == "demo.myshopify.com"
    assert delivery.headers["X-Shopify-API-Version"] == "2026-10"
    assert delivery.headers["X-Shopify-Triggered-At"].startswith("2026-03-02T09:00:00")
    assert delivery.headers["X-Shopify-Webhook-Id"] == delivery.webhook_id
    assert "Größe" in delivery.body.decode()


def test_signature_vectors() -> None:
    path = SCHEMAS.parent / "auth_vectors.json"
    if not path.exists():
        pytest.skip(reason=f"{path} is absent: the vectors are kept beside the repository")
    vectors = json.loads(path.read_text())
    checked = [sign(vectors["client_secret"], one["body"].encode()) == one["hmac_b64"]
               for one in vectors["webhook"] if "hmac_b64" in one]  # fmt: skip
    assert checked == [True] * 4


def test_one_action_has_one_event_id(store: ShopifyStore, receiver: Receiver) -> None:
    store.place_order(samples.order("n", ("MUG", 1), ("POT", 1)))
    store.deliver_all()
    assert len({one.event_id for one in receiver.taken}) == 1
    assert len({one.webhook_id for one in receiver.taken}) == len(receiver.taken)
    topics = [one.topic for one in receiver.taken]
    assert sorted(set(topics)) == [
        "fulfillment_orders/order_routing_complete",
        "inventory_levels/update",
        "orders/create",
        "orders/paid",
        "products/update",
    ]
    assert topics.count("products/update") == 2


def test_own_writes_are_announced_once_per_object(store: ShopifyStore, receiver: Receiver) -> None:
    tee = store.product("plain-tee")
    query = """mutation P($id: ID!, $variants: [ProductVariantsBulkInput!]!) {
      productVariantsBulkUpdate(productId: $id, variants: $variants) { userErrors { message } } }"""
    variants = [{"id": gid("ProductVariant", one.number), "price": "19.00"} for one in tee.variants]
    store.execute(query, {"id": gid("Product", tee.number), "variants": variants})
    store.deliver_all()
    [body] = receiver.bodies("products/update")
    assert [one["price"] for one in body["variants"]] == ["19.00"] * 3


def test_retries_keep_the_body_and_grow_apart(
    store: ShopifyStore, receiver: Receiver, clock: samples.HandClock
) -> None:
    receiver.status = 503
    store.update_product(store.product("blue-mug"), title="First")
    store.deliver_all()
    receiver.status = 500
    times = [clock()]
    while store.pending_deliveries():
        clock.moment = store.pending_deliveries()[0].due_at
        store.variant("MUG").product.title = "Second"
        store.deliver_all()
        times.append(clock())
    assert len(receiver.taken) == 1 + RETRIES
    assert len({one.body for one in receiver.taken}) == 1
    assert len({one.webhook_id for one in receiver.taken}) == 1
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(b > a for a, b in pairwise(gaps))
    assert abs(sum(gaps, timedelta()) - timedelta(hours=4)) < timedelta(seconds=1)
    assert store.app_subscriptions is not None


def subscribe(store: ShopifyStore, topic: str = "PRODUCTS_UPDATE", **details: Any) -> dict[str, Any]:
    query = """mutation S($topic: WebhookSubscriptionTopic!, $sub: WebhookSubscriptionInput!) {
      webhookSubscriptionCreate(topic: $topic, webhookSubscription: $sub) {
        webhookSubscription { id } userErrors { field message } } }"""
    variables = {"topic": topic, "sub": {"uri": "https://app.example/api-made", **details}}
    return store.execute(query, variables)["data"]["webhookSubscriptionCreate"]  # type: ignore[no-any-return]


def test_api_made_subscription_dies_after_eight_failures(
    store: ShopifyStore, receiver: Receiver, clock: samples.HandClock
) -> None:
    store.app_subscriptions = None
    assert subscribe(store)["userErrors"] == []
    receiver.status = 500
    for number in range(8):
        assert len(store.outbox.subscriptions) == 1
        store.update_product(store.product("blue-mug"), title=f"Mug {number}")
        store.deliver_next()
    assert store.outbox.subscriptions == {}
    assert store.pending_deliveries() == []
    assert len(store.outbox.deleted) == 1


def test_one_success_forgives_earlier_failures(store: ShopifyStore, receiver: Receiver) -> None:
    store.app_subscriptions = None
    subscribe(store)
    for number in range(16):
        receiver.status = 200 if number == 7 else 500
        store.update_product(store.product("blue-mug"), title=f"Mug {number}")
        store.outbox.pending = store.outbox.pending[-1:]
        store.deliver_next()
        if number == 14:
            assert len(store.outbox.subscriptions) == 1
    assert store.outbox.subscriptions == {}


def test_same_topic_and_address_is_refused_twice(store: ShopifyStore) -> None:
    assert subscribe(store)["userErrors"] == []
    again = subscribe(store)
    assert again["userErrors"][0]["message"] == "Address for this topic has already been taken"


def test_include_fields_cut_the_body(store: ShopifyStore, receiver: Receiver) -> None:
    store.app_subscriptions = None
    subscribe(store, includeFields=["id", "updated_at"], name="lean")
    store.update_product(store.product("blue-mug"), title="x")
    store.deliver_all()
    [delivery] = receiver.taken
    assert set(json.loads(delivery.body)) == {"id", "updated_at"}
    assert delivery.headers["X-Shopify-Name"] == "lean"


def test_faults_are_seeded(clock: samples.HandClock) -> None:
    def run() -> tuple[list[str], int]:
        taken: list[str] = []
        faults = DeliveryFaults(duplicates=0.2, reorders=0.3, drops=0.1, seed=5)
        store = ShopifyStore(samples.seed(), clock=clock, webhook_faults=faults)
        store.outbox.send = lambda delivery: taken.append(delivery.webhook_id) or 200  # type: ignore[func-returns-value]
        store.app_subscriptions = AppSubscriptions(topics=("products/update",), uri=HOOK)
        for number in range(200):
            store.update_product(store.product("blue-mug"), title=f"Mug {number}")
        store.deliver_all()
        return taken, len(store.outbox.dropped)

    first, dropped = run()
    assert (first, dropped) == run()
    unique = list(dict.fromkeys(first))
    assert 5 < dropped < 40
    assert len(unique) == 200 - dropped
    assert 15 < len(first) - len(unique) < 70
    calm = ShopifyStore(samples.seed(), clock=clock)
    calm.app_subscriptions = AppSubscriptions(topics=("products/update",), uri=HOOK)
    for number in range(200):
        calm.update_product(calm.product("blue-mug"), title=f"Mug {number}")
    sent_in_order = [one.webhook_id for one in calm.pending_deliveries() if one.webhook_id in set(unique)]
    assert unique != sent_in_order


def test_many_variants_come_as_ids_alone(store: ShopifyStore, receiver: Receiver) -> None:
    sizes = tuple(samples.variant(f"S-{n}", "1.00", options=(("Size", str(n)),)) for n in range(101))
    store.add_product(samples.product("big", "Big", *sizes))
    store.deliver_all()
    [body] = receiver.bodies("products/create")
    assert body["variants"] == []
    assert len(body["variant_gids"]) == 101


def test_uninstalling_silences_the_api_made_subscriptions(store: ShopifyStore, receiver: Receiver) -> None:
    subscribe(store)
    store.uninstall()
    store.app_subscriptions = None
    store.update_product(store.product("blue-mug"), title="y")
    store.deliver_all()
    assert [one.topic for one in receiver.taken] == ["app/uninstalled"]


def test_event_bus(clock: samples.HandClock) -> None:
    store = ShopifyStore(samples.seed(), clock=clock)
    source = "arn:aws:events:eu-west-1::event-source/aws.partner/shopify.com/1/tradewind"
    store.app_subscriptions = AppSubscriptions(topics=("products/update",), uri=source)
    events: list[dict[str, Any]] = []
    store.update_product(store.product("blue-mug"), title="a")
    first = store.deliver_next()
    assert first is not None
    assert first.status == 0
    store.outbox.bus = events.append
    store.update_product(store.product("blue-mug"), title="b")
    store.update_product(store.product("blue-mug"), description_html="x" * 1_000_001)
    store.deliver_all()
    small, large = events
    assert small["detail-type"] == "shopifyWebhook"
    assert small["detail"]["payload"]["title"] == "b"
    assert small["detail"]["metadata"]["X-Shopify-Topic"] == "products/update"
    assert large["detail"]["payload"] == {"id": store.product("blue-mug").number}


def test_background_delivery_over_http_fails_without_a_listener(clock: samples.HandClock) -> None:
    store = ShopifyStore(samples.seed(), clock=clock)
    store.app_subscriptions = AppSubscriptions(topics=("products/update",), uri="http://127.0.0.1:9/hook")
    store.update_product(store.product("blue-mug"), title="z")
    attempt = store.deliver_next()
    assert attempt is not None
    assert attempt.status == 0
    assert store.pending_deliveries()[0].attempt == 1
