"""Reads Shopify's webhooks on the accepting path: standard library only, no buyer data out.

Shopify signs the body alone, and one secret serves all shops. So the headers are hints: where the body names
its shop or its kind of object, it must agree with them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from chalicelib.contracts import RawRequest, WebhookSecrets
from chalicelib.domain.events import EventKind, StoreEvent, event_id
from chalicelib.domain.ids import shop_id
from chalicelib.errors import InvalidSignature, MalformedPayload
from integrations import envelope

NAME = "shopify"
TOPICS: Mapping[str, EventKind] = MappingProxyType({
    "products/create": EventKind.PRODUCT_CHANGED,
    "products/update": EventKind.PRODUCT_CHANGED,
    "products/delete": EventKind.PRODUCT_DELETED,
    "inventory_levels/update": EventKind.STOCK_CHANGED,
    "inventory_items/update": EventKind.STOCK_CHANGED,
    "orders/create": EventKind.ORDER_CREATED,
    "orders/updated": EventKind.ORDER_CHANGED,
    "orders/paid": EventKind.ORDER_CHANGED,
    "orders/fulfilled": EventKind.ORDER_CHANGED,
    "orders/cancelled": EventKind.ORDER_CANCELLED,
    "orders/delete": EventKind.ORDER_DELETED,
    "orders/risk_assessment_changed": EventKind.RISK_CHANGED,
    "fulfillment_orders/order_routing_complete": EventKind.ORDER_ROUTED,
    "refunds/create": EventKind.REFUND_CREATED,
    "disputes/create": EventKind.DISPUTE_CHANGED,
    "disputes/update": EventKind.DISPUTE_CHANGED,
    "customers/delete": EventKind.CUSTOMER_DELETED,
    "customers/data_request": EventKind.CUSTOMER_DATA_REQUESTED,
    "customers/redact": EventKind.CUSTOMER_REDACTED,
    "shop/redact": EventKind.SHOP_REDACTED,
    "shop/update": EventKind.SHOP_CHANGED,
    "markets/create": EventKind.SHOP_CHANGED,
    "markets/update": EventKind.SHOP_CHANGED,
    "markets/delete": EventKind.SHOP_CHANGED,
    "app/uninstalled": EventKind.APP_UNINSTALLED,
    "app/scopes_update": EventKind.SCOPES_CHANGED,
    "app_subscriptions/update": EventKind.PLAN_CHANGED,
    "locales/create": EventKind.LOCALES_CHANGED,
    "locales/update": EventKind.LOCALES_CHANGED,
    "locales/destroy": EventKind.LOCALES_CHANGED,
    "bulk_operations/finish": EventKind.BULK_FINISHED,
})  # fmt: skip
COMPLIANCE = frozenset({"customers/data_request", "customers/redact", "shop/redact"})

_SHOP = re.compile(r"[a-z0-9][a-z0-9_-]*\.myshopify\.com")
_GID = re.compile(r"gid://shopify/([A-Za-z]{1,60})/([0-9]{1,20})(?:\?[a-z_]{1,40}=[0-9]{1,20})?")
_MOST_ORDERS = 5_000

# Which kind of object a body's global id must name, so that a body is not replayed under another topic.
_KINDS = MappingProxyType({
    "products": "Product", "orders": "Order", "inventory_items": "InventoryItem",
    "inventory_levels": "InventoryLevel", "refunds": "Refund", "bulk_operations": "BulkOperation",
})  # fmt: skip


class ShopifyReader:
    """One address and one secret for all shops."""

    def ping(self, request: RawRequest) -> bool:
        """Shopify sends no unsigned test calls."""
        return False

    def verify(self, request: RawRequest, secrets: WebhookSecrets) -> None:
        """Raises InvalidSignature: wrong or missing signature, or a body that names another shop.

        The header is base64 HMAC-SHA256 of the raw body under the app's client secret.
        """
        signature = request.headers.get("x-shopify-hmac-sha256")
        envelope.check_signature(request.body, signature, secrets.app(NAME))
        shop = request.headers.get("x-shopify-shop-domain", "").lower()
        if not _SHOP.fullmatch(shop):
            raise InvalidSignature
        if b'domain"' in request.body and not _agrees(_lenient(request.body), shop):
            raise InvalidSignature

    def normalise(self, request: RawRequest, received_at: datetime) -> StoreEvent:
        """Theirs to ours. Raises MalformedPayload and nothing else."""
        body = envelope.parse_object(request.body)
        return _event(request.headers, body, request.body, received_at)

    def normalise_bridge(self, event: Mapping[str, Any], received_at: datetime) -> StoreEvent:
        """The same event from Amazon EventBridge's partner bus, which is trusted and carries no signature.

        Raises MalformedPayload. Bodies over 1 MB arrive as an id alone, which is all we need.
        """
        detail = event.get("detail") if isinstance(event, dict) else None
        if not isinstance(detail, dict) or event.get("detail-type") != "shopifyWebhook":
            raise MalformedPayload(detail="not a Shopify event of the partner bus")
        payload, metadata = detail.get("payload"), detail.get("metadata")
        if not isinstance(payload, dict) or not isinstance(metadata, dict):
            raise MalformedPayload(detail="an event without payload or metadata")
        headers = {str(name).lower(): envelope.text_of(value) for name, value in metadata.items()}
        return _event(headers, _said(payload), str(event.get("id", "")).encode(errors="replace"), received_at)


def _said(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a payload says: the bus writes an empty text where an event had nothing (infra/queues.py)."""
    parts = {name: _said(value) if isinstance(value, dict) else value for name, value in payload.items()}
    return {name: value for name, value in parts.items() if value not in ("", {})}


def _event(headers: Mapping[str, str], body: Mapping[str, Any], said: bytes, received_at: datetime) -> StoreEvent:
    shop = headers.get("x-shopify-shop-domain", "").lower()
    if not _SHOP.fullmatch(shop) or not _agrees(body, shop):
        raise MalformedPayload(detail="the body and the headers name different shops, or none")
    topic = envelope.topic_word(headers.get("x-shopify-topic", ""))
    if topic in COMPLIANCE and body.get("shop_domain") is None:
        raise MalformedPayload(detail="an order to forget that names no shop: a body of another topic")
    kind = TOPICS.get(topic, EventKind.UNKNOWN)
    resource = "" if kind is EventKind.UNKNOWN else _resource(topic, body)
    updated = envelope.text_of(body.get("updated_at"))[:40]
    cause = headers.get("x-shopify-event-id") or headers.get("x-shopify-webhook-id")
    occurred_at = envelope.moment(updated) or envelope.moment(headers.get("x-shopify-triggered-at"))
    return StoreEvent(
        id=event_id(NAME, shop, topic, resource, cause or envelope.fingerprint(said), updated),
        shop_id=shop_id(NAME, shop),
        kind=kind,
        resource=resource,
        occurred_at=occurred_at or received_at,
        received_at=received_at,
        delivery=envelope.delivery_name(),
        topic=topic,
        detail=_detail(topic, body),
    )


def _agrees(body: Mapping[str, Any], shop: str) -> bool:
    """Whether the shop that the body names, where it names one, is the shop of the header.

    ``domain`` may be a shop's own domain, which says nothing; the other two may not.
    """
    named = [body.get("myshopify_domain"), body.get("shop_domain")]
    domain = body.get("domain")
    if isinstance(domain, str) and domain.lower().endswith(".myshopify.com"):
        named.append(domain)
    return all(isinstance(name, str) and name.lower() == shop for name in named if name is not None)


def _lenient(body: bytes) -> Mapping[str, Any]:
    """What can be read of a signed body; one that cannot be read names no shop, and normalise refuses it."""
    try:
        return envelope.parse_object(body)
    except MalformedPayload:
        return {}


def _resource(topic: str, body: Mapping[str, Any]) -> str:
    """The id that our functions know the object by; other kinds of object keep their global id.

    Numbers alone lose digits in some of Shopify's own examples, so the global id is preferred.
    """
    family = topic.partition("/")[0]
    match family:
        case "products" | "orders" if topic != "orders/risk_assessment_changed":
            return _own_id(family, body)
        case "orders" | "refunds" | "disputes":
            return _order_id(body)
        case "customers":
            return _customer_id(topic, body)
        case "inventory_levels":
            return f"gid://shopify/InventoryItem/{envelope.whole(body.get('inventory_item_id'))}"
        case "inventory_items":
            return f"gid://shopify/InventoryItem/{_own_id(family, body)}"
        case "fulfillment_orders":
            routed = _part(body, "fulfillment_order")
            return f"gid://shopify/FulfillmentOrder/{_gid(routed, 'id', 'FulfillmentOrder')}"
        case "bulk_operations":
            return _own_id(family, body)
        case _:
            return ""


def _own_id(family: str, body: Mapping[str, Any]) -> str:
    if body.get("admin_graphql_api_id") is not None:
        return _gid(body, "admin_graphql_api_id", _KINDS[family])
    return envelope.whole(body.get("id"))


def _order_id(body: Mapping[str, Any]) -> str:
    """Of a refund, dispute or risk assessment; empty where Shopify left it out (a dispute may have none)."""
    if body.get("admin_graphql_api_order_id") is not None:
        return _gid(body, "admin_graphql_api_order_id", "Order")
    return envelope.whole(body["order_id"]) if body.get("order_id") is not None else ""


def _customer_id(topic: str, body: Mapping[str, Any]) -> str:
    buyer = _part(body, "customer") if topic in COMPLIANCE else body
    return envelope.whole(buyer["id"]) if buyer.get("id") is not None else ""


def _gid(body: Mapping[str, Any], name: str, kind: str) -> str:
    found = _GID.fullmatch(envelope.text_of(body.get(name)))
    if found is None or found[1] != kind:
        raise MalformedPayload(detail=f"{name} is not the id of a {kind}")
    return envelope.whole(found[2])


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = body.get(name)
    if not isinstance(part, dict):
        raise MalformedPayload(detail=f"{name} is missing")
    return part


def _detail(topic: str, body: Mapping[str, Any]) -> str:
    """A status, with a dispute's type and reason before it; for an erasure the order numbers to erase; ``unnamed``
    where a body names no shop itself."""
    if topic in {"customers/redact", "customers/data_request"}:
        orders = body.get("orders_to_redact" if topic == "customers/redact" else "orders_requested")
        return _orders(orders)
    if topic == "app/uninstalled" and body.get("myshopify_domain") is None:
        return "unnamed"
    if topic == "app_subscriptions/update":
        return envelope.word(_part(body, "app_subscription").get("status")).lower()
    if topic.startswith("disputes/"):
        return "/".join(envelope.word(body.get(name)) for name in ("type", "reason", "status"))
    for name in ("status", "financial_status", "risk_level"):
        if envelope.word(body.get(name)):
            return envelope.word(body.get(name))
    return ""


def _orders(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, list) or len(value) > _MOST_ORDERS:
        raise MalformedPayload(detail="a list of orders that is none")
    return ",".join(envelope.whole(order) for order in value)
