"""A token that runs out in the middle of a burst: one refresh, no lost event, no failed push."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib import consent, working
from chalicelib.contracts import Credentials
from chalicelib.domain.ids import ProductId, ShopId
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Mode
from chalicelib.errors import StoreUnavailable
from chalicelib.storage.shops import Shops
from integrations import MARKETPLACES
from sandbox.rehearsal.players import Neighbour
from sandbox.shopify_store import ShopifyStore, app_file, samples
from sandbox.shopify_store import serve as serve_shopify
from tests.e2e.test_install import APP_FILE
from tests.office import CLIENT, SECRET, HandClock, Office, opened

DOMAIN = "small-shop.myshopify.com"
GOODS, EVENTS, WORKERS = 100, 1_000, 8


@pytest.fixture
def burst() -> Iterator[tuple[Office, ShopifyStore, ShopId]]:
    """A connected shop whose webhooks wait to be delivered; every change makes a push."""
    clock = HandClock(datetime.now(UTC))
    goods = [samples.product(f"k{n}", f"Mug {n}", samples.variant(f"S{n}", "8.50")) for n in range(GOODS)]
    store = ShopifyStore(
        samples.seed(products=goods, orders=()), domain=DOMAIN, client_id=CLIENT, client_secret=SECRET,
        access_token=None, clock=clock, cost_limit=10_000_000,
    )  # fmt: skip
    ring = Neighbour([ProductId(str(product.number)) for product in store.state.products()])
    with serve_shopify(store) as server, opened(clock, {ring.name: ring}, stores={DOMAIN: server.url}) as office:
        store.register(app_file.read(APP_FILE, base_url=office.services.settings.base_url))
        market = MARKETPLACES["shopify"]
        shop = consent.enter(office.services, market, DOMAIN, store.session_token(), by="test")
        for mode in (Mode.OFF, Mode.AUTOMATIC):  # nothing waits yet when it becomes automatic
            policy = replace(office.services.shops.policy(shop.id), modes={ring.name: mode})
            office.services.shops.save_policy(shop.id, policy)
            office.work()
        yield office, store, shop.id


def refreshes(store: ShopifyStore) -> int:
    """How many access tokens the store has given for refresh tokens."""
    return sum(grant.replaced_by is not None for grant in store.tokens.by_refresh.values())


def tell(store: ShopifyStore, count: int) -> None:
    """So many webhooks, each of another edit."""
    products = list(store.state.products())
    for number in range(count):
        store.update_product(products[number % GOODS], title=f"Cup {number}")
    assert {attempt.status for attempt in store.deliver_all()} == {200}


def test_a_thousand_events_and_one_refresh(burst: tuple[Office, ShopifyStore, ShopId]) -> None:
    office, store, shop = burst
    tell(store, EVENTS)
    before, unauthorized = office.services.shops.credentials(shop)[0], store.counters.unauthorized
    done: Counter[bool] = Counter()

    def work(_: int) -> None:
        while batch := office.queue.take(10):
            for message in batch:
                fine = working.attempt(office.services, office.queue, message)
                done[fine] += 1
                if fine:
                    office.queue.delete(message)
                if sum(done.values()) == GOODS // 2:  # half of the pushes are still to come
                    store.clock.forward(seconds=3_601)  # type: ignore[attr-defined]

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    assert done == {True: EVENTS}, "no event failed, and none had to come back"
    assert store.counters.unauthorized > unauthorized, "the token did run out"
    assert refreshes(store) == 1
    after = office.services.shops.credentials(shop)[0]
    assert after.values["previous_refresh_token"] == before.values["refresh_token"]
    assert after.values["access_token"] != before.values["access_token"]
    applied = [one for one in office.services.proposals.every(shop) if one.status is Status.APPLIED]
    assert len({one.target for one in applied}) == GOODS, "every push arrived"
    assert not [one for one in office.services.proposals.every(shop) if one.status is Status.FAILED]
    assert not list(office.services.problems.all(shop))
    assert office.dead.depth() == 0


def test_a_worker_that_dies_before_it_stores_the_new_pair_loses_nothing(
    burst: tuple[Office, ShopifyStore, ShopId], monkeypatch: pytest.MonkeyPatch
) -> None:
    office, store, shop = burst
    tell(store, 3)
    store.clock.forward(seconds=3_601)  # type: ignore[attr-defined]
    kept = Shops.save_credentials
    failures = iter([True])

    def save(self: Shops, name: ShopId, credentials: Credentials, expected: int | None = None) -> None:
        if next(failures, False):
            raise StoreUnavailable(detail="the table does not answer")
        kept(self, name, credentials, expected)

    monkeypatch.setattr(Shops, "save_credentials", save)
    office.work()
    store.clock.forward(seconds=600)  # type: ignore[attr-defined]
    office.work()
    assert office.dead.depth() == 0
    applied = [one for one in office.services.proposals.every(shop) if one.status is Status.APPLIED]
    assert len({one.target for one in applied}) == 3
    assert not list(office.services.problems.all(shop))


def test_opening_the_app_again_mends_a_shop_whose_tokens_are_all_dead(
    burst: tuple[Office, ShopifyStore, ShopId],
) -> None:
    office, store, shop = burst
    store.tokens.revoke()
    tell(store, 1)
    office.work()
    assert [one.code for one in office.services.problems.all(shop)] == [consent.ACCESS_REVOKED]
    market = MARKETPLACES["shopify"]
    store.tokens.revoked = False
    consent.enter(office.services, market, DOMAIN, store.session_token(), by="test")
    assert not list(office.services.problems.all(shop))
    office.work()
    tell(store, 2)
    office.work()
    assert [one for one in office.services.proposals.every(shop) if one.status is Status.APPLIED]
