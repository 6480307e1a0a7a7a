"""Many buyers' scores at once, by the same sums as the scoring graph (in float64, where the graph has float32)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from functions.recommendations.cases import Cases
from functions.recommendations.sales import Floats, Scores
from functions.recommendations.tables import Table

_PARTS = 20_000_000
"""Table entries added up at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How much a line of a buyer's past weighs: halved every ``half_life`` days, times ``fade`` per basket back."""

    half_life: float | None = None
    fade: float = 1.0

    def weights(self, cases: Cases) -> Floats:
        """(lines,)."""
        weight = np.ones(len(cases.items)) if self.fade == 1.0 else self.fade ** cases.step.astype(np.float64)
        if self.half_life is not None:
            weight *= np.exp2(-cases.age / self.half_life)
        return weight


def spread(table: Table, cases: Cases, weights: Floats) -> Scores:
    """Each line's row of the table times its weight, added up: (cases, products)."""
    products = len(table.items)
    total = np.zeros(len(cases) * (products + 1))
    base = cases.row * (products + 1)
    lines = max(1, _PARTS // max(table.items.shape[1], 1))
    for first in range(0, len(base), lines):
        part = slice(first, first + lines)
        near = table.items[cases.items[part]].astype(np.int64)
        # A pad of -1 falls into the last place, as it does in the graph.
        place = base[part, None] + np.where(near < 0, products, near)
        value = table.weights[cases.items[part]].astype(np.float64) * weights[part, None]
        total += np.bincount(place.ravel(), weights=value.ravel(), minlength=len(total))
    return total.reshape(len(cases), products + 1)[:, :products].astype(np.float32)
