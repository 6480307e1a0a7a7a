"""The first look at a store: whole, once, and resumable after a kill at any step without a duplicate or a gap."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import connecting
from chalicelib.adapters.memory import MemoryBlobs, MemoryQueue, MemoryRecords
from chalicelib.contracts import Credentials
from chalicelib.domain.events import EventKind, StoreEvent, event_id, to_message
from chalicelib.domain.ids import ShopId, shop_id
from chalicelib.domain.shop import Shop
from integrations.http import Transport
from integrations.shopify import bulk
from integrations.woocommerce import pages
from sandbox.seed import Seed
from sandbox.shopify_store import ShopifyStore, samples
from sandbox.shopify_store import serve as serve_shopify
from sandbox.woocommerce_store import WooCommerceStore
from sandbox.woocommerce_store import serve as serve_woocommerce
from tests.office import SECRET, HandClock, Office, opened

DOMAIN, TOKEN = "small-shop.myshopify.com", "shpat_sync"
GOODS, ORDERS, LINES = 45, 60, 3
KILLS = 10


class Killed(BaseException):
    """The process is gone."""


class Axe:
    """Kills at the n-th thing that is sent or written, before or after it happened."""

    SPOTS = (
        (MemoryRecords, "put"), (MemoryRecords, "put_many"), (MemoryRecords, "transact"), (MemoryBlobs, "put"),
        (MemoryQueue, "send"), (Transport, "send"),
    )  # fmt: skip

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count, self.at, self.after = 0, -1, False
        for kind, name in self.SPOTS:
            patch.setattr(kind, name, self._watched(getattr(kind, name)))

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            mine = self.count == self.at
            if mine and not self.after:
                raise Killed
            found = real(*args, **kwargs)
            if mine:
                raise Killed
            return found

        return call


@dataclass
class Yard:
    """A store that nobody has read yet."""

    office: Office
    clock: HandClock
    shop: ShopId
    connect: Callable[[], None]
    products: set[str]
    lines: int

    def sync(self) -> int:
        """Work until the sync is done, reviving what was killed; says how often that was."""
        kills = 0
        for _ in range(200):
            try:
                self.office.work()
            except Killed:
                kills += 1
            jobs = [job for job in self.office.services.jobs.all(self.shop) if job.kind == "sync"]
            if jobs and all(job.finished_at for job in jobs) and not self.office.schedule.depth():
                return kills
            self.clock.forward(minutes=20)
        raise AssertionError("the sync never ends")

    def check(self) -> None:
        """Every product once, every order line once."""
        services = self.office.services
        seen = [str(product.id) for product in services.catalogue.all(self.shop)]
        assert sorted(seen) == sorted(self.products)
        history = services.history.load(self.shop, "GBP")
        assert len(history.order) == self.lines
        per_order = Counter(history.order.tolist())
        assert set(per_order.values()) == {LINES}
        assert len(per_order) == ORDERS
        assert self.office.dead.depth() == 0


def seed(clock: HandClock) -> Seed:
    goods = [samples.product(f"k{n}", f"Mug {n}", samples.variant(f"S{n}", "8.50", stock=500)) for n in range(GOODS)]
    orders = [
        samples.order(f"o{n}", *((f"S{(n + d) % GOODS}", 1) for d in range(LINES)), at=clock() - timedelta(hours=n))
        for n in range(ORDERS)
    ]
    return samples.seed(products=goods, orders=orders)


def _yard(
    office: Office, clock: HandClock, marketplace: str, account: str, url: str, keys: dict[str, str],
    products: set[str],
) -> Yard:  # fmt: skip
    draft = Shop(
        id=shop_id(marketplace, account), marketplace=marketplace, name=account, endpoint=url, currency="GBP",
        sandbox=True,
    )  # fmt: skip

    def connect() -> None:
        connecting.connect(office.services, draft, Credentials(values=keys), by="test")

    return Yard(office, clock, draft.id, connect, products, ORDERS * LINES)


@contextmanager
def of_shopify(patch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """As one export per kind, read in slices of a few objects."""
    patch.setattr(bulk, "WORTH_IT", 10)
    patch.setattr(bulk, "SLICE", 6_000)
    patch.setattr(bulk, "POLL_S", 0.01)
    clock = HandClock(datetime.now(UTC))
    store = ShopifyStore(
        seed(clock), domain=DOMAIN, client_secret=SECRET, access_token=TOKEN, clock=clock, cost_limit=10_000_000,
        allow_insecure_uris=True, send=lambda delivery: 200,
    )  # fmt: skip
    products = {str(product.number) for product in store.state.products()}
    with serve_shopify(store) as server, opened(clock, {}) as office:
        yield _yard(office, clock, "shopify", DOMAIN, server.url, {"access_token": TOKEN}, products)


@contextmanager
def of_woocommerce(patch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """In pages of ten."""
    patch.setattr(pages, "LARGEST_PAGE", 10)
    clock = HandClock(datetime.now(UTC))
    patch.setattr("woocommerce.api.time", lambda: clock().timestamp())
    store = WooCommerceStore(
        seed(clock), consumer_key="ck_t", consumer_secret="cs_t", clock=clock, deliver="manual"
    )
    products = {str(row.id) for row in store.rows()[0].values() if row.type != "variation"}
    with serve_woocommerce(store) as server, opened(clock, {}) as office:
        keys = {"consumer_key": "ck_t", "consumer_secret": "cs_t"}
        yield _yard(office, clock, "woocommerce", "small", server.url, keys, products)


STORES = pytest.mark.parametrize("store", [of_shopify, of_woocommerce], ids=["shopify", "woocommerce"])


@STORES
def test_a_kill_at_any_step_leaves_neither_a_duplicate_nor_a_gap(
    store: Callable[[pytest.MonkeyPatch], Any],
) -> None:
    with pytest.MonkeyPatch.context() as patch, store(patch) as yard:
        yard.connect()
        axe = Axe(patch)
        assert yard.sync() == 0
        yard.check()
        steps = axe.count
    assert steps > 40
    dice = random.Random(8)
    for at in sorted(dice.sample(range(1, steps), KILLS)):
        with pytest.MonkeyPatch.context() as patch, store(patch) as yard:
            yard.connect()
            axe = Axe(patch)
            axe.at, axe.after = at, bool(dice.getrandbits(1))
            assert yard.sync() == 1, f"killed at step {at}"
            yard.check()


@STORES
def test_a_sync_that_is_asked_for_twice_at_once_reads_the_same(store: Callable[[pytest.MonkeyPatch], Any]) -> None:
    with pytest.MonkeyPatch.context() as patch, store(patch) as yard:
        yard.connect()
        yard.connect()
        yard.sync()
        yard.check()


def test_an_export_that_takes_long_is_left_alone_and_looked_at_when_the_store_says_so() -> None:
    with pytest.MonkeyPatch.context() as patch, of_shopify(patch) as yard:
        held: list[Callable[[], object]] = []
        run = ShopifyStore.run_bulk_operations
        patch.setattr(ShopifyStore, "run_bulk_operations", lambda self: held.append(lambda: run(self)))
        yard.connect()
        yard.office.work()
        (job,) = yard.office.services.jobs.all(yard.shop)
        assert job.cursor.startswith("products|bulk:")
        assert yard.office.schedule.depth() == 1, "it waits, and holds no worker"
        assert held
        held[0]()
        tell(yard, EventKind.BULK_FINISHED, job.cursor.split(":")[1])
        yard.office.work()
        (job,) = yard.office.services.jobs.all(yard.shop)
        assert job.cursor.startswith("orders|bulk:"), "the products are read without waiting for the minute to end"
        held[-1]()
        yard.clock.forward(minutes=2)
        yard.sync()
        yard.check()


def tell(yard: Yard, kind: EventKind, resource: str) -> None:
    now = yard.clock()
    event = StoreEvent(
        id=event_id("told", kind, resource), shop_id=yard.shop, kind=kind, resource=resource, occurred_at=now,
        received_at=now, delivery=f"told-{resource}", topic="bulk_operations/finish",
    )  # fmt: skip
    yard.office.queue.send(to_message(event), group=yard.shop)
