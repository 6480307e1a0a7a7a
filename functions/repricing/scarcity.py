"""Prices of goods whose supply is limited: a cut sells no more than there is, and a shelf that empties anyway
loses less by a higher price.

Two accounts of a limited supply are kept, for a shop does not know which is its own. Where what is left over
perishes, expected sales are those of demand cut off week by week (the newsvendor's; Petruzzi & Dada 1999). Where it
keeps, weak weeks lend to strong ones, and mean sales are mean demand up to the mean supply (the fluid model of
Gallego & van Ryzin 1994). The first makes a higher price look better than the second and a lower one worse, so that
each alone would harm in a shop of the other kind: a price must be worth its while in both.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from functions.repricing.censored import served
from functions.repricing.curves import FEWEST, LATTICE, REFERENCE, Floats, lattice_index, relative_units, walk_home
from functions.repricing.ledger import relative_profit

type Indices = npt.NDArray[np.int64]

GRID: Floats = np.linspace(-3.0, 3.0, 49)
"""Log of demand over supply: below it everything is sold, above it nothing is left."""
SPACED = float(GRID[1] - GRID[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Products of limited supply."""

    level: Floats
    """(product, state): expected weekly demand at the reference price, in units."""
    supply: Floats
    """(product,): most units a week can sell; finite."""
    noise: Floats
    """(product,): variance of weekly demand relative to its squared mean, Poisson aside."""

    def rows(self, rows: Indices) -> "Shelf":
        """Some of the products."""
        return Shelf(level=self.level[rows], supply=self.supply[rows], noise=self.noise[rows])


def relative_sold(shelf: Shelf, relative: Floats) -> tuple[Floats, Floats]:
    """Expected weekly sales relative to those at the reference price, by the account that likes them less, and
    those at the reference price in units: (product, price, state) and (product, 1, state).

    Args:
        shelf: the products.
        relative: demand relative to that at the reference price, (price, state) or (product, price, state).
    """
    home = np.ones((1, relative.shape[-1]))
    perishing, keeping = _sold(shelf, relative)
    perishing_home, keeping_home = _sold(shelf, home)
    return np.minimum(perishing / perishing_home, keeping / keeping_home), keeping_home


def weekly_supply(learned: float, stock: int | None) -> float:
    """Most units that can be sold a week: what sold-out weeks sold, or what lies in stock where that is more; inf for
    what was never seen sold out, for that is restocked in time."""
    return learned if stock is None else max(learned, float(stock))


def expected_sales(level: Floats, supply: float, noise: float, ratio: Floats) -> Floats:
    """Expected weekly units of one product: (price, state).

    Args:
        level: expected weekly demand at the reference price, (state,).
        supply: most units a week can sell, inf where there is no limit.
        noise: as for `Shelf`.
        ratio: prices relative to the reference price, (price,).
    """
    relative = relative_units(ratio)
    if np.isinf(supply):
        return np.asarray(level * relative)
    found, home = relative_sold(Shelf(level=level[None], supply=np.array([supply]), noise=np.array([noise])), relative)
    return np.asarray((found * home)[0])


def _sold(shelf: Shelf, relative: Floats) -> tuple[Floats, Floats]:
    """Expected weekly sales where what is left over perishes, and where it keeps: (product, price, state) each."""
    most = np.maximum(shelf.supply, FEWEST)[:, None]
    curve = (served(most * np.exp(GRID), most, shelf.noise[:, None]) / (most * np.exp(GRID))).astype(np.float32)
    start = (np.log(shelf.level / most) - GRID[0]) / SPACED
    place = start.astype(np.float32)[:, None] + (np.log(relative) / SPACED).astype(np.float32)
    np.clip(place, 0.0, len(GRID) - 1.001, out=place)
    left = place.astype(np.int32)
    place -= left
    left += len(GRID) * np.arange(len(curve), dtype=np.int32)[:, None, None]
    low, high = curve.ravel()[left], curve.ravel()[left + 1]
    mean = shelf.level.astype(np.float32)[:, None] * relative.astype(np.float32)
    keeping = np.minimum(mean, most[:, :, None].astype(np.float32))
    return np.minimum(mean * (low + place * (high - low)), keeping), keeping


@cache
def ways_home(step: float) -> tuple[Indices, Floats]:
    """Lattice indices of each lattice price and of the walk home from it in steps of at most `step`, padded with
    the reference price; and 1 where there is a week of it: (price, week) each."""
    paths = [[float(ratio), *walk_home(float(ratio), step)] for ratio in LATTICE]
    index = np.full((len(LATTICE), max(len(path) for path in paths)), REFERENCE)
    walked = np.zeros(index.shape)
    for row, path in enumerate(paths):
        index[row, : len(path)], walked[row, : len(path)] = lattice_index(np.array(path)), 1.0
    return index, walked


def gained(relative: Floats, candidates: Indices, cost_ratio: Floats, step: float) -> Floats:
    """Profit of a week at each candidate and of the walk home from it, less that at the reference price, in weeks
    of the latter: (product, candidate, state).

    Args:
        relative: sales at every lattice price relative to those at the reference price, (product, price, state).
        candidates: lattice indices, (product, candidate).
        cost_ratio: cost relative to the reference price, (product,).
        step: largest relative change on the way home.
    """
    ways, walks = ways_home(step)
    index, walked = ways[candidates], walks[candidates]
    margin = relative_profit(walked, LATTICE[index], np.minimum(cost_ratio, 0.95)[:, None, None])
    place, found = np.arange(len(relative))[:, None], -walked.sum(axis=-1, keepdims=True)
    for week in range(index.shape[-1]):
        found = found + margin[..., week, None] * relative[place, index[..., week]]
    return np.asarray(found)
