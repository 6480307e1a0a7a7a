"""An order on the whole road: judged once, carried out when possible, released by a person, learned from."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import deciding
from chalicelib.domain.actions import AssessOrder, HoldOrder, RiskLevel, TagOrder
from chalicelib.domain.events import EventKind, StoreEvent, event_id, to_message
from chalicelib.domain.ids import OrderId
from chalicelib.domain.proposals import Status
from chalicelib.domain.screening import Ruling
from chalicelib.domain.shop import Mode
from sandbox.rehearsal import checks
from sandbox.rehearsal.stage import Stage
from tests.unit.screening.counter_hall import (
    SCREENING,
    counter,
    held,
    hold_of,
    order,
    place,
    proposals,
    scripted_model,
    stall,
    verdict,
)

__all__ = ["scripted_model"]
pytestmark = pytest.mark.usefixtures("scripted_model")


def labels(stage: Stage) -> dict[str, tuple[bool | None, str]]:
    return {one.order_id: (one.label, one.source) for one in stage.services.outcomes.all(stage.shops[0])}


def test_an_ordinary_order_goes_its_way_and_is_on_record() -> None:
    stage = counter()
    place(stage, order(stage))
    assert proposals(stage) == []
    kept = verdict(stage)
    assert (kept.ruling, kept.why, kept.country) == (Ruling.APPROVE, "cost", "DE")
    assert kept.model.version == "scripted"
    assert labels(stage) == {"o1": (None, "")}


def test_a_risky_order_is_held_assessed_and_tagged() -> None:
    stage = counter(tag="check")
    place(stage, order(stage, "before"))
    place(stage, order(stage, p=0.9))
    assert held(stage)
    assert {type(p.action) for p in proposals(stage, status=Status.APPLIED)} == {AssessOrder, HoldOrder, TagOrder}
    (assessment,) = proposals(stage, AssessOrder)
    assert assessment.action.risk is RiskLevel.HIGH
    assert "90 %" in assessment.action.facts[0].text
    assert [(fact.text, str(fact.sentiment)) for fact in assessment.action.facts[1:]] == [
        ("1 other order came with this internet address in the last hour", "negative"),
        ("The number of pieces is usual", "positive"),
    ]
    assert checks.orderly(stage) == []


def test_without_leave_to_hold_a_person_is_asked_and_mailed_at_once() -> None:
    stage = counter(hold=False)
    place(stage, order(stage, p=0.9))
    assert not held(stage)
    (hold,) = proposals(stage, HoldOrder)
    assert (hold.status, hold.review) == (Status.PROPOSED, True)


def test_a_person_releases_it_and_nothing_of_ours_is_left() -> None:
    stage = counter(tag="check")
    place(stage, order(stage, p=0.9))
    (hold,) = proposals(stage, HoldOrder)
    deciding.undo(stage.services, stage.shops[0], hold.id, "ann@shop.example")
    stage.settle()
    assert not held(stage)
    assert {p.status for p in proposals(stage)} == {Status.UNDONE}
    kept = verdict(stage)
    assert kept.override is not None
    assert (kept.override.by, kept.override.deed) == ("ann@shop.example", "released")
    assert labels(stage) == {"o1": (False, "released")}
    place(stage, replace(stall(stage).orders[OrderId("o1")], note="thanks"))
    assert not held(stage), "a released order is not held again for the same reasons"


def test_a_hold_lifted_in_the_store_counts_as_released_by_a_person() -> None:
    stage = counter()
    place(stage, order(stage, p=0.9))
    stall(stage).edit(hold_of(), False)
    stage.settle()
    assert not held(stage)
    assert labels(stage) == {"o1": (False, "released_store")}
    kept = verdict(stage)
    assert kept.override is not None
    assert kept.override.by == "the store"


def test_an_edited_order_is_judged_anew_and_its_history_stays() -> None:
    stage = counter()
    place(stage, order(stage, p=0.9))
    (hold,) = proposals(stage, HoldOrder)
    deciding.undo(stage.services, stage.shops[0], hold.id, "ann@shop.example")
    stage.settle()
    stage.clock.advance(timedelta(hours=1))
    place(stage, order(stage, p=0.95, total="900"))
    kept = verdict(stage)
    assert kept.override is None, "she decided on another order than this"
    assert len(kept.earlier) == 1
    assert "0.9000" in kept.earlier[0]


def test_an_order_is_judged_once_however_often_it_is_told_of() -> None:
    stage = counter()
    place(stage, order(stage, p=0.9))
    before = verdict(stage)
    for minute in range(3):
        stage.clock.advance(timedelta(minutes=minute + 1))
        place(stage, stall(stage).orders[OrderId("o1")])
    assert verdict(stage) == before
    assert stage.services.counters.used(stage.shops[0], "looks", stage.clock.now()) == 1


def test_what_is_not_routed_yet_is_held_once_it_is() -> None:
    stage = counter()
    made = order(stage, p=0.9)
    place(stage, replace(made, awaits_routing=True))
    assert not held(stage)
    assert proposals(stage, AssessOrder, status=Status.APPLIED)
    place(stage, replace(made, awaits_routing=False))
    assert held(stage)


@pytest.mark.parametrize("may_mail", [False, True])
def test_a_hold_that_would_mail_the_buyer_waits_for_the_payment_or_for_a_person(may_mail: bool) -> None:
    stage = counter(hold_mails_buyer=may_mail)
    made = order(stage, p=0.9)
    place(stage, replace(made, hold_mails_buyer=True))
    assert not held(stage), "a mail cannot be taken back, so this is never automatic"
    assert [p.action.mails_buyer for p in proposals(stage, HoldOrder)] == ([True] if may_mail else [])
    if not may_mail:
        place(stage, made)
        assert held(stage), "paid for, so nobody is mailed"


def test_the_day_has_only_so_many_looks() -> None:
    stage = counter(reviews_per_day=2)
    for number in range(4):
        place(stage, order(stage, f"o{number}", p=0.9))
    rulings = [verdict(stage, f"o{number}").ruling for number in range(4)]
    assert rulings == [Ruling.HOLD, Ruling.HOLD, Ruling.APPROVE, Ruling.APPROVE]
    assert verdict(stage, "o3").why == "budget"
    codes = [problem.code for problem in stage.services.problems.all(stage.shops[0])]
    assert "screening_full" in codes, "never silently"
    assert [p.action.order_id for p in proposals(stage, AssessOrder)].count("o3") == 1, "the store hears of the risk"
    stage.clock.advance(timedelta(days=1))
    place(stage, order(stage, "next", p=0.9))
    assert verdict(stage, "next").ruling is Ruling.HOLD


@pytest.mark.parametrize("change", [{"fulfilled": True}, {"cancel_reason": "customer"}])
def test_what_is_over_is_not_judged(change: dict[str, object]) -> None:
    stage = counter()
    over = {**change, **({"cancelled_at": stage.clock.now()} if "cancel_reason" in change else {})}
    place(stage, order(stage, p=0.9, **over))
    assert proposals(stage) == []
    assert stage.services.screenings.get(stage.shops[0], OrderId("o1")) is None


def test_a_cancellation_because_of_fraud_is_learned_and_remembered_of_the_buyer() -> None:
    stage = counter()
    made = order(stage, p=0.9)
    place(stage, made)
    place(stage, replace(made, cancelled_at=stage.clock.now(), cancel_reason="fraud"))
    assert labels(stage) == {"o1": (True, "cancelled_fraud")}
    stage.clock.advance(timedelta(days=3))
    place(stage, order(stage, "o2"))
    assert verdict(stage, "o2").inputs["offences_person"] == 1.0


@pytest.mark.parametrize(
    ("detail", "label"),
    [
        ("chargeback/fraudulent/needs_response", (True, "dispute_fraud")),
        ("chargeback/fraudulent/won", (False, "dispute_won")),
        ("inquiry/product_not_received/lost", (None, "disputed")),
        ("merchant/fraud/", (True, "cancelled_told")),
    ],
)
def test_a_dispute_is_learned_from(detail: str, label: tuple[bool | None, str]) -> None:
    stage = counter()
    place(stage, order(stage, p=0.9))
    now = stage.clock.now()
    told = StoreEvent(
        id=event_id("dispute", detail), shop_id=stage.shops[0], kind=EventKind.DISPUTE_CHANGED, resource="o1",
        occurred_at=now, received_at=now, delivery="d", detail=detail,
    )  # fmt: skip
    for _ in range(2):
        stage.queue.send(to_message(told))
        stage.settle()
    assert labels(stage) == {"o1": label}


def test_a_banks_word_outweighs_the_merchants_and_features_stay_as_they_were() -> None:
    stage = counter()
    place(stage, order(stage, p=0.9))
    shop, outcomes = stage.shops[0], stage.services.outcomes
    (before,) = outcomes.all(shop)
    outcomes.label(shop, "o1", True, "dispute_fraud")
    outcomes.label(shop, "o1", False, "released")
    (after,) = outcomes.all(shop)
    assert (after.label, after.source, after.features) == (True, "dispute_fraud", before.features)
    assert not outcomes.label(shop, "never seen", True, "dispute_fraud")


def test_a_shop_that_only_wants_proposals_gets_those_that_deserve_a_look() -> None:
    stage = counter(mode=Mode.PROPOSE)
    place(stage, order(stage, "small", p=0.2, total="5"))
    place(stage, order(stage, "large", p=0.9))
    assert {p.action.resource for p in proposals(stage)} == {"large"}
    assert {p.status for p in proposals(stage)} == {Status.PROPOSED}


def test_dismissing_the_warning_says_that_the_order_is_fine() -> None:
    stage = counter(mode=Mode.PROPOSE)
    place(stage, order(stage, p=0.9))
    (warning,) = proposals(stage, AssessOrder)
    deciding.dismiss(stage.services, stage.shops[0], warning.id, "ann@shop.example")
    assert labels(stage) == {"o1": (False, "dismissed")}


def test_a_burst_of_small_orders_is_mailed_within_its_first_twenty_and_once() -> None:
    stage = counter()
    for number in range(40):
        place(stage, order(stage, f"usual{number}", total="200", email=f"b{number}@shop.example"))
        stage.clock.advance(timedelta(hours=3))
    flagged = None
    for number in range(20):
        place(stage, order(stage, f"probe{number}", total="8", email=f"x{number}@mail.example", customer_id=""))
        stage.clock.advance(timedelta(seconds=2))
        codes = [p for p in stage.services.problems.all(stage.shops[0]) if p.code == "screening_attack"]
        if codes and flagged is None:
            flagged = number + 1
    assert flagged is not None
    assert flagged <= 20
    (problem,) = [p for p in stage.services.problems.all(stage.shops[0]) if p.code == "screening_attack"]
    assert problem.severity == "urgent"
    assert SCREENING in stage.functions
