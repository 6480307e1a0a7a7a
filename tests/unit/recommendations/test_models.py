"""Each model against its formula, the batch against the graph, and the blend against its parts."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from chalicelib.contracts import ArtifactCard
from chalicelib.inference import check
from chalicelib.storage.codec import to_json
from functions.recommendations import ease as regression
from functions.recommendations import pairs, scoring
from functions.recommendations.cases import Protocol, time_split
from functions.recommendations.choice import (
    BLEND,
    Candidate,
    Workshop,
    bounded,
    candidates,
    chosen,
    final,
    plan,
    standings,
    unless_better,
)
from functions.recommendations.ease import ease
from functions.recommendations.export import graph_of, read_reading, reading_of
from functions.recommendations.judging import Judged, judge
from functions.recommendations.models import one_case
from functions.recommendations.pairs import Nearness, Normal, transitions
from functions.recommendations.recipes import BASKETS, Ease, learnt, worded
from functions.recommendations.sales import Sales, sales
from functions.recommendations.vectors import PRODUCT, vectors
from tests.unit.recommendations.shops import random_shop, sequences


def _dense(table, items):
    full = np.zeros((items, items + 1))
    for row in range(items):
        np.add.at(full[row], table.items[row], table.weights[row].astype(np.float64))
    return full[:, :items]


def _shop(history, *, say=lambda line: None):
    return Workshop(wording=lambda moment: None, say=say)


def test_ease_is_the_closed_form():
    shop = random_shop()
    owned = np.zeros((shop.customers, shop.items))
    owned[shop.customer, shop.item] = 1.0
    inverse = np.linalg.inv(owned.T @ owned + 30.0 * np.eye(shop.items))
    wanted = -inverse / np.diag(inverse)
    np.fill_diagonal(wanted, 0.0)
    found = _dense(ease(shop, ridge=30.0, k=shop.items), shop.items)
    assert np.allclose(found, wanted / np.abs(wanted).max(), atol=2e-3)


def test_ease_reads_words_as_further_rows_and_lifts_what_is_rare():
    shop = random_shop()
    owned = np.zeros((shop.customers, shop.items))
    owned[shop.customer, shop.item] = 1.0
    owned /= np.maximum(owned.sum(axis=1, keepdims=True), 1.0) ** 0.25
    words = np.random.default_rng(0).normal(size=(shop.items, 6)).astype(np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    bought = owned.T @ owned
    inverse = np.linalg.inv(bought + 3.0 * words @ words.T + 5.0 * np.eye(shop.items))
    wanted = -inverse / np.diag(inverse) / (np.diag(bought) + 1.0) ** 0.1
    np.fill_diagonal(wanted, 0.0)
    table = ease(shop, ridge=5.0, k=shop.items, size_power=0.25, rarity=0.1, words=words, wording=3.0)
    assert np.allclose(_dense(table, shop.items), wanted / np.abs(wanted).max(), atol=2e-3)


def test_what_products_are_called_brings_together_what_is_never_bought_together():
    shop = random_shop()
    alone = shop.items
    grown = replace(shop, items=shop.items + 1)
    words = np.eye(alone + 1, 64, dtype=np.float32)
    words[alone] = words[3]
    spec = Ease(ridge=5.0, baskets=True, wording=3.0)
    assert worded(spec)
    assert _dense(learnt(spec, grown, words), alone + 1)[3, alone] > 0
    assert _dense(learnt(spec, grown, None), alone + 1)[3, alone] == 0


def test_inverting_by_halves_is_inverting():
    random = np.random.default_rng(0)
    root = random.normal(size=(1_200, 1_300)).astype(np.float32)
    matrix = root @ root.T / 1_300 + np.eye(1_200, dtype=np.float32)
    inverse = matrix.copy()
    regression._invert(inverse)
    assert np.abs(matrix @ inverse - np.eye(1_200)).max() < 1e-4


def test_past_its_dense_size_ease_keeps_its_strongest_neighbours(monkeypatch):
    shop = random_shop(customers=200, baskets=2_000)
    whole = _dense(ease(shop, ridge=30.0, k=shop.items), shop.items)
    monkeypatch.setattr(regression, "DENSE", 10)
    local = _dense(ease(shop, ridge=30.0), shop.items)
    kept = local != 0
    assert np.corrcoef(whole[kept], local[kept])[0, 1] > 0.85


def test_transitions_count_what_comes_next():
    shop = sales(
        basket=np.arange(4), customer=np.array([0, 0, 0, 1]), item=np.array([0, 1, 2, 0]), day=np.array([1.0, 2, 3, 1]),
        quantity=np.ones(4), items=3,
    )
    near = Nearness(reach=5, fade=0.5, back=0.25, by_row=True)
    found = _dense(transitions(shop, near, Normal(of=0.0, to=0.0, shrink=0.0)), 3)
    assert found.tolist() == [[0, 1, 0.5], [0.25, 0, 1], [0.125, 0.25, 0]]


def test_adding_up_by_sorting_gives_what_a_table_gives(monkeypatch):
    shop = random_shop()
    dense = transitions(shop, Nearness(), Normal())
    monkeypatch.setattr(pairs, "_TABLE", 0)
    monkeypatch.setattr(pairs, "_CHUNK", 1_000)
    sparse = transitions(shop, Nearness(), Normal())
    assert np.allclose(_dense(dense, shop.items), _dense(sparse, shop.items), atol=1e-3)


def test_vectors_do_not_see_what_is_cut_away():
    shop = random_shop()
    cut = vectors(shop.before(150.0), 150.0)
    changed = replace(shop, price=np.where(shop.day >= 150, 99.0, shop.price))
    assert np.array_equal(cut.values, vectors(changed.before(150.0), 150.0).values)
    popular = np.bincount(shop.before(150.0).item).argmax()
    assert cut.row("demand_10000").argmax() == popular or cut.row("demand_10000")[popular] > 1


@pytest.fixture(scope="module")
def made():
    history = random_shop(baskets=1_500)
    work = plan(history, Protocol.TIME_SPLIT, validation=220.0, test=260.0, end=301.0, repeats=True)
    shop = _shop(history)
    found = candidates(shop, work)
    return history, work, shop, found


def test_the_blend_beats_popularity_where_tastes_differ(made):
    _, _, _, found = made
    by_name = {one.name: one for one in found}
    assert by_name[BLEND].ndcg > 1.2 * by_name["popularity"].ndcg
    assert chosen(found).name != "popularity"


def test_the_card_names_every_candidate_and_one_choice(made):
    _, _, _, found = made
    rows = list(standings(found, chosen(found)))
    assert [row["model"] for row in rows] == [one.name for one in found]
    assert sum(row["chosen"] for row in rows) == 1
    assert all(row["ndcg_low"] <= row["ndcg"] <= row["ndcg_high"] for row in rows)
    assert json.dumps(rows)


def _loaded(model):
    graph = graph_of(model)
    inputs = {
        "items": ("int64", ("n",)), "weights": ("float32", (len(model.tables), "n")), "own": ("float32", ("n",)),
        "context": ("float32", (len(model.known.values),)), "blocked": ("int64", ("m",)), "k": ("int64", (1,)),
    }
    card = ArtifactCard(
        name="test", version="1", sha256=hashlib.sha256(graph).hexdigest(), inputs=inputs,
        outputs={"ids": ("int64", ("top",)), "scores": ("float32", ("top",))}, units={}, thresholds={},
        training_data="random", metrics={}, licence="none", created_at=datetime.now(UTC),
    )
    return check(graph, json.dumps(to_json(card)).encode(), {})


def _same_lists(model, histories):
    """The exported graph against numpy, for so many made-up histories."""
    loaded, reading, scorer = _loaded(model), read_reading(reading_of(model)), model.scorer()
    random = np.random.default_rng(11)
    for _ in range(histories):
        count = int(random.integers(1, 12))
        past = random.integers(0, model.items, count)
        case = one_case(
            past, age=np.sort(random.uniform(0, 300, count))[::-1], step=np.arange(count)[::-1].copy(),
            country=int(random.integers(-1, 3)), blocked=np.unique(past) if random.random() < 0.5 else np.empty(0, int),
        )
        request = reading.request(case)
        wanted, _ = scoring.top(scorer, request, 10)
        assert loaded.run(request.inputs(10))["ids"].tolist() == wanted.tolist()


def test_the_graph_of_a_blend_gives_the_lists_of_numpy_for_ten_thousand_histories(made):
    _, work, shop, found = made
    _same_lists(final(shop, work, next(one for one in found if one.name == BLEND), work.test), 10_000)


def test_the_graph_that_completes_orders_gives_the_lists_of_numpy():
    history = random_shop()
    words = np.random.default_rng(2).normal(size=(history.items, 8)).astype(np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    shop = Workshop(wording=lambda moment: words, say=lambda line: None)
    work = plan(history, Protocol.BASKET, validation=200.0, test=250.0, end=history.last_day + 1.0)
    by_name = {one.name: one for one in candidates(shop, work)}
    _same_lists(final(shop, work, by_name["ease, recency and titles"], work.test), 2_000)


def test_many_at_once_score_as_one_alone(made):
    _, work, shop, found = made
    blend = final(shop, work, found[-1], work.test)
    cases = work.test.cases.part(0, 20)
    together = blend.scores(cases)
    for row, case in enumerate(cases.blocks(1)):
        assert np.allclose(together[row], scoring.total(blend.scorer(), blend.request(case)), atol=1e-3)


def test_sequences_choose_transitions_over_regression():
    history = sequences()
    work = plan(history, Protocol.LEAVE_ONE_OUT, validation=0, test=None, end=0)
    by_name = {one.name: one for one in candidates(_shop(history), work)}
    picked = chosen(list(by_name.values()))
    assert picked.name in {"item-knn, recency and transitions", BLEND}
    assert by_name["item-knn, recency and transitions"].ndcg > 1.3 * by_name["ease"].ndcg


def test_what_is_bought_again_and_again_leads_with_repeats():
    random = np.random.default_rng(5)
    customer = np.repeat(np.arange(80), 30)
    item = np.where(random.random(2_400) < 0.8, customer % 40, random.integers(0, 40, 2_400))
    day = np.tile(np.arange(30.0) * 10, 80)
    history = sales(
        basket=np.arange(2_400), customer=customer, item=item, day=day, quantity=np.ones(2_400), items=40
    )
    work = plan(history, Protocol.TIME_SPLIT, validation=200.0, test=250.0, end=300.0, repeats=True)
    by_name = {one.name: one for one in candidates(_shop(history), work)}
    assert by_name["personal frequency"].ndcg > by_name["item-knn"].ndcg
    model = final(_shop(history), work, by_name["personal frequency"], work.test)
    case = time_split(history, 250.0, 300.0, repeats=True).part(3, 4)
    usual = np.bincount(case.items).argmax()
    assert model.scores(case)[0].argmax() == usual
    assert judge(model.scores, case, 40).hit[0] == 1.0


def test_every_named_product_vector_is_there():
    shop = random_shop()
    assert len(vectors(shop, shop.last_day).values) == len(PRODUCT) + 2


def test_plans_that_remember_learn_each_table_once_for_all_questions():
    history = random_shop(baskets=1_500)
    known: dict[float, Sales] = {}
    one, other = (
        plan(history, protocol, validation=220.0, test=None, end=301.0, known=known)
        for protocol in (Protocol.COMPANION, Protocol.BASKET)
    )
    assert one.validation.learn is other.validation.learn
    assert len(one.validation.cases) == len(other.validation.cases)
    shop = _shop(history)
    assert shop.table(BASKETS, one.validation) is shop.table(BASKETS, other.validation)
    assert shop.known(one.validation) is shop.known(other.validation)
    small = bounded(one, 20)
    assert len(small.validation.cases) == 20
    assert small.validation.learn is one.validation.learn


def test_another_model_replaces_the_usual_one_only_where_it_is_surely_better():
    dice = np.random.default_rng(1)
    usual = dice.random(400)

    def candidate(name, ndcg):
        judged = Judged(ndcg=ndcg, recall=ndcg, hit=ndcg, reciprocal=ndcg, shown=np.zeros(1, np.int64))
        return Candidate(name=name, parts=None, judged=judged, seconds=0.0)

    found = [candidate("usual", usual), candidate("luck", usual + dice.normal(0.001, 0.3, 400))]
    assert unless_better(found, "usual").name == "usual"
    assert unless_better([*found, candidate("better", usual + 0.05)], "usual").name == "better"
