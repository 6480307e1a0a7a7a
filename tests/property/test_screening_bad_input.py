"""Any order whatever ends in a verdict, or with a person: never in an exception that stops the queue."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.ids import OrderId, ProductId, VariantId
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Address, Order, OrderLine, Payment, PaymentState, Verdict
from chalicelib.domain.screening import Ruling
from functions.screening import verdicts
from functions.screening.scoring import Scored
from sandbox.rehearsal.stage import Stage
from tests.unit.screening.counter_hall import counter, order, place, proposals, scripted, verdict

HOSTILE = st.sampled_from([
    "", " ", "\x00", "\ud800", "a" * 5000, "'; DROP TABLE orders; --", "<script>", "{value}", "%s", "🎁" * 40, "|#|",
])  # fmt: skip
TEXT = HOSTILE | st.text(st.characters(), max_size=12)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "XQZ", "XXX"])
AMOUNTS = st.sampled_from(["0", "0.01", "10000000", "-5", "999999999999", "0.0001"]).map(Decimal)
COUNTRIES = st.sampled_from(["DE", "", "Deutschland", "de", "U.S.A.", "中国", "XX", "\ud800", "D"])
IPS = st.sampled_from(
    ["", "203.0.113.7", "2001:db8::1", "::ffff:203.0.113.7", "fe80::1%eth0", "unknown", "1.2.3", "::"]
)
MOMENTS = st.sampled_from([
    datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 9, tzinfo=UTC),
    datetime(2099, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
])  # fmt: skip


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Whatever a store may send; every part may be odd."""
    currency = draw(CURRENCIES)
    money = AMOUNTS.map(lambda amount: Money(amount, currency))
    line = st.builds(
        OrderLine, product_id=st.none() | st.just(ProductId("p0")), variant_id=st.none() | st.just(VariantId("v0")),
        quantity=st.sampled_from([0, 1, -1, 10**6]), unit_price=money, title=TEXT, gift_card=st.booleans(),
        ships=st.booleans(),
    )  # fmt: skip
    lines = draw(st.lists(line, max_size=3)) * draw(st.sampled_from([1, 1, 100]))
    address = st.builds(Address, line_1=TEXT, city=TEXT, postcode=TEXT, country=COUNTRIES)
    payment = st.builds(
        Payment, gateway=TEXT, avs_result=TEXT, cvv_result=TEXT, card_bin=TEXT, card_last4=TEXT, card_expiry=TEXT
    )
    return draw(st.builds(
        Order, id=st.just(OrderId("o")), number=TEXT, created_at=MOMENTS, updated_at=MOMENTS,
        currency=st.just(currency), total=money, subtotal=st.none() | money, discount=st.none() | money,
        lines=st.just(tuple(lines)),
        payment_state=st.sampled_from(PaymentState), payment=payment, test=st.booleans(),
        channel=st.sampled_from(["web", "pos", "draft", "", "\ud800"]), email=TEXT | st.just("a@b@c"), phone=TEXT,
        ip=IPS, user_agent=TEXT, billing=address, shipping=address, customer_id=TEXT, locale=TEXT,
        customer_orders=st.none() | st.integers(-1, 10**6), customer_since_at=st.none() | MOMENTS,
        verdicts=st.lists(st.builds(Verdict, provider=TEXT, risk=TEXT), max_size=2).map(tuple),
        signals=st.lists(st.tuples(TEXT, st.floats() | TEXT), max_size=2).map(tuple),
        cancelled_at=st.none() | MOMENTS, cancel_reason=TEXT, fulfilled=st.booleans(),
    ))  # fmt: skip


NUMBERS = count()


@pytest.fixture(scope="module")
def stage() -> Stage:
    return counter(reviews_per_day=10**6, tag="check")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=orders(), p=st.sampled_from([None, 0.0, 0.3, 1.0]))
def test_any_order_ends_in_a_verdict(stage: Stage, made: Order, p: float | None) -> None:
    name = OrderId(f"any{next(NUMBERS)}")
    stage.clock.advance(timedelta(minutes=1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(verdicts, "score", scripted)
        signals = made.signals if p is None else (*made.signals, ("p", p))
        place(stage, replace(made, id=name, signals=signals))
    assert stage.dead.take() == []
    kept = stage.services.screenings.get(stage.shops[0], name)
    over = made.fulfilled or made.cancelled_at or made.payment_state in {PaymentState.REFUNDED, PaymentState.VOIDED}
    assert (kept is None) == bool(over)


def test_three_hundred_lines_edited_and_opened_again(stage: Stage) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(verdicts, "score", scripted)
        long = order(stage, "long", p=0.9)
        place(stage, replace(long, lines=long.lines * 300))
        place(stage, replace(long, lines=long.lines * 299))
        place(stage, replace(long, cancelled_at=stage.clock.now()))
        place(stage, replace(long, lines=long.lines * 299))
    assert verdict(stage, "long").ruling is Ruling.HOLD
    assert stage.dead.take() == []


def test_a_model_that_answers_nothing_leaves_it_to_a_person(stage: Stage) -> None:
    def says_nothing(models: object, rows: object) -> Scored:
        answer = scripted(models, [{}])
        return replace(answer, probability=np.array([np.nan]))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(verdicts, "score", says_nothing)
        place(stage, order(stage, "nan"))
    assert (verdict(stage, "nan").ruling, verdict(stage, "nan").why) == (Ruling.REVIEW, "undecided")


@pytest.mark.parametrize("broken", [ZeroDivisionError, KeyError, ValueError, OverflowError, UnicodeEncodeError])
def test_what_cannot_be_computed_is_for_a_person_and_said_aloud(broken: type[Exception]) -> None:
    def fails(models: object, rows: object) -> Scored:
        raise broken("utf-8", "x", 0, 1, "") if broken is UnicodeEncodeError else broken

    stage = counter()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(verdicts, "score", fails)
        place(stage, order(stage))
    kept = verdict(stage)
    assert (kept.ruling, kept.probability, kept.why) == (Ruling.REVIEW, None, "undecided")
    assert [p.code for p in stage.services.problems.all(stage.shops[0])] == ["screening_undecided"]
    assert all(p.review for p in proposals(stage))
    assert proposals(stage)
    assert stage.dead.take() == []
