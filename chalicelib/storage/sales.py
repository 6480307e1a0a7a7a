"""Daily sales per variant, from the order history."""

from collections.abc import Mapping, Sequence

import numpy as np

from chalicelib.contracts import History, SalesDay
from chalicelib.domain.ids import ProductId

_DAY = 86_400


def daily(history: History, products: Sequence[ProductId]) -> Mapping[ProductId, Sequence[SalesDay]]:
    """Units and the price most of them were sold at, per variant and day that had sales (UTC days)."""
    wanted = {product: index for index, product in enumerate(history.products)}
    found: dict[ProductId, Sequence[SalesDay]] = {}
    for product in products:
        index = wanted.get(product)
        found[product] = () if index is None else _days(history, index)
    return found


def _days(history: History, product: int) -> Sequence[SalesDay]:
    rows = np.flatnonzero(history.product == product)
    units: dict[tuple[int, int], dict[int, int]] = {}
    for row in rows:
        place = (int(history.variant[row]), int(history.at[row]) // _DAY)
        prices = units.setdefault(place, {})
        price = int(history.unit_price_minor[row])
        prices[price] = prices.get(price, 0) + int(history.quantity[row])
    return tuple(
        SalesDay(
            variant=history.variants[variant] if variant >= 0 else "",
            day=day,
            units=sum(prices.values()),
            price_minor=max(prices, key=lambda price: (prices[price], price)),
        )
        for (variant, day), prices in sorted(units.items(), key=lambda item: item[0][1])
    )
