"""Everything random in a market, drawn before any policy plays: all policies meet the same customers.

Arrays are (seed, product) or (seed, product, week); weeks run through the history, then the play.
Each seed has its own stream, so a seed's market does not depend on which other seeds run beside it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sandbox.market.worlds import World

type Floats = npt.NDArray[np.float64]

CATEGORY = 10
"""Products that compete inside one category of the logit world."""
SHOCK_PERSISTENCE = 0.8
RIVAL_PERSISTENCE = 0.95
RIVAL_SD = 0.03


@dataclass(frozen=True, slots=True)
class Draws:
    """The truth of several shops and the luck of every week."""

    elasticity: Floats
    """(seed, product, week): constant over time unless the world drifts."""
    cross: Floats
    base_price: Floats
    cost: Floats
    """(seed, product, week): unit cost in shop currency."""
    level: Floats
    """Mean weekly units at the base price."""
    dispersion: Floats
    capacity: Floats
    """(seed, product): most units a week can sell."""
    shock: Floats
    season: Floats
    rival_noise: Floats
    gamma: Floats
    uniform: Floats
    normal: Floats
    history_price: Floats


def draw(world: World, seeds: list[int]) -> Draws:
    """Draw one market per seed and stack them."""
    each = [_draw_one(world, np.random.default_rng([seed, 20_110])) for seed in seeds]
    return Draws(*(np.stack(parts) for parts in zip(*each, strict=True)))


def _draw_one(world: World, rng: np.random.Generator) -> tuple[Floats, ...]:
    n, past, total = world.products, world.history_weeks, world.history_weeks + world.weeks
    start = _elasticities(rng, n)
    base = np.exp(rng.normal(np.log(20.0), 0.6, n))
    margin_cost = base * rng.uniform(0.60, 0.75, n)
    cross = rng.uniform(0.0, 1.0, n)
    level = np.exp(rng.normal(np.log(10.0), 0.8, n))
    dispersion = rng.uniform(*world.dispersion, n)
    capacity = level * rng.uniform(*(world.capacity or (1e6, 1e6)), n)
    shock = _autoregressive(rng.normal(size=(n, total)), SHOCK_PERSISTENCE, world.shock_sd)
    phase, swing = rng.uniform(0, 52), world.season_amplitude
    season = np.tile(swing * np.sin(2 * np.pi * (np.arange(total) + phase) / 52), (n, 1))
    rival_noise = rng.normal(0.0, RIVAL_SD, (n, total))
    size = 1.0 / dispersion[:, None]
    gamma = rng.gamma(size, 1.0 / size, (n, total))
    uniform, normal = rng.uniform(size=(n, total)), rng.normal(size=(n, total))
    drift = np.cumsum(rng.normal(size=(n, total)), axis=1) * world.elasticity_drift
    elasticity = np.clip(start[:, None] * np.exp(drift - drift[:, [past]]), -6.0, -1.25)
    cost = margin_cost[:, None] * np.exp(_cost_path(world, rng, total))
    price = base[:, None] * _history(world, rng, shock[:, :past])
    return (
        elasticity, cross, base, cost, level, dispersion, capacity, shock, season,
        rival_noise, gamma, uniform, normal, price,
    )  # fmt: skip


def _elasticities(rng: np.random.Generator, n: int) -> Floats:
    """A normal pool redrawn inside (-7, -1), then clipped to [-6, -1.25]."""
    values = rng.normal(-2.93, 1.52, n)
    while (outside := (values <= -7) | (values >= -1)).any():
        values[outside] = rng.normal(-2.93, 1.52, int(outside.sum()))
    return np.clip(values, -6.0, -1.25)


def _autoregressive(noise: Floats, persistence: float, sd: float) -> Floats:
    """An AR(1) along the last axis with stationary standard deviation `sd`."""
    path = np.empty_like(noise)
    path[..., 0] = noise[..., 0]
    scale = np.sqrt(1 - persistence**2)
    for t in range(1, noise.shape[-1]):
        path[..., t] = persistence * path[..., t - 1] + scale * noise[..., t]
    return path * sd


def _cost_path(world: World, rng: np.random.Generator, total: int) -> Floats:
    """Log cost relative to the start: one jump of the whole shop in a random week, and a little noise."""
    jump_at = world.history_weeks + int(rng.integers(8, 36))
    jump, noise = rng.normal(), rng.normal(size=total)
    path = np.cumsum(noise) * world.cost_shock_sd / 20
    path[jump_at:] += np.clip(jump, -1.5, 1.5) * world.cost_shock_sd
    return np.asarray(path - path[world.history_weeks - 1])


def _history(world: World, rng: np.random.Generator, shock: Floats) -> Floats:
    """Past prices as a multiple of the base price."""
    jitter = np.exp(rng.normal(0.0, 0.02, shock.shape))
    promoted, depth = rng.uniform(size=shock.shape) < 0.10, rng.uniform(0.10, 0.25, shock.shape)
    if world.history == "flat":
        return np.ones_like(shock)
    if world.history == "chasing":
        return np.asarray(jitter * np.exp(0.3 * shock))
    if world.history == "holiday":
        promoted = shock > 1.2 * world.shock_sd
    return np.asarray(jitter * np.where(promoted, 1 - depth, 1.0))
