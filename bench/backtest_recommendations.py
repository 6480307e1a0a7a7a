"""`tradewind backtest recommendations`: what each model would have shown on a merchant's own past, and which one the
app would have chosen for that shop."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.recommendations_catalogue import Wording, read_catalogue
from bench.recommendations_files import Orders, UnusableFile, read, summary
from bench.recommendations_report import page
from bench.recommendations_serving import microseconds
from functions.recommendations.cases import Cases, Protocol
from functions.recommendations.choice import (
    Candidate,
    Fold,
    Plan,
    Workshop,
    bounded,
    candidates,
    chosen,
    final,
    plan,
)
from functions.recommendations.judging import Judged, interval, judge
from functions.recommendations.sales import Sales, sales

MOST_CASES = 50_000
"""More customers (or baskets) than that are judged by a sample of that size, drawn with a fixed seed."""
CHOOSING = 10_000
"""The choice is made on at most so many, drawn likewise."""
PROTOCOLS = (Protocol.TIME_SPLIT, Protocol.LEAVE_ONE_OUT, Protocol.BASKET)
_DAY = 86_400.0
_SHARES = (0.70, 0.85)
"""Where validation and test begin when no dates are given, as shares of the file's lines."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One model on the test window. ``query_us`` is one request to the ONNX graph on one thread, microseconds."""

    model: str
    ndcg: float
    recall: float
    hr: float
    mrr: float
    coverage: float
    fit_seconds: float
    query_us: float
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A whole backtest."""

    protocol: Protocol
    k: int
    repeats: bool
    cases: int
    cold_targets: float
    """Share of what was bought that had never been sold before the cut."""
    figures: Sequence[Figure]
    judged: Sequence[Judged]
    cold_shown: Sequence[float]
    """Per model: share of places in the lists given to products never sold before the cut."""
    validation: Sequence[Candidate]
    told: Sequence[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--orders", type=Path, required=True, metavar="FILE",
        help="CSV or Parquet with order_id, customer_id, product_id, quantity, unit_price, currency, created_at"
        "[, country], or a Shopify or WooCommerce orders export",
    )  # fmt: skip
    parser.add_argument(
        "--catalogue", type=Path, metavar="FILE",
        help="product_id, title[, product_type, vendor, tags, description], or a product export of either shop",
    )  # fmt: skip
    parser.add_argument("--protocol", choices=[str(one) for one in PROTOCOLS], default=str(Protocol.TIME_SPLIT))
    parser.add_argument("--validation-from", metavar="DATE", help="the choice is made on orders from that day on")
    parser.add_argument("--test-from", metavar="DATE", help="models are judged on orders from that day on")
    parser.add_argument(
        "--repeats", choices=["include", "exclude"], default="exclude",
        help="whether what a customer bought before may be shown, and counts",
    )  # fmt: skip
    parser.add_argument("--k", type=_length, default=10, help="length of a list")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there")
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="write a page with charts there")


def _length(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000:
        raise argparse.ArgumentTypeError("give a length of 1 to 1000")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Backtest one file; 0 when done, 2 when it cannot be used."""
    try:
        catalogue = read_catalogue(args.catalogue) if args.catalogue else None
        orders = read(args.orders, catalogue.handles if catalogue else None)
        told = summary(orders)
        for line in told:
            _say(line)
        history, products = as_sales(orders)
        shop = Workshop(wording=Wording(orders, products, catalogue), say=_say)
        work = planned(history, args)
        result = backtest(shop, work, k=args.k, told=told, say=_say)
    except UnusableFile as error:
        print(error, file=sys.stderr)
        return 2
    print(table(result))
    if args.json:
        args.json.write_text(json.dumps(figures(result), indent=1, allow_nan=False) + "\n")
    if args.report:
        args.report.write_text(page(f"Recommendations: {args.orders.name}", result), encoding="utf-8")
    return 0


_BEGIN = time.monotonic()


def _say(line: str) -> None:
    print(f"[{time.monotonic() - _BEGIN:5.0f} s] {line}", file=sys.stderr, flush=True)


def as_sales(orders: Orders) -> tuple[Sales, list[str]]:
    """Arrays, and the products' ids by index."""
    lines = orders.lines

    def index(name: str) -> tuple[np.ndarray, list[str]]:
        known = sorted(lines[name].drop_nulls().unique().to_list())
        places = dict(zip(known, range(len(known)), strict=True))
        found = lines[name].replace_strict(places, default=-1, return_dtype=pl.Int64)
        return found.fill_null(-1).to_numpy(), known

    item, products = index("product_id")
    history = sales(
        basket=index("order_id")[0], customer=index("customer_id")[0], item=item, country=index("country")[0],
        day=lines["created_at"].dt.epoch("us").cast(pl.Float64).to_numpy() / (_DAY * 1e6),
        quantity=lines["quantity"].to_numpy(), price=lines["unit_price"].fill_null(0.0).to_numpy(), items=len(products),
    )  # fmt: skip
    return history, products


def planned(history: Sales, args: argparse.Namespace) -> Plan:
    """The windows asked for. Raises UnusableFile where they hold nothing to judge."""
    protocol, repeats = Protocol(args.protocol), args.repeats == "include"
    if history.items < 2:
        raise UnusableFile("The file has one product: there is nothing to recommend beside it.")
    validation, test = _cuts(history, args)
    work = plan(
        history, protocol, validation=validation, test=test, end=history.last_day + 1.0, repeats=repeats
    )
    if not len(work.validation.cases) or work.test is None or not len(work.test.cases):
        raise UnusableFile(_NOTHING[protocol])
    return work


_NOTHING = {
    Protocol.TIME_SPLIT: "No customer who was known before both dates bought (something new) after them: there are "
    "no repeat customers to judge by. Give other dates, or --protocol basket, which needs no returning customers.",
    Protocol.LEAVE_ONE_OUT: "No customer has three lines: there is nothing to leave out.",
    Protocol.BASKET: "There is no order of two or more products after both dates: nothing to complete.",
}


def _cuts(history: Sales, args: argparse.Namespace) -> tuple[float, float]:
    """Days at which validation and test begin."""
    defaults = np.quantile(history.day, _SHARES)
    given = [_day(text) for text in (args.validation_from, args.test_from)]
    validation, test = (
        float(default) if day is None else day for default, day in zip(defaults.tolist(), given, strict=True)
    )
    if Protocol(args.protocol) is not Protocol.LEAVE_ONE_OUT and not validation < test:
        raise UnusableFile("--validation-from must lie before --test-from.")
    return validation, test


def _day(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnusableFile(f"{text} is no date: write it as 2011-10-01.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() / _DAY


def backtest(shop: Workshop, work: Plan, *, k: int, told: Sequence[str], say: Say) -> Result:
    """Choose on validation, then look at the test window once."""
    assert work.test is not None  # noqa: S101  planned() saw to it
    say(
        f"{work.protocol}: {len(work.validation.cases):,} cases to choose by, {len(work.test.cases):,} to judge by"
    )
    work, fold, sampled = _bounded(work, work.test)
    found = candidates(shop, work, k)
    picked = chosen(found)
    say(f"chosen on validation: {picked.name}; now the test window")
    rows = [_tested(shop, work, one, fold, k, chosen=one is picked) for one in found]
    sold = np.bincount(fold.learn.item, minlength=fold.learn.items) > 0
    return Result(
        protocol=work.protocol, k=k, repeats=work.repeats, cases=len(fold.cases),
        cold_targets=float((~sold[fold.cases.targets]).mean()), figures=[figure for figure, _ in rows],
        judged=[judged for _, judged in rows], validation=found, told=[*told, *sampled],
        cold_shown=[int(judged.shown[~sold].sum()) / max(1, int(judged.shown.sum())) for _, judged in rows],
    )  # fmt: skip


def _bounded(work: Plan, test: Fold) -> tuple[Plan, Fold, Sequence[str]]:
    """At most MOST_CASES questions to judge by, and a sentence where that left some out."""
    note = [f"judged by a sample of {MOST_CASES:,} of {len(test.cases):,} cases (fixed seed)"]
    judged = Fold(learn=test.learn, moment=test.moment, cases=test.cases.sample(MOST_CASES))
    return bounded(work, CHOOSING), judged, note if len(test.cases) > MOST_CASES else []


def _tested(
    shop: Workshop, work: Plan, candidate: Candidate, fold: Fold, k: int, *, chosen: bool
) -> tuple[Figure, Judged]:
    begin = time.perf_counter()
    model = final(shop, work, candidate, fold)
    seconds = time.perf_counter() - begin
    if candidate.parts is not None:
        seconds = shop.took([spec for spec, _ in candidate.parts.channels], fold)
    judged = judge(model.scores, fold.cases, fold.learn.items, k=k)
    shop.say(f"test: {candidate.name} NDCG@{k} {judged.ndcg.mean():.4f}")
    return Figure(
        model=candidate.name, ndcg=float(judged.ndcg.mean()), recall=float(judged.recall.mean()),
        hr=float(judged.hit.mean()), mrr=float(judged.reciprocal.mean()), coverage=judged.coverage,
        fit_seconds=round(seconds, 3), query_us=microseconds(model, _few(fold.cases), k), chosen=chosen,
    ), judged  # fmt: skip


def _few(cases: Cases) -> Cases:
    return cases.sample(60, seed=1)


def figures(result: Result) -> dict[str, Any]:
    """What --json writes: ``models`` on the test window, then intervals, and how the choice was made."""
    best = next(place for place, one in enumerate(result.figures) if one.chosen)
    return {
        "models": [asdict(one) for one in result.figures],
        "chosen": result.figures[best].model,
        "intervals": {
            one.model: {
                "ndcg": interval(judged.ndcg), "hr": interval(judged.hit), "recall": interval(judged.recall),
                "mrr": interval(judged.reciprocal), "cold_share": cold,
                "ndcg_minus_chosen": interval(judged.ndcg - result.judged[best].ndcg),
            }
            for one, judged, cold in zip(result.figures, result.judged, result.cold_shown, strict=True)
        },
        "validation": {
            one.name: {"ndcg": one.ndcg, "interval": interval(one.judged.ndcg)} for one in result.validation
        },
        "protocol": str(result.protocol), "k": result.k, "repeats": result.repeats, "cases": result.cases,
        "cold_targets": result.cold_targets, "summary": list(result.told),
    }  # fmt: skip


def table(result: Result) -> str:
    """The figures for people, 95 % intervals beside NDCG and hit rate."""
    k = result.k
    head = (
        "model", f"NDCG@{k}", "95 %", f"recall@{k}", f"HR@{k}", "95 %", f"MRR@{k}", "coverage", "cold", "fit s", "µs",
    )  # fmt: skip
    rows = [head]
    for one, judged, cold in zip(result.figures, result.judged, result.cold_shown, strict=True):
        bounds = [f"{low:.4f}–{high:.4f}" for low, high in (interval(judged.ndcg), interval(judged.hit))]
        rows.append((
            one.model, f"{one.ndcg:.4f}", bounds[0], f"{one.recall:.4f}", f"{one.hr:.4f}", bounds[1], f"{one.mrr:.4f}",
            f"{one.coverage:.2f}", f"{cold:.2f}", f"{one.fit_seconds:.1f}", f"{one.query_us:.0f}",
        ))  # fmt: skip
    widths = [max(len(row[place]) for row in rows) + 2 for place in range(len(head))]
    lines = ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    marked = [line + ("  <- chosen" if one.chosen else "") for line, one in zip(lines[1:], result.figures, strict=True)]
    note = f"{result.cases:,} cases; {result.cold_targets:.1%} of what was bought had never been sold before the cut."
    return "\n".join([lines[0], *marked, note])
