"""From a shop's order history and catalogue to graphs: what goes with what, and what resembles what.

Companions: cosine of co-purchases with shrinkage (Bell & Koren 2007), so that two products bought together
once by chance do not lead the list. What sales say little of stands in functions.recommendations.shelf.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.contracts import Artifact, ArtifactCard, History, Material
from chalicelib.graphs.item_scores import Channel, ItemScores, Table, item_scores
from functions.recommendations.neighbours import Neighbours, neighbours
from functions.recommendations.sales import Ints, Sales, sales
from functions.recommendations.shelf import moved, placed, stock, stocked
from functions.recommendations.tables import of_neighbours

COMPANIONS = "companions"
NEIGHBOURS = 40
SHRINK = 5.0
FEWEST_BASKETS = 30
"""With fewer baskets of two or more products, companions would be chance."""
HELD_OUT = 0.1
"""Share of the newest baskets on which a new table is judged before it is used."""
LIST = 10

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Companions:
    """The index of a companions graph: product ids by place, and the counts behind each pair."""

    ids: Sequence[str]
    place: Mapping[str, int]
    items: Ints
    together: Ints
    baskets: Ints

    def bought(self, product: int, other: int) -> tuple[int, int]:
        """(orders with both, orders with the product); (0, …) where the pair is not among the neighbours."""
        found = np.flatnonzero(self.items[product] == other)
        count = int(self.together[product, found[0]]) if len(found) else 0
        return count, int(self.baskets[product])


def train(material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
    """New graphs for one shop; fewer where there is too little to learn from."""
    artifacts = []
    bought = of_history(material.history)
    if _paired(bought) >= FEWEST_BASKETS:
        progress(f"companions from {bought.baskets} orders")
        artifacts.append(_companions(material, bought))
    artifacts += _shelf(material, bought, progress)
    return artifacts


def _shelf(material: Material, bought: Sales, progress: Callable[[str], None]) -> Sequence[Artifact]:
    """What products are, for those that sales say little of."""
    counts = np.bincount(bought.item, minlength=bought.items).tolist()
    goods = stocked(material, dict(zip(material.history.products, counts, strict=True)))
    if len(goods) < 2:
        return []
    progress(f"resemblance of {len(goods)} products")
    known = moved(bought, placed(material, goods), len(goods))
    return stock(material, goods, known if _paired(known) >= FEWEST_BASKETS else None, progress)


def of_history(history: History) -> Sales:
    """The stored history as the models want it, one line per basket and product."""
    return sales(
        basket=history.order, customer=history.customer.astype(np.int64),
        item=history.product.astype(np.int64), day=history.at / _DAY,
        quantity=history.quantity.astype(np.float64), country=history.country.astype(np.int64),
        items=len(history.products),
    )  # fmt: skip


def _paired(bought: Sales) -> int:
    """Baskets that say anything about pairs."""
    return int((np.bincount(bought.basket, minlength=1) > 1).sum())


def _companions(material: Material, bought: Sales) -> Artifact:
    rate, baskets = judged(bought)
    near = neighbours(bought, k=min(NEIGHBOURS, max(1, bought.items - 1)), shrink=SHRINK)
    table = of_neighbours(near)
    graph = item_scores(ItemScores(
        tables=[Table(items=table.items, weights=table.weights)],
        channels=[Channel(table=0, linear=1.0, raw=True)],
        vectors=np.zeros((1, bought.items), np.float32),
    ))  # fmt: skip
    metrics = {
        "hit_rate_at_10": rate, "judged_baskets": baskets, "orders": bought.baskets, "products": bought.items,
    }  # fmt: skip
    card = ArtifactCard(
        name=COMPANIONS, version=f"{material.now:%Y%m%d%H%M%S}", sha256="",
        inputs={
            "items": ("int64", ("n",)), "weights": ("float32", (1, "n")), "own": ("float32", ("n",)),
            "context": ("float32", (1,)), "blocked": ("int64", ("m",)), "k": ("int64", (1,)),
        },
        outputs={"ids": ("int64", ("top",)), "scores": ("float32", ("top",))},
        units={"scores": "shrunken cosine of co-purchases, largest of the shop is 1"},
        thresholds={}, training_data="this shop's own orders; buyers as keyed hashes only", metrics=metrics,
        licence="the merchant's own data", created_at=material.now,
        notes="hit_rate_at_10: one product of each of the newest tenth of baskets hidden, ranked given the "
        "rest; proposals quote it as their confidence",
    )  # fmt: skip
    return Artifact(name=COMPANIONS, graph=graph, card=card, assets=_pack(material.history.products, near))


def judged(bought: Sales) -> tuple[float, int]:
    """Hit rate at ten of basket completion on the newest baskets, learnt from the older ones; and how many.

    One product of each basket of two or more is hidden (the last in the order's own sequence) and ranked by
    the summed companions of the rest.
    """
    newest = np.quantile(bought.day, 1 - HELD_OUT)
    before, after = bought.where(bought.day < newest), bought.where(bought.day >= newest)
    if not len(before) or not len(after):
        return 0.0, 0
    near = neighbours(before, k=min(NEIGHBOURS, max(1, bought.items - 1)), shrink=SHRINK)
    hits = [_hit(near, basket) for basket in _baskets(after)]
    return (float(np.mean(hits)) if hits else 0.0), len(hits)


def _baskets(lines: Sales) -> list[Ints]:
    order = np.argsort(lines.basket, kind="stable")
    edges = np.flatnonzero(np.diff(lines.basket[order])) + 1
    return [basket for basket in np.split(lines.item[order], edges) if len(basket) > 1]


def _hit(near: Neighbours, basket: Ints) -> bool:
    hidden, rest = basket[-1], basket[:-1]
    scores: dict[int, float] = {}
    for item in rest:
        for other, score in zip(near.items[item], near.scores[item], strict=True):
            if other >= 0:
                scores[int(other)] = scores.get(int(other), 0.0) + float(score)
    best = sorted((item for item in scores if item not in set(rest.tolist())), key=lambda item: -scores[item])
    return int(hidden) in best[:LIST]


def _pack(products: Sequence[str], near: Neighbours) -> Mapping[str, bytes]:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, items=near.items, together=near.together, baskets=near.baskets)
    return {"ids.json": json.dumps(list(products)).encode(), "pairs.npz": buffer.getvalue()}


def read_companions(assets: Mapping[str, bytes]) -> Companions:
    """The index of a companions graph."""
    ids = json.loads(assets["ids.json"])
    with np.load(io.BytesIO(assets["pairs.npz"]), allow_pickle=False) as file:
        items, together, baskets = file["items"], file["together"], file["baskets"]
    return Companions(ids, {name: place for place, name in enumerate(ids)}, items, together, baskets)
