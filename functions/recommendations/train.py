"""From a shop's order history and catalogue to graphs: what goes with what, and what resembles what.

What orders say: functions.recommendations.questions, in a very large shop .large. What sells now: .trending. What
sales say little of: .shelf.
"""

from collections.abc import Callable, Iterator

import numpy as np

from chalicelib.contracts import Artifact, History, Material
from functions.recommendations import large
from functions.recommendations.questions import FEWEST_BASKETS, train_questions
from functions.recommendations.sales import Sales, sales
from functions.recommendations.shelf import moved, placed, stock, stocked
from functions.recommendations.trending import train_trending

_DAY = 86_400.0


def train(material: Material, progress: Callable[[str], None]) -> Iterator[Artifact]:
    """New graphs for one shop, one by one so that none waits in memory; fewer where there is too little to learn."""
    if len(material.history.products) > large.MANY:
        yield from large.train_companions(material, progress)
        bought = of_history(large.newest(material.history))
    else:
        bought = of_history(material.history)
        yield from train_questions(material, bought, progress)
    trend = train_trending(material, bought)
    if trend:
        yield trend
    yield from _shelf(material, bought, progress)


def _shelf(material: Material, bought: Sales, progress: Callable[[str], None]) -> Iterator[Artifact]:
    """What products are, for those that sales say little of."""
    counts = np.bincount(material.history.product, minlength=len(material.history.products))
    goods = stocked(material, dict(zip(material.history.products, counts.tolist(), strict=True)))
    if len(goods) < 2:
        return
    progress(f"resemblance of {len(goods)} products")
    places = placed(material, goods)
    known = moved(bought, places, len(goods))
    paired = int((np.bincount(known.basket, minlength=1) > 1).sum())
    orders = np.bincount(places[places >= 0], weights=counts[places >= 0], minlength=len(goods)).astype(np.int64)
    # A line a basket and product is what counts; where that is not all in ``bought``, lines come near it.
    enough = known if paired >= FEWEST_BASKETS else None
    yield from stock(material, goods, enough, progress, orders if bought.items > large.MANY else None)


def of_history(history: History) -> Sales:
    """The stored history as the models want it, one line per basket and product."""
    return sales(
        basket=history.order, customer=history.customer.astype(np.int64),
        item=history.product.astype(np.int64), day=history.at / _DAY,
        quantity=history.quantity.astype(np.float64), country=history.country.astype(np.int64),
        price=history.unit_price_minor / 100, items=len(history.products),
    )  # fmt: skip
