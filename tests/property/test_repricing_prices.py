"""No price leaves its guardrails: for any shop, limits, history and currency, whatever the model says."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.soak_prices import FREE, Case, judge, random_case
from chalicelib.domain.money import decimals
from chalicelib.domain.prices import Span, fitting, has_ending, lowest
from functions.repricing.account import Account, entered_until, parsed, written
from functions.repricing.curves import LATTICE
from functions.repricing.markets import local_price, power_factor, settled_rate

CURRENCIES = ("EUR", "USD", "JPY", "KWD", "CLF", "ISK", "TND", "INR")
AMOUNT = st.decimals(min_value="0.001", max_value="99999", allow_nan=False, allow_infinity=False, places=4)


@given(seed=st.integers(0, 2**63 - 1))
@settings(max_examples=400, deadline=None)
def test_no_price_leaves_its_limits(seed: int) -> None:
    assert judge(random_case(np.random.default_rng(seed))) in FREE


@given(
    price=AMOUNT,
    low=AMOUNT,
    width=AMOUNT,
    currency=st.sampled_from(CURRENCIES),
    endings=st.lists(
        st.sampled_from([".99", ".95", "9.90", "90", "5", ".995", "", "x", ".", "-1"]), max_size=3
    ),
)
def test_fitting_prices_fit(
    price: Decimal, low: Decimal, width: Decimal, currency: str, endings: list[str]
) -> None:
    span = Span(low, low + width)
    found = fitting(price, span, currency, endings)
    if found is not None:
        assert span.low <= found <= span.high
        assert found > 0
        assert found == round(found, decimals(currency))
        assert has_ending(found, currency, endings)


@given(price=AMOUNT, currency=st.sampled_from(CURRENCIES))
def test_a_wide_span_always_has_a_fitting_price(price: Decimal, currency: str) -> None:
    assert fitting(price, Span(price, price + 2), currency, ()) is not None


@cache
def _start() -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC)


@given(
    steps=st.lists(st.tuples(st.integers(0, 90 * 24), st.integers(1, 500)), min_size=1, max_size=25),
    hour=st.integers(0, 130 * 24),
)
def test_the_lowest_price_of_thirty_days_is_what_any_buyer_saw(
    steps: list[tuple[int, int]], hour: int
) -> None:
    changes = [(_start() + timedelta(hours=at), Decimal(price)) for at, price in sorted(dict(steps).items())]
    now = _start() + timedelta(hours=hour)
    found = lowest(changes, now)
    moments = [now - timedelta(days=30) + timedelta(hours=h) for h in range(30 * 24 + 1)]
    shown = [next((price for at, price in reversed(changes) if at <= moment), None) for moment in moments]
    assert found == (None if None in shown else min(price for price in shown if price is not None))


@given(rates=st.lists(st.decimals("0.5", "2", places=4), min_size=2, max_size=30), band=st.integers(0, 20))
def test_rates_inside_the_dead_band_move_nothing(rates: list[Decimal], band: int) -> None:
    used: Decimal | None = None
    for rate in rates:
        before, used = used, settled_rate(rate, used, Decimal(band))
        if before is not None and used != before:
            assert abs(used - before) * 100 > before * band
        assert abs(rate - used) * 100 <= used * band


@given(local=st.decimals("0.01", "10"), home=st.decimals("0.01", "10"), band=st.integers(0, 50))
def test_purchasing_power_stays_in_its_band(local: Decimal, home: Decimal, band: int) -> None:
    assert abs(power_factor(local, home, Decimal(band)) - 1) * 100 <= band


@given(
    base=AMOUNT,
    rate=st.decimals("0.001", "200", places=4),
    present=st.none() | AMOUNT,
    currency=st.sampled_from(CURRENCIES),
)
def test_local_prices_step_no_further_than_allowed(
    base: Decimal, rate: Decimal, present: Decimal | None, currency: str
) -> None:
    from chalicelib.domain.money import Money
    from chalicelib.domain.shop import PriceLimits

    limits = PriceLimits()
    found = local_price(Money(base, "EUR"), rate, currency, limits, present)
    if found is not None and present is not None:
        assert abs(found - present) * 100 <= present * limits.max_step_pct
    assert found is None or found == round(found, decimals(currency))


@given(
    text=st.none()
    | st.text(max_size=60)
    | st.from_regex(r'\{"days": \{"\d{1,3}": [-\d.e]{1,6}\}, "last": \d+\}')
)
def test_accounts_survive_any_memory(text: str | None) -> None:
    account = parsed(text)
    assert all(0 <= index < len(LATTICE) and 0 < days <= 365 for index, days in account.days.items())
    assert parsed(written(account)).days.keys() <= account.days.keys()


@given(nights=st.lists(st.tuples(st.floats(0.5, 2.0), st.integers(0, 20)), max_size=40))
def test_accounts_never_hold_more_than_a_year(nights: list[tuple[float, int]]) -> None:
    account, day = Account({}, 0), 20_000
    for ratio, gap in nights:
        day += gap
        account = entered_until(account, ratio, day)
    assert 0 <= sum(account.days.values()) <= 365


@pytest.mark.parametrize("field", ["price", "cost", "step", "endings"])
def test_cases_are_varied(field: str) -> None:
    cases: list[Case] = [random_case(np.random.default_rng(seed)) for seed in range(60)]
    values: set[Any] = {getattr(case, field) for case in cases}
    assert len(values) > 3
