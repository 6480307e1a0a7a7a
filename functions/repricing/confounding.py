"""Whether a shop's past prices followed its demand: then they teach a false elasticity, and this says by how
much."""

import numpy as np
import numpy.typing as npt

from functions.repricing.beliefs import Beliefs, dispersion, posterior
from functions.repricing.curves import FEWEST, SLOPES, Floats

type Flags = npt.NDArray[np.bool_]

CALM = 0.06
"""A week whose log price is nearer than this to its product's median counts as one without a price change."""
CARRY = 2.0
"""A demand shock has faded, and calm weeks are the weaker ones of it: beside a price change half of it is
left."""


def confounding(beliefs: Beliefs, ratio: Floats, units: Floats, known: Floats) -> Floats:
    """By how much a shop's past prices make elasticities look too high (negative: too steep): (shop,).

    A merchant who promotes when demand is high anyway, or raises prices then, teaches a false elasticity.
    Demand shocks outlast a week, so the weeks beside a price change, whose own price did not change, give it
    away. A slant is believed only when it is two standard errors from none.

    Args:
        beliefs: what the same weeks taught.
        ratio: prices relative to the reference price, (shop, product, week).
        units: sales, same shape.
        known: 1 where there was such a week and sales say what demand was, same shape.
    """
    if ratio.shape[-1] < 6:
        return np.zeros(ratio.shape[0])
    slope = (posterior(beliefs) @ SLOPES)[..., None]
    price = np.log(ratio)
    price = price - np.median(price, axis=-1, keepdims=True)
    calm = (np.abs(price) < CALM) & (known > 0)
    calm_weeks = np.maximum(calm.sum(axis=-1, keepdims=True), 1)
    usual = (calm * units * ratio**-slope).sum(axis=-1, keepdims=True) / calm_weeks
    error = np.clip(units / np.maximum(usual * ratio**slope, FEWEST) - 1, -1, 3)
    weight = 1 / (dispersion(beliefs)[..., None] + 1 / np.maximum(usual, 0.5))
    near, told = _beside(price * known, error, calm, weight)
    return np.asarray(np.where(np.abs(near) * np.sqrt(told) > 2.0, CARRY * near, 0.0))


def _beside(price: Floats, error: Floats, calm: Flags, weight: Floats) -> tuple[Floats, Floats]:
    """Response of calm weeks' errors to the price one week before or after, and its information: (shop,)
    each."""
    pairs = ((slice(None, -1), slice(1, None)), (slice(1, None), slice(None, -1)))
    pull, power = np.zeros(len(price)), np.zeros(len(price))
    for moved, beside in pairs:
        trusted = weight * calm[..., beside] * price[..., moved]
        pull += (trusted * error[..., beside]).sum(axis=(1, 2))
        power += (trusted * price[..., moved]).sum(axis=(1, 2))
    return pull / np.maximum(power, 1e-9), power
