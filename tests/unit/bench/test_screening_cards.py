"""The card simulator, small: what the handbook says of it holds."""

import numpy as np

from bench.screening_cards import card_precision, payments, protocol, table


def test_the_same_seeds_give_the_same_payments_and_every_scenario_shows() -> None:
    paid = payments(days=60, customers=60, terminals=3_000)
    again = payments(days=60, customers=60, terminals=3_000)
    assert (paid.amount == again.amount).all()
    assert (paid.fraud[paid.amount > 220 * 5] == 1).all()
    assert 0 < paid.fraud.mean() < 0.7
    columns = table(paid)
    assert len(columns) == 15
    assert (columns["customer_count_30d"] >= columns["customer_count_1d"]).all()
    assert columns["customer_count_1d"].min() >= 1
    assert columns["terminal_risk_30d"].max() <= 1


def test_robbed_customers_leave_the_week_that_is_judged() -> None:
    paid = payments(days=60, customers=60, terminals=3_000)
    week = protocol(paid, start=38)
    robbed = set(paid.customer[week.train][paid.fraud[week.train] > 0].tolist())
    assert not robbed & set(paid.customer[week.test].tolist())
    assert set(np.unique(paid.day[week.test])) <= set(range(52, 59))
    assert 0 <= card_precision(paid, week.test, paid.amount[week.test]) <= 1
