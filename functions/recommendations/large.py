"""A shop of very many products: companions by cosine, read from the history's own columns.

Nothing here holds a table of all against all, nor a second copy of the history: a million products with twenty
million lines are trained within 2 GB, of which the history is .85. One method stands for choice, so the card tells
how good it is on the newest orders, beside what sells best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from chalicelib.contracts import Artifact, History, Material
from functions.recommendations.asking import index_assets
from functions.recommendations.batch import Reading
from functions.recommendations.cases import Cases
from functions.recommendations.choice import DEFAULT, Candidate, standings
from functions.recommendations.companions import packed
from functions.recommendations.export import graph_of
from functions.recommendations.judging import Judged, judge_lists
from functions.recommendations.models import Model, Weights
from functions.recommendations.neighbours import Baskets, Lines, prepared, within
from functions.recommendations.questions import FEWEST_BASKETS, NEWEST, QUESTIONS, card_of
from functions.recommendations.sales import Ints
from functions.recommendations.tables import Table
from functions.recommendations.vectors import BUYER, Vectors

MANY = 30_000
"""Products from which on this is how a shop is trained: the choice among all candidates scores every product for every
question, and would take a processor seven minutes for 50,000."""
KEPT, COUNTED = 50, 24
"""Companions in the graph, and those of them whose joint orders are told as a reason: as many as one list considers."""
JUDGED = 1_000
"""Newest baskets that the card's figures are taken from, drawn with a fixed seed."""
NEWEST_LINES = 2_000_000
"""What sells now, and what newcomers are bought with, is told from so many lines."""
_ROWS = 20_000
_LIST = 10


def newest(history: History) -> History:
    """The last NEWEST_LINES lines, from the beginning of an order on."""
    begin = max(0, len(history.order) - NEWEST_LINES)
    begin = int(np.searchsorted(history.order, history.order[begin])) if begin else 0
    part = slice(begin, None)
    return replace(
        history, order=history.order[part] - history.order[begin] if len(history.order) else history.order,
        at=history.at[part], customer=history.customer[part], product=history.product[part],
        quantity=history.quantity[part], unit_price_minor=history.unit_price_minor[part],
        country=history.country[part], variant=history.variant[part],
    )  # fmt: skip


def train_companions(material: Material, progress: Callable[[str], None]) -> Iterator[Artifact]:
    """The shop's companions; nothing with too few baskets."""
    history = material.history
    basket, item = _lines(history)
    if int((np.bincount(basket, minlength=1) > 1).sum()) < FEWEST_BASKETS:
        return
    items = len(history.products)
    progress(f"companions of {items} products")
    found, beside = _judged(basket, item, items)
    counted = [prepared(basket, item, items)]
    del basket, item
    table, pairs = _learnt(counted)
    model = Model(
        name=DEFAULT, tables=[table], readings=[Reading()],
        weights=Weights(channels=[(1.0, 0.0)], mixing=np.zeros((len(BUYER), 1), np.float32)),
        known=Vectors(values=np.zeros((1, items), np.float32), countries=np.empty(0, np.int64)),
    )  # fmt: skip
    metrics = {
        "hit_rate_at_10": found.judged.hit.mean().item() if len(found.judged.hit) else 0.0,
        "judged": QUESTIONS[0].judged, "cases": len(found.judged.hit), "orders": int(history.order[-1]) + 1,
        "products": items, "chosen": DEFAULT, "candidates": list(standings([found], found)),
        "best_sellers_hit_rate": beside.hit.mean().item() if len(beside.hit) else 0.0,
    }  # fmt: skip
    assets = {**index_assets(model, history.products, history.countries), "pairs.npz": pairs}
    card = card_of(material, QUESTIONS[0], (1, 1), metrics)
    yield Artifact(name=QUESTIONS[0].name, graph=graph_of(model), card=card, assets=assets)


def _lines(history: History) -> tuple[Lines, Lines]:
    """Basket and product of each line, int32, by basket, no pair twice."""
    key = history.order.astype(np.uint64)
    key <<= np.uint64(32)
    key |= history.product.astype(np.uint32)
    key.sort()
    key = key[np.concatenate([[True], key[1:] != key[:-1]])] if len(key) else key
    return (key >> np.uint64(32)).astype(np.int32), key.astype(np.uint32).view(np.int32)


def _learnt(given: list[Baskets]) -> tuple[Table, bytes]:
    """The companions of all, some products at a time, and the file of their counts; what was given is let go of."""
    table = given.pop()
    items, baskets = len(table.baskets), table.baskets
    near, weights = np.full((items, KEPT), -1, np.int32), np.zeros((items, KEPT), np.float16)
    together = np.zeros((items, COUNTED), np.int32)
    for first in range(0, items, _ROWS):
        last = min(first + _ROWS, items)
        part = within(table, first, last, k=KEPT)
        near[first:last], weights[first:last] = part.items, part.scores
        together[first:last] = part.together[:, :COUNTED]
    del table
    return Table(items=near, weights=weights), packed(near[:, :COUNTED], together, baskets)


def _judged(basket: Lines, item: Lines, items: int) -> tuple[Candidate, Judged]:
    """Companions and best sellers on the newest baskets, both from what lay before them."""
    cut = int(np.searchsorted(basket, basket[int(len(basket) * (1 - NEWEST))]))
    cases = _cases(basket[cut:], item[cut:])
    table = prepared(basket[:cut], item[:cut], items)
    lists = np.full((len(cases), _LIST), -1, np.int64)
    for row, product in enumerate(cases.items.tolist()):
        lists[row] = within(table, product, product + 1, k=_LIST).items[0]
    sold = np.argsort(-np.bincount(item[max(0, cut - NEWEST_LINES) : cut], minlength=items), kind="stable")
    usual = np.tile(sold[: _LIST + 1], (len(cases), 1))
    usual = _without(usual, cases.items)
    companions = Candidate(name=DEFAULT, parts=None, judged=judge_lists(lists, cases, items), seconds=0.0)
    return companions, judge_lists(usual, cases, items)


def _without(lists: Ints, own: Ints) -> Ints:
    """Each list without its own product, one shorter."""
    last = np.argsort(lists == own[:, None], axis=1, kind="stable")
    shorter: Ints = np.take_along_axis(lists, last, axis=1)[:, :-1]
    return shorter


def _cases(basket: Lines, item: Lines) -> Cases:
    """Of some baskets of two or more, one product drawn at random is looked at, the others are the answers."""
    random = np.random.default_rng(0)
    starts = np.flatnonzero(np.concatenate([[True], basket[1:] != basket[:-1]]))
    sizes = np.diff(starts, append=len(basket))
    large = np.flatnonzero(sizes > 1)
    some = np.sort(random.choice(large, min(JUDGED, len(large)), replace=False))
    looked = random.integers(0, sizes[some])
    rows = [np.arange(starts[one], starts[one] + sizes[one]) for one in some.tolist()]
    own = np.array([item[row[place]] for row, place in zip(rows, looked.tolist(), strict=True)], np.int64)
    others = [np.delete(item[row], place) for row, place in zip(rows, looked.tolist(), strict=True)]
    count, cuts = len(some), np.arange(len(some) + 1)
    return Cases(
        starts=cuts, items=own, age=np.zeros(count), step=np.zeros(count, np.int64),
        target_starts=np.concatenate([[0], np.cumsum(sizes[some] - 1)]).astype(np.int64),
        targets=np.concatenate(others).astype(np.int64) if others else np.empty(0, np.int64),
        blocked_starts=cuts, blocked=own, country=np.full(count, -1),
    )  # fmt: skip
