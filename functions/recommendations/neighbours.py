"""Which products are bought in the same baskets: cosine with shrinkage, for ten products or for a million.

Pairs are counted by sorting, block by block, so that memory stays bounded by ``BLOCK_PAIRS`` whatever the
number of products (a dense table of 1,000,000 products would take 4 TB).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
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
_WEIGHT_BITS = 20
_SCORE_BITS = 31
"""A positive float32 without its sign: its bits order as its value does."""

type Lines = NDArray[np.signedinteger]
"""Basket or product indices, any integer width: a large shop's come as int32."""


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
class Baskets:
    """Lines twice: by basket (``items`` cut at ``starts``), and by product (``of`` cut at ``rows``).

    ``weights`` are whole numbers in 20 bits, or None where every basket weighs the same; ``pairs`` adds up the
    pairs of all products before each.
    """

    items: NDArray[np.uint32]
    starts: Ints
    sizes: NDArray[np.int32]
    of: NDArray[np.int32]
    rows: Ints
    pairs: Ints
    baskets: NDArray[np.int32]
    weights: NDArray[np.uint64] | None
    norms: NDArray[np.float32]
    scale: float

    @property
    def item_bits(self) -> int:
        """Bits that hold a product's index."""
        return max(len(self.rows) - 2, 1).bit_length()


def neighbours(
    history: Sales, *, k: int = 50, shrink: float = 5.0, half_life: float | None = None, size_power: float = 0.0
) -> Neighbours:
    """Cosine of two products over weighted baskets, its denominator enlarged by ``shrink`` (Bell & Koren 2007).

    A basket weighs ``0.5 ** (age / half_life)`` (days) divided by ``size ** size_power``.
    """
    weight = None
    if half_life is not None or size_power:
        weight = _weights(history, half_life, size_power)
    return nearest(history.basket, history.item, history.items, k=k, shrink=shrink, weight=weight)


def nearest(
    basket: Lines, item: Lines, items: int, *, k: int = 50, shrink: float = 5.0, weight: Floats | None = None
) -> Neighbours:
    """As ``neighbours`` from bare lines: the basket and the product of each, no pair of them twice.

    A million products with twenty million int32 lines need 1.4 GB, the answer's .6 GB among it. ``weight`` is one
    number per basket, None for equal ones.
    """
    return within(prepared(basket, item, items, weight=weight), 0, items, k=k, shrink=shrink)


def within(table: Baskets, first: int, last: int, *, k: int = 50, shrink: float = 5.0) -> Neighbours:
    """As ``nearest`` for products ``first`` to ``last`` alone: row 0 is the first one's."""
    found = np.full((last - first, k), -1, np.int32)
    scores = np.zeros((last - first, k), np.float32)
    together = np.zeros((last - first, k), np.int32)

    def fill(block: tuple[int, int]) -> None:
        rows = slice(block[0] - first, block[1] - first)
        _best(table, *block, shrink, (found[rows], scores[rows], together[rows]))

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for _ in pool.map(fill, _blocks(table, first, last)):
            pass
    return Neighbours(items=found, scores=scores, together=together, baskets=table.baskets[first:last])


def _thinned(basket: Lines, item: Lines) -> tuple[Lines, Lines]:
    """Drop lines of over-long baskets, evenly over the basket."""
    sizes = np.bincount(basket, minlength=1)
    if not len(basket) or sizes.max() <= LARGEST_BASKET:
        return basket, item
    order = np.argsort(basket, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.empty(len(basket), np.int64)
    place[order] = np.arange(len(basket)) - starts[basket[order]]
    size = sizes[basket]
    kept = (place * LARGEST_BASKET) // size != ((place - 1) * LARGEST_BASKET) // size
    kept |= size <= LARGEST_BASKET
    return basket[kept], item[kept]


def _weights(history: Sales, half_life: float | None, size_power: float) -> Floats:
    sizes = np.maximum(np.bincount(history.basket, minlength=history.baskets), 1)
    weight = sizes.astype(np.float64) ** -size_power
    if half_life is not None:
        day = np.zeros(history.baskets)
        day[history.basket] = history.day
        weight *= np.exp2((day - history.last_day) / half_life)
    return weight


def prepared(basket: Lines, item: Lines, items: int, *, weight: Floats | None = None) -> Baskets:
    """Lines in the order in which pairs are counted: what ``within`` reads."""
    baskets = np.bincount(item, minlength=items).astype(np.int32)
    basket, item = _thinned(basket, item)
    sizes = np.bincount(basket, minlength=1).astype(np.int32)
    counts = np.bincount(item, minlength=items)
    scale, quantised = 1.0, None
    held = counts.astype(np.float64)
    if weight is not None:
        top = float((1 << _WEIGHT_BITS) - 1)
        scale = top / max(float(weight.max(initial=0.0)), 1e-300)
        quantised = np.maximum(np.rint(weight * scale), 1.0)
        held = np.bincount(item, weights=quantised[basket], minlength=items) / scale
    by_basket = item if _ascending(basket) else item[np.argsort(basket, kind="stable")]
    of, rows = _by_item(basket, item), np.concatenate([[0], np.cumsum(counts)])
    pairs = np.zeros(items, np.int64)
    sold = np.flatnonzero(counts)
    pairs[sold] = np.add.reduceat(sizes[of], rows[sold], dtype=np.int64) if len(sold) else 0
    return Baskets(
        items=by_basket.astype(np.uint32), starts=np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]), sizes=sizes,
        of=of, rows=rows, pairs=np.concatenate([[0], np.cumsum(pairs)]), baskets=baskets,
        weights=None if quantised is None else quantised.astype(np.uint64), norms=np.sqrt(held).astype(np.float32),
        scale=scale,
    )  # fmt: skip


def _ascending(basket: Lines) -> bool:
    return bool((basket[1:] >= basket[:-1]).all())


def _by_item(basket: Lines, item: Lines) -> NDArray[np.int32]:
    """The baskets of every product, one product after the other; sorted as one key, which needs half the memory
    of an index."""
    key = item.astype(np.uint64)
    key <<= np.uint64(32)
    key |= basket.astype(np.uint32)
    key.sort()
    return key.astype(np.uint32).view(np.int32)


def _blocks(table: Baskets, first: int, end: int) -> Iterator[tuple[int, int]]:
    """Ranges of products whose pairs fit into one block (at least one product each)."""
    most = 1 << (32 - table.item_bits)
    while first < end:
        last = int(np.searchsorted(table.pairs, table.pairs[first] + BLOCK_PAIRS, side="right")) - 1
        last = min(max(last, first + 1), end, first + most)
        yield first, last
        first = last


type _Found = tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]
type _Counted = tuple[NDArray[np.uint32], Ints, NDArray[np.float32]]


def _best(table: Baskets, first: int, last: int, shrink: float, into: _Found) -> None:
    """Write the best companions of products ``first`` to ``last`` into their rows of the answer.

    Pairs are sorted once more by one key that holds row, score and place, so that nothing but what is kept has to
    be moved: ties go to the lower product.
    """
    pair, together, weight = _counted(table, first, last)
    bits, mask = table.item_bits, np.uint32((1 << table.item_bits) - 1)
    row, column = pair >> np.uint32(bits), pair & mask
    score = weight / (table.norms[first:last][row] * table.norms[column] + np.float32(shrink))
    score[row + np.uint32(first) == column] = 0.0
    key = _ranked(row, score)
    edges = np.searchsorted(row, np.arange(last - first + 1))
    found, scores, counts = into
    kept = min(found.shape[1], int(np.diff(edges).max(initial=0)))
    at = edges[:-1, None] + np.arange(kept)
    inside = at < edges[1:, None]
    place = key[np.minimum(at, max(len(key) - 1, 0))] if len(key) else np.zeros(at.shape, np.int64)
    inside &= score[place] > 0 if len(key) else False
    found[:, :kept][inside] = column[place[inside]]
    scores[:, :kept][inside] = score[place[inside]]
    counts[:, :kept][inside] = together[place[inside]]


def _ranked(row: NDArray[np.uint32], score: NDArray[np.float32]) -> Ints:
    """Places of pairs, by row and then by score downwards; ``row`` ascends already."""
    place_bits = max(len(row) - 1, 1).bit_length()
    key = ~score.view(np.uint32) & np.uint32((1 << _SCORE_BITS) - 1)
    wide = key.astype(np.uint64) << np.uint64(place_bits)
    wide |= np.arange(len(row), dtype=np.uint64)
    if len(row) and _SCORE_BITS + place_bits + int(row[-1]).bit_length() <= 64:
        wide |= row.astype(np.uint64) << np.uint64(_SCORE_BITS + place_bits)
        wide.sort()
    elif len(row):
        wide = wide[np.lexsort((wide, row))]
    return (wide & np.uint64((1 << place_bits) - 1)).astype(np.int64)


def _counted(table: Baskets, first: int, last: int) -> _Counted:
    """Distinct pairs (row from ``first`` and column in one number, ascending), the baskets that hold both, and
    their summed weight."""
    begin, end = table.rows[first], table.rows[last]
    baskets = table.of[begin:end]
    sizes = table.sizes[baskets]
    own = np.repeat(np.arange(last - first, dtype=np.uint32), np.diff(table.rows[first : last + 1]))
    ends = np.cumsum(sizes, dtype=np.int64)
    place = np.repeat(table.starts[baskets] - (ends - sizes), sizes)
    place += np.arange(len(place))
    key = np.repeat(own << np.uint32(table.item_bits), sizes)
    key |= table.items[place]
    if table.weights is None:
        key.sort()
        edge = _edges(key)
        together = np.diff(edge, append=len(key))
        return key[edge], together, together.astype(np.float32)
    wide = key.astype(np.uint64) << np.uint64(_WEIGHT_BITS)
    wide |= np.repeat(table.weights[baskets], sizes)
    wide.sort()
    key = (wide >> np.uint64(_WEIGHT_BITS)).astype(np.uint32)
    edge = _edges(key)
    weight = wide & np.uint64((1 << _WEIGHT_BITS) - 1)
    summed = np.add.reduceat(weight, edge) if len(edge) else weight
    return key[edge], np.diff(edge, append=len(key)), (summed / table.scale).astype(np.float32)


def _edges(key: NDArray[np.uint32]) -> Ints:
    """Where each run of equal numbers begins."""
    return np.flatnonzero(np.concatenate([np.ones(min(len(key), 1), bool), key[1:] != key[:-1]]))
