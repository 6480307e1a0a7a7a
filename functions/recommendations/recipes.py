"""Which tables there are to learn, and which of them each protocol's models stand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from functions.recommendations import content
from functions.recommendations.batch import Reading
from functions.recommendations.cases import Protocol
from functions.recommendations.ease import ease
from functions.recommendations.models import Weights
from functions.recommendations.neighbours import neighbours
from functions.recommendations.pairs import Nearness, Normal, transitions
from functions.recommendations.sales import Sales, Scores, once_per_buyer
from functions.recommendations.tables import Table, of_neighbours, strongest
from functions.recommendations.vectors import BUYER, OWN, PRODUCT

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ease:
    """Regression over buyers, or over baskets; see functions.recommendations.ease."""

    ridge: float
    half_life: float | None = None
    size_power: float = 0.0
    rarity: float = 0.0
    wording: float = 0.0
    """What products' words count, in purchases."""
    baskets: bool = False
    k: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine:
    """Shrunken cosine over buyers, or over baskets; see functions.recommendations.neighbours."""

    shrink: float = 5.0
    half_life: float | None = None
    size_power: float = 0.0
    baskets: bool = False
    k: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What is bought near; see functions.recommendations.pairs."""

    near: Nearness
    normal: Normal
    k: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Cosine of what products are called."""

    k: int = 100


type Spec = Ease | Cosine | Next | Words


def worded(spec: Spec) -> bool:
    """Whether a table wants to know what products are called."""
    return isinstance(spec, Words) or (isinstance(spec, Ease) and spec.wording > 0)


def learnt(spec: Spec, bought: Sales, words: Scores | None) -> Table:
    """The table of a spec; ``words`` are unit vectors of the products (products, width)."""
    match spec:
        case Ease():
            rows = _as_buyers(bought) if spec.baskets else bought
            return ease(
                rows, ridge=spec.ridge, half_life=spec.half_life, k=spec.k, size_power=spec.size_power,
                rarity=spec.rarity, words=words, wording=spec.wording,
            )  # fmt: skip
        case Cosine():
            rows = bought if spec.baskets else once_per_buyer(bought)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A single model with given weights: channels in root mean squares, and what each product vector counts."""

    channels: tuple[tuple[Spec, Reading], ...] = ()
    shares: tuple[float, ...] = ()
    """One per channel."""
    demand: tuple[tuple[str, float], ...] = ()
    """Product vectors by name."""
    own: tuple[tuple[str, float], ...] = ()
    """Habits by name."""

    def weights(self) -> Weights:
        """As a model wants them."""
        mixing = np.zeros((len(BUYER), len(PRODUCT)), np.float32)
        habits = np.zeros(len(OWN), np.float32)
        for name, value in self.demand:
            mixing[BUYER.index("one"), PRODUCT.index(name)] = value
        for name, value in self.own:
            habits[OWN.index(name)] = value
        return Weights(channels=[(share, 0.0) for share in self.shares], mixing=mixing, own=habits)


RECENT = Ease(ridge=60.0, half_life=180.0)
PLAIN = Ease(ridge=200.0)
BY_BASKET = Ease(ridge=60.0, half_life=180.0, baskets=True)
NAMED = Ease(ridge=5.0, half_life=365.0, size_power=0.25, rarity=0.1, wording=3.0, baskets=True, k=400)
"""What completes an order best: titles bring in what has sold little, rarity holds back what everybody buys."""
FOLLOWING = Next(
    near=Nearness(reach=60, fade=0.7, back=0.3, same=0.5, half_life=120.0), normal=Normal(shrink=3.0)
)
BASKETS = Cosine(baskets=True)
TOGETHER = Cosine(baskets=True, half_life=120.0, size_power=0.5)
ROWS = Next(near=Nearness(reach=10, fade=0.7, back=0.7, by_row=True), normal=Normal(shrink=1.0))
ONWARD = Next(near=Nearness(reach=10, fade=0.5, back=0.3, by_row=True), normal=Normal(shrink=1.0))

_BASKETS: Sequence[tuple[Spec, Reading]] = (
    (RECENT, Reading()), (NAMED, Reading()), (BASKETS, Reading()), (TOGETHER, Reading()), (Words(), Reading()),
)  # fmt: skip

BLENDED: Mapping[Protocol, Sequence[tuple[Spec, Reading]]] = {
    Protocol.TIME_SPLIT: (
        (RECENT, Reading(half_life=90.0)), (RECENT, Reading(fade=0.3)), (PLAIN, Reading()),
        (FOLLOWING, Reading(fade=0.6)), (TOGETHER, Reading(half_life=60.0)),
        (Words(), Reading(half_life=120.0)), (Words(), Reading(fade=0.3)),
    ),
    Protocol.BASKET: _BASKETS,
    Protocol.COMPANION: _BASKETS,
    Protocol.LEAVE_ONE_OUT: (
        (PLAIN, Reading(fade=0.8)), (Cosine(), Reading(fade=0.8)), (ROWS, Reading(fade=0.8)),
        (ONWARD, Reading(fade=0.4)), (Words(), Reading(fade=0.6)),
    ),
}  # fmt: skip
"""Channels of the blend."""


_POPULAR = ("demand_7", "demand_30", "demand_90", "demand_10000", "first_7")
_WITHIN = (Protocol.BASKET, Protocol.COMPANION)


def singles(protocol: Protocol, *, repeats: bool) -> Mapping[str, Sequence[Parts]]:
    """Single models by name, each with its variants; choose among variants on validation."""
    found = {
        "popularity": [Parts(demand=((name, 1.0),)) for name in _POPULAR],
        "item-knn": [_one(BASKETS if protocol in _WITHIN else Cosine(), Reading())],
        "item-knn, recency and transitions": _sequential(protocol),
        "ease": [_one(PLAIN, Reading())],
        "ease, recency and trend": _trending(protocol),
    }
    if protocol in _WITHIN:
        found["ease, recency and titles"] = [_one(NAMED, Reading())]
    if repeats:
        found["personal frequency"] = [
            Parts(own=(("seen", 20.0), (name, 1.0), ("since", -share)), demand=(("demand_30", 0.3),))
            for name, share in (("times", 0.2), ("times_90", 0.0), ("times_90", 0.3))
        ]
    return found


def _one(spec: Spec, reading: Reading, *demand: tuple[str, float]) -> Parts:
    return Parts(channels=((spec, reading),), shares=(1.0,), demand=demand)


def _sequential(protocol: Protocol) -> Sequence[Parts]:
    match protocol:
        case Protocol.LEAVE_ONE_OUT:
            readings = (Reading(fade=0.9), Reading(fade=0.75), Reading(fade=0.55))
            return [_one(spec, reading) for spec in (ROWS, ONWARD, *_ROWS) for reading in readings]
        case Protocol.BASKET | Protocol.COMPANION:
            return [_one(TOGETHER, Reading())]
        case Protocol.TIME_SPLIT:
            return [_one(FOLLOWING, Reading(fade=fade), ("first_14", 0.5)) for fade in (0.8, 0.6)]


_ROWS = (
    Next(near=Nearness(reach=10, fade=0.85, back=1.0, by_row=True), normal=Normal(shrink=1.0)),
    Next(near=Nearness(reach=10, fade=0.7, back=0.7, by_row=True), normal=Normal(of=0.5, to=0.3, shrink=1.0)),
    Next(near=Nearness(reach=10, fade=0.7, back=0.7, by_row=True), normal=Normal(of=0.5, to=0.5, shrink=5.0)),
)  # fmt: skip


def _trending(protocol: Protocol) -> Sequence[Parts]:
    match protocol:
        case Protocol.BASKET | Protocol.COMPANION:
            return [_one(BY_BASKET, Reading()), _one(RECENT, Reading(), ("demand_14", 0.1))]
        case Protocol.LEAVE_ONE_OUT:
            return [_one(PLAIN, Reading(fade=fade)) for fade in (0.9, 0.7)]
        case Protocol.TIME_SPLIT:
            return [_one(RECENT, Reading(half_life=90.0), ("first_14", share)) for share in (0.3, 0.6)]
