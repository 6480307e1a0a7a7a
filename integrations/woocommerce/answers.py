"""What a WooCommerce store answers, as pydantic models that survive nulls, PHP's empty arrays and plug-ins.

Field by field as wc/v3 of 9.9.5 sends them; unknown fields are ignored.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, bool | list | dict) else str(value)


def amount_of(value: object) -> Decimal | None:
    """A decimal as a store writes it, or None for nothing; never NaN or infinite."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _number(value: object) -> int:
    amount = amount_of(value)
    return int(amount) if amount is not None and abs(amount) < Decimal(2**63) else 0


def _list(value: object) -> list[Any]:
    """PHP sends an empty list for an empty map, and a map for a list with a gap."""
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [one for one in found if one is not None]


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


Str = Annotated[str, BeforeValidator(_text)]
Amount = Annotated[Decimal | None, BeforeValidator(amount_of)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Int = Annotated[int, BeforeValidator(_number)]
Ids = Annotated[list[Int], BeforeValidator(_list)]
Map = Annotated[dict[str, Any], BeforeValidator(_map)]


class Part(BaseModel):
    """Anything a store sends."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Named(Part):
    """A category, tag or brand."""

    name: Str = ""


class Image(Part):
    """One picture of a product."""

    id: Int = 0
    alt: Str = ""


class Attribute(Part):
    """A variation's choice."""

    name: Str = ""
    option: Str = ""


class Meta(Part):
    """One row of meta data; plug-ins put anything into ``value``."""

    key: Str = ""
    value: Any = None


class StoreProduct(Part):
    """A product, or a variation, which has the same price and stock fields."""

    id: Int
    name: Str = ""
    slug: Str = ""
    permalink: Str = ""
    type: Str = "simple"
    status: Str = "publish"
    catalog_visibility: Str = "visible"
    post_password: Str = ""
    description: Str = ""
    short_description: Str = ""
    sku: Str = ""
    global_unique_id: Str = ""
    price: Amount = None
    regular_price: Amount = None
    sale_price: Amount = None
    date_on_sale_from_gmt: Str = ""
    date_on_sale_to_gmt: Str = ""
    on_sale: bool | None = False
    purchasable: bool | None = True
    manage_stock: Any = False
    stock_quantity: Amount = None
    stock_status: Str = "instock"
    date_created_gmt: Moment = None
    date_modified_gmt: Moment = None
    upsell_ids: Ids = []
    cross_sell_ids: Ids = []
    parent_id: Int = 0
    variations: Ids = []
    categories: Annotated[list[Named], BeforeValidator(_list)] = []
    tags: Annotated[list[Named], BeforeValidator(_list)] = []
    brands: Annotated[list[Named], BeforeValidator(_list)] = []
    images: Annotated[list[Image], BeforeValidator(_list)] = []
    attributes: Annotated[list[Attribute], BeforeValidator(_list)] = []
    meta_data: Annotated[list[Meta], BeforeValidator(_list)] = []
    cost_of_goods_sold: Map = {}
    lang: Str = ""
    translations: Map = {}


class StoreAddress(Part):
    """A postal address; erased buyers leave every field empty."""

    first_name: Str = ""
    last_name: Str = ""
    address_1: Str = ""
    address_2: Str = ""
    city: Str = ""
    state: Str = ""
    postcode: Str = ""
    country: Str = ""
    email: Str = ""
    phone: Str = ""


class StoreLine(Part):
    """One line of an order."""

    product_id: Int = 0
    variation_id: Int = 0
    quantity: Int = 0
    name: Str = ""
    total: Amount = None
    total_tax: Amount = None
    price: Amount = None


class Coupon(Part):
    """A coupon that was used."""

    code: Str = ""


class StoreRefund(Part):
    """A refund inside an order; ``total`` is negative."""

    total: Amount = None


class StoreOrder(Part):
    """An order."""

    id: Int
    number: Str = ""
    status: Str = "pending"
    currency: Str = ""
    prices_include_tax: bool | None = False
    date_created_gmt: Moment = None
    date_modified_gmt: Moment = None
    date_paid_gmt: Moment = None
    discount_total: Amount = None
    shipping_total: Amount = None
    total: Amount = None
    customer_id: Int = 0
    billing: Annotated[StoreAddress, BeforeValidator(_map)] = StoreAddress()
    shipping: Annotated[StoreAddress, BeforeValidator(_map)] = StoreAddress()
    payment_method: Str = ""
    customer_ip_address: Str = ""
    customer_user_agent: Str = ""
    created_via: Str = ""
    customer_note: Str = ""
    meta_data: Annotated[list[Meta], BeforeValidator(_list)] = []
    line_items: Annotated[list[StoreLine], BeforeValidator(_list)] = []
    coupon_lines: Annotated[list[Coupon], BeforeValidator(_list)] = []
    refunds: Annotated[list[StoreRefund], BeforeValidator(_list)] = []


class StoreWebhook(Part):
    """One subscription."""

    id: Int
    name: Str = ""
    topic: Str = ""
    status: Str = ""
    delivery_url: Str = ""


class Plugin(Part):
    """An active plug-in of system_status."""

    plugin: Str = ""


class Environment(Part):
    """The machine room part of system_status."""

    version: Str = ""
    home_url: Str = ""
    language: Str = ""


class StatusSettings(Part):
    """The settings part of system_status."""

    currency: Str = ""


class SystemStatus(Part):
    """What a store says of its software."""

    environment: Annotated[Environment, BeforeValidator(_map)] = Environment()
    settings: Annotated[StatusSettings, BeforeValidator(_map)] = StatusSettings()
    active_plugins: Annotated[list[Plugin], BeforeValidator(_list)] = []


class Setting(Part):
    """One option of settings/general."""

    id: Str = ""
    value: Any = ""


class SiteIndex(Part):
    """WordPress' own front door, /wp-json/."""

    name: Str = ""
    timezone_string: Str = ""


class Note(Part):
    """A note on an order."""

    note: Str = ""
