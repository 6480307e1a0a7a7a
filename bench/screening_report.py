"""One page per backtest: the table of models, number of labels by number of labels."""

from collections.abc import Mapping
from html import escape
from typing import Any

from bench.screening_figures import FIGURES

LABELS = {
    "ap": "Average precision", "auc": "AUC", "recall_at_1pct": "Fraud found in the top 1 %",
    "recall_at_5pct": "…in the top 5 %", "log_loss": "Log-loss", "ece": "Calibration error",
    "cost_per_order": "Cost per order",
}  # fmt: skip
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid #ccc}"
    "th:first-child,td:first-child{text-align:left}tr.ours{font-weight:600}small{color:#555;font-weight:400}"
)


def page(title: str, found: Mapping[str, Mapping[str, Any]], note: str) -> str:
    """HTML."""
    parts = "".join(_part(figures) for figures in found.values())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1><p>Held-out orders only. In brackets: 95 % "
        f"intervals, drawn over whole identities.</p>{parts}<p>{escape(note)}</p></body></html>\n"
    )


def _part(figures: Mapping[str, Any]) -> str:
    head = "".join(f'<th scope="col">{escape(LABELS[name])}</th>' for name in FIGURES)
    rows = "".join(_row(one) for one in figures["models"])
    costs = "; ".join(f"{name.replace('_', ' ')} {cost:.4f}" for name, cost in figures["policies"].items())
    return (
        f"<h2>{figures['labels']:,} labels to learn from</h2><table>"
        f'<thead><tr><th scope="col">Model</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table><p>Cost per order if one would: {escape(costs)}</p>"
    )


def _row(one: Mapping[str, Any]) -> str:
    cells = "".join(
        f"<td>{one[name]:.4f}<br><small>{one['intervals'][name][0]:.3f} to {one['intervals'][name][1]:.3f}</small></td>"
        for name in FIGURES
    )
    mark = ' class="ours"' if one["chosen"] else ""
    return f'<tr{mark}><th scope="row">{escape(one["model"])}</th>{cells}</tr>'
