"""What only a clock moved by hand can show of a queue: leases, delays, fairness, and who may still delete."""

import time
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.memory import FrozenClock, MemoryQueue

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def new_queue(max_receives: int = 3) -> tuple[FrozenClock, MemoryQueue, MemoryQueue]:
    clock = FrozenClock(NOON)
    dead = MemoryQueue(clock, name="dead")
    return clock, MemoryQueue(clock, visibility=LEASE, max_receives=max_receives, dead=dead), dead


def test_a_lease_that_ends_hands_the_message_to_somebody_else() -> None:
    clock, queue, dead = new_queue(max_receives=2)
    queue.send("x")
    (first,) = queue.take()
    assert queue.depth() == 0
    assert queue.wakes_at() == NOON + LEASE
    clock.advance(LEASE)
    (second,) = queue.take()
    queue.delete(first)
    clock.advance(LEASE)
    assert queue.take() == [], "the old receipt deleted nothing, so the third hand-out is to the dead"
    (buried,) = dead.take()
    assert (buried.body, second.received, buried.received) == ("x", 2, 1)


def test_a_receipt_is_good_until_the_next_hand_out() -> None:
    clock, queue, _ = new_queue()
    queue.send("x")
    (first,) = queue.take()
    clock.advance(LEASE)
    assert queue.depth() == 1
    queue.delete(first)
    assert queue.take() == []
    assert queue.depth() == 0


def test_delays() -> None:
    clock, queue, _ = new_queue()
    queue.send("later", delay=timedelta(seconds=10))
    queue.send("now")
    assert [message.body for message in queue.take()] == ["now"]
    assert queue.wakes_at() == NOON + timedelta(seconds=10)
    clock.advance(timedelta(seconds=10))
    (later,) = queue.take()
    queue.postpone(later, timedelta(hours=1))
    clock.advance(timedelta(minutes=59))
    assert [message.body for message in queue.take()] == ["now"]
    clock.advance(timedelta(minutes=1))
    assert {message.body for message in queue.take()} == {"later", "now"}


def test_one_loud_tenant_does_not_starve_a_quiet_one() -> None:
    clock, queue, _ = new_queue()
    for _ in range(100_000):
        queue.send("loud", group="loud")
    for n in range(50):
        queue.send(f"quiet {n}", group="quiet")
    handed = 0
    while sum(message.body.startswith("quiet") for message in queue.take(10)) == 5:
        handed += 5
    assert handed == 50, "every batch of ten was shared evenly, as if the queue were empty"
    assert queue.depth() + 110 == 100_050
    assert clock.now() == NOON


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20), st.integers(0, 4)), max_size=40))
def test_nothing_is_lost_and_nothing_deleted_comes_back(sent: list[tuple[str, int, int]]) -> None:
    """Each message fails so many times before it is deleted; more than three and it must be with the dead."""
    clock, queue, dead = new_queue(max_receives=3)
    for n, (group, delay_s, _) in enumerate(sent):
        queue.send(str(n), group=group, delay=timedelta(seconds=delay_s))
    done: list[int] = []
    while (at := queue.wakes_at()) is not None:
        clock.move_to(max(at, clock.now()))
        for message in queue.take(4):
            n = int(message.body)
            if message.received > sent[n][2]:
                queue.delete(message)
                done.append(n)
    buried = [int(message.body) for message in dead.take(100)]
    assert sorted(done) == [n for n, (_, _, failures) in enumerate(sent) if failures < 3]
    assert sorted(buried) == [n for n, (_, _, failures) in enumerate(sent) if failures >= 3]


def test_the_clock_alone_moves_time() -> None:
    _, queue, _ = new_queue()
    queue.send("x", delay=timedelta(milliseconds=1))
    time.sleep(0.002)
    assert queue.take() == []
