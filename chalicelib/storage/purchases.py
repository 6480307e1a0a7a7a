"""What each buyer bought of late, for lists that a storefront asks for while the buyer waits.

One record per order under the buyer's keyed hash, written only for stores that can show such lists; it expires by
itself, and goes with the buyer. Training reads the order history, not this.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.domain.ids import ProductId, ShopId
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
        """Take in orders with their buyers' hashes; those without a hash or with nothing bought leave no trace."""
        records = []
        for order, customer in orders:
            products = list(dict.fromkeys(line.product_id for line in order.lines if line.product_id))
            if customer and products and not order.test:
                body = {"at": int(order.created_at.timestamp()), "products": products}
                records.append(Record(_key(shop, customer, order), body, expires_at=order.created_at + KEEP))
        if records:
            self._records.put_many(records)

    def drop(self, shop: ShopId, order: Order, customer: str) -> None:
        """A cancelled order was no purchase."""
        if customer:
            self._records.delete(_key(shop, customer, order))

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

    def forget(self, shop: ShopId, customer: str) -> int:
        """Erase a buyer's purchases; says how many orders."""
        found = list(self._records.query(_partition(shop, customer), prefix=f"{customer}|"))
        for record in found:
            self._records.delete(record.key)
        return len(found)


def _key(shop: ShopId, customer: str, order: Order) -> Key:
    return places.key(shop, Kind.PURCHASE, f"{customer}|{order.created_at:%Y%m%d%H%M%S}|{order.id}", by=customer)


def _partition(shop: ShopId, customer: str) -> str:
    return places.key(shop, Kind.PURCHASE, customer).partition
