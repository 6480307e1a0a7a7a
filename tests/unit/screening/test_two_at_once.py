"""Two orders of one identity, worked on at the same moment: at whatever call one worker stands still, at least one of
them sees the other, and the day's last look is not given twice."""

from collections.abc import Callable

import pytest
from greenlet import getcurrent, greenlet

from chalicelib import working
from chalicelib.domain.screening import Ruling
from sandbox.rehearsal.scenes import deliver
from sandbox.rehearsal.stage import Stage
from tests.unit.screening.counter_hall import counter, order, scripted_model, stall, verdict

__all__ = ["scripted_model"]
pytestmark = pytest.mark.usefixtures("scripted_model")


def interleaved(stage: Stage, stop: int) -> None:
    """Two workers with a message each: the first stands still at its ``stop``-th call until the second is through."""
    messages = stage.queue.take(10)
    assert len(messages) == 2
    main, calls = getcurrent(), [0]
    works: list[Callable[[], bool]] = [
        lambda message=message: working.attempt(stage.services, stage.queue, message)  # type: ignore[misc]
        for message in messages
    ]
    first, second = (greenlet(work, main) for work in works)

    def pass_by(name: str) -> None:
        if getcurrent() is first:
            calls[0] += 1
            if calls[0] == stop:
                main.switch()

    stage.hook = pass_by
    first.switch()
    second.switch()
    if not first.dead:
        first.switch()
    stage.hook = None
    for message in messages:
        stage.queue.delete(message)
    stage.settle()


def two_orders(stage: Stage, p: float) -> None:
    for name in ("o1", "o2"):
        stall(stage).put_order(order(stage, name, p=p))
    deliver(stage, stall(stage).drain())


@pytest.mark.parametrize("stop", range(1, 60, 3))
def test_at_least_one_sees_the_other(stop: int) -> None:
    stage = counter()
    two_orders(stage, 0.01)
    interleaved(stage, stop)
    seen = [verdict(stage, name).inputs["ip_1h"] for name in ("o1", "o2")]
    assert 1.0 in seen
    assert stage.dead.take() == []


@pytest.mark.parametrize("stop", range(1, 60, 3))
def test_the_last_look_of_the_day_goes_to_one_of_them(stop: int) -> None:
    stage = counter(reviews_per_day=1)
    two_orders(stage, 0.9)
    interleaved(stage, stop)
    rulings = sorted(verdict(stage, name).ruling for name in ("o1", "o2"))
    assert rulings == [Ruling.APPROVE, Ruling.HOLD]
