"""Fault 8: DynamoDB throttled, a condition failed, timed out after it committed. I1, I2 at every single call."""

import pytest

from chalicelib.errors import Conflict, Retryable
from sandbox.rehearsal import checks
from sandbox.rehearsal.boards import on_aws
from sandbox.rehearsal.scenes import Breaking, deliver, edit, effects, opened, shown, work
from sandbox.rehearsal.stage import Stage


def _calls(matching: str) -> int:
    stage, counting = opened(), Breaking(0, matching=matching)
    deliver(stage, edit(stage))
    work(stage, counting)
    return len(counting.calls)


@pytest.mark.parametrize("error", [Retryable, Conflict], ids=["throttled or timed out", "condition failed"])
def test_whichever_call_fails_the_event_ends_once(error: type[Exception]) -> None:
    for at in range(1, _calls("records.") + 1):
        stage = opened()
        before = len(effects(stage))
        deliver(stage, edit(stage))
        work(stage, Breaking(at, error=error, matching="records."))
        stage.settle()
        assert shown(stage) == ("state-2",), f"call {at}"
        assert len(effects(stage)) == before + 1, f"call {at}"
        assert checks.judge(stage).complaints == [], f"call {at}"


def test_a_condition_that_fails_because_our_own_answer_was_lost_is_no_conflict(aws_names: None) -> None:
    """The adapter tells its own repeated write from another's; here through the whole road on moto."""
    with on_aws() as lay:
        stage = opened(lay=lay)
        before = len(effects(stage))
        deliver(stage, edit(stage))
        work(stage, Breaking(2, error=Retryable, matching="records.put done"))
        stage.settle()
        assert len(effects(stage)) == before + 1
        assert checks.judge(stage).complaints == []


def test_a_table_that_is_throttled_for_minutes_loses_nothing() -> None:
    stage = opened()
    before = len(effects(stage))
    deliver(stage, edit(stage))
    for _ in range(4):
        work(stage, _always)
        stage.skip_ahead()
    assert len(effects(stage)) == before
    stage.settle()
    assert len(effects(stage)) == before + 1
    assert checks.judge(stage).complaints == []


def _always(name: str) -> None:
    if name.startswith("records."):
        raise Retryable


def test_a_claim_is_released_at_once_after_an_error() -> None:
    """The event need not wait for the end of the lease: it comes back after seconds, not a quarter hour."""
    stage: Stage = opened()
    deliver(stage, edit(stage))
    begun = stage.clock.now()
    work(stage, Breaking(1, error=Retryable, matching="product"))
    stage.settle()
    assert (stage.clock.now() - begun).total_seconds() < 60
