"""Recommendations on a real shop's year, ours beside the libraries that people would otherwise use.

Online Retail, cut by time: learnt before October 2011, chosen on October, judged once from November on. Asked are
customers known before the cut; right is what they then bought for the first time. Ours is what the app would have
chosen for this shop by itself. One run, one protocol, one judge; intervals are over customers.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from bench import Row
from bench.backtest_recommendations import Result, backtest
from bench.recommendations_scale import PEERS_PYTHON
from functions.recommendations.cases import LONGEST_PAST, Cases, Protocol
from functions.recommendations.choice import Fold, Plan, Workshop, plan
from functions.recommendations.judging import Judged, interval, judge
from functions.recommendations.recipes import described
from functions.recommendations.sales import Sales, Scores, sales
from sandbox.retail import CODE, FILE

SCRIPT = Path(__file__).with_name("recommendations_libraries.py")
VALIDATION, TEST = datetime(2011, 10, 1, tzinfo=UTC), datetime(2011, 11, 1, tzinfo=UTC)
K = 10
_DAY = 86_400.0


def rows() -> Iterator[Row]:
    """Every candidate of ours and every library, NDCG first."""
    lines = _lines()
    history, products = _history(lines)
    work = plan(
        history, Protocol.TIME_SPLIT, validation=VALIDATION.timestamp() / _DAY, test=TEST.timestamp() / _DAY,
        end=history.last_day + 1.0, repeats=False,
    )  # fmt: skip
    libraries = dict(_libraries(work))
    shop = Workshop(wording=_Wording(lines, products), say=lambda line: print(f"  {line}", flush=True))
    result = backtest(shop, work, k=K, told=(), say=shop.say)
    yield from _figures(result, libraries)


def _lines() -> pl.DataFrame:
    """As the field's own comparisons read it: no cancellations, no customers without a name, product codes alone."""
    return (
        pl.read_parquet(FILE)
        .filter(~pl.col("InvoiceNo").str.starts_with("C") & (pl.col("Quantity") > 0))
        .filter(pl.col("StockCode").str.contains(CODE) & pl.col("CustomerID").is_not_null())
        .select(
            order="InvoiceNo", product=pl.col("StockCode").str.to_uppercase(), title=pl.col("Description"),
            customer=pl.col("CustomerID").cast(pl.Int64), country="Country", price="UnitPrice",
            quantity="Quantity", day=pl.col("InvoiceDate").dt.timestamp("us") / (_DAY * 1e6),
        )
        .sort("day", maintain_order=True)
    )  # fmt: skip


def _history(lines: pl.DataFrame) -> tuple[Sales, list[str]]:
    def index(name: str) -> np.ndarray:
        return lines[name].rank("dense").to_numpy().astype(np.int64) - 1

    history = sales(
        basket=index("order"), customer=index("customer"), item=index("product"), country=index("country"),
        day=lines["day"].to_numpy(), quantity=lines["quantity"].cast(pl.Float64).to_numpy(),
        price=lines["price"].to_numpy(), items=lines["product"].n_unique(),
    )  # fmt: skip
    return history, sorted(lines["product"].unique().to_list())


class _Wording:
    """Titles as they were known at a moment: nothing from later months."""

    def __init__(self, lines: pl.DataFrame, products: list[str]) -> None:
        self._lines, self._products = lines, products

    def __call__(self, moment: float) -> Scores | None:
        before = self._lines.filter(pl.col("day") < moment)
        known = before.group_by("product").agg(pl.col("title").mode().sort().first())
        titles = dict(known.iter_rows())
        return described([titles.get(product) or "" for product in self._products])


def _libraries(work: Plan) -> Iterator[tuple[str, tuple[Judged, float]]]:
    """Each library's figures on the test window, and its seconds of fitting; nothing without an interpreter."""
    python = os.environ.get(PEERS_PYTHON, "")
    if not python or work.test is None:
        print(f"  libraries left out: set {PEERS_PYTHON} to a Python that has them (bench/recommendations_peers.txt)")
        return
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npz"
        parts = {**_given(work.validation, "validation"), **_given(work.test, "test")}
        np.savez(given, allow_pickle=False, items=np.array(work.test.learn.items), **parts)
        subprocess.run([python, "-W", "ignore", str(SCRIPT), str(given), str(answer)], check=True)
        with np.load(answer) as scores:
            for name in (one for one in scores.files if not one.endswith("|seconds")):
                yield name, (_judged(scores[name], work.test), float(scores[f"{name}|seconds"]))


def _given(fold: Fold, name: str) -> Mapping[str, np.ndarray]:
    """A fold as plain arrays: what is learnt from, who is asked, what they bought."""
    pairs = np.unique(fold.learn.customer * fold.learn.items + fold.learn.item)
    return {
        f"{name}_customer": pairs // fold.learn.items, f"{name}_item": pairs % fold.learn.items,
        f"{name}_asked": _asked(fold), f"{name}_row": fold.cases.target_row, f"{name}_target": fold.cases.targets,
    }  # fmt: skip


def _asked(fold: Fold) -> np.ndarray:
    """The customers behind the cases, found by the same pasts: a case does not carry its customer's number."""
    order = np.argsort(fold.learn.customer, kind="stable")
    owner, items = fold.learn.customer[order], fold.learn.item[order]
    begins = np.searchsorted(owner, np.arange(fold.learn.customers + 1))
    named = {items[a:b][-LONGEST_PAST:].tobytes(): c for c, (a, b) in enumerate(pairwise(begins.tolist()))}
    return np.array([named[fold.cases.items[a:b].tobytes()] for a, b in pairwise(fold.cases.starts.tolist())])


def _judged(scores: Scores, fold: Fold) -> Judged:
    """By our judge: ties, blocked products and measures are the same for all."""
    begin = 0

    def part(cases: Cases) -> Scores:
        nonlocal begin
        begin += len(cases)
        return scores[begin - len(cases) : begin]

    return judge(part, fold.cases, fold.learn.items, k=K)


def _figures(result: Result, libraries: Mapping[str, tuple[Judged, float]]) -> Iterator[Row]:
    ours = next(place for place, one in enumerate(result.figures) if one.chosen)
    chosen = result.judged[ours]
    others = {
        one.model: (judged, one.fit_seconds)
        for one, judged in zip(result.figures, result.judged, strict=True)
        if not one.chosen
    }
    yield _row("ours", result.figures[ours].model, chosen, result.figures[ours].fit_seconds, result)
    for name, (judged, seconds) in {**others, **libraries}.items():
        yield _beside(name, judged, seconds, chosen)
    yield Row(
        name="recommendations.query_us", value=result.figures[ours].query_us, unit="microseconds",
        note="one customer's list from the graph of the chosen model, one thread, median",
    )  # fmt: skip


def _row(name: str, model: str, judged: Judged, seconds: float, result: Result) -> Row:
    low, high = interval(judged.ndcg)
    return Row(
        name=f"recommendations.new_items.ndcg_at_10.{name}", value=float(judged.ndcg.mean()),
        note=f"{model}, chosen on October among {len(result.validation)}; {result.cases} customers, 95 % interval "
        f"{low:.4f} to {high:.4f}; {_more(judged, seconds)}",
    )  # fmt: skip


def _beside(name: str, judged: Judged, seconds: float, chosen: Judged) -> Row:
    low, high = interval(chosen.ndcg - judged.ndcg)
    return Row(
        name="recommendations.new_items.ndcg_at_10", value=float(chosen.ndcg.mean()), peer=name,
        peer_value=float(judged.ndcg.mean()), ratio=float(chosen.ndcg.mean() / judged.ndcg.mean()),
        note=f"ours less {name} {float((chosen.ndcg - judged.ndcg).mean()):+.4f}, 95 % interval {low:+.4f} to "
        f"{high:+.4f}; {name}: {_more(judged, seconds)}",
    )  # fmt: skip


def _more(judged: Judged, seconds: float) -> str:
    return (
        f"recall {judged.recall.mean():.4f}, hit rate {judged.hit.mean():.3f}, coverage {judged.coverage:.2f}, "
        f"fitted in {seconds:.1f} s"
    )
