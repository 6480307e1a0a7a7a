"""Webhook bodies, in the shape of Shopify's documented payloads for API version 2026-10."""

import base64
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shopify_store.orders import fulfillment_status, refunded, total
from sandbox.shopify_store.products import available
from sandbox.shopify_store.records import (
    Address,
    BulkOperation,
    Customer,
    Dispute,
    FulfillmentOrder,
    InventoryItem,
    LineItem,
    Order,
    Product,
    Refund,
    Transaction,
    Variant,
    gid,
)
from sandbox.shopify_store.seeding import variant_title
from sandbox.shopify_store.shop import LOCATION_NUMBER
from sandbox.shopify_store.state import State

type Body = dict[str, Any]

MANY_VARIANTS = 100


def stamp(state: State, moment: datetime | None) -> str | None:
    """Webhooks carry local times of the shop with their offset."""
    return moment.astimezone(ZoneInfo(state.timezone)).isoformat() if moment else None


def product(state: State, record: Product) -> Body:
    """products/create and products/update; above 100 variants only their ids are sent."""
    full = len(record.variants) <= MANY_VARIANTS
    images = [_image(state, record, position) for position in range(len(record.images))]
    return {
        "admin_graphql_api_id": gid("Product", record.number),
        "body_html": record.description_html,
        "created_at": stamp(state, record.created_at),
        "handle": record.handle,
        "id": record.number,
        "product_type": record.product_type,
        "published_at": stamp(state, record.published_at),
        "template_suffix": None,
        "title": record.title,
        "updated_at": stamp(state, record.updated_at),
        "vendor": record.vendor,
        "status": record.status.lower(),
        "published_scope": "web",
        "tags": ", ".join(record.tags),
        "variants": [_variant(state, one) for one in record.variants] if full else [],
        "options": [_option(record, position) for position in range(len(record.options))],
        "images": images,
        "image": images[0] if images else None,
        "media": [_medium(state, record, position) for position in range(len(record.images))],
        "variant_gids": [
            {
                "admin_graphql_api_id": gid("ProductVariant", one.number),
                "updated_at": one.updated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            }
            for one in record.variants
        ],
        "has_variants_that_requires_components": False,
        "category": None,
    }


def _variant(state: State, variant: Variant) -> Body:
    choices = [value for _, value in variant.choices] + [None, None, None]
    return {
        "admin_graphql_api_id": gid("ProductVariant", variant.number),
        "barcode": variant.barcode,
        "compare_at_price": None if variant.compare_at_price is None else str(variant.compare_at_price),
        "created_at": stamp(state, variant.created_at),
        "id": variant.number,
        "inventory_policy": variant.inventory_policy.lower(),
        "position": variant.position,
        "price": str(variant.price),
        "product_id": variant.product.number,
        "sku": variant.sku,
        "taxable": variant.taxable,
        "title": variant_title(variant),
        "updated_at": stamp(state, variant.updated_at),
        "option1": choices[0],
        "option2": choices[1],
        "option3": choices[2],
        "image_id": None,
        "inventory_item_id": variant.inventory_item.number,
        "inventory_quantity": variant.inventory_item.quantity,
        "old_inventory_quantity": variant.inventory_item.quantity,
    }


def _option(record: Product, position: int) -> Body:
    option = record.options[position]
    return {
        "name": option.name,
        "id": option.number,
        "product_id": record.number,
        "position": option.position,
        "values": [value.name for value in option.values],
    }


def _image(state: State, record: Product, position: int) -> Body:
    image = record.images[position]
    return {
        "id": image.number,
        "product_id": record.number,
        "position": position + 1,
        "alt": image.alt,
        "width": 600,
        "height": 600,
        "src": f"https://{state.domain}/images/{image.number}.svg",
        "variant_ids": [],
        "created_at": stamp(state, image.created_at),
        "updated_at": stamp(state, image.created_at),
        "admin_graphql_api_id": gid("MediaImage", image.number),
    }


def _medium(state: State, record: Product, position: int) -> Body:
    picture = _image(state, record, position)
    kept = ("id", "product_id", "position", "alt", "created_at", "updated_at", "admin_graphql_api_id")
    preview = {key: picture[key] for key in ("width", "height", "src")}
    return {
        **{key: picture[key] for key in kept},
        "media_content_type": "IMAGE",
        "status": "READY",
        "preview_image": {**preview, "status": "READY"},
        "variant_ids": [],
    }


def _money(state: State, amount: Decimal) -> Body:
    value = {"amount": str(state.money(amount)), "currency_code": state.currency}
    return {"shop_money": value, "presentment_money": value}


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
        **{name: _money(state, amount) for name, amount in bags.items()},
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
        "price_set": _money(state, line.unit_price),
        "product_exists": line.product is not None,
        "product_id": line.product.number if line.product else None,
        "properties": [],
        "quantity": line.quantity,
        "requires_shipping": True,
        "sku": line.sku,
        "taxable": True,
        "title": line.title,
        "total_discount": str(state.money(Decimal(0))),
        "total_discount_set": _money(state, Decimal(0)),
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
        "total_duties_set": _money(state, Decimal(0)),
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
                "subtotal_set": _money(state, line.subtotal),
                "total_tax_set": _money(state, Decimal(0)),
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


def inventory_level(state: State, item: InventoryItem) -> Body:
    """inventory_levels/update."""
    return {
        "inventory_item_id": item.number,
        "location_id": LOCATION_NUMBER,
        "available": item.quantity if item.tracked else None,
        "updated_at": stamp(state, item.updated_at),
        "admin_graphql_api_id": gid("InventoryLevel", f"{LOCATION_NUMBER}?inventory_item_id={item.number}"),
    }


def inventory_item(state: State, item: InventoryItem) -> Body:
    """inventory_items/update."""
    return {
        "id": item.number,
        "sku": item.variant.sku or "",
        "created_at": stamp(state, item.created_at),
        "updated_at": stamp(state, item.updated_at),
        "requires_shipping": item.requires_shipping,
        "cost": None if item.unit_cost is None else str(item.unit_cost),
        "country_code_of_origin": item.country_code_of_origin,
        "province_code_of_origin": item.province_code_of_origin,
        "harmonized_system_code": item.harmonized_system_code,
        "tracked": item.tracked,
        "country_harmonized_system_codes": [],
        "weight_value": item.weight[0],
        "weight_unit": "kg",
        "admin_graphql_api_id": gid("InventoryItem", item.number),
    }


def risk_assessment(state: State, record: Order, *, by_app: int | None, title: str | None) -> Body:
    """orders/risk_assessment_changed."""
    latest = record.assessments[-1]
    return {
        "provider_id": by_app,
        "provider_title": title,
        "risk_level": latest.risk_level.lower(),
        "created_at": stamp(state, latest.created_at),
        "order_id": str(record.number),
        "admin_graphql_api_order_id": gid("Order", record.number),
    }


def fulfillment_order(record: FulfillmentOrder) -> Body:
    """fulfillment_orders/order_routing_complete and hold_released."""
    return {
        "fulfillment_order": {
            "id": gid("FulfillmentOrder", record.number),
            "status": record.status.lower(),
        }
    }


def held(record: FulfillmentOrder, split: FulfillmentOrder | None, app_id: int) -> Body:
    """fulfillment_orders/placed_on_hold; the split-off part is named by id and status alone."""
    holds = [
        {
            "id": gid("FulfillmentHold", one.number),
            "handle": one.handle or "",
            "reason": one.reason.lower(),
            "reason_notes": one.reason_notes or "",
            "held_by_app": {"id": gid("App", app_id)},
            "held_by_requesting_app": True,
        }
        for one in record.holds
    ]
    rest = {"id": gid("FulfillmentOrder", split.number), "status": split.status.lower()} if split else None
    return {
        "fulfillment_order": {**fulfillment_order(record)["fulfillment_order"], "fulfillment_holds": holds},
        "created_fulfillment_hold": holds[-1],
        "held_fulfillment_order_line_items": [
            {"id": gid("FulfillmentOrderLineItem", line.number), "quantity": line.total_quantity}
            for line in record.lines
        ],
        "remaining_fulfillment_order": rest,
    }


def dispute(state: State, record: Dispute) -> Body:
    """disputes/create and disputes/update."""
    return {
        "id": record.number,
        "order_id": record.order.number,
        "type": record.initiated_as.lower(),
        "amount": str(state.money(record.amount)),
        "currency": state.currency,
        "reason": record.reason,
        "network_reason_code": "4837",
        "status": record.status.lower(),
        "evidence_due_by": stamp(state, record.initiated_at),
        "evidence_sent_on": None,
        "finalized_on": None,
        "initiated_at": stamp(state, record.initiated_at),
    }


def bulk_operation(state: State, record: BulkOperation) -> Body:
    """bulk_operations/finish."""
    return {
        "admin_graphql_api_id": gid("BulkOperation", record.number),
        "completed_at": stamp(state, record.completed_at),
        "created_at": stamp(state, record.created_at),
        "error_code": record.error_code.lower() if record.error_code else None,
        "status": record.status.lower(),
        "type": record.type.lower(),
    }


def shop(state: State) -> Body:
    """app/uninstalled and shop/update."""
    owner = f"owner@{state.domain}"
    nulls = (
        "source", "latitude", "longitude", "address2", "taxes_included", "auto_configure_tax_inclusivity",
        "tax_shipping", "county_taxes", "google_apps_domain", "google_apps_login_enabled", "password_enabled",
    )  # fmt: skip
    return {
        "id": state.number,
        "name": state.name,
        "email": owner,
        "domain": state.domain,
        "province": "",
        "country": state.country,
        "address1": "1 Sandbox Street",
        "zip": "00000",
        "city": "Sandbox",
        "phone": "",
        "primary_locale": state.primary_locale,
        **dict.fromkeys(nulls),
        "created_at": stamp(state, state.created_at),
        "updated_at": stamp(state, state.now()),
        "country_code": state.country,
        "country_name": state.country,
        "currency": state.currency,
        "customer_email": owner,
        "timezone": f"(GMT+00:00) {state.timezone}",
        "iana_timezone": state.timezone,
        "shop_owner": "Sandbox Owner",
        "money_format": "{{amount}}",
        "money_with_currency_format": f"{{{{amount}}}} {state.currency}",
        "weight_unit": "kg",
        "province_code": "",
        "plan_display_name": "Development",
        "plan_name": "partner_test",
        "has_discounts": False,
        "has_gift_cards": False,
        "myshopify_domain": state.domain,
        "money_in_emails_format": "{{amount}}",
        "money_with_currency_in_emails_format": f"{{{{amount}}}} {state.currency}",
        "eligible_for_payments": True,
        "requires_extra_payments_agreement": False,
        "has_storefront": True,
        "finances": True,
        "primary_location_id": LOCATION_NUMBER,
        "checkout_api_supported": True,
        "multi_location_enabled": False,
        "setup_required": False,
        "pre_launch_enabled": False,
        "enabled_presentment_currencies": [state.currency],
        "marketing_sms_consent_enabled_at_checkout": False,
        "transactional_sms_disabled": False,
    }


def privacy(state: State, buyer: Customer, orders: list[int], *, redact: bool) -> Body:
    """customers/redact and customers/data_request."""
    name = "orders_to_redact" if redact else "orders_requested"
    body: Body = {
        "shop_id": state.number,
        "shop_domain": state.domain,
        "customer": {"id": buyer.number, "email": buyer.email or "", "phone": ""},
        name: orders,
    }
    return body if redact else {**body, "data_request": {"id": 9_999}}


def scopes_update(state: State, before: list[str], after: list[str]) -> Body:
    """app/scopes_update."""
    return {
        "id": 1,
        "shop_id": state.id,
        "previous": before,
        "current": after,
        "updated_at": state.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


def in_stock(record: Product) -> bool:
    """Whether any variant can be bought."""
    return any(available(variant) for variant in record.variants)
