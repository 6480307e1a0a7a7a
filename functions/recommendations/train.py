"""From a shop's order history and catalogue to graphs: what goes with what, and what resembles what.

Companions: see functions.recommendations.companions. What sales say little of: functions.recommendations.shelf.
"""

from collections.abc import Callable, Sequence

import numpy as np

from chalicelib.contracts import Artifact, History, Material
from functions.recommendations.companions import FEWEST_BASKETS, train_companions
from functions.recommendations.sales import Sales, sales
from functions.recommendations.shelf import moved, placed, stock, stocked
from functions.recommendations.trending import train_trending

_DAY = 86_400.0


def train(material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
    """New graphs for one shop; fewer where there is too little to learn from."""
    bought = of_history(material.history)
    trend = train_trending(material, bought)
    return [
        *train_companions(material, bought, progress), *_shelf(material, bought, progress),
        *([trend] if trend else []),
    ]  # fmt: skip


def _shelf(material: Material, bought: Sales, progress: Callable[[str], None]) -> Sequence[Artifact]:
    """What products are, for those that sales say little of."""
    counts = np.bincount(bought.item, minlength=bought.items).tolist()
    goods = stocked(material, dict(zip(material.history.products, counts, strict=True)))
    if len(goods) < 2:
        return []
    progress(f"resemblance of {len(goods)} products")
    known = moved(bought, placed(material, goods), len(goods))
    paired = int((np.bincount(known.basket, minlength=1) > 1).sum())
    return stock(material, goods, known if paired >= FEWEST_BASKETS else None, progress)


def of_history(history: History) -> Sales:
    """The stored history as the models want it, one line per basket and product."""
    return sales(
        basket=history.order, customer=history.customer.astype(np.int64),
        item=history.product.astype(np.int64), day=history.at / _DAY,
        quantity=history.quantity.astype(np.float64), country=history.country.astype(np.int64),
        price=history.unit_price_minor / 100, items=len(history.products),
    )  # fmt: skip
