"""Goods as every marketplace has them, in one form."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.ids import ProductId, VariantId
from chalicelib.domain.money import Money


class ProductStatus(StrEnum):
    """Whether buyers can see it."""

    PUBLISHED = "published"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One buyable form of a product."""

    id: VariantId
    sku: str = ""
    barcode: str = ""
    price: Money | None = None
    """What a buyer pays now, tax as the shop shows it; None where the parent has no own price."""
    compare_at: Money | None = None
    """The struck-through price: Shopify's compare-at, WooCommerce's regular price while on sale."""
    cost: Money | None = None
    stock: int | None = None
    """Units that can be sold; None where the shop does not count them."""
    sellable: bool = True
    """False when sold out and not on back-order."""
    options: tuple[tuple[str, str], ...] = ()
    inventory_item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One translatable field of a resource."""

    key: str
    """The field's name; where another object under the resource holds it, that object behind an ``@``."""
    value: str
    digest: str
    """The store's own digest of the source, or ours (sha256) where the store has none."""


def field_name(key: str) -> str:
    """What kind of field a key names: ``name`` for ``name@ProductOption/12``, ``title`` for ``title``."""
    return key.partition("@")[0]


def part_of(key: str) -> str:
    """Which object under the resource holds the field (``ProductOption/12``); empty for the resource itself."""
    return key.partition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product with its variants. Titles and descriptions are in the shop's primary language."""

    id: ProductId
    handle: str
    title: str
    status: ProductStatus
    updated_at: datetime
    created_at: datetime | None = None
    description_html: str = ""
    product_type: str = ""
    vendor: str = ""
    tags: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    image_alts: tuple[str, ...] = ()
    gift_card: bool = False
    bundle: bool = False
    parent: ProductId | None = None
    """Set where the store's event named a variation: the product that buyers see."""
    url: str = ""

    @property
    def price(self) -> Money | None:
        """The lowest variant price, as listings show it."""
        prices = [variant.price for variant in self.variants if variant.price is not None]
        return min(prices, key=lambda price: price.amount) if prices else None

    @property
    def recommendable(self) -> bool:
        """Whether a buyer who is shown it could buy it: visible, in stock, and not free."""
        return (
            self.status is ProductStatus.PUBLISHED
            and not self.gift_card
            and any(v.sellable and v.price is not None and v.price.amount > 0 for v in self.variants)
        )


def ledger_of(resource: str) -> str:
    """Under which the memory keeps whose words a resource's texts are, in all languages."""
    return f"own:{resource}:"
