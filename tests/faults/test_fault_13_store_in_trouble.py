"""Fault 13: a store that answers 429, 5xx, nothing, or nonsense: nothing lost, no hot loop, one shop alone."""

from datetime import timedelta

import pytest

from chalicelib.errors import RateLimited, Retryable, StoreUnavailable
from integrations.circuit import Circuits
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import deliver, edit, effects, opened, shown, work
from sandbox.rehearsal.stage import Stage

STORE_CALLS = ("product", "read", "apply.before")


class Weather:
    """Every call of one name fails, until the weather clears; notes when it was tried."""

    def __init__(self, stage: Stage, call: str, error: Retryable) -> None:
        self._stage, self._call, self._error = stage, call, error
        self.tried: list[timedelta] = []
        self._begun = stage.clock.now()

    def __call__(self, name: str) -> None:
        if name == self._call:
            self.tried.append(self._stage.clock.now() - self._begun)
            raise self._error


@pytest.mark.parametrize("call", STORE_CALLS)
@pytest.mark.parametrize("error", [RateLimited(after=240), StoreUnavailable()], ids=["429", "5xx, hang, HTML"])
def test_an_event_waits_as_long_as_it_must_and_then_goes_through(call: str, error: Retryable) -> None:
    stage = opened()
    begun = len(effects(stage))
    deliver(stage, edit(stage))
    weather = Weather(stage, call, error)
    for _ in range(4):
        work(stage, weather)
        stage.skip_ahead()
    waits = [later - sooner for sooner, later in zip(weather.tried, weather.tried[1:], strict=False)]
    least = timedelta(seconds=240) if isinstance(error, RateLimited) else timedelta(seconds=20)
    assert len(weather.tried) == 4
    assert all(wait >= least for wait in waits), "a hot loop"
    stage.settle()
    assert shown(stage) == ("state-2",)
    assert len(effects(stage)) == begun + 1
    assert checks.judge(stage).complaints == []


def test_a_store_that_never_recovers_leaves_its_event_where_a_person_sees_it() -> None:
    stage = opened()
    deliver(stage, edit(stage))
    weather = Weather(stage, "product", StoreUnavailable())
    for _ in range(20):
        work(stage, weather)
        stage.skip_ahead()
    assert len(weather.tried) == 8, "as often as the queue allows"
    verdict = checks.judge(stage)
    assert verdict.tally.outcomes["dead"] == 1
    stage.queue.send(stage.buried.pop(), group=stage.shops[0])  # a person replays it
    stage.settle()
    assert shown(stage) == ("state-2",)
    assert checks.judge(stage).complaints == []


def test_one_shop_in_trouble_does_not_hold_up_the_other() -> None:
    stage = opened(shops=2)
    deliver(stage, [*edit(stage, 0), *edit(stage, 1)])
    failed = []

    def first_shop_fails(name: str) -> None:
        if name == "product" and not failed:
            failed.append(name)
            raise StoreUnavailable

    work(stage, first_shop_fails)
    assert shown(stage, 0) == ("state-1",)
    assert shown(stage, 1) == ("state-2",)
    stage.settle()
    assert shown(stage, 0) == ("state-2",)
    assert checks.judge(stage).complaints == []


def test_the_breaker_opens_for_the_failing_shop_alone() -> None:
    circuits = Circuits(clock=lambda: 100.0, failures=3)
    for _ in range(3):
        circuits.enter("a")
        circuits.failed("a")
    with pytest.raises(StoreUnavailable):
        circuits.enter("a")
    circuits.enter("b")
    assert circuits.open("a")
    assert not circuits.open("b")
