"""Lists for one visit, asked for while a buyer waits: for the cart, for a returning buyer, and what sells now.

All of it is two graphs that the night trained: companions of several products at once, and the trend by country.
"""

from collections.abc import Sequence

import numpy as np

from chalicelib.contracts import Models, Visit
from chalicelib.domain.ids import ProductId
from functions.recommendations.companions import COMPANIONS, asked_of, read_companions
from functions.recommendations.models import one_case
from functions.recommendations.trending import TRENDING, trending

FOR_CART, FOR_CUSTOMER, TRENDS = "for-cart", "for-customer", "trending"


def serve(visit: Visit, models: Models) -> Sequence[ProductId]:
    """A list for one visit; what sells now fills it where too little is known."""
    match visit.slot:
        case slot if slot == FOR_CART:
            lines = [(product, 0.0) for product in visit.products]
        case slot if slot == FOR_CUSTOMER:
            lines = list(visit.past)
        case slot if slot == TRENDS:
            lines = []
        case _:
            return ()
    taken = {*visit.products, *(product for product, _ in lines)}
    found = _beside(models, lines, visit.count)
    model = models.get(TRENDING)
    more = trending(model, visit.country, sorted(taken), visit.count) if model else []
    return [product for product in dict.fromkeys([*found, *more]) if product not in taken][: visit.count]


def _beside(models: Models, lines: Sequence[tuple[ProductId, float]], count: int) -> list[ProductId]:
    """Companions of all these products together; each day of the past is a step back."""
    model = models.get(COMPANIONS)
    if model is None:
        return []
    index = model.once("index", read_companions)
    known = [(index.place[product], days) for product, days in lines if product in index.place]
    if not known:
        return []
    items = np.array([place for place, _ in known], np.int64)
    age = np.array([days for _, days in known])
    step = np.searchsorted(np.unique(age), age).astype(np.int64)
    found = asked_of(model, one_case(items, age=age, step=step), count)
    return [ProductId(index.ids[place]) for place, _ in found]
