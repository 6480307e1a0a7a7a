"""A worker is overtaken by another that deals with a later state of the same thing: it looks again in two seconds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import connecting, running
from chalicelib.contracts import EngineRequest
from chalicelib.domain.events import EventKind, Schedule, StoreEvent, event_id, to_message
from chalicelib.domain.ids import EventId, ShopId
from chalicelib.errors import Overtaken, RateLimited, StoreUnavailable
from functions.translation.propose import FUNCTION as TRANSLATION
from sandbox.rehearsal import checks
from sandbox.rehearsal.boards import on_aws
from sandbox.rehearsal.scenes import Breaking, Turns, calls_of_one_event, deliver, edit, opened, shown, stall, work
from sandbox.rehearsal.stage import Stage

SOON = timedelta(seconds=2)
STORE_DOWN = timedelta(seconds=20)


def sleeps(stage: Stage) -> timedelta | None:
    """How long until the work queue has something to hand out; None where nothing waits."""
    wakes = stage.queue.wakes_at()
    return None if wakes is None else wakes - stage.clock.now()


def overtaken(stage: Stage) -> float:
    """How many messages were put off for that."""
    return stage.meter.total("retried", kind="Overtaken")


def raced(stage: Stage, stop: int) -> Stage:
    """A worker pauses at one of its calls, while another deals with the next state of the same product."""
    deliver(stage, edit(stage))

    def next_state() -> None:
        stage.clock.advance(timedelta(milliseconds=100))
        deliver(stage, edit(stage))

    Turns(stage, (stop, 10_000), next_state).play()
    return stage


def by_whole_seconds() -> Stage:
    """As WooCommerce and Shopify tell time: two saves within a second bear the same one."""
    stage = opened()
    stage.clock.move_to(stage.clock.now().replace(microsecond=0) + timedelta(seconds=5))
    stage.play = replace(stage.play, whole_seconds=True)
    return stage


@pytest.mark.parametrize(("scene", "least"), [(opened, 3), (by_whole_seconds, 5)])
def test_wherever_it_is_overtaken_it_looks_again_in_two_seconds_and_is_then_through(
    scene: Callable[[], Stage], least: int
) -> None:
    """Before it could decide (where both states bear the same time), at its decision, and at its write."""
    met = 0
    for stop in range(1, calls_of_one_event(scene) + 1):
        stage = raced(scene(), stop)
        assert stage.meter.total("retried") == overtaken(stage)
        assert sleeps(stage) == (SOON if overtaken(stage) else None), f"call {stop}"
        met += bool(overtaken(stage))
        stage.settle()
        assert overtaken(stage) <= 1, f"call {stop}"
        assert shown(stage) == ("state-3",), f"call {stop}"
        assert checks.judge(stage).complaints == [], f"call {stop}"
    assert met >= least, met


def test_on_aws_too_and_a_store_that_is_down_there_is_left_alone_as_ever(aws_names: None) -> None:
    stops = range(1, calls_of_one_event(opened) + 1)
    at = next(stop for stop in stops if overtaken(raced(opened(), stop)))
    with on_aws() as lay:
        stage = raced(opened(lay=lay), at)
        assert sleeps(stage) == SOON
        stage.settle()
        assert shown(stage) == ("state-3",)
        deliver(stage, edit(stage))
        for pause in (1, 2, 4, 8):
            work(stage, Breaking(1, error=StoreUnavailable, matching="product"))
            assert sleeps(stage) == STORE_DOWN * pause
            stage.skip_ahead()
            stage.clock.advance(timedelta(milliseconds=1))  # a message is hidden at the last moment of its pause, too
        stage.settle()
        assert shown(stage) == ("state-4",)
        assert checks.judge(stage).complaints == []


def test_a_record_that_another_wrote_meanwhile_is_no_bug_that_waits_until_its_message_is_visible_again() -> None:
    """Two things happened to one shop at once: its languages, and what somebody set on a page."""
    stage = opened()
    shop, now = stage.shops[0], stage.clock.now()
    stall(stage).locales = ("en", "de")
    told = StoreEvent(
        id=event_id("languages"), shop_id=shop, kind=EventKind.LOCALES_CHANGED, resource="", occurred_at=now,
        received_at=now, delivery="d",
    )  # fmt: skip
    stage.queue.send(to_message(told))

    def meanwhile(name: str) -> None:
        if name == "facts":
            stage.hook = None
            stage.services.shops.save(replace(stage.services.shops.get(shop), sandbox=True))

    work(stage, meanwhile)
    assert stage.meter.total("crashed") == 0
    assert sleeps(stage) == SOON
    stage.settle()
    assert stage.clock.now() - now < timedelta(seconds=5)
    found = stage.services.shops.get(shop)
    assert (found.locales, found.sandbox) == (("en", "de"), True)


@pytest.mark.parametrize("store_fails_first", [True, False])
def test_a_store_that_fails_beside_it_is_given_its_time(store_fails_first: bool) -> None:
    """One message about two products: the write of one fails, that of the other is overtaken."""
    stage = opened(products=2)
    for name in ("p0", "p1"):
        edit(stage, product=name)
    now = stage.clock.now()
    event = connecting.scheduled_event(stage.shops[0], Schedule.PROPOSE, now, resource="p0,p1", period="x")
    stage.queue.send(to_message(event))
    writes = 0

    def trouble(name: str) -> None:
        nonlocal writes
        writes += name == "apply.before"
        if name == "apply.before" and (writes == 1) == store_fails_first:
            raise StoreUnavailable
        if name == "apply.before":
            stage.hook = None
            stage.clock.advance(timedelta(seconds=1))
            deliver(stage, edit(stage, product=f"p{writes - 1}"))
            stage.turn(stage.queue)
            stage.hook = trouble

    work(stage, trouble)
    assert writes == 2
    assert sleeps(stage) == STORE_DOWN
    stage.settle()
    assert {shown(stage, product=name) for name in ("p0", "p1")} == {("state-2",), ("state-3",)}
    assert checks.judge(stage).complaints == []


class Busy:
    """An engine that asks for a minute."""

    def answers(self, request: EngineRequest) -> bool:
        return True

    def ask(self, request: EngineRequest, shop: ShopId, event: EventId) -> tuple[str, ...]:
        raise RateLimited(after=60)


def test_an_engine_that_asked_for_time_is_given_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def settle(*_: object) -> None:
        raise Overtaken

    stage = opened(TRANSLATION, engines=[Busy()])
    deliver(stage, edit(stage))
    monkeypatch.setattr(running, "settle", settle)
    work(stage)
    assert sleeps(stage) == timedelta(seconds=60)
