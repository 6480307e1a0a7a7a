"""From a shop's order history and catalogue to two graphs: what goes with what, and what resembles what.

Companions: see functions.recommendations.companions. Resemblance: hashed words of what a product is, rarer words
stronger.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.contracts import Artifact, ArtifactCard, History, Material
from chalicelib.domain.catalogue import Product
from chalicelib.graphs.similarity import similarity
from functions.recommendations import content
from functions.recommendations.companions import train_companions
from functions.recommendations.sales import Sales, Scores, sales

SIMILAR = "similar_products"

_DAY = 86_400.0


def train(material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
    """New graphs for one shop; fewer where there is too little to learn from."""
    artifacts: list[Artifact] = []
    bought = of_history(material.history)
    artifacts += train_companions(material, bought, progress)
    goods = [product for _, product in sorted(material.catalogue.items())]
    if len(goods) > 1:
        progress(f"resemblance of {len(goods)} products")
        artifacts.append(_similar(material, goods))
    return artifacts


def of_history(history: History) -> Sales:
    """The stored history as the models want it, one line per basket and product."""
    return sales(
        basket=history.order, customer=history.customer.astype(np.int64),
        item=history.product.astype(np.int64), day=history.at / _DAY,
        quantity=history.quantity.astype(np.float64), country=history.country.astype(np.int64),
        price=history.unit_price_minor / 100, items=len(history.products),
    )  # fmt: skip


def _similar(material: Material, goods: Sequence[Product]) -> Artifact:
    raw = content.hashed([content.described(product) for product in goods])
    rarity = content.rarity(raw)
    card = ArtifactCard(
        name=SIMILAR, version=f"{material.now:%Y%m%d%H%M%S}", sha256="",
        inputs={"query": ("float32", (raw.shape[1],)), "blocked": ("int64", ("m",)), "k": ("int64", (1,))},
        outputs={"ids": ("int64", ("top",)), "scores": ("float32", ("top",))},
        units={"scores": "cosine of hashed words, rarer words stronger"}, thresholds={},
        training_data="this shop's own catalogue", metrics={"products": len(goods)},
        licence="the merchant's own data", created_at=material.now,
    )  # fmt: skip
    buffer = io.BytesIO()
    np.savez_compressed(buffer, rarity=rarity)
    ids = json.dumps([product.id for product in goods]).encode()
    graph = similarity(content.rare_first(raw, rarity))
    return Artifact(
        name=SIMILAR, graph=graph, card=card, assets={"ids.json": ids, "rarity.npz": buffer.getvalue()}
    )


@dataclass(frozen=True, slots=True)
class Resemblance:
    """The index of a similarity graph."""

    ids: Sequence[str]
    place: Mapping[str, int]
    rarity: Scores

    def query(self, product: Product) -> Scores:
        """A product's unit vector, whether or not it was there at training."""
        vector: Scores = content.rare_first(
            content.hashed([content.described(product)]), self.rarity
        )[0]
        return vector


def read_resemblance(assets: Mapping[str, bytes]) -> Resemblance:
    """The index of a similarity graph."""
    ids = json.loads(assets["ids.json"])
    with np.load(io.BytesIO(assets["rarity.npz"]), allow_pickle=False) as file:
        rarity = file["rarity"]
    return Resemblance(ids, {name: place for place, name in enumerate(ids)}, rarity)
