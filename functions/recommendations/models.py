"""A trained model: tables, how a buyer's past is read into them, product vectors, and one weight for each.

Every candidate, from popularity to the blend, is one of these; only its weights differ. The scoring graph computes
the same sums for one request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from functions.recommendations.batch import Reading, spread
from functions.recommendations.cases import Cases
from functions.recommendations.sales import Floats, Ints, Scores
from functions.recommendations.scoring import Channel, Request, Scorer
from functions.recommendations.tables import Table
from functions.recommendations.vectors import BUYER, OWN, PRODUCT, Vectors, buyers, own

FLOOR = 0.1
"""What is added before the logarithm of a channel's score in root mean squares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each part of a model counts.

    ``channels`` is (linear, logarithmic) of each; ``mixing`` (BUYER, PRODUCT), ``own`` (OWN,), ``country`` one.
    """

    channels: Sequence[tuple[float, float]] = ()
    mixing: Scores = field(default_factory=lambda: np.zeros((len(BUYER), len(PRODUCT)), np.float32))
    own: Scores = field(default_factory=lambda: np.zeros(len(OWN), np.float32))
    country: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """``tables`` and ``readings`` have one entry a channel; the same table may serve several."""

    name: str
    tables: Sequence[Table]
    readings: Sequence[Reading]
    weights: Weights
    known: Vectors

    @property
    def items(self) -> int:
        """How many products."""
        return int(self.known.values.shape[1])

    def scores(self, cases: Cases) -> Scores:
        """(cases, products)."""
        total = self.context(cases) @ self.known.values
        for table, reading, (linear, log) in zip(self.tables, self.readings, self.weights.channels, strict=True):
            value = scaled(spread(table, cases, reading.weights(cases)))
            total += value * np.float32(linear)
            if log:
                total += lifted(value) * np.float32(log)
        if self.weights.own.any():
            np.add.at(total, (cases.row, cases.items), self.owning(cases))
        return total

    def context(self, cases: Cases) -> Scores:
        """What each product vector and each country counts for each case: (cases, vectors)."""
        mixed = np.zeros((len(cases), self.weights.mixing.shape[1]), np.float32)
        if self.weights.mixing.any():
            mixed = buyers(self.known, cases) @ self.weights.mixing
        at_home = (cases.country[:, None] == self.known.countries) * np.float32(self.weights.country)
        return np.concatenate([mixed, at_home], axis=1).astype(np.float32)

    def owning(self, cases: Cases) -> Scores:
        """What each line of the past adds to its own product: (lines,)."""
        if not self.weights.own.any():
            return np.zeros(len(cases.items), np.float32)
        return (own(self.known, cases) @ self.weights.own).astype(np.float32)

    def request(self, case: Cases) -> Request:
        """One case as the graph wants it."""
        weights = [reading.weights(case) for reading in self.readings]
        stacked = np.stack(weights) if weights else np.zeros((0, len(case.items)))
        return Request(
            items=case.items, weights=stacked.astype(np.float32), own=self.owning(case),
            context=self.context(case)[0], blocked=case.blocked,
        )  # fmt: skip

    def scorer(self) -> Scorer:
        """The arrays of the graph; tables that serve several channels are there once."""
        distinct = list({id(table): table for table in self.tables}.values())
        places = [next(p for p, one in enumerate(distinct) if one is table) for table in self.tables]
        return Scorer(
            tables=distinct, vectors=self.known.values, floor=FLOOR,
            channels=[
                Channel(table=place, linear=linear, log=log)
                for place, (linear, log) in zip(places, self.weights.channels, strict=True)
            ],
        )  # fmt: skip


def scaled(scores: Scores) -> Scores:
    """Scores over their root mean square, case by case, which does not grow with the length of a past."""
    size = np.sqrt(np.mean(scores * scores, axis=1, keepdims=True)) + np.float32(1e-6)
    return (scores / size).astype(np.float32)


def lifted(scores: Scores) -> Scores:
    """ln(max(score, 0) + FLOOR)."""
    return np.log(np.maximum(scores, np.float32(0)) + np.float32(FLOOR)).astype(np.float32)


def one_case(items: Ints, *, age: Floats | None = None, step: Ints | None = None, country: int = -1,
             blocked: NDArray[np.int64] | None = None) -> Cases:  # fmt: skip
    """A request as a case without answers; by default everything is at hand now, and is not shown again."""
    out = items if blocked is None else blocked
    none = np.zeros(2, np.int64)
    return Cases(
        starts=np.array([0, len(items)]), items=items,
        age=np.zeros(len(items)) if age is None else age,
        step=np.zeros(len(items), np.int64) if step is None else step,
        target_starts=none, targets=np.empty(0, np.int64),
        blocked_starts=np.array([0, len(out)]), blocked=out, country=np.array([country]),
    )  # fmt: skip
