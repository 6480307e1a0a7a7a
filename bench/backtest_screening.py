"""`tradewind backtest screening`: how well fraud among a merchant's own labelled orders would have been told."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.screening_data import Orders, UnusableFile, read
from bench.screening_figures import FIGURES, Judged, best_threshold, by_cost, drawn_figures, ends, paid
from bench.screening_models import OURS, PEER, Learned, Result, ours, peer
from bench.screening_protocols import LEAST_FRAUDS, PROTOCOLS, Split, splits, usable_splits, with_labels
from bench.screening_report import page
from chalicelib.domain.screening import Ruling
from functions.screening.columns import Ints

ALL: Final = "all"
NOTE: Final = (
    "Costs are in the file's currency, with the default margin, fees and shares that deciding.py names; LightGBM holds "
    "above the threshold that would have cost least in hindsight."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--orders",
        type=Path,
        required=True,
        metavar="FILE",
        help="CSV or Parquet: order_id, created_at, total, currency[, email, ip, customer_id, "
        "billing_country, shipping_country, ..., signal_*]; exports of Shopify and WooCommerce",
    )
    parser.add_argument("--label", required=True, metavar="COLUMN", help="1 for fraud, 0 for fine, empty if unknown")
    parser.add_argument("--group", metavar="COLUMN", help="identity: orders of one are never on both sides")
    parser.add_argument("--protocol", choices=PROTOCOLS, help="default: time-split where the file has times")
    parser.add_argument(
        "--labels",
        default=ALL,
        metavar="N,N,all",
        help="learn from so many labels (whole identities) and judge on all held-out orders",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there")
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="write a page there")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Backtest one file; 0 when done, 2 when the file cannot be used."""
    try:
        sizes = _sizes(args.labels)
        orders = read(args.orders, args.label, args.group)
        protocol = args.protocol or ("time-split" if orders.timed else "grouped-kfold")
        parts = splits(orders, protocol, bool(args.group))
        if not usable_splits(parts, orders):
            raise UnusableFile(f"{args.orders.name}: {protocol} leaves no fraud to learn from, or none to judge.")
    except UnusableFile as error:
        print(error, file=sys.stderr)
        return 2
    _tell(_described(orders, protocol))
    found, skipped = {}, {}
    for size in sizes:
        learned_from = _limited(orders, usable_splits(parts, orders), size)
        if learned_from:
            found[size] = _backtested(orders, learned_from)
        else:
            skipped[size] = f"so few labels hold less than {LEAST_FRAUDS} frauds"
    if not found:
        print(f"{args.orders.name}: {next(iter(skipped.values()))}.", file=sys.stderr)
        return 2
    for size, figures in found.items():
        print(_table(figures, size))
    for size, why in skipped.items():
        print(f"\n{size} labels: left out, {why}")
    print(NOTE)
    if args.json:
        text = json.dumps(_json(orders, protocol, found) | {"left_out": skipped}, indent=1, allow_nan=False)
        args.json.write_text(text + "\n", encoding="utf-8")
    if args.report:
        args.report.write_text(page(f"Order screening: {args.orders.name}", found, NOTE), encoding="utf-8")
    return 0


def _sizes(text: str) -> list[str]:
    sizes = [one.strip() for one in text.split(",") if one.strip()]
    if not sizes or any(one != ALL and not one.isdigit() for one in sizes):
        raise UnusableFile(f"--labels {text!r}: give numbers, or all, separated by commas.")
    return sizes


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _described(orders: Orders, protocol: str) -> str:
    bad = int(orders.label.sum())
    counts = f"{len(orders.label):,} labelled orders, {bad:,} fraudulent, {len(orders.table)} columns"
    lines = [f"{orders.source}: {counts}; {protocol}"]
    if orders.unlabelled:
        lines.append(f"without a label, left out: {orders.unlabelled:,} orders")
    if orders.ignored:
        shown = ", ".join(orders.ignored[:12])
        lines.append(f"not used (name them signal_… to use them): {shown}{' …' if len(orders.ignored) > 12 else ''}")
    return "\n".join(lines)


def _limited(orders: Orders, parts: Sequence[Split], size: str) -> Sequence[Split]:
    """The folds that can be judged at this number of labels."""
    if size == ALL:
        return parts
    return usable_splits([with_labels(one, orders, int(size), n) for n, one in enumerate(parts)], orders)


def _backtested(orders: Orders, parts: Sequence[Split]) -> dict[str, Any]:
    """All figures at one number of labels."""
    results, learned = ours(orders, parts, _tell)
    if found := peer(orders, parts, _tell):
        results.append(found)
    models = {one.name: _measured(one) for one in results}
    policies = {"approve_all": Ruling.APPROVE, "review_all": Ruling.REVIEW}
    judged = results[0].folds
    return {
        "models": [_model(one, models[one.name]) for one in results],
        "ours_less_lightgbm": _differences(models[OURS], models[PEER]) if PEER in models else {},
        "policies": {name: _flat_cost(judged, verdict) for name, verdict in policies.items()},
        "trees": [_contest(one) for one in learned if one.contest],
        "largest_gap_of_reasons_to_logit": max(one.parity for one in learned),
        "labels": int(np.mean([len(one.train) for one in parts])),
        "frauds": float(np.mean([orders.label[one.train].sum() for one in parts])),
        "folds": len(parts),
    }


type Drawn = tuple[Mapping[str, float], Sequence[Mapping[str, float]]]
"""Figures, and those of each draw of identities."""


def _measured(result: Result) -> Drawn:
    verdicts: list[Ints] = [
        best_threshold(one) if result.name == PEER else by_cost(one.probability, one.total) for one in result.folds
    ]
    return drawn_figures(result.folds, verdicts)


def _model(result: Result, found: Drawn) -> dict[str, Any]:
    point, drawn = found
    return {
        "model": result.name,
        **{name: point[name] for name in FIGURES},
        "fit_seconds": float(np.mean(result.fit_seconds)),
        "row_us": float(np.mean(result.row_us)) if result.row_us else None,
        "chosen": result.name == OURS,
        "intervals": {name: list(ends([each[name] for each in drawn])) for name in FIGURES},
    }


def _differences(ours: Drawn, theirs: Drawn) -> dict[str, list[float]]:
    """By figure: ours less LightGBM's, and the ends of the interval; the same draws of identities for both."""
    pairs = list(zip(ours[1], theirs[1], strict=True))
    return {
        name: [ours[0][name] - theirs[0][name], *ends([one[name] - other[name] for one, other in pairs])]
        for name in FIGURES
    }


def _flat_cost(folds: Sequence[Judged], verdict: Ruling) -> float:
    at = list(Ruling).index(verdict)
    spent = [paid(np.full(len(one.label), at), one.label, one.total) for one in folds]
    return float(np.concatenate(spent).mean())


def _contest(one: Learned) -> dict[str, float]:
    found = one.contest
    return {"share": found.share, "saved_nats": found.saved, "error": found.error} if found else {}


def _json(orders: Orders, protocol: str, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """``models`` at all labels where those were asked for, else at the last number; all under ``by_labels``."""
    main = found.get(ALL) or list(found.values())[-1]
    return {
        **main, "by_labels": found, "protocol": protocol, "orders": len(orders.label),
        "fraudulent": int(orders.label.sum()), "source": orders.source, "ignored": list(orders.ignored), "note": NOTE,
    }  # fmt: skip


def _table(figures: dict[str, Any], size: str) -> str:
    head = f"\n{figures['labels']:,} labels ({figures['frauds']:.0f} fraudulent) a fold, {figures['folds']} fold(s)"
    columns = "".join(name.rjust(24 if name in ("ap", "auc") else 16) for name in FIGURES)
    lines = [head if size != ALL else f"{head}: all", "model".ljust(24) + columns]
    for one in figures["models"]:
        cells = [_cell(one, name) for name in FIGURES]
        lines.append(one["model"].ljust(24) + "".join(cells) + ("  <- ours" if one["chosen"] else ""))
    if apart := figures["ours_less_lightgbm"]:
        value, low, high = apart["ap"]
        lines.append(f"average precision, ours less LightGBM's: {value:+.4f} ({low:+.4f} to {high:+.4f})")
    for name, cost in figures["policies"].items():
        lines.append(name.replace("_", " ").ljust(24) + f"cost per order {cost:.4f}")
    lines.extend(
        f"trees take part with {one['share']:.0%}: they saved {one['saved_nats']:.5f} ± {one['error']:.5f} nats a row"
        for one in figures["trees"]
    )
    return "\n".join(lines)


def _cell(one: dict[str, Any], name: str) -> str:
    low, high = one["intervals"][name]
    wide = name in ("ap", "auc")
    text = f"{one[name]:.4f} ({low:.3f} to {high:.3f})" if wide else f"{one[name]:.4f} ±{(high - low) / 2:.3f}"
    return text.rjust(24 if wide else 16)
