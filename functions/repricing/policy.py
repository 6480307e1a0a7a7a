"""Which price to ask next: expected profit, a bonus for what a price would teach, and never against the
ledger."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from functions.repricing.beliefs import elasticity
from functions.repricing.curves import FEWEST, LATTICE, REFERENCE, SPACING, Floats, lattice_index, tables
from functions.repricing.ledger import Tolerance, harm_probability
from functions.repricing.scarcity import Shelf, gained, relative_sold

type Indices = npt.NDArray[np.int64]
type Flags = npt.NDArray[np.bool_]

COARSE = 4
"""Every so many lattice prices are looked at to value information."""
TOGETHER = 64
"""Products of limited supply looked at together: every state of every price of them is written out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """What the merchant allows, and how eager the policy is."""

    step: float = 0.10
    """Largest relative change at once."""
    tolerance: Tolerance = Tolerance()
    curiosity: float = 0.5
    """Share of the remaining weeks in which information is taken to pay; 0 where trying prices is not
    allowed."""
    kindness: float = 1.0
    """What a sibling's profit weighs beside the product's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known of each product when it is priced; prices and costs are relative to its reference
    price."""

    weights: Floats
    """(product, state): posterior."""
    level: Floats
    """(product, state): weekly units at the reference price."""
    ledger: Floats
    """(product, state)"""
    ratio: Floats
    cost_ratio: Floats
    lower: Floats
    upper: Floats
    dispersion: Floats
    centre: Floats
    """Log price ratio around which the level filter knows the level: a price teaches by its distance from
    it."""
    weeks_left: int
    stock_cost: Floats | None = None
    """(product,): what a unit in stock is worth keeping, below its cost where there is too much of it; harm is
    reckoned with the cost all the same."""
    supply: Floats | None = None
    """(product,): most units that can be sold a week, inf where nobody knows of a limit."""
    caution: Floats | float = 1.0
    """(product,): share of the tolerated probability of harm that may be used."""
    burden: Floats | float = 0.0
    """(product,): what its siblings gain when its log price rises by one, in its reference prices a week."""

    def rows(self, rows: Indices) -> "Situation":
        """Some of the products."""
        return replace(
            self, weights=self.weights[rows], level=self.level[rows], ledger=self.ledger[rows], ratio=self.ratio[rows],
            cost_ratio=self.cost_ratio[rows], lower=self.lower[rows], upper=self.upper[rows],
            dispersion=self.dispersion[rows], centre=self.centre[rows],
            stock_cost=None if self.stock_cost is None else self.stock_cost[rows],
            supply=None if self.supply is None else self.supply[rows],
            burden=np.broadcast_to(self.burden, self.ratio.shape)[rows],
            caution=np.broadcast_to(self.caution, self.ratio.shape)[rows],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The price chosen for each product, and what every price within reach would bring."""

    ratio: Floats
    candidates: Floats
    """(product, candidate): price ratios."""
    units: Floats
    """(product, candidate): expected weekly sales."""
    profit: Floats
    """(product, candidate): expected weekly profit in reference prices, with what siblings gain by it."""
    harm: Floats
    """(product, candidate): probability of ending clearly poorer than under the reference price."""
    open: Flags
    """(product, candidate): within step, limits and tolerance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The lattice prices around each product's standing one."""

    index: Indices
    """(product, candidate)"""
    near: Flags
    """Within one step."""
    allowed: Flags
    """Within one step and all limits."""

    @property
    def ratio(self) -> Floats:
        """The candidates as price ratios."""
        return LATTICE[self.index]


def choose(situation: Situation, stance: Stance, reach: Reach | None = None, units: Floats | None = None) -> Choice:
    """The next price of every product; where none within reach is tolerable, the way home to the reference.

    Args:
        situation: what is known of each product.
        stance: what the merchant allows.
        reach: the candidates, where somebody already has them (`reachable`).
        units: expected weekly units of those, where a graph has computed them: (product, candidate).
    """
    reach = reach or reachable(situation, stance)
    if units is None:
        units = np.take_along_axis(_units(situation), reach.index, axis=1)
    units = units.copy()
    harm = harm_probability(
        situation.ledger,
        situation.weights,
        reach.index,
        situation.cost_ratio,
        tables(stance.step),
        stance.tolerance,
    )
    worth = perfect_information(situation)
    for rows in _limited(situation):
        units[rows], harm[rows], worth[rows] = _scarce(situation.rows(rows), stance, reach.index[rows])
    moved = np.log(reach.ratio / situation.ratio[:, None])
    spared = np.broadcast_to(situation.burden, situation.ratio.shape)[:, None] * moved
    cost = situation.cost_ratio if situation.stock_cost is None else situation.stock_cost
    profit = units * (reach.ratio - cost[:, None]) + stance.kindness * spared
    value = profit + stance.curiosity * _information(situation, reach.index, units, worth)
    allowed = stance.tolerance.probability * np.broadcast_to(situation.caution, situation.ratio.shape)
    tolerable = reach.allowed & (harm <= allowed[:, None])
    home = np.where(reach.near, np.abs(np.log(reach.ratio)), np.inf).argmin(axis=1)
    best = np.where(tolerable.any(axis=1), np.where(tolerable, value, -np.inf).argmax(axis=1), home)
    ratio = np.take_along_axis(reach.ratio, best[:, None], axis=1)[:, 0]
    return Choice(ratio=ratio, candidates=reach.ratio, units=units, profit=profit, harm=harm, open=tolerable)


def reachable(situation: Situation, stance: Stance) -> Reach:
    """Lattice prices around the standing one, which of them are a step away, and which within all limits
    too."""
    here = lattice_index(situation.ratio)
    reach = int(np.ceil(-np.log(1 - stance.step) / SPACING))
    index = np.clip(here[:, None] + np.arange(-reach, reach + 1), 0, len(LATTICE) - 1)
    price, now = LATTICE[index], situation.ratio[:, None]
    near = (price >= now * (1 - stance.step) * (1 - 1e-9)) & (price <= now * (1 + stance.step) * (1 + 1e-9))
    inside = (price >= situation.lower[:, None]) & (price <= situation.upper[:, None])
    return Reach(index=index, near=near, allowed=near & inside)


def _limited(situation: Situation) -> Iterator[Indices]:
    """The products whose supply is limited, a few at a time."""
    if situation.supply is not None:
        rows = np.flatnonzero(np.isfinite(situation.supply))
        for at in range(0, len(rows), TOGETHER):
            yield rows[at : at + TOGETHER]


def _scarce(situation: Situation, stance: Stance, candidates: Indices) -> tuple[Floats, Floats, Floats]:
    """Expected units and harm of each candidate, and the worth of knowing the state, where supply is limited."""
    assert situation.supply is not None  # noqa: S101  _limited has looked
    shelf = Shelf(level=situation.level, supply=situation.supply, noise=situation.dispersion)
    relative, home = relative_sold(shelf, tables(0.1).units)
    sold = relative * home
    units = np.einsum("ps,pls->pl", situation.weights, sold)
    margin = LATTICE - situation.cost_ratio[:, None]
    outside = (situation.lower[:, None] > LATTICE) | (situation.upper[:, None] < LATTICE)
    margin = np.where(outside, -1e6, margin)
    knowing = (situation.weights * (sold * margin[..., None])[:, ::COARSE].max(axis=1)).sum(axis=1)
    worth = np.maximum(knowing - (units * margin)[:, ::COARSE].max(axis=1), 0.0)
    way = gained(relative, candidates, situation.cost_ratio, stance.step)
    poorer = situation.ledger[:, None] + way < -stance.tolerance.loss * stance.tolerance.horizon
    harm = np.einsum("ps,pcs->pc", situation.weights, poorer)
    return np.take_along_axis(units, candidates, axis=1), harm, worth


def _units(situation: Situation) -> Floats:
    """Expected weekly units at every lattice price: (product, price)."""
    return np.asarray((situation.weights * situation.level) @ tables(0.1).units.T)


def _information(situation: Situation, candidates: Indices, units: Floats, worth: Floats) -> Floats:
    """Worth of what a week at each candidate would teach, over all remaining weeks."""
    variance = elasticity(situation.weights)[1] ** 2
    distance = np.log(LATTICE[candidates]) - situation.centre[:, None]
    told = variance[:, None] * distance**2 / (1 / np.maximum(units, FEWEST) + situation.dispersion[:, None])
    return np.asarray(situation.weeks_left * worth[:, None] * told / (1 + told))


def perfect_information(situation: Situation) -> Floats:
    """Expected weekly profit that knowing the state would add: (product,)."""
    price, units = LATTICE[::COARSE], tables(0.1).units[::COARSE].astype(np.float32)
    within = (price >= situation.lower.min() * 0.999) & (price <= situation.upper.max() * 1.001)
    within[REFERENCE // COARSE] = True
    price, units = price[within], units[within]
    margin = price[None, :] - situation.cost_ratio[:, None]
    outside = (price[None, :] < situation.lower[:, None]) | (price[None, :] > situation.upper[:, None])
    margin = np.where(outside, -1e6, margin).astype(np.float32)
    weighed = (situation.weights * situation.level).astype(np.float32)
    knowing = np.full(weighed.shape, -np.inf, dtype=np.float32)
    for k in range(len(price)):
        np.maximum(knowing, units[k] * margin[:, k, None], out=knowing)
    not_knowing = ((weighed @ units.T) * margin).max(axis=1)
    return np.asarray(np.maximum((weighed * knowing).sum(axis=1) - not_knowing, 0.0), dtype=np.float64)
