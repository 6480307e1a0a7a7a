"""Repricing in figures: the policy against its peers in the market simulator, and the pricing step's speed.

The market was frozen before the policy was tuned (on seeds below 2,000); these figures are from other seeds.
No figure here says what a shop would earn: simulated buyers are not buyers.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import polars as pl

from bench.repricing_data import Sales, read
from bench.repricing_models import compared
from bench.repricing_supply import by_expected_sales
from chalicelib.graphs.demand import PricingStep, pricing_graph
from functions.repricing.beliefs import shipped_prior
from functions.repricing.curves import REFERENCE, SPACING, relative_units, tables
from functions.repricing.demand import Panel, borrowed, expected_units, fit
from sandbox.market.draws import Floats
from sandbox.market.peers import PEERS
from sandbox.market.simulate import Outcome, clairvoyant, open_market, play
from sandbox.market.tradewind import tradewind
from sandbox.market.worlds import WORLDS

JUDGES = tuple(range(6_000, 6_020))
CENTRAL = ("promotions", "flat")
WRONG_PRIORS = ("prior_too_steep", "prior_too_flat")


@dataclass(frozen=True, slots=True)
class Result:
    """One policy in one world: per seed, share of the clairvoyant's profit and share of products harmed, in
    %."""

    share: Floats
    harmed: Floats
    sold_gain: Floats | None = None
    """Profit over keeping the price in %, by expected sales, where supply is limited."""
    sold_harmed: Floats | None = None
    """The share of products harmed by that account."""

    def __str__(self) -> str:
        half = 1.96 * self.share.std(ddof=1) / np.sqrt(len(self.share))
        return f"{self.share.mean():.1f} ± {half:.1f} %, {self.harmed.mean():.1f} % harmed"


def results(world: str, seeds: tuple[int, ...] = JUDGES) -> dict[str, Result]:
    """Every policy in one world, with the same customers."""
    market = open_market(WORLDS[world], list(seeds))
    best, kept = clairvoyant(market), play(market, PEERS["keep"])

    kept_sold = by_expected_sales(market, kept) if market.world.capacity else None

    def judged(outcome: Outcome) -> Result:
        share, harmed = 100 * outcome.share(best), 100 * outcome.harmed(kept)
        if kept_sold is None:
            return Result(share, harmed)
        sold = by_expected_sales(market, outcome)
        return Result(share, harmed, 100 * (sold.share(kept_sold) - 1), 100 * sold.harmed(kept_sold))

    return {name: judged(play(market, policy)) for name, policy in ({"tradewind": tradewind()} | PEERS).items()}


def rows() -> Iterator[dict[str, Any]]:
    """Profit and harm in every world, ours beside its strongest published-style peer."""
    yield from _pricing_step()
    yield from _orange_juice()
    found: dict[str, dict[str, Result]] = {}
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for world, one in zip(WORLDS, pool.map(results, WORLDS), strict=True):
            found[world] = one
            yield from _central(world, one) if world in CENTRAL else _elsewhere(world, one)
    yield _wrong_prior({world: found[world] for world in WRONG_PRIORS})


def _row(
    name: str, value: float, unit: str, peer: str = "", peer_value: float | None = None, note: str = ""
) -> dict[str, Any]:
    ratio = value / peer_value if peer_value else None
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "peer": peer,
        "peer_value": None if peer_value is None else round(peer_value, 3),
        "ratio": ratio,
        "note": note,
    }


def _central(world: str, found: dict[str, Result]) -> Iterator[dict[str, Any]]:
    ours, peer = found["tradewind"], found["thompson"]
    note = "; ".join(f"{name} {result}" for name, result in found.items())
    name = f"repricing.{world}"
    yield _row(f"{name}.profit_share", ours.share.mean(), "%", "thompson", peer.share.mean(), note)
    yield _row(f"{name}.harmed_share", ours.harmed.mean(), "%", "thompson", peer.harmed.mean(), _spread(ours.harmed))
    paired = ours.share - peer.share
    half = 1.96 * paired.std(ddof=1) / np.sqrt(len(paired))
    yield _row(f"{name}.points_over_thompson", paired.mean(), "points", note=f"paired, ± {half:.2f}")


def _wrong_prior(found: dict[str, dict[str, Result]]) -> dict[str, Any]:
    def over(policy: str) -> float:
        gaps = [(one[policy].share - one["keep"].share).mean() for one in found.values()]
        return float(min(gaps))

    note = "; ".join(
        f"{world}: keep {one['keep'].share.mean():.1f} %, ours {one['tradewind']}, thompson {one['thompson']}"
        for world, one in found.items()
    )
    return _row(
        "repricing.wrong_prior.profit_over_fixed",
        over("tradewind"),
        "points",
        "thompson",
        over("thompson"),
        note,
    )


def _elsewhere(world: str, found: dict[str, Result]) -> Iterator[dict[str, Any]]:
    ours, peer = found["tradewind"], found["thompson"]
    note = "; ".join(f"{name} {result}" for name, result in found.items())
    name = f"repricing.{world}"
    yield _row(f"{name}.profit_share", ours.share.mean(), "%", "thompson", peer.share.mean(), note)
    yield _row(f"{name}.harmed_share", ours.harmed.mean(), "%", "thompson", peer.harmed.mean(), _spread(ours.harmed))
    for told, own, other in (
        ("profit_over_fixed", ours.sold_gain, peer.sold_gain), ("harmed_share", ours.sold_harmed, peer.sold_harmed),
    ):  # fmt: skip
        if own is not None and other is not None:
            yield _row(f"{name}.expected_sales.{told}", own.mean(), "%", "thompson", other.mean(), _spread(own))


def _spread(values: Floats) -> str:
    """How many seeds, and the 95 % interval of their mean."""
    return f"{len(values)} seeds, ± {1.96 * values.std(ddof=1) / np.sqrt(len(values)):.1f}"


PRODUCTS, CANDIDATES = 10_000, 21


def _pricing_step() -> Iterator[dict[str, Any]]:
    """Ten thousand products in one ONNX call beside the same in numpy, one thread each; median of nine."""
    rng = np.random.default_rng(4)
    step = PricingStep(
        weights=rng.dirichlet(shipped_prior(-2.6, 1.3) * 200 + 0.01, PRODUCTS).astype(np.float32),
        level=rng.uniform(1, 60, (PRODUCTS, len(shipped_prior(-2.6, 1.3)))).astype(np.float32),
        dispersion=np.full(PRODUCTS, 0.3, np.float32),
        units=tables(0.1).units.astype(np.float32),
        spacing=SPACING,
        centre=REFERENCE,
    )
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(pricing_graph(step), options, providers=["CPUExecutionProvider"])
    ratio = rng.uniform(0.9, 1.1, (PRODUCTS, CANDIDATES)).astype(np.float32)
    inputs = {
        "product": np.arange(PRODUCTS),
        "ratio": ratio,
        "cost_ratio": np.full(PRODUCTS, 0.6, np.float32),
    }
    graph_ms, units = _timed(lambda: session.run(["units", "spread", "profit"], inputs)[0])
    numpy_ms, exact = _timed(lambda: _in_numpy(step, ratio), times=3)
    worst = float(np.abs(np.asarray(units) / exact - 1).max())
    yield _row(
        "repricing.pricing_step.10k_products",
        graph_ms,
        "ms",
        "numpy, every state",
        numpy_ms,
        f"{CANDIDATES} candidate prices each; expected units differ by at most {worst:.1e}",
    )


def _in_numpy(step: PricingStep, ratio: np.typing.NDArray[np.float32]) -> Floats:
    """Expected units, every state of every candidate written out, a thousand products at a time."""
    parts = []
    for start in range(0, len(ratio), 1000):
        rows = slice(start, start + 1000)
        expected = (step.weights[rows] * step.level[rows])[:, None, :]
        parts.append((relative_units(ratio[rows].astype(np.float64)) * expected).sum(axis=-1))
    return np.concatenate(parts)


def _timed[T](work: Callable[[], T], times: int = 9) -> tuple[float, T]:
    """Median milliseconds, and the last result."""
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        result = work()
        spent.append(1000 * (time.perf_counter() - begun))
    return float(np.median(spent)), result


JUICE = Path(__file__).resolve().parents[2] / "shared/data/orange_juice/orangeJuice_yx.parquet"
OUNCES = np.array([64, 96, 64, 64, 64, 96, 64, 64, 64, 64, 128])


def _orange_juice() -> Iterator[dict[str, Any]]:
    """Dominick's orange juice, 913 store and brand series; nothing where the data are not at hand."""
    if not JUICE.exists():
        yield _row("repricing.orange_juice", float("nan"), "", note=f"left out: {JUICE.name} is not at hand")
        return
    sales = _juice()
    scores, _ = compared(sales, lambda _line: None)
    by = {one.model: one for one in scores}
    ours, peer = by["hierarchical"], by["per-series OLS"]
    name = "repricing.orange_juice"
    yield _row(f"{name}.poisson_deviance", ours.poisson_deviance, "", peer.model, peer.poisson_deviance)
    yield _row(f"{name}.wmape", ours.wmape, "", peer.model, peer.wmape)
    yield _row(f"{name}.half_split_rms", ours.half_split_rms or 0, "", peer.model, peer.half_split_rms)
    yield _row(f"{name}.coverage90", ours.coverage90 or 0, "", peer.model, peer.coverage90)
    own, lent = _eight_weeks(sales)
    yield _row(f"{name}.eight_weeks.wmape", lent, "", "own eight weeks alone", own, "prior from the other brands")


def _juice() -> Sales:
    frame = pl.read_parquet(JUICE).sort("store", "brand", "week")
    prices = frame.select([f"price{i}" for i in range(1, 12)]).to_numpy().copy()
    brand, rows = frame["brand"].to_numpy() - 1, np.arange(frame.height)
    own = prices[rows, brand].copy()
    prices[rows, brand] = np.inf
    table = pl.DataFrame(
        {
            "product_id": [f"brand {one + 1}" for one in brand],
            "store_id": frame["store"],
            "period": frame["week"],
            "price": own,
            "units": np.rint(np.exp(frame["logmove"].to_numpy()) / OUNCES[brand]),
            "competitor_price": prices.min(axis=1),
            "promotion_feature": frame["feat"],
            "promotion_deal": frame["deal"].cast(pl.Float64),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "juice.parquet"
        table.write_parquet(path)
        return read(path)


def _eight_weeks(sales: Sales) -> tuple[float, float]:
    """WMAPE after eight weeks of a brand: on its own, and with a population borrowed from the other
    brands."""
    train, cells = sales.train(), sales.held_out()
    seen = np.cumsum(train.known, axis=1)
    short = replace(train, known=train.known * (seen > seen[:, -1:] - 8))
    own, lent = expected_units(fit(short), sales.panel), np.zeros_like(train.units)
    for brand in range(int(train.group.max()) + 1):
        others, here = train.group != brand, train.group == brand
        prior = borrowed(fit(_only(train, others)).population)
        found = fit(replace(_only(short, here), group=np.zeros(here.sum(), np.int64)), prior=prior, rounds=8)
        lent[here] = expected_units(found, _only(sales.panel, here))
    units = train.units[cells]
    return tuple(float(np.abs(units - mean[cells]).sum() / units.sum()) for mean in (own, lent))  # type: ignore[return-value]


def _only(panel: Panel, rows: np.typing.NDArray[np.bool_]) -> Panel:
    group = np.unique(panel.group[rows], return_inverse=True)[1]
    return Panel(units=panel.units[rows], features=panel.features[rows], known=panel.known[rows], group=group)
