"""What the shop sends: shape against captured deliveries of 9.9.5, and every rule that was measured."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from woocommerce.api import API

from sandbox.woocommerce_store import Weather, WooCommerceStore, php_json, sample, serve, signature, webhooks
from sandbox.woocommerce_store.outbox import Sent
from sandbox.woocommerce_store.receiver import Receiver

CAPTURED = Path(__file__).parents[3] / "shared" / "woocommerce" / "webhooks"
captured = pytest.mark.skipif(not CAPTURED.is_dir(), reason="the captured deliveries (../shared) are not here")

CLIENT: Any = API


class Clock:
    """Time that moves only when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[WooCommerceStore]:
    made = WooCommerceStore(sample.seed(), consumer_key="ck", consumer_secret="cs", clock=clock, deliver="manual")
    with serve(made):
        yield made


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def address(receiver: Receiver) -> Iterator[str]:
    with receiver.listen() as running:
        yield running.url


def subscribe(store: WooCommerceStore, address: str, *topics: str) -> list[int]:
    with store.shop.lock:
        rows = [
            webhooks.create(store.shop, {"topic": topic, "delivery_url": f"{address}/hook", "secret": "s3cr3t"})
            for topic in topics
        ]
    return [row.id for row in rows]


def shape(value: Any) -> Any:
    """Give a body's keys and types; lists by their first element, numbers as one type."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def assert_same_shape(ours: Any, theirs: Any, path: str = "") -> None:
    """Compare keys in order and types; where one side has null or an empty list there is nothing to compare."""
    if ours in (None, []) or theirs in (None, []):
        return
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), path
        for key, item in theirs.items():
            assert_same_shape(ours[key], item, f"{path}.{key}")
    elif isinstance(theirs, list):
        assert_same_shape(ours[0], theirs[0], f"{path}[0]")
    else:
        assert shape(ours) == shape(theirs), path


@captured
@pytest.mark.parametrize("name", sorted(path.stem for path in CAPTURED.glob("*.body") if path.stem != "ping"))
def test_captured_signatures_verify_and_bodies_are_written_the_same_way(name: str) -> None:
    body = (CAPTURED / f"{name}.body").read_bytes()
    headers = json.loads((CAPTURED / f"{name}.headers.json").read_text())

    assert signature("s3cr3t", body) == headers["X-WC-Webhook-Signature"]
    assert php_json.encode(json.loads(body)) == body


@captured
@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("product.created", "product.created"),
        ("product.created.2", "product.created"),
        ("product.updated", "product.updated"),
        ("product.deleted", "product.deleted"),
        ("order.created", "order.created"),
        ("order.updated", "order.updated"),
        ("order.deleted", "order.deleted"),
        ("customer.created", "customer.created"),
        ("action.woocommerce_payment_complete", "action.woocommerce_payment_complete"),
    ],
)
def test_deliveries_look_like_the_captured_ones(
    store: WooCommerceStore, receiver: Receiver, address: str, name: str, topic: str
) -> None:
    subscribe(store, address, topic)
    tea = next(product for product in sample.seed().products if product.key == "tea")
    order_id = store.place_order(sample.order("new", ("TEA-S", 2, "19.9"), email="new@example.com"))
    _cause(store, topic, order_id, tea.key)
    theirs = json.loads((CAPTURED / f"{name}.body").read_bytes())
    sent = [one for one in store.deliver_all() if _alike(json.loads(one.body), theirs)]

    assert_same_shape(json.loads(sent[0].body), theirs)
    captured_headers = json.loads((CAPTURED / f"{name}.headers.json").read_text())
    assert [name for name in captured_headers if name != "Host"] == list(sent[0].headers)
    assert {key.lower() for key in captured_headers} == {key.lower() for key in receiver.received[-1].headers}
    assert signature("s3cr3t", receiver.received[-1].body) == receiver.received[-1].headers["X-Wc-Webhook-Signature"]


def _cause(store: WooCommerceStore, topic: str, order_id: int, key: str) -> None:
    if topic == "product.created":
        seed = next(product for product in sample.seed().products if product.key == key)
        variants = tuple(replace(variant, sku=f"{variant.sku}-2") for variant in seed.variants)
        store.add_product(replace(seed, key="second", variants=variants))
    elif topic == "product.deleted":
        store.trash_product(store.product_id(key))
    elif topic == "order.deleted":
        store.trash_order(order_id)


def _alike(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    return ours.get("type") == theirs.get("type")


def test_the_ping_is_an_unsigned_form_sent_at_once(receiver: Receiver, address: str) -> None:
    store = WooCommerceStore(
        sample.seed(), consumer_key="ck", consumer_secret="cs", clock=lambda: datetime.now(UTC), deliver="manual"
    )
    with serve(store) as running:
        made = CLIENT(running.url, "ck", "cs").post(
            "webhooks", {"topic": "order.created", "delivery_url": f"{address}/hook", "secret": "s3cr3t"}
        )

    assert made.status_code == 201
    assert "secret" not in made.json()
    (ping,) = receiver.received
    assert ping.body == f"webhook_id={made.json()['id']}".encode()
    assert ping.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert not any(name.startswith("X-Wc-") for name in ping.headers)


def test_updates_before_delivery_collapse_to_one_with_the_last_state(
    store: WooCommerceStore, receiver: Receiver, address: str
) -> None:
    subscribe(store, address, "product.updated")
    mug = store.product_id("mug")
    for price in ("91", "92", "93"):
        store.update_product(mug, regular_price=price, sale_price="")

    store.deliver_all()

    (one,) = receiver.deliveries("product.updated")
    assert json.loads(one.body)["price"] == "93"


def test_delivery_ids_collide_within_a_second_and_differ_after_it(
    store: WooCommerceStore, clock: Clock, address: str
) -> None:
    subscribe(store, address, "product.updated")
    for key in ("mug", "spoon"):
        store.update_product(store.product_id(key), menu_order=1)
    first, second = store.deliver_all()
    clock.now += timedelta(seconds=1)
    store.update_product(store.product_id("mug"), menu_order=2)
    (third,) = store.deliver_all()

    assert _delivery(first) == _delivery(second) != _delivery(third)
    assert first.body != second.body


def _delivery(sent: Sent) -> str:
    return sent.headers["X-WC-Webhook-Delivery-ID"]


def fail(store: WooCommerceStore, receiver: Receiver, times: int) -> None:
    for number in range(times):
        store.update_product(store.product_id("mug"), menu_order=number)
        store.deliver_all()


def test_the_seventh_failure_in_a_row_disables_and_nothing_is_retried(
    store: WooCommerceStore, receiver: Receiver, address: str
) -> None:
    (number,) = subscribe(store, address, "product.updated")
    receiver.status = 500

    fail(store, receiver, 6)
    assert store.shop.webhooks[number].status == "active"
    fail(store, receiver, 1)
    assert store.shop.webhooks[number].status == "disabled"

    assert len(receiver.deliveries()) == 7
    store.update_product(store.product_id("mug"), menu_order=9)
    assert store.pending_deliveries() == []


def test_a_webhook_made_active_again_has_one_failure_left_until_a_success(
    store: WooCommerceStore, receiver: Receiver, address: str
) -> None:
    (number,) = subscribe(store, address, "product.updated")
    webhook = store.shop.webhooks[number]
    receiver.status = 500
    fail(store, receiver, 7)

    webhook.status = "active"
    fail(store, receiver, 1)
    assert webhook.status == "disabled"

    webhook.status, receiver.status = "active", 302
    fail(store, receiver, 1)
    assert (webhook.status, webhook.failure_count) == ("active", 0)


def test_redirects_are_counted_as_success_and_not_followed(
    store: WooCommerceStore, receiver: Receiver, address: str
) -> None:
    subscribe(store, address, "product.updated")
    receiver.status = 301

    fail(store, receiver, 1)

    assert len(receiver.received) == 1


def test_trashing_a_product_tells_of_each_variation_by_id_alone(
    store: WooCommerceStore, receiver: Receiver, address: str
) -> None:
    subscribe(store, address, "product.deleted")
    tea = store.product_id("tea")
    children = store.product(tea)["variations"]

    store.trash_product(tea)
    store.deliver_all()

    assert [json.loads(one.body) for one in receiver.deliveries()] == [{"id": n} for n in (tea, *children)]


def test_a_resource_gone_by_delivery_arrives_as_its_rest_error(
    store: WooCommerceStore, receiver: Receiver, address: str
) -> None:
    subscribe(store, address, "product.updated")
    mug = store.product_id("mug")
    store.update_product(mug, menu_order=3)
    del store.shop.products[mug]

    store.deliver_all()

    assert json.loads(receiver.deliveries()[0].body)["code"] == "woocommerce_rest_product_invalid_id"


def test_a_fresh_product_saved_in_the_editor_is_silent_for_ten_seconds(
    store: WooCommerceStore, clock: Clock, receiver: Receiver, address: str
) -> None:
    subscribe(store, address, "product.updated")
    spoon = next(product for product in sample.seed().products if product.key == "spoon")
    fresh = store.add_product(replace(spoon, key="fork", variants=(replace(spoon.variants[0], sku="FORK"),)))

    clock.now += timedelta(seconds=9)
    store.update_product(fresh, menu_order=1)
    assert store.pending_deliveries() == []
    clock.now += timedelta(seconds=1)
    store.update_product(fresh, menu_order=2)
    assert [item.argument for item in store.pending_deliveries()] == [fresh]


def test_an_order_moves_stock_and_tells_of_product_and_parent(store: WooCommerceStore, address: str) -> None:
    subscribe(store, address, "product.updated", "order.created", "action.woocommerce_payment_complete")

    order_id = store.place_order(sample.order("new", ("TEA-S", 2, "19.9")))

    told = {(item.topic, item.argument) for item in store.pending_deliveries()}
    small, tea = store.product_id("TEA-S"), store.product_id("tea")
    assert told == {
        ("order.created", order_id),
        ("product.updated", small),
        ("product.updated", tea),
        ("action.woocommerce_payment_complete", order_id),
    }
    assert store.product(small)["stock_quantity"] == 1


def test_drops_duplicates_and_reordering_are_drawn_from_the_seed(clock: Clock, address: str) -> None:
    def run() -> tuple[list[Any], dict[str, int]]:
        weather = Weather(drop_rate=0.2, duplicate_rate=0.2, reorder_rate=0.5, seed=7)
        store = WooCommerceStore(
            sample.seed(), consumer_key="ck", consumer_secret="cs", clock=clock, weather=weather, deliver="manual"
        )
        subscribe(store, address, "order.created")
        for number in range(30):
            store.place_order(sample.order(f"o{number}", ("SPOON", 1, "2.5")))
        return [one.argument for one in store.deliver_all()], dict(store.outbox.counts)

    order, counts = run()

    assert (order, counts) == run()
    assert order != sorted(order)
    assert counts["sent"] + counts["dropped"] == 30
    assert counts["duplicated"] > 0


def test_a_background_thread_delivers_by_itself(clock: Clock, receiver: Receiver, address: str) -> None:
    store = WooCommerceStore(sample.seed(), consumer_key="ck", consumer_secret="cs", clock=clock)
    with serve(store):
        subscribe(store, address, "order.created")
        store.place_order(sample.order("new", ("SPOON", 1, "2.5")))
        assert store.outbox.wait_until_idle(10)

    assert len(receiver.deliveries("order.created")) == 1


def test_entities_in_a_secret_sign_as_their_letters() -> None:
    assert signature("a&amp;b&lt;c", b"body") == signature("a&b<c", b"body")
