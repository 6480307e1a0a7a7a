"""Learning: what is found, what binds it, and that the graph says exactly what the model says."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from functions.screening import recipes
from functions.screening.boosting import Pace, sigmoid
from functions.screening.choosing import SHARES, contest, least_loss
from functions.screening.columns import bin_table, column
from functions.screening.judging import Judge, blended, calibrated, calibration
from functions.screening.keeping import ASSET, read_tables, write_tables
from functions.screening.learning import Lesson, additive, bags_of, boosted
from functions.screening.trees import Growth
from tests.unit.screening.learned import lesson

PACE = Pace(rate=0.2, rounds=30, every=5, pairs=2)
GROWTH = Growth(rate=0.2, trees=30, every=5, depth=3)


@pytest.fixture(scope="module")
def both() -> tuple[Judge, Judge]:
    taught = lesson(3_200)
    return additive(taught, pace=PACE, bags=4), boosted(taught, how=GROWTH, bags=4)


def test_both_find_what_matters_on_rows_they_never_saw(both: tuple[Judge, Judge]) -> None:
    fresh = lesson(2_000, seed=9)
    for judge in both:
        p = sigmoid(calibrated(judge, lesson(3_200).label).logit(fresh.table))
        assert p[fresh.label > 0].mean() > p[fresh.label == 0].mean() + 0.15
        assert abs(p.mean() - fresh.label.mean()) < 0.03


def test_common_sense_binds_the_additive_model(both: tuple[Judge, Judge]) -> None:
    table = next(one for one in both[0].tables if one.name == ("a",))
    assert (np.diff(table.values[1:]) >= -1e-12).all()


def test_constant_columns_are_left_out_and_pairs_are_found(both: tuple[Judge, Judge]) -> None:
    assert "constant" not in {one.name for one in both[0].columns}
    assert {frozenset(one.name) for one in both[0].tables if len(one.axes) == 2} & {frozenset(("b", "c"))}


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_graph_says_what_the_model_says_and_its_reasons_add_up(both: tuple[Judge, Judge], share: float) -> None:
    judge = calibrated(blended(*both, share), lesson(3_200).label)
    graph, terms = judge.graph()
    fresh = lesson(500, seed=4)
    fresh.table["kind"][0] = "never seen"
    rows = judge.numbers(fresh.table)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    found = session.run(["probability", "contributions"], {"features": rows})
    probability, parts = (np.asarray(one, np.float64) for one in found)
    logit = judge.logit(fresh.table)
    assert parts.shape == (500, len(terms.terms))
    assert np.abs(parts.sum(1) + terms.intercept - logit).max() < 1e-5
    assert np.abs(probability[:, 0] - sigmoid(logit)).max() < 1e-6


def test_a_models_tables_survive_being_kept(both: tuple[Judge, Judge]) -> None:
    again = read_tables({ASSET: write_tables(both[0])})
    fresh = lesson(200, seed=5)
    assert np.abs(again.logit(fresh.table) - both[0].logit(fresh.table)).max() < 1e-4


def test_identities_are_never_on_both_sides() -> None:
    taught = lesson(600)
    for bag in bags_of(taught.group, taught.label, 4, 0):
        assert not set(taught.group[bag.inside]) & set(taught.group[~bag.inside])


def test_cuts_see_the_tail_of_the_amounts() -> None:
    amounts = np.append(np.random.default_rng(0).uniform(0, 100, 5_000), np.linspace(5_000, 9_000, 30))
    cuts = column("total", amounts, np.zeros(len(amounts))).cuts
    assert ((cuts > 100) & (cuts < 9_000)).any()


def test_bins_put_the_unknown_apart_and_the_unseen_last() -> None:
    values = np.array(["x"] * 20 + ["y"] * 20 + ["rare", None], object)
    one = column("kind", values, np.append(np.zeros(20), np.ones(22)))
    bins = bin_table([one], {"kind": values}).bins[0]
    assert one.categories == ("x", "y")
    assert bins[-1] == 0
    assert bins[-2] == one.bins - 1


def test_few_labels_hardly_move_the_calibration() -> None:
    rng = np.random.default_rng(0)
    logit = rng.normal(-3, 1, 40)
    line = calibration(logit, np.zeros(40))
    assert abs(line.slope - 1) < 0.1
    many = rng.normal(-1, 1, 20_000)
    label = (rng.random(20_000) < sigmoid(0.5 * many + 1)).astype(float)
    found = calibration(many, label)
    assert found.slope == pytest.approx(0.5, abs=0.06)
    assert found.intercept == pytest.approx(1, abs=0.08)


def test_trees_take_part_only_where_they_win_by_more_than_noise(both: tuple[Judge, Judge]) -> None:
    taught = lesson(3_200)
    champion = calibrated(both[0], taught.label).left_out
    assert not contest(champion, champion, taught.label, taught.group).won
    found = contest(champion, np.where(taught.label > 0, 4.0, -4.0), taught.label, taught.group)
    assert found.won
    assert found.saved > 2 * found.error > 0


def test_few_labels_blend_what_does_best_on_rows_left_out() -> None:
    rng = np.random.default_rng(0)
    label = (rng.random(500) < 0.2).astype(float)
    good, noise = 4 * label - 3, rng.normal(-1.4, 2, 500)
    assert least_loss(noise, good, label) == 1.0
    assert least_loss(good, np.append(noise[:-1], np.nan), label) == min(SHARES)


@pytest.mark.parametrize(("tangled", "shares"), [(True, {0.5, 0.75, 1.0}), (False, {0.0})])
def test_ten_thousand_labels_let_trees_in_where_they_win_on_later_orders(
    monkeypatch: pytest.MonkeyPatch, tangled: bool, shares: set[float]
) -> None:
    """Three signs that only count together are nothing to an additive model; a plain sum is nothing new to trees."""
    monkeypatch.setattr(recipes, "pace", lambda labels: Pace(rate=0.3, rounds=20, every=5))
    monkeypatch.setattr(recipes, "growth", lambda labels: replace(GROWTH, columns=1.0, depth=4))
    rng = np.random.default_rng(3)
    x = rng.normal(size=(10_500, 4))
    odds = 4 * (np.prod(np.sign(x[:, :3]), axis=1) > 0) if tangled else 1.2 * (x[:, 0] + x[:, 1])
    label = (rng.random(len(x)) < sigmoid(odds - 4)).astype(float)
    taught = Lesson(table={name: x[:, n] for n, name in enumerate("abcd")}, label=label, group=np.arange(len(x)) // 2,
                    directions={})  # fmt: skip
    used, champion, challenger, found = recipes.learn(taught, order=np.arange(len(x), dtype=float))
    assert found is not None
    assert challenger is not None
    assert found.share in shares
    assert (used is champion) is not tangled
    assert bool(used.trees) is tangled
    assert recipes.learn(taught.rows(np.arange(2_000)))[3] is None
