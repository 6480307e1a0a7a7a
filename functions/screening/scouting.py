"""Which features must be looked at together, and where: small trees go ahead, and what their splits gain is booked.

A split gains for the features on its path, its own among them. Groups of up to three are taken by what their gains
(and those of the pairs within them) add that no group before them has; a feature's coarse bins end where its splits
gained most. Trees as detectors of interactions: Friedman & Popescu (2008), "Predictive learning via rule ensembles".
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from functions.screening.boosting import log_loss
from functions.screening.columns import Binned, Floats, Ints
from functions.screening.groups import Group
from functions.screening.trees import Growth, Tree, grow

LARGEST: Final = 3
"""Features of a group: what hangs on four at once is no reason that a person can follow."""
CUTS: Final = 4
"""Of each feature of a group."""
AHEAD: Final = Growth(rate=0.1, trees=200, every=20, depth=LARGEST, columns=0.5, rows=0.7, patience=3)

type _Features = tuple[int, ...]


def find_groups(
    data: Binned, label: Floats, start: Floats, inside: NDArray[np.bool_], worth: Floats, most: int, seed: int
) -> list[Group]:
    """Up to ``most`` groups of what the logits ``start`` leave over.

    Trees learn on the rows ``inside``, and stop where they no longer explain the others. ``worth`` (features,) puts
    the features of a group in order, the first of which it will be told by.
    """
    grown = grow(data, label, start, inside, AHEAD, seed)
    best = int(np.argmin([log_loss(label[~inside], out) for out in grown.left_out]))
    trees = grown.trees[: best * AHEAD.every]
    booked, cuts = _booked(trees)
    return [_group(sorted(features, key=lambda one: -worth[one]), cuts, data) for features in _chosen(booked, most)]


def _booked(trees: Sequence[Tree]) -> tuple[dict[_Features, float], dict[int, dict[int, float]]]:
    """Gains by the features on a path (two or more), and by feature and cut."""
    by_path: dict[_Features, float] = defaultdict(float)
    by_cut: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for tree in trees:
        paths: dict[int, frozenset[int]] = {0: frozenset()}
        for node in np.flatnonzero(tree.left >= 0).tolist():
            column = int(tree.column[node])
            path = paths[node] | {column}
            paths |= {int(tree.left[node]) + side: path for side in (0, 1)}
            by_cut[column][int(tree.cut[node])] += float(tree.gain[node])
            if len(path) > 1:
                by_path[tuple(sorted(path))] += float(tree.gain[node])
    return by_path, by_cut


def _chosen(booked: dict[_Features, float], most: int) -> list[_Features]:
    """Greedily by what each adds; a pair that lies within a chosen triple adds nothing."""
    left, found = dict(booked), list[_Features]()
    while left and len(found) < most:
        best = max(left, key=lambda group: (sum(left.get(part, 0.0) for part in _parts(group)), group))
        found.append(best)
        for part in _parts(best):
            left.pop(part, None)
    return found


def _parts(group: _Features) -> list[_Features]:
    """The group and the pairs within it."""
    return [group, *(combinations(group, 2) if len(group) == LARGEST else ())]


def _group(features: Sequence[int], cuts: dict[int, dict[int, float]], data: Binned) -> Group:
    return Group(tuple(features), tuple(_folded(cuts[one], data.columns[one].bins) for one in features))


def _folded(gains: dict[int, float], bins: int) -> Ints:
    """Coarse bin by bin: 0 stays apart, the others end at the cuts that gained most."""
    kept = sorted(sorted(gains, key=lambda cut: -gains[cut])[:CUTS])
    folded = 1 + np.searchsorted(np.array(kept), np.arange(bins), side="left")
    folded[0] = 0
    return np.unique(folded, return_inverse=True)[1].astype(np.int64)
