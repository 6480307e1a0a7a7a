"""Which tables there are to learn, and which of them each protocol's models stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from functions.recommendations import content
from functions.recommendations.batch import Reading
from functions.recommendations.cases import Protocol
from functions.recommendations.ease import ease
from functions.recommendations.neighbours import neighbours
from functions.recommendations.pairs import Nearness, Normal, transitions
from functions.recommendations.sales import Sales, Scores
from functions.recommendations.tables import Table, of_neighbours, strongest

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ease:
    """Regression over buyers, or over baskets; see functions.recommendations.ease."""

    ridge: float
    half_life: float | None = None
    baskets: bool = False
    k: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine:
    """Shrunken cosine over buyers, or over baskets; see functions.recommendations.neighbours."""

    shrink: float = 5.0
    half_life: float | None = None
    size_power: float = 0.0
    baskets: bool = False
    k: int = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What is bought near; see functions.recommendations.pairs."""

    near: Nearness
    normal: Normal
    k: int = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Cosine of what products are called."""

    k: int = 100


type Spec = Ease | Cosine | Next | Words


def learnt(spec: Spec, bought: Sales, words: Scores | None) -> Table:
    """The table of a spec; ``words`` are unit vectors of the products (products, width)."""
    match spec:
        case Ease():
            rows = _as_buyers(bought) if spec.baskets else bought
            return ease(rows, ridge=spec.ridge, half_life=spec.half_life, k=spec.k)
        case Cosine():
            rows = bought if spec.baskets else _as_baskets(bought)
            k = min(spec.k, max(1, bought.items - 1))
            near = neighbours(
                rows, k=k, shrink=spec.shrink, half_life=spec.half_life, size_power=spec.size_power
            )
            return of_neighbours(near)
        case Next():
            return transitions(bought, spec.near, spec.normal, spec.k)
        case Words():
            return _alike(words if words is not None else np.zeros((bought.items, 1), np.float32), spec.k)


def _as_buyers(bought: Sales) -> Sales:
    """Each basket as if it were a buyer."""
    return replace(bought, customer=bought.basket)


def _as_baskets(bought: Sales) -> Sales:
    """Each buyer's whole past as if it were one basket; a product once."""
    known = bought.where(bought.customer >= 0)
    newest = np.unique((known.customer * known.items + known.item)[::-1], return_index=True)[1]
    kept = np.zeros(len(known), bool)
    kept[len(known) - 1 - newest] = True
    once = known.where(kept)
    return replace(once, basket=once.customer)


def _alike(words: Scores, k: int) -> Table:
    def rows(first: int, last: int) -> Scores:
        near: Scores = words[first:last] @ words.T
        near[np.arange(last - first), np.arange(first, last)] = 0.0
        return np.maximum(near, 0.0)

    return strongest(rows, len(words), k)


def described(texts: list[str]) -> Scores | None:
    """Unit vectors of products' words, rarer words stronger; None where nothing is described."""
    if not any(texts):
        return None
    raw = content.hashed(texts)
    return content.rare_first(raw, content.rarity(raw))


RECENT = Ease(ridge=60.0, half_life=180.0)
PLAIN = Ease(ridge=200.0)
FOLLOWING = Next(
    near=Nearness(reach=60, fade=0.7, back=0.3, same=0.5, half_life=120.0), normal=Normal(shrink=3.0)
)
TOGETHER = Cosine(baskets=True, half_life=120.0, size_power=0.5)

BLENDED: dict[Protocol, tuple[tuple[Spec, Reading], ...]] = {
    Protocol.TIME_SPLIT: (
        (RECENT, Reading(half_life=90.0)), (RECENT, Reading(fade=0.3)), (PLAIN, Reading()),
        (FOLLOWING, Reading(fade=0.6)), (TOGETHER, Reading(half_life=60.0)),
        (Words(), Reading(half_life=120.0)), (Words(), Reading(fade=0.3)),
    ),
    Protocol.BASKET: (
        (RECENT, Reading()), (Ease(ridge=60.0, half_life=180.0, baskets=True), Reading()), (TOGETHER, Reading()),
        (FOLLOWING, Reading()), (Words(), Reading()),
    ),
}  # fmt: skip
