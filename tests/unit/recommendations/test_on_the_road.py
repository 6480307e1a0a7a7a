"""Recommendations down the whole road in memory: a shop's orders become lists in its store."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib import connecting
from chalicelib.contracts import Credentials
from chalicelib.domain.actions import SetRecommendations, Slot
from chalicelib.domain.catalogue import Product, ProductStatus
from chalicelib.domain.evidence import ProductCards
from chalicelib.domain.ids import OrderId, ProductId, Target, shop_id
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order, OrderLine
from chalicelib.domain.shop import Mode, Shop
from functions.recommendations.propose import FUNCTION, NAME
from sandbox.rehearsal import Play, Stage
from sandbox.rehearsal.stage import product

WORDS = ("red lamp", "blue lamp", "green lamp", "tea cup", "tea pot", "tea towel", "jam jar", "cake tin", "toy horse",
         "toy train", "wall clock", "gift card")  # fmt: skip


def _order(stage: Stage, number: int, items: list[int]) -> Order:
    price = Money(Decimal(5), "EUR")
    lines = tuple(
        OrderLine(product_id=ProductId(f"p{i}"), variant_id=None, quantity=1, unit_price=price) for i in items
    )
    now = stage.clock.now()
    return Order(id=OrderId(f"o{number}"), created_at=now, updated_at=now, currency="EUR", total=price, lines=lines)


@pytest.fixture
def stage() -> Stage:
    made = Stage(Play(seed=1, events=0, shops=0), functions={NAME: FUNCTION})
    stall = made.bazaar.open("corner")
    for index, words in enumerate(WORDS):
        goods = replace(product(stall, index, 1), title=words.title(), product_type=words.split()[-1])
        stall.put_product(replace(goods, gift_card=words == "gift card"))
    dice = random.Random(4)
    for number in range(150):
        first = dice.randrange(11)
        items = {first, (first + 1) % 11, dice.randrange(11)}
        stall.put_order(_order(made, number, sorted(items)))
        made.clock.advance(timedelta(hours=1))
    stall.outbox.clear()
    draft = Shop(
        id=shop_id("bazaar", "corner"), marketplace="bazaar", name="Corner", endpoint="bazaar://corner", currency="EUR"
    )
    connecting.connect(made.services, draft, Credentials(values={}), by="test", modes={NAME: Mode.AUTOMATIC})
    made.settle()
    return made


def _shown(stage: Stage, item: str, slot: Slot) -> tuple[str, ...]:
    value = stage.bazaar.stalls["corner"].values.get(Target(f"product/{item}/recommendations/{slot}"))
    return value if isinstance(value, tuple) else ()


def test_every_sold_product_gets_companions_and_alike_ones_each_other(stage):
    for number in range(11):
        shown = _shown(stage, f"p{number}", Slot.COMPLEMENTARY)
        assert len(shown) >= 2
        assert f"p{number}" not in shown
        assert "p11" not in shown, "a gift card is never recommended"
    for lamp in ("p0", "p1", "p2"):
        assert set(_shown(stage, lamp, Slot.RELATED)[:2]) == {"p0", "p1", "p2"} - {lamp}


def test_what_is_bought_together_leads_and_the_count_is_true(stage):
    proposals = stage.services.proposals.every(shop_id("bazaar", "corner"))
    lists = [p for p in proposals if isinstance(p.action, SetRecommendations) and p.action.slot is Slot.COMPLEMENTARY]
    orders = [
        {line.product_id for line in order.lines} for order in stage.bazaar.stalls["corner"].orders.values()
    ]
    for proposal in lists:
        cards = next(e for e in proposal.evidence if isinstance(e, ProductCards)).cards
        for card in cards:
            values = dict(card.reason.values)
            both = sum(1 for o in orders if {proposal.action.product_id, card.product_id} <= o)
            own = sum(1 for o in orders if proposal.action.product_id in o)
            assert (int(values["count"]), int(values["total"])) == (both, own)
    assert lists


def test_a_product_that_was_never_sold_gets_lists_from_its_webhook(stage):
    stall = stage.bazaar.stalls["corner"]
    fresh = replace(product(stall, 20, 1), title="Yellow Lamp", product_type="lamp")
    stall.put_product(fresh)
    stage.settle()
    related = _shown(stage, "p20", Slot.RELATED)
    assert set(related[:3]) == {"p0", "p1", "p2"}, "the other lamps resemble it most"
    assert len(_shown(stage, "p20", Slot.COMPLEMENTARY)) >= 2


def test_sold_out_hidden_and_excluded_products_are_not_proposed(stage):
    stall = stage.bazaar.stalls["corner"]
    shop = shop_id("bazaar", "corner")
    hidden = stall.products[ProductId("p1")]
    stall.put_product(replace(hidden, status=ProductStatus.HIDDEN))
    sold_out: Product = stall.products[ProductId("p2")]
    stall.put_product(replace(sold_out, variants=tuple(replace(v, sellable=False) for v in sold_out.variants)))
    policy = stage.services.shops.policy(shop)
    limits = replace(policy.recommendations, excluded=(ProductId("p3"),), min_change_pct=Decimal(0))
    stage.services.shops.save_policy(shop, replace(policy, recommendations=limits))
    stage.settle()
    stall.put_product(replace(stall.products[ProductId("p0")], title="Crimson Lamp"))
    stage.settle()
    for slot in Slot:
        assert not {"p1", "p2", "p3"} & set(_shown(stage, "p0", slot))


def test_a_list_made_by_hand_stays(stage):
    stall = stage.bazaar.stalls["corner"]
    target = Target(f"product/p5/recommendations/{Slot.RELATED}")
    stall.values[target] = ("p9",)
    stall.versions[target] = stall.versions.get(target, 0) + 1
    stall.put_product(replace(stall.products[ProductId("p5")], title="Linen Towel"))
    stage.settle()
    assert _shown(stage, "p5", Slot.RELATED) == ("p9",)
