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
_BLOCK = 1 << 23
"""Rows: 33 MB of int32, from which on the C library gives memory back to the system as soon as it is free."""


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


class _Column:
    """Values one after the other. Many small arrays would leave the heap full of holes, half a gigabyte in the end."""

    def __init__(self, dtype: Any) -> None:
        self._dtype: np.dtype[Any] = np.dtype(dtype)
        self._blocks: list[NDArray[Any]] = []
        self._used = _BLOCK

    def add(self, values: NDArray[Any]) -> None:
        """Append; touches no more of a block than it needs."""
        while len(values):
            if self._used == _BLOCK:
                self._blocks.append(np.empty(_BLOCK, self._dtype))
                self._used = 0
            part = values[: _BLOCK - self._used]
            self._blocks[-1][self._used : self._used + len(part)] = part
            self._used += len(part)
            values = values[len(part) :]

    def taken(self) -> NDArray[Any]:
        """All of them; the column is empty afterwards."""
        blocks, self._blocks = self._blocks, []
        if not blocks:
            return np.empty(0, self._dtype)
        blocks[-1] = blocks[-1][: self._used]
        self._used = _BLOCK
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def read_history(files: Iterable[Columns], currency: str) -> History:
    """All live lines in one currency, oldest order first; of each order its newest state, the later file's at a tie."""
    names = {name: _Numbers() for name in ("product", "variant", "country")}
    orders = {name: _Column(dtype) for name, dtype in _ORDER.items()}
    lines = {name: _Column(dtype) for name, dtype in _LINE.items()}
    for columns in files:
        if len(columns["order"]):
            _take(columns, currency, names, orders, lines)
    return _history({name: column.taken() for name, column in orders.items()}, lines, names, currency)


def _take(
    columns: Columns, currency: str, names: Mapping[str, _Numbers], orders: Mapping[str, _Column],
    lines: Mapping[str, _Column],
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
        orders[name].add(values)
    for name, column in lines.items():
        column.add(names[name].of(columns[name]) if name in names else columns[name])


def _hashes(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.fromiter(map(hash, values.tolist()), np.int64, len(values))


def _history(
    order: dict[str, NDArray[Any]], lines: Mapping[str, _Column], names: Mapping[str, _Numbers], currency: str
) -> History:
    """Columns are let go as soon as they are read: no two of the lines' are held twice at once."""
    chosen = np.flatnonzero(_newest(order.pop("order"), order.pop("state")) & order.pop("usable"))
    chosen = chosen[np.argsort(order["at"][chosen], kind="stable")]
    sizes = order["lines"][chosen]
    rows = _rows(order.pop("lines"), chosen, sizes)
    numbers = {name: column.taken()[rows] for name, column in lines.items()}
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
    """Buyers as numbers from 0 in the order in which they came, nobody as -1. Hashes differ from one process to the
    next; what is learned from the same orders must not."""
    known = customer != _NOBODY
    buyers = np.full(len(customer), -1, np.int32)
    _, first, number = np.unique(customer[known], return_index=True, return_inverse=True)
    came = np.empty(len(first), np.int32)
    came[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    buyers[known] = came[number]
    return buyers
