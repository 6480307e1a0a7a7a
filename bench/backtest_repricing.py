"""`tradewind backtest repricing`: how well demand models foretell the last fifth of a merchant's own
sales."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bench.repricing_data import Sales, UnusableFile, read
from bench.repricing_models import Score, compared
from bench.repricing_report import curves, page
from functions.repricing.demand import Demand

COLUMNS = (
    ("model", 28),
    ("wmape", 8),
    ("poisson_deviance", 17),
    ("negative_share", 15),
    ("coverage90", 11),
    ("half_split_rms", 15),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--sales",
        type=Path,
        required=True,
        metavar="FILE",
        help="CSV or Parquet: product_id, period, price, units"
        "[, store_id, competitor_price, promotion, cost, stock]",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there")
    parser.add_argument(
        "--report", type=Path, metavar="OUT.html", help="write demand and profit curves there"
    )


def run(args: argparse.Namespace) -> int:
    """Backtest one file; 0 when done, 2 when the file cannot be used."""
    try:
        sales = read(args.sales)
    except UnusableFile as error:
        print(error, file=sys.stderr)
        return 2
    periods = f"{sales.panel.units.shape[1]} periods, the last {sales.test.sum()} held out"
    _tell(f"{len(sales.products)} series, {periods}")
    if sales.dropped or sales.steady:
        _tell(f"left out: {sales.dropped} unusable rows, {sales.steady} series without price changes")
    scores, demand = compared(sales, _tell)
    print(_table(scores))
    print("Past prices were not set at random: none of this proves what a price change would earn.")
    if args.json:
        args.json.write_text(json.dumps(_figures(sales, scores, demand), indent=1, allow_nan=False) + "\n")
    if args.report:
        title = f"Demand and prices: {args.sales.name}"
        args.report.write_text(page(title, scores, list(curves(sales, demand))), encoding="utf-8")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _table(scores: Sequence[Score]) -> str:
    lines = ["".join(name.ljust(width) for name, width in COLUMNS)]
    for one in scores:
        cells = [_shown(getattr(one, name)).ljust(width) for name, width in COLUMNS]
        lines.append("".join(cells) + ("  <- ours" if one.chosen else ""))
    return "\n".join(lines)


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value if value is not None else "-")


def _figures(sales: Sales, scores: Sequence[Score], demand: Demand) -> dict[str, Any]:
    return {
        "models": [asdict(one) for one in scores],
        "products": list(_products(sales, demand)),
        "trust": demand.trust,
        "held_out_periods": int(sales.test.sum()),
        "unusable_rows": sales.dropped,
    }


def _products(sales: Sales, demand: Demand) -> Sequence[dict[str, Any]]:
    """Elasticities per product with 90 % intervals; over stores, their mean and how unsure and unlike they
    are."""
    slope, sd = demand.elasticity()
    names = np.array(sales.products)
    found = []
    for name in dict.fromkeys(sales.products):
        own = names == name
        middle, count = float(slope[own].mean()), int(own.sum())
        unsure = float(np.sqrt((sd[own] ** 2).mean() / count + slope[own].var() / count))
        found.append(
            {
                "product_id": name,
                "elasticity": middle,
                "low": middle - 1.645 * unsure,
                "high": middle + 1.645 * unsure,
                "series": count,
            }
        )
    return found
