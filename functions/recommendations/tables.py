"""Item-to-item tables: row i names the products that product i speaks for, and how strongly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.recommendations.neighbours import Neighbours
from functions.recommendations.sales import Scores


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
