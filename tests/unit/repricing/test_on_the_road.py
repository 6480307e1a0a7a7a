"""Repricing through the whole pipeline in memory: proposed at night, approved, remembered, sent home,
undone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib import connecting, deciding
from chalicelib.contracts import Artifact, Material
from chalicelib.domain.actions import SetPrice
from chalicelib.domain.events import Schedule
from chalicelib.domain.ids import ProductId, VariantId
from chalicelib.domain.proposals import Proposal, Status
from chalicelib.domain.shop import Mode
from chalicelib.domain.stock_outs import day_of
from functions.repricing import account
from functions.repricing.propose import FUNCTION
from sandbox.rehearsal.stage import Stage
from tests.unit.repricing.shop import open_stage


@pytest.fixture
def stage() -> Stage:
    return open_stage(Mode.PROPOSE)


def night(stage: Stage) -> Sequence[Proposal]:
    stage.clock.advance(timedelta(days=1))
    connecting.schedule(stage.services, stage.shops[0], Schedule.PROPOSE)
    stage.settle()
    return list(stage.services.proposals.every(stage.shops[0]))


def price(stage: Stage, made: Proposal) -> Decimal:
    assert isinstance(made.action, SetPrice)
    shown = stage.bazaar.stalls["stall0"].products[made.action.product_id].variants[0].price
    assert shown is not None
    return shown.amount


def test_a_price_from_night_to_undoing(stage: Stage) -> None:
    shop, made = stage.shops[0], night(stage)
    assert len(made) == 12
    assert all(price(stage, one) == 20 for one in made)
    applied = deciding.approve(stage.services, shop, made[0].id, "owner@shop.example")
    assert applied.status is Status.APPLIED
    assert 19 <= price(stage, applied) < 20
    for _ in range(9):
        later = night(stage)
    assert isinstance(applied.action, SetPrice)
    place = account.key(applied.action.variant_id)
    remembered = account.parsed(stage.services.memories.recall(shop, [place])[place])
    assert sum(remembered.days.values()) == pytest.approx(9, abs=0.5)
    again = [one for one in later if one.target == applied.target and one.status is Status.PROPOSED]
    assert ["goes back" in str(one.reasons[0]) for one in again] == [True]
    deciding.undo(stage.services, shop, applied.id, "owner@shop.example")
    assert price(stage, applied) == 20


def test_automatic_starts_after_so_many_accepted_proposals_and_sends_a_failing_price_home(stage: Stage) -> None:
    shop, services = stage.shops[0], stage.services
    policy = services.shops.policy(shop)
    limits = replace(policy.prices, accepted_before_automatic=2)
    services.shops.save_policy(shop, replace(policy, modes={FUNCTION.name: Mode.AUTOMATIC}, prices=limits))
    made = night(stage)
    assert {one.status for one in made} == {Status.PROPOSED}
    for one in made[:2]:
        deciding.approve(services, shop, one.id, "owner@shop.example")
    for _ in range(17):
        night(stage)  # nothing is sold at our prices: far below what was expected
    ours = [one for one in services.proposals.every(shop) if one.applied_at and one.decided_by == "tradewind"]
    back = {one.target for one in ours if "goes back" in str(one.reasons[0])}
    assert {one.target for one in made[:2]} <= back


def test_the_same_night_twice_proposes_nothing_new(stage: Stage) -> None:
    first = {one.id for one in night(stage)}
    assert {one.id for one in night(stage)} == first


class Pupil:
    """Repricing that keeps what it is given to learn from and learns nothing."""

    def __init__(self) -> None:
        self.given: list[Material] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(FUNCTION, name)

    def train(self, material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
        self.given.append(material)
        return ()


def test_days_without_stock_reach_the_trainer(stage: Stage) -> None:
    pupil, stall, days = Pupil(), stage.bazaar.stalls["stall0"], []
    stage.services.functions[FUNCTION.name] = pupil  # type: ignore[index]
    for number in range(4):
        goods = stall.products[ProductId("p3")]
        form = replace(goods.variants[0], stock=0 if number < 3 else 9, sellable=number == 3)
        stall.put_product(replace(goods, variants=(form,), updated_at=stage.clock.now()))
        stage.settle()
        night(stage)
        days.append(day_of(stage.clock.now()))
    connecting.schedule(stage.services, stage.shops[0], Schedule.TRAIN)
    stage.settle()
    seen = pupil.given[0].stock_outs
    assert set(seen) == {VariantId("v3")}
    assert set(days[:3]) <= set(seen[VariantId("v3")])
    assert days[3] not in seen[VariantId("v3")]
