"""Rates: read from the bank's form, refused in any other, converted exactly, fetched once a day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.contracts import FetchRates, TranslateTexts
from chalicelib.domain.ids import EventId, Locale, ShopId
from chalicelib.errors import StoreUnavailable, UnsupportedAction
from integrations.exchange_rates.daily import parse, snapshot
from integrations.exchange_rates.engine import ExchangeRates
from integrations.http import Answer

FILE = b"""<?xml version="1.0"?><gesmes:Envelope><Cube><Cube time='2026-10-30'>
<Cube currency='USD' rate='1.25'/><Cube currency='JPY' rate='160.00'/></Cube></Cube></gesmes:Envelope>"""
NOW = datetime(2026, 10, 31, tzinfo=UTC)


class Feed:
    def __init__(self, body: bytes = FILE) -> None:
        self.body, self.calls = body, 0

    def send(self, call: Any, explain: Any = None) -> Answer:
        self.calls += 1
        return Answer(status=200, headers={}, body=self.body)


def ask(feed: Any, base: str = "EUR", *currencies: str, now: datetime = NOW) -> Any:
    engine = ExchangeRates(feed, clock=lambda: now)
    return engine.ask(FetchRates(base=base, currencies=currencies or ("USD",)), ShopId("s:1"), EventId("e"))


def test_reads_the_banks_form() -> None:
    rates = parse(FILE)
    assert rates.day == date(2026, 10, 30)
    assert rates.per_euro == {"USD": Decimal("1.25"), "JPY": Decimal("160.00")}


@pytest.mark.parametrize("data", [
    b"", b"<html>", FILE.replace(b"1.25", b"0"), FILE.replace(b"rate", b"price"), FILE * 2, b"x" * 300_000,
    FILE.replace(b"2026-10-30", b"yesterday"),
])  # fmt: skip
def test_refuses_other_forms(data: bytes) -> None:
    with pytest.raises(ValueError, match="rate"):
        parse(data)


@given(st.binary(max_size=400))
def test_never_raises_anything_else(data: bytes) -> None:
    with pytest.raises(ValueError, match="rate"):
        parse(data)


def test_converts_across_the_euro() -> None:
    assert ask(Feed(), "USD", "EUR", "JPY", "USD") == {
        "EUR": "0.80000000",
        "JPY": "128.00000000",
        "USD": "1.00000000",
    }


def test_unknown_currencies_are_left_out_and_an_unknown_base_refused() -> None:
    assert ask(Feed(), "EUR", "USD", "XXX") == {"USD": "1.25000000"}
    with pytest.raises(UnsupportedAction):
        ask(Feed(), "XXX", "USD")


def test_fetches_once_a_day() -> None:
    feed, moment = Feed(), [NOW]
    engine = ExchangeRates(feed, clock=lambda: moment[0])  # type: ignore[arg-type]
    request = FetchRates(base="EUR", currencies=("USD",))
    for hours in (0, 1, 23, 24):
        moment[0] = NOW + timedelta(hours=hours)
        engine.ask(request, ShopId("s:1"), EventId("e"))
    assert feed.calls == 2


@pytest.mark.parametrize(("body", "now"), [(b"<html>", NOW), (FILE, NOW + timedelta(days=30))])
def test_a_broken_or_stale_feed_is_tried_again_later(body: bytes, now: datetime) -> None:
    with pytest.raises(StoreUnavailable):
        ask(Feed(body), now=now)


def test_the_snapshot_serves_without_a_network() -> None:
    assert len(snapshot().per_euro) > 25
    assert Decimal(ask(None, "EUR", "JPY")["JPY"]) > 50


def test_answers_rates_alone() -> None:
    engine = ExchangeRates(None)
    words = TranslateTexts(texts=("a",), source=None, target=Locale("de"))
    assert not engine.answers(words)
    with pytest.raises(UnsupportedAction):
        engine.ask(words, ShopId("s:1"), EventId("e"))
