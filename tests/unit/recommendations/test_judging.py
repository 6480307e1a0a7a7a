"""Figures against ones worked out by hand, and ties that favour nobody."""

import numpy as np

from functions.recommendations.judging import interval, judge
from functions.recommendations.models import one_case


def _asked(targets, blocked=()):
    from dataclasses import replace

    case = one_case(np.array([0]), blocked=np.array(blocked, np.int64))
    return replace(case, target_starts=np.array([0, len(targets)]), targets=np.array(targets))


def test_figures_by_hand():
    scores = np.array([[0.9, 0.8, 0.7, 0.6, 0.5]], np.float32)
    judged = judge(lambda cases: scores, _asked([2, 4], blocked=[0]), 5, k=3)
    # The list is 1, 2, 3: one hit, at the second place; the ideal has hits at the first two.
    assert np.isclose(judged.ndcg[0], (1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert judged.recall[0] == 0.5
    assert judged.hit[0] == 1.0
    assert judged.reciprocal[0] == 0.5
    assert judged.coverage == 3 / 5


def test_ties_are_broken_at_random_and_the_same_way_each_time():
    case = _asked([0])
    many = case.take(np.zeros(2_000, np.int64))
    judged = judge(lambda cases: np.zeros((len(cases), 20), np.float32), many, 20, k=10)
    assert 0.45 < judged.hit.mean() < 0.55
    again = judge(lambda cases: np.zeros((len(cases), 20), np.float32), many, 20, k=10)
    assert judged.hit.tolist() == again.hit.tolist()


def test_ties_never_overrule_the_smallest_difference():
    score = np.ones((1, 50), np.float32)
    score[0, 31] = np.nextafter(np.float32(1), np.float32(2))
    for seed in range(20):
        assert judge(lambda cases: score, _asked([31]), 50, k=1, seed=seed).hit[0] == 1.0


def test_the_interval_covers_the_mean_about_as_often_as_it_says():
    random = np.random.default_rng(3)
    held = 0
    for _ in range(60):
        low, high = interval(random.random(150) < 0.3)
        held += low <= 0.3 <= high
    assert held >= 51
    assert interval(np.empty(0)) == (0.0, 0.0)
