"""What goes with a product, as a shop's own orders say: chosen, trained, exported, and asked at work.

Candidates are judged on the shop's newest orders, each learnt from the older ones (functions.recommendations.choice);
the chosen one is learnt again from all. The card says who stood for choice, how they did, and who was chosen.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.contracts import Artifact, ArtifactCard, Material
from chalicelib.contracts import Model as Loaded
from functions.recommendations import content
from functions.recommendations.cases import Cases, Protocol, companions
from functions.recommendations.choice import Candidate, Fold, Plan, Workshop, candidates, chosen, final, plan, standings
from functions.recommendations.export import graph_of, read_reading, reading_of
from functions.recommendations.judging import CELLS, best, interval, judge
from functions.recommendations.models import Model, one_case
from functions.recommendations.neighbours import neighbours
from functions.recommendations.recipes import described
from functions.recommendations.sales import Ints, Sales, Scores

COMPANIONS = "companions"
FEWEST_BASKETS = 30
"""With fewer baskets of two or more products, companions would be chance."""
LISTED = 60
"""Companions whose joint orders are counted, for each product."""
NEWEST = 0.15
"""Share of the newest lines on which candidates are judged."""
FEWEST_NEW = 50
"""Baskets since the last training without which the model in use is not measured against the new one."""
MANY = 50_000
"""With more products, neighbours by cosine alone stand for choice: they need no table of all against all."""
LIGHT = ("item-knn",)
_DAY = 86_400.0
_PUT_LAST = -1e29

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Companions:
    """The index of a companions graph: product ids by place, the counts behind each pair, and how to ask."""

    ids: Sequence[str]
    place: Mapping[str, int]
    items: Ints
    together: Ints
    baskets: Ints
    reading: Model

    def bought(self, product: int, other: int) -> tuple[int, int]:
        """(orders with both, orders with the product); (0, …) where the pair is not among the companions."""
        found = np.flatnonzero(self.items[product] == other)
        count = int(self.together[product, found[0]]) if len(found) else 0
        return count, int(self.baskets[product])


def asked(model: Loaded, places: Ints, count: int) -> list[tuple[int, float]]:
    """(place, strength) of what goes best with these products together; the strongest is 1."""
    return asked_of(model, one_case(places.astype(np.int64)), count)


def asked_of(model: Loaded, past: Cases, count: int) -> list[tuple[int, float]]:
    """As ``asked``, for a past with ages and steps: one case."""
    index = model.once("index", read_companions)
    request = index.reading.request(past)
    answer = model.run(request.inputs(min(count, len(index.ids))))
    found = [
        (int(place), float(score))
        for place, score in zip(answer["ids"].tolist(), answer["scores"].tolist(), strict=True)
        if score > _PUT_LAST
    ]
    # Scores are logarithms of odds where learnt so, and of no meaning alone; only their distances have one.
    top = found[0][1] if found else 0.0
    return [(place, float(np.exp(min(0.0, score - top)))) for place, score in found]


def train_companions(material: Material, bought: Sales, progress: Say) -> Sequence[Artifact]:
    """The shop's companions, or nothing: too few baskets, or the model in use is better on the newest."""
    if int((np.bincount(bought.basket, minlength=1) > 1).sum()) < FEWEST_BASKETS:
        return []
    progress(f"companions from {bought.baskets} orders")
    shop = Workshop(wording=_wording(material), say=progress)
    work = _plan(bought)
    found = candidates(shop, work, only=LIGHT if bought.items > MANY else None)
    picked = chosen(found)
    if _worse(material, shop, work, picked, bought):
        progress("the model in use is better on the newest orders: kept")
        return []
    everything = Fold(learn=bought, moment=bought.last_day, cases=_no_cases())
    return [_artifact(material, final(shop, work, picked, everything), found, picked, bought)]


def _plan(bought: Sales) -> Plan:
    """The newest lines for the choice, windows of the same length before them for the blend."""
    begin = float(np.quantile(bought.day, 1 - NEWEST))
    return plan(bought, Protocol.COMPANION, validation=begin, test=None, end=bought.last_day + 1.0)


def _no_cases() -> Cases:
    return one_case(np.empty(0, np.int64)).take(np.empty(0, np.int64))


def _wording(material: Material) -> Callable[[float], Scores | None]:
    """What products are called does not come from sales, so it is the same at every moment."""
    goods = {str(name): product for name, product in material.catalogue.items()}
    texts = [content.described(goods[name]) if name in goods else "" for name in material.history.products]
    words = described(texts)
    return lambda moment: words


def _worse(material: Material, shop: Workshop, work: Plan, picked: Candidate, bought: Sales) -> bool:
    """Whether the model in use surely beats the new way on the orders since it was trained.

    Both know the same: the new way is trained on what there was when the model in use was.
    """
    current = material.current.get(COMPANIONS) if material.current is not None else None
    if current is None:
        return False
    since = current.card.created_at.timestamp() / _DAY
    cases = companions(bought, since, bought.last_day + 1.0).sample(10 * FEWEST_NEW)
    if len(cases) < FEWEST_NEW or not len(bought.before(since)):
        return False
    fold = Fold(learn=bought.before(since), moment=since, cases=cases)
    fresh = judge(final(shop, work, picked, fold).scores, cases, bought.items).ndcg
    index = current.once("index", read_companions)
    places = np.array([index.place.get(name, -1) for name in material.history.products])
    used = judge(lambda some: _as_used(current, index, places, some), cases, bought.items).ndcg
    _, high = interval(fresh - used)
    return high < 0


def _as_used(current: Loaded, index: Companions, places: Ints, cases: Cases) -> Scores:
    """What the model in use would show for each case, as scores over the products of today."""
    back = {int(place): here for here, place in enumerate(places.tolist()) if place >= 0}
    scores = np.zeros((len(cases), len(places)), np.float32)
    for row, item in enumerate(cases.items.tolist()):
        if places[item] >= 0:
            for place, strength in asked(current, places[[item]], LISTED):
                if place in back:
                    scores[row, back[place]] = strength
    return scores


def _artifact(
    material: Material, model: Model, found: Sequence[Candidate], picked: Candidate, bought: Sales
) -> Artifact:
    counts = _counted(model, bought)
    metrics = {
        "hit_rate_at_10": float(picked.judged.hit.mean()) if len(picked.judged.hit) else 0.0,
        "judged_baskets": len(picked.judged.hit), "orders": bought.baskets, "products": bought.items,
        "chosen": picked.name, "candidates": list(standings(found)),
    }  # fmt: skip
    card = ArtifactCard(
        name=COMPANIONS, version=f"{material.now:%Y%m%d%H%M%S}", sha256="",
        inputs={
            "items": ("int64", ("n",)), "weights": ("float32", (len(model.tables), "n")), "own": ("float32", ("n",)),
            "context": ("float32", (model.known.values.shape[0],)), "blocked": ("int64", ("m",)), "k": ("int64", (1,)),
        },
        outputs={"ids": ("int64", ("top",)), "scores": ("float32", ("top",))},
        units={"scores": "of no unit; only their differences within one answer mean anything"},
        thresholds={}, training_data="this shop's own orders; buyers as keyed hashes only", metrics=metrics,
        licence="the merchant's own data", created_at=material.now,
        notes="hit_rate_at_10: of the newest baskets, learnt from the older ones, those in which one product's list of "
        "ten held another that was bought along; proposals quote it as their confidence",
    )  # fmt: skip
    ids = json.dumps(list(material.history.products)).encode()
    assets = {"ids.json": ids, "pairs.npz": counts, "reading.npz": reading_of(model)}
    return Artifact(name=COMPANIONS, graph=graph_of(model), card=card, assets=assets)


def _counted(model: Model, bought: Sales) -> bytes:
    """Each product's LISTED best companions and the baskets that hold both, as bytes."""
    if bought.items > MANY:
        near = neighbours(bought, k=LISTED)
        items, together = near.items, near.together
    else:
        items = _listed(model, bought.items)
        together = _together(bought, items)
    baskets = np.bincount(bought.item, minlength=bought.items).astype(np.int32)
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


def read_companions(assets: Mapping[str, bytes]) -> Companions:
    """The index of a companions graph."""
    ids = json.loads(assets["ids.json"])
    with np.load(io.BytesIO(assets["pairs.npz"]), allow_pickle=False) as file:
        items, together, baskets = file["items"], file["together"], file["baskets"]
    place = {name: number for number, name in enumerate(ids)}
    return Companions(ids, place, items, together, baskets, read_reading(assets["reading.npz"]))
