"""Demand models side by side on one file: ours, and what it is measured against."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.repricing_data import Sales
from functions.repricing.demand import Demand, Floats, Panel, expected_units, fit

PEERS_PYTHON = "TRADEWIND_PEERS_PYTHON"
"""Environment variable: a Python that has LightGBM, kept apart from the product's own."""
DRAWS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What a model says: units per cell, and elasticities per series where it has any."""

    name: str
    mean: Floats
    elasticity: Floats | None = None
    low: Floats | None = None
    """Bounds of the 90 % interval of units, per cell."""
    high: Floats | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One line of the table; None where a model has no such thing."""

    model: str
    wmape: float
    poisson_deviance: float
    negative_share: float | None
    coverage90: float | None
    half_split_rms: float | None
    chosen: bool


def poisson_deviance(units: Floats, mean: Floats) -> float:
    """Mean Poisson deviance (McCullagh & Nelder 1989, section 2.3)."""
    mean = np.maximum(mean, 1e-6)
    told = np.where(units > 0, units * np.log(np.maximum(units, 1e-9) / mean), 0.0)
    return float(2 * (told - (units - mean)).mean())


def score(sales: Sales, fitted: Fitted, halves: tuple[Floats, Floats] | None) -> Score:
    """Judge one model on the held-out periods; stability is between halves of the training periods."""
    cells = sales.held_out()
    units, mean = sales.panel.units[cells], fitted.mean[cells]
    covered = None
    if fitted.low is not None and fitted.high is not None:
        covered = float(((units >= fitted.low[cells]) & (units <= fitted.high[cells])).mean())
    negative = None if fitted.elasticity is None else float((fitted.elasticity < 0).mean())
    apart = None if halves is None else float(np.sqrt(((halves[0] - halves[1]) ** 2).mean()))
    return Score(
        model=fitted.name, wmape=float(np.abs(units - mean).sum() / max(units.sum(), 1e-9)),
        poisson_deviance=poisson_deviance(units, mean), negative_share=negative, coverage90=covered,
        half_split_rms=apart, chosen=fitted.chosen,
    )  # fmt: skip


def compared(sales: Sales, progress: Callable[[str], None]) -> tuple[list[Score], Demand]:
    """Every model's score, and our fit."""
    train = sales.train()
    first, second = halves(train)
    plain = tuple(one.in_stock() for one in (train, first, second))
    progress("fitting the hierarchical negative binomial")
    demand = fit(train, progress=progress)
    ours = hierarchical(sales, demand)
    scores = [_judged(sales, model, *plain) for model in (no_price, least_squares, pooled)]
    stability = tuple(fit(half).coefficients[:, 1] for half in (first, second))
    scores.append(score(sales, ours, (stability[0], stability[1])))
    scores += [score(sales, one, None) for one in boosted(sales, progress)]
    return scores, demand


type Peer = Callable[[Sales, Panel], Fitted]


def _judged(sales: Sales, model: Peer, train: Panel, first: Panel, second: Panel) -> Score:
    fitted = model(sales, train)
    if fitted.elasticity is None:
        return score(sales, fitted, None)
    slopes = [model(sales, half).elasticity for half in (first, second)]
    assert slopes[0] is not None  # noqa: S101  a model with elasticities has them for halves too
    assert slopes[1] is not None  # noqa: S101
    return score(sales, fitted, (slopes[0], slopes[1]))


def halves(panel: Panel) -> tuple[Panel, Panel]:
    """The earlier and the later half of every series' observations."""
    place, total = np.cumsum(panel.known, axis=1), panel.known.sum(axis=1, keepdims=True)
    early = place <= total / 2
    return replace(panel, known=panel.known * early), replace(panel, known=panel.known * ~early)


def hierarchical(sales: Sales, demand: Demand) -> Fitted:
    """Ours, with intervals by simulation: unsure coefficients, bursts of demand, and counts."""
    mean = expected_units(demand, sales.panel)
    doubt = np.einsum(
        "stf,sfg,stg->st", sales.panel.features, demand.covariance, sales.panel.features, optimize=True
    )
    low, high = _interval(mean, doubt + demand.dispersion[:, None], sales.held_out())
    return Fitted(
        name="hierarchical", mean=mean, elasticity=demand.coefficients[:, 1], low=low, high=high, chosen=True
    )


def _interval(mean: Floats, extra: Floats, cells: np.typing.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """5 % and 95 % quantiles of a negative binomial with this mean and extra relative variance."""
    rng, size = np.random.default_rng(8), 1 / np.maximum(extra[cells], 1e-6)
    draws = rng.poisson(np.minimum(rng.gamma(size, mean[cells] / size, (DRAWS, len(size))), 1e15))
    bounds = np.quantile(draws, [0.05, 0.95], axis=0)
    low, high = np.zeros_like(mean), np.zeros_like(mean)
    low[cells], high[cells] = bounds
    return low, high


def no_price(sales: Sales, train: Panel) -> Fitted:
    """Every series' own mean."""
    count = np.maximum(train.known.sum(axis=1), 1)
    mean = (train.units * train.known).sum(axis=1) / count
    return Fitted(name="no price", mean=np.repeat(mean[:, None], train.units.shape[1], axis=1))


def least_squares(sales: Sales, train: Panel) -> Fitted:
    """Log-log ordinary least squares per series."""
    x, y, known = train.features, np.log(train.units + 0.5), train.known
    normal = np.einsum("st,stf,stg->sfg", known, x, x, optimize=True) + 1e-6 * np.eye(x.shape[2])
    slopes = np.linalg.solve(normal, np.einsum("st,stf->sf", known * y, x)[..., None])[..., 0]
    return _log_model("per-series OLS", sales, train, slopes)


def pooled(sales: Sales, train: Panel) -> Fitted:
    """Log-log least squares with levels per series and one elasticity for all."""
    known, y = train.known[..., None], np.log(train.units + 0.5)[..., None]
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    x_mean, y_mean = (
        (train.features * known).sum(axis=1, keepdims=True) / count,
        (y * known).sum(axis=1, keepdims=True) / count,
    )
    x = ((train.features - x_mean) * known)[..., 1:].reshape(-1, train.features.shape[2] - 1)
    slope = np.linalg.lstsq(x, ((y - y_mean) * known).reshape(-1), rcond=None)[0]
    level = y_mean[:, 0, 0] - x_mean[:, 0, 1:] @ slope
    slopes = np.column_stack([level, np.tile(slope, (len(level), 1))])
    return _log_model("pooled", sales, train, slopes)


def _log_model(name: str, sales: Sales, train: Panel, slopes: Floats) -> Fitted:
    """A log-linear fit with lognormal intervals."""
    logs = np.einsum("stf,sf->st", sales.panel.features, slopes)
    error = (np.log(train.units + 0.5) - logs) * train.known
    sd = np.sqrt((error**2).sum(axis=1) / np.maximum(train.known.sum(axis=1) - 2, 1))[:, None]
    mean, low, high = (np.exp(np.clip(logs + z * sd, -20, 25)) for z in (0.0, -1.645, 1.645))
    return Fitted(name=name, mean=mean, elasticity=slopes[:, 1], low=low - 0.5, high=high)


def boosted(sales: Sales, progress: Callable[[str], None]) -> Iterator[Fitted]:
    """LightGBM, monotone in price and free, run by another interpreter; nothing where there is none."""
    python = os.environ.get(PEERS_PYTHON, "")
    if not python:
        progress(f"LightGBM left out: set {PEERS_PYTHON} to a Python that has it")
        return
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(
            given,
            x=sales.panel.features,
            y=sales.panel.units,
            train=sales.train().in_stock().known,
            group=sales.panel.group,
        )
        script = Path(__file__).with_name("repricing_lightgbm.py")
        done = subprocess.run(
            [python, str(script), str(given), str(answer)], capture_output=True, check=False
        )
        if done.returncode:
            progress(f"LightGBM left out: {done.stderr.decode(errors='replace').strip().splitlines()[-1]}")
            return
        with np.load(answer) as means:
            yield from (Fitted(name=f"LightGBM, {name}", mean=means[name]) for name in means.files)
