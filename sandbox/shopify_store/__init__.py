"""A stand-in for one Shopify shop and Shopify's auth, strict where the real one is strict.

    store = ShopifyStore(seed, clock=clock, access_token="shpat_x")
    with serve(store) as server:
        ...  # POST {server.url}/admin/api/2026-10/graphql.json

See README.md in this folder for what is served, what is recorded and what is an estimate.
"""

from sandbox.shopify_store import samples
from sandbox.shopify_store.faults import Fault
from sandbox.shopify_store.server import RunningServer, serve
from sandbox.shopify_store.store import ShopifyStore
from sandbox.shopify_store.webhooks import AppSubscriptions, Delivery, DeliveryFaults

__all__ = [
    "AppSubscriptions",
    "Delivery",
    "DeliveryFaults",
    "Fault",
    "RunningServer",
    "ShopifyStore",
    "samples",
    "serve",
]
