"""Which products are bought in the same baskets: cosine with shrinkage, for ten products or for a million.

Pairs are counted by sorting, block by block, so that memory stays bounded by ``BLOCK_PAIRS`` whatever the
number of products (a dense table of 1,000,000 products would take 4 TB).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.recommendations.sales import Floats, Ints, Sales

BLOCK_PAIRS = 200_000
"""Pairs that one thread holds at a time: about 20 MB, small enough for a processor's cache to help."""
LARGEST_BASKET = 400
"""Longer baskets (wholesale lists, test orders) are thinned to this many lines, evenly: the number of pairs
grows with the square, and a basket of everything says nothing about any two of its products."""
_ITEM_BITS, _SCORE_BITS, _WEIGHT_BITS = 24, 24, 20
_ROWS = 1 << (64 - _ITEM_BITS - _SCORE_BITS)
_ITEM_MASK = np.uint64((1 << _ITEM_BITS) - 1)
_WEIGHT_MASK = np.uint64((1 << _WEIGHT_BITS) - 1)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Each product's best companions, best first.

    ``items`` (products x k, int32) pads with -1, ``scores`` (products x k, float32) with 0;
    ``together`` counts the baskets with both, ``baskets`` (products,) those with the product at all.
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float32]
    together: NDArray[np.int32]
    baskets: NDArray[np.int32]

    @property
    def width(self) -> int:
        """How many companions a product has at most."""
        return int(self.items.shape[1])


@dataclass(frozen=True, slots=True)
class _Baskets:
    """Lines twice: by basket (``items`` cut at ``starts``), and by product (``of`` cut at ``rows``)."""

    items: NDArray[np.int32]
    starts: Ints
    sizes: Ints
    of: NDArray[np.int32]
    rows: Ints
    weights: NDArray[np.uint64]
    norms: Floats
    scale: float


def neighbours(
    history: Sales, *, k: int = 50, shrink: float = 5.0, half_life: float | None = None, size_power: float = 0.0
) -> Neighbours:
    """Cosine of two products over weighted baskets, its denominator enlarged by ``shrink`` (Bell & Koren 2007).

    A basket weighs ``0.5 ** (age / half_life)`` (days) divided by ``size ** size_power``.
    """
    lines = _thinned(history)
    table = _baskets(lines, _weights(lines, half_life, size_power))
    found = np.full((history.items, k), -1, np.int32)
    scores = np.zeros((history.items, k), np.float32)
    together = np.zeros((history.items, k), np.int32)

    def fill(block: tuple[int, int]) -> None:
        first, last = block
        found[first:last], scores[first:last], together[first:last] = _best(table, first, last, k, shrink)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for _ in pool.map(fill, _blocks(table)):
            pass
    counts = np.bincount(history.item, minlength=history.items).astype(np.int32)
    return Neighbours(items=found, scores=scores, together=together, baskets=counts)


def _thinned(history: Sales) -> Sales:
    """Drop lines of over-long baskets, evenly over the basket."""
    sizes = np.bincount(history.basket, minlength=1)
    if not len(history) or sizes.max() <= LARGEST_BASKET:
        return history
    order = np.argsort(history.basket, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.empty(len(history), np.int64)
    place[order] = np.arange(len(history)) - starts[history.basket[order]]
    size = sizes[history.basket]
    kept = (place * LARGEST_BASKET) // size != ((place - 1) * LARGEST_BASKET) // size
    return history.where(kept | (size <= LARGEST_BASKET))


def _weights(history: Sales, half_life: float | None, size_power: float) -> Floats:
    sizes = np.maximum(np.bincount(history.basket, minlength=history.baskets), 1)
    weight = sizes.astype(np.float64) ** -size_power
    if half_life is not None:
        day = np.zeros(history.baskets)
        day[history.basket] = history.day
        weight *= np.exp2((day - history.last_day) / half_life)
    return weight


def _baskets(history: Sales, weight: Floats) -> _Baskets:
    sizes = np.bincount(history.basket, minlength=history.baskets).astype(np.int64)
    by_basket = np.argsort(history.basket, kind="stable")
    by_item = np.argsort(history.item, kind="stable")
    counts = np.bincount(history.item, minlength=history.items)
    scale = float(_WEIGHT_MASK) / max(float(weight.max(initial=0.0)), 1e-300)
    quantised = np.maximum(np.rint(weight * scale), 1.0)
    norms = np.sqrt(np.bincount(history.item, weights=quantised[history.basket], minlength=history.items) / scale)
    return _Baskets(
        items=history.item[by_basket].astype(np.int32),
        starts=np.concatenate([[0], np.cumsum(sizes)]),
        sizes=sizes,
        of=history.basket[by_item].astype(np.int32),
        rows=np.concatenate([[0], np.cumsum(counts)]),
        weights=quantised.astype(np.uint64),
        norms=norms,
        scale=scale,
    )


def _blocks(table: _Baskets) -> Iterator[tuple[int, int]]:
    """Ranges of products whose pairs fit into one block (at least one product each)."""
    cost = np.concatenate([[0], np.cumsum(table.sizes[table.of])])[table.rows]
    first, items = 0, len(table.rows) - 1
    while first < items:
        last = int(np.searchsorted(cost, cost[first] + BLOCK_PAIRS, side="right")) - 1
        last = min(max(last, first + 1), items, first + _ROWS)
        yield first, last
        first = last


type _Found = tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]


def _best(table: _Baskets, first: int, last: int, k: int, shrink: float) -> _Found:
    """The k best companions of products ``first`` to ``last``."""
    row, column, together, weight = _pairs(table, first, last)
    cosine = weight / (table.norms[row + first] * table.norms[column] + shrink)
    bits = cosine.astype(np.float32).view(np.uint32).astype(np.uint64) >> np.uint64(32 - _SCORE_BITS - 1)
    order = _ranked(row, bits, column)
    row, column, cosine, together = row[order], column[order], cosine[order], together[order]
    begins = np.searchsorted(row, np.arange(last - first))
    rank = np.arange(len(row)) - begins[row]
    kept = rank < k
    found = np.full((last - first, k), -1, np.int32)
    scores = np.zeros((last - first, k), np.float32)
    counts = np.zeros((last - first, k), np.int32)
    place = (row[kept], rank[kept])
    found[place], scores[place], counts[place] = column[kept], cosine[kept], together[kept]
    return found, scores, counts


def _ranked(row: Ints, bits: NDArray[np.uint64], column: Ints) -> Ints:
    """Order pairs by row, then score downwards, then column."""
    inverse = np.uint64((1 << _SCORE_BITS) - 1) - bits
    key = (row.astype(np.uint64) << np.uint64(_ITEM_BITS + _SCORE_BITS)) | (inverse << np.uint64(_ITEM_BITS))
    return np.argsort(key | column.astype(np.uint64))


def _pairs(table: _Baskets, first: int, last: int) -> tuple[Ints, Ints, Ints, Floats]:
    """Distinct pairs (row from ``first``, column), the baskets that hold both, and their summed weight."""
    begin, end = table.rows[first], table.rows[last]
    baskets = table.of[begin:end]
    sizes = table.sizes[baskets]
    own = np.repeat(np.arange(last - first), np.diff(table.rows[first : last + 1]))
    ends = np.cumsum(sizes)
    place = np.arange(ends[-1] if len(ends) else 0) + np.repeat(table.starts[baskets] - (ends - sizes), sizes)
    head = (own.astype(np.uint64) << np.uint64(_ITEM_BITS + _WEIGHT_BITS)) | table.weights[baskets]
    key = np.repeat(head, sizes) | (table.items[place].astype(np.uint64) << np.uint64(_WEIGHT_BITS))
    key.sort()
    pair = key >> np.uint64(_WEIGHT_BITS)
    edge = np.flatnonzero(np.concatenate([[True], pair[1:] != pair[:-1]])) if len(pair) else np.empty(0, np.int64)
    weight = np.add.reduceat(key & _WEIGHT_MASK, edge) if len(edge) else np.empty(0, np.uint64)
    pair, together = pair[edge], np.diff(np.append(edge, len(key)))
    row, column = (pair >> np.uint64(_ITEM_BITS)).astype(np.int64), (pair & _ITEM_MASK).astype(np.int64)
    other = row + first != column
    return row[other], column[other], together[other], weight[other] / table.scale
