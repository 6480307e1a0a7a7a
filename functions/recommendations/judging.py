"""How good lists are: NDCG, recall, hit rate, reciprocal rank, coverage, with bootstrap intervals over buyers.

NDCG@k is over the ideal of min(k, targets) (Järvelin & Kekäläinen 2002), recall@k is hits over targets, HR@k
is any hit, MRR@k one over the place of the first hit; each is averaged over cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.recommendations.cases import Cases
from functions.recommendations.sales import Floats, Ints, Scores

CELLS = 8_000_000
"""Scores held at a time (cases x products)."""
RESAMPLES = 1_000

type Scoring = Callable[[Cases], Scores]
"""Scores of some cases (cases, products), before anything is blocked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One model's lists on some cases; every array is one value a case. ``shown`` is (products,): how often."""

    ndcg: Floats
    recall: Floats
    hit: Floats
    reciprocal: Floats
    shown: Ints

    @property
    def coverage(self) -> float:
        """Share of all products that are in anybody's list."""
        return float((self.shown > 0).mean()) if len(self.shown) else 0.0


def judge(scoring: Scoring, cases: Cases, items: int, *, k: int = 10, seed: int = 0) -> Judged:
    """Rank every product for every case, blocked ones out, ties at random with a fixed seed."""
    random = np.random.default_rng(seed)
    size = max(1, CELLS // max(items, 1))
    lists = [best(scoring(block), block, min(k, items), random) for block in cases.blocks(size)]
    return judge_lists(np.concatenate(lists) if lists else np.zeros((0, k), np.int64), cases, items)


def judge_lists(lists: Ints, cases: Cases, items: int) -> Judged:
    """Figures of lists (cases, k), -1 where they are shorter."""
    k = lists.shape[1]
    wanted = cases.target_row * items + cases.targets
    hits = np.isin(np.arange(len(cases))[:, None] * items + lists, wanted) & (lists >= 0)
    count = np.diff(cases.target_starts)
    gains = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gains)])[np.minimum(count, k)]
    first = np.where(hits.any(1), 1.0 / (hits.argmax(1) + 1.0), 0.0)
    return Judged(
        ndcg=hits @ gains / ideal, recall=hits.sum(1) / count, hit=hits.any(1).astype(np.float64), reciprocal=first,
        shown=np.bincount(lists[lists >= 0], minlength=items),
    )  # fmt: skip


def best(scores: Scores, cases: Cases, k: int, random: np.random.Generator) -> Ints:
    """The k best products of each case (cases, k), ties at random, -1 where fewer are allowed."""
    allowed = scores.astype(np.float32)
    allowed[cases.blocked_row, cases.blocked] = -np.inf
    last = np.partition(allowed, -k, axis=1)[:, -k]
    row, item = np.nonzero(allowed >= np.maximum(last, np.finfo(np.float32).min)[:, None])
    order = np.lexsort((random.random(len(row)), -allowed[row, item], row))
    row, item = row[order], item[order]
    rank = np.arange(len(row)) - np.searchsorted(row, np.arange(len(cases)))[row]
    lists = np.full((len(cases), k), -1, np.int64)
    lists[row[rank < k], rank[rank < k]] = item[rank < k]
    return lists


def interval(values: Floats, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean (percentiles of resampled means; Efron 1979); (0, 0) of nothing."""
    if not len(values):
        return 0.0, 0.0
    low, high = np.quantile(_resampled(values, seed), [0.025, 0.975])
    return float(low), float(high)


def _resampled(values: Floats, seed: int) -> NDArray[np.float64]:
    """Means of RESAMPLES samples with replacement, by Poisson counts, which need no list of places."""
    random = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    for place in range(RESAMPLES):
        counts = random.poisson(1.0, len(values))
        means[place] = counts @ values / max(int(counts.sum()), 1)
    return means
