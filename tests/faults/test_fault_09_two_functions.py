"""Fault 9 with two functions on one event: what the first finished is not repeated when the second dies."""

from datetime import timedelta
from decimal import Decimal

from chalicelib.domain.ids import FunctionName
from chalicelib.errors import StoreUnavailable
from sandbox.rehearsal import checks
from sandbox.rehearsal.players import Pricer, Witness
from sandbox.rehearsal.scenes import Breaking, deliver, edit, effects, opened, shown, stall, work
from sandbox.rehearsal.stage import Stage
from tests.faults.prices import free, with_cost


def _both() -> Stage:
    stage = opened(Witness(), Pricer(lambda price: (price * Decimal("1.04")).rounded()), policy=free)
    with_cost(stall(stage))
    stall(stage).drain()
    return stage


def test_killed_at_every_call_each_function_has_its_effect_once() -> None:
    stage, counting = _both(), Breaking(0)
    deliver(stage, edit(stage))
    work(stage, counting)
    assert len(effects(stage)) == 3
    for at in range(1, len(counting.calls) + 1):
        stage = _both()
        deliver(stage, edit(stage))
        assert not work(stage, Breaking(at))
        stage.settle()
        written = [effect.target for effect in effects(stage)]
        assert len(written) == len(set(written)) + 1 == 3, f"call {at}: {written}"
        assert shown(stage) == ("state-2",), f"call {at}"
        assert checks.orderly(stage) == [], f"call {at}"
        functions = {p.function for p in stage.services.proposals.every(stage.shops[0])}
        assert functions == {FunctionName("witness"), FunctionName("pricer")}


def test_an_error_at_any_call_gives_the_claim_back_though_the_first_function_has_written_into_it() -> None:
    """Were it kept, the event would meet its own claim until the lease ends, minutes later."""
    stage, counting = _both(), Breaking(0, matching="apply.before")
    deliver(stage, edit(stage))
    work(stage, counting)
    assert len(counting.calls) == 2, "one write of each function"
    for at in (1, 2):
        stage = _both()
        deliver(stage, edit(stage))
        begun = stage.clock.now()
        work(stage, Breaking(at, error=StoreUnavailable, matching="apply.before"))
        assert stage.skip_ahead()
        work(stage)
        assert len(effects(stage)) == 3, f"write {at}"
        assert stage.clock.now() - begun < timedelta(minutes=1)
        stage.settle()
        assert checks.orderly(stage) == []
