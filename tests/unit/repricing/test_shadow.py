"""Shadow mode: it decides and keeps account, and nothing is proposed or written."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib import connecting
from chalicelib.domain.events import Schedule
from chalicelib.domain.ids import VariantId
from chalicelib.domain.shop import Mode
from chalicelib.domain.whatif import WhatIf, parsed_whatif, summed, whatif_key, whatif_text
from functions.repricing.propose import FUNCTION
from sandbox.rehearsal.stage import Stage
from tests.unit.repricing.shop import money, open_stage, product


@pytest.fixture
def stage() -> Stage:
    return open_stage(Mode.SHADOW)


def nights(stage: Stage, count: int) -> dict[str, WhatIf]:
    for _ in range(count):
        stage.clock.advance(timedelta(days=1))
        connecting.schedule(stage.services, stage.shops[0], Schedule.PROPOSE)
        stage.settle()
    told = stage.services.memories.all(stage.shops[0], "whatif|")
    return {key.rpartition("|")[2]: entry for key, text in told if (entry := parsed_whatif(text)) is not None}


def test_it_counts_what_it_would_have_earned_and_writes_nothing(stage: Stage) -> None:
    first = nights(stage, 1)
    assert len(first) == 12
    assert all(one.gain == 0 and Decimal(one.price) < 20 for one in first.values())
    later = nights(stage, 13)
    assert all(one.gain > 0 and one.low < one.gain < one.high for one in later.values())
    assert all(2 <= one.changes <= 5 for one in later.values()), "the rest between changes holds in shadow too"
    assert all(Decimal(17) <= Decimal(one.price) < 19 for one in later.values()), "at most 15 % in thirty days"
    assert not list(stage.services.proposals.every(stage.shops[0]))
    shown = stage.bazaar.stalls["stall0"].products.values()
    assert {one.variants[0].price for one in shown} == {money("20.00")}
    account = summed(later.values())
    assert account is not None
    assert (account.resources, account.changed, account.days) == (12, 12, 14)


def test_another_price_of_the_merchants_begins_a_new_account(stage: Stage) -> None:
    nights(stage, 9)
    stall = stage.bazaar.stalls["stall0"]
    goods = stall.products[product(0).id]
    one = replace(goods.variants[0], price=money("21.00"))
    stall.put_product(replace(goods, variants=(one,), updated_at=stage.clock.now()))
    stage.settle()
    kept = nights(stage, 1)["v0"]
    assert (kept.real, kept.gain) == ("21.00", 0.0)


def test_an_entry_survives_memory_and_a_broken_one_is_none() -> None:
    entry = WhatIf(price="19.00", real="20.00", first_day=1, last_day=5, changed_day=3, changes=1, gain=1.23456)
    assert parsed_whatif(whatif_text(entry)) == replace(entry, gain=1.2346)
    assert parsed_whatif("{}") is None
    assert parsed_whatif("null") is None
    assert parsed_whatif("nonsense") is None
    assert whatif_key(FUNCTION.name, VariantId("v")) == "whatif|repricing|v"
    assert summed([]) is None
