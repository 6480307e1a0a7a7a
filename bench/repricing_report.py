"""One page per backtest: the table of models, and for each product its demand and profit curve with the best
price."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from bench.repricing_data import Sales
from bench.repricing_models import Score
from functions.repricing.demand import Demand, Floats

SHOWN = 24
ASSUMED_COST = 0.65
"""Share of the usual price that a product is taken to cost where the file has no cost."""
REACH = 0.25
"""Curves run so far to both sides of the usual price."""
WIDTH, HEIGHT, EDGE = 320, 180, 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Curves of one series over price."""

    product: str
    price: Floats
    units: tuple[Floats, Floats, Floats]
    """Low, expected, high."""
    profit: tuple[Floats, Floats, Floats]
    usual: float
    best: float
    cost: float
    cost_known: bool


def curves(sales: Sales, demand: Demand) -> Iterator[Drawn]:
    """The best-selling series' curves."""
    slope, sd = demand.elasticity()
    sold = (sales.train().units * sales.train().known).sum(axis=1)
    ratio = np.linspace(1 - REACH, 1 + REACH, 41)
    for row in np.argsort(-sold)[:SHOWN]:
        usual = float(np.exp(sales.mean_log_price[row]))
        known = bool(np.isfinite(sales.cost[row]) and sales.cost[row] < usual)
        cost = float(sales.cost[row]) if known else ASSUMED_COST * usual
        level = float(np.exp(demand.coefficients[row, 0]))
        bands = [level * ratio ** (slope[row] + z * sd[row]) for z in (-1.645, 0.0, 1.645)]
        units = (np.minimum(*bands[::2]), bands[1], np.maximum(*bands[::2]))
        margin = ratio * usual - cost
        gains = [band * margin for band in bands]
        profit = (np.minimum(*gains[::2]), gains[1], np.maximum(*gains[::2]))
        yield Drawn(
            product=sales.products[row],
            price=ratio * usual,
            units=units,
            profit=profit,
            usual=usual,
            best=float(ratio[int(np.argmax(gains[1]))] * usual),
            cost=cost,
            cost_known=known,
        )


def page(title: str, scores: Sequence[Score], drawn: Sequence[Drawn]) -> str:
    """A self-contained HTML page; every chart has its table behind it."""
    head = "".join(
        f"<th scope=col>{name}"
        for name in (
            "Model",
            "WMAPE",
            "Poisson deviance",
            "Negative elasticities",
            "90 % interval covers",
            "Half-split rms",
        )
    )
    lines = "".join(_line(one) for one in scores)
    parts = "".join(_product(one) for one in drawn)
    return f"""<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0
1rem;color:#1c1c1c}} table{{border-collapse:collapse}}td,th{{padding:.2rem
.7rem;text-align:right;border-bottom:1px solid #ddd}}
td:first-child,th:first-child{{text-align:left}}.chosen{{font-weight:600}}section{{margin-top:2rem}} svg
text{{font-size:10px;fill:#444}}figure{{display:inline-block;margin:0 1rem 0 0}}</style>
<h1>{escape(title)}</h1> <p>The last fifth of the periods was held out. Past prices were not set at random,
so none of this proves what a price change would
earn.</p><table><thead><tr>{head}<tbody>{lines}</table>{parts}</html>"""


def _line(one: Score) -> str:
    cells = (one.wmape, one.poisson_deviance, one.negative_share, one.coverage90, one.half_split_rms)
    shown = "".join(f"<td>{'–' if value is None else f'{value:.3f}'}" for value in cells)
    mark, ours = (" class=chosen", " (ours)") if one.chosen else ("", "")
    return f"<tr{mark}><td>{escape(one.model)}{ours}{shown}"


def _product(one: Drawn) -> str:
    note = "" if one.cost_known else f" (no cost in the file: {ASSUMED_COST:.0%} of the usual price assumed)"
    rows = "".join(
        f"<tr><td>{one.price[i]:.4g}<td>{one.units[1][i]:.1f}<td>{one.profit[1][i]:.4g}"
        for i in range(0, len(one.price), 5)
    )
    edge = " at the edge of what was looked at" if one.best in (one.price[0], one.price[-1]) else ""
    return f"""<section><h2>{escape(one.product)}</h2><p>Usual price {one.usual:.2f}, unit cost {one.cost:.2f}{note};
the expected profit is highest at <b>{one.best:.4g}</b>{edge}.</p>
<figure>{_chart("Units per period", one, one.units)}</figure><figure>{
        _chart("Profit per period", one, one.profit)
    }</figure> <details><summary>As a
table</summary><table><tr><th>Price<th>Units<th>Profit{rows}</table></details></section>"""


def _chart(label: str, one: Drawn, bands: tuple[Floats, Floats, Floats]) -> str:
    low, middle, high = bands
    bottom, top = float(min(low.min(), 0)), float(high.max()) or 1.0

    def x(price: float) -> float:
        first, last = float(one.price[0]), float(one.price[-1])
        return EDGE + (price - first) / (last - first) * (WIDTH - EDGE - 8)

    def y(value: float) -> float:
        return HEIGHT - 24 - (value - bottom) / (top - bottom) * (HEIGHT - 44)

    def path(values: Floats) -> list[str]:
        return [f"{x(p):.1f},{y(v):.1f}" for p, v in zip(one.price, values, strict=True)]

    area = " ".join([*path(high), *reversed(path(low))])
    floor = HEIGHT - 24
    marks = "".join(
        f'<line x1={x(p):.1f} x2={x(p):.1f} y1=18 y2={floor} stroke="{colour}" stroke-dasharray="{dash}"/>'
        f'<text x="{x(p):.1f}" y=14 text-anchor=middle>{word}</text>'
        for p, colour, dash, word in ((one.usual, "#777", "3 3", "usual"), (one.best, "#b3541e", "0", "best"))
    )
    return f"""<svg role=img aria-label="{escape(label)} over price" width={WIDTH} height={HEIGHT}>
<polygon points="{area}" fill="#2b6cb0" opacity=".18"/>
<polyline points="{" ".join(path(middle))}" fill=none stroke="#2b6cb0" stroke-width=2 />{marks}
<text x={EDGE} y={HEIGHT - 8}>{one.price[0]:.4g}</text>
<text x={WIDTH - 8} y={HEIGHT - 8} text-anchor=end>{one.price[-1]:.4g}</text>
<text x=2 y=26>{top:.3g}</text><text x=2 y={HEIGHT - 26}>{bottom:.3g}</text>
<text x="{WIDTH / 2}" y={HEIGHT - 8} text-anchor=middle>{escape(label)}</text></svg>"""
