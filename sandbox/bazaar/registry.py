"""The bazaar as one value, which is all a registry needs."""

from chalicelib.contracts import Capability, Marketplace
from sandbox.bazaar.client import BazaarClient
from sandbox.bazaar.reader import NAME, TOPICS, BazaarReader
from sandbox.bazaar.stall import Bazaar

CAPABILITIES = frozenset({
    Capability.RECOMMEND_COMPLEMENTARY, Capability.RECOMMEND_RELATED, Capability.PRICES,
    Capability.TRANSLATIONS, Capability.ORDER_ASSESSMENT, Capability.ORDER_HOLD, Capability.ORDER_TAGS,
})  # fmt: skip


def marketplace(bazaar: Bazaar) -> Marketplace:
    """The registry's line for this very bazaar."""
    return Marketplace(
        name=NAME,
        label="Bazaar",
        capabilities=CAPABILITIES,
        topics=TOPICS,
        reader=BazaarReader(),
        connect=lambda shop, credentials, transport: BazaarClient(bazaar, shop.id.partition(":")[2]),
        shop_in_address=True,
    )
