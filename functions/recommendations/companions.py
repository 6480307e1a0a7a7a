"""How often products were bought together: the counts behind each companion, for the reason beside it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chalicelib.contracts import Model as Loaded
from functions.recommendations.cases import Cases
from functions.recommendations.ease import DENSE
from functions.recommendations.judging import CELLS, best
from functions.recommendations.models import Model
from functions.recommendations.neighbours import neighbours
from functions.recommendations.sales import Ints, Sales

COMPANIONS = "companions"
LISTED = 60
"""Companions whose joint orders are counted, for each product."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """By place: companions, the orders that hold both, and those that hold the product at all."""

    items: Ints
    together: Ints
    baskets: Ints

    def bought(self, product: int, other: int) -> tuple[int, int]:
        """(orders with both, orders with the product); (0, …) where the pair is not among the companions."""
        found = np.flatnonzero(self.items[product] == other)
        count = int(self.together[product, found[0]]) if len(found) else 0
        return count, int(self.baskets[product])


def pairs_of(loaded: Loaded) -> Pairs:
    """The counts beside a companions graph, read once."""
    return loaded.once("pairs", _read)


def _read(assets: Mapping[str, bytes]) -> Pairs:
    with np.load(io.BytesIO(assets["pairs.npz"]), allow_pickle=False) as file:
        return Pairs(file["items"], file["together"], file["baskets"])


def counted(model: Model, bought: Sales) -> bytes:
    """Each product's LISTED best companions and the baskets that hold both, as bytes.

    Where a table of all against all is out of reach, the companions are those by cosine.
    """
    if bought.items > DENSE:
        near = neighbours(bought, k=LISTED)
        return packed(near.items, near.together, near.baskets)
    items = _listed(model, bought.items)
    baskets = np.bincount(bought.item, minlength=bought.items).astype(np.int32)
    return packed(items, _together(bought, items), baskets)


def packed(items: np.ndarray, together: np.ndarray, baskets: np.ndarray) -> bytes:
    """The file that ``pairs_of`` reads."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, items=items, together=together, baskets=baskets)
    return buffer.getvalue()


def _listed(model: Model, items: int) -> np.ndarray:
    """Each product's LISTED best companions: (products, LISTED) int32, -1 where there are fewer."""
    random = np.random.default_rng(0)
    width = min(LISTED, max(items - 1, 1))
    blocks = _each(items).blocks(max(1, CELLS // max(items, 1)))
    found = np.concatenate([best(model.scores(cases), cases, width, random) for cases in blocks])
    return found.astype(np.int32)


def _each(items: int) -> Cases:
    """One case per product, looked at alone."""
    all_items, cuts = np.arange(items), np.arange(items + 1)
    return Cases(
        starts=cuts, items=all_items, age=np.zeros(items), step=np.zeros(items, np.int64),
        target_starts=np.zeros(items + 1, np.int64), targets=np.empty(0, np.int64),
        blocked_starts=cuts, blocked=all_items, country=np.full(items, -1),
    )  # fmt: skip


def _together(bought: Sales, items: np.ndarray) -> np.ndarray:
    """Baskets that hold both a row's product and each of its companions: (products, LISTED), int32."""
    order = np.argsort(bought.item, kind="stable")
    cuts = np.searchsorted(bought.item[order], np.arange(bought.items + 1))
    held = [bought.basket[order[cuts[item] : cuts[item + 1]]] for item in range(bought.items)]
    there = np.zeros(bought.baskets, bool)
    found = np.zeros(items.shape, np.int32)
    for item, row in enumerate(items):
        there[held[item]] = True
        found[item] = [int(there[held[other]].sum()) if other >= 0 else 0 for other in row]
        there[held[item]] = False
    return found
