"""The worlds a policy is judged in: one matched to the learners' own demand, and ways in which shops differ.

The first world follows the specification of the pricing study that this simulator rebuilds; what that leaves
open (sales level, cross elasticity, persistence of the shocks, how wrong a wrong prior is) was chosen once,
by how well the study's table of simple policies came out, before any policy of the product was tuned.
"""

from dataclasses import dataclass, replace
from typing import Literal

type History = Literal["promotions", "flat", "chasing", "holiday"]
type Curve = Literal["log_log", "semi_log", "linear", "kinked", "logit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One kind of market; `chasing` histories price after demand, `holiday` ones promote its peaks."""

    name: str
    history: History = "promotions"
    curve: Curve = "log_log"
    products: int = 200
    weeks: int = 52
    history_weeks: int = 26
    shock_sd: float = 0.15
    dispersion: tuple[float, float] = (0.1, 0.5)
    season_amplitude: float = 0.0
    capacity: tuple[float, float] | None = None
    """Weekly stock as a multiple of the base level of sales; None is as much as is asked for."""
    competitor_reaction: float = 0.0
    """Share of the gap to our price that the competitor closes in a week."""
    cost_shock_sd: float = 0.0
    """Sd of one jump in log unit cost, as a fallen currency causes, plus a twentieth as weekly noise."""
    prior: tuple[float, float] = (-2.91, 1.14)
    """Mean and sd of the elasticity as every learner is told before it sees data."""
    overconfidence: float = 1.0
    """Factor on a learner's log likelihood; 4 halves its posterior standard deviation."""
    elasticity_drift: float = 0.0
    """Weekly sd of a random walk of the true log elasticity: what was learned goes stale."""


MATCHED = World(name="promotions")

WORLDS: dict[str, World] = {
    world.name: world
    for world in (
        MATCHED,
        replace(MATCHED, name="flat", history="flat"),
        replace(MATCHED, name="thin", history_weeks=8),
        replace(MATCHED, name="prior_too_steep", prior=(-4.8, 0.3)),
        replace(MATCHED, name="prior_too_flat", prior=(-2.0, 0.3)),
        replace(MATCHED, name="overconfident", overconfidence=4.0),
        replace(MATCHED, name="large_shocks", shock_sd=0.45),
        replace(MATCHED, name="dispersed", dispersion=(0.5, 1.5)),
        replace(MATCHED, name="chasing", history="chasing"),
        replace(MATCHED, name="holiday", history="holiday"),
        replace(MATCHED, name="linear", curve="linear"),
        replace(MATCHED, name="linear_flat", curve="linear", history="flat"),
        replace(MATCHED, name="semi_log_flat", curve="semi_log", history="flat"),
        replace(MATCHED, name="kinked", curve="kinked"),
        replace(MATCHED, name="kinked_flat", curve="kinked", history="flat"),
        replace(MATCHED, name="logit", curve="logit"),
        replace(MATCHED, name="logit_flat", curve="logit", history="flat"),
        replace(MATCHED, name="seasonal", season_amplitude=0.4),
        replace(MATCHED, name="stock_outs", capacity=(1.0, 2.0)),
        replace(MATCHED, name="reacting", competitor_reaction=0.3),
        replace(MATCHED, name="exchange_rate", cost_shock_sd=0.1),
        replace(MATCHED, name="drifting", elasticity_drift=0.03),
    )
}
