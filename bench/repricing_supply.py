"""The simulated market that sells out, by what it sells on average.

The frozen market counts a product's profit from its mean demand cut off at its supply. What it sells is demand cut
off week by week, chance and shocks among it, and the mean of that is less: min(E[demand], supply) is never below
E[min(demand, supply)]. This is the second account, so that a policy cannot pass by the first one's grace.
"""

import numpy as np

from functions.repricing.censored import served
from sandbox.market.demand import mean_units
from sandbox.market.draws import RIVAL_PERSISTENCE, Floats
from sandbox.market.simulate import Market, Outcome

POINTS, WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
"""Of the normal shock to log demand (Gauss-Hermite quadrature)."""


def by_expected_sales(market: Market, outcome: Outcome) -> Outcome:
    """The outcome with profit from expected sales at the same prices: only for competitors that do not react."""
    world, draws, rival = market.world, market.draws, market.rival
    profit, most = np.zeros_like(draws.base_price), np.floor(draws.capacity)
    for week in range(world.weeks):
        at, price = world.history_weeks + week, outcome.prices[..., week]
        rival = RIVAL_PERSISTENCE * rival + draws.rival_noise[..., at]
        mean = mean_units(world, draws, at, price, price, draws.base_price * np.exp(rival))
        profit += _sold(mean, most, draws.dispersion, world.shock_sd) * (price - draws.cost[..., at])
    return Outcome(profit, outcome.prices)


def _sold(mean: Floats, most: Floats, dispersion: Floats, shock_sd: float) -> Floats:
    each = [served(mean * np.exp(shock_sd * point), most, dispersion) for point in POINTS]
    return np.asarray(np.tensordot(WEIGHTS / WEIGHTS.sum(), np.stack(each), axes=1))
