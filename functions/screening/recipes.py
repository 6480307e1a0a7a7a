"""How much effort a number of labels deserves. Chosen on simulated orders and look-alikes, never on a test window."""

from functions.screening.boosting import Pace
from functions.screening.choosing import CHALLENGED_FROM, FRAUDS, Contest, chosen
from functions.screening.judging import Judge
from functions.screening.learning import Lesson, Say, additive, boosted
from functions.screening.trees import Growth

FEW, MANY = 3_000, 30_000


def paces(labels: int) -> tuple[Pace, int]:
    """For the additive model: pace and bags."""
    if labels < FEW:
        return Pace(rate=0.05, rounds=120, every=5, penalty=2.0, least_rows=8), 16
    if labels < MANY:
        return Pace(rate=0.06, rounds=200, pairs=10), 8
    return Pace(rate=0.08, rounds=200, pairs=12), 4


def growths(labels: int) -> tuple[Growth, int]:
    """For the trees: growth and bags."""
    if labels < MANY:
        return Growth(rate=0.05, trees=240, depth=4), 4
    return Growth(rate=0.06, trees=400, depth=6, columns=0.3), 4


def learn(
    lesson: Lesson, say: Say = lambda text: None, seed: int = 0
) -> tuple[Judge, Judge, Judge | None, Contest | None]:
    """The model to use, the additive one, the trees and the contest; the last two where there are labels enough."""
    labels = len(lesson.label)
    pace, bags = paces(labels)
    champion = additive(lesson, pace=pace, bags=bags, seed=seed, say=say)
    challenger = None
    if labels >= CHALLENGED_FROM and lesson.label.sum() >= FRAUDS:
        how, bags = growths(labels)
        challenger = boosted(lesson, how=how, bags=bags, seed=seed, say=say)
    used, found = chosen(champion, challenger, lesson.label, lesson.group)
    return used, champion, challenger, found
