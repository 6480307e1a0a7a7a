"""Which variants may be repriced now, between which prices; and for the others, why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from chalicelib.contracts import Context
from chalicelib.domain.actions import SetPrice, Snapshot
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.ids import Target
from chalicelib.domain.money import Money, decimals
from chalicelib.domain.price_inputs import cost_key, parsed_cost
from chalicelib.domain.prices import Span, around, assumed_cost, ceiling, cut, floor, over_rival
from chalicelib.domain.proposals import MEMORY
from functions.repricing.curves import Floats
from functions.repricing.knowledge import Knowledge
from functions.repricing.rivals import rival_tonight
from functions.repricing.scarcity import expected_sales, weekly_supply

OFF_BY = Decimal(2)
"""A price this many times the one the model knows (or one over it) is a mistake or a new product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One variant that may be repriced."""

    product: Product
    variant: Variant
    row: int
    """Its row in the trained knowledge."""
    price: Decimal
    reference: Decimal
    """What the merchant last set himself, as far as we can tell."""
    base: Decimal
    """What the trained curves are relative to."""
    cost: Decimal
    span: Span
    rival: Decimal | None = None
    """What competitors ask, where somebody has looked of late."""

    @property
    def action(self) -> SetPrice:
        """A placeholder for asking what the store holds; its price is the present one."""
        return SetPrice(product_id=self.product.id, variant_id=self.variant.id, price=Money(self.price, self.currency))

    @property
    def currency(self) -> str:
        """The shop's currency."""
        assert self.variant.price is not None  # noqa: S101  an offer is never made without a price
        return self.variant.price.currency


def weekly_units(one: Offer, knowledge: Knowledge, ratio: Floats) -> Floats:
    """Expected weekly units at prices relative to the trained base, as far as the supply goes: (price, state)."""
    supply = weekly_supply(float(knowledge.supply[one.row]), one.variant.stock)
    return expected_sales(knowledge.level[one.row], supply, float(knowledge.dispersion[one.row]), ratio)


def offer(context: Context, product: Product, variant: Variant, row: int, base_minor: float) -> Offer | str:
    """The variant's limits, or why it is left alone."""
    why = _unfit(context, product, variant)
    if why:
        return why
    assert variant.price is not None  # noqa: S101  _unfit has looked
    price, currency = variant.price.amount, context.shop.currency
    base = Decimal(round(base_minor)).scaleb(-decimals(currency))
    if not base / OFF_BY <= price <= base * OFF_BY:
        return "its price is far from what it was sold at; the model has to see the new price first"
    reference = _reference(context, product, variant) or _shown(product, variant) or price
    cost, rival = _cost(context, variant, reference), rival_tonight(context, variant.id)
    if isinstance(cost, str):
        return cost
    span = _span(context, product, variant, (price, reference, cost, rival))
    if isinstance(span, str):
        return span
    return Offer(
        product=product,
        variant=variant,
        row=row,
        price=price,
        reference=reference,
        base=base,
        cost=cost,
        span=span,
        rival=rival,
    )


def _unfit(context: Context, product: Product, variant: Variant) -> str:
    """Why a variant is not ours to price; empty when it is."""
    limits, price = context.policy.prices, variant.price
    checks = (
        (product.gift_card, "a gift card's price is its value"),
        (product.status is not ProductStatus.PUBLISHED, "it is hidden in the store"),
        (product.id in limits.protected, "you protected it"),
        (price is None or price.amount <= 0, "the store shows no price for it"),
        (
            price is not None and price.currency != context.shop.currency,
            "its price is not in the shop's currency",
        ),
        (not variant.sellable or (variant.stock is not None and variant.stock <= 0), "it is sold out"),
        (on_sale(variant) and not _ours(context, product, variant), "you announced a sale on it"),
    )
    return next((why for unfit, why in checks if unfit), "")


def _ours(context: Context, product: Product, variant: Variant) -> bool:
    """Whether the store still holds what we wrote, the struck-through price too."""
    target = _target(product, variant)
    written, held = context.written.get(target), context.snapshots.get(target)
    return written is not None and held is not None and written.digest == held.digest


def on_sale(variant: Variant) -> bool:
    """Whether a higher price is struck through; one that equals the price announces nothing."""
    struck, price = variant.compare_at, variant.price
    return struck is not None and (price is None or price.currency != struck.currency or struck.amount > price.amount)


def _cost(context: Context, variant: Variant, reference: Decimal) -> Decimal | str:
    cost = parsed_cost(context.memory.get(cost_key(variant.id))) or variant.cost
    if cost is not None and cost.currency != context.shop.currency:
        return "its cost is not in the shop's currency"
    if cost is not None and cost.amount > 0:
        return cost.amount
    assumed = assumed_cost(context.policy.prices, reference)
    return assumed if assumed is not None and assumed > 0 else "its cost is not known: enter it, or a default margin"


def _span(
    context: Context, product: Product, variant: Variant, known: tuple[Decimal, Decimal, Decimal, Decimal | None]
) -> Span | str:
    """Everything between which the next price must lie, from price, reference, cost and competitors' price."""
    limits = context.policy.prices
    price, reference, cost, rival = known
    try:
        least = floor(limits, cost)
    except ValueError as error:
        return str(error)
    spans = [
        around(price, limits.max_step_pct, "step"),
        Span(least, ceiling(limits, reference), "floor", "ceiling"),
    ]
    anchor = _month_anchor(context, product, variant)
    if anchor is not None:
        spans.append(around(anchor, limits.max_step_30d_pct, "month"))
    if product.id in limits.minimum_advertised:
        advertised = limits.minimum_advertised[product.id]
        spans.append(Span(advertised, max(advertised, spans[0].high), "advertised", "advertised"))
    if rival is not None and limits.max_over_rival_pct is not None:
        spans.append(Span(Decimal(0), max(over_rival(rival, limits.max_over_rival_pct), price), "", "rival"))
    found = cut(spans)
    return "no price is left between its limits" if found.empty else found


def _shown(product: Product, variant: Variant) -> Decimal | None:
    """What the store asks for a variant; while we only watch, another price may be looked at in its place."""
    prices = [one.price for one in product.variants if one.id == variant.id]
    return prices[0].amount if prices and prices[0] is not None else None


def _month_anchor(context: Context, product: Product, variant: Variant) -> Decimal | None:
    """The price before our first change, if that lies within thirty days; the guardrails know the exact
    history."""
    if variant.price is not None and _shown(product, variant) != variant.price.amount:
        return _shown(product, variant)
    written = context.written.get(_target(product, variant))
    if written is None or context.now - written.at > MEMORY:
        return None
    return price_of(written.original)


def _reference(context: Context, product: Product, variant: Variant) -> Decimal | None:
    """The merchant's own price: the original where the store still holds what we wrote, else the present
    one."""
    target = _target(product, variant)
    written, held = context.written.get(target), context.snapshots.get(target)
    if written is None or held is None:
        return None
    return price_of(written.original) if written.digest == held.digest else price_of(held)


def _target(product: Product, variant: Variant) -> Target:
    return SetPrice(product_id=product.id, variant_id=variant.id, price=Money(Decimal(1), "EUR")).target


def price_of(snapshot: Snapshot) -> Decimal | None:
    """A snapshot's price; None where there is none, or none that makes sense."""
    held = snapshot.value
    if not isinstance(held, Mapping) or held.get("price") is None:
        return None
    try:
        amount = Decimal(str(held["price"]))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None
