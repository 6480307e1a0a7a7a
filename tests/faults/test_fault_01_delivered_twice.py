"""Fault 1: one delivery twice; twenty times at once. At most one effect, and the store always hears 200."""

from chalicelib import accepting
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import deliver, edit, effects, opened, shown
from sandbox.rehearsal.stage import Stage


def _accepted(stage: Stage, times: int) -> list[int]:
    (request,) = edit(stage)
    return [accepting.receive("bazaar", request, stage.mouth).status for _ in range(times)]


def test_twice_in_a_row() -> None:
    stage = opened()
    before = len(effects(stage))
    assert _accepted(stage, 2) == [200, 200]
    stage.settle()
    assert len(effects(stage)) == before + 1
    assert shown(stage) == ("state-2",)
    assert checks.judge(stage).complaints == []


def test_twenty_times_at_once_is_one_effect_and_nineteen_duplicates() -> None:
    stage = opened()
    before = len(effects(stage))
    assert _accepted(stage, 20) == [200] * 20
    stage.settle()
    verdict = checks.judge(stage)
    assert len(effects(stage)) == before + 1
    assert verdict.tally.outcomes["duplicate"] == 19
    assert verdict.complaints == []


def test_again_after_everything_is_done() -> None:
    stage = opened()
    requests = edit(stage)
    deliver(stage, requests)
    stage.settle()
    done = list(effects(stage))
    deliver(stage, requests * 3)
    stage.settle()
    assert effects(stage) == done
    assert checks.judge(stage).complaints == []
