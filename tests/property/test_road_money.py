"""Money: exact in every currency's digits, never a float, never NaN, never across currencies."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.money import Money, decimals

CURRENCIES = st.sampled_from(["EUR", "USD", "GBP", "JPY", "KRW", "KWD", "BHD", "TND", "CLF", "ISK"])
MINOR = st.integers(-(10**12), 10**12)
AMOUNTS = st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=6)


@given(MINOR, CURRENCIES)
def test_minor_units_round_trip(minor: int, currency: str) -> None:
    money = Money.from_minor(minor, currency)
    assert money.minor == minor
    assert money.rounded() == money
    assert -money.amount.as_tuple().exponent == decimals(currency) or money.amount == int(money.amount)


@given(AMOUNTS, CURRENCIES)
def test_rounding_moves_by_half_a_minor_unit_at_most_and_only_once(amount: Decimal, currency: str) -> None:
    money = Money(amount, currency)
    once = money.rounded()
    assert abs(once.amount - amount) * 2 <= Decimal(1).scaleb(-decimals(currency))
    assert once.rounded() == once
    assert once.minor == money.minor


@given(MINOR, MINOR, CURRENCIES)
def test_sums_of_minor_units_never_drift(left: int, right: int, currency: str) -> None:
    one, other = Money.from_minor(left, currency), Money.from_minor(right, currency)
    assert (one + other).minor == left + right
    assert (one - other).minor == left - right
    assert (one < other) == (left < right)
    assert (one + other) - other == one


@given(AMOUNTS, CURRENCIES)
def test_what_is_shown_reads_back(amount: Decimal, currency: str) -> None:
    shown, code = str(Money(amount, currency).rounded()).split()
    assert Money.parse(shown, code) == Money(amount, currency).rounded()


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity", "1e16", "-1E+99", "1,50", "", "0x10", "١٢"])
def test_what_is_no_amount_is_refused_or_a_finite_number(amount: str) -> None:
    try:
        money = Money.parse(amount, "EUR")
    except ValueError:
        return
    assert money.amount.is_finite()
    assert amount == "١٢", "Decimal reads every script's digits; nothing else may pass"


@given(st.text(max_size=20), CURRENCIES)
def test_any_text_is_money_or_a_value_error(text: str, currency: str) -> None:
    try:
        money = Money.parse(text, currency)
    except ValueError:
        return
    assert money.amount.is_finite()


@given(st.text(max_size=4))
def test_a_currency_is_three_ascii_letters(code: str) -> None:
    assume(not (len(code) == 3 and code.isascii() and code.isalpha()))
    with pytest.raises(ValueError, match="currency"):
        Money(Decimal(1), code)


@given(AMOUNTS, AMOUNTS)
def test_two_currencies_do_not_mix(left: Decimal, right: Decimal) -> None:
    euros, yen = Money(left, "EUR"), Money(right, "JPY")
    for act in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__, Money.__gt__, Money.__ge__):
        with pytest.raises(ValueError, match="rate"):
            act(euros, yen)
