"""Mean weekly units as a function of price: the learners' own family and four they do not have.

Every curve has the drawn elasticity at the base price (the kinked one has it between its two arms).
Sources of the forms: multinomial logit, McFadden (1974); loss aversion around a reference price, Hardie,
Johnson & Fader (1993).
"""

import numpy as np

from sandbox.market.draws import CATEGORY, Draws, Floats
from sandbox.market.worlds import World

RISE, FALL = 1.5, 0.7
"""Kinked demand: a price above the reference is felt half again as strongly, one below it less."""


def mean_units(world: World, draws: Draws, week: int, price: Floats, others: Floats, rival: Floats) -> Floats:
    """Expected units before shocks and stock limits; `others` are the prices of the rest of the shop."""
    ratio, other_ratio = price / draws.base_price, others / draws.base_price
    elasticity = draws.elasticity[..., week]
    pull = (rival / draws.base_price) ** draws.cross
    scale = draws.level * pull * np.exp(draws.season[..., week])
    return np.asarray(scale * _relative(world, elasticity, ratio, other_ratio))


def _relative(world: World, elasticity: Floats, ratio: Floats, other_ratio: Floats) -> Floats:
    """Units relative to those at the base price."""
    if world.curve == "semi_log":
        return np.asarray(np.exp(elasticity * (ratio - 1)))
    if world.curve == "linear":
        return np.asarray(np.maximum(1 + elasticity * (ratio - 1), 0.02))
    if world.curve == "kinked":
        return np.asarray(ratio ** (elasticity * np.where(ratio > 1, RISE, FALL)))
    if world.curve == "logit":
        return _logit(elasticity, ratio, other_ratio)
    return np.asarray(ratio**elasticity)


def _logit(elasticity: Floats, ratio: Floats, other_ratio: Floats) -> Floats:
    """Each category shares its customers with an outside option that takes half of them at base prices."""
    share = 0.5 / CATEGORY
    slope = elasticity / (1 - share)
    own, standing = share * np.exp(slope * (ratio - 1)), share * np.exp(slope * (other_ratio - 1))
    groups = standing.reshape(*standing.shape[:-1], -1, CATEGORY)
    rest = 0.5 + np.repeat(groups.sum(axis=-1), CATEGORY, axis=-1) - standing
    return np.asarray(own / (rest + own) / share)


def sold(world: World, draws: Draws, week: int, mean: Floats) -> Floats:
    """Whole units actually sold: negative binomial by common random numbers, cut off at the stock."""
    rate = mean * np.exp(draws.shock[..., week]) * draws.gamma[..., week]
    units = _poisson(rate, draws.uniform[..., week], draws.normal[..., week])
    return np.asarray(np.minimum(units, np.floor(draws.capacity))) if world.capacity else units


def _poisson(rate: Floats, uniform: Floats, normal: Floats) -> Floats:
    """Poisson quantiles: by summation below a mean of 12, by a Cornish-Fisher expansion above it."""
    wide = np.floor(rate + normal * np.sqrt(rate) + (normal**2 - 1) / 6 + 0.5)
    small = np.minimum(rate, 12.0)
    term = np.exp(-small)
    below, count = term.copy(), np.zeros_like(rate)
    for k in range(1, 60):
        count += uniform > below
        term = term * small / k
        below = below + term
    return np.where(rate < 12.0, count, np.maximum(wide, 0.0))
