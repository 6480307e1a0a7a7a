"""Fault 9: killed before the effect, or after the push and before the record. I2 by reading back."""

import pytest

from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import Breaking, calls_of_one_event, deliver, edit, effects, opened, shown, work
from sandbox.rehearsal.stage import Stage


def _recovered(at: int, matching: str = "") -> Stage:
    stage = opened()
    begun = len(effects(stage))
    deliver(stage, edit(stage))
    died = not work(stage, Breaking(at, matching=matching))
    stage.settle()
    assert died, f"{matching} {at}"
    assert shown(stage) == ("state-2",), f"{matching} {at}"
    assert len(effects(stage)) == begun + 1, f"{matching} {at}"
    assert checks.judge(stage).complaints == [], f"{matching} {at}"
    return stage


@pytest.mark.parametrize("call", ["apply.before", "apply.after"])
def test_killed_on_either_side_of_the_push(call: str) -> None:
    _recovered(1, call)


def test_killed_at_every_single_call_of_an_event() -> None:
    """Before and after each commit: effect once, claim finished, one journal entry (the shared checks)."""
    every = calls_of_one_event(opened)
    assert every > 20
    for at in range(1, every + 1):
        _recovered(at)


def test_killed_again_while_recovering_at_every_pair_of_calls() -> None:
    every = calls_of_one_event(opened)
    for first in range(1, every + 1, 3):
        for second in range(1, every + 1, 5):
            stage = opened()
            begun = len(effects(stage))
            deliver(stage, edit(stage))
            work(stage, Breaking(first))
            stage.skip_ahead()
            work(stage, Breaking(second))
            stage.settle()
            assert len(effects(stage)) == begun + 1, (first, second)
            assert checks.judge(stage).complaints == [], (first, second)
