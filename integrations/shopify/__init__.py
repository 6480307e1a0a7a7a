"""Shopify (GraphQL Admin API 2026-10): one address and one secret for all shops."""

from __future__ import annotations

from typing import Any

from chalicelib.contracts import AppConsent, Capability, Credentials, CredentialSource, Marketplace, StoreClient
from chalicelib.domain.shop import Shop
from integrations.shopify.proxy import check_proxy
from integrations.shopify.webhooks import NAME, TOPICS, ShopifyReader

CAPABILITIES = frozenset(Capability)
_NEEDS = {
    Capability.RECOMMEND_COMPLEMENTARY: "write_products",
    Capability.RECOMMEND_RELATED: "write_products",
    Capability.PRICES: "write_products",
    Capability.MARKET_PRICES: "read_markets",
    Capability.TRANSLATIONS: "write_translations",
    Capability.MARKET_TEXTS: "read_markets",
    Capability.ORDER_ASSESSMENT: "write_orders",
    Capability.ORDER_TAGS: "write_orders",
    Capability.ORDER_HOLD: "write_merchant_managed_fulfillment_orders",
    Capability.UNIT_COST: "read_inventory",
}


def offers(shop: Shop) -> frozenset[Capability]:
    """What the granted scopes allow; a shop whose scopes are not known yet is taken to grant all."""
    if not shop.scopes:
        return CAPABILITIES
    return frozenset(a for a in CAPABILITIES if a not in _NEEDS or _NEEDS[a] in shop.scopes)


def connect(shop: Shop, credentials: CredentialSource, transport: Any) -> StoreClient:
    """Open one store; the client is imported only now, for the accepting path needs none of it."""
    from integrations.shopify.client import ShopifyClient

    return ShopifyClient(shop, credentials, transport)


def refresh(shop: Shop, transport: Any, stale: Credentials) -> Credentials:
    """The next pair of tokens. Raises AccessRevoked."""
    from integrations.shopify import tokens

    return tokens.refresh(shop, transport, stale)


def app() -> AppConsent:
    """How a merchant installs the app; loads the library that checks session tokens."""
    from integrations.shopify import install

    return install


READER = ShopifyReader()

MARKETPLACE = Marketplace(
    name=NAME,
    label="Shopify",
    capabilities=CAPABILITIES,
    topics=TOPICS,
    reader=READER,
    connect=connect,
    refresh=refresh,
    offers=offers,
    bridge=("shopifyWebhook", READER.normalise_bridge),
    app=app,
    bills=True,
    proxy=check_proxy,
)
