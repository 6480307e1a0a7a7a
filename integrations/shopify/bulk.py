"""The first look at a large Shopify store: one bulk operation, its file read slice by slice.

Shopify writes every object and its children as lines of JSON, children right after their parent
(``groupObjects``), and keeps the file for a week. A cursor names the operation and a byte of its file, so a
reader that was killed goes on at the parent it had not finished.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.contracts import Page
from chalicelib.domain.catalogue import Product
from chalicelib.domain.orders import Order
from chalicelib.errors import StoreUnavailable
from integrations.shopify import mapping, operations
from integrations.shopify.answers import StoreOrder, StoreProduct
from integrations.shopify.connection import Connection, parsed, part

WORTH_IT = 1_000
"""From so many objects on, a bulk operation is quicker than pages."""

SLICE = 4_000_000
"""Bytes of the file per page."""

POLL_S = 3.0
_PREFIX = "bulk:"
_UNDER_WAY = frozenset({"CREATED", "RUNNING"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading stands: an operation's number, and a byte of its file."""

    operation: str
    offset: int = 0

    def text(self) -> str:
        """The cursor that callers keep."""
        return f"{_PREFIX}{self.operation}:{self.offset}"


def place(cursor: str | None) -> Place | None:
    """The place a cursor names, or None for a cursor of ordinary pages."""
    if cursor is None or not cursor.startswith(_PREFIX):
        return None
    operation, _, offset = cursor.removeprefix(_PREFIX).partition(":")
    return Place(operation, int(offset or 0))


def worth_it(connection: Connection, kind: str) -> bool:
    """Whether the store is large; ``kind`` is ``products`` or ``orders``."""
    counted = connection.run("Counts").get(f"{kind}Count")
    count = counted.get("count") if isinstance(counted, dict) else 0
    return isinstance(count, int) and count >= WORTH_IT


def start(connection: Connection, name: str) -> str:
    """Start an export; the cursor to go on with. ``name`` is ``ExportedProducts`` or ``ExportedOrders``."""
    payload = connection.change("StartExport", "bulkOperationRunQuery", query=operations.inline(name))
    return Place(mapping.number(str(part(payload, "bulkOperation")["id"]))).text()


def products(connection: Connection, at: Place, currency: str) -> Page[Product]:
    """The next products of an export; an empty page with a cursor while Shopify still works on it."""
    families, following = _next(connection, at, "ExportedProducts")
    found = [parsed(StoreProduct, {**parent, "variants": children}) for parent, children in families]
    return Page([mapping.product(one, currency) for one in found], following)


def orders(connection: Connection, at: Place, currency: str) -> Page[Order]:
    """The next orders of an export; an empty page with a cursor while Shopify still works on it."""
    families, following = _next(connection, at, "ExportedOrders")
    found = [parsed(StoreOrder, {**parent, "lineItems": children}) for parent, children in families]
    return Page([mapping.order(one, currency) for one in found], following)


type Family = tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]
"""An object and its children."""


def _next(connection: Connection, at: Place, name: str) -> tuple[Sequence[Family], str | None]:
    found = part(connection.run("Export", id=f"gid://shopify/BulkOperation/{at.operation}"), "bulkOperation")
    status = found.get("status")
    if status in _UNDER_WAY:
        connection.pause(POLL_S)
        return [], at.text()
    if status != "COMPLETED":
        return [], start(connection, name)  # failed, cancelled or expired: begin again
    url = found.get("url")
    if not isinstance(url, str) or not url:
        return [], None  # an empty store has no file
    return _slice(connection, url, at, SLICE)


def _slice(connection: Connection, url: str, at: Place, size: int) -> tuple[Sequence[Family], str | None]:
    """Whole objects from a place on; a larger slice is tried where one object fills it."""
    data = connection.download(url, at.offset, size)
    if len(data) < size:
        return _families(data, ended=True)[0], None
    families, used = _families(data, ended=False)
    if families:
        return families, Place(at.operation, at.offset + used).text()
    if size >= SLICE * 16:
        raise StoreUnavailable(detail="one object of the export is larger than sixteen slices")
    return _slice(connection, url, at, size * 2)


def _families(data: bytes, *, ended: bool) -> tuple[Sequence[Family], int]:
    """Objects with their children, and how many bytes they took; the last one may go on in the next slice."""
    families: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    begins: list[int] = []
    for offset, row in _rows(data, ended=ended):
        if "__parentId" in row:
            if families:
                families[-1][1].append(row)
        else:
            families.append((row, []))
            begins.append(offset)
    if ended or not families:
        return families, len(data) if ended else 0
    return families[:-1], begins[-1]


def _rows(data: bytes, *, ended: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    """Whole lines with the byte they begin at; half a line at the end waits for the next slice."""
    offset = 0
    for line in data.splitlines(keepends=True):
        if line.endswith(b"\n") or ended:
            row = _row(line)
            if row is not None:
                yield offset, row
        offset += len(line)


def _row(line: bytes) -> dict[str, Any] | None:
    if not line.strip():
        return None
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise StoreUnavailable(detail="an export with a line that is no object")
    return row
