"""Fault 15: the merchant edits between our read and our push. The human wins, at whichever call it happens."""

from collections.abc import Callable
from decimal import Decimal

from chalicelib.domain.actions import SetPrice
from chalicelib.domain.ids import ProductId, Target
from chalicelib.domain.journal import Deed
from chalicelib.domain.money import Money
from sandbox.rehearsal import checks
from sandbox.rehearsal.players import Pricer
from sandbox.rehearsal.scenes import (
    SHOWN,
    calls_of_one_event,
    deliver,
    edit,
    effects,
    opened,
    shown,
    stall,
    work,
)
from sandbox.rehearsal.stage import Stage
from tests.faults.prices import free, repriced, with_cost

MINE = ("chosen-by-hand",)


class Hand:
    """The merchant's own edit at our k-th call."""

    def __init__(self, stage: Stage, at: int, act: Callable[[Stage], None]) -> None:
        self._stage, self._at, self._act, self._calls = stage, at, act, 0
        self.acted = False

    def __call__(self, name: str) -> None:
        self._calls += 1
        if self._calls == self._at:
            self.acted = True
            self._act(self._stage)


def _by_hand(stage: Stage) -> None:
    stall(stage).edit(Target(SHOWN.format("p0")), MINE)


def test_a_list_made_by_hand_stays_at_whichever_call_it_is_made() -> None:
    for at in range(1, calls_of_one_event(opened) + 1):
        stage = opened()
        deliver(stage, edit(stage))
        work(stage, Hand(stage, at, _by_hand))
        stage.settle()
        assert shown(stage) == MINE, f"call {at}"
        assert checks.orderly(stage) == [], f"call {at}"


def test_the_journal_says_that_the_human_won() -> None:
    stage = opened()
    deliver(stage, edit(stage))

    def hand(name: str) -> None:
        if name == "apply.before":
            _by_hand(stage)

    work(stage, hand)
    deeds = [entry.deed for entry in checks.entries(stage, stage.shops[0])]
    assert Deed.CONFLICT in deeds


def _priced() -> Stage:
    stage = opened(Pricer(lambda price: (price * Decimal("1.04")).rounded()), policy=free)
    with_cost(stall(stage))
    return stage


def test_a_price_set_by_hand_stays_at_whichever_call_it_is_set() -> None:
    his = Money(Decimal("10.20"), "EUR")
    for at in range(1, calls_of_one_event(_priced) + 1):
        stage = _priced()
        deliver(stage, stall(stage).drain())
        hand = Hand(stage, at, lambda stage: repriced(stall(stage), his))
        work(stage, hand)
        if not hand.acted:
            return
        written = [effect.value["price"] for effect in effects(stage)]
        assert written in ([], ["10.40"], ["10.61"]), f"call {at}"
        if written != ["10.61"]:  # decided on his price, not over it
            assert stall(stage).products[ProductId("p0")].price == his, f"call {at}"
        assert all(isinstance(p.action, SetPrice) for p in stage.services.proposals.every(stage.shops[0]))
