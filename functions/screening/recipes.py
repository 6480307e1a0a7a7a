"""How much effort a number of labels deserves. Chosen on simulated orders, look-alikes and public tables with rare
classes, never on a test window.

    labels      the additive model                                     trees
    < 10,000    step by step for every feature, blended with a forest of pairs
    more        step by step for every feature, with pairs             challenge it on later orders
"""

from typing import Final

import numpy as np

from functions.screening.boosting import Pace
from functions.screening.choosing import CHALLENGED_FROM, FRAUDS, Contest, contest, least_loss
from functions.screening.columns import Floats
from functions.screening.judging import Judge, blended, calibrated
from functions.screening.learning import Lesson, Say, additive, boosted
from functions.screening.trees import Growth

FEW, MANY = 3_000, 30_000
BINS, FEW_BINS = 48, 32
FOREST: Final = Growth(
    rate=0.04, trees=120, every=10, depth=2, penalty=0.3, columns=0.5, least_rows=5, least_curvature=0.01, trusted=8
)  # fmt: skip
"""For few labels: each tree asks for two features, the best of half of them. A turn for every feature, as explainable
boosting does, lets many useless ones in, where there are many; where most are of use it is the better half."""
FOREST_BAGS: Final = 8
SHY: Final = 30
"""Frauds below which the rows left out cannot tell how to blend."""
SHY_SHARE: Final = 0.75
LATER: Final = 0.25
"""Of the labels, the newest: what a challenger must win on."""
TRIAL_BAGS: Final = 2


def pace(labels: int) -> Pace:
    """For the additive model."""
    rounds, trusted = (100, 2) if labels < CHALLENGED_FROM else (150, 1)
    return Pace(rate=0.03, rounds=rounds, trusted=trusted, pairs=10, scouted=60, penalty=8.0, pair_penalty=20.0)


def growth(labels: int) -> Growth:
    """For the trees."""
    depth = 4 if labels < MANY else 5
    return Growth(rate=0.1, trees=200, every=10, depth=depth, columns=0.3, rows=0.6, least_rows=0, patience=4)


def learn(
    lesson: Lesson, say: Say = lambda text: None, seed: int = 0, order: Floats | None = None
) -> tuple[Judge, Judge, Judge | None, Contest | None]:
    """The model to use, the additive one, the trees and the contest; the last two where there are labels enough.

    All are calibrated. ``order`` is time (rows,): with it trees must win on the newest labels, having learned from the
    others; without it, on rows left out.
    """
    labels, bags = len(lesson.label), 4
    if labels < CHALLENGED_FROM or lesson.label.sum() < FRAUDS:
        champion = few(lesson, say, seed)
        return champion, champion, None, None
    found = None if order is None else trial(lesson, order, say, seed)
    champion = calibrated(additive(lesson, pace=pace(labels), bags=bags, seed=seed, say=say), lesson.label)
    challenger = calibrated(boosted(lesson, how=growth(labels), bags=bags, seed=seed, say=say), lesson.label)
    if found is None:
        one, other = champion.left_out, challenger.left_out
        seen = np.isfinite(one) & np.isfinite(other)
        found = contest(one[seen], other[seen], lesson.label[seen], lesson.group[seen])
    used = calibrated(blended(champion, challenger, found.share), lesson.label) if found.won else champion
    return used, champion, challenger, found


def few(lesson: Lesson, say: Say = lambda text: None, seed: int = 0) -> Judge:
    """Few labels: a step for every feature in turn, and a forest that asks for few of them, in one model."""
    labels = len(lesson.label)
    bins = FEW_BINS if labels < FEW else BINS
    steps = calibrated(additive(lesson, pace=pace(labels), bags=4, seed=seed, say=say, bins=bins), lesson.label)
    forest = calibrated(boosted(lesson, how=FOREST, bags=FOREST_BAGS, seed=seed, say=say, bins=bins), lesson.label)
    share = SHY_SHARE
    if lesson.label.sum() >= SHY:
        share = least_loss(steps.left_out, forest.left_out, lesson.label)
    return calibrated(blended(steps, forest, share), lesson.label)


def trial(lesson: Lesson, order: Floats, say: Say, seed: int) -> Contest | None:
    """Both kinds learn from the earlier orders and are held against each other on the later ones, identities met
    before left out; None where those hold too little fraud to tell."""
    early = order <= np.quantile(order, 1 - LATER)
    late = ~early & ~np.isin(lesson.group, lesson.group[early])
    if lesson.label[late].sum() < SHY:
        return None
    first, last = lesson.rows(early), lesson.rows(late)
    labels = int(early.sum())
    one = calibrated(additive(first, pace=pace(labels), bags=TRIAL_BAGS, seed=seed, say=say), first.label)
    other = calibrated(boosted(first, how=growth(labels), bags=TRIAL_BAGS, seed=seed, say=say), first.label)
    return contest(one.logit(last.table), other.logit(last.table), last.label, last.group)
