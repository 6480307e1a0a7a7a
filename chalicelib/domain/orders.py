"""Orders as every marketplace has them. Buyer data lives here only in passing; what is kept is hashed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from chalicelib.domain.ids import OrderId, ProductId, VariantId
from chalicelib.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line of an order; ``product_id`` is None where the product is gone or was never one."""

    product_id: ProductId | None
    variant_id: VariantId | None
    quantity: int
    unit_price: Money
    title: str = field(default="", repr=False)
    gift_card: bool = False
    ships: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; every field may be empty (redacted, digital goods, or simply missing)."""

    name: str = field(default="", repr=False)
    line_1: str = field(default="", repr=False)
    line_2: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    region: str = field(default="", repr=False)
    postcode: str = field(default="", repr=False)
    country: str = ""
    """ISO 3166 alpha-2, upper case, or empty."""
    latitude: float | None = field(default=None, repr=False)
    longitude: float | None = field(default=None, repr=False)


class PaymentState(StrEnum):
    """Where the money is."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    PAID = "paid"
    REFUNDED = "refunded"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What the store shows of how it was paid."""

    gateway: str = ""
    avs_result: str = ""
    cvv_result: str = ""
    card_bin: str = field(default="", repr=False)
    card_last4: str = field(default="", repr=False)
    card_expiry: str = field(default="", repr=False)
    card_brand: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What somebody else's screening said of the order."""

    provider: str
    risk: str
    ours: bool = False


_AHEAD = timedelta(days=1)
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order as it stands now. Every personal field may be empty and stays out of ``repr``."""

    id: OrderId
    number: str = ""
    created_at: datetime
    updated_at: datetime
    currency: str
    total: Money
    subtotal: Money | None = None
    discount: Money | None = None
    shipping_cost: Money | None = None
    lines: tuple[OrderLine, ...] = ()
    payment_state: PaymentState = PaymentState.PENDING
    payment: Payment = Payment()
    test: bool = False
    channel: str = ""
    """``web``, ``pos``, ``draft`` or the store's own word."""
    cancelled_at: datetime | None = None
    cancel_reason: str = ""
    fulfilled: bool = False
    refunded: Money | None = None
    held: bool = False
    tags: tuple[str, ...] = ()
    note: str = field(default="", repr=False)
    locale: str = ""
    discount_codes: tuple[str, ...] = ()
    landing_site: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    ip: str = field(default="", repr=False)
    user_agent: str = field(default="", repr=False)
    billing: Address = Address()
    shipping: Address = Address()
    customer_id: str = field(default="", repr=False)
    anonymised: bool = False
    """The store has erased the buyer from it."""
    customer_orders: int | None = None
    """Orders this buyer has placed before and including this one, where the store says."""
    customer_since_at: datetime | None = None
    customer_tags: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    fulfilment_orders: tuple[str, ...] = ()
    """Ids of what can be put on hold, where the store has such things."""
    awaits_routing: bool = False
    """The store has not said yet from where it will be sent, so nothing can be put on hold."""
    hold_mails_buyer: bool = False
    """Whether putting it on hold now makes the store write to the buyer."""
    release_mails_buyer: bool = False
    """Whether releasing it again makes the store write to the buyer."""
    signals: tuple[tuple[str, float | str], ...] = ()
    """Extra columns a merchant gives (``signal_*``)."""


def placed_at(order: Order, told_at: datetime) -> datetime:
    """When an order was placed; a store's clock that is absurd (decades behind, or days ahead of when we were
    told) counts for nothing."""
    return order.created_at if _OLDEST < order.created_at < told_at + _AHEAD else told_at
