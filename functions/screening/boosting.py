"""An additive model by boosting: one small step tree per feature and turn, round after round.

    logit(row) = intercept + f1(x1) + f2(x2) + … + groups        each f is a table over bins

Explainable boosting after Lou, Caruana & Gehrke (2012) and Lou et al. (2013, "GA2M"), in numpy, with steps bound to
rise or fall where common sense says so. Every model is a bag: it learns on some of the identities and is judged
on the rest, so that every row has a score from models that never saw its identity.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.screening.columns import Binned, Floats, Ints
from functions.screening.groups import Group

_BLOCK, _BLOCKS = 6, 12
"""So many features, or such a part of all, take their step from the same gradient: three times as fast, and as good at
small steps."""


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
    """The same for each cell of a group, of which there are many, and for each category: half of it."""
    least_rows: int = 12
    patience: int = 6
    """Looks without progress after which a bag stops."""
    trusted: int = 3
    """Looks that are taken on trust: with a handful of frauds the rows left out cannot tell when to stop."""
    pairs: int = 0
    groups: int = 0
    """Pairs and triples, found one after another instead: for very many labels."""
    scouted: int = 1_000
    """Rounds after which groups are looked for, at most."""
    share: float = 1.0
    """Of the features, drawn anew each round."""


@dataclass(frozen=True, slots=True)
class Path:
    """What one bag learned, look by look."""

    tables: list[list[Floats]]
    """[look][term](bins,), of main terms, then of groups (flattened)."""
    left_out: list[Floats]
    """[look](rows left out,): logits."""


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -35, 35))))


def boost(
    data: Binned, label: Floats, start: Floats, inside: NDArray[np.bool_], pace: Pace, seed: int,
    groups: Sequence[Group] = (), shift: float = 0.0,
) -> Path:  # fmt: skip
    """One bag. ``start`` holds the logits to begin with (an intercept, or another model's opinion); ``shift`` is by
    how much more often the rows inside are fraud."""
    rng = np.random.default_rng(seed)
    terms = [*data.bins, *(group.cells(data) for group in groups)]
    sizes = [*(one.bins for one in data.columns), *(group.size for group in groups)]
    penalties = [*(pace.pair_penalty / 2 if one.categories is not None else 0.0 for one in data.columns)]
    penalties += [pace.pair_penalty] * len(groups)
    ordered = np.array(penalties) == 0
    direction = np.array([*(one.direction for one in data.columns), *(0 for _ in groups)])
    bins = [one[inside] for one in terms]
    counts = np.zeros((len(terms), max(sizes)))
    for term, one in enumerate(bins):
        counts[term, : sizes[term]] = np.bincount(one, minlength=sizes[term])
    logit, y = start[inside] + shift, label[inside]
    tables = [np.zeros(size) for size in sizes]
    path = Path([[table.copy() for table in tables]], [start[~inside].copy()])
    outside = [one[~inside] for one in terms]
    best, since, together = np.inf, 0, max(_BLOCK, len(terms) // _BLOCKS)
    for turn in range(1, pace.rounds + 1):
        order = rng.permutation(len(terms))[: max(1, round(pace.share * len(terms)))]
        for begin in range(0, len(order), together):
            p = sigmoid(logit)
            g, h = p - y, p * (1 - p)
            block = order[begin : begin + together]
            width = max(sizes[term] for term in block)
            sums = np.zeros((2, len(block), width))
            indices = [bins[term].astype(np.intp) for term in block]
            for place, (term, index) in enumerate(zip(block, indices, strict=True)):
                sums[0, place, : sizes[term]] = np.bincount(index, g, sizes[term])
                sums[1, place, : sizes[term]] = np.bincount(index, h, sizes[term])
            found = np.zeros((len(block), width))
            apart = ordered[block]
            if apart.any():
                these = block[apart]
                found[apart] = _steps(sums[0, apart], sums[1, apart], counts[these, :width], direction[these], pace)
            for place, (term, index) in enumerate(zip(block, indices, strict=True)):
                step = found[place] if apart[place] else _ridge(sums[0, place], sums[1, place], penalties[term])
                if step.any():
                    tables[term] += pace.rate * step[: sizes[term]]
                    logit += (pace.rate * step)[index]
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


def _ridge(gradient: Floats, curvature: Floats, penalty: float) -> Floats:
    """Each bin its own value, pulled to nothing: for categories and groups."""
    return np.asarray(-gradient / (curvature + penalty))


def _steps(g: Floats, h: Floats, n: Floats, direction: Ints, pace: Pace) -> Floats:
    """Step functions of up to three levels over the known bins, and a value of its own for the unknown.

    ``g``, ``h``, ``n`` are (features, bins): gradient, curvature and rows, nothing beyond a feature's own bins;
    ``direction`` (features,). One cut is the best of all, the second the best on either side of it; where levels would
    go against the direction it is dropped.
    """
    each, last = np.arange(len(g)), g.shape[1] - 2
    sums = np.cumsum(np.stack([g, h, n])[:, :, 1:], axis=2)  # up to and with each bin
    total = sums[:, :, -1]
    none, start = np.zeros_like(total), np.full(len(each), -1)
    first, cut, _ = _cuts_of(sums, none, total, start, last, direction, pace)
    middle = sums[:, each, first]
    left, in_left, gain_left = _cuts_of(sums, none, middle, start, first, direction, pace)
    right, in_right, gain_right = _cuts_of(sums, middle, total, first, last, direction, pace)
    in_left &= ~in_right | (gain_left > gain_right)
    low, high = np.where(in_left, left, first), np.where(in_right & ~in_left, right, first)
    levels = _levels(sums, low, high, total, pace)
    wrong = (low < high) & ((np.diff(levels, axis=0) * direction < 0).any(axis=0))
    low, high = np.where(wrong, first, low), np.where(wrong, first, high)
    levels = _levels(sums, low, high, total, pace)
    places = np.arange(g.shape[1] - 1)
    known = np.where(places <= low[:, None], levels[0][:, None], levels[1][:, None])
    known = np.where(places > high[:, None], levels[2][:, None], known)
    whole = np.where(n[:, 0] > 0, -total[0] / (total[1] + pace.penalty), 0.0)
    unknown = np.where(n[:, 0] >= pace.least_rows, -g[:, 0] / (h[:, 0] + pace.penalty), 0.0)
    return np.column_stack([unknown, np.where(cut[:, None], known, whole[:, None])])


def _levels(sums: Floats, low: Ints, high: Ints, total: Floats, pace: Pace) -> Floats:
    """(3, features): what to add up to ``low``, from there to ``high``, and beyond."""
    each = np.arange(sums.shape[1])
    one, other = sums[:2, each, low], sums[:2, each, high]
    parts = np.stack([one, other - one, total[:2] - other])
    return np.asarray(-parts[:, 0] / (parts[:, 1] + pace.penalty))


def _cuts_of(
    sums: Floats, low: Floats, high: Floats, after: Ints, before: Ints | int, direction: Ints, pace: Pace
) -> tuple[Ints, NDArray[np.bool_], Floats]:
    """The best cut of each feature between two places (it comes after the bin given), whether it is worth it, and what
    it gains. ``low`` and ``high`` are (3, features): the sums at these places."""
    left = sums[:, :, :-1] - low[:, :, None]
    right = high[:, :, None] - sums[:, :, :-1]
    rise = left[0] / (left[1] + pace.penalty) - right[0] / (right[1] + pace.penalty)
    gain = left[0] ** 2 / (left[1] + pace.penalty) + right[0] ** 2 / (right[1] + pace.penalty)
    places = np.arange(gain.shape[1])
    allowed = (np.minimum(left[2], right[2]) >= pace.least_rows) & (rise * direction[:, None] >= 0)
    allowed &= (places > after[:, None]) & (places < np.reshape(before, (-1, 1)))
    gain = np.where(allowed, gain, -1.0)
    best = gain.argmax(axis=1) if gain.shape[1] else np.zeros(len(gain), np.intp)
    most = gain.max(axis=1, initial=-1.0)
    whole = (high[0] - low[0]) ** 2 / (high[1] - low[1] + pace.penalty)
    return best, most > whole + 1e-9, most - whole
