"""The prior that a shop's products share, re-weighted from all of them and checked against what was
shipped."""

from dataclasses import replace

import numpy as np

from functions.repricing.beliefs import Beliefs, evidence, normalised, temperature
from functions.repricing.curves import ELASTICITIES, SHAPES, STATES, Floats


def reweigh(beliefs: Beliefs, rounds: int = 4) -> Beliefs:
    """Re-weight the shop's shared prior from all of its products (expectation-maximisation, tempered).

    Curve shapes are the shop's own affair, so their weights are learned freely; elasticities stay tied to the
    shipped prior as long as that explains the shop's sales.
    """
    learning, shared, told = beliefs.learning, beliefs.shared, evidence(beliefs)
    heat = temperature(beliefs)[:, None, None]
    shipped = beliefs.shipped.reshape(len(SHAPES), -1).sum(axis=0)
    shipped_share = (learning.shipped_share * _shipped_holds(beliefs, heat * learning.pooling_power))[:, None]
    own_share = 1 - shipped_share - learning.uniform_share
    products = beliefs.likelihood.shape[1]
    for _ in range(rounds):
        shape = _pooled(shared, heat * learning.shape_power, told).sum(axis=-1)
        slope = _pooled(shared, heat * learning.pooling_power, told).sum(axis=1)
        shape = (shape * products + 1) / (products + len(SHAPES))
        slope = own_share * slope + shipped_share * shipped + learning.uniform_share / len(ELASTICITIES)
        shared = (shape[:, :, None] * slope[:, None, :]).reshape(shared.shape)
    return replace(beliefs, shared=shared)


def _pooled(shared: Floats, heat: Floats, likelihood: Floats) -> Floats:
    """Mean posterior of a shop's products: (shop, shape, elasticity)."""
    mean = normalised(np.log(shared)[:, None, :] + heat * likelihood).mean(axis=1)
    return np.asarray(mean.reshape(len(mean), len(SHAPES), -1))


def _shipped_holds(beliefs: Beliefs, heat: Floats) -> Floats:
    """Probability that the shipped prior explains this shop's sales no worse than knowing nothing:
    (shop,)."""
    told = heat * evidence(beliefs)
    against = _log_mean(told, np.full(STATES, 1 / STATES)) - _log_mean(told, beliefs.shipped)
    return np.asarray(1 / (1 + np.exp(np.clip(against.sum(axis=1), -30, 30))))


def _log_mean(log_weight: Floats, prior: Floats) -> Floats:
    """Log of the prior mean of exp(log_weight), over states."""
    top = log_weight.max(axis=-1, keepdims=True)
    return np.asarray(np.log(np.maximum(np.exp(log_weight - top) @ prior, 1e-300)) + top[..., 0])
