"""Fault 22: webhooks that never come: reconciliation brings every product to the store's state."""

import pytest

from chalicelib.ticking import tick
from sandbox.rehearsal import Play, checks
from sandbox.rehearsal.scenes import edit, effects, opened, shown, stall
from sandbox.rehearsal.stage import Stage


def test_an_outage_of_every_webhook_is_made_good() -> None:
    stage = opened(products=5)
    for name in ("p0", "p2", "p4"):
        edit(stage, product=name)  # told, and never heard
    assert shown(stage) == ("state-1",)
    tick(stage.services, "reconcile")
    stage.settle()
    assert [shown(stage, product=f"p{n}")[0] for n in range(5)] == [
        "state-2", "state-1", "state-2", "state-1", "state-2",
    ]  # fmt: skip
    assert checks.judge(stage).complaints == []


@pytest.mark.parametrize("lost", [0.3, 1.0])
def test_a_run_in_which_webhooks_are_lost_converges_after_reconciliation(lost: float) -> None:
    stage = Stage(Play(seed=11, events=300, lost=lost))
    stage.open_shops()
    stage.run()
    assert checks.converged(stage) != []
    tick(stage.services, "reconcile")
    stage.settle()
    assert checks.judge(stage).complaints == []


def test_a_disabled_subscription_is_mended_and_the_merchant_is_told() -> None:
    stage = opened()
    stall(stage).subscribed = False
    edit(stage)
    tick(stage.services, "reconcile")
    stage.settle()
    assert shown(stage) == ("state-2",)
    assert stall(stage).subscribed
    assert "webhooks_mended" in {problem.code for problem in stage.services.problems.all(stage.shops[0])}


def test_reconciling_twice_repeats_no_effect() -> None:
    stage = opened(products=3)
    edit(stage)
    tick(stage.services, "reconcile")
    stage.settle()
    done = list(effects(stage))
    tick(stage.services, "reconcile")
    stage.settle()
    assert effects(stage) == done
