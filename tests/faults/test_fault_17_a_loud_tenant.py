"""Fault 17: one tenant sends 100,000 events. Another's p99 at most doubles, counted in steps of one worker."""

import pytest

from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.memory import MemoryQueue
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import deliver, edit, opened, shown, stall
from sandbox.rehearsal.stage import START

LOUD = 100_000
QUIET = 200


def _latencies(backlog: int, batch: int) -> list[int]:
    """Steps from each of the quiet tenant's sends to its processing; a step is one message worked on."""
    queue = MemoryQueue(FrozenClock(START))
    for number in range(backlog):
        queue.send(f"loud {number}", group="loud")
    step, sent, waits = 0, 0, []
    while len(waits) < QUIET:
        if sent < QUIET and step >= sent * 3:
            queue.send(f"{step}", group="quiet")
            sent += 1
        taken = queue.take(batch)
        for message in taken:
            step += 1
            if not message.body.startswith("loud"):
                waits.append(step - int(message.body))
            queue.delete(message)
        step += not taken
    return sorted(waits)


@pytest.mark.parametrize("batch", [1, 10])
def test_the_quiet_tenants_p99_at_most_doubles(batch: int) -> None:
    alone, crowded = _latencies(batch, batch), _latencies(LOUD, batch)
    p99 = int(QUIET * 0.99)
    assert crowded[p99] <= 2 * max(alone[p99], batch)


def test_through_the_whole_road_the_quiet_shop_is_served_at_once() -> None:
    stage = opened(shops=2, products=1)
    loud = stall(stage, 0)
    for _ in range(3_000):
        loud.tell("goods.changed", "p0")
    deliver(stage, loud.drain())
    deliver(stage, edit(stage, 1))
    stage.turn(stage.queue)
    assert shown(stage, 1) == ("state-2",), "in the first batch, though 3,000 events were there first"
    assert stage.queue.depth() > 2_000
    stage.settle()
    assert checks.judge(stage).complaints == []
