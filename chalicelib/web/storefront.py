"""Recommendations while a buyer waits: product ids from the shop's model, else from the lists last applied.

::

    GET ?shop=…&slot=related&product=12&cart=7,8     signed by the marketplace's proxy, or with the shop's key
    slots: related, complementary (as written beside the product); for-cart, for-customer, trending&country=DE
    200 {"products": ["31", "4"], "handles": ["mug", "pot"], "from": "model"}
    always 200: a buyer never sees an error of ours
"""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from chalicelib.contracts import Serving, Visit
from chalicelib.domain.actions import SetRecommendations, Slot
from chalicelib.domain.ids import ProductId, ShopId, shop_id
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Mode, Policy, ShopState
from chalicelib.errors import AppError, InvalidSignature
from chalicelib.secrets import derive
from chalicelib.services import Services

MOST = 24
"""Products that one answer holds, and products of a cart that are looked at."""

SLOTS = (*Slot, "for-cart", "for-customer", "trending")
"""Lists that are written into the store, and lists that are made for one visit."""

FRESH_S = 300
"""How long an answer that knows no buyer may be kept by anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a storefront asks for."""

    shop: ShopId
    slot: str
    product: ProductId
    cart: tuple[ProductId, ...] = ()
    customer: str = ""
    """The shop's keyed hash of the buyer, from a signed call alone."""
    country: str = ""

    @property
    def seeds(self) -> tuple[ProductId, ...]:
        """The products that a list may be taken from, the one on show first."""
        return tuple(dict.fromkeys(p for p in (self.product, *self.cart) if p))


def answer(services: Services, event: Mapping[str, Any]) -> dict[str, Any]:
    """One call of the function's address, in Lambda's own shape (payload format 2.0)."""
    try:
        wish = _wish(services, event)
        found, source = _found(services, wish) if wish else ((), "nothing")
        handles = _handles(services, wish, found) if wish else []
        personal = bool(wish and (wish.customer or wish.cart))
    except (AppError, ValueError) as error:
        services.meter.count("storefront_empty", why=type(error).__name__)
        found, source, handles, personal = (), "nothing", [], True
    cached = "private, no-store" if personal else f"public, max-age={FRESH_S}, stale-while-revalidate=3600"
    return {
        "statusCode": 200,
        "headers": {
            "Content-Type": "application/json", "Cache-Control": cached, "Access-Control-Allow-Origin": "*",
            "X-Content-Type-Options": "nosniff",
        },
        "body": json.dumps({"products": list(found), "handles": handles, "from": source}),
    }  # fmt: skip


def key_of(services: Services, shop: ShopId) -> str:
    """What a shop's theme sends along, where its marketplace signs nothing; it opens product ids alone."""
    return derive(services.settings.master_key, "storefront", shop, length=16).hex()


def _wish(services: Services, event: Mapping[str, Any]) -> Wish | None:
    pairs = parse_qsl(str(event.get("rawQueryString", "")), keep_blank_values=True, max_num_fields=50)
    asked = dict(pairs)
    proven = _signed(services, pairs) or _keyed(services, asked)
    slot = asked.get("slot", Slot.RELATED)
    if proven is None or slot not in SLOTS:
        return None
    shop, customer = proven
    cart = tuple(ProductId(part) for part in asked.get("cart", "").split(",") if part)[:MOST]
    hashed = services.identities.identify(shop, "customer", customer) if customer else ""
    return Wish(
        shop=shop, slot=slot, product=ProductId(asked.get("product", "")), cart=cart, customer=hashed,
        country=asked.get("country", "").upper()[:2],
    )  # fmt: skip


def _signed(services: Services, pairs: Sequence[tuple[str, str]]) -> tuple[ShopId, str] | None:
    """The shop and the buyer of a call that a marketplace's own proxy signed."""
    for name, marketplace in services.marketplaces.items():
        if marketplace.proxy is None:
            continue
        try:
            caller = marketplace.proxy(pairs, services.secrets.app(name), services.clock.now())
        except InvalidSignature:
            continue
        return shop_id(name, caller.domain), caller.customer
    return None


def _keyed(services: Services, asked: Mapping[str, str]) -> tuple[ShopId, str] | None:
    shop, given = ShopId(asked.get("shop", "")), asked.get("key", "")
    if shop and hmac.compare_digest(given.encode(), key_of(services, shop).encode()):
        return shop, ""
    return None


def _found(services: Services, wish: Wish) -> tuple[Sequence[ProductId], str]:
    """From a function that answers at request time, else from what stands in the store."""
    shop, policy = services.shops.with_policy(wish.shop)
    if policy.paused or shop.state is not ShopState.CONNECTED:
        return (), "nothing"
    if wish.slot not in Slot:
        return _made_now(services, wish, policy)
    kept = _sellable(services, wish, _applied(services, wish), set(policy.recommendations.excluded))
    return kept[: policy.recommendations.per_product], "lists" if kept else "nothing"


def _made_now(services: Services, wish: Wish, policy: Policy) -> tuple[Sequence[ProductId], str]:
    """A list for this visit, from the first function that has one."""
    visit = _visit(services, wish)
    for name, function in services.functions.items():
        if isinstance(function, Serving) and policy.mode(name) is not Mode.OFF:
            ranked = function.serve(visit, services.models(wish.shop))
            kept = _sellable(services, wish, ranked, set(policy.recommendations.excluded))
            if kept:
                return kept[: policy.recommendations.per_product], "model"
    return (), "nothing"


def _visit(services: Services, wish: Wish) -> Visit:
    now = services.clock.now()
    bought = services.purchases.of(wish.shop, wish.customer, now) if wish.customer else ()
    past = tuple((one.product, (now - one.at).total_seconds() / 86_400) for one in bought)
    return Visit(slot=wish.slot, products=wish.seeds, past=past, country=wish.country, count=2 * MOST)


def _handles(services: Services, wish: Wish, products: Sequence[ProductId]) -> list[str]:
    """The products by the name in their addresses, which a theme can look up without a key."""
    known = services.catalogue.many(wish.shop, products) if products else {}
    return [known[product].handle for product in products if product in known]


def _applied(services: Services, wish: Wish) -> Iterable[ProductId]:
    """The lists that were written last beside these products."""
    actions = [SetRecommendations(product_id=p, slot=Slot(wish.slot), product_ids=()) for p in wish.seeds]
    written = services.proposals.written(wish.shop, [action.target for action in actions])
    standing = services.proposals.many(wish.shop, [one.proposal_id for one in written.values()])
    for action in actions:
        known = standing.get(written[action.target].proposal_id) if action.target in written else None
        if known and known.status is Status.APPLIED and isinstance(known.action, SetRecommendations):
            yield from known.action.product_ids


def _sellable(services: Services, wish: Wish, ranked: Iterable[ProductId], excluded: set[ProductId]) -> list[ProductId]:
    """In their order, each once, without what is in the cart, excluded, or not for sale now; one bundle at most."""
    names = [p for p in dict.fromkeys(ranked) if p not in excluded and p not in wish.seeds][: 2 * MOST]
    known = services.catalogue.many(wish.shop, names) if names else {}
    fit = [p for p in names if p in known and known[p].recommendable and known[p].parent is None]
    bundles = [p for p in fit if known[p].bundle]
    return [p for p in fit if p not in bundles[1:]][:MOST]
