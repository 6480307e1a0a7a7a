"""Who is called when: an order that waits to be held at once, an attack at once and once, a quiet day never."""

from datetime import timedelta

import pytest

from chalicelib.web.accounts import Accounts
from sandbox.rehearsal.stage import Stage
from tests.unit.screening.counter_hall import counter, order, place, scripted_model

__all__ = ["scripted_model"]
pytestmark = pytest.mark.usefixtures("scripted_model")


def attended(**limits: object) -> Stage:
    """A shop with a member who wants to hear of what cannot wait."""
    stage = counter(**limits)
    accounts = Accounts(stage.services.records, stage.services.settings.master_key)
    accounts.create("Harbour", "ann@shop.example", shops=(stage.shops[0],))
    return stage


def told(stage: Stage) -> list[str]:
    return [letter.text for letter in stage.mail.outbox]


def test_an_order_that_waits_to_be_held_is_mailed_at_once_and_others_with_it() -> None:
    stage = attended(hold=False)
    place(stage, order(stage, p=0.9))
    assert len(told(stage)) == 1
    assert "Order #o1: an order waits to be held" in told(stage)[0]
    place(stage, order(stage, "o2", p=0.9))
    assert len(told(stage)) == 1, "within a quarter of an hour they are mailed together"
    stage.clock.advance(timedelta(minutes=16))
    place(stage, order(stage, "o3", p=0.9))
    assert len(told(stage)) == 2
    assert "#o2" in told(stage)[1]
    assert "#o3" in told(stage)[1]


def test_what_is_held_by_itself_calls_nobody() -> None:
    stage = attended()
    place(stage, order(stage, p=0.9))
    assert told(stage) == []


def test_an_attack_is_mailed_within_a_minute_and_its_first_twenty_orders_and_once() -> None:
    stage = attended(reviews_per_day=1000)
    for number in range(40):
        place(stage, order(stage, f"usual{number}", email=f"b{number}@shop.example"))
        stage.clock.advance(timedelta(hours=3))
    assert told(stage) == []
    begun, first = stage.clock.now(), None
    for number in range(20):
        place(stage, order(stage, f"probe{number}", total="8", email=f"x{number}@mail.example", customer_id=""))
        first = first or (stage.clock.now() if told(stage) else None)
        stage.clock.advance(timedelta(seconds=3))
    assert first is not None
    assert first - begun <= timedelta(minutes=1)
    assert len(told(stage)) == 1
    assert "trying out stolen cards" in told(stage)[0]
