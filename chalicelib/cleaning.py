"""What no longer has a place in the store: proposals about it end, and what was noted of it goes.

The translation memory stays: it was paid for, and a language or a product that comes back costs nothing again.
"""

from collections.abc import Callable, Iterator, Sequence

from chalicelib import guardrails
from chalicelib.applying import close
from chalicelib.domain.catalogue import ledger_of
from chalicelib.domain.ids import Locale, ShopId, Target
from chalicelib.domain.journal import Deed, Outcome
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Policy, Shop
from chalicelib.services import Services
from chalicelib.storage import places
from chalicelib.storage.places import Kind

_SPOKEN, _LOCAL = "spoken_languages", "local_markets"
"""Where the languages are kept that a shop wanted when we last looked, and the markets with texts of their own."""


def product_gone(services: Services, shop: ShopId, product: str) -> int:
    """End what waits for a deleted product's texts, and forget whose words they were; says how many ended."""
    services.memories.forget_all(shop, ledger_of(product))
    stem = f"resource/{product}/translation/"
    return _end(services, shop, lambda target: target.startswith(stem), "The product was deleted.", prefix=stem)


def languages_gone(services: Services, shop: Shop, policy: Policy) -> int:
    """End what waits in languages that the shop has given up since we last looked; says how many ended.

    What stands in the store is the merchant's: Shopify deletes a removed language's texts itself, and a
    multilingual plug-in keeps its products until somebody deletes them.
    """
    wanted = [*(policy.translations.locales or shop.locales)]
    return _give_up(services, shop.id, _SPOKEN, wanted, lambda name: _end_language(services, shop.id, Locale(name)))


def markets_gone(services: Services, shop: Shop, policy: Policy) -> int:
    """End what waits for markets that no longer have texts of their own; says how many ended.

    What stands in the store for such a market stays there, as the setting says: it is the merchant's.
    """
    named = policy.translations.market_units
    wanted = [str(market.id) for market in shop.markets if any(map(market.called, named))]
    return _give_up(services, shop.id, _LOCAL, wanted, lambda name: _end_market(services, shop.id, name))


def _give_up(
    services: Services, shop: ShopId, place: str, wanted: Sequence[str], end: Callable[[str], int]
) -> int:
    """End what is wanted no more since we last looked; only then does the memory know what is wanted now."""
    known = services.memories.recall(shop, [place]).get(place, "")
    if known == ",".join(wanted):
        return 0
    ended = sum(end(name) for name in known.split(",") if name and name not in wanted)
    services.memories.remember(shop, {place: ",".join(wanted)})
    return ended


def _end_market(services: Services, shop: ShopId, market: str) -> int:
    def meant(target: str) -> bool:
        return "/translation/" in target and target.endswith(f"/{market}")

    return _end(services, shop, meant, "This market no longer has texts of its own.")


def _end_language(services: Services, shop: ShopId, locale: Locale) -> int:
    part = f"/translation/{locale}/"
    return _end(services, shop, lambda target: part in target, "The shop no longer has this language.")


def _end(services: Services, shop: ShopId, meant: Callable[[str], bool], why: str, *, prefix: str = "") -> int:
    ended = 0
    for target in list(_open(services, shop, meant, prefix)):
        state = services.proposals.state(shop, target, services.clock.now())
        if state.open is None:
            continue
        proposal = services.proposals.get(shop, state.open.proposal)
        if proposal.status is Status.PROPOSED:
            reason = (guardrails.refuse("gone", why),)
            close(services, proposal, Status.EXPIRED, Deed.REFUSED, reason, Outcome.REFUSED)
            ended += 1
    return ended


def _open(services: Services, shop: ShopId, meant: Callable[[str], bool], prefix: str) -> Iterator[Target]:
    for partition in places.partitions(shop, Kind.TARGET):
        for record in services.records.query(partition, prefix=prefix):
            if meant(record.key.sort):
                yield Target(record.key.sort)
