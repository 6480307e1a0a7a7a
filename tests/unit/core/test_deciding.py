"""A person's yes and no: guardrails once more, one effect, and a decision that broke off can be taken up."""

from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib import deciding
from chalicelib.domain.ids import Target
from chalicelib.domain.journal import Deed
from chalicelib.domain.proposals import LIFETIME, Proposal, Status
from chalicelib.domain.shop import Mode
from chalicelib.errors import NotAllowed, StoreUnavailable
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import (
    SHOWN,
    Breaking,
    deliver,
    edit,
    effects,
    opened,
    set_policy,
    shown,
    stall,
)
from sandbox.rehearsal.stage import Killed, Stage

ANNA = "anna@example.com"


def _waiting() -> tuple[Stage, Proposal]:
    stage = opened(mode=Mode.PROPOSE)
    (proposal,) = stage.services.proposals.every(stage.shops[0])
    assert proposal.status is Status.PROPOSED
    assert effects(stage) == []
    return stage, proposal


def _approve(stage: Stage, proposal: Proposal) -> Proposal:
    return deciding.approve(stage.services, stage.shops[0], proposal.id, ANNA)


def test_a_yes_is_one_write_with_the_name_of_who_said_it() -> None:
    stage, proposal = _waiting()
    applied = _approve(stage, proposal)
    assert (applied.status, applied.decided_by) == (Status.APPLIED, ANNA)
    assert shown(stage) == ("state-1",)
    with pytest.raises(NotAllowed, match="applied"):
        _approve(stage, proposal)
    assert len(effects(stage)) == 1


@pytest.mark.parametrize("error", [Killed, StoreUnavailable])
def test_a_yes_that_broke_off_at_any_call_can_be_said_again(error: type[BaseException]) -> None:
    stage, proposal = _waiting()
    counting = Breaking(0)
    stage.hook = counting
    _approve(stage, proposal)
    for at in range(1, len(counting.calls) + 1):
        stage, proposal = _waiting()
        stage.hook = Breaking(at, error=error)
        with suppress(error, NotAllowed):
            _approve(stage, proposal)
        stage.hook = None
        now = stage.services.proposals.get(stage.shops[0], proposal.id).status
        if now in {Status.PROPOSED, Status.APPROVED}:
            _approve(stage, proposal)
            now = stage.services.proposals.get(stage.shops[0], proposal.id).status
        assert len(effects(stage)) == (now is Status.APPLIED), f"call {at}: {now}"
        assert now is Status.APPLIED or (now is Status.FAILED and error is StoreUnavailable), f"call {at}"
        assert checks.orderly(stage) == [], f"call {at}"


def test_a_yes_whose_answer_was_lost_is_found_in_the_store_and_can_be_undone() -> None:
    stage, proposal = _waiting()
    stage.hook = Breaking(1, error=StoreUnavailable, matching="apply.after")
    assert _approve(stage, proposal).status is Status.APPLIED
    stage.hook = None
    deciding.undo(stage.services, stage.shops[0], proposal.id, ANNA)
    assert not shown(stage)


def test_a_no_writes_nothing_and_is_remembered() -> None:
    stage, proposal = _waiting()
    deciding.dismiss(stage.services, stage.shops[0], proposal.id, ANNA)
    place = stall(stage)
    (known,) = place.products.values()
    place.put_product(replace(known, description_html="new words"))
    stage.settle()
    assert effects(stage) == []
    assert [p.status for p in stage.services.proposals.every(stage.shops[0])] == [Status.DISMISSED]
    assert Deed.DISMISSED in {entry.deed for entry in checks.entries(stage, stage.shops[0])}


def test_a_yes_to_what_the_merchant_changed_meanwhile_is_refused_in_words() -> None:
    stage, proposal = _waiting()
    stall(stage).edit(Target(SHOWN.format("p0")), ("chosen",))
    with pytest.raises(NotAllowed, match="changed in the store"):
        _approve(stage, proposal)
    assert shown(stage) == ("chosen",)


def test_a_yes_while_paused_or_too_late_is_refused_in_words() -> None:
    stage, proposal = _waiting()
    set_policy(stage, stage.shops[0], lambda policy: replace(policy, paused=True))
    with pytest.raises(NotAllowed, match="paused"):
        _approve(stage, proposal)
    set_policy(stage, stage.shops[0], lambda policy: replace(policy, paused=False))
    stage.clock.advance(LIFETIME)
    with pytest.raises(NotAllowed, match="too long"):
        _approve(stage, proposal)
    assert effects(stage) == []


def test_a_newer_proposal_takes_the_place_of_the_one_that_waits() -> None:
    stage, _ = _waiting()
    deliver(stage, edit(stage))
    stage.settle()
    statuses = sorted(str(p.status) for p in stage.services.proposals.every(stage.shops[0]))
    assert statuses == ["proposed", "superseded"]
