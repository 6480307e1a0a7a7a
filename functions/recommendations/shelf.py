"""What products are, for those that sales say little of: two graphs over the same descriptions.

``similar_products``: what resembles a product, for any product with a text. ``newcomers``: what goes with a
product that has no or few orders (see functions.recommendations.newcomers).
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chalicelib.contracts import Artifact, ArtifactCard, Material, Model, Models
from chalicelib.domain.catalogue import Product
from chalicelib.graphs.newcomers import Newcomers, newcomers
from chalicelib.graphs.similarity import Views, similarity
from chalicelib.texts import ENCODER
from functions.recommendations import content
from functions.recommendations.choice import standings, unless_better
from functions.recommendations.newcomers import SHELF, Goods, Weights, learn, prior, sells
from functions.recommendations.related import SHARES, compared, named
from functions.recommendations.sales import Ints, Sales, Scores, sales

SIMILAR = "similar_products"
NEWCOMERS = "newcomers"
ON_SHELF = 60_000
"""Products that can be named for their resemblance: 170 MB of vectors. Larger catalogues show what sells best."""
READ_AT_ONCE = 4_000
"""Texts that one training reads anew, one to three minutes of work; the next training goes on where it ended."""
KEPT = 60
"""Companions of a young product whose counts are kept, the most frequent first."""
SHIPPED = Weights(
    constant=-1.036, sells=0.477, alike=((0.488, 1.304, -0.907), (0.437, 1.589, 0.322)),
    knees=((0.0, 0.0), (0.0, 0.0)), price=-0.143, strength=20.0,
)  # fmt: skip
"""For shops with too few orders to learn their own: from 400 products of Online Retail, December 2010 to June
2011, none of which is in the benchmark's test. The knees are always the shop's own."""
type Sides = Mapping[str, tuple[str, tuple[int | str, ...]]]
_MEANING = 384


@dataclass(frozen=True, slots=True)
class Look:
    """One product as the graphs see it: unit vectors of its meaning and its words, and its price."""

    meaning: Scores
    words: Scores
    log_price: float

    def inputs(self) -> dict[str, NDArray[np.generic]]:
        """As the graphs want them; of the words only the places that are used."""
        places = np.flatnonzero(self.words)
        return {"meaning": self.meaning, "places": places, "strengths": self.words[places]}


@dataclass(frozen=True, slots=True)
class Shelf:
    """The index of a similarity graph: what stands where, and what is needed to place one more product."""

    ids: Sequence[str]
    place: Mapping[str, int]
    rarity: Scores
    centre: Scores
    read: Mapping[bytes, int]
    meanings: NDArray[np.float16]

    def look(self, product: Product, encoder: Model | None) -> Look:
        """How a product looks, whether or not it was there at training; the encoder reads what is new."""
        text = content.described(product)
        words = content.rare_first(content.hashed([text]), self.rarity)[0]
        known = self.read.get(content.named(text))
        if known is not None:
            meaning: Scores = self.meanings[known : known + 1].astype(np.float32)
        elif encoder is not None:
            meaning = content.meaning(encoder, text)
        else:
            meaning = np.zeros((1, len(self.centre)), np.float32)
        return Look(content.centred(meaning, self.centre)[0], words, content.log_price(product))


@dataclass(frozen=True, slots=True)
class Youth:
    """The index of a newcomers graph: product ids by place, and what young products were bought with."""

    ids: Sequence[str]
    place: Mapping[str, int]
    orders: Mapping[str, int]
    starts: Mapping[str, tuple[int, int]]
    others: Ints
    counts: Ints
    sold: Ints
    total: int
    """Baskets in the newest window, and in ``sold`` how many of them hold each product."""

    def bought(self, product: str) -> tuple[Ints, Ints]:
        """Places that it was bought with so far, and in how many orders."""
        begin, end = self.starts.get(product, (0, 0))
        return self.others[begin:end], self.counts[begin:end]


def stocked(material: Material, sold: Mapping[str, int]) -> list[Product]:
    """The products of a shelf by id; of a larger catalogue those that can be bought and sell best."""
    goods = [product for _, product in sorted(material.catalogue.items()) if product.parent is None]
    if len(goods) <= ON_SHELF:
        return goods
    best = sorted(goods, key=lambda p: (not p.recommendable, -sold.get(p.id, 0), p.id))[:ON_SHELF]
    return sorted(best, key=lambda p: p.id)


def stock(
    material: Material, goods: Sequence[Product], bought: Sales | None, progress: Callable[[str], None],
    orders: Ints | None = None,
) -> Iterator[Artifact]:  # fmt: skip
    """The graphs of one shelf; ``bought`` has the goods' own places, None where there are too few orders.

    ``orders`` is how many each of the goods has had, where ``bought`` holds the newest alone.
    """
    described = [content.described(product) for product in goods]
    raw = content.hashed(described)
    rarity = content.rarity(raw)
    words = content.rare_first(raw, rarity)
    meanings = _read(material.current, goods, described, progress)
    seen = meanings[meanings.any(axis=1)]
    centre = seen.mean(0) if len(seen) else np.zeros(_MEANING, np.float32)
    views = (content.centred(meanings, centre), words)
    found, beside = compared(views, bought) if bought is not None else ([], None)
    picked = unless_better(found, found[0].name) if found else None
    figures: dict[str, object] = {} if picked is None or beside is None else {
        "judged": "first purchases of returning buyers that replace rather than go along (see related.py)",
        "chosen": picked.name, "candidates": list(standings(found, picked)),
        "best_sellers_ndcg": float(beside.ndcg.mean()),
    }  # fmt: skip
    share = next((one for one in SHARES if picked and named(one) == picked.name), SHARES[0])
    yield _similar(material, goods, described, views, (rarity, centre, meanings), share, figures)
    if bought is not None:
        progress("companions of new products")
        counts = np.bincount(bought.item, minlength=bought.items) if orders is None else orders
        yield _newcomers(material, goods, bought, views, counts)


def _read(
    current: Models | None, goods: Sequence[Product], described: Sequence[str], progress: Callable[[str], None]
) -> Scores:
    """Meanings, remembered where a text has been read before; zeros for what is left to the next training."""
    encoder = current.get(ENCODER) if current else None
    found = np.zeros((len(goods), _MEANING), np.float32)
    before = current.get(SIMILAR) if current else None
    if before is not None and "shelf.npz" in before.assets:
        known = before.once("index", read_shelf)
        for row, text in enumerate(described):
            place = known.read.get(content.named(text))
            if place is not None:
                found[row] = known.meanings[place]
    if encoder is None:
        return found
    unread = [row for row in range(len(goods)) if not found[row].any()]
    unread = sorted(unread, key=lambda row: not goods[row].recommendable)[:READ_AT_ONCE]
    if unread:
        progress(f"reading {len(unread)} product texts")
        found[unread] = content.meanings(encoder, [described[row] for row in unread])
    return found


def _similar(
    material: Material, goods: Sequence[Product], described: Sequence[str], views: tuple[Scores, Scores],
    index: tuple[Scores, Scores, Scores], share: float, figures: Mapping[str, object],
) -> Artifact:  # fmt: skip
    rarity, centre, meanings = index
    read = int(meanings.any(axis=1).sum())
    card = _card(material, SIMILAR, {}, {"products": len(goods), "read": read, "share_of_meaning": share, **figures})
    card = replace(card, units={"scores": "weighed mean of the cosines of meaning (around the shop's mean) and words"})
    names = np.frombuffer(b"".join(content.named(text) for text in described), np.uint64)
    assets = {
        "ids.json": json.dumps([product.id for product in goods]).encode(),
        "shelf.npz": _packed(
            rarity=rarity, centre=centre, names=names, meanings=meanings.astype(np.float16)
        ),
    }  # fmt: skip
    # The graph takes the mean of both cosines, so their weights go into the products' side.
    weighed = Views(meanings=views[0] * np.float32(2 * share), words=views[1] * np.float32(2 - 2 * share))
    return Artifact(name=SIMILAR, graph=similarity(weighed), card=card, assets=assets)


def _newcomers(
    material: Material, goods: Sequence[Product], bought: Sales, views: tuple[Scores, Scores], orders: Ints
) -> Artifact:
    prices = np.array([content.log_price(product) for product in goods], np.float32)
    shelf = Goods(kinds=views, log_price=prices)
    trend = sells(bought, bought.last_day)
    learnt = learn(bought, shelf)
    weights = learnt or replace(SHIPPED, knees=shelf.knees())
    choices = np.sort(np.argsort(-trend, kind="stable")[:SHELF])
    graph = newcomers(Newcomers(
        views=Views(meanings=views[0][choices], words=views[1][choices]), slopes=weights.alike, knees=weights.knees,
        prior=prior(weights, trend)[choices].astype(np.float32), log_price=prices[choices],
        price_slope=weights.price, strength=weights.strength,
    ))  # fmt: skip
    metrics = {
        "products": len(choices), "orders": bought.baskets, "own_weights": learnt is not None,
        "strength_orders": weights.strength,
    }  # fmt: skip
    inputs: Sides = {
        "log_price": ("float32", (1,)), "seen": ("int64", ("m",)), "together": ("float32", ("m",)),
        "orders": ("float32", (1,)),
    }  # fmt: skip
    card = _card(material, NEWCOMERS, inputs, metrics)
    outputs = {**card.outputs, "among": ("float32", ("top", "top"))}
    card = replace(
        card, outputs=outputs, units={"scores": "expected share of the product's orders that hold it"},
        thresholds={"strength_orders": weights.strength},
        training_data="this shop's own catalogue and orders; weights "
        + ("learnt from its own older products" if learnt else "as shipped, too few orders to learn them"),
    )  # fmt: skip
    assets = _youth_assets(goods, bought, choices, weights, orders)
    return Artifact(name=NEWCOMERS, graph=graph, card=card, assets=assets)


def _card(material: Material, name: str, inputs: Sides, metrics: Mapping[str, object]) -> ArtifactCard:
    return ArtifactCard(
        name=name, version=f"{material.now:%Y%m%d%H%M%S}", sha256="",
        inputs={
            "meaning": ("float32", (_MEANING,)), "places": ("int64", ("p",)), "strengths": ("float32", ("p",)),
            **inputs, "blocked": ("int64", ("b",)), "k": ("int64", (1,)),
        },
        outputs={"ids": ("int64", ("top",)), "scores": ("float32", ("top",))}, units={}, thresholds={},
        training_data="this shop's own catalogue", metrics=dict(metrics), licence="the merchant's own data",
        created_at=material.now,
    )  # fmt: skip


def _youth_assets(
    goods: Sequence[Product], bought: Sales, choices: Ints, weights: Weights, orders: Ints
) -> Mapping[str, bytes]:
    """What each young product was bought with so far, and how well every choice sells of late."""
    young = np.flatnonzero((orders > 0) & (orders < weights.strength))
    starts, others, counts = _companions_so_far(bought, young, choices)
    newest = bought.where(bought.day >= bought.last_day - 30.0)
    sold = np.bincount(newest.item, minlength=bought.items)[choices]
    return {
        "ids.json": json.dumps([goods[place].id for place in choices.tolist()]).encode(),
        "young.json": json.dumps([goods[place].id for place in young.tolist()]).encode(),
        "youth.npz": _packed(
            orders=orders[young].astype(np.int32), starts=starts, others=others, counts=counts,
            sold=sold.astype(np.int32), total=np.array([len(np.unique(newest.basket))], np.int64),
        ),
    }  # fmt: skip


def _companions_so_far(bought: Sales, young: Ints, choices: Ints) -> tuple[Ints, Ints, Ints]:
    """Per young product the places among ``choices`` it shares orders with and how many: cut at ``starts``."""
    place = np.full(bought.items, -1, np.int64)
    place[choices] = np.arange(len(choices))
    by_basket = np.argsort(bought.basket, kind="stable")
    item, ends = bought.item[by_basket], np.cumsum(np.bincount(bought.basket, minlength=1))
    by_item = np.argsort(bought.item, kind="stable")
    edges = np.searchsorted(bought.item[by_item], np.arange(bought.items + 1))
    starts, others, counts = [0], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for product in young.tolist():
        baskets = bought.basket[by_item[edges[product] : edges[product + 1]]]
        lines = np.concatenate([item[ends[b - 1] if b else 0 : ends[b]] for b in baskets.tolist()])
        found = place[lines[lines != product]]
        names, times = np.unique(found[found >= 0], return_counts=True)
        most = np.argsort(-times, kind="stable")[:KEPT]
        others.append(names[most])
        counts.append(times[most])
        starts.append(starts[-1] + len(most))
    return np.array(starts), np.concatenate(others), np.concatenate(counts)


def _packed(**arrays: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # numpy's stub takes no mapping of arrays
    return buffer.getvalue()


def read_shelf(assets: Mapping[str, bytes]) -> Shelf:
    """The index of a similarity graph."""
    ids = json.loads(assets["ids.json"])
    with np.load(io.BytesIO(assets["shelf.npz"]), allow_pickle=False) as file:
        rarity, centre, names, meanings = file["rarity"], file["centre"], file["names"], file["meanings"]
    read = {names[row].tobytes(): row for row in np.flatnonzero(meanings.any(axis=1)).tolist()}
    return Shelf(ids, {name: place for place, name in enumerate(ids)}, rarity, centre, read, meanings)


def read_youth(assets: Mapping[str, bytes]) -> Youth:
    """The index of a newcomers graph."""
    ids, young = json.loads(assets["ids.json"]), json.loads(assets["young.json"])
    with np.load(io.BytesIO(assets["youth.npz"]), allow_pickle=False) as file:
        starts, orders = file["starts"].tolist(), file["orders"].tolist()
        others, counts, sold, total = file["others"], file["counts"], file["sold"], int(file["total"][0])
    return Youth(
        ids, {name: place for place, name in enumerate(ids)}, dict(zip(young, orders, strict=True)),
        dict(zip(young, pairwise(starts), strict=True)), others, counts, sold, total,
    )  # fmt: skip


def placed(material: Material, goods: Sequence[Product]) -> Ints:
    """For each product of the history its place among the goods, a variation's that of the product that buyers
    see; -1 where it is gone."""
    places: dict[str, int] = {product.id: place for place, product in enumerate(goods)}
    for product in material.catalogue.values():
        if product.parent is not None:
            places[product.id] = places.get(product.parent, -1)
    return np.array([places.get(name, -1) for name in material.history.products], np.int64)


def moved(bought: Sales, places: Ints, items: int) -> Sales:
    """The same sales under other places, one line per basket and place; lines of what is gone are left out."""
    kept = bought.where(places[bought.item] >= 0)
    return sales(
        basket=kept.basket, customer=kept.customer, item=places[kept.item], day=kept.day,
        quantity=kept.quantity, country=kept.country, price=kept.price, items=items,
    )  # fmt: skip
