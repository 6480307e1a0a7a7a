"""A stand-in for one WooCommerce 9.9.5 shop: strict REST API, webhooks as measured, a storefront."""

from sandbox.woocommerce_store.faults import Fault, FaultKind, Faults
from sandbox.woocommerce_store.outbox import Outbox, Pending, Sent, Weather, delivery_id, signature
from sandbox.woocommerce_store.server import application, serve
from sandbox.woocommerce_store.serving import RunningServer
from sandbox.woocommerce_store.store import WooCommerceStore

__all__ = [
    "Fault",
    "FaultKind",
    "Faults",
    "Outbox",
    "Pending",
    "RunningServer",
    "Sent",
    "Weather",
    "WooCommerceStore",
    "application",
    "delivery_id",
    "serve",
    "signature",
]
