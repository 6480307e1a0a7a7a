"""How sales answer to price, promotion and rivals: a hierarchical log-linear negative binomial, by empirical
Bayes.

Every series (a product, or a product in one store) has its own coefficients, drawn from a normal population
of its group, and groups' means are drawn from one population; both are found by expectation-maximisation
with a Laplace step per series (Efron & Morris 1975; for counts Lawless 1987). A forecaster may predict units
better; this model is for the response to price, which must be stable, of the right sign, and honest about
what it does not know.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from functions.repricing.censored import tail

type Floats = npt.NDArray[np.float64]

CALIBRATIONS = 3
"""How often the trust is corrected; it has settled by then."""
SETTLED = 0.003
"""Largest move of a coefficient in a round after which no more rounds are taken."""
LEAST_TRUST = 0.17
"""Intervals get at most 1 / sqrt(this) = 2.4 times as wide; on weekly grocery sales halves then agree."""
NEVER_FLATTER = -0.05
"""An elasticity is cut off here: a positive one is noise or confounding, and no price may be set by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Sales of many series as padded arrays."""

    units: Floats
    """(series, period)"""
    features: Floats
    """(series, period, feature): a one first, then log price, then what else is known in advance."""
    known: Floats
    """(series, period): 1 where there is an observation."""
    group: npt.NDArray[np.int64]
    """(series,): which population each belongs to."""
    sold_out: Floats | None = None
    """(series, period): 1 where the stock ran out, so that demand was at least the units; None where it never did."""

    def in_stock(self) -> "Panel":
        """Without the periods whose sales do not say what demand was."""
        return self if self.sold_out is None else replace(self, known=self.known * (1 - self.sold_out), sold_out=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What is believed of a series before its own sales are seen: hyper-parameters, never data."""

    mean: Floats
    """(group, feature)"""
    covariance: Floats
    """(feature, feature), within a group."""
    dispersion: float
    trust: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Fitted series."""

    coefficients: Floats
    """(series, feature): posterior modes."""
    covariance: Floats
    """(series, feature, feature), wide by 1 / sqrt(trust) over what the plain formula gives."""
    dispersion: Floats
    """(series,)"""
    population: Population
    trust: float = 1.0
    """Weight of an observation: below 1 where errors persist, as they do in weekly sales."""

    def elasticity(self, price_feature: int = 1) -> tuple[Floats, Floats]:
        """Own-price elasticities and their standard deviations."""
        sd = np.sqrt(self.covariance[:, price_feature, price_feature])
        return np.minimum(self.coefficients[:, price_feature], NEVER_FLATTER), sd


def fit(
    panel: Panel,
    prior: Population | None = None,
    rounds: int = 20,
    progress: Callable[[str], None] = lambda _line: None,
) -> Demand:
    """Fit all series; with `prior` their population is taken as given, so that a short history can borrow
    it."""
    if prior is not None:
        return _maximised(panel, prior, prior.trust, rounds)
    trust = 1.0
    for turn in range(CALIBRATIONS):
        trust = _calibrated(panel, trust)
        progress(f"demand model: intervals checked {turn + 1} of {CALIBRATIONS} times")
    return _maximised(panel, None, trust, rounds)


def _maximised(panel: Panel, prior: Population | None, trust: float, rounds: int) -> Demand:
    """Expectation-maximisation at a given trust."""
    population = prior or _first_population(panel)
    coefficients = _first_coefficients(panel, population)
    dispersion = np.full(len(panel.units), population.dispersion)
    trusted = replace(panel, known=panel.known * trust)
    for turn in range(rounds):
        before = coefficients
        coefficients, covariance = _laplace(trusted, coefficients, dispersion, population, 4 if turn == 0 else 2)
        dispersion = _dispersions(panel, coefficients, covariance, dispersion, population.dispersion)
        if prior is None:
            population = _population(panel, coefficients, covariance, dispersion)
        if float(np.abs(coefficients - before).max()) < SETTLED:
            break
    return Demand(
        coefficients=coefficients, covariance=covariance, dispersion=dispersion, trust=trust,
        population=replace(population, trust=trust),
    )  # fmt: skip


def _calibrated(panel: Panel, trust: float) -> float:
    """The trust at which elasticities fitted on two halves of the periods lie as far apart as they should.

    Both shrink towards the population, so they should lie closer than their variances say: a posterior with
    variance v from a population with variance p moves by v - v^2/p between samples.
    """
    place = np.cumsum(panel.known, axis=1) / np.maximum(panel.known.sum(axis=1, keepdims=True), 1)
    first, second = (
        _maximised(replace(panel, known=panel.known * half), None, trust, rounds=8)
        for half in (place <= 0.5, place > 0.5)
    )
    apart = (first.coefficients - second.coefficients)[:, 1] ** 2
    claimed = _sampling(first, panel.group) + _sampling(second, panel.group)
    return float(np.clip(trust * np.sum(claimed) / np.sum(apart), LEAST_TRUST, 1.0))


def _sampling(demand: Demand, group: npt.NDArray[np.int64]) -> Floats:
    """Variance between samples of each posterior elasticity: its own, and that of its group's mean."""
    own, pool = demand.covariance[:, 1, 1], demand.population.covariance[1, 1]
    alone = 1 / np.maximum(1 / own - 1 / pool, 0.05)
    sizes = np.bincount(group)
    of_group = np.bincount(group, weights=alone) / np.maximum(sizes, 1) ** 2
    return np.asarray(np.maximum(own - own**2 / pool, 1e-6) + of_group[group])


def borrowed(population: Population) -> Population:
    """What a group nobody has seen may borrow: the mean of all groups, and how far groups lie apart."""
    apart = population.mean - population.mean.mean(axis=0)
    between = apart.T @ apart / max(len(population.mean) - 1, 1)
    return replace(
        population,
        mean=population.mean.mean(axis=0, keepdims=True),
        covariance=population.covariance + between,
    )


def expected_units(demand: Demand, panel: Panel) -> Floats:
    """Mean units per series and period: (series, period)."""
    return _mean(panel, demand.coefficients)


def _mean(panel: Panel, coefficients: Floats) -> Floats:
    score = np.matmul(panel.features, coefficients[..., None])[..., 0]
    return np.asarray(np.exp(np.clip(score, -8, 16)))


def _laplace(
    panel: Panel, start: Floats, dispersion: Floats, population: Population, steps: int
) -> tuple[Floats, Floats]:
    """Posterior mode and curvature of every series' coefficients, by damped Newton steps."""
    precision, centre = np.linalg.inv(population.covariance), population.mean[panel.group]
    x, beta = panel.features, start
    for _ in range(steps):
        mean = _mean(panel, beta)
        units, _, told = _demand(panel, mean, dispersion)
        weight = panel.known / (1 + dispersion[:, None] * mean)
        slope = np.matmul((weight * (units - mean))[:, None, :], x)[:, 0] - (beta - centre) @ precision
        curve = np.matmul((x * (weight * mean * told)[..., None]).swapaxes(1, 2), x) + precision
        step = np.linalg.solve(curve, slope[..., None])[..., 0]
        beta = beta + np.clip(step, -1.0, 1.0)
    return beta, np.linalg.inv(curve)


def _demand(panel: Panel, mean: Floats, dispersion: Floats) -> tuple[Floats, Floats, Floats | float]:
    """Expected demand, what sales leave open of its variance, and the share of information they hold (Louis 1982):
    sales themselves, nothing and one but where the stock ran out."""
    if panel.sold_out is None:
        return panel.units, np.zeros_like(mean), 1.0
    rows = np.nonzero(panel.sold_out * panel.known)
    noise = dispersion[rows[0]]
    above = tail(panel.units[rows], mean[rows], noise)
    units, variance, told = panel.units.astype(float), np.zeros_like(mean), np.ones_like(mean)
    units[rows], variance[rows] = above.mean, above.variance
    told[rows] = np.clip(1 - above.variance / (mean[rows] * (1 + noise * mean[rows])), 0.0, 1.0)
    return units, variance, told


def _dispersions(
    panel: Panel, coefficients: Floats, covariance: Floats, before: Floats, usual: float, weight: float = 15.0
) -> Floats:
    """Extra variance of each series by moments, shrunken to the usual one."""
    mean, count = _mean(panel, coefficients), panel.known.sum(axis=1)
    units, variance, _ = _demand(panel, mean, before)
    unsure = (np.matmul(panel.features, covariance) * panel.features).sum(axis=-1)
    excess = ((units - mean) ** 2 + variance - mean) / np.maximum(mean, 1.0) ** 2 + np.minimum(unsure, 1.0)
    own = (np.clip(excess, -1, 4) * panel.known).sum(axis=1) / np.maximum(count, 1)
    return np.asarray(np.clip((own * count + usual * weight) / (count + weight), 0.01, 3.0))


def _population(panel: Panel, beta: Floats, covariance: Floats, dispersion: Floats, pull: float = 3.0) -> Population:
    """Means per group, shrunken to the mean of all, and the spread of series around them."""
    groups, overall = int(panel.group.max()) + 1, beta.mean(axis=0)
    sizes = np.bincount(panel.group, minlength=groups)[:, None]
    sums = np.zeros((groups, beta.shape[1]))
    np.add.at(sums, panel.group, beta)
    mean = (sums + pull * overall) / (sizes + pull)
    off = beta - mean[panel.group]
    spread = (off.T @ off + covariance.sum(axis=0)) / len(beta) + 1e-4 * np.eye(beta.shape[1])
    spread[0, 0] += 1.0  # levels of series are their own affair
    return Population(mean=mean, covariance=spread, dispersion=float(np.median(dispersion)))


def _first_population(panel: Panel) -> Population:
    """Wide, with the elasticity that a large study of grocery products found on average (-2.6; Bijmolt, van
    Heerde & Pieters 2005)."""
    features = panel.features.shape[2]
    mean = np.zeros((int(panel.group.max()) + 1, features))
    mean[:, 1] = -2.6
    sold = (panel.units * panel.known).sum(axis=1) / np.maximum(panel.known.sum(axis=1), 1)
    mean[:, 0] = np.log(np.maximum(sold, 0.1)).mean()
    return Population(mean=mean, covariance=np.diag([4.0] + [1.5] * (features - 1)), dispersion=0.3)


def _first_coefficients(panel: Panel, population: Population) -> Floats:
    beta = population.mean[panel.group].copy()
    sold = (panel.units * panel.known).sum(axis=1) / np.maximum(panel.known.sum(axis=1), 1)
    beta[:, 0] = np.log(np.maximum(sold, 0.1))
    return beta
