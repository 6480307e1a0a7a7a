"""The backtest as one page for the merchant: what each model would have hit, how sure that is, and the choice."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from functions.recommendations.judging import interval

if TYPE_CHECKING:
    from bench.backtest_recommendations import Result

WIDTH, ROW, LABEL, EDGE = 720, 30, 250, 60

_PLAIN = {
    "popularity": "what sells most now",
    "item-knn": "what the same buyers bought",
    "item-knn, recency and transitions": "what is bought next, lately",
    "ease": "all products weighed against each other",
    "ease, recency and trend": "the same, newest orders first, and what is rising",
    "personal frequency": "what the customer buys most often",
    "blend": "all of these, weighed by what worked in earlier months",
}
_ASKED = {
    "time-split": "For each customer, the app saw only what was ordered before the test window and made a list; "
    "a hit is a product on it that the customer then bought.",
    "leave-one-out": "For each customer, the last line was hidden and the app made a list from the lines before it; "
    "a hit is the hidden product.",
    "basket": "From each order of two or more products one was hidden, and the app made a list from the others; "
    "a hit is the hidden product.",
}


def page(title: str, result: Result) -> str:
    """A self-contained HTML page; the chart has its table behind it."""
    k = result.k
    best = next(one for one in result.figures if one.chosen)
    rates = [interval(judged.hit) for judged in result.judged]
    gains = [interval(judged.ndcg) for judged in result.judged]
    hits = [one.hr for one in result.figures]
    names = [one.model for one in result.figures]
    told = "".join(f"<li>{escape(line)}" for line in result.told)
    return f"""<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>
<meta name=viewport content="width=device-width">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c}}
table{{border-collapse:collapse}}td,th{{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #ddd}}
td:first-child,th:first-child{{text-align:left}}.chosen{{font-weight:600}}svg{{max-width:100%}}
svg text{{font-size:13px;fill:#333}}small{{color:#555}}</style>
<h1>{escape(title)}</h1>
<p>{escape(_ASKED[str(result.protocol)])}</p>
<p><b>For this shop the app would have chosen “{escape(best.model)}”</b>: with lists of {k}, {best.hr:.0%} of
{result.cases:,} cases would have held a hit. The choice was made on the window before; what is shown here was looked
at once, afterwards. Past orders cannot show what a list would have sold.</p>
<h2>Cases with a hit among {k}</h2>{_bars(names, hits, rates, best.model)}
<h2>NDCG@{k}: hits nearer the top count more</h2>{_bars(names, [one.ndcg for one in result.figures], gains, best.model)}
<h2>All figures</h2><p><small>Intervals are 95 % bootstrap intervals over cases.
{result.cold_targets:.1%} of what was bought had never been sold before.</small></p>{_table(result)}
<h2>What was read</h2><ul>{told}</ul></html>"""


def _bars(names: Sequence[str], values: Sequence[float], bounds: Sequence[tuple[float, float]], best: str) -> str:
    top = max((high for _, high in bounds), default=0.0) or 1.0
    reach = WIDTH - LABEL - EDGE

    def x(value: float) -> float:
        return LABEL + reach * value / top

    rows = []
    for place, (name, value, (low, high)) in enumerate(zip(names, values, bounds, strict=True)):
        y = place * ROW + 6
        colour = "#2b6cb0" if name == best else "#9bb7d4"
        rows.append(
            f'<text x={LABEL - 8} y={y + 14} text-anchor=end>{escape(name)}</text>'
            f'<rect x={LABEL} y={y} width={x(value) - LABEL:.1f} height=18 fill="{colour}"/>'
            f'<line x1={x(low):.1f} x2={x(high):.1f} y1={y + 9} y2={y + 9} stroke="#1c1c1c"/>'
            f'<text x={x(high) + 6:.1f} y={y + 14}>{value:.3f}</text>'
        )
    label = "; ".join(f"{name} {value:.3f}" for name, value in zip(names, values, strict=True))
    return (
        f'<svg role=img aria-label="{escape(label)}" viewBox="0 0 {WIDTH} {len(names) * ROW + 8}" width={WIDTH}>'
        f"{''.join(rows)}</svg>"
    )


def _table(result: Result) -> str:
    k = result.k
    head = ("Model", f"NDCG@{k}", f"Recall@{k}", f"Hit rate@{k}", f"MRR@{k}", "Products shown", "Fit, s", "Query, µs")
    rows = []
    for one in result.figures:
        mark, ours = (" class=chosen", " (chosen)") if one.chosen else ("", "")
        cells = (f"{one.ndcg:.4f}", f"{one.recall:.4f}", f"{one.hr:.4f}", f"{one.mrr:.4f}", f"{one.coverage:.0%}",
                 f"{one.fit_seconds:.1f}", f"{one.query_us:.0f}")  # fmt: skip
        name = f"{escape(one.model)}{ours}<br><small>{escape(_PLAIN.get(one.model, ''))}</small>"
        rows.append(f"<tr{mark}><td>{name}{''.join(f'<td>{cell}' for cell in cells)}")
    titles = "".join(f"<th scope=col>{escape(name)}" for name in head)
    return f"<table><thead><tr>{titles}<tbody>{''.join(rows)}</table>"
