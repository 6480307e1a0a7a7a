"""The rows of the shop's database: mutable on purpose, every change goes through the store's lock."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(slots=True)
class Meta:
    """One key and value that a plugin or an API client hung on a record."""

    id: int
    key: str
    value: Any


@dataclass(slots=True)
class Attribute:
    """One product attribute; on a variation ``options`` holds the one chosen."""

    name: str
    options: list[str]
    variation: bool = True
    visible: bool = True


@dataclass(slots=True)
class Image:
    """One product image with its alternative text."""

    id: int
    src: str
    name: str
    alt: str


@dataclass(slots=True)
class Term:
    """A product category, tag or brand."""

    id: int
    name: str
    slug: str


@dataclass(slots=True, kw_only=True)
class Product:
    """A simple or variable product, or a variation (which has a ``parent_id``)."""

    id: int
    created_at: datetime
    modified_at: datetime
    name: str = ""
    slug: str = ""
    type: str = "simple"
    status: str = "publish"
    featured: bool = False
    catalog_visibility: str = "visible"
    description: str = ""
    short_description: str = ""
    sku: str = ""
    global_unique_id: str = ""
    regular_price: str = ""
    sale_price: str = ""
    date_on_sale_from: datetime | None = None
    date_on_sale_to: datetime | None = None
    total_sales: int = 0
    virtual: bool = False
    downloadable: bool = False
    external_url: str = ""
    button_text: str = ""
    tax_status: str = "taxable"
    tax_class: str = ""
    manage_stock: bool = False
    stock_quantity: int | None = None
    stock_status: str = "instock"
    backorders: str = "no"
    low_stock_amount: int | None = None
    sold_individually: bool = False
    weight: str = ""
    dimensions: dict[str, str] = field(default_factory=dict)
    reviews_allowed: bool = True
    upsell_ids: list[int] = field(default_factory=list)
    cross_sell_ids: list[int] = field(default_factory=list)
    grouped_products: list[int] = field(default_factory=list)
    parent_id: int = 0
    purchase_note: str = ""
    post_password: str = ""
    menu_order: int = 0
    categories: list[Term] = field(default_factory=list)
    tags: list[Term] = field(default_factory=list)
    brands: list[Term] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    default_attributes: list[Attribute] = field(default_factory=list)
    variations: list[int] = field(default_factory=list)
    meta_data: list[Meta] = field(default_factory=list)
    lang: str = ""
    translation_of: int = 0
    status_before_trash: str = ""


@dataclass(slots=True, kw_only=True)
class Line:
    """One order line; amounts are in the order's currency."""

    id: int
    product_id: int
    variation_id: int
    name: str
    parent_name: str | None
    sku: str
    quantity: int
    subtotal: Decimal
    total: Decimal
    options: tuple[tuple[str, str], ...] = ()
    reduced_stock: int = 0
    meta_id: int = 0


@dataclass(slots=True, kw_only=True)
class Refund:
    """Money given back on an order; ``amount`` is positive."""

    id: int
    created_at: datetime
    amount: Decimal
    reason: str


@dataclass(slots=True, kw_only=True)
class Note:
    """A remark on an order; a customer note is mailed to the buyer."""

    id: int
    created_at: datetime
    text: str
    author: str = "WooCommerce"
    customer_note: bool = False
    added_by_user: bool = False


@dataclass(slots=True, kw_only=True)
class Order:
    """One order with its lines, notes and refunds."""

    id: int
    created_at: datetime
    modified_at: datetime
    currency: str
    status: str = "pending"
    customer_id: int = 0
    order_key: str = ""
    billing: dict[str, str] = field(default_factory=dict)
    shipping: dict[str, str] = field(default_factory=dict)
    payment_method: str = ""
    payment_method_title: str = ""
    transaction_id: str = ""
    customer_ip_address: str = ""
    customer_user_agent: str = ""
    created_via: str = "checkout"
    customer_note: str = ""
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    lines: list[Line] = field(default_factory=list)
    meta_data: list[Meta] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    status_before_trash: str = ""


@dataclass(slots=True, kw_only=True)
class Customer:
    """A buyer with an account."""

    id: int
    created_at: datetime
    modified_at: datetime
    email: str
    username: str
    first_name: str = ""
    last_name: str = ""
    role: str = "customer"
    billing: dict[str, str] = field(default_factory=dict)
    shipping: dict[str, str] = field(default_factory=dict)
    is_paying_customer: bool = False
    meta_data: list[Meta] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Webhook:
    """A subscription of somebody to one topic."""

    id: int
    name: str
    topic: str
    delivery_url: str
    secret: str
    created_at: datetime
    modified_at: datetime
    status: str = "active"
    failure_count: int = 0


@dataclass(slots=True, kw_only=True)
class ApiKey:
    """A consumer key pair and what it may do: ``read``, ``write`` or ``read_write``."""

    id: int
    consumer_key: str
    consumer_secret: str
    permissions: str
    nonces: dict[int, str] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail the shop would have sent."""

    kind: str
    to: str
    order_id: int
    text: str
    sent_at: datetime
