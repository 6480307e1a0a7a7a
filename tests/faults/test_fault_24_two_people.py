"""Fault 24: two people edit guardrails at once; the kill switch is thrown during a push."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.domain.shop import Policy
from chalicelib.errors import Conflict
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import deliver, edit, effects, opened, set_policy, work
from sandbox.rehearsal.stage import Stage


def test_the_second_of_two_who_edit_the_same_version_hears_of_it() -> None:
    stage = opened()
    shop = stage.shops[0]
    hers = his = stage.services.shops.policy(shop)
    stage.services.shops.save_policy(shop, replace(hers, paused=True))
    with pytest.raises(Conflict):
        stage.services.shops.save_policy(shop, replace(his, orders=replace(his.orders, hold=True)))
    kept = stage.services.shops.policy(shop)
    assert kept.paused
    assert not kept.orders.hold


def test_after_the_switch_there_is_no_push_whenever_it_is_thrown() -> None:
    """The policy is read last thing before the write: only a write already on its way is not held back."""
    calls = _calls()
    push = calls.index("apply.before")
    for at in range(1, push + 1):
        stage = opened()
        begun = len(effects(stage))
        deliver(stage, edit(stage))
        work(stage, _switch(stage, at))
        assert len(effects(stage)) == begun or at > _last_read(calls) + 1, f"call {at}: {calls[at - 1]}"
        stage.settle()
        assert checks.orderly(stage) == [], f"call {at}"
    assert calls[_last_read(calls) + 1 : push] == ["records.get_many done"], "the last look, then the push"


def _calls() -> list[str]:
    stage = opened()
    names: list[str] = []
    deliver(stage, edit(stage))
    work(stage, names.append)
    return names


def _last_read(calls: list[str]) -> int:
    """The place of the last call that reads the policy before the push: a batch read of the shop's records."""
    push = calls.index("apply.before")
    return max(place for place in range(push) if calls[place] == "records.get_many")


def _switch(stage: Stage, at: int) -> Callable[[str], None]:
    calls: list[str] = []

    def throw(name: str) -> None:
        calls.append(name)
        if len(calls) == at:
            stage.hook = None
            set_policy(stage, stage.shops[0], _paused)
            stage.hook = throw

    return throw


def _paused(policy: Policy) -> Policy:
    return replace(policy, paused=True)
