"""Lists for one visit, asked for while a buyer waits: for the cart, for a returning buyer, and what sells now.

All of it is graphs that the night trained: one for carts, one for buyers who come back (where a shop has too few of
either, companions of several products at once), and the trend by country.
"""

from collections.abc import Sequence

import numpy as np

from chalicelib.contracts import Model, Models, Visit
from chalicelib.domain.ids import ProductId
from functions.recommendations.asking import asked_of, index_of
from functions.recommendations.companions import COMPANIONS
from functions.recommendations.models import one_case
from functions.recommendations.questions import CART, CUSTOMER
from functions.recommendations.trending import TRENDING, trending

FOR_CART, FOR_CUSTOMER, TRENDS = "for-cart", "for-customer", "trending"


def serve(visit: Visit, models: Models) -> Sequence[ProductId]:
    """A list for one visit; what sells now fills it where too little is known."""
    match visit.slot:
        case slot if slot == FOR_CART:
            name, lines = CART, [(product, 0.0) for product in visit.products]
        case slot if slot == FOR_CUSTOMER:
            name, lines = CUSTOMER, list(visit.past)
        case slot if slot == TRENDS:
            name, lines = TRENDING, []
        case _:
            return ()
    taken = {*visit.products, *(product for product, _ in lines)}
    found = _beside(models.get(name) or models.get(COMPANIONS), lines, visit) if lines else []
    model = models.get(TRENDING)
    more = trending(model, visit.country, sorted(taken), visit.count) if model else []
    return [product for product in dict.fromkeys([*found, *more]) if product not in taken][: visit.count]


def _beside(model: Model | None, lines: Sequence[tuple[ProductId, float]], visit: Visit) -> list[ProductId]:
    """What goes with all these products together; each day of the past is a step back."""
    if model is None:
        return []
    index = index_of(model)
    known = [(index.place[product], days) for product, days in lines if product in index.place]
    if not known:
        return []
    items = np.array([place for place, _ in known], np.int64)
    age = np.array([days for _, days in known])
    step = np.searchsorted(np.unique(age), age).astype(np.int64)
    country = index.countries.get(visit.country, -1)
    found = asked_of(model, one_case(items, age=age, step=step, country=country), visit.count)
    return [ProductId(index.ids[place]) for place, _ in found]
