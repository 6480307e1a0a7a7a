"""Boosted trees in numpy: the challenger of the additive model, where a shop has labels enough.

Histogram trees grown level by level (Chen & Guestrin 2016, "XGBoost"; the larger child's sums are its parent's less
its sibling's, as in Ke et al. 2017, "LightGBM"), columns and rows drawn anew for every tree, unknown values sent to
whichever side they fit better. A leaf's value is told apart by the splits on its path (Saabas 2014), so that reasons
add up to the logit exactly; which of two intertwined features gets the credit hangs on the order of the splits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from functions.screening.boosting import log_loss, sigmoid
from functions.screening.columns import Binned, Bins, Floats, Ints

NONE: Final = -1
_LEAST_GAIN: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How trees grow."""

    rate: float = 0.06
    trees: int = 400
    every: int = 20
    depth: int = 5
    penalty: float = 3.0
    least_rows: int = 10
    """0 leaves it to the curvature, and is a third faster."""
    least_curvature: float = 0.5
    columns: float = 0.4
    """Share of the columns, drawn for each tree."""
    rows: float = 0.7
    """Share of the rows, drawn for each tree."""
    patience: int = 5
    trusted: int = 3
    """Looks that are taken on trust: with a handful of frauds the rows left out cannot tell when to stop."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes in level order; children of node i are ``left[i]`` and ``left[i] + 1``, a leaf has none (-1)."""

    column: Ints
    cut: Ints
    """Bins up to this one go left; the column's last bin: all that is known does."""
    unknown_left: NDArray[np.bool_]
    left: Ints
    value: Floats
    """What every node would say if it were a leaf, the learning rate in it."""
    gain: Floats
    """What the node's split took off the loss it was grown on (twice that, as in XGBoost); 0 of a leaf."""

    def leaves(self, data: Binned) -> Ints:
        """The leaf of each row."""
        at = np.zeros(data.bins.shape[1], np.intp)
        rows = np.arange(len(at))
        while len(rows := rows[self.left[at[rows]] >= 0]):
            nodes = at[rows]
            at[rows] = self.left[nodes] + ~self._goes_left(nodes, data.bins[self.column[nodes], rows])
        return at

    def _goes_left(self, nodes: Ints, bins: Bins) -> NDArray[np.bool_]:
        return np.where(bins == 0, self.unknown_left[nodes], bins <= self.cut[nodes])


@dataclass(frozen=True, slots=True)
class Grown:
    """What one bag learned."""

    trees: list[Tree]
    left_out: list[Floats]
    """[look](rows left out,): logits after 0, every, 2 * every … trees."""


def grow(
    data: Binned, label: Floats, start: Floats, inside: NDArray[np.bool_], how: Growth, seed: int, shift: float = 0.0
) -> Grown:
    """One bag of trees on top of the logits ``start``; ``shift`` is by how much more often the rows inside are
    fraud."""
    rng = np.random.default_rng(seed)
    learn, rest = data.rows(inside), data.rows(~inside)
    y, logit, out = label[inside], start[inside] + shift, start[~inside].copy()
    found = Grown([], [out.copy()])
    best, since = np.inf, 0
    for number in range(1, how.trees + 1):
        p = sigmoid(logit)
        tree = _tree(learn, p - y, p * (1 - p), rng, how)
        found.trees.append(tree)
        logit += tree.value[tree.leaves(learn)]
        out += tree.value[tree.leaves(rest)]
        if number % how.every == 0:
            found.left_out.append(out.copy())
            loss = log_loss(label[~inside], out)
            best, since = (loss, 0) if loss < best - 1e-6 else (best, since + 1)
            if since >= how.patience:
                break
    return found


def _tree(data: Binned, gradient: Floats, curvature: Floats, rng: np.random.Generator, how: Growth) -> Tree:
    rows = len(gradient)
    drawn = np.flatnonzero(rng.random(rows) < how.rows) if how.rows < 1 else np.arange(rows)
    wide = len(data.columns)
    columns = np.sort(rng.choice(wide, max(min(wide, 4), round(how.columns * wide)), replace=False))
    weights = [gradient[drawn], curvature[drawn], *([np.ones(len(drawn))] if how.least_rows else [])]
    bins = data.bins[columns][:, drawn]
    depth = max(data.columns[one].bins for one in columns)
    tree = _Growing(float(weights[0].sum()), float(weights[1].sum()), how)
    at, open_ = np.zeros(len(drawn), np.intp), [0]
    sums = _summed(bins, weights, at, 1, depth)
    for level in range(how.depth):
        splits = _best(sums, how)
        split = [place for place in range(len(open_)) if splits.gain[place] > _LEAST_GAIN]
        if not split:
            break
        fresh = tree.split([open_[place] for place in split], splits, split, columns)
        if level + 1 == how.depth:
            break
        bins, weights, at = _moved(splits, split, bins, weights, at)
        sums = _halved(sums[:, :, split], bins, weights, at, depth)
        open_ = fresh
    return tree.done()


@dataclass(frozen=True, slots=True)
class _Splits:
    """The best split of each open node."""

    gain: Floats
    column: Ints
    """Among the columns that were drawn."""
    cut: Ints
    unknown_left: NDArray[np.bool_]
    sums: Floats
    """(nodes, 4): gradient and curvature of the left side, of the right side."""


def _summed(bins: Bins, weights: Sequence[Floats], slot: Ints, nodes: int, depth: int) -> Floats:
    """(weights, columns, nodes, bins): sums over the rows of each node."""
    found = np.empty((len(weights), len(bins), nodes * depth))
    offset = slot * depth
    for place, one in enumerate(bins):
        index = one + offset
        for which, weight in enumerate(weights):
            found[which, place] = np.bincount(index, weight, nodes * depth)
    return found.reshape(len(weights), len(bins), nodes, depth)


def _moved(
    found: _Splits, split: Sequence[int], bins: Bins, weights: Sequence[Floats], at: Ints
) -> tuple[Bins, list[Floats], Ints]:
    """The rows of the nodes that were split, and in which child of which each is now (two places a node)."""
    place = np.full(len(found.gain), -1)
    place[list(split)] = np.arange(len(split))
    stays = np.flatnonzero(place[at] >= 0)
    node = at[stays]
    if len(stays) < len(at):
        bins, weights = bins[:, stays], [one[stays] for one in weights]
    seen = bins[found.column[node], np.arange(len(stays))]
    goes_left = np.where(seen == 0, found.unknown_left[node], seen <= found.cut[node])
    return bins, list(weights), 2 * place[node] + ~goes_left


def _halved(parents: Floats, bins: Bins, weights: Sequence[Floats], at: Ints, depth: int) -> Floats:
    """Sums of all children: of the smaller one by its rows, of the larger one as what is left of their parent."""
    nodes = parents.shape[2]
    rows = np.bincount(at, minlength=2 * nodes).reshape(nodes, 2)
    small = rows.argmin(1)
    counted = np.flatnonzero(small[at >> 1] == (at & 1))
    few = _summed(bins[:, counted], [one[counted] for one in weights], at[counted] >> 1, nodes, depth)
    found = np.empty((*parents.shape[:2], nodes, 2, depth))
    each = np.arange(nodes)
    found[:, :, each, small] = few
    found[:, :, each, 1 - small] = parents - few
    return found.reshape(*parents.shape[:2], 2 * nodes, depth)


def _best(sums: Floats, how: Growth) -> _Splits:
    """``sums``: (gradient, curvature[, rows]; columns; nodes; bins)."""
    total = sums[:, 0].sum(-1)
    known = np.cumsum(sums[..., 1:], axis=-1)
    gt, ht = total[0], total[1]
    gains = []
    for unknown in (sums[..., :1], 0.0):
        left = known + unknown
        right = total[:, None, :, None] - left
        gain = left[0] ** 2 / (left[1] + how.penalty) + right[0] ** 2 / (right[1] + how.penalty)
        bad = np.minimum(left[1], right[1]) < how.least_curvature
        if how.least_rows:
            bad |= np.minimum(left[2], right[2]) < how.least_rows
        gain[bad] = -np.inf
        gains.append(gain)
    both = np.stack(gains)  # (side, column, node, cut)
    nodes = both.shape[2]
    each = np.arange(nodes)
    flat = both.transpose(2, 0, 1, 3).reshape(nodes, -1)
    chosen = flat.argmax(1)
    side, column, cut = np.unravel_index(chosen, (2, both.shape[1], both.shape[3]))
    gain = flat[each, chosen] - gt**2 / (ht + how.penalty)
    gl, hl = known[:2, column, each, cut] + np.where(side == 0, sums[:2, column, each, 0], 0)
    return _Splits(gain, column, cut + 1, side == 0, np.stack([gl, hl, gt - gl, ht - hl], axis=1))


class _Growing:
    """A tree that is not finished."""

    def __init__(self, g: float, h: float, how: Growth) -> None:
        self._how = how
        self._left = [NONE]
        self._column, self._cut, self._unknown = [0], [0], [False]
        self._value, self._gain = [self._leaf(g, h)], [0.0]

    def _leaf(self, g: float, h: float) -> float:
        return -self._how.rate * g / (h + self._how.penalty)

    def split(self, nodes: Sequence[int], found: _Splits, places: Sequence[int], columns: Ints) -> list[int]:
        """Split these nodes, which stand at ``places`` of what was found; their children, two a node."""
        fresh: list[int] = []
        for node, place in zip(nodes, places, strict=True):
            self._left[node] = len(self._left)
            self._column[node] = int(columns[found.column[place]])
            self._gain[node] = float(found.gain[place])
            self._cut[node], self._unknown[node] = int(found.cut[place]), bool(found.unknown_left[place])
            gl, hl, gr, hr = found.sums[place].tolist()
            for g, h in ((gl, hl), (gr, hr)):
                fresh.append(len(self._left))
                self._left.append(NONE)
                self._column.append(0)
                self._cut.append(0)
                self._unknown.append(False)
                self._value.append(self._leaf(g, h))
                self._gain.append(0.0)
        return fresh

    def done(self) -> Tree:
        return Tree(
            np.array(self._column), np.array(self._cut), np.array(self._unknown), np.array(self._left),
            np.array(self._value), np.array(self._gain),
        )  # fmt: skip
