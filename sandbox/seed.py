"""What a sandbox store is filled with: neutral records that each store turns into its own objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedVariant:
    """One buyable form of a product; prices are in the store's currency."""

    sku: str
    price: Decimal
    options: tuple[tuple[str, str], ...] = ()
    compare_at: Decimal | None = None
    cost: Decimal | None = None
    stock: int | None = None
    barcode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedProduct:
    """One product; ``key`` is how orders refer to it and never reaches a buyer."""

    key: str
    title: str
    variants: tuple[SeedVariant, ...]
    description_html: str = ""
    product_type: str = ""
    vendor: str = ""
    tags: tuple[str, ...] = ()
    image_alts: tuple[str, ...] = ()
    published: bool = True
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLine:
    """One order line; ``sku`` names a variant."""

    sku: str
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedAddress:
    """A postal address, invented."""

    first_name: str = ""
    last_name: str = ""
    address_1: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOrder:
    """One order as a buyer placed it."""

    key: str
    created_at: datetime
    lines: tuple[SeedLine, ...]
    customer_key: str = ""
    email: str = ""
    billing: SeedAddress = SeedAddress()
    shipping: SeedAddress = SeedAddress()
    ip: str = ""
    user_agent: str = ""
    gateway: str = "card"
    avs_result: str = ""
    cvv_result: str = ""
    card_bin: str = ""
    card_last4: str = ""
    locale: str = "en"
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A whole shop: its money, its languages, its goods and its past."""

    name: str
    currency: str
    country: str
    timezone: str = "UTC"
    locales: tuple[str, ...] = ("en",)
    products: Sequence[SeedProduct] = ()
    orders: Sequence[SeedOrder] = ()
