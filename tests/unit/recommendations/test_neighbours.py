"""Companions by sorting are what counting every pair by hand gives."""

import numpy as np
import pytest

from functions.recommendations import neighbours as counted
from functions.recommendations.neighbours import LARGEST_BASKET, nearest, neighbours
from functions.recommendations.sales import sales


def _history(seed: int = 1, items: int = 60, baskets: int = 500):
    random = np.random.default_rng(seed)
    size = np.minimum(random.zipf(1.6, baskets), 12)
    basket = np.repeat(np.arange(baskets), size)
    popularity = 1 / np.arange(1, items + 1)
    item = random.choice(items, len(basket), p=popularity / popularity.sum())
    return sales(
        basket=basket, customer=basket % 9, item=item, day=basket / 7, quantity=np.ones(len(basket)), items=items
    )


def _by_hand(history, weight, shrink):
    held = np.zeros((history.baskets, history.items))
    held[history.basket, history.item] = 1.0
    both = (held * weight[:, None]).T @ held
    norm = np.sqrt(np.diag(both))
    score = both / (np.outer(norm, norm) + shrink)
    np.fill_diagonal(score, 0.0)
    return score, held.T @ held


@pytest.mark.parametrize("block", [1, 300, 200_000])
@pytest.mark.parametrize("half_life", [None, 20.0])
def test_scores_and_counts_are_those_of_counting_by_hand(monkeypatch, block, half_life):
    monkeypatch.setattr(counted, "BLOCK_PAIRS", block)
    history = _history()
    near = neighbours(history, k=8, shrink=2.0, half_life=half_life)
    day = np.zeros(history.baskets)
    day[history.basket] = history.day
    weight = np.ones(history.baskets) if half_life is None else 0.5 ** ((history.last_day - day) / half_life)
    score, both = _by_hand(history, weight, 2.0)
    for item in range(history.items):
        best = np.sort(score[item])[::-1][:8]
        np.testing.assert_allclose(near.scores[item], best, rtol=2e-4, atol=1e-7)
        for other, value, count in zip(near.items[item], near.scores[item], near.together[item], strict=True):
            if other >= 0:
                assert value == pytest.approx(score[item, other], rel=2e-4)
                assert count == both[item, other]
            else:
                assert (value, count) == (0, 0)


def test_ties_go_to_the_lower_product_and_the_order_of_lines_does_not_matter():
    basket, item = np.array([0, 0, 0, 0], np.int32), np.array([3, 1, 2, 0], np.int32)
    assert nearest(basket, item, 4, k=3).items.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    history = _history()
    shuffled = np.random.default_rng(0).permutation(len(history))
    straight = nearest(history.basket, history.item, history.items, k=8)
    mixed = nearest(history.basket[shuffled], history.item[shuffled], history.items, k=8)
    assert (straight.items == mixed.items).all()


def test_nothing_bought_and_one_product_alone_have_no_companions():
    none = nearest(np.empty(0, np.int32), np.empty(0, np.int32), 3, k=2)
    assert (none.items == -1).all()
    lone = nearest(np.array([0, 1]), np.array([0, 0]), 1, k=2)
    assert lone.items.tolist() == [[-1, -1]]
    assert lone.baskets.tolist() == [2]


def test_an_order_of_two_hundred_thousand_lines_does_not_square():
    lines = 200_000
    basket = np.concatenate([np.zeros(lines, np.int32), np.repeat(np.arange(1, 50, dtype=np.int32), 2)])
    item = np.concatenate([np.arange(lines, dtype=np.int32), np.tile(np.array([5, 9], np.int32), 49)])
    near = nearest(basket, item, lines, k=3)
    assert near.items[5, 0] == 9
    assert (near.items[:, 0] >= 0).sum() <= LARGEST_BASKET + 4
    assert near.baskets[5] == 50, "the counts that people read are of all orders"
