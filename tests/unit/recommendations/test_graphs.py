"""The graphs give what the numpy reference gives."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from chalicelib.contracts import ArtifactCard
from chalicelib.graphs.item_scores import Channel, ItemScores, Table, item_scores
from chalicelib.graphs.similarity import Views, similarity
from chalicelib.inference import check
from chalicelib.storage.codec import to_json
from functions.recommendations import scoring
from functions.recommendations.neighbours import neighbours
from functions.recommendations.sales import sales
from functions.recommendations.tables import of_neighbours


def _loaded(graph: bytes, inputs: dict, outputs: dict):
    card = ArtifactCard(
        name="test", version="1", sha256=hashlib.sha256(graph).hexdigest(), inputs=inputs, outputs=outputs, units={},
        thresholds={}, training_data="random", metrics={}, licence="none", created_at=datetime.now(UTC),
    )
    return check(graph, json.dumps(to_json(card)).encode(), {})


def _random_sales(seed: int, items: int = 120, baskets: int = 600):
    random = np.random.default_rng(seed)
    size = random.integers(1, 8, baskets)
    basket = np.repeat(np.arange(baskets), size)
    popularity = 1 / np.arange(1, items + 1)
    item = random.choice(items, len(basket), p=popularity / popularity.sum())
    return sales(
        basket=basket, customer=basket % 50, item=item, day=basket / 10, quantity=np.ones(len(basket)), items=items
    )


@pytest.fixture(scope="module")
def graph_and_scorer():
    bought = _random_sales(1)
    table = of_neighbours(neighbours(bought, k=30))
    vectors = np.zeros((1, bought.items), np.float32)
    graph = item_scores(ItemScores(
        tables=[Table(items=table.items, weights=table.weights)],
        channels=[Channel(table=0, linear=1.0, raw=True)], vectors=vectors,
    ))
    scorer = scoring.Scorer(
        tables=[table], channels=[scoring.Channel(table=0, linear=1.0, raw=True)], vectors=vectors
    )
    inputs = {
        "items": ("int64", ("n",)), "weights": ("float32", (1, "n")), "own": ("float32", ("n",)),
        "context": ("float32", (1,)), "blocked": ("int64", ("m",)), "k": ("int64", (1,)),
    }
    outputs = {"ids": ("int64", ("top",)), "scores": ("float32", ("top",))}
    return _loaded(graph, inputs, outputs), scorer


def test_ten_thousand_random_histories_get_identical_lists(graph_and_scorer):
    model, scorer = graph_and_scorer
    random = np.random.default_rng(7)
    for _ in range(10_000):
        count = int(random.integers(1, 9))
        items = random.choice(120, count, replace=False).astype(np.int64)
        request = scoring.Request(
            items=items, weights=np.ones((1, count), np.float32), own=np.zeros(count, np.float32),
            context=np.zeros(1, np.float32), blocked=items,
        )
        wanted, _ = scoring.top(scorer, request, 10)
        found = model.run(request.inputs(10))["ids"]
        assert found.tolist() == wanted.tolist()


def test_similarity_ranks_by_cosine_and_blocks():
    random = np.random.default_rng(3)
    meanings, words = (random.normal(size=(50, width)).astype(np.float32) for width in (16, 40))
    words[random.random(words.shape) < 0.8] = 0.0
    meanings, words = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (meanings, words))
    inputs = {
        "meaning": ("float32", (16,)), "places": ("int64", ("p",)), "strengths": ("float32", ("p",)),
        "blocked": ("int64", ("b",)), "k": ("int64", (1,)),
    }
    outputs = {"ids": ("int64", ("top",)), "scores": ("float32", ("top",))}
    model = _loaded(similarity(Views(meanings=meanings, words=words)), inputs, outputs)
    for product in range(50):
        places = np.flatnonzero(words[product])
        answer = model.run({
            "meaning": meanings[product], "places": places, "strengths": words[product][places],
            "blocked": np.array([product]), "k": np.array([5]),
        })
        wanted = (meanings @ meanings[product] + words @ words[product]) / 2
        np.testing.assert_allclose(answer["scores"], wanted[answer["ids"]], atol=0.01)
        wanted[product] = -np.inf
        np.testing.assert_allclose(answer["scores"], np.sort(wanted)[::-1][:5], atol=0.01)
        assert product not in answer["ids"]


def test_neighbours_count_the_baskets_that_hold_both():
    bought = _random_sales(5, items=20, baskets=200)
    near = neighbours(bought, k=19, shrink=0.0)
    held = np.zeros((bought.baskets, 20), bool)
    held[bought.basket, bought.item] = True
    for product in range(20):
        for other, together in zip(near.items[product], near.together[product], strict=True):
            if other >= 0:
                assert together == (held[:, product] & held[:, other]).sum()
    assert near.baskets.tolist() == held.sum(0).tolist()


def test_a_card_that_names_another_file_is_refused(graph_and_scorer):
    from chalicelib.errors import ArtifactMismatch

    model, _ = graph_and_scorer
    card, one = replace(model.card, sha256="0" * 64), np.eye(3, dtype=np.float32)
    with pytest.raises(ArtifactMismatch, match="sha256"):
        check(similarity(Views(meanings=one, words=one)), json.dumps(to_json(card)).encode(), {})
