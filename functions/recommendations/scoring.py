"""The numpy reference of the scoring graph: the same sums in the same order, for tests, training and backtests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.recommendations.sales import Floats, Ints, Scores
from functions.recommendations.tables import Table

BLOCKED = np.float32(-1e30)
"""The score of a product that must not be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One table read with one row of weights: ``linear * z + log * ln(max(z, 0) + floor)``; ``raw`` skips z."""

    table: int
    linear: float
    log: float = 0.0
    raw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """Tables, how they are read, and item vectors (terms, products) that a request's context weighs."""

    tables: Sequence[Table]
    channels: Sequence[Channel]
    vectors: Scores
    floor: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is known of the buyer or the product at hand.

    ``items`` (n,), ``weights`` (channels, n), ``own`` (n,): what owning each item adds to its own score,
    ``context`` (terms,), ``blocked`` (m,): products that must not be shown.
    """

    items: Ints
    weights: Scores
    own: Scores
    context: Scores
    blocked: Ints

    def inputs(self, k: int) -> dict[str, NDArray[np.generic]]:
        """As the graph wants them."""
        return {
            "items": self.items,
            "weights": self.weights,
            "own": self.own,
            "context": self.context,
            "blocked": self.blocked,
            "k": np.array([k], np.int64),
        }


def top(scorer: Scorer, request: Request, k: int) -> tuple[Ints, Scores]:
    """The k best products and their scores, ties by the lower index; blocked ones come with ``BLOCKED``."""
    score = total(scorer, request)
    score[request.blocked] = BLOCKED
    order = np.argsort(-score, kind="stable")[:k]
    return order.astype(np.int64), score[order]


def total(scorer: Scorer, request: Request) -> Scores:
    """Every product's score, before anything is blocked: sums of tables in float32, all else in float64."""
    products = scorer.vectors.shape[1]
    own = np.zeros(products + 1, np.float32)
    np.add.at(own, request.items, request.own)
    score: Floats = request.context.astype(np.float64) @ scorer.vectors.astype(np.float64) + own[:products]
    for place, channel in enumerate(scorer.channels):
        value = _spread(scorer.tables[channel.table], request.items, request.weights[place], products)
        wide = value.astype(np.float64)
        if not channel.raw:
            wide = wide / (np.sqrt(np.mean(wide * wide)) + 1e-6)
        score = score + wide * channel.linear
        if channel.log:
            score = score + np.log(np.maximum(wide, 0.0) + scorer.floor) * channel.log
    return score.astype(np.float32)


def _spread(table: Table, items: Ints, weights: Scores, products: int) -> Scores:
    """Each item's row times its weight, added up over products; the last place catches the padding."""
    padded = np.zeros(products + 1, np.float32)
    parts = table.weights[items].astype(np.float32) * weights[:, None]
    np.add.at(padded, table.items[items].ravel(), parts.ravel())
    return padded[:products]
