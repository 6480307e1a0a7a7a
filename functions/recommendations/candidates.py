"""Possible entries of one list, best first, each with the reason why.

What sells often is ranked by its own orders; what has few or none by what it is, and the more orders come in,
the more by those (functions.recommendations.newcomers).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.contracts import Context, Model, Models
from chalicelib.domain.actions import Slot
from chalicelib.domain.catalogue import Product
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import ProductId
from chalicelib.texts import ENCODER
from functions.recommendations import reasons
from functions.recommendations.asking import asked, index_of
from functions.recommendations.companions import COMPANIONS, LISTED, pairs_of
from functions.recommendations.shelf import NEWCOMERS, SIMILAR, Youth, read_shelf, read_youth

SPARE = 3
"""Candidates per place in a list: some will be sold out, hidden or excluded."""
SPREAD = 0.2
"""How much the logarithm of a newcomer's companion loses per companion before it that it is wholly alike:
chosen among 0, .2, .35, .5 and .7 on development products (docs/decisions/recommendations-cold-start.md)."""
_POOL = 60


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product that might be shown, how strongly, and why."""

    product: ProductId
    score: float
    reason: Reason
    model: str = ""
    """Whose score it is; empty for the merchant's own choice."""


def candidates(known: Context, models: Models, product: ProductId, slot: Slot) -> Sequence[Candidate]:
    """Possible entries of one list, best first."""
    count = known.policy.recommendations.per_product * SPARE
    own = known.products.get(product) or known.catalogue.get(product)
    if own is None:
        return ()
    if slot is Slot.RELATED:
        return _alike(known, models, own, count)
    companions, fresh = models.get(COMPANIONS), models.get(NEWCOMERS)
    if fresh is not None and _young(fresh, companions, product):
        return _newcomer(known, models, fresh, own, count)
    if companions is not None:
        return _bought_with(companions, product, count)
    # Nobody has bought anything yet: what shares its style, but is something else.
    return [one for one in _alike(known, models, own, 2 * count) if _another_kind(known, own, one.product)]


def _another_kind(known: Context, own: Product, other: ProductId) -> bool:
    twin = known.catalogue.get(other)
    return twin is None or not own.product_type or twin.product_type != own.product_type


def _young(fresh: Model, companions: Model | None, product: ProductId) -> bool:
    """Whether a product has fewer orders than its content is worth."""
    youth = fresh.once("index", read_youth)
    if product in youth.orders or companions is None:
        return True
    place = index_of(companions).place.get(product)
    return place is None or pairs_of(companions).baskets[place] == 0


def _bought_with(model: Model, product: ProductId, count: int) -> list[Candidate]:
    index, pairs = index_of(model), pairs_of(model)
    if product not in index.place:
        return []
    place = index.place[product]
    found = []
    for other, score in asked(model, np.array([place]), LISTED):
        both, total = pairs.bought(place, other)
        if both:
            reason = reasons.together(both, total, score)
            found.append(Candidate(ProductId(index.ids[other]), score, reason, COMPANIONS))
    return found[:count]


def _newcomer(known: Context, models: Models, fresh: Model, own: Product, count: int) -> list[Candidate]:
    """What goes with a product of few or no orders, spread over different goods."""
    similar = models.get(SIMILAR)
    if similar is None:
        return []
    youth = fresh.once("index", read_youth)
    look = similar.once("index", read_shelf).look(own, models.get(ENCODER))
    seen, together = youth.bought(own.id)
    blocked = [youth.place[own.id]] if own.id in youth.place else []
    answer = fresh.run({
        **look.inputs(), "log_price": np.array([look.log_price], np.float32),
        "seen": seen.astype(np.int64), "together": together.astype(np.float32),
        "orders": np.array([youth.orders.get(own.id, 0)], np.float32),
        "blocked": np.array(blocked, np.int64), "k": np.array([min(_POOL, len(youth.ids))], np.int64),
    })  # fmt: skip
    ids, scores, among = answer["ids"], answer["scores"], answer["among"]
    counts = dict(zip(seen.tolist(), together.tolist(), strict=True))
    found = []
    for row in spread(scores, among, count):
        place = int(ids[row])
        share = float(scores[row])
        reason = _why_new(known, youth, own, place, counts.get(place, 0), share)
        found.append(Candidate(ProductId(youth.ids[place]), share, reason, NEWCOMERS))
    return found


def spread(scores: np.ndarray, among: np.ndarray, count: int) -> list[int]:
    """Rows in an order that avoids showing the same thing twice (maximal marginal relevance, Carbonell &
    Goldstein 1998, on log scores); rows with a score of zero or less are left out."""
    left = np.log(np.maximum(scores, 1e-9).astype(np.float64))
    left[scores <= 0] = -np.inf
    chosen: list[int] = []
    penalty = np.zeros(len(scores))
    while len(chosen) < min(count, int((scores > 0).sum())):
        best = int(np.argmax(left - SPREAD * penalty))
        chosen.append(best)
        left[best] = -np.inf
        penalty += among[best]
    return chosen


def _why_new(known: Context, youth: Youth, own: Product, place: int, count: int, share: float) -> Reason:
    """Its own orders where there are any, else what both visibly share, else that it sells well."""
    if count:
        return reasons.together(count, youth.orders.get(own.id, 0), share)
    other = known.catalogue.get(ProductId(youth.ids[place]))
    if reasons.common_words(own, other) or not youth.sold[place]:
        return reasons.beside(own, other, share)
    return reasons.favourite(int(youth.sold[place]), youth.total, share)


def _alike(known: Context, models: Models, own: Product, count: int) -> list[Candidate]:
    """Products that resemble one, best first."""
    model = models.get(SIMILAR)
    if model is None:
        return []
    index = model.once("index", read_shelf)
    blocked = [index.place[own.id]] if own.id in index.place else []
    answer = model.run({
        **index.look(own, models.get(ENCODER)).inputs(), "blocked": np.array(blocked, np.int64),
        "k": np.array([min(count, len(index.ids))], np.int64),
    })  # fmt: skip
    pairs = zip(answer["ids"].tolist(), answer["scores"].tolist(), strict=True)
    found = [(ProductId(index.ids[int(place)]), float(score)) for place, score in pairs if score > 0]
    return [
        Candidate(other, score, reasons.alike(own, known.catalogue.get(other), score), SIMILAR)
        for other, score in found
    ]
