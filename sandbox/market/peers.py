"""Policies that the field uses or has published: what ours must beat, played in the same market.

Learners are extended Kalman filters on a log-linear negative binomial (West & Harrison 1997, ch. 14).
Thompson sampling for prices: Ferreira, Simchi-Levi & Wang (2018). Empirical-Bayes priors: Bastani,
Simchi-Levi & Zhu (2022).
"""

from dataclasses import dataclass, field

import numpy as np

from sandbox.market.draws import Floats
from sandbox.market.simulate import Past, Player, Policy, Sales, Week

STEEPEST, FLATTEST = -6.0, -1.25
ASSUMED_DISPERSION = 0.3


def monopoly_price(elasticity: Floats, cost: Floats) -> Floats:
    """Lerner's rule for constant elasticity; demand that looks inelastic asks for more than any ceiling."""
    safe = np.minimum(elasticity, -1.05)
    return np.asarray(cost * safe / (1 + safe))


@dataclass(slots=True)
class Fixed:
    """A price by rule, blind to sales."""

    past: Past
    rule: str
    markup: Floats = field(default_factory=lambda: np.zeros(0))

    def choose(self, week: Week) -> Floats:
        """Keep the price, put half again on cost, or meet the competitor."""
        rules = {"keep": self.past.base_price, "cost_plus": 1.5 * week.cost, "match": week.rival}
        return rules[self.rule]

    def learn(self, week: Week, sales: Sales) -> None:
        """Rules learn nothing."""


@dataclass(slots=True)
class LeastSquares:
    """Log-log ordinary least squares per product, refitted weekly, clamped, used greedily."""

    past: Past
    explore: float
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))
    sums: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        x = np.log(self.past.price / self.past.base_price[..., None])
        y = np.log(self.past.units + 0.5)
        weeks = np.full(x.shape[:2], float(x.shape[2]))
        self.sums = [weeks, x.sum(-1), y.sum(-1), (x * x).sum(-1), (x * y).sum(-1)]

    def choose(self, week: Week) -> Floats:
        """The price that the fitted elasticity asks for, or now and then a random step."""
        n, sx, sy, sxx, sxy = self.sums
        spread = sxx - sx * sx / n
        slope = np.where(spread > 1e-6, (sxy - sx * sy / n) / np.maximum(spread, 1e-6), self.past.prior[0])
        wanted = monopoly_price(np.clip(slope, STEEPEST, FLATTEST), week.cost)
        if not self.explore:
            return wanted
        random = week.price * self.rng.uniform(0.9, 1.1, wanted.shape)
        return np.where(self.rng.uniform(size=wanted.shape) < self.explore, random, wanted)

    def learn(self, week: Week, sales: Sales) -> None:
        """Add one week to the sums."""
        x, y = np.log(sales.price / self.past.base_price), np.log(sales.units + 0.5)
        parts = (np.ones_like(x), x, y, x * x, x * y)
        self.sums = [total + part for total, part in zip(self.sums, parts, strict=True)]


@dataclass(slots=True)
class Kalman:
    """Level, own elasticity and cross elasticity per product under a Gaussian approximation."""

    past: Past
    style: str
    mean: Floats = field(default_factory=lambda: np.zeros(0))
    cov: Floats = field(default_factory=lambda: np.zeros(0))
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(6))

    def __post_init__(self) -> None:
        past, shape = self.past, self.past.base_price.shape
        level = np.log(past.units.mean(-1) + 0.5)
        self.mean = np.stack([level, np.full(shape, past.prior[0]), np.full(shape, 0.5)], -1)
        self.cov = np.tile(np.diag([0.25, past.prior[1] ** 2, 0.09]), (*shape, 1, 1))
        for t in range(past.price.shape[-1]):
            self._update(past.price[..., t], past.rival[..., t], past.units[..., t])

    def _update(self, price: Floats, rival: Floats, units: Floats) -> None:
        base = self.past.base_price
        x = np.stack([np.ones_like(price), np.log(price / base), np.log(rival / base)], -1)
        self.cov[..., 0, 0] += 0.002
        mean = np.exp(np.clip((self.mean * x).sum(-1), -5, 12))
        noise = (1 / mean + ASSUMED_DISPERSION) / self.past.overconfidence
        cx = np.einsum("...ij,...j->...i", self.cov, x)
        gain = cx / ((cx * x).sum(-1) + noise)[..., None]
        self.mean = self.mean + gain * np.clip(units / mean - 1, -1, 3)[..., None]
        self.cov = self.cov - gain[..., None] * cx[..., None, :]

    def choose(self, week: Week) -> Floats:
        """A sampled or mean elasticity and the price it asks for, or the price of the best cautious gain."""
        mean, sd = self.mean[..., 1], np.sqrt(np.maximum(self.cov[..., 1, 1], 1e-9))
        if self.style == "robust":
            return self._gated(week, mean, sd)
        used = mean + sd * self.rng.normal(size=mean.shape) if self.style == "thompson" else mean
        return monopoly_price(np.clip(used, STEEPEST, FLATTEST), week.cost)

    def _gated(self, week: Week, mean: Floats, sd: Floats) -> Floats:
        """Maximise expected gain less half its standard deviation; move only for over half a per cent."""
        best, most = week.price, np.full_like(mean, 0.005)
        for part in np.linspace(0.0, 1.0, 61):
            price = week.lower + part * (week.upper - week.lower)
            move = np.log(price / week.price)
            earned = np.exp(np.clip(mean, STEEPEST, FLATTEST) * move) * (price - week.cost)
            gain = earned * (1 - 0.5 * sd * np.abs(move)) / (week.price - week.cost) - 1
            best, most = np.where(gain > most, price, best), np.maximum(gain, most)
        return best

    def learn(self, week: Week, sales: Sales) -> None:
        """Filter one week."""
        self._update(sales.price, week.rival, sales.units)


def _fixed(rule: str) -> Policy:
    return lambda past: Fixed(past, rule)


def _squares(explore: float) -> Policy:
    return lambda past: LeastSquares(past, explore)


def _kalman(style: str) -> Policy:
    def start(past: Past) -> Player:
        return Kalman(past, style)

    return start


PEERS: dict[str, Policy] = {
    "keep": _fixed("keep"),
    "cost_plus": _fixed("cost_plus"),
    "match": _fixed("match"),
    "greedy_ols": _squares(0.0),
    "epsilon_greedy": _squares(0.1),
    "thompson": _kalman("thompson"),
    "bayes_mean": _kalman("mean"),
    "bayes_robust_gated": _kalman("robust"),
}
