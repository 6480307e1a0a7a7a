"""Values as bins, for learning: numbers between cuts, categories by code, bin 0 for what is not known.

Cuts are quantiles together with evenly spaced points and with the far quantiles of both tails: quantiles alone
cannot see the tail of the amounts. Cuts are float32, as the graph compares them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 48
"""About so many bins for a number with many values."""
LEAST: Final = 8
"""A category met less often shares the last code with the unknown ones; a tail bin holds at least so many."""
MOST_CATEGORIES: Final = 60
ORDERED_FROM: Final = 1_000
"""Frauds from which on categories are put in order by their share of fraud; with fewer that order is mostly chance,
trees would take chance for a sign, and rows left out, whose labels are in that order, would agree with them. They are
ordered by how usual they are instead."""
_TAIL: Final = (0.001, 0.0025, 0.005, 0.01, 0.99, 0.995, 0.9975, 0.999, 0.9995)

type Floats = NDArray[np.float64]
type Ints = NDArray[np.intp]
type Bins = NDArray[np.uint8 | np.uint16]
"""As bins are kept: a byte each, for files of hundreds of columns and as many thousand rows."""
type Values = NDArray[Any]
"""One column: float64 with NaN, or objects (text or None)."""


@dataclass(frozen=True, slots=True)
class Column:
    """How one column becomes bins."""

    name: str
    cuts: NDArray[np.float32]
    """Ascending; value <= cuts[i] and > cuts[i-1] is bin i+1. For categories: code + .5 between codes."""
    categories: tuple[str, ...] | None = None
    """By code, in order of the share of fraud in training, or of frequency: a cut between codes means something."""
    direction: int = 0

    @property
    def bins(self) -> int:
        """How many, bin 0 (not known) among them."""
        return len(self.cuts) + 2

    def numbers(self, values: Values) -> NDArray[np.float32]:
        """As the graph takes them: numbers, codes, NaN."""
        if self.categories is None:
            return np.where(np.isfinite(values.astype(np.float64)), values, np.nan).astype(np.float32)
        codes = {value: float(code) for code, value in enumerate(self.categories)}
        last = float(len(self.categories))
        found = [np.nan if _nothing(value) else codes.get(str(value), last) for value in values.tolist()]
        return np.array(found, np.float32)

    def binned(self, numbers: NDArray[np.float32]) -> Ints:
        """Bins of what ``numbers`` gave."""
        places = np.searchsorted(self.cuts, np.nan_to_num(numbers), side="left").astype(np.int64) + 1
        return np.where(np.isnan(numbers), 0, places)


def column(name: str, values: Values, label: Floats, *, bins: int = BINS, direction: int = 0) -> Column:
    """Look at training values; ``label`` orders categories and nothing else."""
    if values.dtype.kind in "fiub":
        return Column(name, _cuts(values.astype(np.float64), bins), None, direction)
    categories = _categories(values, label)
    return Column(name, (np.arange(len(categories)) + 0.5).astype(np.float32), categories)


def _cuts(values: Floats, bins: int) -> NDArray[np.float32]:
    known = values[np.isfinite(values)].astype(np.float32)
    distinct, counts = np.unique(known, return_counts=True)
    if len(distinct) < 2:
        return np.zeros(0, np.float32)
    if len(distinct) <= bins:
        return _between(distinct[:-1], distinct[1:])
    quantiles = np.quantile(known, np.linspace(0, 1, bins * 2 // 3 + 1)[1:-1])
    low, high = np.quantile(known, [0.005, 0.995])
    even = np.linspace(low, high, bins // 4 + 1)[1:-1]
    wanted = np.unique(np.concatenate([quantiles, even, np.quantile(known, _TAIL)]))
    places = np.unique(np.searchsorted(distinct, wanted.astype(np.float32), side="right"))
    places = places[(places > 0) & (places < len(distinct))]
    return _full(_between(distinct[places - 1], distinct[places]), distinct, counts)


def _between(low: NDArray[np.float32], high: NDArray[np.float32]) -> NDArray[np.float32]:
    middle = (low.astype(np.float64) + high.astype(np.float64)) / 2
    cuts = np.minimum(middle.astype(np.float32), np.nextafter(high, np.float32(-np.inf)))
    return np.unique(np.maximum(cuts, low))


def _full(cuts: NDArray[np.float32], distinct: NDArray[np.float32], counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Without cuts that would leave a bin nearly empty."""
    below = np.concatenate([[0], np.cumsum(counts)])[np.searchsorted(distinct, cuts, side="right")]
    kept, last = [], 0
    for cut, count in zip(cuts, below, strict=True):
        if count - last >= LEAST and below_total(counts) - count >= LEAST:
            kept.append(cut)
            last = int(count)
    return np.array(kept, np.float32)


def below_total(counts: NDArray[np.int64]) -> int:
    """How many values there are."""
    return int(counts.sum())


def _categories(values: Values, label: Floats) -> tuple[str, ...]:
    text = np.array(["" if _nothing(value) else str(value) for value in values.tolist()], object)
    rate = float(label.mean()) if len(label) else 0.0
    seen: dict[str, tuple[int, float]] = {}
    for value, one in zip(text.tolist(), label.tolist(), strict=True):
        count, bad = seen.get(value, (0, 0.0))
        seen[value] = (count + 1, bad + one)
    seen.pop("", None)
    usual = sorted(seen, key=lambda value: -seen[value][0])[:MOST_CATEGORIES]
    kept = [value for value in usual if seen[value][0] >= LEAST]
    if label.sum() < ORDERED_FROM:
        return tuple(kept)
    return tuple(sorted(kept, key=lambda value: ((seen[value][1] + 20 * rate) / (seen[value][0] + 20), value)))


def _nothing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and value != value)


@dataclass(frozen=True, slots=True)
class Binned:
    """A table ready to learn from."""

    columns: tuple[Column, ...]
    bins: Bins
    """(columns, rows)"""

    def rows(self, chosen: NDArray[Any]) -> "Binned":
        """Some of the rows."""
        return Binned(self.columns, self.bins[:, chosen])


def bin_table(columns: Sequence[Column], table: Mapping[str, Values]) -> Binned:
    """Bins of a table by column name."""
    wide = np.uint16 if any(one.bins > 256 for one in columns) else np.uint8
    rows = len(next(iter(table.values()))) if table else 0
    found: Bins = np.empty((len(columns), rows), wide)
    for place, one in enumerate(columns):
        found[place] = one.binned(one.numbers(table[one.name]))
    return Binned(tuple(columns), found)
