"""EASE: each product foretold from all others by one ridge regression in closed form (Steck 2019).

With G the products' Gram matrix plus a ridge, P its inverse: B[i, j] = -P[i, j] / P[j, j], zero on the diagonal.
Up to ``DENSE`` products G is inverted whole, in place by halves (n^3 multiplications instead of the 8/3 n^3 of a
general solver). Past that each product is regressed on its strongest neighbours alone, which scales with the
number of products (neighbour selection before the regression: Ning & Karypis 2011, fsSLIM).

What products are called can stand beside what was bought as further rows of the same regression (collective EASE:
Jeunen, Van Balen & Goethals 2020): their inner products are added to G.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.recommendations.neighbours import Neighbours, neighbours
from functions.recommendations.pairs import ranked
from functions.recommendations.sales import Floats, Ints, Sales, Scores, once_per_buyer
from functions.recommendations.tables import Table, strongest

DENSE = 20_000
"""Products whose Gram matrix is inverted whole: 1.6 GB at float32, 2.5 GB at the peak."""
NEAREST = 40
"""Neighbours that a product is regressed on where there are more products than that."""
_LEAF = 512
_BATCH = 512
_CELLS = 20_000_000
"""Buyers x products made dense at a time."""


def ease(
    bought: Sales, *, ridge: float, half_life: float | None = None, k: int = 200, size_power: float = 0.0,
    rarity: float = 0.0, words: Scores | None = None, wording: float = 0.0,
) -> Table:  # fmt: skip
    """The k strongest weights of each product, negative ones too. Buyers are rows; a purchase counts once.

    With ``half_life`` (days) a purchase counts ``0.5 ** (age / half_life)``, and over its buyer's number of products
    to ``size_power``. ``words``, unit vectors (products, width), count ``wording`` purchases. Weights towards a
    product are over its own count to ``rarity``. Past ``DENSE`` products only ``ridge`` and ``k`` are heeded.
    """
    if bought.items > DENSE:
        return _local(bought, ridge, k)
    gram = _gram(_owned(bought, half_life, size_power), bought.items)
    common = (gram.diagonal() + np.float32(1)) ** np.float32(rarity)
    if words is not None and wording:
        _add_words(gram, words * np.float32(wording**0.5))
    gram[np.diag_indices_from(gram)] += np.float32(ridge)
    _invert(gram)
    return strongest(_weights(gram, common), bought.items, k)


def _add_words(gram: NDArray[np.float32], words: Scores) -> None:
    """A row for each word, some products at a time: a second matrix of all by all is never held."""
    for first in range(0, len(words), _BATCH):
        gram[first : first + _BATCH] += words[first : first + _BATCH] @ words.T


type _Owned = tuple[Ints, Ints, Scores]
"""Buyer, product and weight of each distinct pair, by buyer."""


def _owned(bought: Sales, half_life: float | None, size_power: float) -> _Owned:
    known = bought.where(bought.customer >= 0)
    pair = known.customer * bought.items + known.item
    # Lines are by time: among equal pairs the last of the reversed order's first is the newest purchase.
    distinct, place = np.unique(pair[::-1], return_index=True)
    age = (bought.last_day - known.day)[::-1][place]
    weight = np.ones(len(age)) if half_life is None else np.exp2(-age / half_life)
    buyer = distinct // bought.items
    if size_power:
        weight /= np.bincount(buyer)[buyer] ** size_power
    return buyer, distinct % bought.items, weight.astype(np.float32)


def _gram(owned: _Owned, items: int) -> NDArray[np.float32]:
    """Products' inner products over buyers: buyer by buyer where few products each, by dense blocks otherwise."""
    buyer, item, weight = owned
    starts = np.flatnonzero(np.concatenate([[True], buyer[1:] != buyer[:-1], [True]])) if len(buyer) else np.zeros(1)
    gram = np.zeros((items, items), np.float32)
    rows = max(1, _CELLS // items)
    for first in range(0, len(starts) - 1, rows):
        begin, end = int(starts[first]), int(starts[min(first + rows, len(starts) - 1)])
        sizes = np.diff(starts[first : first + rows + 1])
        if (sizes.astype(np.float64) ** 2).sum() * 40 < len(sizes) * float(items) ** 2:
            _add_pairs(gram, item[begin:end], weight[begin:end], sizes)
            continue
        dense = np.zeros((len(sizes), items), np.float32)
        dense[np.repeat(np.arange(len(sizes)), sizes), item[begin:end]] = weight[begin:end]
        gram += dense.T @ dense
    return gram


def _add_pairs(gram: NDArray[np.float32], item: Ints, weight: Scores, sizes: Ints) -> None:
    """Every pair of a buyer's products, a bounded number at a time."""
    flat, items = gram.reshape(-1), gram.shape[1]
    row = np.repeat(np.arange(len(sizes)), sizes)
    ends = np.cumsum(sizes)
    cost = np.cumsum(sizes[row])
    for part in np.split(np.arange(len(item)), np.searchsorted(cost, np.arange(5_000_000, cost[-1], 5_000_000))):
        reach = sizes[row[part]]
        own = np.repeat(part, reach)
        begin = (ends - sizes)[row[part]]
        tops = np.cumsum(reach)
        other = np.arange(tops[-1] if len(tops) else 0) + np.repeat(begin - (tops - reach), reach)
        np.add.at(flat, item[own] * items + item[other], weight[own] * weight[other])


def _invert(matrix: NDArray[np.float32]) -> None:
    """Invert a positive definite matrix in place, by halves and the Schur complement."""
    size = len(matrix)
    if size <= _LEAF:
        matrix[:] = np.linalg.inv(matrix.astype(np.float64))
        return
    half = size // 2
    a, b, d = matrix[:half, :half], matrix[:half, half:], matrix[half:, half:]
    _invert(a)
    ab = a @ b
    d -= b.T @ ab
    _invert(d)
    np.matmul(ab, -d, out=b)
    a -= b @ ab.T
    matrix[half:, :half] = b.T


def _weights(inverse: NDArray[np.float32], common: Scores) -> Callable[[int, int], Scores]:
    """Rows ``first`` to ``last`` of B, each column over ``common``, made when asked for."""
    diagonal = inverse.diagonal() * common

    def rows(first: int, last: int) -> Scores:
        part = -inverse[first:last] / diagonal
        part[np.arange(last - first), np.arange(first, last)] = 0.0
        return part

    return rows


def _local(bought: Sales, ridge: float, k: int) -> Table:
    """Each product regressed on its nearest alone, many products at a time; purchases count once, whatever their age.

    What two of the nearest share is looked up in both their neighbour lists; what stands in neither counts as nothing.
    """
    near = neighbours(once_per_buyer(bought), k=min(NEAREST, bought.items - 1), shrink=1.0)
    source, place = np.nonzero(near.items >= 0)
    key = source * bought.items + near.items[source, place]
    order = np.argsort(key)
    shared = _Shared(key[order], near.together[source, place][order].astype(np.float64), bought.items)
    weights = np.zeros(near.items.shape)
    for first in range(0, bought.items, _BATCH):
        part = near.items[first : first + _BATCH].astype(np.int64)
        weights[first : first + len(part)] = _regressed(near, part, first, shared, ridge)
    return ranked(near.items[source, place].astype(np.int64), source, weights[source, place], bought.items, k)


@dataclass(frozen=True, slots=True)
class _Shared:
    """Buyers of both, by sorted key (product x products + other)."""

    keys: Ints
    counts: Floats
    items: int

    def of(self, one: Ints, other: Ints) -> Floats:
        """Buyers of both where either names the other as its neighbour, else 0."""
        return np.maximum(self._of(one, other), self._of(other, one))

    def _of(self, one: Ints, other: Ints) -> Floats:
        wanted = one * self.items + other
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[place] == wanted, self.counts[place], 0.0)


def _regressed(near: Neighbours, part: Ints, first: int, shared: _Shared, ridge: float) -> Floats:
    """Weights of each product's neighbours in its own regression: (part, neighbours)."""
    known = part >= 0
    items = np.maximum(part, 0)
    both = known[:, :, None] & known[:, None, :]
    gram = np.where(both, shared.of(items[:, :, None], items[:, None, :]), 0.0)
    size = np.arange(part.shape[1])
    gram[:, size, size] = np.where(known, near.baskets[items], 0.0) + ridge
    own = np.arange(first, first + len(part))[:, None]
    goal = np.where(known, near.together[own, size[None, :]], 0.0)
    return np.linalg.solve(gram, goal[:, :, None])[:, :, 0]
