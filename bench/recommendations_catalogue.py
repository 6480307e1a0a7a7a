"""What products are called: from a catalogue file, or from the orders' own lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from bench.recommendations_files import Orders, UnusableFile, load
from functions.recommendations.recipes import described
from functions.recommendations.sales import Scores

_TITLES = ("title", "name", "product_title", "post_title")
_IDS = ("product_id", "id", "handle", "url handle")
_MORE = ("product_type", "type", "product category", "categories", "vendor", "brands", "tags", "options", "description")
_UNITS = ("variant sku", "sku")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Texts by product, and the product of each stock-keeping unit where products are told by handle."""

    texts: Mapping[str, str]
    handles: Mapping[str, str]


def read_catalogue(path: Path) -> Catalogue:
    """Our own columns (product_id, title, …), or a Shopify or WooCommerce product export. Raises UnusableFile."""
    frame = load(path)
    names = {name.casefold(): name for name in frame.columns}
    key = next((names[name] for name in _IDS if name in names), None)
    title = next((names[name] for name in _TITLES if name in names), None)
    if key is None or title is None:
        raise UnusableFile(
            f"{path.name} has no column product_id (or Handle, ID) or no column title (or Name). "
            f"It has: {', '.join(frame.columns)}."
        )
    told = [names[name] for name in _MORE if name in names]
    lines = frame.select(pl.col(column).cast(pl.String).fill_null("") for column in dict.fromkeys([key, title, *told]))
    texts: dict[str, list[str]] = {}
    for row in lines.filter(pl.col(key) != "").iter_rows():
        texts.setdefault(row[0], []).extend(part for part in row[1:] if part)
    unit = next((names[name] for name in _UNITS if name in names), None)
    return Catalogue(
        texts={product: _TAG.sub(" ", " ".join(dict.fromkeys(parts)))[:600] for product, parts in texts.items()},
        handles=_handles(frame, key, unit) if key.casefold().endswith("handle") and unit else {},
    )


def _handles(frame: pl.DataFrame, key: str, unit: str) -> Mapping[str, str]:
    pairs = frame.select(pl.col(unit).cast(pl.String), pl.col(key).cast(pl.String)).drop_nulls()
    return {str(sku): str(handle) for sku, handle in pairs.iter_rows() if sku}


class Wording:
    """Products' unit vectors as their words were known at a moment (days since 1970)."""

    def __init__(self, orders: Orders, products: Sequence[str], catalogue: Catalogue | None) -> None:
        lines = orders.lines.select("product_id", "created_at", "title").drop_nulls("title")
        places = {product: place for place, product in enumerate(products)}
        self._titles = sorted(set(lines["title"].to_list()))
        titles = {title: place for place, title in enumerate(self._titles)}
        self._pair = np.array(
            [
                places[product] * len(titles) + titles[title]
                for product, title in zip(lines["product_id"].to_list(), lines["title"].to_list(), strict=True)
            ],
            np.int64,
        )
        self._day = lines["created_at"].dt.epoch("us").cast(pl.Float64).to_numpy() / 86_400e6
        self._texts = [catalogue.texts.get(product, "") if catalogue else "" for product in products]
        self._made: dict[float, Scores | None] = {}

    def __call__(self, moment: float) -> Scores | None:
        """(products, width); None where no product has words."""
        if moment not in self._made:
            texts = list(self._texts)
            for product, title in self._usual(moment):
                texts[product] = texts[product] or self._titles[title]
            self._made[moment] = described(texts)
        return self._made[moment]

    def _usual(self, moment: float) -> Iterator[tuple[int, int]]:
        """Each product's most frequent title on lines before the moment, so that no later word leaks in."""
        pairs, counts = np.unique(self._pair[self._day < moment], return_counts=True)
        product, title = np.divmod(pairs, max(1, len(self._titles)))
        order = np.lexsort((title, -counts, product))
        first = np.unique(product[order], return_index=True)[1]
        yield from zip(product[order][first].tolist(), title[order][first].tolist(), strict=True)
