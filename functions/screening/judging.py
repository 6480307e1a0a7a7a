"""A learned model: tables and trees that can be used, calibrated, blended, and exported as one graph."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from functions.screening.boosting import sigmoid
from functions.screening.columns import Binned, Column, Floats, Ints, Values, bin_table
from functions.screening.export import Axis, Table, graph_of
from functions.screening.scoring import Terms
from functions.screening.trees import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A model that can be used and exported: tables, and trees with a weight, added up to a logit."""

    columns: tuple[Column, ...]
    tables: tuple[Table, ...]
    trees: tuple[Tree, ...] = ()
    tree_weight: float = 0.0
    intercept: float
    left_out: Floats
    """(rows,): calibrated logits of the training rows from bags that did not see them; NaN where all did."""

    def numbers(self, table: Mapping[str, Values]) -> NDArray[np.float32]:
        """(rows, columns) as the graph takes them."""
        return np.stack([one.numbers(table[one.name]) for one in self.columns], axis=1)

    def logit(self, table: Mapping[str, Values]) -> Floats:
        """(rows,)"""
        data = bin_table(self.columns, table)
        total = np.full(data.bins.shape[1], self.intercept)
        for one in self.tables:
            total += self._says(one, data)
        for tree in self.trees:
            total += self.tree_weight * tree.value[tree.leaves(data)]
        return np.asarray(total)

    def contributions(self, data: Binned) -> Floats:
        """(rows, tables): what each table adds."""
        found = np.zeros((data.bins.shape[1], len(self.tables)))
        for place, one in enumerate(self.tables):
            found[:, place] = self._says(one, data)
        return found

    def _says(self, table: Table, data: Binned) -> Floats:
        return table.values[tuple(self._cells(axis, data) for axis in table.axes)]

    def _cells(self, axis: Axis, data: Binned) -> Ints:
        place = next(at for at, one in enumerate(self.columns) if one.name == axis.column)
        own = np.searchsorted(np.array(axis.cuts, np.float32), self.columns[place].cuts, side="left")
        inner = np.concatenate([own, [len(axis.cuts)]]) + 1
        return np.asarray(np.concatenate([[0], inner])[data.bins[place]])

    def graph(self) -> tuple[bytes, Terms]:
        """The ONNX graph and its asset."""
        return graph_of(self.columns, self.tables, self.trees, self.tree_weight, self.intercept)


@dataclass(frozen=True, slots=True)
class Line:
    """logit' = intercept + slope * logit"""

    intercept: float
    slope: float


def calibration(logit: Floats, label: Floats, *, slope_sd: float = 0.25, intercept_sd: float = 1.0) -> Line:
    """Sigmoid calibration, pulled to "nothing to mend" as if that were a prior (Newton's method).

    Few labels move it little: full recalibration on a few hundred labels often makes things worse.
    """
    seen = np.isfinite(logit)
    x, y = logit[seen], label[seen]
    centre = float(x.mean()) if len(x) else 0.0
    design = np.column_stack([np.ones_like(x), x - centre])
    beta, prior = np.array([centre, 1.0]), np.array([centre, 1.0])
    precision = np.diag([intercept_sd**-2, slope_sd**-2])
    for _ in range(30):
        p = sigmoid(design @ beta)
        gradient = design.T @ (p - y) + precision @ (beta - prior)
        step = np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design + precision, gradient)
        beta = beta - step
        if float(np.abs(step).max()) < 1e-8:
            break
    return Line(float(beta[0] - beta[1] * centre), float(beta[1]))


def calibrated(judge: Judge, label: Floats) -> Judge:
    """With the calibration of the rows left out worked into tables, trees and intercept."""
    return moved(judge, calibration(judge.left_out, label))


def moved(judge: Judge, line: Line) -> Judge:
    """Along a line, so that what is exported needs no step of its own."""
    tables = tuple(replace(one, values=one.values * line.slope) for one in judge.tables)
    return replace(
        judge, tables=tables, tree_weight=judge.tree_weight * line.slope,
        intercept=line.intercept + line.slope * judge.intercept, left_out=line.intercept + line.slope * judge.left_out,
    )  # fmt: skip


def blended(one: Judge, trees: Judge, share: float) -> Judge:
    """Both opinions in one model: ``share`` of the trees', the rest of the additive model's. Same columns."""
    tables = tuple(replace(table, values=table.values * (1 - share)) for table in one.tables)
    return replace(
        one, tables=tables, trees=trees.trees, tree_weight=trees.tree_weight * share,
        intercept=(1 - share) * one.intercept + share * trees.intercept,
        left_out=(1 - share) * one.left_out + share * trees.left_out,
    )  # fmt: skip
