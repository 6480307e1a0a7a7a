"""What a shop believes about the demand for each of its products, week by week.

Per product a posterior over the states of `curves`, each with its own filtered sales level, so that a slow
rise in demand is not taken for a price response. Products of a shop share a prior that is re-weighted from
all of them (empirical Bayes; Bastani, Simchi-Levi & Zhu 2022). The likelihood is tempered by how well it has
forecast: a likelihood that claims too much shows in scores that vary more than its own information says (the
magnitude adjustment of Pauli, Racugno & Ventura 2011, with Newey-West style blocks for errors that persist).

Arrays are (shop, product) or (shop, product, state); shops of a batch share nothing.
"""

from dataclasses import dataclass

import numpy as np

from functions.repricing.curves import ELASTICITIES, SHAPES, SLOPES, STATES, Floats
from functions.repricing.kinship import Kinship, strangers

CELL = float(ELASTICITIES[1] - ELASTICITIES[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How beliefs move; the values were chosen in the market simulator on tuning seeds."""

    level_noise: float = 0.001
    """Weekly variance by which a log sales level may wander, before the shop's own errors have spoken."""
    level_noise_range: tuple[float, float] = (0.001, 0.03)
    white: float = 0.05
    """Correlation of a week's errors with the last one's that is taken for none."""
    whitening: float = 2.0
    """How fast the level noise follows that correlation (Mehra 1970: a right filter leaves white errors)."""
    dispersion: float = 0.3
    """Expected extra variance of weekly sales (negative binomial), before the shop's own is seen."""
    dispersion_weeks: float = 150.0
    """How many weeks of a product's own data weigh as much as its shop's mean dispersion."""
    rival_pull: float = 0.5
    """Elasticity with respect to a competitor's price."""
    pooling_power: float = 0.65
    """Tempering of the likelihoods that re-weight the shop's prior."""
    shape_power: float = 1.0
    """Tempering of those that re-weight its curve shapes."""
    shipped_share: float = 0.32
    """Weight of the shipped prior in the shop's prior; the uniform share comes on top."""
    uniform_share: float = 0.05
    block: int = 4
    """Weeks whose scores are added before they are squared."""
    trust: float = 50.0
    """Information that the assumption of a calibrated likelihood weighs as much as."""
    tide_weeks: float = 40.0
    """Weeks' worth of belief that a shop's products do not rise and fall together."""
    tide_doubt: float = 1.0
    """Standard errors by which weeks must vary more than chance would make them, to be a tide."""
    slope_sd: float = 1.0
    """How wrong the mean elasticity of a shop may be, so that its price moves do not pass for a tide."""
    power: float = 1.0
    """A factor on every log likelihood: above 1 it claims too much, which the temperature has to notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """The state of learning of a batch of shops."""

    learning: Learning
    shipped: Floats
    """(state,): the prior that the product ships with."""
    shared: Floats
    """(shop, state): the prior that this shop's products share."""
    likelihood: Floats
    """(shop, product, state): summed log likelihood of weeks whose price we set, not tempered."""
    inherited: Floats
    """(shop, product, state): the same of weeks whose price somebody else set, for reasons we do not know."""
    slant: Floats
    """(shop,): by how much those weeks make elasticities look higher than they are (see `confounding`)."""
    level: Floats
    """(shop, product, state): filtered weekly units at the reference price."""
    level_var: Floats
    """(shop, product): variance of the log level."""
    excess: Floats
    """(shop, product): summed squared forecast errors beyond Poisson and level noise."""
    square: Floats
    """(shop, product): what `excess` is relative to."""
    seen: Floats
    """(shop, product): weeks observed."""
    block_score: Floats
    """(shop, product): scores of the running block."""
    block_information: Floats
    """(shop, product): what those scores' square was expected to be, were the elasticity known."""
    score_square: Floats
    """(shop,): summed squares of block scores, less what not knowing the elasticity explains of them."""
    information: Floats
    """(shop,): summed information the likelihood claimed."""
    level_noise: Floats
    """(shop,): weekly variance by which log levels wander."""
    last_error: Floats
    """(shop, product): last week's forecast error in standard deviations."""
    supply: Floats
    """(shop, product): most units a week can sell, as sold-out weeks showed it; inf where none was seen."""
    kin: Kinship
    """Who takes buyers from whom."""
    tide_square: Floats
    """(shop,): summed squares of what a week moved the whole shop by, less what chance explains of them."""
    weeks: int = 0


SHAPE_ODDS = (0.55, 0.20, 0.15, 0.10)
"""How common each curve shape is taken to be before a shop's own sales say: most studies fit constant
elasticity best, and rises above the reference, which alone tell shapes apart, are rare in histories."""


def shipped_prior(mean: float, sd: float) -> Floats:
    """A normal prior over the elasticity for each shape: (state,)."""
    weight = np.exp(-0.5 * ((ELASTICITIES - mean) / sd) ** 2) + 1e-12
    return np.asarray(np.outer(SHAPE_ODDS, weight / weight.sum()).ravel())


def start(
    level: Floats, shipped: Floats, learning: Learning = Learning(), kin: Kinship | None = None
) -> Beliefs:
    """Beliefs before any sales; `level` is a first guess of weekly units, (shop, product)."""
    shops, zero = level.shape[0], np.zeros_like(level)
    nothing = np.zeros((*level.shape, STATES))
    return Beliefs(
        learning=learning, shipped=shipped, shared=np.tile(0.6 * shipped + 0.4 / STATES, (shops, 1)),
        likelihood=nothing, inherited=nothing, slant=np.zeros(shops),
        level=np.repeat(level[..., None], STATES, axis=-1), level_var=np.full_like(level, 0.5),
        level_noise=np.full(shops, learning.level_noise), excess=zero, square=zero, seen=zero,
        block_score=zero, block_information=zero, score_square=np.zeros(shops), information=np.zeros(shops),
        last_error=zero, supply=np.full_like(level, np.inf), kin=kin or strangers(*level.shape),
        tide_square=np.zeros(shops),
    )  # fmt: skip


def dispersion(beliefs: Beliefs) -> Floats:
    """Extra variance per product, shrunken to its shop's mean and that to the expected value: (shop,
    product)."""
    learning = beliefs.learning
    weeks = beliefs.seen.sum(axis=1, keepdims=True)
    own_shop = beliefs.excess.sum(axis=1, keepdims=True) / np.maximum(beliefs.square.sum(axis=1, keepdims=True), 1e-9)
    shop = (own_shop * weeks + learning.dispersion * 50) / (weeks + 50)
    own = beliefs.excess / np.maximum(beliefs.square, 1e-9)
    trusted = beliefs.seen / (beliefs.seen + learning.dispersion_weeks)
    return np.asarray(np.clip(trusted * own + (1 - trusted) * shop, 0.02, 4.0))


def temperature(beliefs: Beliefs) -> Floats:
    """How far each shop's likelihood can be trusted, in (0, 1]: (shop,)."""
    trust = beliefs.learning.trust
    ratio = (beliefs.score_square + trust) / (beliefs.information + trust)
    return np.asarray(1.0 / np.clip(ratio, 1.0, 25.0))


def posterior(beliefs: Beliefs) -> Floats:
    """Probability of every state: (shop, product, state)."""
    heat = temperature(beliefs)[:, None, None]
    return normalised(np.log(beliefs.shared)[:, None, :] + heat * evidence(beliefs))


def evidence(beliefs: Beliefs) -> Floats:
    """Log likelihood of every state, what was inherited put straight: (shop, product, state)."""
    if not beliefs.inherited.any():
        return beliefs.likelihood
    cells = np.rint(beliefs.slant / CELL).astype(np.int64)
    index = np.clip(np.arange(len(ELASTICITIES)) + cells[:, None], 0, len(ELASTICITIES) - 1)
    by_shape = beliefs.inherited.reshape(*beliefs.inherited.shape[:-1], len(SHAPES), -1)
    straight = np.take_along_axis(by_shape, index[:, None, None, :], axis=-1)
    return np.asarray(beliefs.likelihood + straight.reshape(beliefs.inherited.shape))


def centre(beliefs: Beliefs, weights: Floats) -> Floats:
    """The log price ratio around which levels are known, whatever the elasticity: (shop, product), by the
    posterior's weights.

    A steeper state needs a higher level at the reference price to explain the same sales elsewhere; how much
    higher says where the sales were seen.
    """
    by_shape = np.log(beliefs.level).reshape(*beliefs.level.shape[:-1], len(SHAPES), -1)
    slope = np.gradient(by_shape, ELASTICITIES, axis=-1).reshape(beliefs.level.shape)
    return np.asarray(-(weights * slope).sum(axis=-1))


def normalised(log_weight: Floats) -> Floats:
    """Weights that sum to one over the last axis."""
    weight = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


def elasticity(weights: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the elasticity at the reference price, from (…, state)."""
    mean = weights @ SLOPES
    return mean, np.sqrt(np.maximum(weights @ SLOPES**2 - mean**2, 0.0))
