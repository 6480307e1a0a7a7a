"""Boosted trees in numpy: the challenger of the additive model, where a shop has labels enough.

Histogram trees grown level by level (Chen & Guestrin 2016, "XGBoost"), columns and rows drawn anew for every tree,
unknown values sent to whichever side they fit better. A leaf's value is told apart by the splits on its path (Saabas
2014), so that reasons add up to the logit exactly; which of two intertwined features gets the credit hangs on the
order of the splits.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from functions.screening.boosting import log_loss, sigmoid
from functions.screening.columns import Binned, Floats, Ints

NONE: Final = -1


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

    def leaves(self, data: Binned) -> Ints:
        """The leaf of each row."""
        at = np.zeros(len(data.bins[0]), np.int64)
        for _ in range(64):
            open_ = np.flatnonzero(self.left[at] >= 0)
            if not len(open_):
                break
            nodes = at[open_]
            bins = np.empty(len(open_), np.int64)
            for one in np.unique(self.column[nodes]):
                these = self.column[nodes] == one
                bins[these] = data.bins[one][open_[these]]
            goes_left = np.where(bins == 0, self.unknown_left[nodes], bins <= self.cut[nodes])
            at[open_] = self.left[nodes] + ~goes_left
        return at


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
    g, h = gradient[drawn], curvature[drawn]
    bins = [data.bins[one][drawn] for one in columns]
    depth = max(data.columns[one].bins for one in columns)
    tree = _Growing(g, h, how)
    at, open_ = np.zeros(len(drawn), np.int64), [0]
    for _ in range(how.depth):
        if not open_ or not len(at):
            break
        place = np.full(len(tree.left), len(open_), np.int64)
        place[open_] = np.arange(len(open_))
        slot = place[at]
        live = slot < len(open_)
        if not live.all():
            bins, g, h, at, slot = [one[live] for one in bins], g[live], h[live], at[live], slot[live]
        splits = _splits(bins, g, h, slot, len(open_), depth, how)
        open_, at = tree.split(open_, splits, columns, bins, at, slot)
    return tree.done()


@dataclass(frozen=True, slots=True)
class _Splits:
    """The best split of each open node."""

    gain: Floats
    column: Ints
    cut: Ints
    unknown_left: NDArray[np.bool_]
    sums: Floats
    """(nodes, 4): gradient and curvature of the left side, of the right side."""


def _splits(bins: list[Ints], g: Floats, h: Floats, slot: Ints, nodes: int, depth: int, how: Growth) -> _Splits:
    size = nodes * depth
    offset = slot * depth
    gs = np.empty((len(bins), nodes, depth))
    hs, ns = np.empty_like(gs), np.zeros_like(gs)
    for place, one in enumerate(bins):
        index = one + offset
        gs[place] = np.bincount(index, g, size).reshape(nodes, depth)
        hs[place] = np.bincount(index, h, size).reshape(nodes, depth)
        if how.least_rows:
            ns[place] = np.bincount(index, minlength=size).reshape(nodes, depth)
    return _best(gs, hs, ns, how)


def _best(gs: Floats, hs: Floats, ns: Floats, how: Growth) -> _Splits:
    gt, ht, nt = gs[0].sum(-1), hs[0].sum(-1), ns[0].sum(-1)
    known = [np.cumsum(one[:, :, 1:], axis=2) for one in (gs, hs, ns)]
    without = [one[:, :, :1] for one in (gs, hs, ns)]
    gains = []
    for unknown_left in (True, False):
        gl, hl, nl = (k + u if unknown_left else k for k, u in zip(known, without, strict=True))
        gr, hr, nr = gt[None, :, None] - gl, ht[None, :, None] - hl, nt[None, :, None] - nl
        gain = gl**2 / (hl + how.penalty) + gr**2 / (hr + how.penalty)
        bad = np.minimum(nl, nr) < how.least_rows
        bad |= np.minimum(hl, hr) < how.least_curvature
        gains.append(np.where(bad, -np.inf, gain))
    both = np.stack(gains)  # (side, column, node, cut)
    nodes = both.shape[2]
    flat = both.transpose(2, 0, 1, 3).reshape(nodes, -1)
    chosen = flat.argmax(1)
    side, column, cut = np.unravel_index(chosen, (2, gs.shape[0], both.shape[3]))
    gain = flat[np.arange(nodes), chosen] - gt**2 / (ht + how.penalty)
    each = np.arange(nodes)
    gl = known[0][column, each, cut] + np.where(side == 0, without[0][column, each, 0], 0)
    hl = known[1][column, each, cut] + np.where(side == 0, without[1][column, each, 0], 0)
    sums = np.stack([gl, hl, gt - gl, ht - hl], axis=1)
    return _Splits(gain, column.astype(np.int64), cut.astype(np.int64) + 1, side == 0, sums)


class _Growing:
    """A tree that is not finished."""

    def __init__(self, g: Floats, h: Floats, how: Growth) -> None:
        self._how = how
        self.left = [NONE]
        self._column, self._cut, self._unknown = [0], [0], [False]
        self._value = [self._leaf(float(g.sum()), float(h.sum()))]

    def _leaf(self, g: float, h: float) -> float:
        return -self._how.rate * g / (h + self._how.penalty)

    def split(
        self, open_: list[int], found: _Splits, columns: Ints, bins: list[Ints], at: Ints, slot: Ints
    ) -> tuple[list[int], Ints]:
        """Split what is worth it; the nodes that are open now, and where each row is."""
        fresh: list[int] = []
        moves = np.zeros(len(at), np.int64)
        for place, node in enumerate(open_):
            if not found.gain[place] > 1e-6:
                continue
            self.left[node] = len(self.left)
            self._column[node] = int(columns[found.column[place]])
            self._cut[node], self._unknown[node] = int(found.cut[place]), bool(found.unknown_left[place])
            gl, hl, gr, hr = found.sums[place].tolist()
            for g, h in ((gl, hl), (gr, hr)):
                fresh.append(len(self.left))
                self.left.append(NONE)
                self._column.append(0)
                self._cut.append(0)
                self._unknown.append(False)
                self._value.append(self._leaf(g, h))
            rows = np.flatnonzero(slot == place)
            seen = bins[int(found.column[place])][rows]
            goes_left = np.where(seen == 0, self._unknown[node], seen <= self._cut[node])
            moves[rows] = self.left[node] + ~goes_left
        return fresh, np.where(moves > 0, moves, at)

    def done(self) -> Tree:
        return Tree(
            np.array(self._column), np.array(self._cut), np.array(self._unknown), np.array(self.left),
            np.array(self._value),
        )  # fmt: skip
