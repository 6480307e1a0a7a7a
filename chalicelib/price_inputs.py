"""Use cases of price inputs: take costs and competitors' prices in, ask a person about doubtful matches, poll
a competitor feed.

::

    file or feed ──► by barcode or SKU ─────────────────────────────► the shop's memory ──► repricing
                 └─► by title ──► known from before ────────────────►
                               └─► likeliest product ──► a person says yes or no, once per title
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.connecting import note
from chalicelib.contracts import FetchFile
from chalicelib.domain.catalogue import Product
from chalicelib.domain.ids import EventId, ProductId, ShopId, VariantId
from chalicelib.domain.journal import Deed
from chalicelib.domain.money import Money
from chalicelib.domain.price_inputs import (
    RIVALS,
    Sighting,
    cost_key,
    cost_text,
    parsed_rivals,
    rival_key,
    rivals_text,
    seen,
)
from chalicelib.domain.shop import Shop
from chalicelib.errors import AppError, Gone, NotAllowed
from chalicelib.likeness import Likeness
from chalicelib.policies import Fault
from chalicelib.price_files import Unmatched, UnusableFile, check_plausible, read_costs, read_rivals
from chalicelib.services import Services

__all__ = ["Match", "Taken", "UnusableFile", "decide", "poll", "rivals", "take_costs", "take_rivals", "waiting"]

MATCHES = "price|match|"
ASKED_AT_ONCE = 200
"""Titles that may wait for a person; more are left until some of these are decided."""


@dataclass(frozen=True, slots=True)
class Match:
    """A competitor's product and the one of ours that it may be."""

    name: str
    """Digest of the competitor's title: what is decided once holds for it."""
    title: str
    competitor: str
    product_id: ProductId
    variant_id: VariantId
    likeness: float
    sighting: Sighting
    state: str = "open"
    """``open``, ``yes`` or ``no``."""


@dataclass(slots=True)
class Taken:
    """What became of a file."""

    used: int = 0
    asked: int = 0
    """Titles that now wait for a person."""
    unknown: int = 0
    """Titles that are like nothing here, or that a person said no to."""
    faults: list[Fault] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [f"{self.used} taken"]
        parts += [f"{self.asked} wait for you to confirm the match"] * (self.asked > 0)
        parts += [f"{self.unknown} are like nothing in this shop"] * (self.unknown > 0)
        parts += [f"{len(self.faults)} rows could not be used"] * (bool(self.faults))
        return ", ".join(parts)


def take_costs(services: Services, shop: Shop, data: bytes, by: str) -> Taken:
    """Remember the unit costs of a file. Raises UnusableFile."""
    found = read_costs(data, services.catalogue.all(shop.id), shop.currency)
    services.memories.remember(shop.id, {cost_key(one.variant): cost_text(one.value) for one in found.entries})
    taken = Taken(used=len(found.entries), faults=found.faults)
    note(services, shop.id, Deed.SETTINGS, by, f"unit costs: {taken}")
    return taken


def take_rivals(services: Services, shop: Shop, data: bytes, by: str) -> Taken:
    """Remember competitors' prices of a file, and ask about titles that no code matches. Raises UnusableFile."""
    products = {product.id: product for product in services.catalogue.all(shop.id)}
    found = read_rivals(data, products.values(), shop.currency, services.clock.now())
    taken = Taken(faults=found.faults)
    by_title = _by_title(services, shop, found.unmatched, products, taken)
    sightings = [*((one.variant, one.value) for one in found.entries), *by_title]
    _remember(services, shop.id, sightings)
    taken.used = len(sightings)
    note(services, shop.id, Deed.SETTINGS, by, f"competitors' prices: {taken}")
    return taken


def _remember(services: Services, shop: ShopId, sightings: Iterable[tuple[VariantId, Sighting]]) -> None:
    new: defaultdict[VariantId, list[Sighting]] = defaultdict(list)
    for variant, sighting in sightings:
        new[variant].append(sighting)
    known = services.memories.recall(shop, [rival_key(variant) for variant in new])
    services.memories.remember(shop, {
        rival_key(variant): rivals_text(seen(parsed_rivals(known.get(rival_key(variant))), found))
        for variant, found in new.items()
    })  # fmt: skip


def _by_title(
    services: Services, shop: Shop, unmatched: Sequence[Unmatched], products: Mapping[ProductId, Product], taken: Taken
) -> list[tuple[VariantId, Sighting]]:
    """Sightings whose title a person matched before; the others are asked about, or are of nothing here."""
    known = services.memories.recall(shop.id, [_key(name_of(one.title)) for one in unmatched])
    used: list[tuple[VariantId, Sighting]] = []
    new: list[Unmatched] = []
    for one in unmatched:
        match = _match(known.get(_key(name_of(one.title))))
        if match is None or match.variant_id not in _variants(products):
            new.append(one)
        elif match.state == "yes":
            _use(one, match.variant_id, products, used, taken)
        else:
            taken.unknown += match.state == "no"
            taken.asked += match.state == "open"
    _ask(services, shop, new, products, taken)
    return used


def _use(
    one: Unmatched, variant: VariantId, products: Mapping[ProductId, Product],
    used: list[tuple[VariantId, Sighting]], taken: Taken,
) -> None:  # fmt: skip
    try:
        check_plausible(one.sighting.price, _variants(products)[variant])
        used.append((variant, one.sighting))
    except ValueError as error:
        taken.faults.append(Fault(one.line, one.title[:60], str(error)))


def _variants(products: Mapping[ProductId, Product]) -> Mapping[VariantId, Money | None]:
    return {variant.id: variant.price for product in products.values() for variant in product.variants}


def _ask(
    services: Services, shop: Shop, new: Sequence[Unmatched], products: Mapping[ProductId, Product], taken: Taken
) -> None:
    """Find the likeliest product of each title and keep the question."""
    room = ASKED_AT_ONCE - sum(1 for _ in waiting(services, shop.id))
    asked = {name_of(one.title): one for one in new}
    likeness = Likeness(services.models(shop.id), {key: product.title for key, product in products.items()})
    found: dict[str, str] = {}
    for (name, one), best in zip(asked.items(), likeness.best([one.title for one in asked.values()]), strict=True):
        product = products[best.product] if best is not None else None
        if best is None or product is None or not product.variants or len(found) >= room:
            taken.unknown += 1
            continue
        found[_key(name)] = _text(Match(
            name, one.title, one.competitor, product.id, product.variants[0].id, best.likeness, one.sighting
        ))  # fmt: skip
    services.memories.remember(shop.id, found)
    taken.asked += len(found)


def waiting(services: Services, shop: ShopId) -> Iterator[Match]:
    """Matches that wait for a person."""
    for _, text in services.memories.all(shop, MATCHES):
        match = _match(text)
        if match is not None and match.state == "open":
            yield match


def decide(services: Services, shop: Shop, name: str, *, same: bool, variant: str, by: str) -> None:
    """A person says whether it is the same product (perhaps another variant of it); asked once per title.

    Raises:
        Gone: nobody asked, or it was decided already.
        NotAllowed: the price cannot be of that product, or the product has no such variant.
    """
    match = _match(services.memories.recall(shop.id, [_key(name)]).get(_key(name)))
    if match is None or match.state != "open":
        raise Gone("That question is no longer open.")
    chosen = VariantId(variant) if variant else match.variant_id
    if same:
        product = services.catalogue.many(shop.id, [match.product_id]).get(match.product_id)
        prices = {} if product is None else {one.id: one.price for one in product.variants}
        if chosen not in prices:
            raise NotAllowed("This product no longer has that variant.")
        try:
            check_plausible(match.sighting.price, prices[chosen])
        except ValueError as error:
            raise NotAllowed(f"{str(error).capitalize()}") from error
        _remember(services, shop.id, [(chosen, match.sighting)])
    decided = Match(
        match.name, match.title, match.competitor, match.product_id, chosen, match.likeness, match.sighting,
        "yes" if same else "no",
    )  # fmt: skip
    services.memories.remember(shop.id, {_key(name): _text(decided)})
    note(services, shop.id, Deed.SETTINGS, by, f"{match.title}: {'the same product' if same else 'another product'}")


def rivals(services: Services, shop: ShopId) -> Mapping[VariantId, Sequence[Sighting]]:
    """Every variant's sightings of competitors, oldest first; reads all of the shop's."""
    found = services.memories.all(shop, RIVALS)
    return {VariantId(key.removeprefix(RIVALS)): parsed_rivals(text) for key, text in found}


def poll(services: Services, shop: Shop) -> Taken | None:
    """Read the shop's competitor feed, where it has one; what goes wrong is a problem on the merchant's page."""
    address = services.shops.policy(shop.id).prices.competitor_feed
    if not address:
        services.problems.clear(shop.id, "competitor_feed")
        return None
    request = FetchFile(url=address, sandbox=shop.sandbox)
    try:
        engine = next((one for one in services.engines if one.answers(request)), None)
        if engine is None:
            raise NotAllowed("Feeds cannot be read here.")
        taken = take_rivals(services, shop, engine.ask(request, shop.id, EventId("feed")), "feed")
    except AppError as error:
        services.trouble(shop.id, "competitor_feed", f"The competitor feed was not read: {error.merchant_message}")
        return None
    if taken.faults and not taken.used:
        services.trouble(shop.id, "competitor_feed", f"The competitor feed has no usable row: {taken.faults[0]}")
    else:
        services.problems.clear(shop.id, "competitor_feed")
    return taken


def name_of(title: str) -> str:
    """A title's name, case and white space aside."""
    return hashlib.sha256(" ".join(title.casefold().split()).encode("utf-8", "replace")).hexdigest()[:20]


def _key(name: str) -> str:
    return f"{MATCHES}{name}"


def _text(match: Match) -> str:
    return json.dumps({
        "name": match.name, "title": match.title, "competitor": match.competitor, "product": match.product_id,
        "variant": match.variant_id, "likeness": round(match.likeness, 3), "state": match.state,
        "seen": rivals_text([match.sighting]),
    })  # fmt: skip


def _match(text: str | None) -> Match | None:
    if not text:
        return None
    data = json.loads(text)
    sighting = parsed_rivals(data["seen"])[0]
    return Match(
        data["name"], data["title"], data["competitor"], ProductId(data["product"]), VariantId(data["variant"]),
        float(data["likeness"]), sighting, data["state"],
    )  # fmt: skip
