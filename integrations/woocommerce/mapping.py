"""Theirs to ours: WooCommerce's answers as products, orders and snapshots of our domain."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from html import unescape

from chalicelib.domain.actions import Slot, Value
from chalicelib.domain.catalogue import Product, ProductStatus, Text, Variant
from chalicelib.domain.ids import OrderId, ProductId, VariantId
from chalicelib.domain.money import Money, decimals
from chalicelib.domain.orders import Address, Order, OrderLine, Payment, PaymentState, Verdict
from integrations.woocommerce.answers import (
    EPOCH,
    Image,
    StoreAddress,
    StoreLine,
    StoreOrder,
    StoreProduct,
    amount_of,
)

RISK_META = "_tradewind_risk"
LIST_OF = {Slot.COMPLEMENTARY: "cross_sell_ids", Slot.RELATED: "upsell_ids"}
TEXTS = {"title": "name", "description": "description", "short_description": "short_description"}
"""Our keys for translatable fields, and WooCommerce's names for them."""
SEO = {
    "meta_title": ("_yoast_wpseo_title", "rank_math_title"),
    "meta_description": ("_yoast_wpseo_metadesc", "rank_math_description"),
}
"""Where Yoast SEO and Rank Math keep what search engines show; WooCommerce itself has no such fields."""

MAILED_ON_HOLD = frozenset({"pending", "failed", "cancelled"})
"""From these statuses WooCommerce tells the buyer of on-hold (``WC_Emails::init_transactional_emails``); from
processing it tells nobody. On the way back, on-hold to processing, it always does."""

_COST_META = frozenset({"_wc_cog_cost", "_alg_wc_cog_cost"})
_BUNDLES = frozenset({"grouped", "bundle", "composite", "woosb"})
_CHANNELS = {"checkout": "web", "store-api": "web", "admin": "draft"}


def product(found: StoreProduct, variations: Sequence[StoreProduct], currency: str) -> Product:
    """One product; a simple one is its own single variant."""
    sold = variations if found.type == "variable" else (found,)
    visible = found.status == "publish" and found.catalog_visibility != "hidden" and not found.post_password
    return Product(
        id=ProductId(str(found.id)),
        handle=found.slug,
        title=unescape(found.name),
        status=ProductStatus.PUBLISHED if visible else ProductStatus.HIDDEN,
        updated_at=changed_at(found),
        created_at=found.date_created_gmt,
        description_html=found.description or found.short_description,
        product_type=unescape(found.categories[0].name) if found.categories else "",
        vendor=unescape(found.brands[0].name) if found.brands else "",
        tags=tuple(unescape(tag.name) for tag in found.tags),
        variants=tuple(variant(one, currency) for one in sold),
        image_alts=tuple(image.alt for image in found.images if image.alt),
        gift_card="gift" in found.type,
        bundle=found.type in _BUNDLES,
        parent=ProductId(str(found.parent_id)) if found.type == "variation" else None,
        url=found.permalink,
    )


def changed_at(found: StoreProduct | StoreOrder) -> datetime:
    """When it last changed; a row without dates is as old as can be."""
    return found.date_modified_gmt or found.date_created_gmt or EPOCH


def variant(found: StoreProduct, currency: str) -> Variant:
    """The buyable form: of a variation, or of a simple product itself."""
    counted = found.manage_stock not in (False, None, "") and found.stock_quantity is not None
    return Variant(
        id=VariantId(str(found.id)),
        sku=found.sku,
        barcode=found.global_unique_id,
        price=money(found.price, currency),
        compare_at=money(found.regular_price, currency) if found.on_sale else None,
        cost=money(_cost(found), currency),
        stock=int(found.stock_quantity) if counted and found.stock_quantity is not None else None,
        sellable=found.stock_status != "outofstock" and found.purchasable is not False,
        options=tuple((one.name, one.option) for one in found.attributes if one.option),
    )


def order(found: StoreOrder, currency: str) -> Order:
    """One order; every personal field may be empty."""
    paid = currency_of(found.currency, currency)
    return Order(
        id=OrderId(str(found.id)),
        number=found.number,
        created_at=found.date_created_gmt or EPOCH,
        updated_at=changed_at(found),
        currency=paid,
        total=_owed(found.total, paid),
        discount=money(found.discount_total, paid),
        shipping_cost=money(found.shipping_total, paid),
        lines=tuple(_line(line, paid, tax=bool(found.prices_include_tax)) for line in found.line_items),
        payment_state=_payment_state(found),
        payment=_payment(found),
        channel=_CHANNELS.get(found.created_via, found.created_via),
        cancelled_at=changed_at(found) if found.status == "cancelled" else None,
        fulfilled=found.status == "completed",
        refunded=_owed(sum((abs(r.total or Decimal(0)) for r in found.refunds), Decimal(0)), paid),
        held=found.status == "on-hold",
        note=found.customer_note,
        locale=_meta(found, "wpml_language") or _meta(found, "_buyer_locale"),
        discount_codes=tuple(coupon.code for coupon in found.coupon_lines if coupon.code),
        email=found.billing.email,
        phone=found.billing.phone,
        ip=found.customer_ip_address,
        user_agent=found.customer_user_agent,
        billing=_address(found.billing),
        shipping=_address(found.shipping),
        customer_id=str(found.customer_id) if found.customer_id else "",
        anonymised=_meta(found, "_anonymized") == "yes",
        verdicts=_verdicts(found),
        hold_mails_buyer=found.status in MAILED_ON_HOLD,
        release_mails_buyer=True,
    )


def price_value(found: StoreProduct, currency: str) -> Value:
    """The price as a snapshot holds it, in the currency's own decimals; None where it has no own price."""
    if found.price is None:
        return None
    compare_at = found.regular_price if found.on_sale else None
    return {
        "price": amount_text(found.price, currency),
        "compare_at": None if compare_at is None else amount_text(compare_at, currency),
        "currency": currency,
    }


def price_detail(found: StoreProduct) -> tuple[tuple[str, str], ...]:
    """The four fields that a price is made of, to put back exactly."""
    return (
        ("regular_price", "" if found.regular_price is None else str(found.regular_price)),
        ("sale_price", "" if found.sale_price is None else str(found.sale_price)),
        ("date_on_sale_from_gmt", found.date_on_sale_from_gmt),
        ("date_on_sale_to_gmt", found.date_on_sale_to_gmt),
    )


def recommendations(found: StoreProduct, slot: Slot) -> tuple[str, ...] | None:
    """One of the two lists, or None when it is empty."""
    ids = found.cross_sell_ids if slot is Slot.COMPLEMENTARY else found.upsell_ids
    return tuple(str(one) for one in ids) or None


def texts(found: StoreProduct) -> tuple[Text, ...]:
    """The translatable fields that are not empty, with our own digest: the store has none."""
    held = {meta.key: str(meta.value or "") for meta in found.meta_data}
    pairs = [(key, getattr(found, name)) for key, name in TEXTS.items()]
    pairs += [(key, held.get(name, "")) for key, name in seo_places(found).items()]
    return tuple(text(key, value) for key, value in pairs if value)


def text(key: str, value: str) -> Text:
    """A text with its digest, which WooCommerce has none of."""
    return Text(key=key, value=value, digest=sha256(value.encode()).hexdigest())


def alts(found: StoreProduct, twin: StoreProduct | None) -> dict[str, tuple[Image, Image]]:
    """Per alt text the original's picture and the translation's, by a key that names the original's.

    Only where each language has pictures of its own: one that both share has one alt text for both.
    """
    theirs = twin.images if twin else []
    ours = {image.id for image in found.images}
    if len(theirs) != len(found.images) or any(not image.id or image.id in ours for image in theirs):
        return {}
    pairs = zip(found.images, theirs, strict=True)
    return {f"alt@MediaImage/{image.id}": (image, other) for image, other in pairs if image.id and image.alt}


def seo_places(found: StoreProduct) -> dict[str, str]:
    """Per SEO field the meta data that the shop's own plug-in keeps it in; fields without words are left out."""
    held = {meta.key for meta in found.meta_data if isinstance(meta.value, str) and meta.value.strip()}
    chosen = {key: next((name for name in names if name in held), "") for key, names in SEO.items()}
    return {key: name for key, name in chosen.items() if name}


def risk_of(found: StoreOrder) -> str | None:
    """The risk level that we left on the order."""
    return _meta(found, RISK_META) or None


def money(amount: Decimal | None, currency: str) -> Money | None:
    """Money, or None where there is none or it cannot be money."""
    try:
        return None if amount is None else Money(amount, currency)
    except ValueError:
        return None


def _owed(amount: Decimal | None, currency: str) -> Money:
    """An amount that must be there; where the store sends none, or an absurd one, it is nothing."""
    return money(amount, currency) or Money(Decimal(0), currency)


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount with the digits its currency has."""
    return f"{amount:.{decimals(currency)}f}"


def currency_of(text: str, otherwise: str) -> str:
    """The order's own currency, or the shop's where the order has none."""
    known = text.isascii() and text.isalpha() and len(text) == 3
    return text.upper() if known else otherwise


def _cost(found: StoreProduct) -> Decimal | None:
    """Cost of goods: WooCommerce's own field where the feature is on, else the two usual plug-ins' meta."""
    own = amount_of(found.cost_of_goods_sold.get("total_value"))
    plugged = (amount_of(meta.value) for meta in found.meta_data if meta.key in _COST_META)
    return own if own is not None else next(plugged, None)


def _line(line: StoreLine, currency: str, *, tax: bool) -> OrderLine:
    total = (line.total or Decimal(0)) + ((line.total_tax or Decimal(0)) if tax else Decimal(0))
    unit = total / line.quantity if line.quantity > 0 else line.price or Decimal(0)
    return OrderLine(
        product_id=ProductId(str(line.product_id)) if line.product_id else None,
        variant_id=VariantId(str(line.variation_id or line.product_id)) if line.product_id else None,
        quantity=line.quantity,
        unit_price=_owed(unit, currency).rounded(),
        title=line.name,
    )


def _payment_state(found: StoreOrder) -> PaymentState:
    if found.status == "refunded":
        return PaymentState.REFUNDED
    if found.status in {"cancelled", "failed"}:
        return PaymentState.VOIDED
    return PaymentState.PAID if found.date_paid_gmt else PaymentState.PENDING


def _payment(found: StoreOrder) -> Payment:
    """Card facts, where a payment plug-in leaves them in the order's meta data."""
    return Payment(
        gateway=found.payment_method,
        avs_result=_meta(found, "_avs_result"),
        cvv_result=_meta(found, "_cvv_result"),
        card_bin=_meta(found, "_card_bin"),
        card_last4=_meta(found, "_card_last4"),
    )


def _address(found: StoreAddress) -> Address:
    return Address(
        name=f"{found.first_name} {found.last_name}".strip(),
        line_1=found.address_1,
        line_2=found.address_2,
        city=found.city,
        region=found.state,
        postcode=found.postcode,
        country=found.country.upper(),
    )


def _meta(found: StoreOrder, key: str) -> str:
    return next((str(meta.value) for meta in found.meta_data if meta.key == key and meta.value), "")


def _verdicts(found: StoreOrder) -> tuple[Verdict, ...]:
    risk = risk_of(found)
    return (Verdict(provider="Tradewind", risk=risk, ours=True),) if risk else ()
