"""An additive model by boosting: one small step tree per feature and turn, round after round.

    logit(row) = intercept + f1(x1) + f2(x2) + … + pairs        each f is a table over bins

Explainable boosting after Lou, Caruana & Gehrke (2012) and Lou et al. (2013, "GA2M"), in numpy, with steps bound to
rise or fall where common sense says so. Every model is a bag: it learns on some of the identities and is judged
on the rest, so that every row has a score from models that never saw its identity.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from functions.screening.columns import Binned, Column, Floats, Ints

PAIR_BINS: Final = 8
_BLOCK: Final = 6
"""So many features take their step from the same gradient: three times as fast, and as good at small steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast and how freely to learn."""

    rate: float = 0.04
    rounds: int = 300
    every: int = 10
    """Rounds between two looks at the rows left out."""
    penalty: float = 2.0
    """Added to each leaf's curvature."""
    pair_penalty: float = 10.0
    """The same for each cell of a pair, of which there are many, and for each category: half of it."""
    least_rows: int = 12
    patience: int = 6
    """Looks without progress after which a bag stops."""
    trusted: int = 3
    """Looks that are taken on trust: with a handful of frauds the rows left out cannot tell when to stop."""
    pairs: int = 0
    scouted: int = 1_000
    """Rounds after which pairs are looked for, at most."""
    share: float = 1.0
    """Of the features, drawn anew each round."""


@dataclass(frozen=True, slots=True)
class Path:
    """What one bag learned, look by look."""

    tables: list[list[Floats]]
    """[look][term](bins,), of main terms, then of pairs (flattened)."""
    left_out: list[Floats]
    """[look](rows left out,): logits."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two features looked at together, on coarser bins."""

    first: int
    second: int
    folded_first: Ints
    """Coarse bin by bin."""
    folded_second: Ints

    @property
    def size(self) -> int:
        """Number of cells."""
        return (int(self.folded_first.max()) + 1) * self.width

    @property
    def width(self) -> int:
        """Coarse bins of the second feature."""
        return int(self.folded_second.max()) + 1

    def cells(self, data: Binned) -> Ints:
        """(rows,)"""
        first, second = self.folded_first[data.bins[self.first]], self.folded_second[data.bins[self.second]]
        return np.asarray(first * self.width + second)


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -35, 35))))


def boost(
    data: Binned, label: Floats, start: Floats, inside: NDArray[np.bool_], pace: Pace, seed: int,
    pairs: Sequence[Pair] = (), shift: float = 0.0,
) -> Path:  # fmt: skip
    """One bag. ``start`` holds the logits to begin with (an intercept, or another model's opinion); ``shift`` is by
    how much more often the rows inside are fraud."""
    rng = np.random.default_rng(seed)
    terms = [*data.bins, *(pair.cells(data) for pair in pairs)]
    sizes = [*(one.bins for one in data.columns), *(pair.size for pair in pairs)]
    steps: list[Callable[[Floats, Floats, Ints], Floats]] = [_stepper(one, pace) for one in data.columns]
    steps += [lambda g, h, _: _ridge(g, h, pace.pair_penalty) for _ in pairs]
    bins = [one[inside] for one in terms]
    counts = [np.bincount(one, minlength=size) for one, size in zip(bins, sizes, strict=True)]
    logit, y = start[inside] + shift, label[inside]
    tables = [np.zeros(size) for size in sizes]
    path = Path([[table.copy() for table in tables]], [start[~inside].copy()])
    outside = [one[~inside] for one in terms]
    best, since = np.inf, 0
    for turn in range(1, pace.rounds + 1):
        order = rng.permutation(len(terms))[: max(1, round(pace.share * len(terms)))]
        for begin in range(0, len(order), _BLOCK):
            p = sigmoid(logit)
            g, h = p - y, p * (1 - p)
            for term in order[begin : begin + _BLOCK]:
                size, index = sizes[term], bins[term].astype(np.intp)
                gradient = np.bincount(index, g, size)
                curvature = np.bincount(index, h, size)
                step = pace.rate * steps[term](gradient, curvature, counts[term])
                if step.any():
                    tables[term] += step
                    logit += step[index]
        if turn % pace.every == 0:
            out = start[~inside] + sum(table[b] for table, b in zip(tables, outside, strict=True))
            path.tables.append([table.copy() for table in tables])
            path.left_out.append(out)
            loss = log_loss(label[~inside], out)
            best, since = (loss, 0) if loss < best - 1e-6 else (best, since + 1)
            if since >= pace.patience:
                break
    return path


def log_loss(label: Floats, logit: Floats) -> float:
    """Mean negative log likelihood, in nats a row."""
    return float(np.mean(np.logaddexp(0, logit) - label * logit)) if len(label) else 0.0


def _stepper(column: Column, pace: Pace) -> Callable[[Floats, Floats, Ints], Floats]:
    if column.categories is not None:
        return lambda g, h, _: _ridge(g, h, pace.pair_penalty / 2)
    return lambda g, h, n: _step(g, h, n, column.direction, pace)


def _ridge(gradient: Floats, curvature: Floats, penalty: float) -> Floats:
    """Each bin its own value, pulled to nothing: for categories and pairs."""
    return np.asarray(-gradient / (curvature + penalty))


def _step(gradient: Floats, curvature: Floats, count: Ints, direction: int, pace: Pace) -> Floats:
    """A step function of up to three levels over the known bins, and a value of its own for the unknown."""
    step = np.zeros(len(gradient))
    if count[0] >= pace.least_rows:
        step[0] = -gradient[0] / (curvature[0] + pace.penalty)
    g, h, n = gradient[1:], curvature[1:], count[1:]
    first = _split(g, h, n, direction, pace)
    if first is None:
        step[1:] = -g.sum() / (h.sum() + pace.penalty) if count[0] else 0.0
        return step
    left = _split(g[:first], h[:first], n[:first], direction, pace)
    right = _split(g[first:], h[first:], n[first:], direction, pace)
    edges = [0, first, len(g)]
    if left is not None or right is not None:
        gain_left = _gain(g[:first], h[:first], left, pace)
        gain_right = _gain(g[first:], h[first:], right, pace)
        edges = (
            [0, int(left or 0), first, len(g)]
            if gain_left > gain_right
            else [0, first, first + int(right or 0), len(g)]
        )
    levels = _levels(g, h, edges, pace)
    if direction and np.any(np.diff(levels) * direction < 0):
        edges = [0, first, len(g)]
        levels = _levels(g, h, edges, pace)
    step[1:] = np.repeat(levels, np.diff(edges))
    return step


def _levels(g: Floats, h: Floats, edges: Sequence[int], pace: Pace) -> Floats:
    sums, curves = np.add.reduceat(g, edges[:-1]), np.add.reduceat(h, edges[:-1])
    return np.asarray(-sums / (curves + pace.penalty))


def _split(g: Floats, h: Floats, n: Ints, direction: int, pace: Pace) -> int | None:
    """Before which bin to split, or None."""
    if len(g) < 2:
        return None
    gl, hl, nl = np.cumsum(g)[:-1], np.cumsum(h)[:-1], np.cumsum(n)[:-1]
    gt, ht, nt = float(g.sum()), float(h.sum()), int(n.sum())
    gr, hr = gt - gl, ht - hl
    gain = gl**2 / (hl + pace.penalty) + gr**2 / (hr + pace.penalty)
    allowed = (nl >= pace.least_rows) & (nt - nl >= pace.least_rows)
    if direction:
        rise = gl / (hl + pace.penalty) - gr / (hr + pace.penalty)
        allowed &= rise * direction >= 0
    if not allowed.any():
        return None
    place = int(np.argmax(np.where(allowed, gain, -1.0)))
    return place + 1 if gain[place] > gt**2 / (ht + pace.penalty) + 1e-9 else None


def _gain(g: Floats, h: Floats, place: int | None, pace: Pace) -> float:
    if place is None:
        return -1.0
    gl, hl = float(g[:place].sum()), float(h[:place].sum())
    gt, ht = float(g.sum()), float(h.sum())
    whole = gt**2 / (ht + pace.penalty)
    return gl**2 / (hl + pace.penalty) + (gt - gl) ** 2 / (ht - hl + pace.penalty) - whole


def find_pairs(data: Binned, label: Floats, logit: Floats, among: Sequence[int], most: int) -> list[Pair]:
    """The pairs that explain most of what the main terms leave over (a coarse search as in GA2M's FAST)."""
    p = sigmoid(logit)
    g, h = p - label, p * (1 - p)
    folded = {one: _folded(data.columns[one], data.bins[one]) for one in among}
    found = []
    for first, second in combinations(among, 2):
        pair = Pair(first, second, folded[first], folded[second])
        cells = pair.cells(data)
        gain = _interaction(np.bincount(cells, g, pair.size), np.bincount(cells, h, pair.size), pair.width)
        found.append((gain, first, second, pair))
    return [pair for *_, pair in sorted(found, key=lambda one: -one[0])[:most]]


def _interaction(g: Floats, h: Floats, width: int) -> float:
    """What cells explain beyond their row and column."""
    g2, h2 = g.reshape(-1, width), h.reshape(-1, width)
    cells = float((g2**2 / (h2 + 4)).sum())
    return cells - float((g2.sum(0) ** 2 / (h2.sum(0) + 4)).sum()) - float((g2.sum(1) ** 2 / (h2.sum(1) + 4)).sum())


def _folded(column: Column, bins: Ints) -> Ints:
    """Coarse bins of about equal size; what is not known stays apart."""
    count = np.bincount(bins, minlength=column.bins).astype(float)
    count[0] = 0
    share = (np.cumsum(count) - count / 2) / max(1.0, count.sum())
    coarse = 1 + np.minimum((share * PAIR_BINS).astype(np.int64), PAIR_BINS - 1)
    coarse[0] = 0
    return np.unique(coarse, return_inverse=True)[1].astype(np.int64)
