"""What sales say of demand where the stock ran out: demand was at least what was sold.

Demand is negative binomial, so its upper tail is a regularised incomplete beta function, evaluated here by its
continued fraction with Lentz's method (Press et al. 2007, section 6.4), and its moments above the stock follow
from the tails of its neighbours. Putting those moments in the place of sales is what an expectation step does for
censored data (Tobin 1958; Dempster, Laird & Rubin 1977; for sold-out goods Nahmias 1994).
"""

import math
from dataclasses import dataclass

import numpy as np

from functions.repricing.curves import Floats

ROUNDS = 300
"""Of the continued fraction; it needs about the square root of the larger parameter."""
EXACT = 1e-9
TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Tail:
    """Demand given that it reached a bound; arrays have the shape of `mean`."""

    log_probability: Floats
    """Of demand reaching the bound."""
    mean: Floats
    """Expected demand given that it did, in units."""
    variance: Floats
    """Variance of demand given that it did, in squared units."""


def tail(bound: Floats, mean: Floats, noise: Floats) -> Tail:
    """Negative binomial demand above a bound.

    Args:
        bound: units; where it is below one, every demand reaches it.
        mean: expected demand before anything was seen, above zero, in units.
        noise: variance relative to the squared mean, Poisson aside, above zero.
    """
    bound, mean, size = np.broadcast_arrays(bound, mean, 1 / noise)
    odds = mean / size
    share = odds / (1 + odds)
    above = bound >= 1
    least = np.where(above, bound, 1.0)
    log_front = least * np.log(share) - size * np.log1p(odds) - _log_beta(least, size)
    log_reached = np.where(above, _log_incomplete_beta(least, size, share, log_front), 0.0)
    hazard = np.where(above, np.exp(np.minimum(log_front - log_reached, 700)) / (share * size), 0.0)
    second = hazard * (least - 1) / (odds * (size + 1))
    given = mean * (1 + hazard)
    square = mean**2 * (1 + 1 / size) * (1 + hazard + second) + given
    return Tail(log_reached, given, np.maximum(square - given**2, 0.0))


def _log_beta(a: Floats, b: Floats) -> Floats:
    return _log_gamma(a) + _log_gamma(b) - _log_gamma(a + b)


def _log_gamma(values: Floats) -> Floats:
    """Few of the values are different, for states of one product share theirs."""
    different, place = np.unique(values, return_inverse=True)
    return np.array([math.lgamma(one) for one in different])[place].reshape(values.shape)


def _log_incomplete_beta(a: Floats, b: Floats, x: Floats, log_front: Floats) -> Floats:
    """Log of the regularised incomplete beta function; `log_front` is x^a (1-x)^b / B(a, b)."""
    near = x < (a + 1) / (a + b + 2)
    first, second, at = np.where(near, a, b), np.where(near, b, a), np.where(near, x, 1 - x)
    log_part = log_front + np.log(_fraction(first, second, at) / first)
    return np.where(near, log_part, np.log(np.maximum(-np.expm1(np.minimum(log_part, -TINY)), TINY)))


def _fraction(a: Floats, b: Floats, x: Floats) -> Floats:
    """Continued fraction of the incomplete beta function where it converges fast."""
    upper, lower = np.ones_like(x), 1 / _off_zero(1 - (a + b) * x / (a + 1))
    found = lower.copy()
    for m in range(1, ROUNDS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            lower, upper = 1 / _off_zero(1 + term * lower), _off_zero(1 + term / upper)
            found = found * lower * upper
        if float(np.abs(lower * upper - 1).max(initial=0.0)) < EXACT:
            break
    return found


def _off_zero(values: Floats) -> Floats:
    return np.where(np.abs(values) < TINY, TINY, values)


def served(mean: Floats, supply: Floats, noise: Floats) -> Floats:
    """Expected sales out of a limited supply: E[min(demand, supply)] of negative binomial demand, in units.

    Args:
        mean: expected demand, above zero, in units.
        supply: units that can be sold at most.
        noise: as for `tail`.
    """
    above = tail(supply, mean, noise)
    reached = np.exp(above.log_probability)
    return np.asarray(np.clip(mean + reached * (supply - above.mean), 0.0, np.minimum(mean, supply)))
