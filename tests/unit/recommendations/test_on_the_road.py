"""Recommendations down the whole road in memory: a shop's orders become lists in its store."""

import hashlib
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import numpy as np
import pytest

from chalicelib import connecting
from chalicelib.contracts import Credentials, History, Material, Visit
from chalicelib.domain.actions import SetRecommendations, Slot
from chalicelib.domain.catalogue import Product, ProductStatus
from chalicelib.domain.evidence import ProductCards
from chalicelib.domain.ids import OrderId, ProductId, Target, shop_id
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order, OrderLine
from chalicelib.domain.shop import Mode, Policy, Shop
from chalicelib.inference import check
from chalicelib.storage.codec import to_json
from chalicelib.web import storefront
from functions.recommendations.propose import FUNCTION, NAME
from functions.recommendations.train import of_history
from functions.recommendations.trending import train_trending, trending
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


def _asked(stage: Stage, **query: str) -> list[str]:
    shop = shop_id("bazaar", "corner")
    query = {"shop": shop, "key": storefront.key_of(stage.services, shop), **query}
    found = storefront.answer(stage.services, {"rawQueryString": urlencode(query)})
    return json.loads(found["body"])["products"]


def test_a_cart_is_shown_what_goes_with_all_of_it_and_nothing_that_is_in_it(stage):
    shown = _asked(stage, slot="for-cart", cart="p3,p4")
    assert not {"p3", "p4", "p11"} & set(shown)
    assert {"p2", "p5"} <= set(shown[:4]), "every order holds neighbours in the row of goods"


def test_a_returning_buyer_is_shown_what_goes_with_their_past_and_is_forgotten_when_erased(stage):
    shop = shop_id("bazaar", "corner")
    buyer = stage.services.identities.identify(shop, "customer", "77")
    order = _order(stage, 900, [3, 4])
    stage.services.purchases.note(shop, [(order, buyer), (_order(stage, 901, [7]), "")])
    now = stage.clock.now()
    past = stage.services.purchases.of(shop, buyer, now)
    assert [one.product for one in past] == ["p3", "p4"]
    visit = Visit(slot="for-customer", past=tuple((one.product, 2.0) for one in past), count=4)
    shown = FUNCTION.serve(visit, stage.services.models(shop))
    assert {"p2", "p5"} <= set(shown)
    assert not {"p3", "p4"} & set(shown)
    assert stage.services.purchases.of(shop, buyer, now + timedelta(days=401)) == []
    assert stage.services.purchases.forget(shop, buyer) == 1
    assert stage.services.purchases.of(shop, buyer, now) == []


def test_a_cancelled_order_was_no_purchase(stage):
    shop = shop_id("bazaar", "corner")
    order = _order(stage, 900, [3])
    stage.services.purchases.note(shop, [(order, "buyer")])
    stage.services.purchases.note(shop, [(replace(order, cancelled_at=stage.clock.now()), "buyer")])
    assert stage.services.purchases.held(shop, "buyer") == []


def test_each_country_sees_what_sells_there_and_a_new_one_what_sells_at_all():
    dice = np.random.default_rng(2)
    basket = np.arange(900)
    country = basket % 3
    item = np.where(dice.random(900) < 0.5, country, dice.integers(3, 9, 900))
    history = History(
        order=basket, at=basket * 600, customer=np.full(900, -1, np.int32), product=item.astype(np.int32),
        quantity=np.ones(900, np.int32), unit_price_minor=np.full(900, 100), country=country.astype(np.int16),
        variant=np.full(900, -1, np.int32), products=[f"g{i}" for i in range(9)], variants=(),
        countries=("DE", "FR", "GB"), currency="EUR",
    )
    shop = Shop(id=shop_id("bazaar", "x"), marketplace="bazaar", name="X", endpoint="", currency="EUR")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    material = Material(shop=shop, policy=Policy(), now=now, history=history, catalogue={})
    artifact = train_trending(material, of_history(history))
    assert artifact is not None
    card = replace(artifact.card, sha256=hashlib.sha256(artifact.graph).hexdigest())
    model = check(artifact.graph, json.dumps(to_json(card)).encode(), artifact.assets)
    assert [trending(model, name, [], 9)[0] for name in ("DE", "FR", "GB")] == ["g0", "g1", "g2"]
    assert trending(model, "DE", [ProductId("g0")], 9)[0] != "g0"
    counts = np.bincount(item, np.exp2((basket - 899) * 600 / 86_400 / 7))
    assert trending(model, "JP", [], 1) == [f"g{counts.argmax()}"]


def test_how_fast_an_order_fades_is_chosen_on_the_newest_weeks():
    dice = np.random.default_rng(3)
    day = np.sort(dice.uniform(0, 120, 3_000))
    fashion = (day // 3).astype(int) % 20
    item = np.where(dice.random(3_000) < 0.6, fashion, dice.integers(20, 60, 3_000))
    history = History(
        order=np.arange(3_000), at=(day * 86_400).astype(np.int64), customer=np.full(3_000, -1, np.int32),
        product=item.astype(np.int32), quantity=np.ones(3_000, np.int32), unit_price_minor=np.full(3_000, 100),
        country=np.zeros(3_000, np.int16), variant=np.full(3_000, -1, np.int32),
        products=[f"g{i}" for i in range(60)], variants=(), countries=("DE",), currency="EUR",
    )
    shop = Shop(id=shop_id("bazaar", "x"), marketplace="bazaar", name="X", endpoint="", currency="EUR")
    material = Material(
        shop=shop, policy=Policy(), now=datetime(2026, 1, 1, tzinfo=UTC), history=history, catalogue={}
    )
    metrics = train_trending(material, of_history(history)).card.metrics
    rows = {row["model"]: row for row in metrics["candidates"]}
    assert sum(row["chosen"] for row in rows.values()) == 1
    assert metrics["half_life_days"] in (7.0, 3.5, 14.0, 30.0)
    assert rows[metrics["chosen"]]["ndcg"] >= rows["half-life 7 days"]["ndcg"]
    assert all(row["cases"] == rows["half-life 7 days"]["cases"] > 500 for row in rows.values())
