"""What goes with a product that nobody, or hardly anybody, has bought yet.

A product without sales has no companions of its own. What is known is what sells beside anything, what it
resembles, and what it costs; how much each says about shared baskets is learnt from the shop's older products,
each looked at as if it were new::

    rate(p, j) = exp(b · [what j sells, how much p and j are alike, how far their prices are apart])
    after n orders of p, y of them with j:   (strength · rate + y) / (strength + n)

The rate is a Poisson regression, the second line the posterior mean of a Gamma-Poisson model whose strength is
chosen by marginal likelihood (empirical Bayes): content leads while there are no sales, and fades as they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from functions.recommendations.sales import Floats, Ints, Sales, Scores

SHELF = 5_000
"""Products that a newcomer's companions are taken from, those that sell best; others hardly share a basket."""
WINDOW_DAYS = 60.0
"""The newest part of a history, in which the older products' baskets are foretold."""
FEWEST_BASKETS = 300
"""Baskets of two or more in that window below which the shipped weights know more than the shop."""
STUDENTS, CHOICES = 400, 3_000
"""At most so many older products are foretold, each with so many possible companions."""
SEEN = 3
"""Baskets that an older product must have in the window to teach anything."""
FLOOR = 1e-4
"""Added to shares of baskets before the logarithm."""
MONTH_DAYS, NEWEST_BASKETS = 30.0, 500
"""What sells is read from the newest month, or from so many baskets where a month holds fewer."""
STRENGTHS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Pseudo-orders that content may be worth."""
_ITERATIONS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The regression: ``sells`` on the log share, per kind of resemblance a slope and one more above each knee,
    ``price`` on the distance of log prices."""

    constant: float
    sells: float
    alike: tuple[tuple[float, ...], ...]
    knees: tuple[tuple[float, ...], ...]
    price: float
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """What is known of products without sales, all in one order.

    ``kinds`` are unit vectors (products, width) per kind of resemblance, ``log_price`` (products,).
    """

    kinds: Sequence[Scores]
    log_price: Scores

    def knees(self) -> tuple[tuple[float, float], ...]:
        """Per kind the cosines that one pair in a hundred, and one in a thousand, of these products exceed."""
        return tuple(_knees(kind) for kind in self.kinds)


def sells(bought: Sales, now: float) -> Floats:
    """Log share of the newest baskets that hold each product, (products,).

    Baskets of one say nothing about company; ``now`` is in the history's days.
    """
    size = np.bincount(bought.basket, minlength=1)
    newest = bought.where((size[bought.basket] > 1) & (bought.day >= _month(bought, now)))
    held = np.bincount(newest.item, minlength=bought.items)
    return np.log(held / max(len(np.unique(newest.basket)), 1) + FLOOR)


def _month(bought: Sales, now: float) -> float:
    """Where the newest part begins: a month ago, or earlier in a shop with few orders."""
    first = np.unique(bought.basket, return_index=True)[1]
    days = np.sort(bought.day[first])
    enough = float(days[max(len(days) - NEWEST_BASKETS, 0)]) if len(days) else now
    return min(now - MONTH_DAYS, enough)


def learn(bought: Sales, goods: Goods) -> Weights | None:
    """Weights from a shop's own baskets; None where the newest window holds too few."""
    begin = bought.last_day - WINDOW_DAYS
    before, window = bought.before(begin), bought.where(bought.day >= begin)
    size = np.bincount(window.basket, minlength=1)
    window = window.where(size[window.basket] > 1)
    if not len(before) or len(np.unique(window.basket)) < FEWEST_BASKETS:
        return None
    held = np.bincount(window.item, minlength=bought.items)
    students = np.flatnonzero(held >= SEEN)
    if len(students) < 2:
        return None
    students = students[np.linspace(0, len(students) - 1, min(STUDENTS, len(students))).astype(np.int64)]
    trend = sells(before, begin)
    choices = np.sort(np.argsort(-trend, kind="stable")[:CHOICES])
    knees = goods.knees()
    together = _together(window, students, choices)
    table = _features(goods, trend, students, choices, knees)
    other = (students[:, None] != choices[None, :]).ravel()
    orders = np.repeat(held[students], len(choices)).astype(np.float64)
    beta = _poisson(table[other], (together.ravel() / orders)[other], np.sqrt(np.minimum(orders, 50.0))[other])
    rate = np.exp(np.clip(table @ beta, -15.0, 0.0))
    strength = _strength(rate[other], together.ravel()[other], orders[other])
    return _read(beta, knees, strength)


def rates(weights: Weights, goods: Goods, trend: Floats, products: Ints, choices: Ints) -> Floats:
    """The numpy reference of the graph: expected share of each product's baskets with each choice."""
    table = _features(goods, trend, products, choices, weights.knees)
    score = np.clip(table @ _flat(weights), -15.0, 0.0)
    return np.exp(score).reshape(len(products), len(choices))


def prior(weights: Weights, trend: Floats) -> Floats:
    """The part of the score that is the same beside every product, (products,)."""
    return weights.constant + weights.sells * trend


def _knees(kind: Scores) -> tuple[float, float]:
    some = kind[np.linspace(0, len(kind) - 1, min(600, len(kind))).astype(np.int64)]
    cosine = (some @ some.T)[np.triu_indices(len(some), 1)]
    return float(np.quantile(cosine, 0.99)), float(np.quantile(cosine, 0.999))


def _features(
    goods: Goods, trend: Floats, products: Ints, choices: Ints, knees: Sequence[Sequence[float]]
) -> Floats:
    """One row per (product, choice): constant, log share, resemblances with their knees, price distance."""
    pairs = (len(products), len(choices))
    columns: list[Floats] = [np.ones(pairs), np.broadcast_to(trend[choices], pairs)]
    for kind, at in zip(goods.kinds, knees, strict=True):
        cosine = (kind[products] @ kind[choices].T).astype(np.float64)
        columns += [cosine, *(np.maximum(cosine - knee, 0.0) for knee in at)]
    price = goods.log_price.astype(np.float64)
    columns.append(np.abs(price[products][:, None] - price[choices][None, :]))
    return np.stack([column.ravel() for column in columns], axis=1)


def _together(bought: Sales, products: Ints, choices: Ints) -> Floats:
    """Baskets that hold both, (products, choices)."""
    by_basket = np.argsort(bought.basket, kind="stable")
    items, ends = bought.item[by_basket], np.cumsum(np.bincount(bought.basket, minlength=1))
    by_item = np.argsort(bought.item, kind="stable")
    holders, edges = bought.basket[by_item], np.searchsorted(bought.item[by_item], np.arange(bought.items + 1))
    counts = np.zeros((len(products), len(choices)))
    for row, product in enumerate(products):
        baskets = holders[edges[product] : edges[product + 1]]
        lines = np.concatenate([items[ends[b - 1] if b else 0 : ends[b]] for b in baskets])
        counts[row] = np.bincount(lines, minlength=bought.items)[choices]
    return counts


def _poisson(table: Floats, share: Floats, weight: Floats, ridge: float = 1e-3) -> Floats:
    """Weighted Poisson regression by Newton's method on standardised columns, the first being the constant."""
    centre, spread = table.mean(0), table.std(0)
    centre[0], spread[spread < 1e-9] = 0.0, 1.0
    scaled = (table - centre) / spread
    weight = weight / weight.mean()
    beta = np.zeros(table.shape[1])
    beta[0] = np.log(max(float(share.mean()), 1e-9))
    penalty = ridge * share.sum() * np.r_[0.0, np.ones(len(beta) - 1)]
    for _ in range(_ITERATIONS):
        expected = np.exp(np.clip(scaled @ beta, -15.0, 0.0))
        slope = scaled.T @ (weight * (share - expected)) - penalty * beta
        bend = (scaled * (weight * expected)[:, None]).T @ scaled + np.diag(penalty + 1e-9)
        step = np.clip(np.linalg.solve(bend, slope), -2.0, 2.0)
        beta += step
        if np.abs(step).max() < 1e-5:
            break
    beta = beta / spread
    beta[0] -= float(beta[1:] @ centre[1:])
    return beta


def _strength(rate: Floats, together: Floats, orders: Floats) -> float:
    """How many orders the content is worth: the strength of the largest negative binomial likelihood."""

    def likelihood(strength: float) -> float:
        shape = strength * rate
        total = float((shape * np.log(strength / (strength + orders)) - together * np.log(strength + orders)).sum())
        left, shape = together[together > 0], shape[together > 0]
        for step in range(int(left.max(initial=0.0))):
            still = left > step
            total += float(np.log(shape[still] + step).sum())
        return total

    return max(STRENGTHS, key=likelihood)


def _read(beta: Floats, knees: tuple[tuple[float, ...], ...], strength: float) -> Weights:
    width = 1 + len(knees[0]) if knees else 0
    alike = tuple(
        tuple(float(b) for b in beta[2 + width * place : 2 + width * (place + 1)]) for place in range(len(knees))
    )
    return Weights(
        constant=float(beta[0]), sells=float(beta[1]), alike=alike, knees=knees, price=float(beta[-1]),
        strength=strength,
    )


def _flat(weights: Weights) -> Floats:
    slopes = [slope for kind in weights.alike for slope in kind]
    return np.array([weights.constant, weights.sells, *slopes, weights.price])
