"""The shapes demand may have, on a grid of states, and what each state says of every price on a lattice.

A state is an elasticity at the reference price together with a curve shape. One shape alone is dangerous: a
learner that only knows constant elasticity overprices badly where demand is linear.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]

SHAPES = ("log_log", "semi_log", "linear", "kinked")
ELASTICITIES: Floats = np.linspace(-6.75, -1.05, 39)
STATES = len(SHAPES) * len(ELASTICITIES)
SLOPES: Floats = np.tile(ELASTICITIES, len(SHAPES))
"""Elasticity at the reference price, per state."""
RISE, FALL = 4 / 3, 2 / 3
"""A kinked curve answers a price above the reference twice as strongly as one below it: losses loom about
twice as large as gains (Tversky & Kahneman 1992; for prices Hardie, Johnson & Fader 1993)."""
LEAST_UNITS = 0.02
"""A linear curve never falls below this share of its sales at the reference price."""
FEWEST = 1e-3
"""Weekly units below which no expectation falls, so that logarithms and ratios exist."""
SPACING = 0.01
LATTICE: Floats = np.exp(np.arange(-60, 61) * SPACING)
"""Prices relative to the reference price; index 60 is the reference itself."""
REFERENCE = 60


def relative_units(ratio: Floats) -> Floats:
    """Units relative to those at the reference price: (…) price ratios to (…, state)."""
    e, r = ELASTICITIES, np.asarray(ratio)[..., None]
    log_log = np.exp(e * np.log(r))
    kinked = np.exp(e * np.log(r) * np.where(r > 1, RISE, FALL))
    semi_log = np.exp(e * (r - 1))
    linear = np.maximum(1 + e * (r - 1), LEAST_UNITS)
    return np.concatenate([log_log, semi_log, linear, kinked], axis=-1)


@dataclass(frozen=True, slots=True)
class Tables:
    """Per lattice price and state, units now and summed over the walk back to the reference price."""

    units: Floats
    """(price, state)"""
    walk_units: Floats
    walk_sales: Floats
    """Price ratio times units, summed over the walk back."""
    walk_weeks: Floats
    """(price,): weeks the walk back takes."""

    @property
    def units_home(self) -> Floats:
        """Units of a week at each price and of the walk back: (price, state)."""
        return self.units + self.walk_units

    @property
    def sales_home(self) -> Floats:
        """The same in reference prices."""
        return LATTICE[:, None] * self.units + self.walk_sales


@cache
def tables(step: float) -> Tables:
    """What each lattice price sells, and what walking home from it in steps of at most `step` sells."""
    paths = [walk_home(float(ratio), step) for ratio in LATTICE]
    units = [relative_units(np.array(path)) if path else np.zeros((0, STATES)) for path in paths]
    sales = [np.array(path)[:, None] * sold if path else sold for path, sold in zip(paths, units, strict=True)]
    return Tables(
        units=relative_units(LATTICE),
        walk_units=np.stack([sold.sum(axis=0) for sold in units]),
        walk_sales=np.stack([sold.sum(axis=0) for sold in sales]),
        walk_weeks=np.array([float(len(path)) for path in paths]),
    )


def walk_home(ratio: float, step: float) -> list[float]:
    """The prices on the way back, neither the first nor the reference among them."""
    path: list[float] = []
    while True:
        ratio = max(ratio * (1 - step), 1.0) if ratio > 1 else min(ratio * (1 + step), 1.0)
        if abs(ratio - 1.0) < 1e-9:
            return path
        path.append(ratio)


def lattice_index(ratio: Floats) -> npt.NDArray[np.int64]:
    """The lattice price nearest to a price ratio."""
    index = np.rint(np.log(np.maximum(ratio, 1e-6)) / SPACING).astype(np.int64) + REFERENCE
    return np.asarray(np.clip(index, 0, len(LATTICE) - 1))
