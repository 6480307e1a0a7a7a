"""What Shopify answers, as pydantic models that survive nulls.

Fields about buyers are null until Shopify has approved the app for them. For names see operations.graphql.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, bool | list | dict) else str(value)


def _number(value: object) -> int | None:
    try:
        return int(str(value)) if value is not None and not isinstance(value, bool) else None
    except ValueError:
        return None


def _list(value: object) -> list[Any]:
    """Nodes of a connection, or a plain list; a redacted one is empty."""
    found = value.get("nodes") if isinstance(value, dict) else value
    return [one for one in found if one is not None] if isinstance(found, list) else []


Str = Annotated[str, BeforeValidator(_text)]
Moment = Annotated[datetime | None, AfterValidator(lambda at: at.astimezone(UTC) if at else None)]
Int = Annotated[int | None, BeforeValidator(_number)]


class Part(BaseModel):
    """Anything that Shopify sends."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Reference(Part):
    """Something named by its global id."""

    id: Str = ""


class Amount(Part):
    """MoneyV2."""

    amount: Decimal
    currencyCode: Str = ""  # noqa: N815


class Bag(Part):
    """MoneyBag; we speak the shop's own currency."""

    shopMoney: Amount | None = None  # noqa: N815


class Option(Part):
    """A chosen option of a variant."""

    name: Str = ""
    value: Str = ""


class Item(Part):
    """What a variant is in stock."""

    id: Str = ""
    tracked: bool | None = None
    unit_cost: Amount | None = Field(default=None, alias="unitCost")


class StoreVariant(Part):
    """A variant."""

    id: Str
    sku: Str = ""
    barcode: Str = ""
    price: Decimal | None = None
    compare_at: Decimal | None = Field(default=None, alias="compareAtPrice")
    available: bool | None = Field(default=True, alias="availableForSale")
    quantity: Int = Field(default=None, alias="inventoryQuantity")
    requires_components: bool | None = Field(default=False, alias="requiresComponents")
    options: Annotated[list[Option], BeforeValidator(_list)] = Field(default=[], alias="selectedOptions")
    item: Item | None = Field(default=None, alias="inventoryItem")


class Medium(Part):
    """A picture or film."""

    alt: Str = ""


class StoreProduct(Part):
    """A product."""

    id: Str
    handle: Str = ""
    title: Str = ""
    status: Str = ""
    created_at: Moment = Field(default=None, alias="createdAt")
    updated_at: Moment = Field(default=None, alias="updatedAt")
    published_at: Moment = Field(default=None, alias="publishedAt")
    description_html: Str = Field(default="", alias="descriptionHtml")
    product_type: Str = Field(default="", alias="productType")
    vendor: Str = ""
    tags: Annotated[list[Str], BeforeValidator(_list)] = []
    gift_card: bool | None = Field(default=False, alias="isGiftCard")
    url: Str = Field(default="", alias="onlineStoreUrl")
    media: Annotated[list[Medium], BeforeValidator(_list)] = []
    variants: Annotated[list[StoreVariant], BeforeValidator(_list)] = []


class StoreAddress(Part):
    """A postal address."""

    name: Str = ""
    address1: Str = ""
    address2: Str = ""
    city: Str = ""
    region: Str = Field(default="", alias="provinceCode")
    postcode: Str = Field(default="", alias="zip")
    country: Str = Field(default="", alias="countryCodeV2")


class StoreLine(Part):
    """One line of an order."""

    title: Str = ""
    quantity: Int = None
    current: Int = Field(default=None, alias="currentQuantity")
    gift_card: bool | None = Field(default=False, alias="isGiftCard")
    ships: bool | None = Field(default=True, alias="requiresShipping")
    product: Reference | None = None
    variant: Reference | None = None
    unit: Bag | None = Field(default=None, alias="discountedUnitPriceSet")


class Card(Part):
    """CardPaymentDetails."""

    avs: Str = Field(default="", alias="avsResultCode")
    cvv: Str = Field(default="", alias="cvvResultCode")
    bin: Str = ""
    company: Str = ""
    number: Str = ""
    month: Int = Field(default=None, alias="expirationMonth")
    year: Int = Field(default=None, alias="expirationYear")


class Transaction(Part):
    """A payment's step."""

    kind: Str = ""
    status: Str = ""
    gateway: Str = ""
    card: Card | None = Field(default=None, alias="paymentDetails")


class Provider(Part):
    """Who assessed a risk."""

    id: Str = ""
    title: Str = ""


class Assessment(Part):
    """One app's view of an order's risk."""

    risk: Str = Field(default="", alias="riskLevel")
    provider: Provider | None = None


class Risk(Part):
    """All views."""

    assessments: Annotated[list[Assessment], BeforeValidator(_list)] = []


class SupportedAction(Part):
    """Something that can be done with a fulfillment order now."""

    action: Str = ""


class Hold(Part):
    """A hold on a fulfillment order."""

    id: Str = ""
    ours: bool | None = Field(default=False, alias="heldByRequestingApp")


class FulfillmentOrder(Part):
    """What can be put on hold."""

    id: Str
    status: Str = ""
    actions: Annotated[list[SupportedAction], BeforeValidator(_list)] = Field(default=[], alias="supportedActions")
    holds: Annotated[list[Hold], BeforeValidator(_list)] = Field(default=[], alias="fulfillmentHolds")


class Customer(Part):
    """The buyer, as far as we are shown."""

    id: Str = ""
    orders: Int = Field(default=None, alias="numberOfOrders")
    created_at: Moment = Field(default=None, alias="createdAt")
    tags: Annotated[list[Str], BeforeValidator(_list)] = []


class StoreOrder(Part):
    """An order."""

    id: Str
    name: Str = ""
    created_at: Moment = Field(default=None, alias="createdAt")
    updated_at: Moment = Field(default=None, alias="updatedAt")
    cancelled_at: Moment = Field(default=None, alias="cancelledAt")
    cancel_reason: Str = Field(default="", alias="cancelReason")
    test: bool | None = False
    note: Str = ""
    tags: Annotated[list[Str], BeforeValidator(_list)] = []
    email: Str = ""
    phone: Str = ""
    ip: Str = Field(default="", alias="clientIp")
    locale: Str = Field(default="", alias="customerLocale")
    source: Str = Field(default="", alias="sourceName")
    financial: Str = Field(default="", alias="displayFinancialStatus")
    fulfillment: Str = Field(default="", alias="displayFulfillmentStatus")
    discount_codes: Annotated[list[Str], BeforeValidator(_list)] = Field(default=[], alias="discountCodes")
    gateways: Annotated[list[Str], BeforeValidator(_list)] = Field(default=[], alias="paymentGatewayNames")
    total: Bag | None = Field(default=None, alias="currentTotalPriceSet")
    subtotal: Bag | None = Field(default=None, alias="currentSubtotalPriceSet")
    discount: Bag | None = Field(default=None, alias="totalDiscountsSet")
    shipping_cost: Bag | None = Field(default=None, alias="totalShippingPriceSet")
    refunded: Bag | None = Field(default=None, alias="totalRefundedSet")
    billing: StoreAddress | None = Field(default=None, alias="billingAddress")
    shipping: StoreAddress | None = Field(default=None, alias="shippingAddress")
    customer: Customer | None = None
    transactions: Annotated[list[Transaction], BeforeValidator(_list)] = []
    risk: Risk | None = None
    fulfillment_orders: Annotated[list[FulfillmentOrder], BeforeValidator(_list)] = Field(
        default=[], alias="fulfillmentOrders"
    )
    lines: Annotated[list[StoreLine], BeforeValidator(_list)] = Field(default=[], alias="lineItems")


class Metafield(Part):
    """One of the two recommendation lists."""

    value: Str = ""
    digest: Str = Field(default="", alias="compareDigest")
