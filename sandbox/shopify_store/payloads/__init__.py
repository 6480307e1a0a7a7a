"""Webhook bodies, in the shape of Shopify's documented payloads for API version 2026-10."""

from sandbox.shopify_store.payloads.account import bulk_operation, privacy, scopes_update, shop
from sandbox.shopify_store.payloads.goods import inventory_item, inventory_level, product
from sandbox.shopify_store.payloads.review import dispute, fulfillment_order, held, risk_assessment
from sandbox.shopify_store.payloads.sales import order, refund

__all__ = [
    "bulk_operation",
    "dispute",
    "fulfillment_order",
    "held",
    "inventory_item",
    "inventory_level",
    "order",
    "privacy",
    "product",
    "refund",
    "risk_assessment",
    "scopes_update",
    "shop",
]
