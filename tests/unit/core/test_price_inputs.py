"""Costs and competitors through their use cases: remembered, asked about once, polled, and heard by guardrails."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib import applying, price_inputs
from chalicelib.contracts import EngineRequest, FetchFile
from chalicelib.domain.ids import EventId, ProductId, ShopId, VariantId
from chalicelib.domain.price_inputs import cost_key, parsed_cost
from chalicelib.domain.proposals import Proposal
from chalicelib.domain.shop import Mode, PriceLimits, Shop
from chalicelib.errors import Gone, NotAllowed, StoreUnavailable
from chalicelib.guardrails import check
from chalicelib.likeness import Likeness
from functions.repricing.propose import FUNCTION
from sandbox.rehearsal.stage import Play, Stage
from tests.unit.repricing.shop import money, product, proposal, variant


@dataclass
class Feed:
    """A feed's address that answers as told."""

    answer: bytes | Exception = b""

    def answers(self, request: EngineRequest) -> bool:
        return isinstance(request, FetchFile)

    def ask(self, request: EngineRequest, shop: ShopId, event: EventId) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


TITLES = ("White Hanging Heart Holder", "Jumbo Bag Red Retrospot", "Party Bunting")


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def stage(feed: Feed) -> Stage:
    stage = Stage(play=Play(seed=1, shops=1, products=0), functions={FUNCTION.name: FUNCTION}, engines=(feed,))
    stage.open_shops({FUNCTION.name: Mode.PROPOSE})
    for number, title in enumerate(TITLES):
        one = replace(variant(number, cost=None), sku=f"S{number}")
        goods = replace(product(number, one), title=title, updated_at=stage.clock.now())
        stage.bazaar.stalls["stall0"].put_product(goods)
    stage.settle()
    return stage


def shop(stage: Stage) -> Shop:
    return stage.services.shops.get(stage.shops[0])


def limits(stage: Stage, **changes: Any) -> None:
    policy = stage.services.shops.policy(stage.shops[0])
    stage.services.shops.save_policy(stage.shops[0], replace(policy, prices=replace(policy.prices, **changes)))


def refused(stage: Stage, price: str, *, by_person: bool = False) -> dict[str, str]:
    services, policy = stage.services, stage.services.shops.policy(stage.shops[0])
    made: Proposal = replace(proposal(price), shop_id=stage.shops[0])
    situation = applying.situate(services, shop(stage), policy, made, None, {}, by_person=by_person)
    return {one.rule: str(one.reason) for one in check(made, situation)}


def test_an_uploaded_cost_is_the_floor_and_can_be_forgotten(stage: Stage) -> None:
    assert "cost" in refused(stage, "19.50")
    taken = price_inputs.take_costs(stage.services, shop(stage), b"sku,cost\nS0,17.50\nS9,1\n", "owner@shop.example")
    assert (taken.used, [one.line for one in taken.faults]) == (1, [3])
    assert "floor" in refused(stage, "19.50")
    price_inputs.take_costs(stage.services, shop(stage), b"sku,cost\nS0,9.00\n", "owner@shop.example")
    assert not {"floor", "cost"} & set(refused(stage, "19.50"))
    price_inputs.take_costs(stage.services, shop(stage), b"sku,cost\nS0,none\n", "owner@shop.example")
    assert "cost" in refused(stage, "19.50")
    key = cost_key(VariantId("v0"))
    assert parsed_cost(stage.services.memories.recall(stage.shops[0], [key])[key]) is None


def test_who_uploaded_what_stands_in_the_journal(stage: Stage) -> None:
    price_inputs.take_costs(stage.services, shop(stage), b"sku,cost\nS0,17.50\n", "owner@shop.example")
    entries = stage.services.journal.entries(stage.shops[0], until=stage.clock.now() + timedelta(seconds=1))
    assert ("owner@shop.example", "unit costs: 1 taken") in {(one.by, one.note) for one in entries}


def test_competitors_are_a_ceiling_only_where_the_merchant_wants_one(stage: Stage) -> None:
    limits(stage, default_margin_pct=Decimal(60))
    price_inputs.take_rivals(stage.services, shop(stage), b"sku,price\nS0,19.00\n", "owner@shop.example")
    assert "rival" not in refused(stage, "20.90")
    limits(stage, max_over_rival_pct=Decimal(5))
    assert refused(stage, "20.90")["rival"] == "Above the ceiling of 19.95 EUR over competitors."
    assert "rival" not in refused(stage, "19.50")
    stage.clock.advance(timedelta(days=20))
    assert "rival" not in refused(stage, "20.90")  # nobody has looked of late


def test_a_title_is_asked_about_once_and_then_known(stage: Stage) -> None:
    rows = b"title,price,competitor\nhanging heart holder white,18.00,Lane\n"
    taken = price_inputs.take_rivals(stage.services, shop(stage), rows, "owner@shop.example")
    assert (taken.used, taken.asked, taken.unknown) == (0, 1, 0)
    [match] = price_inputs.waiting(stage.services, stage.shops[0])
    assert match.product_id == "p0"
    price_inputs.decide(stage.services, shop(stage), match.name, same=True, variant="", by="owner@shop.example")
    assert not list(price_inputs.waiting(stage.services, stage.shops[0]))
    seen = price_inputs.rivals(stage.services, stage.shops[0])[VariantId("v0")]
    assert [one.price for one in seen] == [money("18.00")]
    again = price_inputs.take_rivals(stage.services, shop(stage), rows.replace(b"18.00", b"17.00"), "feed")
    assert (again.used, again.asked) == (1, 0)
    with pytest.raises(Gone):
        price_inputs.decide(stage.services, shop(stage), match.name, same=False, variant="", by="owner@shop.example")


def test_another_product_is_never_asked_about_again(stage: Stage) -> None:
    rows = b"title,price\nhanging heart holder white,18.00\n"
    price_inputs.take_rivals(stage.services, shop(stage), rows, "owner@shop.example")
    [match] = price_inputs.waiting(stage.services, stage.shops[0])
    price_inputs.decide(stage.services, shop(stage), match.name, same=False, variant="", by="owner@shop.example")
    taken = price_inputs.take_rivals(stage.services, shop(stage), rows, "owner@shop.example")
    assert (taken.used, taken.asked, taken.unknown) == (0, 0, 1)


def test_a_confirmed_price_that_is_far_off_is_still_refused(stage: Stage) -> None:
    rows = b"title,price\nhanging heart holder white,1800.00\n"
    price_inputs.take_rivals(stage.services, shop(stage), rows, "owner@shop.example")
    [match] = price_inputs.waiting(stage.services, stage.shops[0])
    with pytest.raises(NotAllowed, match="too far from your price"):
        price_inputs.decide(stage.services, shop(stage), match.name, same=True, variant="", by="owner@shop.example")


def test_the_nightly_feed_is_read_and_its_troubles_are_told(stage: Stage, feed: Feed) -> None:
    limits(stage, competitor_feed="https://feeds.example.com/prices.csv")
    feed.answer = b"sku,price\nS1,18.50\n"
    assert price_inputs.poll(stage.services, shop(stage)) is not None
    assert VariantId("v1") in price_inputs.rivals(stage.services, stage.shops[0])
    broken: Sequence[bytes | Exception] = (StoreUnavailable("It does not answer."), b"<html>", b"sku,price\nS1,0\n")
    for answer in broken:
        feed.answer = answer
        price_inputs.poll(stage.services, shop(stage))
        assert [one.code for one in stage.services.problems.all(stage.shops[0])] == ["competitor_feed"]
    feed.answer = b"sku,price\nS1,18.50\n"
    price_inputs.poll(stage.services, shop(stage))
    assert not list(stage.services.problems.all(stage.shops[0]))


def test_a_missing_product_is_like_nothing() -> None:
    class Bare:
        def get(self, name: str) -> None:
            return None

    likeness = Likeness(Bare(), {ProductId("p"): "Blue Candle"})
    assert likeness.best(["Something else entirely"]) == [None]
    assert likeness.best(["red candle in a box"]) == [None]
    found = likeness.best(["blue candle"])[0]
    assert found is not None
    assert found.product == "p"


def test_limits_for_competitors_are_off_by_default() -> None:
    assert PriceLimits().max_over_rival_pct is None
    assert PriceLimits().competitor_feed == ""
