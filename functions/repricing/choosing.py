"""From what is known tonight to new prices: offers gathered, scored in one call, chosen, rounded into their
limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from chalicelib.contracts import Context, Model, Models
from chalicelib.domain.actions import SetPrice
from chalicelib.domain.catalogue import Product
from chalicelib.domain.ids import ProductId
from chalicelib.domain.prices import fitting
from functions.repricing import account, announcing, shadow, watch
from functions.repricing.curves import FEWEST, Floats, lattice_index, relative_units, tables
from functions.repricing.knowledge import MODEL, Knowledge, read_knowledge
from functions.repricing.ledger import tolerance
from functions.repricing.offers import Offer, offer, on_sale
from functions.repricing.policy import Choice, Reach, Situation, Stance, choose, reachable
from functions.repricing.rivals import lift
from functions.repricing.scarcity import Shelf, expected_sales, relative_sold, weekly_supply

HORIZON = 52
"""Weeks over which harm is reckoned."""
EVEN = 0.5
"""Where trying prices is not allowed, a change must more probably than not be one for the better."""
SCARCE_WEEKS = 2
"""Stock for fewer weeks than this is not made cheaper."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A new price for one offer."""

    offer: Offer
    price: Decimal
    units: tuple[float, float]
    """Expected a week, now and then."""
    gain: float
    """Expected a week, in the shop's currency."""
    confidence: float
    sent_home: bool = False
    """Sales at our price fell short, so it goes back towards the merchant's own."""
    ends_reduction: bool = False
    """The price stays, and what we struck through beside it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Night:
    """All offers scored; rows of its arrays are offers."""

    context: Context
    stance: Stance
    situation: Situation
    reach: Reach
    choice: Choice
    fallen: frozenset[int]
    """Offers whose sales fell short."""


def knowledge_of(models: Models) -> Knowledge | None:
    """What was learned of the shop, or None."""
    model = models.get(MODEL)
    return None if model is None else model.once("knowledge", read_knowledge)


def named(context: Context, knowledge: Knowledge) -> set[ProductId]:
    """The learned products that an event is about; at night a batch is named, and no name means all."""
    learned = {ProductId(product) for product in knowledge.products}
    if context.event.scheduled and not context.event.resource:
        return learned
    return learned & {ProductId(name) for name in context.event.resource.split(",")}


def variants(context: Context, knowledge: Knowledge) -> set[str]:
    """The variants that an event is about."""
    about = named(context, knowledge)
    pairs = zip(knowledge.variants, knowledge.products, strict=True)
    return {variant for variant, product in pairs if ProductId(product) in about}


def offers_of(context: Context, knowledge: Knowledge) -> tuple[list[Offer], list[str]]:
    """What may be repriced, and why the rest may not."""
    offers, notes, about = [], [], named(context, knowledge)
    products: Mapping[ProductId, Product] = {**context.catalogue, **context.products}
    for row, (variant_id, product_id) in enumerate(zip(knowledge.variants, knowledge.products, strict=True)):
        product = products.get(ProductId(product_id)) if product_id in about else None
        variant = next((one for one in product.variants if one.id == variant_id), None) if product else None
        if product is None or variant is None:
            continue
        standing = shadow.shadowed(context, variant) if shadow.watching(context) else variant
        found: Offer | str = offer(context, product, standing, row, float(knowledge.base_minor[row]))
        if knowledge.one_price[row] and not context.policy.prices.explore:
            found = "only one price was ever seen: allow trying prices, or change it once yourself"
        if isinstance(found, str):
            notes.append(f"{product.title}: {found}.")
        else:
            offers.append(found)
    return offers, notes


def sale_probes(context: Context, knowledge: Knowledge) -> list[SetPrice]:
    """What to ask the store for to learn whether a struck-through price is ours."""
    known, goods = set(variants(context, knowledge)), {**context.catalogue, **context.products}
    return [
        SetPrice(product_id=product.id, variant_id=one.id, price=one.price)
        for product in goods.values()
        for one in product.variants
        if one.id in known and one.price is not None and on_sale(one)
    ]


def chosen(context: Context, models: Models) -> tuple[list[Chosen], list[str]]:
    """New prices, and why others stay."""
    knowledge, model = knowledge_of(models), models.get(MODEL)
    if knowledge is None or model is None:
        return [], []
    offers, notes = offers_of(context, knowledge)
    if not offers:
        return [], notes
    night = _scored(context, offers, knowledge, model)
    if night is None:
        return [], [*notes, "Prices: the model gave something that is not a number, so nothing was changed."]
    found = [_settled(night, row, one) or _unstruck(night, row, one) for row, one in enumerate(offers)]
    notes += [one for one in found if isinstance(one, str)]
    return [one for one in found if isinstance(one, Chosen)], notes


def _scored(context: Context, offers: Sequence[Offer], knowledge: Knowledge, model: Model) -> _Night | None:
    """Every candidate of every offer in one call; None where the answer is not a number."""
    stance, situation = _stance(context), _situation(context, offers, knowledge)
    reach = reachable(situation, stance)
    outputs = model.run({
        "product": np.array([one.row for one in offers], dtype=np.int64),
        "ratio": reach.ratio.astype(np.float32),
        "cost_ratio": situation.cost_ratio.astype(np.float32),
    })  # fmt: skip
    units = np.asarray(outputs["units"], dtype=np.float64) * lifts(offers, knowledge)[:, None]
    if not np.isfinite(units).all():
        return None
    fallen = frozenset(row for row, one in enumerate(offers) if watch.fallen(context, one, knowledge))
    return _Night(
        context=context, stance=stance, situation=situation, reach=reach,
        choice=choose(situation, stance, reach, units), fallen=fallen,
    )  # fmt: skip


def _stance(context: Context) -> Stance:
    limits = context.policy.prices
    return Stance(
        step=float(min(max(limits.max_step_pct, Decimal(1)), Decimal(50))) / 100,
        tolerance=tolerance(float(limits.harm_tolerance_pct), HORIZON),
        curiosity=Stance().curiosity if limits.explore else 0.0,
    )


def _situation(context: Context, offers: Sequence[Offer], knowledge: Knowledge) -> Situation:
    """The offers as arrays, prices relative to the base price; scarce goods are not made cheaper."""
    rows = np.array([one.row for one in offers])
    ratio, lower = (_relative(offers, name) for name in ("price", "low"))
    weights, level = knowledge.weights[rows], knowledge.level[rows] * lifts(offers, knowledge)[:, None]
    weekly = (weights * level * relative_units(ratio)).sum(axis=1)
    stock = np.array([np.inf if one.variant.stock is None else float(one.variant.stock) for one in offers])
    cost = np.minimum(_relative(offers, "cost"), 0.95)
    supply = np.array([weekly_supply(float(knowledge.supply[one.row]), one.variant.stock) for one in offers])
    shelf = Shelf(level=level, supply=supply, noise=knowledge.dispersion[rows])
    return Situation(
        weights=weights, level=level, ledger=_ledgers(context, offers, shelf), ratio=ratio, supply=supply,
        cost_ratio=cost, stock_cost=cost * _kept_share(context, offers, stock / np.maximum(weekly, FEWEST)),
        lower=np.where(stock < SCARCE_WEEKS * weekly, np.maximum(lower, ratio * 0.9999), lower),
        upper=_relative(offers, "high"), dispersion=knowledge.dispersion[rows], centre=knowledge.centre[rows],
        weeks_left=HORIZON, caution=knowledge.caution[rows],
        burden=knowledge.burden[rows] * (1 - _relative(offers, "cost") / ratio),
    )  # fmt: skip


def _kept_share(context: Context, offers: Sequence[Offer], cover: Floats) -> Floats:
    """What share of its cost a unit is worth in stock: 1, or less where an old product's stock would last too
    long, for it is sold that much later: (offer,).

    Args:
        context: what is known.
        offers: what may be repriced.
        cover: weeks that each offer's stock lasts at present sales.
    """
    most = context.policy.prices.clear_after_weeks
    if most <= 0:
        return np.ones(len(offers))
    made = [one.product.created_at for one in offers]
    old = np.array([at is not None and (context.now - at).days >= 7 * most for at in made])
    share = most / np.maximum(np.where(np.isfinite(cover), cover, most), most)
    return np.where(old, share, 1.0)


def lifts(offers: Sequence[Offer], knowledge: Knowledge) -> Floats:
    """What tonight's competitors do to the sales of each offer: (offer,)."""
    return np.array([lift(one.rival, float(knowledge.rival_minor[one.row]), one.currency) for one in offers])


def _relative(offers: Sequence[Offer], name: str) -> Floats:
    """A price of every offer over its base price."""
    return np.array([float((getattr(one, name, None) or getattr(one.span, name)) / one.base) for one in offers])


def _ledgers(context: Context, offers: Sequence[Offer], shelf: Shelf) -> Floats:
    """The harm ledger of each offer: (offer, state)."""
    plain, found = tables(0.1).units, []
    for row, one in enumerate(offers):
        kept = account.parsed(context.memory.get(account.key(one.variant.id)))
        limited = kept.days and np.isfinite(shelf.supply[row])
        sold = relative_sold(shelf.rows(np.array([row])), plain)[0][0] if limited else plain
        found.append(account.ledger(kept, float(one.cost / one.base), sold))
    return np.stack(found)


def _settled(night: _Night, row: int, one: Offer) -> Chosen | str | None:
    """A price with a liked ending inside all limits; None where staying is best, words where nothing fits."""
    limits, home = night.context.policy.prices, row in night.fallen
    if watch.resting(night.context, one) or shadow.resting(night.context, one):
        return None
    wanted = one.reference if home else Decimal(repr(float(night.choice.ratio[row]))) * one.base
    price = fitting(min(max(wanted, one.span.low), one.span.high), one.span, one.currency, limits.charm_endings)
    if price is None:
        return f"{one.product.title}: no price with your endings lies within its limits."
    if abs(price - one.price) * 100 < one.price * limits.min_step_pct:
        return None
    then, now = _column(night, row, price, one), _column(night, row, one.price, one)
    if then is None or now is None:
        return None
    if not (home or night.choice.open[row, then] or _homewards(one, price)):
        return f"{one.product.title}: the next price with your endings is too risky."
    gain = float((night.choice.profit[row, then] - night.choice.profit[row, now]) * float(one.base))
    sure = _confidence(night.situation, row, one, price)
    worth_it = gain > 0 and sure >= EVEN
    if not (worth_it or home or night.stance.curiosity) and night.choice.open[row, now]:
        return None
    units = (float(night.choice.units[row, now]), float(night.choice.units[row, then]))
    return Chosen(one, price, units, gain, sure, home)


def _unstruck(night: _Night, row: int, one: Offer) -> Chosen | None:
    """The present price without what we struck through, once that was shown long enough."""
    now = _column(night, row, one.price, one)
    if now is None or not announcing.ended(night.context, one):
        return None
    units = float(night.choice.units[row, now])
    return Chosen(one, one.price, (units, units), 0.0, 1.0, ends_reduction=True)


def _column(night: _Night, row: int, price: Decimal, one: Offer) -> int | None:
    """The candidate nearest to a price, where it is within reach."""
    index = int(lattice_index(np.array([float(price / one.base)]))[0])
    found = np.flatnonzero(night.reach.index[row] == index)
    return int(found[0]) if len(found) else None


def _homewards(one: Offer, price: Decimal) -> bool:
    """Whether a price lies nearer to the base price than the present one, on the same side."""
    return one.base <= price <= one.price or one.price <= price <= one.base


def _confidence(situation: Situation, row: int, one: Offer, price: Decimal) -> float:
    """Posterior probability that the new price earns more than the present one."""
    ratio, cost = np.array([float(one.price / one.base), float(price / one.base)]), float(one.cost / one.base)
    supply = np.inf if situation.supply is None else float(situation.supply[row])
    sold = expected_sales(situation.level[row], supply, float(situation.dispersion[row]), ratio)
    now, then = sold * (ratio - cost)[:, None]
    better = then > now
    return float(np.clip((situation.weights[row] * better).sum(), 0.0, 1.0))
