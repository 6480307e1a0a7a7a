"""Fault 11: the visibility timeout ends while the work goes on, so two workers have one event. I2."""

from datetime import timedelta

import pytest

from chalicelib.storage.claims import WORK_LEASE as LEASE
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import Turns, calls_of_one_event, deliver, edit, effects, opened, shown


def _played(first: int, second: int, wait: timedelta) -> None:
    stage = opened()
    begun = len(effects(stage))
    told = edit(stage)
    deliver(stage, told)
    turns = Turns(stage, (first, second), meanwhile=lambda: stage.clock.advance(wait))
    turns.play()
    stage.settle()
    assert shown(stage) == ("state-2",), (first, second)
    assert len(effects(stage)) == begun + 1, (first, second)
    assert checks.judge(stage).complaints == [], (first, second)


BARRED = 12
"""A worker that finds the claim held makes fewer calls than that."""


@pytest.mark.parametrize("part", range(4))
def test_two_workers_interleaved_at_every_pair_of_calls_after_the_lease(part: int) -> None:
    every = calls_of_one_event(opened)
    for first in range(1 + part, every + 1, 4):
        for second in range(1, every + 1):
            _played(first, second, LEASE + timedelta(minutes=1))


def test_two_workers_interleaved_at_every_pair_of_calls_within_the_lease() -> None:
    every = calls_of_one_event(opened)
    for first in range(1, every + 1):
        for second in range(1, BARRED):
            _played(first, second, LEASE / 2)


def test_a_worker_that_wakes_after_its_event_was_finished_by_another_changes_nothing() -> None:
    every = calls_of_one_event(opened)
    for first in range(1, every + 1):
        _played(first, 10_000, LEASE + timedelta(minutes=1))
