"""Files of costs and competitors' prices: every row that cannot be used is named with its line and why."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib.domain.ids import ProductId, VariantId
from chalicelib.domain.price_inputs import Sighting, parsed_cost, parsed_rivals, rivals_text, seen, standing
from chalicelib.price_files import UnusableFile, amount_of, read_costs, read_rivals
from tests.unit.repricing.shop import NOW, money, product, variant


def goods() -> list:  # type: ignore[type-arg]
    one = replace(variant(0), sku="85123A", barcode="05012345678900")
    other = replace(variant(1, price="4.20"), sku="22423")
    twin = replace(variant(2), sku="22423")
    return [product(0, one), product(1, other), replace(product(2, twin), id=ProductId("p2"))]


@pytest.mark.parametrize("head", ["sku,cost", "SKU;Cost per item", "\ufeffsku\tunit cost"])
def test_costs_are_read_whatever_the_spreadsheet(head: str) -> None:
    sign = next(one for one in ";\t," if one in head)
    found = read_costs(f"{head}\r\n85123a{sign}{'12,50' if sign == ';' else '12.50'}\r\n".encode(), goods(), "EUR")
    assert not found.faults
    assert [(one.variant, one.value) for one in found.entries] == [("v0", money("12.50"))]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("85123A,", "the cost is missing"),
        ("85123A,0", "must be above zero"),
        ("85123A,-3", "must be above zero"),
        ("85123A,NaN", "is not a number"),
        ("85123A,1e3", "is not a number"),
        ("85123A,1250.00", "slip of the decimal point"),
        ("85123A,0.12", "a hundred times too small"),
        ('85123A,"1,250"', "could mean two amounts"),
        ("NOPE,3.00", "no variant of this shop"),
        ("22423,3.00", "2 variants share this sku"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_line(row: str, words: str) -> None:
    found = read_costs(f"sku,cost\n85123A,12.00\n\n{row}\n".encode(), goods(), "EUR")
    assert len(found.entries) == 1
    assert [(fault.line, words in fault.message) for fault in found.faults] == [(4, True)]


def test_another_currency_is_refused_and_none_forgets() -> None:
    found = read_costs(b"sku,cost,currency\n85123A,12,USD\n85123A,none,\n", goods(), "EUR")
    assert "in USD, but the shop sells in EUR" in found.faults[0].message
    assert found.entries[0].value is None


@pytest.mark.parametrize("data", [b"", b"sku\n1\n", b"price,cost\n1,2\n", b"\xff\xfe\x00", b"x" * 6_000_000])
def test_a_file_without_the_columns_is_no_file(data: bytes) -> None:
    with pytest.raises(UnusableFile):
        read_costs(data, goods(), "EUR")


def test_windows_letters_and_quotes_are_understood() -> None:
    found = read_rivals("title,price\nCafé,3\n".encode("cp1252"), goods(), "EUR", NOW)
    assert found.unmatched[0].title == "Café"


@pytest.mark.parametrize(
    ("price", "words"),
    [("2000", "hundredfold slip"), ("0.20", "hundredfold slip"), ("110", "same product"), ("3.90", "same product")],
)
def test_a_competitors_price_that_is_far_off_is_refused_with_a_reason(price: str, words: str) -> None:
    found = read_rivals(f"barcode,price\n5012345678900,{price}\n".encode(), goods(), "EUR", NOW)
    assert not found.entries
    assert words in found.faults[0].message


def test_barcodes_match_without_leading_zeros_and_days_are_checked() -> None:
    text = f"barcode,price,date\n5012345678900,19.00,{NOW - timedelta(days=3):%Y-%m-%d}\n5012345678900,19,soon\n"
    text += "5012345678900,19,2031-01-01\n5012345678900,19,2001-01-01\n"
    found = read_rivals(text.encode(), goods(), "EUR", NOW)
    assert [one.variant for one in found.entries] == [VariantId("v0")]
    assert len(found.faults) == 3


def test_sightings_keep_the_lowest_of_a_day_and_go_stale() -> None:
    days = [Sighting(NOW - timedelta(days=d), money(p)) for d, p in ((20, "9"), (1, "8"), (1, "7"))]
    kept = seen((), days)
    assert [one.price.amount for one in kept] == [Decimal(9), Decimal(7)]
    assert parsed_rivals(rivals_text(kept)) == kept
    assert standing(kept, NOW, "EUR") == 7
    assert standing(kept, NOW, "USD") is None
    assert standing(kept, NOW + timedelta(days=30), "EUR") is None


@pytest.mark.parametrize("text", ["", "x", "0 EUR", "-1 EUR", "NaN EUR", "5"])
def test_an_unreadable_cost_is_none(text: str) -> None:
    assert parsed_cost(text) is None


@pytest.mark.parametrize(
    ("text", "amount"), [("1.234,50", "1234.50"), ("1,234.50", "1234.50"), ("3,5", "3.5"), ("1'000.00", "1000")]
)
def test_amounts_with_thousands_signs(text: str, amount: str) -> None:
    assert amount_of(text, "cost") == Decimal(amount)


@pytest.mark.parametrize("text", ["null", "{}", '[["x"]]', '[["2026-01-01","1","EUR"]]', "[[1,2,3]]", "nonsense"])
def test_unreadable_sightings_are_none(text: str) -> None:
    assert parsed_rivals(text) == ()
