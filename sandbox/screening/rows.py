"""Simulated orders, one after the other through the very code that a shop's orders go through.

record ──► Order ──► counted ──► counters read ──► features ──► row          offences are counted once known
"""

import heapq
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from chalicelib.contracts import CounterKey, CounterUpdate
from chalicelib.domain.ids import OrderId
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Address, Order, Payment, Verdict
from functions.screening import identities as linked
from functions.screening.features import Known, Row, features
from functions.screening.usual import Usual
from sandbox.orders.records import OrderRecord

GATEWAYS: Final = {"card": "shopify_payments", "wallet": "paypal", "transfer": "bacs", "invoice": "klarna"}


@dataclass(slots=True)
class Tally:
    """Counters of one shop in memory: rows in time order, the same row once."""

    rows: dict[tuple[str, str], list[tuple[float, str, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, updates: Iterable[CounterUpdate]) -> None:
        """Count."""
        for one in updates:
            rows = self.rows[one.key.name, one.key.subject]
            row = (one.at.timestamp(), one.unique, one.amount)
            place = bisect_left(rows, row)
            if place == len(rows) or rows[place] != row:
                insort(rows, row)

    def read(self, keys: Iterable[CounterKey], now: datetime) -> dict[CounterKey, int]:
        """Totals of the windows that end now."""
        return {key: self._total(key, now.timestamp()) for key in keys}

    def _total(self, key: CounterKey, now: float) -> int:
        rows = self.rows.get((key.name, key.subject), [])
        return sum(amount for *_, amount in rows[bisect_left(rows, (now - key.window_s,)) :])


@dataclass(slots=True)
class Past:
    """What one shop remembers."""

    tally: Tally = field(default_factory=Tally)
    usual: Usual = Usual()
    pending: list[tuple[datetime, str, Order]] = field(default_factory=list)

    def learn(self, now: datetime) -> None:
        """Count the offences that have become known."""
        while self.pending and self.pending[0][0] <= now:
            at, _, order = heapq.heappop(self.pending)
            self.tally.add(linked.offences(order, plain, at))


def plain(kind: str, value: str) -> str:
    """Simulated identities need no hash."""
    return f"{kind}:{value}" if value else ""


def rows_of(records: Sequence[OrderRecord]) -> Iterator[Row]:
    """One row per record, in the order given (time order)."""
    pasts: dict[str, Past] = defaultdict(Past)
    for record in records:
        yield row_of(record, pasts[record.shop])


def row_of(record: OrderRecord, past: Past) -> Row:
    """Screen one order, and let the shop remember it."""
    order = order_of(record)
    past.learn(order.created_at)
    past.tally.add(linked.updates(order, plain))
    counters = past.tally.read(linked.keys(order, plain), order.created_at)
    known = Known(counters=counters, identify=plain, usual=past.usual, ip_country=record.ip_country or "")
    row = {**features(order, known), **basket_of(record)}
    past.usual = past.usual.after(order.total)
    if record.is_fraud and record.label_at is not None:
        heapq.heappush(past.pending, (record.label_at, record.order_id, order))
    return row


def basket_of(record: OrderRecord) -> Row:
    """The shares as the generator draws them; its records hold no lines."""
    return {
        "units": float(record.units), "lines": float(record.lines), "top_share": record.top_share,
        "item_risk": record.resale_share, "digital_share": record.digital_share,
        "discount_share": record.discount_share * 100,
    }  # fmt: skip


def order_of(record: OrderRecord) -> Order:
    """The order as a store's adapter would hand it over."""
    total = Money(Decimal(str(record.total)), record.currency)
    bin_, last, expiry = (record.card or "--").split("-", 2)
    signals: list[tuple[str, float | str]] = [("express", float(record.shipping_express))]
    if record.failed_payments is not None:
        signals.append(("failed_payments", float(record.failed_payments)))
    since = record.account_age_days
    before = record.customer_orders
    return Order(
        id=OrderId(record.order_id), created_at=record.created_at, updated_at=record.created_at,
        currency=record.currency, total=total,
        payment=Payment(
            gateway=GATEWAYS[record.payment_method], avs_result=record.avs or "", cvv_result=record.cvv or "",
            card_bin=bin_, card_last4=last, card_expiry=expiry,
        ),
        channel=record.channel, locale=record.locale, email=record.email or "",
        phone="given" if record.phone_given else "", ip=record.ip or "",
        billing=_address(record.billing_address, record.billing_country),
        shipping=_address(record.shipping_address, record.shipping_country),
        customer_id=record.customer_id or "", customer_orders=None if before is None else before + 1,
        customer_since_at=None if since is None else record.created_at - timedelta(days=since),
        verdicts=() if record.provider_risk is None else (_verdict(record.provider_risk),),
        signals=tuple(signals),
    )  # fmt: skip


def _address(door: str | None, country: str | None) -> Address:
    return Address(line_1=door or "", country=country or "")


def _verdict(risk: float) -> Verdict:
    """Stores show a word, not a number."""
    return Verdict(provider="simulated", risk="high" if risk >= 0.45 else "medium" if risk >= 0.2 else "low")
