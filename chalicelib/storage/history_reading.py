"""Order files of one shop as the History that trainers get, in hardly more memory than that History itself.

    file ──► orders (who, when, which state) ──┐
         └─► lines (what, how many, price)   ──┴─► newest states alone, oldest first, names as numbers

Text is turned into numbers file by file: one row of text takes some 300 bytes, of numbers 20. Orders and buyers are
told apart by Python's keyed 64-bit hash of their names, since a dictionary of millions of names would be larger than
all the rest: among ten million orders any two meet with a chance of three in a million.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.contracts import History

type Columns = Mapping[str, NDArray[Any]]

_ORDER = {
    "order": np.int64, "customer": np.int64, "at": np.int64, "state": np.int64, "country": np.int32, "usable": np.bool_,
    "lines": np.int32,
}  # fmt: skip
_LINE = {"product": np.int32, "variant": np.int32, "quantity": np.int32, "price": np.int64}
_NOBODY = hash("")


class _Numbers(dict[str, int]):
    """Names to numbers, in the order in which they are met."""

    def __missing__(self, name: str) -> int:
        number = self[name] = len(self)
        return number

    def of(self, values: NDArray[Any]) -> NDArray[np.int32]:
        """One number a name."""
        return np.fromiter(map(self.__getitem__, values.tolist()), np.int32, len(values))

    def sorted(self, used: NDArray[np.int32]) -> tuple[NDArray[np.int32], list[str]]:
        """What each number becomes among the names that are used, sorted, the empty one -1; and those names."""
        counts = np.bincount(used, minlength=len(self))
        names = sorted(name for name, number in self.items() if name and counts[number])
        becomes = np.full(len(self), -1, np.int32)
        becomes[[self[name] for name in names]] = np.arange(len(names), dtype=np.int32)
        return becomes, names


def read_history(files: Iterable[Columns], currency: str) -> History:
    """All live lines in one currency, oldest order first; of each order its newest state, the later file's at a tie."""
    names = {name: _Numbers() for name in ("product", "variant", "country")}
    orders: dict[str, list[NDArray[Any]]] = {name: [] for name in _ORDER}
    lines: dict[str, list[NDArray[Any]]] = {name: [] for name in _LINE}
    for columns in files:
        if len(columns["order"]):
            _take(columns, currency, names, orders, lines)
    order = {name: _joined(orders.pop(name), dtype) for name, dtype in _ORDER.items()}
    line = {name: _joined(lines.pop(name), dtype) for name, dtype in _LINE.items()}
    return _history(order, line, names, currency)


def _take(
    columns: Columns, currency: str, names: Mapping[str, _Numbers], orders: Mapping[str, list[NDArray[Any]]],
    lines: Mapping[str, list[NDArray[Any]]],
) -> None:  # fmt: skip
    """Add one file's orders and lines; rows of one state of an order stand together."""
    same = (columns["order"][1:] == columns["order"][:-1]) & (columns["updated"][1:] == columns["updated"][:-1])
    first = np.flatnonzero(np.concatenate([[True], ~same]))
    found = {
        "order": _hashes(columns["order"][first]), "customer": _hashes(columns["customer"][first]),
        "at": columns["at"][first], "state": columns["updated"][first],
        "country": names["country"].of(columns["country"][first]),
        "usable": columns["live"][first] & (columns["currency"][first] == currency),
        "lines": np.diff(first, append=len(same) + 1),
    }  # fmt: skip
    for name, values in found.items():
        orders[name].append(values.astype(_ORDER[name]))
    for name, dtype in _LINE.items():
        values = columns[name]
        lines[name].append(names[name].of(values) if name in names else values.astype(dtype))


def _hashes(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.fromiter(map(hash, values.tolist()), np.int64, len(values))


def _joined(parts: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def _history(
    order: dict[str, NDArray[Any]], line: dict[str, NDArray[Any]], names: Mapping[str, _Numbers], currency: str
) -> History:
    """Columns are let go as soon as they are read: no two of the lines' are held twice at once."""
    chosen = np.flatnonzero(_newest(order.pop("order"), order.pop("state")) & order.pop("usable"))
    chosen = chosen[np.argsort(order["at"][chosen], kind="stable")]
    sizes = order["lines"][chosen]
    rows = _rows(order.pop("lines"), chosen, sizes)
    numbers = {name: line.pop(name)[rows] for name in _LINE}
    kinds: dict[str, list[str]] = {}
    for name in ("product", "variant"):
        becomes, kinds[name] = names[name].sorted(numbers[name])
        numbers[name] = becomes[numbers[name]]
    becomes, kinds["country"] = names["country"].sorted(order["country"][chosen])
    country = becomes[order.pop("country")[chosen]].astype(np.int16)
    return History(
        order=np.repeat(np.arange(len(chosen), dtype=np.int64), sizes), at=np.repeat(order.pop("at")[chosen], sizes),
        customer=np.repeat(_buyers(order.pop("customer")[chosen]), sizes), product=numbers["product"],
        quantity=numbers["quantity"], unit_price_minor=numbers["price"], country=np.repeat(country, sizes),
        variant=numbers["variant"], products=kinds["product"], variants=kinds["variant"], countries=kinds["country"],
        currency=currency,
    )  # fmt: skip


def _newest(order: NDArray[np.int64], state: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each row is the newest state of its order; among equals the later row."""
    by = np.lexsort((np.arange(len(order)), state, order))
    last = np.ones(len(order), np.bool_)
    last[:-1] = order[by][1:] != order[by][:-1]
    newest = np.zeros(len(order), np.bool_)
    newest[by] = last
    return newest


def _rows(lines: NDArray[np.int32], chosen: NDArray[np.int64], sizes: NDArray[np.int32]) -> NDArray[np.int64]:
    """Places of the chosen orders' lines."""
    ends = np.cumsum(lines, dtype=np.int64)
    begins = (ends - lines)[chosen]
    rows = np.repeat(begins - (np.cumsum(sizes, dtype=np.int64) - sizes), sizes)
    rows += np.arange(len(rows))
    return rows


def _buyers(customer: NDArray[np.int64]) -> NDArray[np.int32]:
    """Buyers as numbers from 0, nobody as -1."""
    known = customer != _NOBODY
    buyers = np.full(len(customer), -1, np.int32)
    buyers[known] = np.unique(customer[known], return_inverse=True)[1]
    return buyers
