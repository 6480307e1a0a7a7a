"""Learned tables and trees as one graph: terms by name, thresholds in the units of the features."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from chalicelib.graphs.reasoned_trees import LARGEST, ReasonedTree, build
from functions.screening.columns import Column, Floats
from functions.screening.scoring import Terms
from functions.screening.trees import Tree

type TermName = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """One side of a table: a column, and which of its bins are one."""

    column: str
    cuts: tuple[float, ...]
    """Cell i+1 holds values up to cuts[i]; cell 0 what is not known."""


@dataclass(frozen=True, slots=True)
class Table:
    """One term of an additive model: values over the cells of one or two axes, row by row."""

    axes: tuple[Axis, ...]
    values: Floats
    """(cells of the first axis[, cells of the second])"""

    @property
    def name(self) -> TermName:
        """The features it looks at."""
        return tuple(axis.column for axis in self.axes)


@dataclass
class _Nodes:
    """A tree in the making."""

    feature: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    unknown_left: list[bool] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)

    def leaf(self, term: int, value: float) -> int:
        place = self._add(0, 0.0, False)
        self.entries.append((place, term, value))
        return place

    def branch(self, feature: int, threshold: float, unknown_left: bool) -> int:
        return self._add(feature, threshold, unknown_left)

    def _add(self, feature: int, threshold: float, unknown_left: bool) -> int:
        self.feature.append(feature)
        self.threshold.append(threshold)
        self.unknown_left.append(unknown_left)
        self.left.append(-1)
        self.right.append(-1)
        return len(self.left) - 1

    def done(self) -> ReasonedTree:
        leaf, term, weight = zip(*self.entries, strict=True)
        return ReasonedTree(
            np.array(self.feature), np.array(self.threshold, np.float32), np.array(self.unknown_left),
            np.array(self.left), np.array(self.right), np.array(leaf), np.array(term), np.array(weight, np.float32),
        )  # fmt: skip


def graph_of(
    columns: Sequence[Column], tables: Sequence[Table], trees: Sequence[Tree], weight: float, intercept: float
) -> tuple[bytes, Terms]:
    """The graph, and its asset. ``weight`` multiplies what trees say.

    The roots of the trees are part of the intercept, so that a term's zero is the average order.
    """
    place = {column.name: index for index, column in enumerate(columns)}
    names = list(dict.fromkeys([table.name for table in tables if table.values.any()]))
    names += [(one,) for one in _split_on(columns, trees) if (one,) not in names]
    term = {name: index for index, name in enumerate(names)}
    found = [_table_tree(table, place, term[table.name]) for table in tables if table.values.any()]
    found += [_grown_tree(tree, columns, term, weight) for tree in trees if tree.left[0] >= 0]
    total = intercept + weight * sum(float(tree.value[0]) for tree in trees)
    categories = {one.name: one.categories for one in columns if one.categories is not None}
    terms = Terms(tuple(place), categories, tuple(names), total)
    return build(found, features=len(columns), terms=len(names), intercept=total), terms


def _split_on(columns: Sequence[Column], trees: Sequence[Tree]) -> list[str]:
    used = sorted({int(one) for tree in trees for one in tree.column[tree.left >= 0]})
    return [columns[one].name for one in used]


def _table_tree(table: Table, place: Mapping[str, int], term: int) -> ReasonedTree:
    nodes = _Nodes()
    _cells(nodes, table.axes, table.values, place, term)
    return nodes.done()


def _cells(nodes: _Nodes, axes: Sequence[Axis], values: Floats, place: Mapping[str, int], term: int) -> int:
    """Nodes for the first axis, and below each of its cells those for the rest."""
    if not axes:
        return nodes.leaf(term, float(values))
    axis = axes[0]
    edges = [-LARGEST, *axis.cuts, LARGEST]
    runs = _runs(values)
    return _halves(
        nodes, place[axis.column], edges, runs, lambda cell: _cells(nodes, axes[1:], values[cell], place, term)
    )


def _runs(values: Floats) -> list[tuple[int, int]]:
    """(first, past last) cells that say the same; what is not known is always a run of its own."""
    same = [bool(np.array_equal(one, other)) for one, other in pairwise(values)]
    starts = [0, 1, *(place + 1 for place in range(1, len(values) - 1) if not same[place])]
    return list(pairwise([*starts, len(values)]))


def _halves(
    nodes: _Nodes, feature: int, edges: Sequence[float], runs: Sequence[tuple[int, int]], cell: Callable[[int], int]
) -> int:
    """A balanced search tree over runs; the unknown goes left all the way, to the first run."""
    if len(runs) == 1:
        return cell(runs[0][0])
    middle = len(runs) // 2
    at = nodes.branch(feature, edges[runs[middle][0] - 1], runs[0][0] == 0)
    nodes.left[at] = _halves(nodes, feature, edges, runs[:middle], cell)
    nodes.right[at] = _halves(nodes, feature, edges, runs[middle:], cell)
    return at


def _grown_tree(tree: Tree, columns: Sequence[Column], term: Mapping[TermName, int], weight: float) -> ReasonedTree:
    """A boosted tree whose leaves say which splits on their path moved them (Saabas)."""
    inner = tree.left >= 0
    entries = list(_told_apart(tree, columns, term, weight))
    leaf, terms, values = (np.array(part) for part in zip(*entries, strict=True))
    threshold = [_threshold(columns[column], cut) for column, cut in zip(tree.column, tree.cut, strict=True)]
    return ReasonedTree(
        tree.column, np.array(threshold, np.float32), tree.unknown_left, tree.left, np.where(inner, tree.left + 1, -1),
        leaf, terms, values.astype(np.float32),
    )  # fmt: skip


def _threshold(column: Column, cut: int) -> float:
    return float(column.cuts[cut - 1]) if 0 < cut <= len(column.cuts) else LARGEST


def _told_apart(
    tree: Tree, columns: Sequence[Column], term: Mapping[TermName, int], weight: float
) -> Iterator[tuple[int, int, float]]:
    """(leaf, term, value), one entry per leaf and feature."""
    paths: dict[int, dict[int, float]] = {0: {}}
    for node in range(len(tree.left)):
        path = paths.pop(node)
        if tree.left[node] < 0:
            yield from ((node, one, weight * value) for one, value in path.items())
            continue
        one = term[(columns[int(tree.column[node])].name,)]
        for child in (int(tree.left[node]), int(tree.left[node]) + 1):
            moved = float(tree.value[child] - tree.value[node])
            paths[child] = {**path, one: path.get(one, 0.0) + moved}
