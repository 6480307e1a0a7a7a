"""What sells of late, in one country, as an ONNX graph over the best sellers.

    share in a country = (strength · share in the shop + what the country bought) / (strength + the country's orders)

The newest orders count most; a country with few orders is shown what the whole shop buys (empirical Bayes).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.contracts import Artifact, ArtifactCard, Material, Model
from chalicelib.domain.ids import ProductId
from chalicelib.graphs.item_scores import ItemScores, item_scores
from functions.recommendations.sales import Floats, Sales

TRENDING = "trending"
HALF_LIFE_DAYS = 7.0
STRENGTH = 100.0
"""Orders that the shop's share is worth beside a country's own, after weighting by age."""
MOST = 1_000
"""Products that are ranked: a country's taste rarely lies below them."""


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
    weight = np.exp2((bought.day - bought.last_day) / HALF_LIFE_DAYS)
    shown = np.sort(np.argsort(-np.bincount(bought.item, weight, bought.items), kind="stable")[:MOST])
    orders = _orders(bought, len(material.history.countries))
    vectors = _counted(bought, weight, len(material.history.countries))[:, shown]
    vectors[0] /= max(float(orders.sum()), 1e-9)
    countries = {
        name: (row + 1, float(orders[row])) for row, name in enumerate(material.history.countries) if orders[row] > 0
    }
    index = {"rows": len(vectors), "countries": countries}
    ids = [material.history.products[place] for place in shown.tolist()]
    graph = item_scores(ItemScores(tables=[], channels=[], vectors=vectors.astype(np.float32)))
    assets = {"ids.json": json.dumps(ids).encode(), "countries.json": json.dumps(index).encode()}
    return Artifact(name=TRENDING, graph=graph, card=_card(material, len(vectors), len(ids)), assets=assets)


def _orders(bought: Sales, countries: int) -> Floats:
    """Weighted orders of each country (the last one: unknown), by the age of the order."""
    first = np.unique(bought.basket, return_index=True)[1]
    weight = np.exp2((bought.day[first] - bought.last_day) / HALF_LIFE_DAYS)
    country = bought.country[first]
    return np.bincount(np.where(country < 0, countries, country), weight, countries + 1)


def _counted(bought: Sales, weight: Floats, countries: int) -> Floats:
    """Weighted orders with each product: all of them in row 0, then one row per country."""
    counts = np.zeros((countries + 1, bought.items))
    np.add.at(counts[0], bought.item, weight)
    known = bought.country >= 0
    np.add.at(counts, (bought.country[known] + 1, bought.item[known]), weight[known])
    return counts


def _card(material: Material, rows: int, products: int) -> ArtifactCard:
    return ArtifactCard(
        name=TRENDING, version=f"{material.now:%Y%m%d%H%M%S}", sha256="",
        inputs={
            "items": ("int64", ("n",)), "weights": ("float32", (0, "n")), "own": ("float32", ("n",)),
            "context": ("float32", (rows,)), "blocked": ("int64", ("m",)), "k": ("int64", (1,)),
        },
        outputs={"ids": ("int64", ("top",)), "scores": ("float32", ("top",))},
        units={"scores": "expected share of a country's orders that hold it"}, thresholds={},
        training_data="this shop's own orders, by country; no buyers", metrics={"products": products, "rows": rows},
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
