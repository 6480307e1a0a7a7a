"""A captured body, rightly signed, under another shop's or another topic's header: it changes nothing anywhere."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from chalicelib import consent
from chalicelib.contracts import RawRequest
from chalicelib.domain.ids import ProductId, ShopId, shop_id
from chalicelib.domain.shop import Mode, ShopState
from integrations import MARKETPLACES
from integrations.shopify.webhooks import TOPICS
from sandbox.rehearsal.players import Neighbour
from sandbox.shopify_store import ShopifyStore, app_file, samples
from sandbox.shopify_store import serve as serve_shopify
from sandbox.shopify_store.webhooks import Delivery
from tests.e2e.test_install import APP_FILE
from tests.office import CLIENT, SECRET, HandClock, Office, opened
from tests.stores.test_forgetting import everything

DOMAINS = ("first-shop.myshopify.com", "second-shop.myshopify.com")


@dataclass
class Street:
    """Two shops with one app, and every body that the first ever sent."""

    office: Office
    stores: list[ShopifyStore]
    captured: list[Delivery]

    def replay(self, delivery: Delivery, **headers: str) -> int:
        given = {name.lower(): value for name, value in delivery.headers.items()} | headers
        status = self.office.receive("shopify", RawRequest(headers=given, body=delivery.body))
        self.office.work()
        return status

    def picture(self, store: int) -> tuple[object, ...]:
        """What there is of one shop: in the store, and with us (but for claims, which name every event)."""
        shop = shop_id("shopify", DOMAINS[store])
        ours = sorted(text for text in everything(self.office) if DOMAINS[store] in text and "#claim#" not in text)
        products = [(p.title, p.status) for p in self.stores[store].state.products()]
        return products, self.stores[store].counters.mutations, ours, self.office.services.shops.get(shop).state


@pytest.fixture
def street() -> Iterator[Street]:
    clock = HandClock(datetime.now(UTC))
    captured: list[Delivery] = []
    stores, ring = [], Neighbour()
    for number, domain in enumerate(DOMAINS):
        goods = [samples.product(f"k{n}", f"Mug {number}-{n}", samples.variant(f"S{n}", "8.50")) for n in range(4)]
        store = ShopifyStore(
            samples.seed(products=goods, orders=()), domain=domain, client_id=CLIENT, client_secret=SECRET,
            access_token=None, clock=clock, cost_limit=10_000_000,
        )  # fmt: skip
        if number:  # numbers of its own, as real shops have
            for _ in range(500):
                store.state.new_number()
        ring.learn([ProductId(str(product.number)) for product in store.state.products()])
        stores.append(store)
    with ExitStack() as stack:
        urls = [stack.enter_context(serve_shopify(store)).url for store in stores]
        office = stack.enter_context(opened(clock, {ring.name: ring}, stores=dict(zip(DOMAINS, urls, strict=True))))
        for store, domain in zip(stores, DOMAINS, strict=True):
            store.register(app_file.read(APP_FILE, base_url=office.services.settings.base_url))
            shop = consent.enter(office.services, MARKETPLACES["shopify"], domain, store.session_token(), by="test")
            policy = replace(office.services.shops.policy(shop.id), modes={ring.name: Mode.AUTOMATIC})
            office.services.shops.save_policy(shop.id, policy)
        office.work()
        first = stores[0]
        first.update_product(next(iter(first.state.products())), title="Renamed")
        order = first.place_order(samples.order("o1", ("S1", 1), at=clock()))
        first.cancel_order(order)
        first.request_customer_data(first.customer("ada"))
        captured += first.pending_deliveries()
        first.deliver_all()
        for store in stores:
            store.deliver_all()
        office.work()
        yield Street(office, stores, captured)


def test_under_another_shops_name_nothing_happens_there(street: Street) -> None:
    assert len({delivery.topic for delivery in street.captured}) >= 6
    before, theirs = street.picture(1), street.picture(0)
    for delivery in street.captured:
        named = json.loads(delivery.body).get("shop_domain") or json.loads(delivery.body).get("myshopify_domain")
        fresh = {"x-shopify-event-id": f"replayed-{delivery.webhook_id}"}
        status = street.replay(delivery, **{"x-shopify-shop-domain": DOMAINS[1]}, **fresh)
        assert status == (401 if named else 200), delivery.topic
    assert street.picture(1) == before
    assert street.picture(0) == theirs
    strangers = {"x-shopify-shop-domain": "nobody.myshopify.com", "x-shopify-event-id": "replayed"}
    street.replay(street.captured[0], **strangers)
    assert ShopId("shopify:nobody.myshopify.com") not in dict(street.office.services.shops.all())
    assert street.office.dead.depth() == 0


def test_under_another_topic_nothing_is_lost_or_forgotten(street: Street) -> None:
    """At most a present state is read once more: nothing is deleted, erased, disconnected or written."""
    services, shop = street.office.services, shop_id("shopify", DOMAINS[0])
    goods = {product.id: product.title for product in services.catalogue.all(shop)}
    mutations = street.stores[0].counters.mutations
    lines = services.history.lines(shop)
    for delivery in street.captured:
        if delivery.topic.startswith("customers/"):
            continue  # a body that names a buyer, under its own kind of topic, is what it says
        for topic in TOPICS:
            street.replay(delivery, **{"x-shopify-topic": topic, "x-shopify-event-id": f"{topic}{delivery.webhook_id}"})
    assert {product.id: product.title for product in services.catalogue.all(shop)} == goods
    assert street.stores[0].counters.mutations == mutations
    assert services.history.lines(shop) == lines
    assert services.shops.get(shop).state is ShopState.CONNECTED
    assert services.shops.credentials(shop)
    assert street.office.dead.depth() == 0
