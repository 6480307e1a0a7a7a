"""WooCommerce (wc/v3): one address and one secret per shop, lists as cross-sells and up-sells."""

from __future__ import annotations

from typing import Any

from chalicelib.contracts import Capability, CredentialSource, KeyConsent, Marketplace, StoreClient
from chalicelib.domain.shop import Shop
from integrations.woocommerce.webhooks import NAME, TOPICS, WooCommerceReader
from integrations.woocommerce.words import MISSING, SHARED

CAPABILITIES = frozenset({
    Capability.RECOMMEND_COMPLEMENTARY, Capability.RECOMMEND_RELATED, Capability.PRICES,
    Capability.TRANSLATIONS, Capability.ORDER_ASSESSMENT, Capability.ORDER_HOLD, Capability.STOREFRONT,
})  # fmt: skip
MULTILINGUAL = ("sitepress-multilingual-cms", "woocommerce-multilingual", "polylang-wc")
"""WPML with its WooCommerce part, or Polylang for WooCommerce: without one there is no place for texts."""


def offers(shop: Shop) -> frozenset[Capability]:
    """Translations need a multilingual plug-in that answers over the REST API."""
    if any(name in plugin for plugin in shop.plugins for name in MULTILINGUAL):
        return CAPABILITIES
    return CAPABILITIES - {Capability.TRANSLATIONS}


def connect(shop: Shop, credentials: CredentialSource, transport: Any) -> StoreClient:
    """Open one store; the client is imported only now, for the accepting path needs none of it."""
    from integrations.woocommerce.client import WooCommerceClient

    return WooCommerceClient(shop, credentials, transport)


def keys() -> KeyConsent:
    """How a merchant connects a store by its address."""
    from integrations.woocommerce import install

    return install


MARKETPLACE = Marketplace(
    name=NAME,
    label="WooCommerce",
    capabilities=CAPABILITIES,
    topics=TOPICS,
    reader=WooCommerceReader(),
    connect=connect,
    shop_in_address=True,
    advice={Capability.TRANSLATIONS: MISSING},
    gaps={Capability.TRANSLATIONS: SHARED},
    offers=offers,
    keys=keys,
)
