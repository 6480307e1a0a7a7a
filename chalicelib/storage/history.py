"""Order history: what every trainer reads. Buyers appear as keyed hashes only.

New orders wait as records (one write each); the trainer folds them into column files::

    {shop}/orders/{name}.npz        one row per order line, no pickle

      order, customer, product, variant, currency, country   text
      at, updated                                             int64, seconds since 1970, UTC
      quantity                                                int32
      price                                                   int64, minor units of currency
      live                                                    bool, False once cancelled, refunded or a test

An order that changed after it was folded appears again in a later file; the newest row set of an order wins.
Columns in NumPy's own format instead of Parquet: docs/decisions/0003-history-as-columns.md.
"""

import hashlib
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chalicelib.contracts import History
from chalicelib.domain.ids import ShopId
from chalicelib.domain.orders import Order, OrderLine, PaymentState
from chalicelib.errors import Conflict
from chalicelib.ports import Blobs, Record, Records
from chalicelib.storage import places
from chalicelib.storage.history_reading import Columns, read_history
from chalicelib.storage.places import Kind, put_newest

_TEXT = ("order", "customer", "product", "variant", "currency", "country")
_INTEGER = ("at", "updated", "price")
COLUMNS = (*_TEXT, *_INTEGER, "quantity", "live")
_NOTHING = ["", "", 0, 0]
"""The line of an order from which everything was taken: without one, its state before would pass for the newest."""


class Histories:
    """Order histories of all shops."""

    def __init__(self, records: Records, blobs: Blobs) -> None:
        self._records = records
        self._blobs = blobs

    def note(self, shop: ShopId, order: Order, customer: str) -> bool:
        """Take in an order's present state; False if a newer one is known. ``customer`` is a hash."""
        record = Record(key=places.key(shop, Kind.ORDER, order.id), body=_body(order, customer))
        return put_newest(self._records, record, "updated")

    def append(self, shop: ShopId, orders: Iterable[tuple[Order, str]], *, page: str) -> int:
        """Fold a page of a first sync straight into a file of that page's own; says how many lines it held.

        A page that is read again after a crash replaces its own file.
        """
        bodies = [(order.id, _body(order, customer)) for order, customer in orders]
        return self._write(shop, bodies, f"page-{hashlib.sha256(page.encode()).hexdigest()[:16]}")

    def fold(self, shop: ShopId) -> int:
        """Move waiting orders into a file. Safe to repeat: the file is written before records go."""
        waiting = list(places.every(self._records, shop, Kind.ORDER))
        number = sum(1 for _ in self._blobs.list(f"{_prefix(shop)}tail-"))
        lines = self._write(shop, [(r.key.sort, r.body) for r in waiting], f"tail-{number:08}")
        for record in waiting:
            try:
                self._records.delete(record.key, expected=record.version)
            except Conflict:
                continue  # it changed while we folded it: the newer state stays for the next fold
        return lines

    def load(self, shop: ShopId, currency: str) -> History:
        """All live lines in one currency, oldest order first."""
        return read_history(self._opened(shop), currency)

    def lines(self, shop: ShopId) -> int:
        """How many order lines are waiting to be folded, about."""
        return sum(len(record.body["lines"]) for record in places.every(self._records, shop, Kind.ORDER))

    def forget_customer(self, shop: ShopId, customer: str) -> int:
        """Erase a buyer's hash; the lines stay, as nobody's. Says how many files were rewritten."""
        for record in list(places.every(self._records, shop, Kind.ORDER)):
            if record.body["customer"] == customer:
                self._records.put(Record(key=record.key, body={**record.body, "customer": ""}))
        return sum(self._forget_in(name, customer) for name in list(self._blobs.list(_prefix(shop))))

    def forget_order(self, shop: ShopId, order: str) -> int:
        """Erase the buyer's hash from one order's lines; says how many files were rewritten."""
        record = self._records.get(places.key(shop, Kind.ORDER, order))
        if record is not None and record.body["customer"]:
            self._records.put(Record(key=record.key, body={**record.body, "customer": ""}))
        names = list(self._blobs.list(_prefix(shop)))
        return sum(self._forget_in(name, order, column="order") for name in names)

    def buyers_of(self, shop: ShopId, orders: Collection[str]) -> frozenset[str]:
        """The hashes under which the buyers of these orders are known."""
        columns = self._every(shop)
        theirs = np.isin(columns["order"], sorted(orders))
        return frozenset(str(one) for one in columns["customer"][theirs]) - {""}

    def lines_of(self, shop: ShopId, customers: Collection[str]) -> Sequence[Mapping[str, Any]]:
        """Every order line that is kept under one of these hashes, newest state, oldest first."""
        columns = self._every(shop)
        rows = np.flatnonzero(np.isin(columns["customer"], sorted(customers)) & (columns["product"] != ""))
        rows = rows[np.argsort(columns["at"][rows], kind="stable")]
        return [{name: columns[name][row].item() for name in COLUMNS} for row in rows]

    def _every(self, shop: ShopId) -> Columns:
        return _newest(list(self._opened(shop)))

    def _opened(self, shop: ShopId) -> Iterator[Columns]:
        """Each file, then what waits to be folded."""
        for data in self._files(shop):
            yield _open(data)
        yield _columns([(r.key.sort, r.body) for r in places.every(self._records, shop, Kind.ORDER)])

    def _forget_in(self, name: str, value: str, *, column: str = "customer") -> int:
        columns = dict(_open(self._blobs.get(name) or b""))
        theirs = (columns[column] == value) & (columns["customer"] != "")
        if not theirs.any():
            return 0
        columns["customer"] = np.where(theirs, "", columns["customer"])
        self._blobs.put(name, _pack(columns))
        return 1

    def _write(self, shop: ShopId, bodies: Sequence[tuple[str, Mapping[str, Any]]], name: str) -> int:
        columns = _columns(bodies)
        if len(columns["order"]) == 0:
            return 0
        self._blobs.put(f"{_prefix(shop)}{name}.npz", _pack(columns))
        return len(columns["order"])

    def _files(self, shop: ShopId) -> Iterator[bytes]:
        for name in sorted(self._blobs.list(_prefix(shop))):
            data = self._blobs.get(name)
            if data is not None:
                yield data


def _prefix(shop: ShopId) -> str:
    return f"{shop}/orders/"


def _body(order: Order, customer: str) -> Mapping[str, Any]:
    lines = [_line(line) for line in order.lines if line.product_id and line.quantity > 0]
    return {
        "at": int(order.created_at.timestamp()),
        "updated": int(order.updated_at.timestamp() * 1000),
        "customer": customer,
        "currency": order.currency,
        "country": order.shipping.country or order.billing.country,
        "live": _live(order) and bool(lines),
        "lines": lines or [_NOTHING],
    }


def _line(line: OrderLine) -> list[Any]:
    return [line.product_id, line.variant_id or "", line.quantity, line.unit_price.minor]


def _live(order: Order) -> bool:
    refunded = order.payment_state in {PaymentState.REFUNDED, PaymentState.VOIDED}
    return not (order.test or order.cancelled_at or refunded)


def _columns(bodies: Sequence[tuple[str, Mapping[str, Any]]]) -> Columns:
    rows: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for order, body in bodies:
        for product, variant, quantity, price in body["lines"]:
            of_order = (body["currency"], body["country"], body["at"], body["updated"])
            values = (order, body["customer"], product, variant, *of_order, price, quantity, body["live"])
            for name, value in zip(COLUMNS, values, strict=True):
                rows[name].append(value)
    return {name: np.array(values, dtype=_dtype(name)) for name, values in rows.items()}


def _dtype(name: str) -> Any:
    if name in _TEXT:
        return np.str_
    return {"quantity": np.int32, "live": np.bool_}.get(name, np.int64)


def _pack(columns: Columns) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **dict(columns))
    return buffer.getvalue()


def _open(data: bytes) -> Columns:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in COLUMNS}


def _newest(files: list[Columns]) -> Columns:
    """Of each order only the rows of its newest state; at equal times the later file's."""
    every = {name: np.concatenate([columns[name] for columns in files]) for name in COLUMNS}
    source = np.repeat(np.arange(len(files)), [len(columns["order"]) for columns in files])
    if len(source) == 0:
        return every
    _, order = np.unique(every["order"], return_inverse=True)
    state = every["updated"] * (len(files) + 1) + source
    newest = np.full(order.max() + 1, -1, dtype=np.int64)
    np.maximum.at(newest, order, state)
    keep = state == newest[order]
    return {name: values[keep] for name, values in every.items()}
