"""What stores and card schemes say of a payment, in a handful of words."""

from collections.abc import Mapping
from typing import Final

from chalicelib.domain.orders import Order, Payment

# Address verification (AVS) result codes as the card schemes define them; letters that mean "not supported" or
# "retry" say nothing about the buyer.
_AVS: Final[Mapping[str, str]] = {
    **dict.fromkeys("YXDFMJQV", "match"),
    **dict.fromkeys("AZWPBLOKT", "partial match"),
    **dict.fromkeys("NC", "no match"),
    **dict.fromkeys("URSEGI", "not available"),
}
_CVV: Final[Mapping[str, str]] = {"M": "match", "N": "no match", **dict.fromkeys("PSUXI", "not checked")}
# Words in the names of gateways of Shopify and of WooCommerce's payment plug-ins.
_WAYS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("cash", ("cod", "cash", "nachnahme")),
    ("invoice", ("klarna", "afterpay", "clearpay", "affirm", "invoice", "rechnung", "billie", "riverty")),
    ("transfer", ("bacs", "bank", "cheque", "transfer", "sepa", "ideal", "sofort", "multibanco", "deposit")),
    ("wallet", ("paypal", "ppcp", "apple", "google", "amazon", "wallet", "shop pay", "shop_pay", "venmo", "alipay")),
    ("card", ("card", "shopify_payments", "stripe", "adyen", "mollie", "braintree", "square", "worldpay", "bogus")),
)  # fmt: skip
_RISK: Final[Mapping[str, float]] = {"low": 0.1, "medium": 0.5, "high": 0.9}


def avs(payment: Payment) -> str | None:
    """The bank's address check in words, None where there was none or the code is unknown."""
    return _AVS.get(payment.avs_result.strip().upper())


def cvv(payment: Payment) -> str | None:
    """The check of the security code in words, None where there was none or the code is unknown."""
    return _CVV.get(payment.cvv_result.strip().upper())


def paid_with(payment: Payment) -> str | None:
    """The way of paying; a gateway nobody has heard of is ``other``, or a card if it shows one."""
    gateway = payment.gateway.casefold()
    for way, words in _WAYS:
        if any(word in gateway for word in words):
            return way
    if payment.card_last4 or payment.card_bin:
        return "card"
    return "other" if gateway else None


def provider_risk(order: Order) -> float | None:
    """The worst that other providers said, 0 to 1; what we said ourselves does not count."""
    said = [_RISK.get(verdict.risk.strip().lower()) for verdict in order.verdicts if not verdict.ours]
    return max((risk for risk in said if risk is not None), default=None)
