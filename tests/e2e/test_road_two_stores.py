"""Both sandbox stores over HTTP, through moto's SQS and DynamoDB: what we write is told back to us and yields
nothing; everything can be undone, and the stores then hold what they held before."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import functions
from chalicelib import connecting, deciding
from chalicelib.contracts import Credentials
from chalicelib.counting import tally
from chalicelib.domain.actions import Snapshot
from chalicelib.domain.events import Schedule
from chalicelib.domain.ids import ShopId, shop_id
from chalicelib.domain.proposals import Proposal, Status
from chalicelib.domain.shop import Mode, Shop
from sandbox.platform import Platform
from sandbox.rehearsal.players import Neighbour
from sandbox.seed import Seed, SeedProduct, SeedVariant
from sandbox.shopify_store import ShopifyStore
from sandbox.woocommerce_store import WooCommerceStore
from tests.e2e.ground import DOMAIN, both_stores, standing

GOODS = 4
PATIENCE_S = 60
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class World:
    """The platform, its two stores and the function that writes into them."""

    platform: Platform
    stores: dict[ShopId, ShopifyStore | WooCommerceStore]
    neighbour: Neighbour

    def settle(self) -> None:
        """Until no store has anything to tell and no queue anything to do."""
        end, calm = time.monotonic() + PATIENCE_S, 0
        while calm < 4:
            assert time.monotonic() < end, "it did not settle in time"
            pending = any(store.pending_deliveries() for store in self.stores.values())
            calm = calm + 1 if not pending and self.platform.idle() else 0
            time.sleep(0.15)

    def proposals(self, shop: ShopId) -> list[Proposal]:
        return list(self.platform.services.proposals.every(shop))

    def shown(self, shop: ShopId, proposal: Proposal) -> Snapshot:
        services = self.platform.services
        client = services.open_store(services.shops.get(shop))
        return client.read([proposal.action])[proposal.target]


def _seed(name: str) -> Seed:
    goods = tuple(
        SeedProduct(
            key=f"k{n}", title=f"Lantern {n}", created_at=BEGUN,
            variants=(SeedVariant(sku=f"s{n}", price=Decimal("9.90"), stock=5),),
        )
        for n in range(GOODS)
    )  # fmt: skip
    return Seed(name=name, currency="EUR", country="DE", products=goods)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    neighbour = Neighbour()
    monkeypatch.setattr(functions, "FUNCTIONS", {neighbour.name: neighbour})
    environment = {"TRADEWIND_APP_SECRETS": "shopify=shpss_test"}
    with (
        standing(tmp_path, environment) as platform,
        both_stores(_seed("Harbour Lights"), _seed("Lantern")) as (shopify, woocommerce, urls),
    ):
        stores = {shop_id("shopify", DOMAIN): shopify, shop_id("woocommerce", "lantern"): woocommerce}
        made = World(platform, stores, neighbour)
        _connect(made, urls)
        yield made


def _connect(world: World, urls: list[str]) -> None:
    keys = [{"access_token": "shpat_test"}, {"consumer_key": "ck_t", "consumer_secret": "cs_t"}]
    for shop, url, values in zip(world.stores, urls, keys, strict=True):
        draft = Shop(
            id=shop, marketplace=shop.partition(":")[0], name=shop, endpoint=url, currency="EUR", sandbox=True
        )
        connecting.connect(world.platform.services, draft, Credentials(values=values), by="test")
    world.settle()


def _go(world: World) -> None:
    """Allow the function, and let it look at the whole catalogue."""
    services = world.platform.services
    for shop in world.stores:
        world.neighbour.learn(sorted(product.id for product in services.catalogue.all(shop)))
        policy = services.shops.policy(shop)
        services.shops.save_policy(shop, replace(policy, modes={world.neighbour.name: Mode.AUTOMATIC}))
        connecting.schedule(services, shop, Schedule.PROPOSE)
    world.settle()


def test_our_writes_come_back_as_webhooks_yield_nothing_and_can_be_undone(world: World) -> None:
    _go(world)
    for shop in world.stores:
        made = world.proposals(shop)
        assert [proposal.status for proposal in made] == [Status.APPLIED] * GOODS, shop
        for proposal in made:
            assert world.shown(shop, proposal).value == proposal.action.product_ids
    before = {shop: {p.id for p in world.proposals(shop)} for shop in world.stores}
    for shop, proposals in before.items():
        for name in proposals:
            deciding.undo(world.platform.services, shop, name, "anna@example.com")
    world.settle()
    for shop, proposals in before.items():
        after = world.proposals(shop)
        assert {p.id for p in after} == proposals, "an echo made a proposal"
        for proposal in after:
            assert proposal.status is Status.UNDONE
            held = world.shown(shop, proposal).value
            assert held == proposal.before.value or (not held and not proposal.before.value)
    counted = tally(world.platform.services.records, world.stores, world.platform.dead_letters())
    assert counted.outcomes["dead"] == 0
    assert counted.outcomes["applied"] == counted.outcomes["proposed"] == 0, "only our own clock proposed"
    assert set(counted.ended.values()) <= {1}
