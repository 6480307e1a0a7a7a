"""A buyer who wants to be forgotten: verdicts, outcomes and counted orders go; what was counted of others stays."""

import pytest

from chalicelib.domain.events import EventKind, StoreEvent, event_id, to_message
from chalicelib.domain.ids import OrderId
from chalicelib.storage import places
from chalicelib.storage.places import Kind
from sandbox.rehearsal.stage import Stage
from tests.unit.screening.counter_hall import counter, order, place, scripted_model, verdict

__all__ = ["scripted_model"]
pytestmark = pytest.mark.usefixtures("scripted_model")


def ask(stage: Stage, kind: EventKind, customer: str, orders: str = "") -> None:
    now = stage.clock.now()
    told = StoreEvent(
        id=event_id("ask", kind, orders), shop_id=stage.shops[0], kind=kind, resource=customer, occurred_at=now,
        received_at=now, delivery=f"ask {kind} {orders}", detail=orders,
    )  # fmt: skip
    stage.queue.send(to_message(told))
    stage.settle()


def two_buyers() -> Stage:
    """Ann orders twice, Bert once, all from one office's internet address."""
    stage = counter()
    place(stage, order(stage, "a1", p=0.9, customer_id="ann", email="ann@mail.example"))
    place(stage, order(stage, "a2", customer_id="ann", email="ann@mail.example"))
    place(stage, order(stage, "b1", customer_id="bert", email="bert@mail.example"))
    return stage


@pytest.mark.parametrize("named", ["", "a1", "a1,a2"])
def test_everything_of_one_buyer_goes_and_nothing_of_another(named: str) -> None:
    stage = two_buyers()
    shop, services = stage.shops[0], stage.services
    theirs = verdict(stage, "a1").identities
    ask(stage, EventKind.CUSTOMER_REDACTED, "ann", named)
    assert {one.order_id for one in services.screenings.all(shop)} == {"b1"}
    assert {one.order_id for one in services.outcomes.all(shop)} == {"b1"}
    ledgers = list(places.every(services.records, shop, Kind.COUNTER))
    assert not [one for one in ledgers if theirs["email"] in one.key.sort or theirs["customer"] in one.key.sort]
    assert not [one for one in ledgers if {"a1", "a2", theirs["email"]} & set(str(one.body).split("'"))]
    (office,) = [one for one in ledgers if theirs["ip"] in one.key.sort]
    assert "b1" in str(office.body), "Bert was there too"
    assert services.counters.held(shop, {"a1", "a2", *theirs.values()} - {theirs["ip"], theirs["address"]}) == []


def test_a_buyer_is_told_how_much_is_held() -> None:
    stage = two_buyers()
    ask(stage, EventKind.CUSTOMER_DATA_REQUESTED, "ann")
    (problem,) = [p for p in stage.services.problems.all(stage.shops[0]) if p.code == "data_request"]
    assert "2 screened orders" in problem.message
    assert "0 counted events" not in problem.message


def test_a_verdict_is_not_kept_for_ever() -> None:
    stage = counter()
    place(stage, order(stage))
    (record,) = places.every(stage.services.records, stage.shops[0], Kind.SCREENING)
    assert record.expires_at is not None
    assert 399 <= (record.expires_at - stage.clock.now()).days <= 400
    stage.services.screenings.erase(stage.shops[0], OrderId("o1"))
    assert stage.services.screenings.get(stage.shops[0], OrderId("o1")) is None
