"""Decisions by cost, reasons in words, and what happens without a usable model."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.contracts import Model
from chalicelib.domain.actions import RiskLevel, Sentiment
from chalicelib.domain.ids import OrderId
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order
from chalicelib.domain.proposals import ModelVersion
from chalicelib.domain.screening import Ruling
from chalicelib.domain.shop import OrderLimits
from functions.screening.deciding import Attention, Stake, choose, decide, losses, stake
from functions.screening.reasons import reasons
from functions.screening.schema import FEATURES, Feature
from functions.screening.scoring import Scored, Terms, encode, score

FREE = Attention(left=10)
VALUES = (0.0, 0.1, 0.5, 0.9, 1.0, 2.0, 3.0, 20.0, 3_000.0)


def scored(probability: float, contributions: list[float], terms: list[tuple[str, ...]]) -> Scored:
    return Scored(np.array([probability]), np.array([contributions], np.float32), -4.0, tuple(terms),
                  ModelVersion("screening", "1"))  # fmt: skip


@given(p=st.floats(0, 1), goods=st.floats(0, 1e7), fee=st.floats(0, 100), lost=st.floats(0, 1e4), look=st.floats(0, 50))
def test_the_cheapest_measure_is_taken_and_it_is_never_a_cancellation(
    p: float, goods: float, fee: float, lost: float, look: float
) -> None:
    at = Stake(goods, fee, lost, look)
    verdict, each, crowded = choose(p, at, FREE)
    assert set(each) == {Ruling.APPROVE, Ruling.REVIEW, Ruling.HOLD}
    assert each[verdict] == min(each.values())
    assert not crowded


def test_the_same_probability_is_held_or_not_by_what_it_would_cost() -> None:
    limits = OrderLimits()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    small, large = (
        Order(id=OrderId("1"), created_at=at, updated_at=at, currency="EUR", total=Money(Decimal(total), "EUR"))
        for total in (10, 2_000)
    )
    assert choose(0.05, stake(small, limits), FREE)[0] is Ruling.APPROVE
    assert choose(0.05, stake(large, limits), FREE)[0] is not Ruling.APPROVE
    assert stake(large, limits).goods == pytest.approx(1_200)
    assert stake(large, limits, cost=100.0).goods == 100


def test_a_day_without_capacity_approves_and_says_so() -> None:
    at = Stake(500, 15, 30, 3)
    verdict, _, crowded = choose(0.5, at, Attention(left=0))
    assert (verdict, crowded) == (Ruling.APPROVE, True)
    assert choose(0.5, at, Attention(left=5, bar=1e6))[2]


def test_without_a_model_a_person_decides_and_the_rules_speak() -> None:
    found = decide({"avs": "no match", "card_1h": 4.0}, None, Stake(1, 1, 1, 1), Attention(left=0))
    assert found.verdict is Ruling.REVIEW
    assert found.risk is RiskLevel.UNKNOWN
    assert len(found.reasons) == 3
    nan = decide({}, scored(float("nan"), [0.0], [("hour",)]), Stake(1, 1, 1, 1), FREE)
    assert nan.verdict is Ruling.REVIEW


def test_three_reasons_against_and_three_for_in_words() -> None:
    names = ["card_1h", "avs", "orders_before", "ip_1h", "email_digits", "hour", "units", "account_days"]
    row = {"card_1h": 4.0, "avs": "no match", "orders_before": None, "ip_1h": 2.0, "email_digits": 1.0, "hour": 3.0,
           "units": 1.0, "account_days": 900.0}  # fmt: skip
    weights = [2.0, 1.0, 0.5, 0.4, -0.3, -0.2, 0.01, -1.5]
    found = decide(row, scored(0.9, weights, [(name,) for name in names]), Stake(100, 15, 30, 3), FREE)
    assert [str(reason) for reason in found.reasons] == [
        "4 other orders came with this card in the last hour",
        "The bank's address check says: no match",
        "It was bought without a customer account",
        "The customer account is 900 days old",
        "The e-mail address holds few digits",
        "It was placed at a usual hour",
    ]
    assert [reason.sentiment for reason in found.reasons[:3]] == [Sentiment.NEGATIVE] * 3
    assert found.risk is RiskLevel.HIGH


def test_what_is_not_so_is_no_reason_and_another_feature_of_the_term_is_named() -> None:
    row = {"new_marks": 2.0, "orders_before": 3.0, "offences_person": 1.0, "address_familiar": 0.0, "ip_familiar": 1.0}
    terms = [("new_marks", "orders_before"), ("offences_person",), ("address_familiar", "ip_familiar")]
    found = decide(row, scored(0.1, [-1.0, -0.8, -0.6], terms), Stake(100, 15, 30, 3), FREE)
    assert [str(reason) for reason in found.reasons] == [
        "The customer has 3 earlier orders",
        "This buyer has ordered with this internet address before",
    ]


@pytest.mark.parametrize("about", [one for one in FEATURES if one.kind == "number"], ids=lambda one: one.name)
def test_no_value_is_told_both_ways(about: Feature) -> None:
    """A sentence against an order and one for it that contradict each other never hold for the same value."""
    if (
        about.favour == about.against
        or "{value}" in about.favour
        or about.name in ("hour", "units", "amount_vs_shop", "amount_vs_buyer")
    ):
        return  # a bare fact, or the model's own judgement of what is usual
    told = [
        (value, [reason.text for reason in reasons({about.name: value}, [(about.name,)], [weight])])
        for weight in (1.0, -1.0)
        for value in VALUES
    ]
    against, favour = (
        {value for value, texts in told if sentence in texts} for sentence in (about.against, about.favour)
    )
    assert not against & favour


def test_no_model_no_score() -> None:
    class Nothing:
        def get(self, name: str) -> Model | None:
            return None

    assert score(Nothing(), [{}]) is None


def test_rows_become_numbers_codes_and_gaps() -> None:
    terms = Terms(("a", "b"), {"b": ("x", "y")}, (("a",), ("b",)), 0.0)
    table = encode(terms, [{"a": 1.5, "b": "y"}, {"b": "z", "a": float("inf")}, {"a": "text"}])
    assert table[0].tolist() == [1.5, 1.0]
    assert np.isnan(table[1, 0])
    assert table[1, 1] == 2.0
    assert np.isnan(table[2]).all()
    assert losses(0.0, Stake(1, 1, 1, 1))[Ruling.APPROVE] == 0
