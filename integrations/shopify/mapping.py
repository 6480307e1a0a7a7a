"""Theirs to ours: Shopify's answers as products and orders of our domain, ids without ``gid://``."""

import json
import re
from decimal import Decimal

from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.ids import OrderId, ProductId, VariantId
from chalicelib.domain.money import Money, decimals
from chalicelib.domain.orders import Address, Order, OrderLine, Payment, PaymentState, Verdict
from chalicelib.errors import Gone
from integrations.shopify.answers import (
    EPOCH,
    Amount,
    Bag,
    Card,
    Reference,
    StoreAddress,
    StoreLine,
    StoreOrder,
    StoreProduct,
    StoreVariant,
)

_GID = re.compile(r"gid://shopify/([A-Za-z]+)/([0-9]+)")
_STATES = {
    "AUTHORIZED": PaymentState.AUTHORISED, "PAID": PaymentState.PAID, "PARTIALLY_PAID": PaymentState.PAID,
    "PARTIALLY_REFUNDED": PaymentState.PAID, "REFUNDED": PaymentState.REFUNDED, "VOIDED": PaymentState.VOIDED,
    "EXPIRED": PaymentState.VOIDED,
}  # fmt: skip
_CHANNELS = {"shopify_draft_order": "draft"}


def gid(kind: str, number: str) -> str:
    """A global id. Raises Gone: what is not a number has never existed there."""
    if number.startswith(f"gid://shopify/{kind}/"):
        number = number.rpartition("/")[2]
    if not (number.isascii() and number.isdigit() and len(number) <= 20):
        raise Gone(detail=f"not the id of a {kind}")
    return f"gid://shopify/{kind}/{number}"


def number(global_id: str) -> str:
    """The number inside a global id, by which our domain knows the object."""
    found = _GID.match(global_id)
    return found[2] if found else global_id


def product(found: StoreProduct, currency: str) -> Product:
    """One product with the variants that came along."""
    visible = found.status == "ACTIVE" and found.published_at is not None
    return Product(
        id=ProductId(number(found.id)),
        handle=found.handle,
        title=found.title,
        status=ProductStatus.PUBLISHED if visible else ProductStatus.HIDDEN,
        updated_at=found.updated_at or EPOCH,
        created_at=found.created_at,
        description_html=found.description_html,
        product_type=found.product_type,
        vendor=found.vendor,
        tags=tuple(found.tags),
        variants=tuple(variant(one, currency) for one in found.variants),
        image_alts=tuple(medium.alt for medium in found.media if medium.alt),
        gift_card=bool(found.gift_card),
        bundle=any(one.requires_components for one in found.variants),
        url=found.url,
    )


def variant(found: StoreVariant, currency: str) -> Variant:
    """One variant; its amounts are in the shop's currency."""
    item = found.item
    return Variant(
        id=VariantId(number(found.id)),
        sku=found.sku,
        barcode=found.barcode,
        price=_money(found.price, currency),
        compare_at=_money(found.compare_at, currency),
        cost=_amount(item.unit_cost) if item else None,
        stock=found.quantity if item and item.tracked else None,
        sellable=found.available is not False,
        options=tuple((one.name, one.value) for one in found.options),
        inventory_item=number(item.id) if item else "",
    )


def order(found: StoreOrder, currency: str, app_id: str = "") -> Order:
    """One order; every personal field may be empty. ``app_id`` tells our own verdicts."""
    total = _bag(found.total) or Money(Decimal(0), currency)
    buyer = found.customer
    return Order(
        id=OrderId(number(found.id)),
        number=found.name,
        created_at=found.created_at or EPOCH,
        updated_at=found.updated_at or EPOCH,
        currency=total.currency,
        total=total,
        subtotal=_bag(found.subtotal),
        discount=_bag(found.discount),
        shipping_cost=_bag(found.shipping_cost),
        lines=tuple(line(one, total.currency) for one in found.lines),
        payment_state=_STATES.get(found.financial, PaymentState.PENDING),
        payment=_payment(found),
        test=bool(found.test),
        channel=_CHANNELS.get(found.source, found.source),
        cancelled_at=found.cancelled_at,
        cancel_reason=found.cancel_reason.lower(),
        fulfilled=found.fulfillment == "FULFILLED",
        refunded=_bag(found.refunded),
        held=any(one.holds for one in found.fulfillment_orders),
        tags=tuple(found.tags),
        note=found.note,
        locale=found.locale,
        discount_codes=tuple(found.discount_codes),
        email=found.email,
        phone=found.phone,
        ip=found.ip,
        billing=_address(found.billing),
        shipping=_address(found.shipping),
        customer_id=number(buyer.id) if buyer else "",
        customer_orders=buyer.orders if buyer else None,
        customer_since_at=buyer.created_at if buyer else None,
        customer_tags=tuple(buyer.tags) if buyer else (),
        verdicts=_verdicts(found, app_id),
        fulfilment_orders=tuple(number(one.id) for one in found.fulfillment_orders),
        signals=_signals(found),
        awaits_routing=not found.fulfillment_orders and found.fulfillment == "UNFULFILLED",
    )


def line(found: StoreLine, currency: str) -> OrderLine:
    """One line; the price is what the buyer paid for one, discounts taken off."""
    return OrderLine(
        product_id=ProductId(number(found.product.id)) if _named(found.product) and found.product else None,
        variant_id=VariantId(number(found.variant.id)) if _named(found.variant) and found.variant else None,
        quantity=found.current if found.current is not None else found.quantity or 0,
        unit_price=_bag(found.unit) or Money(Decimal(0), currency),
        title=found.title,
        gift_card=bool(found.gift_card),
        ships=found.ships is not False,
    )


def reference_list(value: str) -> tuple[str, ...]:
    """The product numbers of a list.product_reference value; what cannot be read is no list."""
    try:
        found = json.loads(value) if value else []
    except (ValueError, RecursionError):
        return ()
    return tuple(number(one) for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount with the digits its currency has."""
    return f"{amount:.{decimals(currency)}f}"


def _named(reference: Reference | None) -> bool:
    return reference is not None and bool(reference.id)


def _money(amount: Decimal | None, currency: str) -> Money | None:
    try:
        return None if amount is None else Money(amount, currency)
    except ValueError:
        return None


def _amount(found: Amount | None) -> Money | None:
    return _money(found.amount, found.currencyCode) if found else None


def _bag(found: Bag | None) -> Money | None:
    return _amount(found.shopMoney) if found else None


def _payment(found: StoreOrder) -> Payment:
    """The last card that was tried, as far as the store shows it."""
    cards = [(step.gateway, step.card) for step in found.transactions if step.card is not None]
    gateway, card = cards[-1] if cards else (found.gateways[0] if found.gateways else "", Card())
    expiry = f"{card.month:02d}/{card.year}" if card.month and card.year else ""
    return Payment(
        gateway=gateway,
        avs_result=card.avs,
        cvv_result=card.cvv,
        card_bin=card.bin,
        card_last4=card.number[-4:] if card.number[-4:].isdigit() else "",
        card_expiry=expiry,
        card_brand=card.company,
    )


def _signals(found: StoreOrder) -> tuple[tuple[str, float], ...]:
    """Tries to pay that failed before one went through; nothing where the store shows no payments."""
    if not found.transactions:
        return ()
    tries = [step for step in found.transactions if step.kind in {"SALE", "AUTHORIZATION"}]
    return (("failed_payments", float(sum(step.status in {"FAILURE", "ERROR"} for step in tries))),)


def _address(found: StoreAddress | None) -> Address:
    if found is None:
        return Address()
    return Address(
        name=found.name,
        line_1=found.address1,
        line_2=found.address2,
        city=found.city,
        region=found.region,
        postcode=found.postcode,
        country=found.country.upper(),
    )


def _verdicts(found: StoreOrder, app_id: str) -> tuple[Verdict, ...]:
    """Every app's view; one without a provider is Shopify's own."""
    return tuple(
        Verdict(
            provider=one.provider.title if one.provider else "Shopify",
            risk=one.risk.lower(),
            ours=one.provider is not None and bool(app_id) and one.provider.id == app_id,
        )
        for one in (found.risk.assessments if found.risk else [])
    )
