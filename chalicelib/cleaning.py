"""What no longer has a place in the store: proposals about it end, and what was noted of it goes.

The translation memory stays: it was paid for, and a language or a product that comes back costs nothing again.
"""

from collections.abc import Callable, Iterator

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

_SPOKEN = "spoken_languages"
"""Where the languages are kept that a shop wanted when we last looked."""


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
    known = services.memories.recall(shop.id, [_SPOKEN]).get(_SPOKEN, "")
    if known == ",".join(wanted):
        return 0
    given_up = [Locale(name) for name in known.split(",") if name and name not in wanted]
    ended = sum(_end_language(services, shop.id, locale) for locale in given_up)
    services.memories.remember(shop.id, {_SPOKEN: ",".join(wanted)})
    return ended


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
