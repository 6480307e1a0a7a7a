"""What the nightly training chooses for each slot of a real shop, and how sure it is.

Online Retail up to October 2011, so that the months that models are judged on (bench/recommendations.py) stay unseen:
here every figure is the choice's own, on the newest orders before that, and so better than what is to be expected.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import polars as pl

from bench import Row
from bench.recommendations import TEST, _lines
from bench.recommendations_cold import _encoder
from chalicelib.contracts import History, Material, Models
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.ids import ProductId, ShopId, VariantId
from chalicelib.domain.money import Money
from chalicelib.domain.shop import Policy, Shop, ShopState
from chalicelib.inference import Loaded
from chalicelib.texts import ENCODER
from functions.recommendations.companions import COMPANIONS
from functions.recommendations.questions import CART, CUSTOMER
from functions.recommendations.shelf import SIMILAR
from functions.recommendations.train import train
from functions.recommendations.trending import TRENDING

SLOTS = {
    COMPANIONS: "complementary", SIMILAR: "related", CUSTOMER: "for-customer", CART: "for-cart", TRENDING: "trending",
}  # fmt: skip


def rows() -> Iterator[Row]:
    """Per slot the chosen candidate, and each other one beside it."""
    for artifact in train(_material(), lambda line: print(f"  {line}", flush=True)):
        if artifact.name in SLOTS and "candidates" in artifact.card.metrics:
            yield from _standings(SLOTS[artifact.name], artifact.card.metrics)


def _standings(slot: str, metrics: Mapping[str, object]) -> Iterator[Row]:
    found = metrics["candidates"]
    assert isinstance(found, Sequence)  # noqa: S101
    picked = next(one for one in found if one["chosen"])
    for one in found:
        if one is not picked:
            yield Row(
                name=f"recommendations.slots.{slot}.ndcg_at_10", value=picked["ndcg"], peer=one["model"],
                peer_value=one["ndcg"], ratio=picked["ndcg"] / one["ndcg"] if one["ndcg"] else None,
                note=f"chosen among {len(found)} by {picked['cases']:,} questions ({metrics['judged']}): "
                f"{_told(picked)}; beside it {_told(one)}",
            )  # fmt: skip


def _told(one: Mapping[str, object]) -> str:
    low, high = (round(float(str(one[name])), 4) for name in ("ndcg_low", "ndcg_high"))
    return f"{one['model']} (95 % interval {low} to {high}, hit rate {one['hit_rate']})"


class _Reader(Models):
    """The text encoder, and nothing that was trained before."""

    def __init__(self) -> None:
        self._encoder = _encoder()

    def get(self, name: str) -> Loaded | None:
        return self._encoder if name == ENCODER else None


def _material() -> Material:
    lines = _lines().filter(pl.col("day") < TEST.timestamp() / 86_400)
    goods = lines.group_by("product").agg(pl.col("title").mode().sort().first(), pl.col("price").median())
    catalogue = {ProductId(row[0]): _product(*row) for row in goods.sort("product").iter_rows()}
    order = lines["order"].rank("dense").to_numpy().astype(np.int64) - 1
    first = np.unique(order, return_index=True)[1]
    number = np.empty(len(first), np.int64)
    number[np.argsort(lines["day"].to_numpy()[first], kind="stable")] = np.arange(len(first))
    by_order = np.argsort(number[order], kind="stable")

    def index(name: str) -> np.ndarray:
        return (lines[name].rank("dense").to_numpy().astype(np.int64) - 1)[by_order]

    count = len(lines)
    history = History(
        order=number[order][by_order], at=(lines["day"].to_numpy()[by_order] * 86_400).astype(np.int64),
        customer=index("customer").astype(np.int32), product=index("product").astype(np.int32),
        quantity=lines["quantity"].to_numpy()[by_order].astype(np.int32),
        unit_price_minor=np.rint(lines["price"].to_numpy()[by_order] * 100).astype(np.int64),
        country=index("country").astype(np.int16), variant=np.full(count, -1, np.int32), products=list(catalogue),
        variants=(), countries=sorted(lines["country"].unique().to_list()), currency="GBP",
    )  # fmt: skip
    shop = Shop(
        id=ShopId("bench:one"), marketplace="bench", name="One", endpoint="", currency="GBP", state=ShopState.CONNECTED
    )
    return Material(shop=shop, policy=Policy(), now=TEST, history=history, catalogue=catalogue, current=_Reader())


def _product(code: str, title: str | None, price: float) -> Product:
    name = ProductId(code)
    money = Money(Decimal(str(round(price, 2))), "GBP")
    return Product(
        id=name, handle=code, title=(title or code).strip(), status=ProductStatus.PUBLISHED,
        updated_at=datetime(2011, 1, 1, tzinfo=UTC), variants=(Variant(id=VariantId(code), price=money),),
    )  # fmt: skip
