"""What sells of late, in one country, as an ONNX graph over the best sellers.

    share in a country = (strength · share in the shop + what the country bought) / (strength + the country's orders)

The newest orders count most; a country with few orders is shown what the whole shop buys (empirical Bayes). How fast
an order fades is chosen on the newest weeks: each week's orders are asked for what the lists of the evening before
would have shown in their country.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.contracts import Artifact, ArtifactCard, Material, Model
from chalicelib.domain.ids import ProductId
from chalicelib.graphs.item_scores import ItemScores, item_scores
from functions.recommendations.cases import Cases, whole_baskets
from functions.recommendations.choice import Candidate, standings, unless_better
from functions.recommendations.judging import judge_lists
from functions.recommendations.sales import Floats, Ints, Sales

TRENDING = "trending"
HALF_LIVES = (7.0, 3.5, 14.0, 30.0)
"""Days; the first is used where nothing is surely better."""
WEEKS, JUDGED = 4, 2_000
"""Newest weeks that are asked about, and orders of each, drawn with a fixed seed."""
STRENGTH = 100.0
"""Orders that the shop's share is worth beside a country's own, after weighting by age."""
MOST = 1_000
"""Products that are ranked: a country's taste rarely lies below them."""
_LIST = 10


@dataclass(frozen=True, slots=True)
class Trend:
    """The index of a trending graph: product ids by place, and per country its row and its weighted orders."""

    ids: Sequence[str]
    place: Mapping[str, int]
    countries: Mapping[str, tuple[int, float]]
    rows: int

    def context(self, country: str) -> Floats:
        """How the rows are mixed for one country; the shop's own row alone for an unknown one."""
        mixed = np.zeros(self.rows)
        row, orders = self.countries.get(country, (0, 0.0))
        mixed[0] = STRENGTH / (STRENGTH + orders)
        if row:
            mixed[row] = 1.0 / (STRENGTH + orders)
        return mixed


def train_trending(material: Material, bought: Sales) -> Artifact | None:
    """The graph of one shop, or None without orders."""
    if not len(bought):
        return None
    found = [_judged(bought, half_life) for half_life in HALF_LIVES]
    picked = unless_better(found, _named(HALF_LIVES[0]))
    half_life = HALF_LIVES[found.index(picked)]
    weight = _fresh(bought, bought.last_day, half_life)
    shown = np.sort(np.argsort(-np.bincount(bought.item, weight, bought.items), kind="stable")[:MOST])
    orders = _orders(bought, half_life, len(material.history.countries))
    vectors = _counted(bought, weight, shown, len(material.history.countries))
    vectors[0] /= max(float(orders.sum()), 1e-9)
    countries = {
        name: (row + 1, float(orders[row])) for row, name in enumerate(material.history.countries) if orders[row] > 0
    }
    index = {"rows": len(vectors), "countries": countries}
    ids = [material.history.products[place] for place in shown.tolist()]
    graph = item_scores(ItemScores(tables=[], channels=[], vectors=vectors.astype(np.float32)))
    assets = {"ids.json": json.dumps(ids).encode(), "countries.json": json.dumps(index).encode()}
    metrics = {
        "products": len(ids), "rows": len(vectors), "half_life_days": half_life, "chosen": picked.name,
        "judged": "each of the newest weeks' orders, from what lay before the week",
        "candidates": list(standings(found, picked)),
    }  # fmt: skip
    return Artifact(name=TRENDING, graph=graph, card=_card(material, len(vectors), metrics), assets=assets)


def _named(half_life: float) -> str:
    return f"half-life {half_life:g} days"


def _judged(bought: Sales, half_life: float) -> Candidate:
    """What one half-life would have shown in each of the newest weeks."""
    lists, asked = [], []
    for back in range(WEEKS, 0, -1):
        begin = bought.last_day - 7.0 * back
        cases = whole_baskets(bought, begin, begin + 7.0).sample(JUDGED)
        known = bought.before(begin)
        if len(known) and len(cases):
            lists.append(_lists(known, begin, half_life, cases))
            asked.append(cases)
    targets = np.concatenate([np.empty(0, np.int64), *(one.targets for one in asked)])
    sizes = np.concatenate([np.empty(0, np.int64), *(np.diff(one.target_starts) for one in asked)])
    none, starts = np.empty(0, np.int64), np.zeros(len(sizes) + 1, np.int64)
    cases = Cases(
        starts=starts, items=none, age=np.empty(0), step=none, target_starts=np.concatenate([[0], np.cumsum(sizes)]),
        targets=targets, blocked_starts=starts, blocked=none, country=np.full(len(sizes), -1),
    )  # fmt: skip
    shown = np.concatenate([np.empty((0, _LIST), np.int64), *lists])
    return Candidate(
        name=_named(half_life), parts=None, judged=judge_lists(shown, cases, bought.items), seconds=0.0
    )


def _lists(known: Sales, moment: float, half_life: float, cases: Cases) -> Ints:
    """Each order's list of ten, which only depends on its country."""
    weight = _fresh(known, moment, half_life)
    first = np.unique(known.basket, return_index=True)[1]
    share = STRENGTH * np.bincount(known.item, weight, known.items) / max(float(weight[first].sum()), 1e-9)
    lists = np.full((len(cases), _LIST), -1, np.int64)
    for country in np.unique(cases.country).tolist():
        here = known.country == country if country >= 0 else np.zeros(len(known), bool)
        score = share + np.bincount(known.item[here], weight[here], known.items)
        best = np.argsort(-score, kind="stable")[:_LIST]
        lists[cases.country == country, : len(best)] = np.where(score[best] > 0, best, -1)
    return lists


def _fresh(bought: Sales, moment: float, half_life: float) -> Floats:
    return np.exp2((bought.day - moment) / half_life)


def _orders(bought: Sales, half_life: float, countries: int) -> Floats:
    """Weighted orders of each country (the last one: unknown), by the age of the order."""
    first = np.unique(bought.basket, return_index=True)[1]
    weight = _fresh(bought, bought.last_day, half_life)[first]
    country = bought.country[first]
    return np.bincount(np.where(country < 0, countries, country), weight, countries + 1)


def _counted(bought: Sales, weight: Floats, shown: Ints, countries: int) -> Floats:
    """Weighted orders with each of the shown products: all of them in row 0, then one row per country."""
    place = np.full(bought.items, -1, np.int64)
    place[shown] = np.arange(len(shown))
    counts = np.zeros((countries + 1, len(shown)))
    kept = place[bought.item] >= 0
    item, weight, country = place[bought.item[kept]], weight[kept], bought.country[kept]
    np.add.at(counts[0], item, weight)
    known = country >= 0
    np.add.at(counts, (country[known] + 1, item[known]), weight[known])
    return counts


def _card(material: Material, rows: int, metrics: Mapping[str, object]) -> ArtifactCard:
    return ArtifactCard(
        name=TRENDING, version=f"{material.now:%Y%m%d%H%M%S}", sha256="",
        inputs={
            "items": ("int64", ("n",)), "weights": ("float32", (0, "n")), "own": ("float32", ("n",)),
            "context": ("float32", (rows,)), "blocked": ("int64", ("m",)), "k": ("int64", (1,)),
        },
        outputs={"ids": ("int64", ("top",)), "scores": ("float32", ("top",))},
        units={"scores": "expected share of a country's orders that hold it"}, thresholds={},
        training_data="this shop's own orders, by country; no buyers", metrics=dict(metrics),
        licence="the merchant's own data", created_at=material.now,
    )  # fmt: skip


def trending(model: Model, country: str, blocked: Sequence[ProductId], count: int) -> list[ProductId]:
    """What sells in a country, best first."""
    index = model.once("index", read_trend)
    nothing = np.zeros(0, np.float32)
    answer = model.run({
        "items": np.zeros(0, np.int64), "weights": nothing.reshape(0, 0), "own": nothing,
        "context": index.context(country).astype(np.float32),
        "blocked": np.array([index.place[one] for one in blocked if one in index.place], np.int64),
        "k": np.array([min(count, len(index.ids))], np.int64),
    })  # fmt: skip
    pairs = zip(answer["ids"].tolist(), answer["scores"].tolist(), strict=True)
    return [ProductId(index.ids[place]) for place, score in pairs if score > 0]


def read_trend(assets: Mapping[str, bytes]) -> Trend:
    """The index of a trending graph."""
    ids = json.loads(assets["ids.json"])
    index = json.loads(assets["countries.json"])
    countries = {name: (row, orders) for name, (row, orders) in index["countries"].items()}
    return Trend(ids, {name: place for place, name in enumerate(ids)}, countries, index["rows"])
