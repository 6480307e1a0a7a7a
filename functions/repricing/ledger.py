"""The harm ledger: what every state of demand says a product has gained or lost against its reference price.

A price is allowed only if, were the product then walked back to its reference and left there, it would most
likely not end the horizon clearly poorer than if nobody had touched it. The merchant sets how likely is
likely.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from functions.repricing.curves import Floats, Tables, relative_units


def relative_profit(units: Floats, ratio: Floats, cost_ratio: Floats) -> Floats:
    """Weekly profit relative to that at the reference price; cost and price are relative to the reference
    price."""
    return np.asarray(units * (ratio - cost_ratio) / (1 - cost_ratio))


def entered(
    ledger: Floats, ratio: Floats, cost_ratio: Floats, drawn: Floats | float = 1.0, sold: Floats | None = None
) -> Floats:
    """The ledger after a week at this price, which siblings' prices may have made a better or worse one:
    (shop, product, state).

    Args:
        ledger: before it, same shape.
        ratio: the week's price relative to the reference price, (shop, product).
        cost_ratio: cost relative to the reference price, same shape.
        drawn: what siblings left of its sales.
        sold: sales relative to those at the reference price, where more than the price limits them: (shop, product,
            state).
    """
    cost = np.minimum(cost_ratio, 0.95)[..., None]
    pull = np.broadcast_to(drawn, ratio.shape)[..., None]
    units = relative_units(ratio) if sold is None else sold
    return np.asarray(ledger + pull * relative_profit(units, ratio[..., None], cost) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How much harm, how probable, over how many weeks."""

    loss: float = 0.03
    """Share of a horizon's profit that may be lost before it counts."""
    probability: float = 0.16
    horizon: int = 52
    """Weeks."""


SHARE_REACHED = 0.25
"""Most products never come near their tolerance: in the market simulator this share of it is what ends up
harmed."""


def tolerance(harmed_pct: float, horizon: int = 52) -> Tolerance:
    """The tolerance per product under which about so many per cent of products end up harmed."""
    return Tolerance(probability=min(harmed_pct / 100 / SHARE_REACHED, 1.0), horizon=horizon)


SOUND = 0.7
"""A likelihood that can be trusted so far or further passes for a calibrated one: estimates of it wander above."""
CAUTION = 0.2
"""Share of its tolerance that a shop loses whose likelihood cannot be trusted at all."""


def caution(temperature: Floats) -> Floats:
    """Share of the tolerated probability that is left where the likelihood claimed too much: tempering puts right how
    much it claims on average, and not which products it was wrong about."""
    return np.asarray(1 - CAUTION * np.maximum(1 - temperature / SOUND, 0.0))


def harm_probability(
    ledger: Floats,
    weights: Floats,
    candidates: npt.NDArray[np.int64],
    cost_ratio: Floats,
    table: Tables,
    tolerance: Tolerance,
) -> Floats:
    """Probability of ending poorer than tolerated: (product, candidate) from (product, state) and lattice
    indices."""
    cost = np.minimum(cost_ratio, 0.95)[:, None].astype(np.float32)
    found = np.empty(candidates.shape)
    sales, units, weeks = (part.astype(np.float32) for part in (table.sales_home, table.units_home, table.walk_weeks))
    least = ((-tolerance.loss * tolerance.horizon - ledger) * (1 - cost)).astype(np.float32)
    believed = weights.astype(np.float32)
    for column in range(candidates.shape[1]):
        index = candidates[:, column]
        end = sales[index] - cost * units[index]
        found[:, column] = np.einsum("ps,ps->p", believed, end < least + (1 + weeks[index][:, None]) * (1 - cost))
    return found
