"""From the shipped model to a shop's own, one cautious rung at a time.

    as shipped ──► level         only how much fraud there is, strongly held to what the shipped model says
               ──► reweighted    each term may count more or less, held to "as shipped"
               ──► corrected     what the shop's orders show beyond that, and its own signals
               ──► own           from the shop's labels alone, trees among them where there are labels enough

Full recalibration and learning anew lose on few labels; a rung is climbed only if that pays on later orders.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from functions.screening.boosting import log_loss, sigmoid
from functions.screening.choosing import losses, sure
from functions.screening.columns import Floats, bin_table
from functions.screening.judging import Judge, calibration, moved
from functions.screening.learning import Lesson, boosted
from functions.screening.recipes import learn
from functions.screening.trees import Growth

LEVEL_SD: Final = 0.5
"""How far, in log odds, a shop's share of fraud is thought to lie from the shipped model's."""
SLOPE_SD: Final = 0.1
WEIGHT_SD: Final = 0.25
"""How far a term's weight is thought to lie from one."""
CORRECTION: Final = Growth(rate=0.05, trees=150, every=10, depth=1, penalty=4.0, columns=0.5, least_rows=15)
OWN_FROM: Final = 2_000
"""Labels from which on a model of the shop's labels alone is tried."""
RUNGS: Final = ("level", "reweighted", "corrected", "own")

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Climb:
    """Which rung was reached, and what later orders said of each."""

    rung: str
    loss: Mapping[str, float]
    """Nats a row on the later window, of ``shipped`` and of each rung."""
    saved: float
    error: float
    """Of the rung that is used against "level", and its standard error over identities."""


def climb(base: Judge, lesson: Lesson, order: Floats, say: Say, later: float = 0.25) -> tuple[Judge, Climb]:
    """Choose a rung on the later orders (``order`` is time), then climb it with all of them."""
    early = order <= np.quantile(order, 1 - later)
    late = lesson.rows(~early)
    first = rungs(base, lesson.rows(early), RUNGS, say, order[early])
    tried = {name: judge.logit(late.table) for name, judge in first.items()}
    rung, saved, error = "level", 0.0, 0.0
    for name in [one for one in RUNGS[1:] if one in tried]:
        gained = losses(tried[rung], late.label) - losses(tried[name], late.label)
        mean, off = sure(gained, late.group)
        if mean > off:
            rung, saved, error = name, saved + mean, off
    loss = {name: log_loss(late.label, logit) for name, logit in tried.items()}
    loss["shipped"] = log_loss(late.label, base.logit(late.table))
    say(f"screening: {rung} ({', '.join(f'{name} {value:.4f}' for name, value in loss.items())} nats on later orders)")
    return rungs(base, lesson, (rung,), say, order)[rung], Climb(rung, loss, saved, error)


def rungs(
    base: Judge, lesson: Lesson, wanted: tuple[str, ...], say: Say = lambda text: None, order: Floats | None = None
) -> dict[str, Judge]:
    """The models of the rungs wanted, calibrated; without those for which there are too few labels."""
    level = moved(base, calibration(base.logit(lesson.table), lesson.label, slope_sd=SLOPE_SD, intercept_sd=LEVEL_SD))
    found = {"level": level}
    if {"reweighted", "corrected"} & set(wanted):
        found["reweighted"] = reweighted(level, lesson)
    if "corrected" in wanted:
        found["corrected"] = corrected(found["reweighted"], lesson, say)
    if "own" in wanted and len(lesson.label) >= OWN_FROM:
        found["own"] = learn(lesson, say, order=order)[0]
    return {name: judge for name, judge in found.items() if name in wanted}


def reweighted(base: Judge, lesson: Lesson) -> Judge:
    """A weight per term, by logistic regression held to one (Newton's method), and the level with it."""
    parts = base.contributions(bin_table(base.columns, lesson.table))
    design = np.column_stack([parts, np.ones(len(parts))])
    prior = np.append(np.ones(parts.shape[1]), base.intercept)
    precision = np.diag(np.append(np.full(parts.shape[1], WEIGHT_SD**-2), LEVEL_SD**-2))
    beta = prior.copy()
    for _ in range(25):
        p = sigmoid(design @ beta)
        gradient = design.T @ (p - lesson.label) + precision @ (beta - prior)
        step = np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design + precision, gradient)
        beta = beta - step
        if float(np.abs(step).max()) < 1e-7:
            break
    weights = np.maximum(beta[:-1], 0.0)
    tables = tuple(replace(one, values=one.values * w) for one, w in zip(base.tables, weights.tolist(), strict=True))
    return replace(base, tables=tables, intercept=float(beta[-1]))


def corrected(base: Judge, lesson: Lesson, say: Say) -> Judge:
    """Small steps on top of what a model says, features and the shop's own signals alike; each adds to one term."""
    known = {one.name: one for one in base.columns}
    start = base.logit(lesson.table)
    more = boosted(replace(lesson, start=start, known=known), how=CORRECTION, bags=4, say=say)
    return replace(base, columns=more.columns, trees=more.trees, tree_weight=more.tree_weight, left_out=more.left_out)
