"""Fault 14: the push succeeded and its answer was lost. I2: the retry reads back and writes nothing."""

import pytest

from chalicelib.domain.journal import Deed
from chalicelib.errors import StoreUnavailable
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import Breaking, deliver, edit, effects, opened, shown, work


@pytest.mark.parametrize("times", [1, 3])
def test_the_retry_finds_the_value_there_and_writes_the_journal_once(times: int) -> None:
    stage = opened()
    begun = len(effects(stage))
    deliver(stage, edit(stage))
    work(stage, Breaking(1, error=StoreUnavailable, matching="apply.after"))
    assert len(effects(stage)) == begun + 1
    for _ in range(times - 1):
        stage.skip_ahead()
        work(stage, Breaking(1, error=StoreUnavailable, matching="apply.before"))
    stage.settle()
    assert shown(stage) == ("state-2",)
    assert len(effects(stage)) == begun + 1
    told = [entry for entry in checks.entries(stage, stage.shops[0]) if entry.deed is Deed.APPLIED]
    assert len(told) == begun + 1
    assert checks.judge(stage).complaints == []


def test_the_unrecorded_write_is_still_known_as_ours() -> None:
    """The next state may replace it; were it taken for a merchant's, it would stay for ever."""
    stage = opened()
    deliver(stage, edit(stage))
    work(stage, Breaking(1, error=StoreUnavailable, matching="apply.after"))
    deliver(stage, edit(stage))
    stage.settle()
    assert shown(stage) == ("state-3",)
    assert checks.judge(stage).complaints == []
