"""A file's orders, one after the other, through the code that a shop's orders go through."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final

import numpy as np

from chalicelib.domain.ids import OrderId
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Address, Order, Payment, Verdict
from functions.screening import identities as linked
from functions.screening.columns import Values
from functions.screening.features import Known, features
from functions.screening.schema import FEATURES
from sandbox.screening.rows import Past, plain

OFFENCES: Final = frozenset({"offences_person", "offences_place"})
"""Made of labels: an identity's earlier label would tell on the later one that is to be judged."""

type Columns = Mapping[str, Sequence[Any]]


def replay(columns: Columns, at: Sequence[float], timed: bool) -> dict[str, Values]:
    """Features by name, one value per row, in the order given (time order)."""
    past = Past()
    found = {
        feature.name: np.full(len(at), None, object)
        if feature.kind == "category"
        else np.full(len(at), np.nan, np.float32)
        for feature in FEATURES
        if feature.name not in OFFENCES
    }
    for row in range(len(at)):
        order = _order({name: values[row] for name, values in columns.items()}, row, at[row])
        past.tally.add(linked.updates(order, plain))
        counters = past.tally.read(linked.keys(order, plain), order.created_at)
        country = _text(columns["ip_country"][row]) if "ip_country" in columns else ""
        seen = features(order, Known(counters=counters, identify=plain, usual=past.usual, ip_country=country))
        past.usual = past.usual.after(order.total)
        given = {name: _number(columns[name][row]) for name in ("units", "lines") if name in columns}
        for name, values in found.items():
            values[row] = given.get(name, seen.get(name))
    if not timed:
        found.pop("hour")
    return found


def _order(cells: Mapping[str, Any], row: int, at: float) -> Order:
    """What a row says, in the domain's words; whatever cannot be read is not there."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
    currency = _text(cells.get("currency")).upper()
    currency = currency if len(currency) == 3 and currency.isascii() and currency.isalpha() else "XXX"
    discount, orders = cells.get("discount"), _number(cells.get("customer_orders"))
    risk = _text(cells.get("risk"))
    return Order(
        id=OrderId(f"{_text(cells.get('order_id'))}#{row}"), created_at=moment, updated_at=moment, currency=currency,
        total=_money(cells.get("total"), currency),
        discount=None if discount is None else _money(discount, currency),
        payment=_payment(cells), channel=_text(cells.get("channel")),
        email=_text(cells.get("email")), phone=_text(cells.get("phone")), ip=_text(cells.get("ip")),
        billing=_address(cells, "billing"), shipping=_address(cells, "shipping"),
        customer_id=_text(cells.get("customer_id")), customer_orders=None if orders is None else int(orders),
        verdicts=(Verdict(provider="file", risk=risk),) if risk else (),
        signals=tuple((name, cells[name]) for name in ("express", "failed_payments") if cells.get(name) is not None),
    )  # fmt: skip


def _payment(cells: Mapping[str, Any]) -> Payment:
    return Payment(
        gateway=_text(cells.get("gateway")), avs_result=_text(cells.get("avs")), cvv_result=_text(cells.get("cvv")),
        card_bin=_text(cells.get("card_bin")), card_last4=_text(cells.get("card_last4"))[-4:],
        card_expiry=_text(cells.get("card_expiry")),
    )  # fmt: skip


def _address(cells: Mapping[str, Any], kind: str) -> Address:
    return Address(
        line_1=_text(cells.get(f"{kind}_address")), postcode=_text(cells.get(f"{kind}_postcode")),
        country=_text(cells.get(f"{kind}_country")).upper(),
    )  # fmt: skip


def _money(value: Any, currency: str) -> Money:
    number = _number(value)
    try:
        return Money(Decimal(str(number or 0.0)), currency)
    except (InvalidOperation, ValueError):
        return Money(Decimal(0), currency)


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).replace(",", "")) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and isfinite(number) else None


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
