"""One week of sales: levels filtered, states weighed, forecast errors remembered."""

from dataclasses import dataclass, replace

import numpy as np

from functions.repricing.beliefs import Beliefs, dispersion, elasticity, posterior
from functions.repricing.curves import ELASTICITIES, SHAPES, Floats, relative_units
from functions.repricing.kinship import Kinship, learned, pull, siblings_mean

FEWEST = 1e-3
"""Weekly units below which no expectation falls, so that logarithms and ratios exist."""


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
    counted: Floats
    """1 where sales say what demand was."""
    siblings: Floats
    """Mean log price of the products that may take its buyers."""

    @property
    def precision(self) -> Floats:
        """Of sales relative to their expectation."""
        return np.asarray(self.counted / (self.noise + 1 / np.maximum(self.expected, FEWEST)))


def observe(beliefs: Beliefs, week: Observed) -> Beliefs:
    """Beliefs after a week."""
    beliefs, forecast = _lifted(beliefs, week, _forecast(beliefs, week))
    gained = _gained(beliefs, week, forecast)
    after = _levelled(_whitened(_scored(beliefs, week, forecast), week, forecast), week, forecast)
    beyond, square = _excess(beliefs, week, forecast)
    return replace(
        after,
        likelihood=beliefs.likelihood + gained if week.ours else beliefs.likelihood,
        inherited=beliefs.inherited if week.ours else beliefs.inherited + gained,
        excess=beliefs.excess + beyond,
        square=beliefs.square + square,
        seen=beliefs.seen + forecast.counted,
        kin=_kin(beliefs, week, forecast),
        weeks=beliefs.weeks + 1,
    )


def _forecast(beliefs: Beliefs, week: Observed) -> _Forecast:
    siblings = siblings_mean(beliefs.kin, np.log(week.ratio) * week.known)
    drawn = week.rival_ratio**beliefs.learning.rival_pull * pull(beliefs.kin, siblings)
    mean = np.maximum(beliefs.level * relative_units(week.ratio) * drawn[..., None], FEWEST)
    weights = posterior(beliefs)
    return _Forecast(
        weights=weights, mean=mean, expected=(weights * mean).sum(axis=-1), siblings=siblings,
        noise=dispersion(beliefs) + beliefs.level_var, counted=week.known * (1 - week.sold_out),
    )  # fmt: skip


def _lifted(beliefs: Beliefs, week: Observed, forecast: _Forecast) -> tuple[Beliefs, _Forecast]:
    """Levels and forecast moved by what the whole shop moved this week: a season, a holiday, a campaign.

    How much of the shop's mean error is such a tide and how much is chance is learned from the weeks before.
    """
    weight = forecast.precision
    error = np.clip(week.units / np.maximum(forecast.expected, FEWEST) - 1, -1.0, 3.0)
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


def _kin(beliefs: Beliefs, week: Observed, forecast: _Forecast) -> Kinship:
    """What the week's errors say of siblings."""
    expected, var = np.maximum(forecast.expected, FEWEST), beliefs.level_var
    error = np.clip(week.units / expected - 1, -1.0, 3.0)
    gain = week.known * var / (forecast.noise + 1 / expected)
    return learned(beliefs.kin, np.log(week.ratio), forecast.siblings, error, forecast.precision, gain)


def _gained(beliefs: Beliefs, week: Observed, forecast: _Forecast) -> Floats:
    """Log likelihood of the week per state, up to a constant: negative binomial, one-sided where stock ran
    out.

    Where it ran out, demand above sales counts as probable as demand at sales: a cheap censored likelihood.
    """
    mean, units, size = forecast.mean, week.units[..., None], 1.0 / forecast.noise[..., None]
    told = units * np.log(mean / (size + mean)) - size * np.log(size + mean)
    if week.sold_out.any():
        sold = np.maximum(units, FEWEST)
        at_sales = units * np.log(sold / (size + sold)) - size * np.log(size + sold)
        told = np.where((week.sold_out[..., None] > 0) & (mean >= units), at_sales, told)
    told = beliefs.learning.power * (told - told.max(axis=-1, keepdims=True))
    return np.asarray(told * week.known[..., None])


def _levelled(beliefs: Beliefs, week: Observed, forecast: _Forecast) -> Beliefs:
    """Filter every state's level by its own forecast error (a Gamma filter by moments; West & Harrison
    1997)."""
    noise, var = forecast.noise, beliefs.level_var
    error = np.clip(week.units[..., None] / forecast.mean - 1, -1.0, 5.0)
    error = np.where((week.sold_out[..., None] > 0) & (error < 0), 0.0, error) * week.known[..., None]
    gain = var[..., None] / (noise[..., None] + 1 / forecast.mean)
    kept = 1 - week.known * var / (noise + 1 / np.maximum(forecast.expected, FEWEST))
    return replace(
        beliefs,
        level=np.maximum(beliefs.level * (1 + gain * error), FEWEST),
        level_var=var * kept + beliefs.level_noise[:, None],
    )


def _excess(beliefs: Beliefs, week: Observed, forecast: _Forecast) -> tuple[Floats, Floats]:
    """Squared error beyond Poisson and level noise, and its scale; large sellers do not rule their shop's
    mean."""
    expected = forecast.expected
    weight = forecast.counted / (1 + expected * 0.5) ** 2
    beyond = (week.units - expected) ** 2 - expected - beliefs.level_var * expected**2
    return beyond * weight, expected**2 * weight


def _scored(beliefs: Beliefs, week: Observed, forecast: _Forecast) -> Beliefs:
    """Remember how much this week's error pulled at the elasticity, and how much it was expected to."""
    learning, mean, weights = beliefs.learning, forecast.mean, forecast.weights
    by_shape = np.log(mean).reshape(*mean.shape[:-1], len(SHAPES), -1)
    slope = np.gradient(by_shape, ELASTICITIES, axis=-1).reshape(mean.shape)
    bend, expected = (weights * slope).sum(axis=-1), np.maximum(forecast.expected, FEWEST)
    precision = learning.power * forecast.counted / (forecast.noise + 1 / expected)
    score = beliefs.block_score + bend * precision * (week.units / expected - 1)
    told = beliefs.block_information + bend**2 * precision
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


def _whitened(beliefs: Beliefs, week: Observed, forecast: _Forecast) -> Beliefs:
    """Let the level wander more where one week's errors repeat the last one's."""
    learning, expected = beliefs.learning, np.maximum(forecast.expected, FEWEST)
    error = (week.units / expected - 1) / np.sqrt(forecast.noise + 1 / expected)
    error = np.clip(error, -3, 3) * forecast.counted
    size = np.sqrt((error**2).sum(axis=1) * (beliefs.last_error**2).sum(axis=1))
    repeated = (error * beliefs.last_error).sum(axis=1) / np.maximum(size, 1.0)
    grown = beliefs.level_noise * np.exp(learning.whitening * (repeated - learning.white))
    return replace(beliefs, last_error=error, level_noise=np.clip(grown, *learning.level_noise_range))
