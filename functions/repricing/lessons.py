"""What a shop's history teaches: it is lived through twice, the second time with the prior that the first
one left."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from functions.repricing.beliefs import Beliefs, Learning, start
from functions.repricing.confounding import confounding
from functions.repricing.curves import Floats
from functions.repricing.kinship import Kinship
from functions.repricing.sharing import reweigh
from functions.repricing.weeks import Observed, observe


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """A history as (shop, product, week) arrays; prices are relative to the reference price."""

    ratio: Floats
    units: Floats
    sold_out: Floats
    rival_ratio: Floats
    known: Floats
    kin: Kinship | None = None
    """Which products are of one category; None where nobody knows."""

    @property
    def empty(self) -> Floats:
        """1 in weeks that had nothing to sell from their first day on."""
        return np.asarray(self.sold_out * (self.units == 0))

    @property
    def weeks(self) -> int:
        """How many weeks there are."""
        return int(self.ratio.shape[-1])

    def week(self, number: int) -> Observed:
        """One week of it; somebody else set these prices."""
        columns = (self.ratio, self.units, self.sold_out, self.rival_ratio, self.known)
        ratio, units, sold_out, rival, known = (column[..., number] for column in columns)
        return Observed(ratio=ratio, units=units, sold_out=sold_out, rival_ratio=rival, known=known, ours=False)


def learn(
    lessons: Lessons,
    shipped: Floats,
    learning: Learning = Learning(),  # noqa: B008  frozen
    progress: Callable[[str], None] = lambda _line: None,
) -> Beliefs:
    """Beliefs after a history.

    The first pass finds the shop's prior, dispersion and level noise, and whether past prices followed
    demand; only the second one's forecast errors judge how far the likelihood can be trusted.
    """
    first = _lived(lessons, start(_first_level(lessons), shipped, learning, lessons.kin))
    progress(f"first pass over {lessons.weeks} weeks done")
    first = reweigh(first, rounds=20)
    slant = confounding(first, lessons.ratio, lessons.units, lessons.known * (1 - lessons.sold_out))
    first = reweigh(replace(first, slant=slant), rounds=8)
    second = replace(
        start(_first_level(lessons), shipped, learning, lessons.kin), shared=first.shared, slant=slant,
        level_noise=first.level_noise, excess=first.excess * 0.5, square=first.square * 0.5,
        seen=first.seen * 0.5,
    )  # fmt: skip
    second = _lived(lessons, second)
    progress(f"second pass over {lessons.weeks} weeks done")
    return reweigh(second, rounds=12)


def _lived(lessons: Lessons, beliefs: Beliefs) -> Beliefs:
    for number in range(lessons.weeks):
        beliefs = observe(beliefs, lessons.week(number))
    return beliefs


def _first_level(lessons: Lessons) -> Floats:
    """A first guess of weekly units: the mean of each product's first weeks with
    something to sell."""
    known = lessons.known * (1 - lessons.empty)
    counted = known * (np.cumsum(known, axis=-1) <= 8)
    sold = (lessons.units * counted).sum(axis=-1)
    return np.asarray(sold / np.maximum(counted.sum(axis=-1), 1) + 0.5)
