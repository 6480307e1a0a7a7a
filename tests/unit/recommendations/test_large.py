"""A shop of very many products is trained from the history's own columns, and answers as a small one does."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from chalicelib.inference import check
from chalicelib.storage.codec import to_json
from functions.recommendations import large
from functions.recommendations.asking import asked
from functions.recommendations.cases import Cases
from functions.recommendations.companions import COMPANIONS, pairs_of
from functions.recommendations.judging import judge_lists
from functions.recommendations.neighbours import neighbours
from functions.recommendations.train import of_history, train
from tests.unit.recommendations.shops import random_shop
from tests.unit.recommendations.test_retraining import _material


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(large, "MANY", 10)
    monkeypatch.setattr(large, "_ROWS", 7)
    material = _material(random_shop(baskets=1_500))
    return material, {one.name: one for one in train(material, lambda line: None)}


def _loaded(artifact):
    card = replace(artifact.card, sha256=hashlib.sha256(artifact.graph).hexdigest())
    return check(artifact.graph, json.dumps(to_json(card)).encode(), artifact.assets)


def test_its_companions_and_counts_are_those_of_counting_all_at_once(made):
    material, artifacts = made
    model = _loaded(artifacts[COMPANIONS])
    near = neighbours(of_history(material.history), k=large.KEPT)
    pairs = pairs_of(model)
    for product in range(0, len(material.history.products), 5):
        found = dict(asked(model, np.array([product]), 10))
        wanted = dict(zip(near.items[product].tolist(), near.scores[product].tolist(), strict=True))
        assert min(wanted[other] for other in found) >= near.scores[product, 9] - 1e-3
        for other, together in zip(near.items[product, :5].tolist(), near.together[product, :5].tolist(), strict=True):
            assert pairs.bought(product, other) == (together, near.baskets[product])


def test_its_card_tells_how_good_the_lists_are_on_the_newest_orders(made):
    _, artifacts = made
    metrics = artifacts[COMPANIONS].card.metrics
    (row,) = metrics["candidates"]
    assert row["chosen"]
    assert row["cases"] == metrics["cases"] > 50
    assert metrics["hit_rate_at_10"] > metrics["best_sellers_hit_rate"], "aisles decide what is bought together here"


def test_newcomers_and_trends_are_told_from_whole_orders_among_the_newest(made, monkeypatch):
    material, _ = made
    monkeypatch.setattr(large, "NEWEST_LINES", 100)
    part = large.newest(material.history)
    assert 100 <= len(part.order) < 110
    assert part.order[0] == 0
    begin = len(material.history.order) - len(part.order)
    assert material.history.order[begin] != material.history.order[begin - 1]
    assert np.array_equal(part.product, material.history.product[begin:])


def test_a_shop_without_company_in_its_orders_teaches_nothing(monkeypatch):
    monkeypatch.setattr(large, "MANY", 1)
    shop = random_shop(baskets=40)
    alone = replace(shop, basket=np.arange(len(shop)))
    assert list(large.train_companions(_material(alone), lambda line: None)) == []


def test_lists_that_are_given_are_judged_as_scores_are():
    none, two = np.empty(0, np.int64), np.zeros(3, np.int64)
    cases = Cases(
        starts=two, items=none, age=np.empty(0), step=none, target_starts=np.array([0, 2, 3]),
        targets=np.array([4, 2, 9]), blocked_starts=two, blocked=none, country=np.full(2, -1),
    )
    judged = judge_lists(np.array([[1, 2, -1], [3, 0, 5]]), cases, 10)
    assert judged.hit.tolist() == [1.0, 0.0]
    assert judged.recall.tolist() == [0.5, 0.0]
    assert judged.reciprocal.tolist() == [0.5, 0.0]
    assert judged.ndcg[0] == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert judged.shown.sum() == 5
