"""A breaker per shop: it opens after failures in a row, lets one probe through, forgets shops that work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import StoreUnavailable
from integrations.circuit import Circuits


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def broken(shop: str, clock: Hand) -> Circuits:
    circuits = Circuits(clock=clock, failures=3, first_pause_s=10)
    for _ in range(3):
        circuits.enter(shop)
        circuits.failed(shop)
    return circuits


def test_it_opens_for_the_failing_shop_alone() -> None:
    circuits = broken("a", Hand())
    with pytest.raises(StoreUnavailable, match="several times"):
        circuits.enter("a")
    circuits.enter("b")
    assert circuits.open("a")
    assert not circuits.open("b")


def test_one_probe_passes_and_the_others_wait() -> None:
    clock = Hand()
    circuits = broken("a", clock)
    clock.now += 10
    circuits.enter("a")
    with pytest.raises(StoreUnavailable):
        circuits.enter("a")


def test_a_probe_that_works_closes_it() -> None:
    clock = Hand()
    circuits = broken("a", clock)
    clock.now += 10
    circuits.enter("a")
    circuits.succeeded("a")
    circuits.enter("a")
    circuits.enter("a")
    assert not circuits.open("a")


def test_each_failed_probe_doubles_the_pause_up_to_a_limit() -> None:
    clock = Hand()
    circuits = broken("a", clock)
    pause = 10.0
    for _ in range(8):
        clock.now += pause - 0.5
        with pytest.raises(StoreUnavailable):
            circuits.enter("a")
        clock.now += 0.5
        circuits.enter("a")
        circuits.failed("a")
        pause = min(pause * 2, circuits.longest_pause_s)


@given(st.lists(st.sampled_from(["ok", "bad", "wait"]), max_size=60))
def test_it_never_stays_shut_longer_than_its_limit(steps: list[str]) -> None:
    clock = Hand()
    circuits = Circuits(clock=clock, failures=3, first_pause_s=10, longest_pause_s=40)
    for step in steps:
        if step == "wait":
            clock.now += 5
            continue
        try:
            circuits.enter("a")
        except StoreUnavailable:
            continue
        (circuits.succeeded if step == "ok" else circuits.failed)("a")
    clock.now += 40
    circuits.enter("a")
