"""How much effort a number of labels deserves. Chosen on simulated orders and look-alikes, never on a test window."""

from typing import Final

from functions.screening.boosting import Pace
from functions.screening.choosing import CHALLENGED_FROM, FRAUDS, Contest, chosen
from functions.screening.judging import Judge
from functions.screening.learning import Lesson, Say, additive, boosted
from functions.screening.trees import Growth

FEW, MANY = 3_000, 30_000
STUMPS: Final = Growth(
    rate=0.05, trees=120, every=10, depth=1, penalty=0.3, columns=0.5, least_rows=5, least_curvature=0.01, trusted=8
)  # fmt: skip
"""An additive model for few labels: each tree asks for one feature, the best of half of them. A turn for every feature,
as usual, lets many useless ones in (average precision .029 against .044 at 500 labels with 104 columns)."""


def paces(labels: int) -> tuple[Pace, int]:
    """For the additive model: pace and bags."""
    if labels < MANY:
        return Pace(rate=0.06, rounds=150, pairs=10), 4
    return Pace(rate=0.08, rounds=150, pairs=12), 4


def growths(labels: int) -> tuple[Growth, int]:
    """For the trees: growth and bags."""
    if labels < MANY:
        return Growth(rate=0.05, trees=240, depth=4), 4
    return Growth(rate=0.08, trees=300, depth=6, columns=0.3, least_rows=0), 4


def learn(
    lesson: Lesson, say: Say = lambda text: None, seed: int = 0
) -> tuple[Judge, Judge, Judge | None, Contest | None]:
    """The model to use, the additive one, the trees and the contest; the last two where there are labels enough."""
    labels = len(lesson.label)
    pace, bags = paces(labels)
    if labels < FEW:
        champion = boosted(lesson, how=STUMPS, bags=8, seed=seed, say=say, bins=32)
    else:
        champion = additive(lesson, pace=pace, bags=bags, seed=seed, say=say)
    challenger = None
    if labels >= CHALLENGED_FROM and lesson.label.sum() >= FRAUDS:
        how, bags = growths(labels)
        challenger = boosted(lesson, how=how, bags=bags, seed=seed, say=say)
    used, found = chosen(champion, challenger, lesson.label, lesson.group)
    return used, champion, challenger, found
