"""Products without a history: the list each would get, judged by the baskets it was later in.

Online Retail. A fifth of the products is hidden from the history altogether; their lists come from title, price
and what sells beside anything. Judged is, per hidden product, the share of its later baskets that hold one of
the ten shown; then the mean over products (so that a best-seller counts once). Every choice was made on another
fifth of the products in earlier months; this fifth was looked at once, with everything fixed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl

from chalicelib.inference import Loaded, check, shipped
from chalicelib.texts import ENCODER
from functions.recommendations import content
from functions.recommendations.candidates import spread
from functions.recommendations.newcomers import Goods, learn, rates, sells
from functions.recommendations.sales import Flags, Floats, Ints, Sales, Scores, sales
from sandbox.retail import CODE, FILE

K, POOL, SMALL = 10, 60, 20
HIDDEN = range(20, 40)
"""Hundredths of the products, by a hash of their code; those below 20 were for choosing."""
CUT, END = datetime(2011, 10, 1, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC)
DEVELOPMENT = (range(20), datetime(2011, 7, 1, tzinfo=UTC), datetime(2011, 10, 1, tzinfo=UTC))
DRAWS = 2_000

type Baskets = Mapping[int, Sequence[Ints]]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was known, which products may be shown, and the later baskets of each hidden product."""

    known: Sales
    shown: Ints
    later: Baskets
    goods: Goods
    titles: Sequence[str]
    cut: float


def rows() -> Iterator[dict[str, Any]]:
    """Ours beside popularity and TF-IDF of the titles, over the same candidates."""
    encoder = _encoder()
    if encoder is None:
        yield {"name": "recommendations.cold", "value": float("nan"), "note": "left out: the encoder is not built"}
        return
    world = opened(encoder, HIDDEN, CUT, END)
    lists = every_list(world)
    yield from _judged(world, lists, "hr_at_10", whole)
    yield from _judged(world, lists, "hr_at_10.small_baskets", small)
    yield from _judged(world, lists, "any_later_basket", ever)


def _encoder() -> Loaded | None:
    folder = shipped(ENCODER)
    if folder is None:
        return None
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    return check(files.pop("model.onnx"), files.pop("card.json"), files)


def opened(encoder: Loaded, hidden: range, cut: datetime, end: datetime) -> World:
    """The shop as it stood at ``cut`` without the hidden products' history; titles and prices from before ``end``."""
    lines = _lines().filter(pl.col("at") < end)
    goods = lines.group_by("code").agg(
        pl.col("title").mode().sort().first(), pl.col("price").median()
    ).sort("code")
    bought = _sales(lines, goods["code"].to_list())
    at = cut.timestamp() / 86_400
    number = np.array([int(sha256(code.encode()).hexdigest()[:8], 16) % 100 for code in goods["code"]])
    held = (number >= hidden.start) & (number < hidden.stop)
    known = bought.where((bought.day < at) & ~held[bought.item])
    titles = goods["title"].to_list()
    shown = np.flatnonzero(np.bincount(known.item, minlength=bought.items) > 0)
    return World(
        known=known, shown=shown, later=_later(bought.where(bought.day >= at), held, shown),
        goods=_described(encoder, titles, goods["price"].to_numpy(), shown), titles=titles, cut=at,
    )  # fmt: skip


def _lines() -> pl.DataFrame:
    return (
        pl.read_parquet(FILE)
        .filter(~pl.col("InvoiceNo").str.starts_with("C") & (pl.col("Quantity") > 0) & (pl.col("UnitPrice") > 0))
        .filter(pl.col("StockCode").str.contains(CODE) & pl.col("Description").is_not_null())
        .select(
            order="InvoiceNo", code=pl.col("StockCode").str.to_uppercase(), price="UnitPrice",
            title=pl.col("Description").str.strip_chars().str.to_titlecase(),
            at=pl.col("InvoiceDate").dt.replace_time_zone("UTC"),
        )
        .sort("at", maintain_order=True)
    )  # fmt: skip


def _sales(lines: pl.DataFrame, codes: Sequence[str]) -> Sales:
    places = {code: place for place, code in enumerate(codes)}
    item = np.array([places[code] for code in lines["code"]], np.int64)
    basket = lines["order"].rank("dense").to_numpy().astype(np.int64) - 1
    day = lines["at"].dt.timestamp("us").to_numpy() / 86_400e6
    nobody = np.zeros(len(item), np.int64)
    return sales(basket=basket, customer=nobody, item=item, day=day, quantity=np.ones(len(item)), items=len(codes))


def _described(encoder: Loaded, titles: Sequence[str], prices: Floats, shown: Ints) -> Goods:
    """Centre and rarity are the shown products' own, as they would be at training."""
    read, raw = content.meanings(encoder, titles), content.hashed(titles)
    kinds = (
        content.centred(read, read[shown].mean(0)),
        content.rare_first(raw, content.rarity(raw[shown])),
    )  # fmt: skip
    return Goods(kinds=kinds, log_price=np.log(prices).astype(np.float32))


def _later(bought: Sales, held: Flags, shown: Ints) -> Baskets:
    """Per hidden product the shown products of each later basket it was in, where there are any."""
    order = np.argsort(bought.basket, kind="stable")
    cuts = np.flatnonzero(np.diff(bought.basket[order])) + 1
    found: dict[int, list[Ints]] = {}
    for basket in np.split(bought.item[order], cuts):
        rest = basket[np.isin(basket, shown)]
        for product in basket[held[basket]].tolist() if len(rest) else ():
            found.setdefault(product, []).append(rest)
    return dict(sorted(found.items()))


def every_list(world: World) -> dict[str, dict[int, Ints]]:
    """Ten products for each hidden one: ours, popularity of the last 30 days, TF-IDF of the titles."""
    hidden, shown = np.array(list(world.later)), world.shown
    weights = learn(world.known, world.goods)
    assert weights is not None  # noqa: S101  the year has thousands of baskets
    rate = rates(weights, world.goods, sells(world.known, world.cut), hidden, shown)
    newest = world.known.where(world.known.day >= world.cut - 30)
    popular = np.bincount(newest.item, minlength=world.known.items)[shown].astype(np.float64)
    words = _tfidf(world.titles, shown)
    return {
        "ours": {p: shown[_ours(world.goods, rate[row], shown)] for row, p in enumerate(hidden.tolist())},
        "popularity": {p: shown[_top(popular)] for p in hidden.tolist()},
        "tf-idf": {p: shown[_top(words[shown] @ words[p])] for p in hidden.tolist()},
    }


def _ours(goods: Goods, rate: Floats, shown: Ints) -> Ints:
    best = np.argsort(-rate, kind="stable")[:POOL]
    near = [kind[shown[best]] for kind in goods.kinds]
    among = np.mean([one @ one.T for one in near], axis=0)
    chosen: Ints = best[spread(rate[best], among, K)]
    return chosen


def _top(scores: Floats) -> Ints:
    return np.argsort(-scores, kind="stable")[:K]


def _tfidf(titles: Sequence[str], shown: Ints) -> Scores:
    """Unit rows of word counts times ln((1 + n) / (1 + df)) + 1, over the shown products' titles."""
    words = [re.findall(r"[a-z0-9]+", title.lower()) for title in titles]
    place = {word: number for number, word in enumerate(sorted({word for row in words for word in row}))}
    counts = np.zeros((len(titles), len(place)), np.float32)
    for row, found in enumerate(words):
        np.add.at(counts[row], [place[word] for word in found], 1)
    return content.rare_first(counts, content.rarity(counts[shown]))


def whole(chosen: Ints, baskets: Sequence[Ints]) -> float:
    """Share of the later baskets that hold one of the ten."""
    return float(np.mean([np.isin(chosen, basket).any() for basket in baskets]))


def small(chosen: Ints, baskets: Sequence[Ints]) -> float:
    """As ``whole`` over baskets of at most ``SMALL`` others, which a wholesaler's lists do not drown."""
    few = [basket for basket in baskets if len(basket) <= SMALL]
    return whole(chosen, few) if few else float("nan")


def ever(chosen: Ints, baskets: Sequence[Ints]) -> float:
    """Whether any later basket holds one of the ten."""
    return float(any(np.isin(chosen, basket).any() for basket in baskets))


def _judged(world: World, lists: Mapping[str, Mapping[int, Ints]], name: str, judge: Any) -> Iterator[dict[str, Any]]:
    scores = {
        model: np.array([judge(found[p], baskets) for p, baskets in world.later.items()])
        for model, found in lists.items()
    }
    counted = ~np.isnan(scores["ours"])
    ours = scores["ours"][counted]
    for peer in ("popularity", "tf-idf"):
        other = scores[peer][counted]
        yield {
            "name": f"recommendations.cold.{name}", "value": ours.mean(), "unit": "share", "peer": peer,
            "peer_value": other.mean(), "ratio": ours.mean() / other.mean(),
            "note": f"{len(ours)} products without history; {interval(ours)}; ours less {peer} "
            f"{(ours - other).mean():+.4f}, {interval(ours - other)}",
        }  # fmt: skip


def interval(values: Floats) -> str:
    """The 95 % bootstrap interval of a mean, over products."""
    random = np.random.default_rng(11)
    means = [values[random.integers(0, len(values), len(values))].mean() for _ in range(DRAWS)]
    low, high = np.quantile(means, (0.025, 0.975))
    return f"95 % interval {low:.4f} to {high:.4f}"
