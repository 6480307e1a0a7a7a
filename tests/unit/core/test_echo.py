"""Our own writes make the store tell us of them; those webhooks, fed back, yield no proposal."""

from decimal import Decimal

import pytest

from chalicelib.contracts import Function
from chalicelib.domain.ids import ProductId
from chalicelib.domain.money import Money
from sandbox.rehearsal import Play, checks, rehearse
from sandbox.rehearsal.players import Neighbour, Pricer, Witness
from sandbox.rehearsal.scenes import deliver, edit, effects, opened, stall, work
from sandbox.rehearsal.stage import Stage
from tests.faults.prices import free, with_cost


def _proposals(stage: Stage) -> int:
    return sum(1 for shop in stage.shops for _ in stage.services.proposals.every(shop))


def _raised(price: Money) -> Money:
    return (price * Decimal("1.04")).rounded()


@pytest.mark.parametrize("function", [Witness(), Pricer(_raised), Neighbour([ProductId("p0"), ProductId("p1")])])
def test_the_webhook_of_our_own_write_yields_nothing(function: Function) -> None:
    stage = opened(function, products=2, policy=free)
    with_cost(stall(stage))
    deliver(stage, stall(stage).drain())
    work(stage)
    echoes = stall(stage).drain()
    made, written = _proposals(stage), len(effects(stage))
    assert written
    for _ in range(3):
        deliver(stage, echoes)
        stage.settle()
    assert _proposals(stage) == made
    assert len(effects(stage)) == written
    assert stall(stage).drain() == []


def test_an_echo_ends_as_unchanged() -> None:
    stage = opened()
    deliver(stage, edit(stage))
    work(stage)
    before = checks.judge(stage).tally.outcomes["unchanged"]
    deliver(stage, stall(stage).drain())
    stage.settle()
    assert checks.judge(stage).tally.outcomes["unchanged"] == before + 1


def test_after_a_whole_rehearsal_telling_everything_again_yields_nothing() -> None:
    stage = rehearse(Play(seed=21, events=200))
    made = _proposals(stage)
    written = [len(place.effects) for place in stage.bazaar.stalls.values()]
    for place in stage.bazaar.stalls.values():
        for product in place.products:
            place.tell("goods.changed", product)
    stage.settle()
    assert _proposals(stage) == made
    assert [len(place.effects) for place in stage.bazaar.stalls.values()] == written
