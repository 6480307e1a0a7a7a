"""A shop's order history as arrays: the one form that every model here is trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Scores = NDArray[np.float32]
Flags = NDArray[np.bool_]

UNKNOWN = -1
"""Stands for a buyer or a country that the history does not name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """Order lines in the order they were placed, one per basket and product; all arrays share one length.

    ``basket``, ``customer``, ``item`` and ``country`` are indices from 0 (``UNKNOWN`` where unknown),
    ``day`` is days as a float on any fixed clock, ``quantity`` is units, ``price`` is one unit's in a currency
    that all lines share (0 where unknown).
    """

    basket: Ints
    customer: Ints
    item: Ints
    day: Floats
    quantity: Floats
    country: Ints
    price: Floats
    items: int

    def __len__(self) -> int:
        """How many lines."""
        return len(self.item)

    @property
    def customers(self) -> int:
        """One more than the largest customer index, so that arrays can be sized by it."""
        return int(self.customer.max()) + 1 if len(self) else 0

    @property
    def baskets(self) -> int:
        """One more than the largest basket index."""
        return int(self.basket.max()) + 1 if len(self) else 0

    @property
    def last_day(self) -> float:
        """The moment of the newest line; 0 for an empty history."""
        return float(self.day.max()) if len(self) else 0.0

    def where(self, chosen: Flags) -> Sales:
        """The lines for which ``chosen`` is true; indices keep their meaning."""
        return Sales(
            basket=self.basket[chosen],
            customer=self.customer[chosen],
            item=self.item[chosen],
            day=self.day[chosen],
            quantity=self.quantity[chosen],
            country=self.country[chosen],
            price=self.price[chosen],
            items=self.items,
        )

    def before(self, day: float) -> Sales:
        """What was known strictly before ``day``."""
        return self.where(self.day < day)

    def between(self, start: float, end: float) -> Sales:
        """Lines placed from ``start`` (included) to ``end`` (excluded)."""
        return self.where((self.day >= start) & (self.day < end))


def sales(
    *, basket: Ints, customer: Ints, item: Ints, day: Floats, quantity: Floats, country: Ints | None = None,
    price: Floats | None = None, items: int,
) -> Sales:  # fmt: skip
    """Order lines by time (ties keep their input order) and fold a product's lines within one basket into one."""
    where = np.full(len(item), UNKNOWN, np.int64) if country is None else country
    cost = np.zeros(len(item)) if price is None else price
    order = np.argsort(day, kind="stable")
    pair = basket[order].astype(np.int64) * max(items, 1) + item[order]
    _, first, inverse = np.unique(pair, return_index=True, return_inverse=True)
    units = np.bincount(inverse, weights=quantity[order], minlength=len(first))
    kept = np.sort(first)
    return Sales(
        basket=basket[order][kept].astype(np.int64),
        customer=customer[order][kept].astype(np.int64),
        item=item[order][kept].astype(np.int64),
        day=day[order][kept].astype(np.float64),
        quantity=units[inverse[kept]],
        country=where[order][kept].astype(np.int64),
        price=cost[order][kept].astype(np.float64),
        items=items,
    )


def once_per_buyer(bought: Sales) -> Sales:
    """Each buyer's whole past as one basket, a product once, at its newest line."""
    known = bought.where(bought.customer >= 0)
    newest = np.unique((known.customer * known.items + known.item)[::-1], return_index=True)[1]
    kept = np.zeros(len(known), bool)
    kept[len(known) - 1 - newest] = True
    once = known.where(kept)
    return replace(once, basket=once.customer)
