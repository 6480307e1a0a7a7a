"""How long a message is left alone: a store is given time, the overtaken look again at once, and nobody is given up
sooner for it."""

from datetime import timedelta
from itertools import product

import pytest

from chalicelib import pauses
from chalicelib.adapters.memory import FrozenClock, MemoryQueue
from chalicelib.errors import AnswerLost, Held, Overtaken, RateLimited, Retryable, StoreUnavailable
from chalicelib.storage.claims import LEASE, WORK_LEASE
from sandbox.rehearsal.stage import START

OF_A_STORE = [20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600, 3600]
BOTH_QUEUES = pytest.mark.parametrize(
    ("hand_outs", "needed"), [(pauses.HAND_OUTS, 12), (pauses.LONG_HAND_OUTS, 5)], ids=["events", "scheduled"]
)
"""How often a queue hands a message out, and how often it must for a store that is down."""


def seconds(error: Retryable, received: int) -> float:
    return pauses.after(error, received, START).total_seconds()


@pytest.mark.parametrize("error", [StoreUnavailable(), AnswerLost(), Retryable(), RateLimited(after=0)])
def test_a_store_that_is_down_is_asked_after_doubling_pauses(error: Retryable) -> None:
    assert [seconds(error, n) for n in range(1, pauses.HAND_OUTS + 1)] == OF_A_STORE


def test_a_store_that_asks_for_time_is_given_it_up_to_an_hour() -> None:
    assert {seconds(RateLimited(after=240), n) for n in range(1, 14)} == {240}
    assert seconds(RateLimited(after=1e9), 1) == 3600


def test_whoever_was_overtaken_looks_again_at_once_and_from_then_on_as_at_a_store() -> None:
    assert [seconds(Overtaken(), n) for n in range(1, pauses.HAND_OUTS + 1)] == [2, *OF_A_STORE[:-1]]


@BOTH_QUEUES
def test_no_mixture_of_the_two_is_given_up_sooner_than_one_whose_store_is_down(hand_outs: int, needed: int) -> None:
    least = sum(OF_A_STORE[:needed])
    for errors in product((StoreUnavailable(), Overtaken()), repeat=hand_outs):
        assert sum(seconds(error, n) for n, error in enumerate(errors, 1)) >= least


def test_events_outlast_five_hours_of_a_store_that_is_down() -> None:
    assert sum(OF_A_STORE[: pauses.HAND_OUTS - 1]) > 5 * 3600


@pytest.mark.parametrize(
    ("hand_outs", "lease"),
    [(pauses.HAND_OUTS, WORK_LEASE), (pauses.LONG_HAND_OUTS, LEASE)],
    ids=["events", "scheduled"],
)
def test_one_who_waits_for_a_dead_worker_is_there_when_the_lease_ends(hand_outs: int, lease: timedelta) -> None:
    now, until = START, START + lease
    for received in range(1, hand_outs):
        now += pauses.after(Held(until, lease), received, now)
        if now >= until:
            break
    assert now == until, "within its hand-outs, and no later than it must"


def test_one_who_waits_for_a_living_worker_looks_after_seconds() -> None:
    assert [seconds(Held(START + WORK_LEASE, WORK_LEASE), n) for n in range(1, 5)] == [5, 10, 20, 40]
    assert seconds(Held(START - WORK_LEASE, WORK_LEASE), 1) == 1, "a deadline in the past is no hot loop"


def buried_after(hand_outs: int, error: Retryable) -> timedelta:
    """When a message is with the dead that ends with the same error each time."""
    clock = FrozenClock(START)
    dead = MemoryQueue(clock, name="dead")
    queue = MemoryQueue(clock, name="work", dead=dead, max_receives=hand_outs)
    queue.send("x")
    while not dead.depth():
        for message in queue.take():
            queue.postpone(message, pauses.after(error, message.received, clock.now()))
        clock.move_to(queue.wakes_at() or clock.now())
    return clock.now() - START


@BOTH_QUEUES
def test_an_event_that_is_overtaken_for_ever_is_not_buried_before_one_whose_store_is_down(
    hand_outs: int, needed: int
) -> None:
    assert buried_after(hand_outs, Overtaken()) >= buried_after(needed, StoreUnavailable())
