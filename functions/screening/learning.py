"""From labelled rows to a model: bags, the rows each bag left out, calibration, and which model is used.

Every row's score from the bags that left its identity out is what everything is chosen by: how many rounds, the
calibration, and whether trees take part. No row is ever judged by a model that saw it, or its identity.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from functions.screening.boosting import Pace, Path, boost, log_loss, sigmoid
from functions.screening.columns import Binned, Column, Floats, Ints, Values, bin_table, column
from functions.screening.export import Axis, Table
from functions.screening.groups import Group, find_pairs
from functions.screening.judging import Judge
from functions.screening.scouting import find_groups
from functions.screening.trees import Grown, Growth, grow

FOLDS: Final = 4
"""Each bag leaves out one identity in so many; bags come in multiples of it, so that every row is left out."""
HONEST_PER_FRAUD: Final = 25
"""Honest rows a bag learns on for each fraud among all rows: more of them teach little and cost much time."""
HONEST_ENOUGH, AT_LEAST_PER_FRAUD = 40_000, 4
"""So many honest rows are enough, however much fraud there is, where that leaves some for each fraud."""
PAIRS_FROM: Final = 3_000
"""Labels from which on pairs of features are looked for."""
SCOUTS: Final = 2
"""Bags that look for pairs."""
PAIR_CANDIDATES: Final = 26
SCOUTED: Final = 0.75
"""Of the identities, those from which trees learn that look for groups."""

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Labelled rows."""

    table: Mapping[str, Values]
    label: Floats
    """1 fraud, 0 fine."""
    group: Ints
    """Identity: rows of one are never on both sides."""
    directions: Mapping[str, int]
    start: Floats | None = None
    """Another model's logits to begin with; None begins with the share of fraud."""
    known: Mapping[str, Column] = field(default_factory=dict)
    """Columns whose cuts are another model's."""

    def rows(self, chosen: NDArray[np.bool_] | Ints) -> "Lesson":
        """Some of them."""
        start = None if self.start is None else self.start[chosen]
        table = {name: values[chosen] for name, values in self.table.items()}
        return replace(self, table=table, label=self.label[chosen], group=self.group[chosen], start=start)


def columns_of(lesson: Lesson, bins: int) -> tuple[Column, ...]:
    """Bins for every column that is not constant; a known column keeps its own."""
    found = (
        lesson.known.get(name)
        or column(name, values, lesson.label, bins=bins, direction=lesson.directions.get(name, 0))
        for name, values in lesson.table.items()
    )
    return tuple(
        one for one in found if one.name in lesson.known or one.bins > 3 or _varies(one, lesson.table[one.name])
    )


def _varies(one: Column, values: Values) -> bool:
    return len(np.unique(one.binned(one.numbers(values)))) > 1


@dataclass(frozen=True, slots=True)
class Bag:
    """Which rows a bag learns on, and by how much their log odds of fraud lie over those of all rows."""

    inside: NDArray[np.bool_]
    shift: float


def bags_of(group: Ints, label: Floats, bags: int, seed: int) -> list[Bag]:
    """Whole identities: each of ``FOLDS`` bags in a row leaves out another part of them, fraudulent and honest ones
    dealt out apart. Of the honest inside no more stay than are worth their time."""
    names, place = np.unique(group, return_inverse=True)
    bad = np.bincount(place, label, len(names)) > 0
    rng = np.random.default_rng([seed, 17])
    fine = max(1.0, float((~bad)[place].sum()))
    frauds = float(label.sum())
    most = max(min(HONEST_PER_FRAUD * frauds, HONEST_ENOUGH), AT_LEAST_PER_FRAUD * frauds)
    kept = min(1.0, most / fine)
    fold = np.zeros(len(names), np.int64)
    found = []
    for number in range(bags):
        if number % FOLDS == 0:
            for kind in (bad, ~bad):
                fold[kind] = rng.permutation(int(kind.sum())) % FOLDS
        stays = bad | (rng.random(len(names)) < kept)
        inside = ((fold != number % FOLDS) & stays)[place]
        found.append(Bag(inside, _odds(label[inside]) - _odds(label)))
    return found


def _odds(label: Floats) -> float:
    share = (float(label.sum()) + 0.5) / (len(label) + 1)
    return float(np.log(share / (1 - share)))


def additive(
    lesson: Lesson, *, pace: Pace, bags: int, seed: int = 0, say: Say = lambda text: None, bins: int = 48
) -> Judge:
    """An additive model (explainable boosting), not calibrated yet."""
    columns = columns_of(lesson, bins)
    data = bin_table(columns, lesson.table)
    start, drawn = _start(lesson), bags_of(lesson.group, lesson.label, bags, seed)
    groups: list[Group] = []
    if (pace.pairs or pace.groups) and len(lesson.label) >= PAIRS_FROM:
        groups = _groups(data, lesson, drawn[:SCOUTS], pace, seed)
        say(f"additive model: {len(groups)} groups of features found")
    paths = []
    for number, bag in enumerate(drawn):
        paths.append(boost(data, lesson.label, start, bag.inside, pace, seed * 1000 + number, groups, bag.shift))
        say(f"additive model: bag {number + 1} of {bags}")
    look, out = _best_look([path.left_out for path in paths], drawn, lesson, pace.trusted)
    tables = tuple(_tables(columns, groups, _mean_tables(paths, look)))
    return Judge(columns=columns, tables=tables, intercept=_begin(lesson), left_out=out)


def boosted(
    lesson: Lesson, *, how: Growth, bags: int, seed: int = 0, say: Say = lambda text: None, bins: int = 48
) -> Judge:
    """Boosted trees, not calibrated yet."""
    columns = columns_of(lesson, bins)
    data = bin_table(columns, lesson.table)
    start, drawn = _start(lesson), bags_of(lesson.group, lesson.label, bags, seed)
    found: list[Grown] = []
    for number, bag in enumerate(drawn):
        found.append(grow(data, lesson.label, start, bag.inside, how, seed * 1000 + number, bag.shift))
        say(f"boosted trees: bag {number + 1} of {bags}, {len(found[-1].trees)} trees")
    look, out = _best_look([one.left_out for one in found], drawn, lesson, how.trusted)
    trees = tuple(tree for one in found for tree in one.trees[: look * how.every])
    return Judge(columns=columns, tables=(), trees=trees, tree_weight=1 / bags, intercept=_begin(lesson), left_out=out)


def _begin(lesson: Lesson) -> float:
    return 0.0 if lesson.start is not None else _odds(lesson.label)


def _start(lesson: Lesson) -> Floats:
    return np.full(len(lesson.label), _begin(lesson)) if lesson.start is None else lesson.start


def _best_look(
    left_out: Sequence[Sequence[Floats]], drawn: Sequence[Bag], lesson: Lesson, trusted: int
) -> tuple[int, Floats]:
    """The look at which the mean score of the bags that left a row out is best, and those scores.

    A model that begins with another one's opinion may stop at once; one that begins with nothing must learn a little.
    """
    label, least = lesson.label, 0 if lesson.start is not None else trusted
    most = max(len(one) for one in left_out)
    best, found, chosen = np.inf, np.zeros(0), 0
    for look in range(min(least, most - 1), most):
        total, count = np.zeros(len(label)), np.zeros(len(label))
        for one, bag in zip(left_out, drawn, strict=True):
            total[~bag.inside] += one[min(look, len(one) - 1)]
            count[~bag.inside] += 1
        seen = count > 0
        mean = np.where(seen, total / np.maximum(count, 1), np.nan)
        loss = log_loss(label[seen], mean[seen])
        if loss < best:
            best, found, chosen = loss, mean, look
    return chosen, found


def _mean_tables(paths: Sequence[Path], look: int) -> list[Floats]:
    each = [path.tables[min(look, len(path.tables) - 1)] for path in paths]
    return [np.mean(term, axis=0) for term in zip(*each, strict=True)]


def _groups(data: Binned, lesson: Lesson, scouts: Sequence[Bag], pace: Pace, seed: int) -> list[Group]:
    """Found on what the main terms of the first bags leave unexplained on rows they did not see."""
    start, label = _start(lesson), lesson.label
    pace = replace(pace, rounds=min(pace.rounds, pace.scouted))
    paths = [boost(data, label, start, bag.inside, pace, seed * 1000 + 500, shift=bag.shift) for bag in scouts]
    look, out = _best_look([path.left_out for path in paths], scouts, lesson, pace.trusted)
    tables = _mean_tables(paths, look)
    worth = np.array([float(table[bins].std()) for table, bins in zip(tables, data.bins, strict=True)])
    seen = np.isfinite(out)
    if pace.groups:
        inside = np.random.default_rng([seed, 29]).random(int(lesson.group.max()) + 1)[lesson.group[seen]] < SCOUTED
        return find_groups(data.rows(seen), label[seen], out[seen], inside, worth, pace.groups, seed)
    among = np.argsort(worth)[::-1][:PAIR_CANDIDATES].tolist()
    p = sigmoid(out[seen])
    return find_pairs(data.rows(seen), p - label[seen], p * (1 - p), among, pace.pairs)


def _tables(columns: Sequence[Column], groups: Sequence[Group], tables: Sequence[Floats]) -> list[Table]:
    mains = [
        Table((Axis(one.name, tuple(one.cuts.tolist())),), values)
        for one, values in zip(columns, tables[: len(columns)], strict=True)
    ]
    together = [
        Table(
            tuple(_axis(columns[at], folded) for at, folded in zip(group.features, group.folded, strict=True)),
            values.reshape(group.widths),
        )
        for group, values in zip(groups, tables[len(columns) :], strict=True)
    ]
    return [*mains, *together]


def _axis(one: Column, folded: Ints) -> Axis:
    """The cuts that are left where bins were put together."""
    known = folded[1:]
    return Axis(one.name, tuple(one.cuts[np.flatnonzero(np.diff(known))].tolist()))
