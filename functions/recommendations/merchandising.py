"""What may stand in a list: the merchant's pins first, then what a buyer could buy, mixed.

The page that a list stands on, and the request-time slots, both ask here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chalicelib.domain.actions import Slot
from chalicelib.domain.catalogue import Product
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import ProductId
from chalicelib.domain.shop import RecommendationLimits
from functions.recommendations import reasons
from functions.recommendations.candidates import Candidate

_MOST_OF_A_TYPE = 0.5
"""Of a complementary list, at most this share may be of one product type."""
_MOST_BUNDLES = 1
"""A second bundle would show goods again that the first one holds."""


def fitting(
    goods: Mapping[ProductId, Product], own: Product, found: Sequence[Candidate], slot: Slot,
    limits: RecommendationLimits,
) -> list[Candidate]:  # fmt: skip
    """A list for one product: never itself, nothing twice, nothing that cannot be bought or was excluded."""
    pins = [Candidate(pin, 1.0, Reason(text=reasons.PINNED)) for pin in limits.pins.get(own.id, ())]
    kept: list[Candidate] = []
    taken = {own.id, *([own.parent] if own.parent else []), *limits.excluded}
    types: dict[str, int] = {}
    bundles = 0
    for candidate, product in _folded(goods, [*pins, *found]):
        if candidate.product in taken or not product.recommendable:
            continue
        pinned = len(kept) < len(pins) and candidate.reason.text == reasons.PINNED
        if not pinned and _crowded(product, slot, types, bundles, limits.per_product):
            continue
        types[product.product_type] = types.get(product.product_type, 0) + 1
        bundles += product.bundle
        taken.add(candidate.product)
        kept.append(candidate)
        if len(kept) == limits.per_product:
            break
    return kept


def _folded(goods: Mapping[ProductId, Product], found: Sequence[Candidate]) -> Iterator[tuple[Candidate, Product]]:
    """Candidates with their products; a variation stands for the product that buyers see."""
    for candidate in found:
        product = goods.get(candidate.product)
        if product is not None and product.parent is not None:
            candidate = replace(candidate, product=product.parent)
            product = goods.get(product.parent)
        if product is not None:
            yield candidate, product


def _crowded(product: Product, slot: Slot, types: Mapping[str, int], bundles: int, size: int) -> bool:
    """Whether the list holds enough of this sort already."""
    if product.bundle and bundles >= _MOST_BUNDLES:
        return True
    kind = product.product_type
    return slot is Slot.COMPLEMENTARY and bool(kind) and types.get(kind, 0) >= max(1, size * _MOST_OF_A_TYPE)
