"""Identifiers, each its own type so that a product never passes for an order."""

from typing import NewType

ShopId = NewType("ShopId", str)
"""``marketplace:account``, for example ``shopify:demo.myshopify.com``; no ``#`` and no white space."""

ProductId = NewType("ProductId", str)
VariantId = NewType("VariantId", str)
OrderId = NewType("OrderId", str)
EventId = NewType("EventId", str)
ProposalId = NewType("ProposalId", str)
EntryId = NewType("EntryId", str)
FunctionName = NewType("FunctionName", str)
Locale = NewType("Locale", str)
"""A language tag as the store writes it, for example ``de`` or ``pt-BR``."""

MarketId = NewType("MarketId", str)
Target = NewType("Target", str)
"""The one place in a store that an action writes, for example ``product/12/recommendations/related``."""

IdempotencyKey = NewType("IdempotencyKey", str)


def shop_id(marketplace: str, account: str) -> ShopId:
    """Name a shop across all marketplaces."""
    return ShopId(f"{marketplace}:{account}")


def marketplace_of(shop: ShopId) -> str:
    """The name of the marketplace that a shop is on."""
    return shop.partition(":")[0]


def account_of(shop: ShopId) -> str:
    """What the marketplace itself calls this shop: a domain, or the token in its webhook address."""
    return shop.partition(":")[2]
