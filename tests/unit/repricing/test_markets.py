"""Local prices: rate, purchasing power, tax as the market shows it, and each currency's own decimals."""

from decimal import Decimal

import pytest

from chalicelib.domain.ids import MarketId
from chalicelib.domain.shop import Market, PriceLimits
from functions.repricing.markets import local_price, power_factor, settled_rate, tax_shown
from tests.unit.repricing.shop import money

GERMANY = Market(id=MarketId("gid://shopify/Market/7"), name="Germany", currency="EUR", countries=("DE",))


@pytest.mark.parametrize("name", ["Germany", "germany ", "gid://shopify/Market/7"])
def test_a_market_may_show_tax_that_the_shops_own_prices_do_not(name: str) -> None:
    assert tax_shown(GERMANY, PriceLimits(market_tax_pct={name: Decimal(19)})) == Decimal("1.19")
    assert tax_shown(GERMANY, PriceLimits(market_tax_pct={"France": Decimal(20)})) == 1


@pytest.mark.parametrize(
    ("currency", "rate", "price"), [("JPY", "160", "3200"), ("KWD", "0.33", "6.600"), ("EUR", "1", "20.00")]
)
def test_every_currency_has_its_own_decimals(currency: str, rate: str, price: str) -> None:
    found = local_price(money("20.00"), Decimal(rate), currency, PriceLimits(), None)
    assert str(found) == price


def test_noise_in_the_rate_moves_nothing_and_a_move_is_followed_all_the_way() -> None:
    band = Decimal(2)
    assert settled_rate(Decimal("1.01"), Decimal(1), band) == 1
    assert settled_rate(Decimal("1.03"), Decimal(1), band) == Decimal("1.03")
    assert settled_rate(Decimal("1.01"), None, band) == Decimal("1.01")


def test_purchasing_power_stays_inside_the_merchants_band() -> None:
    assert power_factor(Decimal(1), Decimal(4), Decimal(10)) == Decimal("0.9")
    assert power_factor(Decimal(4), Decimal(1), Decimal(10)) == Decimal("1.1")
    assert power_factor(Decimal(0), Decimal(1), Decimal(10)) == 1
