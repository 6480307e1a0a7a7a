"""Products of one category take buyers from each other: how far, and what a price costs its siblings.

A product's demand is its own curve times exp(strength x the mean log price of its siblings). One strength per
shop is learned from all of its products, by regression of forecast errors on how far the siblings' prices
moved from where the level filter has seen them; it is used only as far as it stands out from noise.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from functions.repricing.curves import Floats

type Indices = npt.NDArray[np.int64]

ALONE = -1
"""The category of a product that has none."""
STRONGEST = 4.0
BELIEVED = 2.5
"""Standard errors from none at which a strength counts for half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinship:
    """Who stands beside whom in a batch of shops, and what was learned of it."""

    category: Indices
    """(shop, product): equal numbers in one shop are siblings; ALONE has none."""
    centre: Floats
    """(shop, product): mean log price of the siblings at which levels are known."""
    own_centre: Floats
    """(shop, product): the same of its own log price."""
    moments: Floats
    """(shop, 5): summed weighted products of siblings' moves, own moves and forecast errors: ss, so, oo, se, oe."""


def kinship(category: Indices) -> Kinship:
    """Siblings about whom nothing was learned yet."""
    nothing = np.zeros(category.shape)
    return Kinship(category=category, centre=nothing, own_centre=nothing, moments=np.zeros((len(category), 5)))


def strangers(shops: int, products: int) -> Kinship:
    """Shops whose products have no categories."""
    return kinship(np.full((shops, products), ALONE, dtype=np.int64))


def strength(kin: Kinship) -> Floats:
    """Elasticity of a product's sales to the mean price of its siblings: (shop,), 0 where it may be noise.

    Own moves are regressed out, for a shop whose prices move together must not take a wrong own elasticity for
    its siblings' doing.
    """
    ss, so, oo, se, oe = kin.moments.T
    known = np.maximum(ss - so**2 / (oo + 1.0), 0.0) + 1.0
    score = se - so * oe / (oo + 1.0)
    sure = 1 / (1 + np.exp(np.clip((BELIEVED**2 - score**2 / known) / 2, -30, 30)))
    return np.asarray(np.clip(score / known, 0.0, STRONGEST) * sure)


def siblings_mean(kin: Kinship, values: Floats) -> Floats:
    """Mean of a value over each product's siblings, 0 for a product that has none: (shop, product)."""
    total, count = _sums(kin, values), _sums(kin, np.ones_like(values))
    return np.where(count > 1, (total - values) / np.maximum(count - 1, 1), 0.0)


def _sums(kin: Kinship, values: Floats) -> Floats:
    """Sum of a value over each product's category, itself among them."""
    most = int(kin.category.max()) + 1
    if most <= 0:
        return values
    shop = np.arange(len(values))[:, None] * most
    place = np.where(kin.category >= 0, shop + kin.category, 0).ravel()
    joined = (kin.category >= 0).ravel()
    sums = np.bincount(place, weights=values.ravel() * joined, minlength=most * len(values))
    return np.where(kin.category >= 0, sums[place].reshape(values.shape), values)


def pull(kin: Kinship, siblings: Floats) -> Floats:
    """What the siblings' prices do to sales, relative to where levels are known: (shop, product)."""
    return np.asarray(np.exp(np.clip(strength(kin)[:, None] * (siblings - kin.centre), -1.0, 1.0)))


def taken(kin: Kinship, siblings: Floats) -> Floats:
    """What siblings below their reference prices leave of a product's sales: (shop, product), at most 1.

    What dearer siblings bring is left out, so that no product is sacrificed for what others may give back.
    """
    return np.asarray(np.exp(strength(kin)[:, None] * np.minimum(siblings, 0.0)))


def learned(kin: Kinship, own: Floats, siblings: Floats, error: Floats, weight: Floats, gain: Floats) -> Kinship:
    """What a week's forecast errors say of it.

    Args:
        kin: what was known.
        own: log price of each product this week.
        siblings: mean log price of each product's siblings.
        error: sales over their expectation, less one.
        weight: precision of each error, 0 where sales say nothing.
        gain: share of the error that the level filter takes up, so that the centres follow as the level does.
    """
    moved, off = siblings - kin.centre, own - kin.own_centre
    told = error + strength(kin)[:, None] * moved
    products = (moved * moved, moved * off, off * off, moved * told, off * told)
    sums = np.stack([(weight * one).sum(axis=1) for one in products], axis=-1)
    return replace(
        kin, centre=kin.centre + gain * moved, own_centre=kin.own_centre + gain * off, moments=kin.moments + sums
    )


def burden(kin: Kinship, profit: Floats, base: Floats) -> Floats:
    """What all siblings together gain when a product's log price rises by one: (shop, product).

    Args:
        kin: who stands beside whom.
        profit: expected weekly profit of each product, in money.
        base: reference prices, in whose units the answer is.
    """
    count = np.maximum(_sums(kin, np.ones_like(profit)) - 1, 1)
    others = np.where(kin.category >= 0, _sums(kin, profit) - profit, 0.0)
    return np.asarray(strength(kin)[:, None] * others / count / base)
