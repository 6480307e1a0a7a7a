"""One week of sales: levels filtered, states weighed, forecast errors remembered."""

from dataclasses import dataclass, replace

import numpy as np

from functions.repricing.beliefs import Beliefs, dispersion, elasticity, posterior
from functions.repricing.censored import TINY, tail
from functions.repricing.curves import ELASTICITIES, FEWEST, SHAPES, Floats, relative_units
from functions.repricing.kinship import Kinship, learned, pull, siblings_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One week of sales; arrays are (shop, product), prices relative to the reference price."""

    ratio: Floats
    units: Floats
    sold_out: Floats
    """1 where the stock ran out: sales are then a lower bound of demand."""
    rival_ratio: Floats
    """1 where no competitor is known."""
    known: Floats
    """1 where there was such a week, 0 before a product existed and in gaps of the data."""
    ours: bool = True
    """Whether we set these prices: a merchant's own may follow demand, and then they mislead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forecast:
    """What was expected of a week before its sales were seen."""

    weights: Floats
    mean: Floats
    """(shop, product, state)"""
    expected: Floats
    noise: Floats
    """Variance of units relative to their mean squared, Poisson aside."""
    known: Floats
    siblings: Floats
    """Mean log price of the products that may take its buyers."""

    @property
    def precision(self) -> Floats:
        """Of sales relative to their expectation."""
        return np.asarray(self.known / (self.noise + 1 / np.maximum(self.expected, FEWEST)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demand:
    """What a week says of demand: its sales, and where the stock ran out what may have been asked for beyond
    them."""

    by_state: Floats
    """Units as each state expects them: (shop, product, state), or one for all."""
    mean: Floats
    """Units, whichever state holds: (shop, product)."""
    variance: Floats
    """What sales leave open of them."""
    told: Floats
    """What the week tells, of what it would have told with stock left: 0 to 1."""
    log_likelihood: Floats
    """(shop, product, state), up to a constant per product."""

    def error(self, forecast: _Forecast) -> Floats:
        """Demand over its expectation, less one."""
        return np.asarray(self.mean / np.maximum(forecast.expected, FEWEST) - 1)


def observe(beliefs: Beliefs, week: Observed) -> Beliefs:
    """Beliefs after a week."""
    beliefs, forecast = _lifted(beliefs, week, _forecast(beliefs, week))
    demand = _demand(week, forecast)
    gained = _gained(beliefs, demand, forecast)
    after = _levelled(_whitened(_scored(beliefs, demand, forecast), demand, forecast), demand, forecast)
    beyond, square = _excess(beliefs, demand, forecast)
    return replace(
        after,
        likelihood=beliefs.likelihood + gained if week.ours else beliefs.likelihood,
        inherited=beliefs.inherited if week.ours else beliefs.inherited + gained,
        excess=beliefs.excess + beyond,
        square=beliefs.square + square,
        seen=beliefs.seen + forecast.known * demand.told,
        kin=_kin(beliefs, week, demand, forecast),
        supply=_supply(beliefs, week),
        weeks=beliefs.weeks + 1,
    )


def _supply(beliefs: Beliefs, week: Observed) -> Floats:
    """A running mean of what sold-out weeks sold, or more where more was sold without running out.

    A week in which nothing was sold had nothing to sell from its first day on: what comes in it does not say.
    """
    out = (week.sold_out > 0) & (week.known > 0) & (week.units > 0)
    before = np.where(np.isfinite(beliefs.supply), beliefs.supply, week.units)
    return np.where(out, (before + week.units) / 2, np.maximum(beliefs.supply, week.units))


def _forecast(beliefs: Beliefs, week: Observed) -> _Forecast:
    siblings = siblings_mean(beliefs.kin, np.log(week.ratio) * week.known)
    drawn = week.rival_ratio**beliefs.learning.rival_pull * pull(beliefs.kin, siblings)
    mean = np.maximum(beliefs.level * relative_units(week.ratio) * drawn[..., None], FEWEST)
    weights = posterior(beliefs)
    return _Forecast(
        weights=weights, mean=mean, expected=(weights * mean).sum(axis=-1), siblings=siblings,
        noise=dispersion(beliefs) + beliefs.level_var, known=week.known,
    )  # fmt: skip


def _lifted(beliefs: Beliefs, week: Observed, forecast: _Forecast) -> tuple[Beliefs, _Forecast]:
    """Levels and forecast moved by what the whole shop moved this week: a season, a holiday, a campaign.

    How much of the shop's mean error is such a tide and how much is chance is learned from the weeks before.
    """
    weight = forecast.precision
    error = np.clip(_usual_demand(week, forecast) / np.maximum(forecast.expected, FEWEST) - 1, -1.0, 3.0)
    off = np.log(week.ratio) - beliefs.kin.own_centre
    by_price = (weight * off).sum(axis=1) / ((weight * off**2).sum(axis=1) + 1 / beliefs.learning.slope_sd**2)
    power = weight.sum(axis=1) - by_price * (weight * off).sum(axis=1)
    chance = np.where(power > FEWEST, 1 / np.maximum(power, FEWEST), 0.0)
    moved = ((weight * error).sum(axis=1) - by_price * (weight * off * error).sum(axis=1)) * chance
    square, weeks = beliefs.tide_square + moved**2 - chance, beliefs.weeks + 1
    clear = square - beliefs.learning.tide_doubt * chance * np.sqrt(2.0 * weeks)
    usual = np.maximum(clear, 0.0) / (weeks + beliefs.learning.tide_weeks)
    tide = 1 + np.clip(moved * usual / np.maximum(usual + chance, 1e-9), -0.5, 1.0)[:, None]
    lifted = replace(beliefs, level=beliefs.level * tide[..., None], tide_square=square)
    return lifted, replace(forecast, mean=forecast.mean * tide[..., None], expected=forecast.expected * tide)


def _demand(week: Observed, forecast: _Forecast) -> _Demand:
    """Sales as demand; where the stock ran out, every state says by itself how much more it was."""
    mean, units, size = forecast.mean, week.units[..., None], 1.0 / forecast.noise[..., None]
    told = units * np.log(mean / (size + mean)) - size * np.log(size + mean)
    whole = np.ones_like(week.units)
    rows = np.nonzero(week.sold_out * week.known)
    if not len(rows[0]):
        return _Demand(by_state=units, mean=week.units, variance=0 * whole, told=whole, log_likelihood=told)
    above = tail(units[rows], mean[rows], forecast.noise[rows][:, None])
    told[rows] = above.log_probability
    by_state = np.repeat(units, mean.shape[-1], axis=-1)
    by_state[rows] = above.mean
    weights = forecast.weights[rows] * np.exp(above.log_probability)
    weights = weights / np.maximum(weights.sum(axis=-1, keepdims=True), TINY)
    expected, variance = week.units.astype(float), 0 * whole
    expected[rows] = (weights * above.mean).sum(axis=-1)
    variance[rows] = (weights * (above.variance + above.mean**2)).sum(axis=-1) - expected[rows] ** 2
    usual = np.maximum(forecast.expected * (1 + forecast.noise * forecast.expected), FEWEST)
    return _Demand(
        by_state=by_state, mean=expected, variance=variance, told=np.clip(1 - variance / usual, 0.0, 1.0),
        log_likelihood=told,
    )  # fmt: skip


def _usual_demand(week: Observed, forecast: _Forecast) -> Floats:
    """Sales, and where the stock ran out what the mean forecast expects beyond it: (shop, product)."""
    rows = np.nonzero(week.sold_out * week.known)
    if not len(rows[0]):
        return week.units
    units = week.units.astype(float)
    units[rows] = tail(units[rows], np.maximum(forecast.expected[rows], FEWEST), forecast.noise[rows]).mean
    return units


def _kin(beliefs: Beliefs, week: Observed, demand: _Demand, forecast: _Forecast) -> Kinship:
    """What the week's errors say of siblings."""
    expected, var = np.maximum(forecast.expected, FEWEST), beliefs.level_var
    error = np.clip(demand.error(forecast), -1.0, 3.0)
    gain = week.known * var / (forecast.noise + 1 / expected)
    return learned(beliefs.kin, np.log(week.ratio), forecast.siblings, error, forecast.precision, gain)


def _gained(beliefs: Beliefs, demand: _Demand, forecast: _Forecast) -> Floats:
    """Log likelihood of the week per state, up to a constant: negative binomial, or its upper tail where the
    stock ran out."""
    told = demand.log_likelihood
    told = beliefs.learning.power * (told - told.max(axis=-1, keepdims=True))
    return np.asarray(told * forecast.known[..., None])


def _levelled(beliefs: Beliefs, demand: _Demand, forecast: _Forecast) -> Beliefs:
    """Filter every state's level by its own forecast error (a Gamma filter by moments; West & Harrison
    1997)."""
    noise, var, known = forecast.noise, beliefs.level_var, forecast.known
    error = np.clip(demand.by_state / forecast.mean - 1, -1.0, 5.0) * known[..., None]
    gain = var[..., None] / (noise[..., None] + 1 / forecast.mean)
    kept = 1 - known * demand.told * var / (noise + 1 / np.maximum(forecast.expected, FEWEST))
    return replace(
        beliefs,
        level=np.maximum(beliefs.level * (1 + gain * error), FEWEST),
        level_var=var * kept + beliefs.level_noise[:, None],
    )


def _excess(beliefs: Beliefs, demand: _Demand, forecast: _Forecast) -> tuple[Floats, Floats]:
    """Squared error beyond Poisson and level noise, and its scale; large sellers do not rule their shop's
    mean."""
    expected = forecast.expected
    weight = forecast.known / (1 + expected * 0.5) ** 2
    error = (demand.mean - expected) ** 2 + demand.variance
    beyond = error - expected - beliefs.level_var * expected**2
    return beyond * weight, expected**2 * weight


def _scored(beliefs: Beliefs, demand: _Demand, forecast: _Forecast) -> Beliefs:
    """Remember how much this week's error pulled at the elasticity, and how much it was expected to."""
    learning, mean, weights = beliefs.learning, forecast.mean, forecast.weights
    by_shape = np.log(mean).reshape(*mean.shape[:-1], len(SHAPES), -1)
    slope = np.gradient(by_shape, ELASTICITIES, axis=-1).reshape(mean.shape)
    bend = (weights * slope).sum(axis=-1)
    precision = learning.power * forecast.precision
    score = beliefs.block_score + bend * precision * demand.error(forecast)
    told = beliefs.block_information + bend**2 * precision * demand.told
    if (beliefs.weeks + 1) % learning.block:
        return replace(beliefs, block_score=score, block_information=told)
    unsure = elasticity(weights)[1] ** 2
    return replace(
        beliefs,
        block_score=np.zeros_like(score),
        block_information=np.zeros_like(told),
        score_square=beliefs.score_square + (score**2 - told**2 * unsure).sum(axis=1),
        information=beliefs.information + told.sum(axis=1),
    )


def _whitened(beliefs: Beliefs, demand: _Demand, forecast: _Forecast) -> Beliefs:
    """Let the level wander more where one week's errors repeat the last one's."""
    learning, expected = beliefs.learning, np.maximum(forecast.expected, FEWEST)
    error = demand.error(forecast) / np.sqrt(forecast.noise + 1 / expected)
    error = np.clip(error, -3, 3) * forecast.known
    size = np.sqrt((error**2).sum(axis=1) * (beliefs.last_error**2).sum(axis=1))
    repeated = (error * beliefs.last_error).sum(axis=1) / np.maximum(size, 1.0)
    grown = beliefs.level_noise * np.exp(learning.whitening * (repeated - learning.white))
    return replace(beliefs, last_error=error, level_noise=np.clip(grown, *learning.level_noise_range))
