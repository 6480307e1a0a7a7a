"""An order as wc/v3 shows it; the field set and order are those of bodies captured from 9.9.5."""

from decimal import Decimal
from typing import Any

from sandbox.woocommerce_store.rows import Line, Note, Order, Refund
from sandbox.woocommerce_store.shop import Shop, render_meta
from sandbox.woocommerce_store.site import WOOCOMMERCE_VERSION, link, self_link

BILLING = (
    "first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country",
    "email", "phone",
)  # fmt: skip
SHIPPING = (
    "first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country",
    "phone",
)  # fmt: skip


def total(order: Order) -> Decimal:
    """Give what the buyer owes, before refunds."""
    return sum((line.total for line in order.lines), Decimal(0))


def refunded(order: Order) -> Decimal:
    """Give what was paid back."""
    return sum((refund.amount for refund in order.refunds), Decimal(0))


def render_order(shop: Shop, order: Order) -> dict[str, Any]:
    """Give the body of ``orders/{id}``, which is also every order webhook's body."""
    return {
        **_head(shop, order),
        **_totals(shop, order),
        **_buyer(order),
        **_payment(shop, order),
        **_contents(shop, order),
        **_tail(shop, order),
    }


def render_note(shop: Shop, order: Order, note: Note) -> dict[str, Any]:
    """Give the body of ``orders/{id}/notes/{id}``."""
    path = f"orders/{order.id}/notes"
    return {
        "id": note.id,
        "author": note.author,
        "date_created": shop.site.local(note.created_at),
        "date_created_gmt": shop.site.gmt(note.created_at),
        "note": note.text,
        "customer_note": note.customer_note,
        "_links": {
            "self": self_link(shop.site, f"{path}/{note.id}"),
            "collection": link(shop.site, path),
            "up": link(shop.site, f"orders/{order.id}"),
        },
    }


def render_refund(shop: Shop, order: Order, refund: Refund) -> dict[str, Any]:
    """Give the body of ``orders/{id}/refunds/{id}``."""
    path = f"orders/{order.id}/refunds"
    return {
        "id": refund.id,
        "parent_id": order.id,
        "date_created": shop.site.local(refund.created_at),
        "date_created_gmt": shop.site.gmt(refund.created_at),
        "amount": shop.site.amount(refund.amount),
        "reason": refund.reason,
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": [],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_links": {
            "self": self_link(shop.site, f"{path}/{refund.id}"),
            "collection": link(shop.site, path),
            "up": link(shop.site, f"orders/{order.id}"),
        },
    }


def _head(shop: Shop, order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "parent_id": 0,
        "status": order.status,
        "currency": order.currency,
        "version": WOOCOMMERCE_VERSION,
        "prices_include_tax": False,
        "date_created": shop.site.local(order.created_at),
        "date_modified": shop.site.local(order.modified_at),
    }


def _totals(shop: Shop, order: Order) -> dict[str, Any]:
    zero = shop.site.amount(Decimal(0))
    discount = sum((line.subtotal - line.total for line in order.lines), Decimal(0))
    return {
        "discount_total": shop.site.amount(discount),
        "discount_tax": zero,
        "shipping_total": zero,
        "shipping_tax": zero,
        "cart_tax": zero,
        "total": shop.site.amount(total(order)),
        "total_tax": zero,
    }


def _buyer(order: Order) -> dict[str, Any]:
    return {
        "customer_id": order.customer_id,
        "order_key": order.order_key,
        "billing": {name: order.billing.get(name, "") for name in BILLING},
        "shipping": {name: order.shipping.get(name, "") for name in SHIPPING},
    }


def _payment(shop: Shop, order: Order) -> dict[str, Any]:
    return {
        "payment_method": order.payment_method,
        "payment_method_title": order.payment_method_title,
        "transaction_id": order.transaction_id,
        "customer_ip_address": order.customer_ip_address,
        "customer_user_agent": order.customer_user_agent,
        "created_via": order.created_via,
        "customer_note": order.customer_note,
        "date_completed": shop.site.local(order.completed_at),
        "date_paid": shop.site.local(order.paid_at),
        "cart_hash": "",
        "number": str(order.id),
        "meta_data": render_meta(order.meta_data),
    }


def _contents(shop: Shop, order: Order) -> dict[str, Any]:
    return {
        "line_items": [_line(shop, line) for line in order.lines],
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [
            {"id": refund.id, "reason": refund.reason, "total": f"-{shop.site.amount(refund.amount)}"}
            for refund in order.refunds
        ],
    }


def _tail(shop: Shop, order: Order) -> dict[str, Any]:
    site, path = shop.site, f"orders/{order.id}"
    links: dict[str, Any] = {
        "self": self_link(site, path),
        "collection": link(site, "orders"),
        "email_templates": [{"embeddable": True, "href": site.rest(f"{path}/actions/email_templates")}],
    }
    if order.customer_id:
        links["customer"] = link(site, f"customers/{order.customer_id}")
    pay = f"{site.url}/checkout/order-pay/{order.id}/?pay_for_order=true&key={order.order_key}"
    return {
        "payment_url": pay,
        "is_editable": order.status in {"pending", "on-hold", "auto-draft"},
        "needs_payment": order.status in {"pending", "failed"} and total(order) > 0,
        "needs_processing": bool(order.lines),
        "date_created_gmt": site.gmt(order.created_at),
        "date_modified_gmt": site.gmt(order.modified_at),
        "date_completed_gmt": site.gmt(order.completed_at),
        "date_paid_gmt": site.gmt(order.paid_at),
        "currency_symbol": site.symbol,
        "_links": links,
    }


def _line(shop: Shop, line: Line) -> dict[str, Any]:
    zero, product = shop.site.amount(Decimal(0)), shop.products.get(line.variation_id or line.product_id)
    image = product.images[0] if product and product.images else None
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": shop.site.amount(line.subtotal),
        "subtotal_tax": zero,
        "total": shop.site.amount(line.total),
        "total_tax": zero,
        "taxes": [],
        "meta_data": _line_meta(line),
        "sku": line.sku,
        "price": line.total / line.quantity if line.quantity else 0,
        "image": {"id": image.id, "src": image.src} if image else {"id": 0, "src": ""},
        "parent_name": line.parent_name,
    }


def _line_meta(line: Line) -> list[dict[str, Any]]:
    shown = [(name.lower(), value, name) for name, value in line.options]
    if line.reduced_stock:
        shown.append(("_reduced_stock", str(line.reduced_stock), "_reduced_stock"))
    return [
        {"id": line.meta_id + place, "key": key, "value": value, "display_key": label, "display_value": value}
        for place, (key, value, label) in enumerate(shown)
    ]
