"""The road under a seeded scheduler: duplicates, disorder, workers that die at random calls, at last calm.

A failing run is named by its seed: ``Play(seed=…)`` repeats it call by call.
"""

import os

import pytest

from sandbox.rehearsal import Play, drawn, judge, rehearse

EVENTS = int(os.environ.get("TRADEWIND_SOAK_EVENTS", "1000"))
"""Deeds of merchants in each play of a soak: a thousand plays of a thousand, about 1,600 deliveries each, take 20
minutes of one processor; of ten thousand, three hours."""


def _seeds() -> range:
    """``TRADEWIND_SOAK_SEEDS=a-b`` picks the seeds of a soak, so that several machines share it."""
    first, _, last = os.environ.get("TRADEWIND_SOAK_SEEDS", "0-999").partition("-")
    return range(int(first), int(last) + 1)


@pytest.mark.parametrize("seed", range(3))
def test_every_delivery_ends_once_and_no_effect_happens_twice(seed: int) -> None:
    stage = rehearse(Play(seed=seed, events=2_000))
    verdict = judge(stage)
    assert verdict.complaints == [], f"seed {seed}"
    assert stage.kills > 50


def test_with_a_worker_dying_every_fiftieth_call_nothing_is_lost() -> None:
    stage = rehearse(Play(seed=77, events=400, kills=0.02, workers=5))
    verdict = judge(stage)
    assert verdict.complaints == []
    assert stage.kills > 200
    assert verdict.effects > 100


def test_with_products_thrown_away_on_the_way_nothing_comes_back() -> None:
    stage = rehearse(Play(seed=9, events=1_000, products=40, deleted=0.06))
    assert judge(stage).complaints == []
    for shop, stall in zip(stage.shops, stage.bazaar.stalls.values(), strict=True):
        assert {product.id for product in stage.services.catalogue.all(shop)} == set(stall.products)
        assert len(stall.products) < 40


def test_a_run_repeats_exactly() -> None:
    first, second = (rehearse(Play(seed=5, events=300)) for _ in range(2))
    effects = [[stall.effects for stall in stage.bazaar.stalls.values()] for stage in (first, second)]
    assert effects[0] == effects[1]
    assert first.kills == second.kills


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_circumstances_nothing_is_lost_and_nothing_happens_twice(seed: int) -> None:
    """The first of the soak's plays: shops, workers, disorder, deaths and clocks as the seed draws them."""
    play = drawn(seed, 300)
    assert judge(rehearse(play)).complaints == [], play


def test_stores_that_tell_time_in_seconds_are_never_given_an_older_list() -> None:
    play = Play(seed=44, events=500, shops=1, products=3, workers=5, kills=0.01, deleted=0.03, whole_seconds=True)
    assert judge(rehearse(play)).complaints == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", _seeds())
def test_soak(seed: int) -> None:
    play = drawn(seed, EVENTS)
    assert judge(rehearse(play)).complaints == [], play
