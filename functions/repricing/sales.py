"""Weekly sales per variant out of a shop's order lines. What it reads names no buyer: times, goods, prices,
counts.

New York's Algorithmic Pricing Disclosure Act asks for a disclosure where personal data set a price; none
does here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chalicelib.contracts import History
from chalicelib.domain.ids import VariantId
from functions.repricing.curves import Floats
from functions.repricing.kinship import ALONE, kinship
from functions.repricing.lessons import Lessons

type Indices = npt.NDArray[np.integer]

WEEK = 7 * 86_400
FEWEST_UNITS = 20
"""Sold in all, below which a variant teaches nothing of its own."""
FEWEST_WEEKS = 8
LONGEST = 104
"""Weeks looked back at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """Units and prices per variant and week, oldest first; weeks run from a Thursday at 00:00 UTC."""

    variants: Sequence[str]
    products: Sequence[str]
    """The product of each variant."""
    units: Floats
    """(variant, week)"""
    price: Floats
    """(variant, week): the middle price of its order lines, in minor units; where nothing was sold, the last
    one. By lines and not by units, or a bulk buyer's discount would pass for a price that sold well."""
    known: Floats
    """(variant, week): 1 from a variant's first sale on."""
    first_week: int
    """Weeks since 1970-01-01."""


def weekly(history: History) -> Weekly | None:
    """Count sales by week; None where there are none at all. The running week is left out, for it is not
    over."""
    line = (history.variant >= 0) & (history.quantity > 0) & (history.unit_price_minor > 0)
    week = history.at[line] // WEEK
    if not len(week) or week.max() == week.min():
        return None
    last, first = int(week.max()), max(int(week.min()), int(week.max()) - LONGEST)
    line_in = (week >= first) & (week < last)
    variant, column = history.variant[line][line_in], week[line_in] - first
    quantity = history.quantity[line][line_in].astype(np.float64)
    shape = (len(history.variants), last - first)
    units = np.zeros(shape)
    np.add.at(units, (variant, column), quantity)
    price = _carried(_middle(variant, column, history.unit_price_minor[line][line_in], shape))
    product_of = np.zeros(len(history.variants), dtype=np.int64)
    product_of[history.variant[line]] = history.product[line]
    return _worthwhile(
        history,
        Weekly(
            variants=history.variants,
            products=[history.products[int(i)] for i in product_of],
            units=units,
            price=price,
            known=(price > 0).astype(np.float64),
            first_week=first,
        ),
    )


def _middle(variant: Indices, week: Indices, price: Indices, shape: tuple[int, int]) -> Floats:
    """The median of all prices paid in each cell, the lower of two middles; 0 where nothing was sold."""
    cell = variant.astype(np.int64) * shape[1] + week
    order = np.lexsort((price, cell))
    cells, first, count = np.unique(cell[order], return_index=True, return_counts=True)
    found = np.zeros(shape[0] * shape[1])
    found[cells] = price[order][first + (count - 1) // 2]
    return found.reshape(shape)


def _carried(price: Floats) -> Floats:
    """The last price seen, where there was none."""
    place = np.where(price > 0, np.arange(price.shape[1]), 0)
    return np.asarray(np.take_along_axis(price, np.maximum.accumulate(place, axis=1), axis=1))


def _worthwhile(history: History, sales: Weekly) -> Weekly | None:
    """Only variants with enough sales to say anything."""
    enough = (sales.units.sum(axis=1) >= FEWEST_UNITS) & (sales.known.sum(axis=1) >= FEWEST_WEEKS)
    rows: npt.NDArray[np.int64] = np.flatnonzero(enough)
    if not len(rows):
        return None
    return Weekly(
        variants=[sales.variants[int(i)] for i in rows],
        products=[sales.products[int(i)] for i in rows],
        units=sales.units[rows],
        price=sales.price[rows],
        known=sales.known[rows],
        first_week=sales.first_week,
    )


def usual_price(sales: Weekly, recent: int = 26) -> Floats:
    """The price each variant was sold at most often of late, in minor units: (variant,)."""
    found = []
    for price, known in zip(sales.price[:, -recent:], sales.known[:, -recent:], strict=True):
        seen, count = np.unique(np.rint(price[known > 0]), return_counts=True)
        found.append(float(seen[count.argmax()]))
    return np.array(found)


def sold_out_weeks(sales: Weekly, days: Mapping[VariantId, Sequence[int]]) -> Floats:
    """1 in weeks of which a variant was seen sold out on some day: (variant, week).

    Args:
        sales: the weeks.
        days: days since 1970-01-01 (UTC) on which each variant was seen sold out.
    """
    found = np.zeros_like(sales.units)
    for row, variant in enumerate(sales.variants):
        column = np.array(days.get(VariantId(variant), ()), dtype=np.int64) // 7 - sales.first_week
        found[row, column[(column >= 0) & (column < found.shape[1])]] = 1.0
    return found


def lessons(
    sales: Weekly, base: Floats, rival_ratio: Floats, kinds: Mapping[str, str], sold_out: Floats
) -> Lessons:
    """One shop's weeks, prices relative to the base price of each variant.

    Args:
        sales: units and prices.
        base: the base price of each variant.
        rival_ratio: competitors' prices relative to their mean, (variant, week).
        kinds: the kind of goods of each product, where it has one; goods of a kind may take each other's buyers.
        sold_out: 1 where the stock ran out, (variant, week).
    """
    ratio = np.where(sales.known > 0, sales.price / base[:, None], 1.0)
    return Lessons(
        ratio=np.clip(ratio, 0.3, 3.0)[None],
        units=sales.units[None],
        sold_out=sold_out[None],
        rival_ratio=rival_ratio[None],
        known=sales.known[None],
        kin=kinship(_categories(sales, kinds)[None]),
    )


def _categories(sales: Weekly, kinds: Mapping[str, str]) -> npt.NDArray[np.int64]:
    """A number per kind of goods: (variant,)."""
    words = [kinds.get(product, "").strip().casefold() for product in sales.products]
    numbers = {word: number for number, word in enumerate(sorted(set(words) - {""}))}
    return np.array([numbers.get(word, ALONE) for word in words], dtype=np.int64)
