"""Fault 18: clock skew of ten minutes, DST, leap day, year end: I4 holds, and nothing falls between months."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.clocks import FrozenClock
from chalicelib.contracts import CounterKey, CounterUpdate
from chalicelib.domain.journal import Deed
from chalicelib.ticking import tick
from sandbox.rehearsal import Play, checks
from sandbox.rehearsal.scenes import deliver, edit, opened, shown, stall
from sandbox.rehearsal.stage import Stage

MOMENTS = {
    "year end": datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    "leap day": datetime(2028, 2, 28, 23, 59, 59, tzinfo=UTC),
    "clocks go forward": datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
    "clocks go back": datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC),
    "no leap day": datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC),
}
TEN_MINUTES = timedelta(minutes=10)


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_changes_on_both_sides_of_the_moment_end_in_order(moment: datetime) -> None:
    stage = opened(begins=moment)
    told = edit(stage)
    stage.clock.advance(timedelta(seconds=2))
    told += edit(stage)
    deliver(stage, reversed(told))
    stage.settle()
    assert shown(stage) == ("state-3",)
    assert checks.judge(stage).complaints == []
    journal = stage.services.journal.entries(stage.shops[0], until=stage.clock.now())
    assert sum(entry.deed is Deed.APPLIED for entry in journal) == len(stall(stage).effects)


@pytest.mark.parametrize("skew", [-TEN_MINUTES, TEN_MINUTES], ids=["behind", "ahead"])
def test_a_store_whose_clock_differs_by_ten_minutes_converges(skew: timedelta) -> None:
    stage = Stage(Play(seed=0, shops=1, products=1))
    stage.bazaar.clock = lambda: stage.clock.now() + skew
    stage.open_shops()
    for _ in range(3):
        stage.clock.advance(timedelta(seconds=30))
        deliver(stage, edit(stage))
        stage.settle()
    assert shown(stage) == ("state-4",)
    assert checks.judge(stage).complaints == []


def test_our_own_clock_stepping_back_loses_no_event() -> None:
    stage = opened()
    theirs = FrozenClock(stage.clock.now())
    stall(stage).clock = theirs.now
    for step in (timedelta(seconds=5), -TEN_MINUTES, timedelta(seconds=5)):
        theirs.advance(timedelta(seconds=5))
        deliver(stage, edit(stage))
        stage.clock.advance(step)
        stage.turn(stage.queue)
    stage.settle()
    assert shown(stage) == ("state-4",)
    assert checks.judge(stage).complaints == []


def test_a_counter_sees_what_a_clock_ten_minutes_ahead_counted() -> None:
    stage = opened()
    key = CounterKey("orders", "buyer", 3600)
    now = stage.clock.now()
    stage.services.counters.add(
        stage.shops[0],
        [CounterUpdate(key=key, at=now + skew, unique=str(skew)) for skew in (TEN_MINUTES, -TEN_MINUTES)],
    )
    assert stage.services.counters.read(stage.shops[0], [key], now) == {key: 2}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_day_ticked_twice_is_one_event(moment: datetime) -> None:
    stage = opened(begins=moment)
    assert tick(stage.services, "train") == tick(stage.services, "train") == 1
    stage.clock.advance(timedelta(seconds=2))
    stage.settle()
    assert checks.judge(stage).complaints == []
