"""A year in the market as lines for a chart: what each policy earned over keeping the price, week by week."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sandbox.market.demand import mean_units
from sandbox.market.draws import Floats
from sandbox.market.peers import PEERS
from sandbox.market.simulate import Market, Outcome, clairvoyant, open_market, play
from sandbox.market.tradewind import tradewind
from sandbox.market.worlds import WORLDS

TOLD = {"thompson": "Thompson sampling", "greedy_ols": "Least squares, greedy", "cost_plus": "Cost plus"}


def story(world: str = "promotions", seed: int = 5_000, products: int = 200) -> Mapping[str, Floats]:
    """Cumulative expected profit over keeping the price, in per cent of a year's, by the policy's name:
    (week,).

    Only for worlds whose competitors do not react, since prices alone tell the whole story there.
    """
    market = open_market(replace(WORLDS[world], products=products), [seed])
    kept = _weekly(market, play(market, PEERS["keep"]))
    outcomes = {"Tradewind": play(market, tradewind()), "All-knowing": clairvoyant(market)}
    outcomes |= {label: play(market, PEERS[name]) for name, label in TOLD.items()}
    return {name: 100 * np.cumsum(_weekly(market, outcome) - kept) / kept.sum() for name, outcome in outcomes.items()}


def _weekly(market: Market, outcome: Outcome) -> Floats:
    """The shop's expected profit of every week, the competitor standing at the base price."""
    draws, weeks = market.draws, range(market.world.weeks)
    found = []
    for week in weeks:
        at, price = market.world.history_weeks + week, outcome.prices[..., week]
        units = mean_units(market.world, draws, at, price, price, draws.base_price)
        found.append(float((np.minimum(units, draws.capacity) * (price - draws.cost[..., at])).sum()))
    return np.array(found)
