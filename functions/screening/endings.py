"""How orders end, told by events: what learning goes by.

    a bank disputes a payment as fraud, and does not lose    fraud
    the merchant cancels because of fraud                    fraud
    a person releases the order, or dismisses the warning    fine (noted where people decide)
    the hold is lifted in the store itself                   fine
    a bank's dispute is won                                  fine
    cancelled for another reason, paid back whole            not known: never taken for fine
    nothing, for as long as a chargeback may take            fine (so the trainer reads silence)
"""

from typing import Final

from chalicelib.contracts import OrderOutcome
from chalicelib.domain.events import EventKind, StoreEvent
from chalicelib.domain.orders import Order, PaymentState

FRAUD_REASONS: Final = frozenset({"fraudulent", "unrecognized", "fraud"})
"""Shopify's dispute reasons that say "this was not me"; the others are about goods and service."""
BY_MERCHANT: Final = "merchant"
"""As a dispute's type: a person told us on our own pages."""


def told(event: StoreEvent, order: Order) -> OrderOutcome | None:
    """What the event says of the order's end; None where it says nothing."""
    if event.kind is EventKind.DISPUTE_CHANGED:
        return _disputed(event, order)
    if order.cancelled_at is not None:
        if order.cancel_reason.casefold() in FRAUD_REASONS:
            return _ended(order, True, "cancelled_fraud")
        return _ended(order, None, "cancelled")
    if order.payment_state is PaymentState.REFUNDED:
        return _ended(order, None, "refunded")
    return None


def _disputed(event: StoreEvent, order: Order) -> OrderOutcome | None:
    """``detail`` is type/reason/status."""
    kind, _, rest = event.detail.casefold().partition("/")
    reason, _, status = rest.partition("/")
    if kind == BY_MERCHANT:
        return _ended(order, reason in FRAUD_REASONS, "cancelled_told")
    if reason not in FRAUD_REASONS:
        return _ended(order, None, "disputed")
    return _ended(order, False, "dispute_won") if status == "won" else _ended(order, True, "dispute_fraud")


def _ended(order: Order, label: bool | None, source: str) -> OrderOutcome:
    return OrderOutcome(order_id=order.id, at=order.created_at, features={}, label=label, source=source)
