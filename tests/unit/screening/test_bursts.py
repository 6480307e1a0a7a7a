"""A burst of small orders from strangers is told from counters, and a busy day is not."""

from functions.screening.bursts import RECENT, USUAL, burst


def test_a_burst_in_a_quiet_shop_is_told_and_named() -> None:
    found = burst({RECENT: 8, USUAL: 8 + 14})
    assert found is not None
    assert found.orders == 8
    assert "8 small orders" in str(found.reason)


def test_usual_business_is_not_a_burst() -> None:
    assert burst({RECENT: 3, USUAL: 3}) is None
    assert burst({RECENT: 8, USUAL: 900}) is None
    assert burst({}) is None
