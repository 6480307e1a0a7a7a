"""Webhooks: signed bytes in, our own words out; whatever the bytes, one kind of refusal; and kept alive."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.contracts import RawRequest
from chalicelib.domain.events import EventKind, StoreEvent, from_message, to_message
from chalicelib.errors import InvalidSignature, MalformedPayload
from integrations import MARKETPLACES
from sandbox.bazaar import BazaarReader
from tests.contract.marketplaces.worlds import ADDRESS, CANARY, SECRET, Secrets, World

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
READERS = {name: marketplace.reader for name, marketplace in MARKETPLACES.items()} | {
    "bazaar": BazaarReader()
}
SIGNATURES = {
    "shopify": "x-shopify-hmac-sha256",
    "woocommerce": "x-wc-webhook-signature",
    "bazaar": "x-bazaar-signature",
}


def heard(world: World) -> Sequence[RawRequest]:
    """The webhooks of one repriced product."""
    world.client.subscribe(ADDRESS, SECRET)
    world.events()
    world.reprice(world.goods[9], Decimal("13.00"))
    return [request for request in world.events() if read(world, request).kind is EventKind.PRODUCT_CHANGED]


def read(world: World, request: RawRequest) -> StoreEvent:
    return world.marketplace.reader.normalise(request, NOW)


def test_a_real_webhook_verifies_and_says_what_happened(world: World) -> None:
    requests = heard(world)
    assert requests
    for request in requests:
        world.marketplace.reader.verify(request, Secrets(SECRET))
        event = read(world, request)
        assert event.shop_id == world.shop.id
        assert event.resource == world.goods[9]
        assert event.received_at == NOW
        assert from_message(to_message(event)) == event
        assert not world.marketplace.reader.ping(request)


def test_both_generations_of_the_secret_are_accepted_and_no_other(world: World) -> None:
    request = heard(world)[0]
    world.marketplace.reader.verify(request, Secrets("new-secret", SECRET))
    for secrets in (Secrets("new-secret"), Secrets(), Secrets("")):
        with pytest.raises(InvalidSignature):
            world.marketplace.reader.verify(request, secrets)


@pytest.mark.parametrize("header", [None, "", "Grüße", "\ud800", "AAAA", "x" * 5000, "\x00"])
def test_a_bad_signature_is_refused(world: World, header: str | None) -> None:
    request = heard(world)[0]
    name = SIGNATURES[world.marketplace.name]
    headers = {key: value for key, value in request.headers.items() if key != name}
    if header is not None:
        headers[name] = header
    with pytest.raises(InvalidSignature):
        world.marketplace.reader.verify(replace(request, headers=headers), Secrets(SECRET))


def test_one_changed_byte_is_refused(world: World) -> None:
    request = heard(world)[0]
    for place in (0, len(request.body) // 2, len(request.body) - 1):
        body = bytearray(request.body)
        body[place] ^= 1
        with pytest.raises(InvalidSignature):
            world.marketplace.reader.verify(replace(request, body=bytes(body)), Secrets(SECRET))


def test_the_same_delivery_twice_is_one_event_and_two_deliveries(world: World) -> None:
    request = heard(world)[0]
    one, two = read(world, request), read(world, request)
    assert one.id == two.id
    assert one.delivery != two.delivery


def test_changes_of_different_products_are_different_events(world: World) -> None:
    world.client.subscribe(ADDRESS, SECRET)
    world.events()
    for place in range(5):
        world.reprice(world.goods[20 + place], Decimal("14.00"))
    events = [read(world, request) for request in world.events()]
    changed = [event for event in events if event.kind is EventKind.PRODUCT_CHANGED]
    assert {event.resource for event in changed} >= set(world.goods[20:25])
    assert len({event.id for event in changed}) >= 5


def test_an_event_holds_nothing_of_the_buyer(world: World) -> None:
    world.client.subscribe(ADDRESS, SECRET)
    world.events()
    action_order = world.order
    world.marketplace.reader.ping(RawRequest(headers={}, body=b""))
    from tests.contract.marketplaces.test_writing import apply_one, samples

    for action in samples(world).values():
        if action.resource == action_order and type(action).__name__ == "AssessOrder":
            apply_one(world, action)
    events = [read(world, request) for request in world.events()]
    assert events
    text = "".join(to_message(event) for event in events)
    assert CANARY not in text
    assert "Canary" not in text


def test_subscribing_is_repeatable_and_says_what_it_mended(world: World) -> None:
    assert world.client.subscribe(ADDRESS, SECRET)
    assert world.client.subscribe(ADDRESS, SECRET) == []
    states = world.client.webhooks()
    assert states
    assert all(state.active and state.address == ADDRESS and state.by_us for state in states)
    assert len({state.topic for state in states}) == len(states)


def test_a_subscription_the_store_switched_off_is_switched_on_again(world: World) -> None:
    world.client.subscribe(ADDRESS, SECRET)
    count = len(world.client.webhooks())
    world.silence()
    if all(state.active for state in world.client.webhooks()):
        pytest.skip(reason=f"{world.marketplace.label} removes subscriptions and does not switch them off")
    assert world.client.subscribe(ADDRESS, SECRET)
    assert sum(state.active for state in world.client.webhooks()) == count


def test_a_moved_address_is_mended_without_doubles(world: World) -> None:
    world.client.subscribe("https://127.0.0.1:9/old", SECRET)
    count = len(world.client.webhooks())
    assert world.client.subscribe(ADDRESS, SECRET)
    states = world.client.webhooks()
    assert len(states) == count
    assert {state.address for state in states} == {ADDRESS}


def test_unsubscribing_leaves_nothing(world: World) -> None:
    world.client.subscribe(ADDRESS, SECRET)
    world.client.unsubscribe()
    assert list(world.client.webhooks()) == []
    world.client.unsubscribe()


def told(name: str, request: RawRequest) -> StoreEvent | None:
    """What the reader makes of a request; None where it refuses it in the one way it may."""
    try:
        return READERS[name].normalise(request, NOW)
    except MalformedPayload:
        return None


HEADERS = st.dictionaries(
    st.sampled_from([
        "x-shopify-topic", "x-shopify-shop-domain", "x-shopify-event-id", "x-shopify-webhook-id",
        "x-shopify-triggered-at", "x-wc-webhook-topic", "x-wc-webhook-source", "content-type",
    ]),
    st.one_of(
        st.text(max_size=150),
        st.sampled_from([
            "demo.myshopify.com", "orders/create", "products/update", "customers/redact", "app/uninstalled",
            "fulfillment_orders/order_routing_complete", "product.updated", "product.deleted",
            "order.created", "action.woocommerce_payment_complete", "inventory_levels/update",
            "app_subscriptions/update",
        ]),
    ),
)  # fmt: skip
NUMBERS = st.one_of(st.integers(), st.just(10**400), st.floats(), st.just(-1))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=30), st.just("\ud800")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from([
                "id", "arg", "admin_graphql_api_id", "type", "parent_id", "status", "updated_at", "domain",
                "date_modified_gmt", "myshopify_domain", "shop_domain", "customer", "orders_to_redact",
                "order_id", "inventory_item_id", "fulfillment_order", "app_subscription", "topic", "at",
            ]),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=12,
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))
)


@pytest.mark.parametrize("name", sorted(READERS))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(headers=HEADERS, body=BODIES, account=st.one_of(st.just("tok"), st.text(max_size=20)))
def test_whatever_the_bytes_there_is_one_refusal(
    name: str, headers: dict[str, str], body: bytes, account: str
) -> None:
    request = RawRequest(headers=headers, body=body, account=account)
    event = told(name, request)
    assert event is None or from_message(to_message(event)) == event
    with pytest.raises(InvalidSignature):
        READERS[name].verify(request, Secrets(SECRET))


HOSTILE = {
    "deep lists": b"[" * 900_000,
    "deep objects": b'{"a":' * 200_000,
    "closed deep objects": b'{"id":1,"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a name twice": b'{"id":1,"id":2}',
    "a name twice inside": b'{"id":1,"customer":{"id":1,"id":2}}',
    "not a number": b'{"id":NaN}',
    "infinity": b'{"id":1,"total":Infinity}',
    "a huge integer": b'{"id":' + b"9" * 1_000_000 + b"}",
    "a large integer": b'{"id":' + b"9" * 4000 + b"}",
    "an exponent": b'{"id":1e999}',
    "a lone surrogate": b'{"id":1,"status":"\\ud800"}',
    "bad utf-8": b'{"id":1,"status":"\xff\xfe"}',
    "utf-16": '{"id":1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"id":1}',
    "empty": b"",
    "a list": b"[1,2,3]",
    "a string": b'"id"',
    "a true id": b'{"id":true}',
    "a negative id": b'{"id":-4}',
    "a text id": b'{"id":"12; drop table"}',
    "digits of another script": '{"id":"٣"}'.encode(),
    "many names": b'{"id":1,' + b",".join(b'"n%d":0' % n for n in range(60_000)) + b"}",
}
TOPIC = {
    "shopify": {"x-shopify-topic": "products/update", "x-shopify-shop-domain": "demo.myshopify.com"},
    "woocommerce": {"x-wc-webhook-topic": "product.updated"},
    "bazaar": {},
}


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_hostile_bodies_are_refused_or_harmless(name: str, kind: str) -> None:
    request = RawRequest(headers=TOPIC[name], body=HOSTILE[kind], account="tok")
    event = told(name, request)
    assert event is None or event.kind is EventKind.UNKNOWN or event.resource == "1"
