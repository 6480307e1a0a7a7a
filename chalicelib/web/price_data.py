"""Costs and competitors of one shop: files taken in, what is known, and which matches wait for a person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice

from chalicelib import price_inputs
from chalicelib.contracts import Capability
from chalicelib.domain.catalogue import Product, Variant
from chalicelib.domain.ids import ProductId, VariantId
from chalicelib.domain.money import Money
from chalicelib.domain.price_inputs import Sighting, cost_key, parsed_cost, standing
from chalicelib.price_inputs import Match, Taken
from chalicelib.web.answers import Answer
from chalicelib.web.rendering import page
from chalicelib.web.visit import Missing, Visit

SHOWN = 25
TAKERS = {"costs": price_inputs.take_costs, "rivals": price_inputs.take_rivals}


@dataclass(frozen=True, slots=True)
class Line:
    """One variant with what is known of it."""

    title: str
    sku: str
    price: Money | None
    cost: Money | None
    source: str
    """``file``, ``store`` or empty."""
    rival: Money | None


@dataclass(frozen=True, slots=True)
class Question:
    """A match that waits, with the product of ours that it may be."""

    match: Match
    product: Product


def overview(visit: Visit) -> Answer:
    """What is known, and the forms."""
    return _page(visit)


def _page(visit: Visit, *, status: int = 200, taken: Taken | None = None, what: str = "", wrong: str = "") -> Answer:
    if Capability.PRICES not in visit.services.marketplaces[visit.the_shop.marketplace].abilities(visit.the_shop):
        raise Missing
    products = {product.id: product for product in visit.services.catalogue.all(visit.the_shop.id)}
    lines = _lines(visit, products)
    return page(
        visit, "price_data.html", status=status, lines=lines[:SHOWN], count=len(lines),
        sources=Counter(line.source for line in lines), rivals=sum(line.rival is not None for line in lines),
        questions=_questions(visit, products), taken=taken, what=what, wrong=wrong,
        feed=visit.the_policy.prices.competitor_feed, margin=visit.the_policy.prices.default_margin_pct,
    )  # fmt: skip


def _lines(visit: Visit, products: Mapping[ProductId, Product]) -> list[Line]:
    variants = [(product, variant) for product in products.values() for variant in product.variants]
    told = visit.services.memories.recall(visit.the_shop.id, [cost_key(variant.id) for _, variant in variants])
    rivals = price_inputs.rivals(visit.services, visit.the_shop.id)
    found = [_line(visit, product, one, told.get(cost_key(one.id)), rivals) for product, one in variants]
    return sorted(found, key=lambda line: (line.source != "", line.title.casefold(), line.sku))


def _line(
    visit: Visit, product: Product, variant: Variant, told: str | None, rivals: Mapping[VariantId, Sequence[Sighting]]
) -> Line:
    uploaded, currency = parsed_cost(told), visit.the_shop.currency
    rival = standing(rivals.get(variant.id, ()), visit.now, currency)
    source = "file" if uploaded else "store" if variant.cost is not None and variant.cost.amount > 0 else ""
    options = " / ".join(value for _, value in variant.options if value != "Default Title")
    return Line(
        f"{product.title} · {options}" if options else product.title, variant.sku, variant.price,
        uploaded or (variant.cost if source else None), source, None if rival is None else Money(rival, currency),
    )  # fmt: skip


def _questions(visit: Visit, products: Mapping[ProductId, Product]) -> list[Question]:
    waiting = price_inputs.waiting(visit.services, visit.the_shop.id)
    asked = (Question(one, products[one.product_id]) for one in waiting if one.product_id in products)
    return sorted(islice(asked, SHOWN), key=lambda one: -one.match.likeness)


def upload(visit: Visit) -> Answer:
    """Take a file (or pasted rows) in; rows that could not be used are shown with their lines."""
    what = visit.parts["what"]
    if what not in TAKERS:
        raise Missing
    data = visit.files.get("file", b"") if "multipart" in visit.request.headers.get("content-type", "") else b""
    data = data if data.strip() else visit.field("rows").encode()
    if not data.strip():
        wrong = "Choose a file, or paste its rows."
        return _page(visit, status=HTTPStatus.UNPROCESSABLE_ENTITY, what=what, wrong=wrong)
    try:
        taken = TAKERS[what](visit.services, visit.the_shop, data, visit.who.email)
    except price_inputs.UnusableFile as error:
        return _page(visit, status=HTTPStatus.UNPROCESSABLE_ENTITY, what=what, wrong=error.merchant_message)
    if taken.faults:
        return _page(visit, taken=taken, what=what)
    return visit.say(visit.here("prices"), f"{str(taken).capitalize()}.")


def decide(visit: Visit) -> Answer:
    """A person says whether a competitor's product is ours."""
    same = visit.field("same") == "1"
    price_inputs.decide(
        visit.services, visit.the_shop, visit.field("match"), same=same, variant=visit.field("variant"),
        by=visit.who.email,
    )  # fmt: skip
    words = "Remembered: it is the same product." if same else "Remembered: it is another product."
    return visit.say(visit.here("prices"), words)
