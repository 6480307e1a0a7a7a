"""What webhooks lost is made good: a tenth dropped in silence, then an hour without any, then our state is theirs.

Compared object by object: every product's decisive content (what functions decide on), every order's lines.
"""

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib import connecting
from chalicelib.contracts import Credentials
from chalicelib.domain.ids import OrderId, ProductId, ShopId, shop_id
from chalicelib.domain.shop import Shop
from chalicelib.storage import places
from chalicelib.storage.catalogue import fingerprint
from chalicelib.storage.history import _body
from chalicelib.storage.places import Kind
from chalicelib.ticking import tick
from chalicelib.upkeep import customer_of
from sandbox.seed import SeedProduct
from sandbox.shopify_store import DeliveryFaults, ShopifyStore, samples
from sandbox.shopify_store import serve as serve_shopify
from sandbox.woocommerce_store import Weather, WooCommerceStore
from sandbox.woocommerce_store import serve as serve_woocommerce
from tests.office import SECRET, HandClock, Office, opened

GOODS, EDITS, LOST = 40, 200, 0.1
DOMAIN, TOKEN = "small-shop.myshopify.com", "shpat_reconciled"


@dataclass
class Pair:
    """A store and what we know of it."""

    office: Office
    clock: HandClock
    shop: ShopId
    acts: Mapping[str, Callable[[random.Random], object]]
    """What people do in the store, by name."""
    deliver: Callable[[], object]
    lose: Callable[[float], None]
    """The share of webhooks that the store drops in silence from now on."""
    subscribed: Callable[[], bool]
    dice: random.Random = field(default_factory=lambda: random.Random(20261126))

    def live(self, acts: int) -> None:
        """People do this and that, every half minute, and the store tells of it."""
        for _ in range(acts):
            self.clock.forward(seconds=30)
            self.acts[self.dice.choice(sorted(self.acts))](self.dice)
            self.deliver()
        self.office.work()

    def reconcile(self) -> None:
        """What our clock does every hour."""
        self.clock.forward(seconds=60)
        tick(self.office.services, "reconcile")
        self.office.work()
        self.deliver()
        self.office.work()

    def differences(self) -> list[str]:
        """Every object that we hold differently from the store."""
        services = self.office.services
        client = services.open_store(services.shops.get(self.shop))
        theirs = {product.id: product for product in _all(client.product_page)}
        ours = {product.id: product for product in services.catalogue.all(self.shop)}
        found = [f"product {one} only there" for one in theirs.keys() - ours.keys()]
        found += [f"product {one} only here" for one in ours.keys() - theirs.keys()]
        found += [
            f"product {one} differs" for one in theirs.keys() & ours.keys()
            if fingerprint(theirs[one]) != fingerprint(ours[one])
        ]  # fmt: skip
        return [*found, *self._orders(client, theirs.keys())]

    def _orders(self, client: Any, sold: Collection[ProductId]) -> Iterator[str]:
        """A store forgets what a line sold once the product is deleted; we keep it, for the history is of sales."""
        services = self.office.services
        for order in _all(client.order_page):
            record = services.records.get(places.key(self.shop, Kind.ORDER, OrderId(order.id)))
            wanted = _body(order, customer_of(services, self.shop, order))
            if record is None:
                yield f"order {order.id} only there"
            elif _comparable(record.body, sold) != _comparable(wanted, sold):
                yield f"order {order.id} differs"


def _comparable(body: Mapping[str, Any], sold: Collection[ProductId]) -> Mapping[str, Any]:
    return {**body, "updated": 0, "lines": [line for line in body["lines"] if line[0] in sold]}


def _all(page: Callable[..., Any]) -> Iterator[Any]:
    cursor: str | None = None
    while True:
        found = page(since=datetime(2000, 1, 1, tzinfo=UTC), cursor=cursor)
        yield from found.items
        cursor = found.cursor
        if cursor is None:
            return


def goods() -> list[SeedProduct]:
    return [samples.product(f"k{n}", f"Mug {n}", samples.variant(f"S{n}", "8.50", stock=500)) for n in range(GOODS)]


def newcomer(number: int, at: datetime) -> SeedProduct:
    return samples.product(f"n{number}", f"New {number}", samples.variant(f"N{number}", "5.00"), created_at=at)


@contextmanager
def of_shopify() -> Iterator[Pair]:
    clock = HandClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    store = ShopifyStore(
        samples.seed(products=goods(), orders=()), domain=DOMAIN, client_secret=SECRET, access_token=TOKEN,
        clock=clock, cost_limit=10_000_000, allow_insecure_uris=True,
    )  # fmt: skip
    made = iter(range(1_000))

    def some(dice: random.Random) -> Any:
        return dice.choice(list(store.state.products()))

    def buy(dice: random.Random) -> None:
        sku = next(iter(some(dice).variants)).sku
        store.place_order(samples.order(f"o{next(made)}", (sku, dice.randint(1, 3)), at=clock()))

    def cancel(dice: random.Random) -> None:
        orders = [one for one in store.state.orders() if one.cancelled_at is None]
        if orders:
            store.cancel_order(dice.choice(orders))

    def remove(dice: random.Random) -> None:
        if len(store.state.products()) > GOODS // 2:
            store.delete_product(some(dice))

    acts = {
        "add": lambda dice: store.add_product(newcomer(next(made), clock())),
        "buy": buy, "cancel": cancel, "remove": remove,
        "rename": lambda dice: store.update_product(some(dice), title=f"Renamed {dice.random()}"),
        "reprice": lambda dice: store.update_variant(next(iter(some(dice).variants)),
                                                     price=Decimal(dice.randint(500, 2000)) / 100),
    }  # fmt: skip

    def lose(share: float) -> None:
        store.outbox.faults = DeliveryFaults(drops=share, seed=5)

    with serve_shopify(store) as server, opened(clock, {}) as office:
        shop = _connect(office, "shopify", DOMAIN, server.url, {"access_token": TOKEN})
        topics = len(store.outbox.subscriptions)
        yield Pair(office, clock, shop, acts, store.deliver_all, lose,
                   lambda: len(store.outbox.subscriptions) == topics)  # fmt: skip


@contextmanager
def of_woocommerce() -> Iterator[Pair]:
    clock = HandClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    store = WooCommerceStore(
        samples.seed(products=goods(), orders=()), consumer_key="ck_t", consumer_secret="cs_t", clock=clock,
        deliver="manual",
    )  # fmt: skip
    made = iter(range(1_000))

    def some(dice: random.Random) -> int:
        return dice.choice([row.id for row in store.rows()[0].values() if row.status == "publish"])

    def order(dice: random.Random) -> int | None:
        rows = [row.id for row in store.rows()[1].values() if row.status == "processing"]
        return dice.choice(rows) if rows else None

    def cancel(dice: random.Random) -> None:
        chosen = order(dice)
        if chosen is not None:
            store.cancel_order(chosen)

    def remove(dice: random.Random) -> None:
        if sum(row.status == "publish" for row in store.rows()[0].values()) > GOODS // 2:
            store.trash_product(some(dice))

    def buy(dice: random.Random) -> None:
        sku = store.product(some(dice))["sku"]
        store.place_order(samples.order(f"o{next(made)}", (sku, dice.randint(1, 3)), at=clock()))

    acts = {
        "add": lambda dice: store.add_product(newcomer(next(made), clock())),
        "buy": buy, "cancel": cancel, "remove": remove,
        "rename": lambda dice: store.update_product(some(dice), name=f"Renamed {dice.random()}"),
        "reprice": lambda dice: store.update_product(some(dice), regular_price=f"{dice.randint(500, 2000) / 100:.2f}"),
    }  # fmt: skip

    def lose(share: float) -> None:
        store.outbox.weather = replace(store.outbox.weather, drop_rate=share)

    store.outbox.weather = Weather(seed=5)
    with serve_woocommerce(store) as server, opened(clock, {}) as office, pytest.MonkeyPatch.context() as patch:
        patch.setattr("woocommerce.api.time", lambda: clock().timestamp())  # a signature tells the store's time
        shop = _connect(office, "woocommerce", "small", server.url, {"consumer_key": "ck_t", "consumer_secret": "cs_t"})
        hooks = store.shop.webhooks
        yield Pair(office, clock, shop, acts, store.deliver_all, lose,
                   lambda: {hook.status for hook in hooks.values()} == {"active"})  # fmt: skip


def _connect(office: Office, marketplace: str, account: str, url: str, values: Mapping[str, str]) -> ShopId:
    draft = Shop(
        id=shop_id(marketplace, account), marketplace=marketplace, name=account, endpoint=url, currency="GBP",
        sandbox=True,
    )  # fmt: skip
    shop = connecting.connect(office.services, draft, Credentials(values=values), by="test")
    office.work()
    return shop.id


@pytest.mark.parametrize("store", [of_shopify, of_woocommerce], ids=["shopify", "woocommerce"])
def test_a_tenth_lost_and_an_hour_of_silence_are_made_good(
    store: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Training would fold the orders into a file; here they stay where they can be compared one by one.
    monkeypatch.setattr("chalicelib.syncing._grown", lambda services, shop: False)
    with store() as pair:
        pair.lose(LOST)
        pair.live(EDITS)
        pair.office.shut = True
        pair.live(120)  # an hour
        assert not pair.subscribed(), "the store gave the subscriptions up"
        pair.office.shut = False
        pair.live(20)
        assert len(pair.differences()) > 20, "much was missed"
        pair.lose(0)
        pair.reconcile()
        assert pair.differences() == []
        services = pair.office.services
        assert pair.subscribed()
        assert [problem.code for problem in services.problems.all(pair.shop)] == ["webhooks_mended"]
        pair.live(20)
        pair.reconcile()
        assert pair.differences() == []
        assert not list(services.problems.all(pair.shop)), "the problem cleared by itself"
        assert pair.office.dead.depth() == 0


def test_a_product_whose_deletion_nobody_told_is_found() -> None:
    with of_woocommerce() as pair:
        services = pair.office.services
        first = next(iter(services.catalogue.all(pair.shop))).id
        pair.lose(1.0)
        pair.acts["remove"](Only(int(first)))  # type: ignore[arg-type]
        pair.deliver()
        pair.reconcile()
        assert ProductId(first) not in {product.id for product in services.catalogue.all(pair.shop)}
        assert pair.differences() == []


class Only(random.Random):
    """Always chooses one thing."""

    def __init__(self, chosen: int) -> None:
        super().__init__(0)
        self._chosen = chosen

    def choice(self, seq: Any) -> Any:
        return self._chosen
