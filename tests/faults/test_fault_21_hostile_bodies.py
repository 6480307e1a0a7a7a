"""Fault 21: hostile bodies and absurd prices: 4xx or counted and forgotten, never a 5xx loop; I3 for prices."""

import base64
import hashlib
import hmac
from decimal import Decimal

import pytest

from chalicelib import accepting
from chalicelib.contracts import RawRequest
from chalicelib.counting import tally
from chalicelib.domain.ids import shop_id
from chalicelib.domain.money import Money
from sandbox.rehearsal import checks
from sandbox.rehearsal.players import Pricer
from sandbox.rehearsal.scenes import deliver, effects, opened, stall
from tests.faults.prices import free, repriced, with_cost

HOSTILE = {
    "deep nesting": b"[" * 200_000 + b"]" * 200_000,
    "deep objects": b'{"id":' * 100_000 + b"1" + b"}" * 100_000,
    "duplicate keys": b'{"id": "p0", "id": "p1", "topic": "goods.changed"}',
    "NaN": b'{"id": NaN, "topic": "goods.changed"}',
    "Infinity": b'{"id": -Infinity, "topic": "goods.changed"}',
    "huge integer": b'{"id": ' + b"9" * 100_000 + b', "topic": "goods.changed"}',
    "lone surrogate": b'{"id": "\\ud800", "topic": "goods.changed"}',
    "surrogate as topic": b'{"id": "p0", "topic": "\\udfff"}',
    "not UTF-8": b'{"id": "\xff\xfe", "topic": "goods.changed"}',
    "empty": b"",
    "not an object": b'"goods.changed"',
    "unknown topic": b'{"id": "p0", "topic": "hologram.changed"}',
    "no id": b'{"topic": "goods.changed"}',
    "null bytes": b'{"id": "\\u0000", "topic": "goods.changed"}',
    "a moment of the year 1": b'{"id": "p0", "topic": "goods.changed", "at": "0001-01-01T00:00:00+14:00"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_signed_hostile_body_is_answered_200_and_ends_quietly(body: bytes) -> None:
    stage = opened()
    begun = list(effects(stage))
    signature = base64.b64encode(hmac.digest(stall(stage).secret, body, hashlib.sha256)).decode()
    headers = {"content-type": "application/json", "x-bazaar-signature": signature}
    request = RawRequest(path="/", headers=headers, body=body, account="stall0")
    assert accepting.receive("bazaar", request, stage.mouth).status == 200
    stage.settle()
    assert effects(stage) == begun
    assert checks.judge(stage).complaints == []
    assert stage.meter.total("unreadable") + stage.meter.total("accepted") >= 1


@pytest.mark.parametrize(
    ("size", "kind", "status"),
    [(10 * 2**20, "application/json", 413), (10, "text/html", 415), (10, "", 415)],
    ids=["10 MB", "HTML", "no type"],
)
def test_what_is_unfit_is_refused_before_anything_else(size: int, kind: str, status: int) -> None:
    stage = opened()
    headers = {"content-type": kind, "x-bazaar-signature": "x"}
    request = RawRequest(path="/", headers=headers, body=b" " * size, account="stall0")
    calls: list[str] = []
    stage.hook = calls.append
    assert accepting.receive("bazaar", request, stage.mouth).status == status
    assert calls == []


ABSURD = {
    "negative": lambda now: Money(Decimal("-1.00"), "EUR"),
    "nothing": lambda now: Money(Decimal("0.00"), "EUR"),
    "too many digits": lambda now: Money(Decimal("10.401"), "EUR"),
    "another currency": lambda now: Money(Decimal("10.40"), "USD"),
    "a hundredfold": lambda now: Money(now.amount * 100, "EUR"),
    "almost nothing": lambda now: Money(Decimal("0.01"), "EUR"),
    "yen in a euro shop": lambda now: Money(Decimal(10), "JPY"),
}


@pytest.mark.parametrize("quote", ABSURD.values(), ids=ABSURD)
def test_an_absurd_price_never_reaches_the_store(quote) -> None:
    stage = opened(Pricer(quote), policy=free)
    with_cost(stall(stage))
    stage.settle()
    assert effects(stage) == []
    assert checks.orderly(stage) == []


@pytest.mark.parametrize(
    ("currency", "now", "wanted", "written"),
    [
        ("JPY", "1000", "1030", "1030"),
        ("JPY", "1000", "1030.5", None),
        ("KWD", "10.000", "10.305", "10.305"),
        ("KWD", "10.000", "10.3051", None),
    ],
)
def test_a_price_has_the_digits_of_its_currency(
    currency: str, now: str, wanted: str, written: str | None
) -> None:
    stage = opened(Pricer(lambda _: Money(Decimal(wanted), currency)), policy=free, currency=currency, price=now)
    with_cost(stall(stage), "1")
    stage.settle()
    assert [effect.value["price"] for effect in effects(stage)] == ([] if written is None else [written])


def test_a_product_whose_price_went_missing_or_negative_is_left_alone() -> None:
    stage = opened(Pricer(lambda now: Money(now.amount + 1, "EUR")), policy=free)
    with_cost(stall(stage))
    stall(stage).drain()
    for price in (None, Money(Decimal("-5"), "EUR")):
        repriced(stall(stage), price)
        deliver(stage, stall(stage).drain())
        stage.settle()
    assert effects(stage) == []


def test_a_signed_webhook_of_a_shop_that_nobody_connected_is_counted_as_skipped() -> None:
    stage = opened()
    stranger = stage.services.secrets.secret("bazaar", "stranger").encode()
    body = b'{"id": "p0", "topic": "goods.changed"}'
    signature = base64.b64encode(hmac.digest(stranger, body, hashlib.sha256)).decode()
    headers = {"content-type": "application/json", "x-bazaar-signature": signature}
    request = RawRequest(path="/", headers=headers, body=body, account="stranger")
    assert accepting.receive("bazaar", request, stage.mouth).status == 200
    stage.settle()
    counted = tally(stage.records, [shop_id("bazaar", "stranger")], [])
    assert dict(counted.outcomes) == {"skipped": 1}
    assert stage.dead.take() == []
