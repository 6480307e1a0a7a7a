"""Item-to-item tables: row i names the products that product i speaks for, and how strongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.recommendations.neighbours import Neighbours
from functions.recommendations.sales import Scores

_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``items`` int32 (products, k), -1 pads; ``weights`` float16 (products, k), 0 where padded."""

    items: NDArray[np.int32]
    weights: NDArray[np.float16]


def of_neighbours(near: Neighbours) -> Table:
    """A neighbour table as it is."""
    return halved(near.items, near.scores)


def halved(items: NDArray[np.int32], weights: Scores) -> Table:
    """Store weights as float16, scaled so that the largest is 1 (ranking does not see the scale)."""
    largest = float(np.abs(weights).max(initial=0.0)) or 1.0
    return Table(items=items.astype(np.int32), weights=(weights / np.float32(largest)).astype(np.float16))


def strongest(rows: Callable[[int, int], Scores], items: int, k: int) -> Table:
    """The k largest weights by size of each row; ``rows(first, last)`` makes rows when they are asked for."""
    width = min(k, max(items - 1, 1))
    found = np.full((items, width), -1, np.int32)
    weights = np.zeros((items, width), np.float32)
    for first in range(0, items, _ROWS):
        part = rows(first, min(first + _ROWS, items))
        near = np.argpartition(-np.abs(part), width - 1, axis=1)[:, :width]
        value = np.take_along_axis(part, near, axis=1)
        order = np.argsort(-np.abs(value), axis=1, kind="stable")
        value = np.take_along_axis(value, order, axis=1)
        weights[first : first + len(part)] = value
        found[first : first + len(part)] = np.where(value != 0, np.take_along_axis(near, order, axis=1), -1)
    return halved(found, weights)
