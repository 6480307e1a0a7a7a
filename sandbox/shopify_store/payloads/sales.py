"""Bodies about orders and refunds."""

import base64
from decimal import Decimal

from sandbox.shopify_store.orders import fulfillment_status, refunded, total
from sandbox.shopify_store.payloads.amounts import Body, bag, stamp
from sandbox.shopify_store.records import Address, Customer, LineItem, Order, Refund, Transaction, gid
from sandbox.shopify_store.state import State


def order(state: State, record: Order) -> Body:
    """orders/create, updated, paid and cancelled; what the sandbox does not model is null or zero."""
    return {
        **_order_head(state, record),
        **_order_amounts(state, record),
        "billing_address": _address(record.billing_address),
        "customer": _customer(state, record.customer),
        "discount_applications": [],
        "fulfillments": [],
        "line_items": [_line(state, line) for line in record.line_items],
        "payment_terms": None,
        "refunds": [refund(state, one) for one in record.refunds],
        "shipping_address": _address(record.shipping_address),
        "shipping_lines": [],
        "returns": [],
        "line_item_groups": [],
    }


ORDER_NULLS = (
    "app_id", "cart_token", "checkout_token", "confirmation_number", "current_total_additional_fees_set",
    "current_total_duties_set", "device_id", "landing_site", "landing_site_ref", "location_id",
    "merchant_of_record_app_id", "original_total_additional_fees_set", "original_total_duties_set", "phone",
    "po_number", "reference", "referring_site", "source_identifier", "source_url", "user_id",
)  # fmt: skip


def _order_head(state: State, record: Order) -> Body:
    sent = {"UNFULFILLED": None, "FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}
    return {
        "id": record.number,
        "admin_graphql_api_id": gid("Order", record.number),
        **dict.fromkeys(ORDER_NULLS),
        "browser_ip": record.client_ip,
        "buyer_accepts_marketing": False,
        "cancel_reason": record.cancel_reason.lower() if record.cancel_reason else None,
        "cancelled_at": stamp(state, record.cancelled_at),
        "client_details": _client(record),
        "closed_at": stamp(state, record.closed_at),
        "confirmed": True,
        "contact_email": record.email,
        "created_at": stamp(state, record.created_at),
        "currency": state.currency,
        "customer_locale": record.customer_locale,
        "discount_codes": [],
        "duties_included": False,
        "email": record.email,
        "estimated_taxes": False,
        "financial_status": record.financial_status.lower(),
        "fulfillment_status": sent.get(fulfillment_status(record)),
        "merchant_business_entity_id": base64.b64encode(str(state.number).encode()).decode().rstrip("="),
        "name": f"#{record.order_number}",
        "note": record.note,
        "note_attributes": [],
        "number": record.order_number - 1000,
        "order_number": record.order_number,
        "order_status_url": f"https://{state.domain}/{state.number}/orders/{record.number}",
        "payment_gateway_names": [record.gateway],
        "presentment_currency": state.currency,
        "processed_at": stamp(state, record.created_at),
        "source_name": "web",
        "tags": ", ".join(record.tags),
        "tax_exempt": False,
        "tax_lines": [],
        "taxes_included": False,
        "test": record.test,
        "token": f"{record.number:x}",
        "total_weight": 0,
        "updated_at": stamp(state, record.updated_at),
    }


def _client(record: Order) -> Body | None:
    if not record.client_ip and not record.user_agent:
        return None
    return {
        "accept_language": record.customer_locale,
        "browser_height": None,
        "browser_ip": record.client_ip,
        "browser_width": None,
        "session_hash": None,
        "user_agent": record.user_agent,
    }


def _order_amounts(state: State, record: Order) -> Body:
    nothing, sold = Decimal(0), total(record)
    amounts = {
        "current_subtotal_price": sold - refunded(record),
        "current_total_discounts": nothing,
        "current_total_price": sold - refunded(record),
        "current_total_tax": nothing,
        "subtotal_price": sold,
        "total_discounts": nothing,
        "total_line_items_price": sold,
        "total_price": sold,
        "total_tax": nothing,
    }
    bags = {
        "current_shipping_price_set": nothing,
        "total_cash_rounding_payment_adjustment_set": nothing,
        "total_cash_rounding_refund_adjustment_set": nothing,
        "total_shipping_price_set": nothing,
        **{f"{name}_set": amount for name, amount in amounts.items()},
    }
    return {
        **{name: str(state.money(amount)) for name, amount in amounts.items()},
        **{name: bag(state, amount) for name, amount in bags.items()},
        "total_outstanding": str(state.money(nothing)),
        "total_tip_received": str(state.money(nothing)),
    }


def _address(address: Address | None) -> Body | None:
    if address is None:
        return None
    return {
        "first_name": address.first_name,
        "address1": address.address1,
        "phone": "",
        "city": address.city,
        "zip": address.zip,
        "province": "",
        "country": address.country_code,
        "last_name": address.last_name,
        "address2": None,
        "company": None,
        "latitude": None,
        "longitude": None,
        "name": f"{address.first_name} {address.last_name}".strip(),
        "country_code": address.country_code,
        "province_code": "",
    }


def _customer(state: State, buyer: Customer | None) -> Body | None:
    if buyer is None:
        return None
    home = _address(buyer.default_address)
    if home and buyer.default_address:
        extra = {"id": buyer.default_address.number, "customer_id": buyer.number}
        home = {**home, **extra, "country_name": home["country"], "default": True}
        home = {key: value for key, value in home.items() if key not in ("latitude", "longitude")}
    return {
        "id": buyer.number,
        "created_at": stamp(state, buyer.created_at),
        "updated_at": stamp(state, buyer.updated_at),
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "state": "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": buyer.email,
        "phone": None,
        "currency": state.currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", buyer.number),
        "default_address": home,
    }


def _line(state: State, line: LineItem) -> Body:
    waiting = line.quantity - line.refunded - line.fulfilled
    return {
        **_line_core(state, line),
        "attributed_staffs": [],
        "current_quantity": line.quantity - line.refunded,
        "fulfillable_quantity": waiting,
        "sales_line_item_group_id": None,
    }


def _line_core(state: State, line: LineItem) -> Body:
    return {
        "id": line.number,
        "admin_graphql_api_id": gid("LineItem", line.number),
        "fulfillable_quantity": line.quantity - line.refunded - line.fulfilled,
        "fulfillment_service": "manual",
        "fulfillment_status": "fulfilled" if line.fulfilled == line.quantity else None,
        "gift_card": bool(line.product and line.product.is_gift_card),
        "grams": 0,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "price": str(state.money(line.unit_price)),
        "price_set": bag(state, line.unit_price),
        "product_exists": line.product is not None,
        "product_id": line.product.number if line.product else None,
        "properties": [],
        "quantity": line.quantity,
        "requires_shipping": True,
        "sku": line.sku,
        "taxable": True,
        "title": line.title,
        "total_discount": str(state.money(Decimal(0))),
        "total_discount_set": bag(state, Decimal(0)),
        "variant_id": line.variant.number if line.variant else None,
        "variant_inventory_management": "shopify"
        if line.variant and line.variant.inventory_item.tracked
        else None,
        "variant_title": line.variant_title,
        "vendor": line.vendor or None,
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    }


def refund(state: State, record: Refund) -> Body:
    """refunds/create, and a refund inside an order."""
    return {
        "id": record.number,
        "order_id": record.order.number,
        "created_at": stamp(state, record.created_at),
        "note": record.note,
        "user_id": state.number,
        "processed_at": stamp(state, record.created_at),
        "duties": [],
        "total_duties_set": bag(state, Decimal(0)),
        "return": None,
        "refund_shipping_lines": [],
        "restock": False,
        "admin_graphql_api_id": gid("Refund", record.number),
        "order_adjustments": [],
        "refund_line_items": [
            {
                "id": line.number,
                "quantity": line.quantity,
                "line_item_id": line.line_item.number,
                "location_id": None,
                "restock_type": "no_restock",
                "subtotal": float(line.subtotal),
                "total_tax": 0,
                "subtotal_set": bag(state, line.subtotal),
                "total_tax_set": bag(state, Decimal(0)),
                "line_item": _line_core(state, line.line_item),
            }
            for line in record.lines
        ],
        "transactions": [
            _transaction(state, record.order, one)
            for one in record.order.transactions
            if one.transaction_kind == "REFUND" and one.created_at == record.created_at
        ],
    }


def _transaction(state: State, record: Order, payment: Transaction) -> Body:
    zero = {"amount": str(state.money(Decimal(0))), "currency": state.currency}
    nulls = ("message", "authorization", "location_id", "user_id", "parent_id", "device_id", "error_code")
    return {
        "id": payment.number,
        "order_id": record.number,
        "kind": payment.transaction_kind.lower(),
        "gateway": payment.gateway,
        "status": payment.status.lower(),
        "created_at": stamp(state, payment.created_at),
        "test": payment.test,
        **dict.fromkeys(nulls),
        "processed_at": stamp(state, payment.created_at),
        "source_name": "web",
        "receipt": {},
        "amount": str(state.money(payment.amount)),
        "currency": state.currency,
        "payment_id": f"#{record.order_number}.1",
        "total_unsettled_set": {"presentment_money": zero, "shop_money": zero},
        "manual_payment_gateway": False,
        "amount_rounding": None,
        "admin_graphql_api_id": gid("OrderTransaction", payment.number),
    }
