"""What the shop holds: mutable records, named as Shopify names them, amounts in the shop's currency."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar


def gid(kind: str, number: int | str) -> str:
    """Shopify's global id of one object."""
    return f"gid://shopify/{kind}/{number}"


@dataclass(slots=True, kw_only=True, eq=False)
class Translation:
    """One translated text; ``source_digest`` is that of the source text it was made from."""

    key: str
    value: str
    locale: str
    market_id: str | None
    source_digest: str
    updated_at: datetime
    kind: ClassVar[str] = "Translation"


type Translations = dict[tuple[str, str, str | None], Translation]


@dataclass(slots=True, kw_only=True, eq=False)
class Metafield:
    """One custom value of a product, a variant or an order."""

    number: int
    owner_id: str
    namespace: str
    key: str
    type: str
    value: str
    created_at: datetime
    updated_at: datetime
    translations: Translations = field(default_factory=dict)
    kind: ClassVar[str] = "Metafield"


@dataclass(slots=True, kw_only=True, eq=False)
class OptionValue:
    """One choice of a product option."""

    number: int
    name: str
    translations: Translations = field(default_factory=dict)
    kind: ClassVar[str] = "ProductOptionValue"


@dataclass(slots=True, kw_only=True, eq=False)
class Option:
    """One way in which a product's variants differ, such as colour."""

    number: int
    name: str
    position: int
    values: list[OptionValue]
    translations: Translations = field(default_factory=dict)
    kind: ClassVar[str] = "ProductOption"


@dataclass(slots=True, kw_only=True, eq=False)
class Image:
    """One picture of a product; the sandbox keeps its alt text and draws the rest."""

    number: int
    alt: str
    created_at: datetime
    product: "Product | None" = None
    translations: Translations = field(default_factory=dict)
    kind: ClassVar[str] = "MediaImage"


@dataclass(slots=True, kw_only=True, eq=False)
class InventoryItem:
    """What is stocked for one variant."""

    number: int
    variant: "Variant"
    unit_cost: Decimal | None
    tracked: bool
    quantity: int
    created_at: datetime
    updated_at: datetime
    requires_shipping: bool = True
    country_code_of_origin: str | None = None
    province_code_of_origin: str | None = None
    harmonized_system_code: str | None = None
    weight: tuple[float, str] = (0, "KILOGRAMS")
    kind: ClassVar[str] = "InventoryItem"


@dataclass(slots=True, kw_only=True, eq=False)
class Variant:
    """One buyable form of a product."""

    number: int
    product: "Product"
    sku: str | None
    barcode: str | None
    price: Decimal
    compare_at_price: Decimal | None
    position: int
    choices: tuple[tuple[str, str], ...]
    created_at: datetime
    updated_at: datetime
    inventory_item: InventoryItem = field(init=False)
    taxable: bool = True
    tax_code: str = ""
    inventory_policy: str = "DENY"
    requires_components: bool = False
    show_unit_price: bool = False
    unit_price_measurement: dict[str, Any] = field(default_factory=dict)
    metafields: dict[tuple[str, str], Metafield] = field(default_factory=dict)
    kind: ClassVar[str] = "ProductVariant"


@dataclass(slots=True, kw_only=True, eq=False)
class Product:
    """One product with its variants, texts in every language, and custom values."""

    number: int
    handle: str
    title: str
    description_html: str
    product_type: str
    vendor: str
    tags: list[str]
    status: str
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime
    options: list[Option] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    metafields: dict[tuple[str, str], Metafield] = field(default_factory=dict)
    translations: Translations = field(default_factory=dict)
    seo_title: str | None = None
    seo_description: str | None = None
    is_gift_card: bool = False
    kind: ClassVar[str] = "Product"


@dataclass(slots=True, kw_only=True, eq=False)
class Address:
    """A postal address; an empty string means that the buyer gave nothing."""

    number: int
    first_name: str
    last_name: str
    address1: str
    city: str
    zip: str
    country_code: str
    kind: ClassVar[str] = "MailingAddress"


@dataclass(slots=True, kw_only=True, eq=False)
class Customer:
    """One buyer of the shop."""

    number: int
    email: str | None
    first_name: str
    last_name: str
    locale: str
    created_at: datetime
    updated_at: datetime
    default_address: Address | None = None
    orders: "list[Order]" = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    kind: ClassVar[str] = "Customer"


@dataclass(slots=True, kw_only=True, eq=False)
class LineItem:
    """One line of an order, with the title and price it was sold under."""

    number: int
    title: str
    variant_title: str | None
    sku: str | None
    vendor: str
    quantity: int
    unit_price: Decimal
    product: Product | None
    variant: Variant | None
    refunded: int = 0
    fulfilled: int = 0
    order: "Order | None" = None
    kind: ClassVar[str] = "LineItem"


@dataclass(slots=True, kw_only=True, eq=False)
class Transaction:
    """One movement of money for an order."""

    number: int
    transaction_kind: str
    status: str
    gateway: str
    amount: Decimal
    test: bool
    created_at: datetime
    avs_result: str = ""
    cvv_result: str = ""
    card_bin: str = ""
    card_last4: str = ""
    kind: ClassVar[str] = "OrderTransaction"


@dataclass(slots=True, kw_only=True, eq=False)
class Assessment:
    """One opinion on an order's risk; ``provider`` is None for Shopify's own."""

    risk_level: str
    facts: tuple[tuple[str, str], ...]
    by_app: bool
    created_at: datetime
    kind: ClassVar[str] = "OrderRiskAssessment"


@dataclass(slots=True, kw_only=True, eq=False)
class Hold:
    """One reason why a fulfillment order must wait."""

    number: int
    reason: str
    reason_notes: str | None
    handle: str | None
    external_id: str | None
    kind: ClassVar[str] = "FulfillmentHold"


@dataclass(slots=True, kw_only=True, eq=False)
class FulfillmentLine:
    """A quantity of one order line inside one fulfillment order."""

    number: int
    line_item: LineItem
    total_quantity: int
    remaining_quantity: int
    kind: ClassVar[str] = "FulfillmentOrderLineItem"


@dataclass(slots=True, kw_only=True, eq=False)
class FulfillmentOrder:
    """What one location has to send for an order."""

    number: int
    order: "Order"
    status: str
    lines: list[FulfillmentLine]
    fulfill_at: datetime
    created_at: datetime
    updated_at: datetime
    holds: list[Hold] = field(default_factory=list)
    kind: ClassVar[str] = "FulfillmentOrder"


@dataclass(slots=True, kw_only=True, eq=False)
class RefundLine:
    """A quantity of one order line that was paid back."""

    number: int
    line_item: LineItem
    quantity: int
    subtotal: Decimal
    kind: ClassVar[str] = "RefundLineItem"


@dataclass(slots=True, kw_only=True, eq=False)
class Refund:
    """Money and goods that went back."""

    number: int
    order: "Order"
    note: str
    lines: list[RefundLine]
    created_at: datetime
    kind: ClassVar[str] = "Refund"


@dataclass(slots=True, kw_only=True, eq=False)
class Dispute:
    """A buyer's bank asks for the money back."""

    number: int
    order: "Order"
    initiated_as: str
    status: str
    reason: str
    amount: Decimal
    initiated_at: datetime
    kind: ClassVar[str] = "ShopifyPaymentsDispute"


@dataclass(slots=True, kw_only=True, eq=False)
class Order:
    """One order as the shop keeps it."""

    number: int
    order_number: int
    email: str | None
    customer: Customer | None
    line_items: list[LineItem]
    billing_address: Address | None
    shipping_address: Address | None
    client_ip: str | None
    user_agent: str
    gateway: str
    customer_locale: str
    test: bool
    created_at: datetime
    updated_at: datetime
    financial_status: str = "PAID"
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    fulfillment_orders: list[FulfillmentOrder] = field(default_factory=list)
    assessments: list[Assessment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    metafields: dict[tuple[str, str], Metafield] = field(default_factory=dict)
    kind: ClassVar[str] = "Order"


@dataclass(slots=True, kw_only=True, eq=False)
class FixedPrice:
    """A market's own price of one variant, in the list's currency."""

    variant: Variant
    price: Decimal
    compare_at_price: Decimal | None


@dataclass(slots=True, kw_only=True, eq=False)
class Market:
    """A region that the shop sells to with its own catalogue and prices."""

    number: int
    name: str
    handle: str
    price_list: "PriceList | None" = None
    kind: ClassVar[str] = "Market"


@dataclass(slots=True, kw_only=True, eq=False)
class PriceList:
    """A market's prices: a percentage on the shop's own, and fixed ones that go before it."""

    number: int
    name: str
    currency: str
    market: Market
    catalog_number: int
    adjustment_pct: Decimal = Decimal(0)
    rate: Decimal = Decimal(1)
    fixed: dict[int, FixedPrice] = field(default_factory=dict)
    kind: ClassVar[str] = "PriceList"


@dataclass(slots=True, kw_only=True, eq=False)
class Catalog:
    """What ties a market to its price list."""

    number: int
    price_list: PriceList
    kind: ClassVar[str] = "MarketCatalog"


@dataclass(slots=True, kw_only=True, eq=False)
class Locale:
    """A language of the shop."""

    locale: str
    primary: bool
    published: bool
    kind: ClassVar[str] = "ShopLocale"


@dataclass(slots=True, kw_only=True, eq=False)
class Redirect:
    """An old storefront path that leads to a new one."""

    number: int
    path: str
    target: str
    kind: ClassVar[str] = "UrlRedirect"


@dataclass(slots=True, kw_only=True, eq=False)
class Subscription:
    """A webhook subscription; ``app_specific`` ones come from the app's own configuration file."""

    number: int
    topic: str
    uri: str
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    filter: str = ""
    include_fields: tuple[str, ...] = ()
    metafield_namespaces: tuple[str, ...] = ()
    app_specific: bool = False
    failures: int = 0
    kind: ClassVar[str] = "WebhookSubscription"


@dataclass(slots=True, kw_only=True, eq=False)
class BulkOperation:
    """One export in the background; ``lines`` is its result file."""

    number: int
    type: str
    query: str
    created_at: datetime
    status: str = "CREATED"
    error_code: str | None = None
    object_count: int = 0
    root_object_count: int = 0
    completed_at: datetime | None = None
    token: str = ""
    path: str = ""
    file_size: int | None = None
    client_identifier: str | None = None
    groups: bool = False
    variables: tuple[str, ...] = ()
    kind: ClassVar[str] = "BulkOperation"


@dataclass(slots=True, kw_only=True, eq=False)
class PlanLine:
    """One charge of an app subscription: a price per period, or a cap on usage."""

    number: int
    price: Decimal | None
    currency: str
    interval: str
    capped_amount: Decimal | None = None
    used: Decimal = Decimal(0)
    terms: str = ""
    kind: ClassVar[str] = "AppSubscriptionLineItem"


@dataclass(slots=True, kw_only=True, eq=False)
class Plan:
    """What the merchant pays the app."""

    number: int
    name: str
    status: str
    test: bool
    trial_days: int
    return_url: str
    created_at: datetime
    lines: list[PlanLine]
    kind: ClassVar[str] = "AppSubscription"


@dataclass(slots=True, kw_only=True, eq=False)
class UsageRecord:
    """One use that the app charged for."""

    number: int
    line: PlanLine
    description: str
    price: Decimal
    created_at: datetime
    idempotency_key: str | None
    kind: ClassVar[str] = "AppUsageRecord"
