"""Fault 4: a younger update before an older one, delete before create, equal timestamps. I4."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from chalicelib.domain.ids import ProductId
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import Turns, calls_of_one_event, deliver, edit, effects, opened, shown, stall
from sandbox.rehearsal.stage import Stage, product


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("apart", [timedelta(0), timedelta(seconds=1)], ids=["one instant", "a second apart"])
def test_updates_in_any_order_leave_the_newest_state(order: tuple[int, ...], apart: timedelta) -> None:
    stage = opened()
    told = []
    for _ in range(3):
        stage.clock.advance(apart)
        told += edit(stage)
    for index in order:
        deliver(stage, [told[index]])
        stage.settle()
    assert shown(stage) == ("state-4",)
    assert checks.judge(stage).complaints == []


def test_deleted_before_created_writes_nothing() -> None:
    stage = opened()
    place = stall(stage)
    place.put_product(product(place, 7, 1))
    created = place.drain()
    place.delete_product(ProductId("p7"))
    deleted = place.drain()
    before = len(effects(stage))
    deliver(stage, [*deleted, *created])
    stage.settle()
    assert len(effects(stage)) == before
    assert stage.services.catalogue.many(stage.shops[0], [ProductId("p7")]) == {}
    assert checks.judge(stage).complaints == []


def test_an_update_that_comes_after_the_deletion_brings_nothing_back() -> None:
    stage = opened()
    updated = edit(stage)
    stall(stage).delete_product(ProductId("p0"))
    deliver(stage, stall(stage).drain())
    stage.settle()
    deliver(stage, updated)
    stage.settle()
    assert stage.services.catalogue.many(stage.shops[0], [ProductId("p0")]) == {}
    assert checks.orderly(stage) == []


def test_a_store_that_answers_with_an_older_state_than_before_changes_nothing() -> None:
    stage = opened()
    place = stall(stage)
    old = place.products[ProductId("p0")]
    stage.clock.advance(timedelta(minutes=1))
    deliver(stage, edit(stage))
    stage.settle()
    new = place.products[ProductId("p0")]
    place.products[ProductId("p0")] = old  # a replica that lags
    place.tell("goods.changed", "p0")
    deliver(stage, place.drain())
    stage.settle()
    assert shown(stage) == ("state-2",)
    place.products[ProductId("p0")] = new
    assert checks.judge(stage).complaints == []


def _by_whole_seconds() -> Stage:
    """As WooCommerce and Shopify tell time: two saves within a second bear the same one."""
    stage = opened()
    stage.clock.move_to(stage.clock.now().replace(microsecond=0) + timedelta(seconds=5))
    stage.play = replace(stage.play, whole_seconds=True)
    return stage


@pytest.mark.parametrize("stop", range(1, calls_of_one_event(_by_whole_seconds) + 1))
def test_two_states_of_one_second_leave_the_one_that_was_looked_at_last(stop: int) -> None:
    """A worker pauses at each of its calls in turn, while another deals with the next state of the same second."""
    stage = _by_whole_seconds()
    deliver(stage, edit(stage))

    def next_state() -> None:
        stage.clock.advance(timedelta(milliseconds=100))
        deliver(stage, edit(stage))

    Turns(stage, (stop, 10_000), next_state).play()
    stage.settle()
    assert shown(stage) == ("state-3",)
    assert checks.judge(stage).complaints == []
