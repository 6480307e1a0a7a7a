"""Every applied change can be undone, and the store then holds what it held before; a human edit wins."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib import deciding
from chalicelib.domain.ids import ProductId, Target
from chalicelib.domain.journal import Deed
from chalicelib.domain.money import Money
from chalicelib.domain.proposals import MEMORY, Proposal, Status
from chalicelib.errors import NotAllowed, StoreUnavailable
from sandbox.rehearsal import Play, checks, rehearse
from sandbox.rehearsal.players import Pricer
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
from tests.faults.prices import free, with_cost


def _applied(stage: Stage) -> Proposal:
    every = stage.services.proposals.every(stage.shops[0])
    return max((one for one in every if one.status is Status.APPLIED), key=lambda one: one.applied_at)


def _changed() -> tuple[Stage, Proposal]:
    stage = opened()
    stage.clock.advance(timedelta(minutes=1))
    deliver(stage, edit(stage))
    stage.settle()
    return stage, _applied(stage)


def _undo(stage: Stage, proposal: Proposal) -> Proposal:
    return deciding.undo(stage.services, stage.shops[0], proposal.id, "anna@example.com")


def test_the_list_that_stood_there_stands_there_again() -> None:
    stage, proposal = _changed()
    assert shown(stage) == ("state-2",)
    undone = _undo(stage, proposal)
    assert undone.status is Status.UNDONE
    assert shown(stage) == ("state-1",)
    deeds = [entry.deed for entry in checks.entries(stage, stage.shops[0]) if entry.proposal_id == proposal.id]
    assert sorted(deeds) == [Deed.APPLIED, Deed.UNDONE]


def test_a_price_stands_there_again_to_the_cent() -> None:
    stage = opened(Pricer(lambda price: (price * Decimal("1.04")).rounded()), policy=free)
    with_cost(stall(stage))
    stage.settle()
    place = stall(stage)
    assert place.values[Target("variant/v0/price/base")]["price"] == "10.40"
    _undo(stage, _applied(stage))
    stage.settle()
    assert place.values[Target("variant/v0/price/base")]["price"] == "10"
    assert place.products[ProductId("p0")].price == Money(Decimal(10), "EUR")
    assert len(effects(stage)) == 2, "the undone price is not asked again by the echo"


def test_everything_of_a_rehearsal_can_be_undone_newest_first() -> None:
    stage = rehearse(Play(seed=4, events=150, shops=1, products=4))
    every = [p for p in stage.services.proposals.every(stage.shops[0]) if p.status is Status.APPLIED]
    current = {p.target: stall(stage).values[p.target] for p in every}
    latest = {
        target: next(p for p in every if p.target == target and p.action.product_ids == value)
        for target, value in current.items()
    }
    assert len(latest) == 4
    for target, proposal in latest.items():
        _undo(stage, proposal)
        assert stall(stage).values[target] == proposal.before.value


def test_a_human_edit_in_between_wins_with_a_clear_message() -> None:
    stage, proposal = _changed()
    stall(stage).edit(Target(SHOWN.format("p0")), ("chosen",))
    with pytest.raises(NotAllowed) as caught:
        _undo(stage, proposal)
    assert "changed in the store" in caught.value.merchant_message
    assert shown(stage) == ("chosen",)
    assert stage.services.proposals.get(stage.shops[0], proposal.id).status is Status.APPLIED


def test_undoing_blocks_the_same_change_for_thirty_days_and_not_longer() -> None:
    stage, proposal = _changed()
    _undo(stage, proposal)
    stage.settle()
    place = stall(stage)
    known = place.products[ProductId("p0")]
    for days, expected in ((29, ("state-1",)), (2, ("state-2",))):
        stage.clock.advance(timedelta(days=days))
        place.put_product(replace(known, description_html=f"day {days}"))
        stage.settle()
        assert shown(stage) == expected, f"after {days} more days"
    assert timedelta(days=30) == MEMORY


def test_another_change_is_not_blocked() -> None:
    stage, proposal = _changed()
    _undo(stage, proposal)
    deliver(stage, edit(stage))
    stage.settle()
    assert shown(stage) == ("state-3",)


def test_a_change_is_undone_once() -> None:
    stage, proposal = _changed()
    _undo(stage, proposal)
    with pytest.raises(NotAllowed, match="undone"):
        _undo(stage, proposal)
    assert shown(stage) == ("state-1",)


def test_nothing_is_written_while_paused() -> None:
    stage, proposal = _changed()
    set_policy(stage, stage.shops[0], lambda policy: replace(policy, paused=True))
    with pytest.raises(NotAllowed, match="paused"):
        _undo(stage, proposal)
    assert shown(stage) == ("state-2",)


@pytest.mark.parametrize("error", [Killed, StoreUnavailable])
def test_an_undo_that_broke_off_at_any_call_can_be_done_again(error: type[BaseException]) -> None:
    stage, proposal = _changed()
    counting = Breaking(0)
    stage.hook = counting
    _undo(stage, proposal)
    for at in range(1, len(counting.calls) + 1):
        stage, proposal = _changed()
        stage.hook = Breaking(at, error=error)
        with pytest.raises((error, NotAllowed)):
            _undo(stage, proposal)
        stage.hook = None
        if stage.services.proposals.get(stage.shops[0], proposal.id).status is Status.APPLIED:
            _undo(stage, proposal)
        assert shown(stage) == ("state-1",), f"call {at}"
        assert stage.services.proposals.get(stage.shops[0], proposal.id).status is Status.UNDONE
