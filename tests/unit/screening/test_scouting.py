"""Groups of features: which are found, what a model learns with them, and that its graph says the same."""

import numpy as np
import onnxruntime
import pytest

from functions.screening.boosting import Pace, sigmoid
from functions.screening.columns import bin_table, column
from functions.screening.judging import Judge, calibrated
from functions.screening.keeping import ASSET, read_tables, write_tables
from functions.screening.learning import Lesson, additive
from functions.screening.scouting import LARGEST, find_groups

NAMES = ("a", "b", "c", "d", "e", "noise")


def three_together(rows: int = 8_000, seed: int = 0) -> Lesson:
    """Fraud where a, b and c are all high, and where d and e differ: nothing that a feature says by itself."""
    rng = np.random.default_rng(seed)
    table = {name: rng.standard_normal(rows) for name in NAMES}
    odd = (table["a"] > 0) ^ (table["b"] > 0) ^ (table["c"] > 0)
    logit = -2.5 + 2.5 * odd + 2.0 * ((table["d"] > 0) ^ (table["e"] > 0))
    label = (rng.random(rows) < sigmoid(logit)).astype(float)
    table["a"][rng.random(rows) < 0.05] = np.nan
    return Lesson(table=table, label=label, group=np.arange(rows) // 2, directions={})


@pytest.fixture(scope="module")
def judge() -> Judge:
    taught = three_together()
    pace = Pace(rate=0.2, rounds=60, every=5, groups=4, pair_penalty=4.0)
    return calibrated(additive(taught, pace=pace, bags=4), taught.label)


def test_what_only_counts_together_is_found() -> None:
    taught = three_together()
    columns = tuple(column(name, taught.table[name], taught.label) for name in NAMES)
    data = bin_table(columns, taught.table)
    start, inside = np.full(len(taught.label), -1.0), taught.group % 4 > 0
    found = find_groups(data, taught.label, start, inside, np.arange(6.0), 2, seed=1)
    names = [frozenset(NAMES[one] for one in group.features) for group in found]
    assert frozenset("abc") in names
    assert any(one >= {"d", "e"} for one in names)
    assert all(len(group.features) <= LARGEST for group in found)
    first = found[0].features
    assert list(first) == sorted(first, reverse=True), "in the order of their worth"


def test_a_row_lies_in_one_cell_and_the_unknown_apart(judge: Judge) -> None:
    triple = next(one for one in judge.tables if set(one.name) == set("abc"))
    at = triple.name.index("a")
    known = np.moveaxis(triple.values, at, 0)[1:]
    assert np.ptp(known) > 0.5
    assert not np.allclose(np.moveaxis(triple.values, at, 0)[0], known.mean(0), atol=1e-3)


def test_it_learns_what_no_sum_of_single_features_can(judge: Judge) -> None:
    fresh = three_together(4_000, seed=5)
    alone = additive(three_together(), pace=Pace(rate=0.2, rounds=60, every=5), bags=4)
    apart = [float(np.mean(p[fresh.label > 0]) - np.mean(p[fresh.label == 0])) for p in (
        sigmoid(judge.logit(fresh.table)), sigmoid(alone.logit(fresh.table)))]  # fmt: skip
    assert apart[0] > 0.15
    assert apart[1] < 0.03


def test_the_graph_and_the_kept_tables_say_the_same(judge: Judge) -> None:
    fresh = three_together(600, seed=7)
    logit = judge.logit(fresh.table)
    assert np.abs(read_tables({ASSET: write_tables(judge)}).logit(fresh.table) - logit).max() < 1e-4
    graph, terms = judge.graph()
    rows = judge.numbers(fresh.table)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    parts = np.asarray(session.run(["contributions"], {"features": rows})[0], np.float64)
    assert np.abs(parts.sum(1) + terms.intercept - logit).max() < 1e-5
    assert any(len(term) == LARGEST for term in terms.terms)
