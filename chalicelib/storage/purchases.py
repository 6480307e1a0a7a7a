"""What each buyer bought of late, for lists that a storefront asks for while the buyer waits.

One record per order under the buyer's keyed hash, written only for stores that can show such lists; it expires by
itself, and goes with the buyer. Training reads the order history, not this.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.ids import OrderId, ProductId, ShopId
from chalicelib.domain.orders import Order
from chalicelib.ports import Key, Record, Records
from chalicelib.storage import places
from chalicelib.storage.places import Kind

KEEP = timedelta(days=400)
"""Somebody who last bought longer ago is a new buyer."""
NEWEST = 20
"""Orders that are looked at."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """One product of one past order."""

    product: ProductId
    at: datetime


class Purchases:
    """Recent purchases of all shops' buyers."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def note(self, shop: ShopId, orders: Iterable[tuple[Order, str]]) -> None:
        """Take in orders with their buyers' hashes; those without a hash, tests and cancelled ones leave no trace."""
        kept = []
        for order, customer in orders:
            products = list(dict.fromkeys(line.product_id for line in order.lines if line.product_id))
            if customer and order.cancelled_at is not None:
                self._records.delete(_key(shop, customer, order))
            elif customer and products and not order.test:
                body = {"at": int(order.created_at.timestamp()), "products": products}
                kept.append(Record(key=_key(shop, customer, order), body=body, expires_at=order.created_at + KEEP))
        if kept:
            self._records.put_many(kept)

    def of(self, shop: ShopId, customer: str, now: datetime) -> Sequence[Purchase]:
        """What a buyer bought, oldest first."""
        found = [
            Purchase(ProductId(product), datetime.fromtimestamp(record.body["at"], UTC))
            for record in self._records.query(
                _partition(shop, customer), prefix=f"{customer}|", reverse=True, limit=NEWEST
            )
            for product in record.body["products"]
        ]
        return sorted((one for one in found if one.at + KEEP > now), key=lambda one: one.at)

    def held(self, shop: ShopId, customer: str) -> Sequence[Mapping[str, Any]]:
        """All that is kept about a buyer here."""
        return [record.body for record in self._all(shop, customer)]

    def forget(self, shop: ShopId, customer: str, order: OrderId | None = None) -> int:
        """Erase a buyer's purchases, or those of one order; says how many orders."""
        found = [one for one in self._all(shop, customer) if order is None or one.key.sort.endswith(f"|{order}")]
        for record in found:
            self._records.delete(record.key)
        return len(found)

    def _all(self, shop: ShopId, customer: str) -> list[Record]:
        return list(self._records.query(_partition(shop, customer), prefix=f"{customer}|"))


def _key(shop: ShopId, customer: str, order: Order) -> Key:
    return places.key(shop, Kind.PURCHASE, f"{customer}|{order.created_at:%Y%m%d%H%M%S}|{order.id}", by=customer)


def _partition(shop: ShopId, customer: str) -> str:
    return places.key(shop, Kind.PURCHASE, customer).partition
