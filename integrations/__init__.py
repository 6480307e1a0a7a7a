"""Everything that speaks to somebody else's API, and the one list of marketplaces.

Importing this loads the webhook readers and nothing heavier; clients are loaded when a store is opened.
"""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.contracts import Marketplace
from integrations import shopify, woocommerce

MARKETPLACES: Mapping[str, Marketplace] = MappingProxyType({
    marketplace.name: marketplace for marketplace in (shopify.MARKETPLACE, woocommerce.MARKETPLACE)
})  # fmt: skip
