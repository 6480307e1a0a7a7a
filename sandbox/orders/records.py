"""One simulated order as a flat record, with the column names that the backtest reads."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class OrderRecord:
    """An order as its store shows it (None: not shown) and, kept apart at the end, the truth behind it."""

    order_id: str = ""
    shop: str
    created_at: datetime
    total: float
    currency: str
    units: int
    lines: int
    top_share: float
    resale_share: float
    digital_share: float
    discount_share: float
    shipping_express: bool = False
    gift: bool = False
    email: str | None = None
    phone_given: bool = True
    ip: str | None = None
    ip_country: str | None = None
    customer_id: str | None = None
    account_age_days: float | None = None
    customer_orders: int | None = None
    billing_country: str | None = None
    shipping_country: str | None = None
    billing_address: str | None = None
    shipping_address: str | None = None
    card: str | None = None
    payment_method: str = "card"
    avs: str | None = None
    cvv: str | None = None
    failed_payments: int | None = None
    provider_risk: float | None = None
    channel: str = "web"
    locale: str = "en"
    # the truth; never an input
    is_fraud: bool = False
    attack: str = ""
    buyer_kind: str = ""
    label_at: datetime | None = None
    margin_share: float = 0.4


LOCALES = {
    "DE": "de",
    "AT": "de",
    "CH": "de",
    "FR": "fr",
    "BE": "fr",
    "ES": "es",
    "MX": "es",
    "JP": "ja",
    "CN": "zh",
}


def redact(order: OrderRecord, visibility: str) -> OrderRecord:
    """Drops what this kind of store does not show: WooCommerce knows no AVS, a redacted shop knows little."""
    if visibility in {"woo", "redacted"}:
        order.avs = order.cvv = order.card = order.provider_risk = None
        order.failed_payments = None
    if visibility == "redacted":
        order.email = order.billing_address = order.shipping_address = order.ip = order.ip_country = None
    return order
