"""Features that are looked at together, and which pairs deserve it (a coarse search as in GA2M's FAST)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from functions.screening.columns import Binned, Column, Floats, Ints

PAIR_BINS: Final = 8


@dataclass(frozen=True, slots=True)
class Group:
    """Features looked at together, on coarser bins."""

    features: tuple[int, ...]
    folded: tuple[Ints, ...]
    """Of each feature: coarse bin by bin; bin 0, what is not known, is a coarse bin of its own."""

    @property
    def widths(self) -> tuple[int, ...]:
        """Coarse bins of each feature."""
        return tuple(int(one.max()) + 1 for one in self.folded)

    @property
    def size(self) -> int:
        """Number of cells."""
        return int(np.prod(self.widths))

    def cells(self, data: Binned) -> Ints:
        """(rows,): the last feature's coarse bins lie next to each other."""
        found = np.zeros(data.bins.shape[1], np.intp)
        for feature, folded, width in zip(self.features, self.folded, self.widths, strict=True):
            found = found * width + folded[data.bins[feature]]
        return found


def find_pairs(data: Binned, gradient: Floats, curvature: Floats, among: Sequence[int], most: int) -> list[Group]:
    """The pairs that explain most of what the main terms leave over."""
    folded = {one: _folded(data.columns[one], data.bins[one]) for one in among}
    found = []
    for first, second in combinations(among, 2):
        pair = Group((first, second), (folded[first], folded[second]))
        cells = pair.cells(data)
        g, h = (np.bincount(cells, one, pair.size).reshape(pair.widths) for one in (gradient, curvature))
        found.append((_interaction(g, h), first, second, pair))
    return [pair for *_, pair in sorted(found, key=lambda one: -one[0])[:most]]


def _interaction(g: Floats, h: Floats) -> float:
    """What cells explain beyond their row and column."""
    cells = float((g**2 / (h + 4)).sum())
    return cells - float((g.sum(0) ** 2 / (h.sum(0) + 4)).sum()) - float((g.sum(1) ** 2 / (h.sum(1) + 4)).sum())


def _folded(column: Column, bins: Ints) -> Ints:
    """Coarse bins of about equal size; what is not known stays apart."""
    count = np.bincount(bins, minlength=column.bins).astype(float)
    count[0] = 0
    share = (np.cumsum(count) - count / 2) / max(1.0, count.sum())
    coarse = 1 + np.minimum((share * PAIR_BINS).astype(np.int64), PAIR_BINS - 1)
    coarse[0] = 0
    return np.unique(coarse, return_inverse=True)[1].astype(np.int64)
