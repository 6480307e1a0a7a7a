"""Repricing as a function: at night for the whole shop, and when a product or its stock changes, for that
product.

Whatever is missing, odd or contradictory ends in no proposal and a sentence that says why; nothing is
guessed that would write a price. Nothing that is read here concerns a buyer.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from chalicelib.contracts import (
    Answers,
    Artifact,
    Capability,
    Context,
    CounterUpdate,
    Decision,
    EngineRequest,
    Material,
    Model,
    Models,
    Needs,
)
from chalicelib.domain.actions import SetPrice
from chalicelib.domain.catalogue import Product
from chalicelib.domain.events import EventKind, Schedule, Trigger
from chalicelib.domain.evidence import Evidence, Reason
from chalicelib.domain.ids import FunctionName, ProductId, ProposalId
from chalicelib.domain.money import Money
from chalicelib.domain.prices import fitting
from chalicelib.domain.proposals import ModelVersion, Proposal
from functions.repricing import account, markets
from functions.repricing.curves import Floats, lattice_index, relative_units
from functions.repricing.knowledge import MODEL, Knowledge, read_knowledge
from functions.repricing.ledger import tolerance
from functions.repricing.offers import Offer, offer
from functions.repricing.policy import Choice, Reach, Situation, Stance, choose, reachable
from functions.repricing.showing import binding, facts, price_history, profit_curve

SCARCE_WEEKS = 2
"""Stock for fewer weeks than this is not made cheaper."""
HORIZON = 52
"""Weeks over which harm is reckoned."""
RANKED_OVER = 4
"""Weeks over which a proposal's worth is counted."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A new price for one offer."""

    offer: Offer
    price: Decimal
    units: tuple[float, float]
    """Expected a week, now and then."""
    gain: float
    """Expected a week, in the shop's currency."""
    confidence: float


class Repricing:
    """Proposes prices that earn more and, by its ledger, hardly ever harm."""

    name = FunctionName("repricing")
    label = "Repricing"
    triggers: frozenset[Trigger] = frozenset({
        Schedule.PROPOSE, EventKind.PRODUCT_CHANGED, EventKind.STOCK_CHANGED,
    })  # fmt: skip
    capabilities = frozenset({Capability.PRICES})

    def reads(self, known: Context, models: Models) -> Needs:
        """The mirror of the catalogue first; then, for the few that would change, what the store holds
        now."""
        knowledge = _knowledge(models)
        if knowledge is None:
            return Needs()
        named = frozenset(_named(known, knowledge))
        keys = {account.key(variant) for variant in _variants(known, knowledge)}
        memory = frozenset(keys | set(markets.memory_keys(known.shop)))
        if not known.catalogue:
            return Needs(catalogue=named, memory=memory)
        offers, _ = _offers(known, knowledge)
        changing = [one.offer for one in _chosen(known, models)[0]]
        moved = [one for one in offers if one.price != one.base]
        return Needs(
            catalogue=named,
            memory=memory,
            targets=frozenset([*(one.action for one in (*changing, *moved)), *markets.probes(known)]),
            sales=frozenset(one.product.id for one in changing),
        )

    def observe(self, known: Context) -> Sequence[CounterUpdate]:
        """Nothing is counted."""
        return ()

    def plan(self, context: Context, models: Models) -> Sequence[EngineRequest]:
        """Exchange rates, where the shop sells to markets in other currencies."""
        return markets.requests(context.shop) if context.event.kind is Schedule.PROPOSE else ()

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        """One proposal per variant whose price should move, and a reason for each that was left alone."""
        knowledge, model = _knowledge(models), models.get(MODEL)
        if knowledge is None or model is None:
            return Decision(notes=("Prices: there are too few sales to learn from yet.",))
        chosen, notes = _chosen(context, models)
        proposals = [_proposal(context, one, knowledge, model) for one in chosen]
        found = [one for one in proposals if one is not None]
        local = markets.decided(context, answers)
        accounts = _accounts(context, knowledge) if context.event.kind is Schedule.PROPOSE else {}
        return Decision(
            proposals=[*found, *local.proposals],
            remember={**accounts, **local.remember},
            considered=len(chosen) + len(notes) + local.considered,
            notes=[*notes, *local.notes],
        )

    def train(self, material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
        """Learn demand from the shop's own sales."""
        from functions.repricing.train import train  # brings onnx, which proposing does without

        return train(material, progress)


FUNCTION = Repricing()


def _knowledge(models: Models) -> Knowledge | None:
    model = models.get(MODEL)
    return None if model is None else model.once("knowledge", read_knowledge)


def _named(context: Context, knowledge: Knowledge) -> set[ProductId]:
    """The products that an event is about: one, or all that were learned."""
    learned = {ProductId(product) for product in knowledge.products}
    if context.event.scheduled:
        return learned
    return learned & {ProductId(context.event.resource)}


def _variants(context: Context, knowledge: Knowledge) -> set[str]:
    """The variants that an event is about."""
    named = _named(context, knowledge)
    pairs = zip(knowledge.variants, knowledge.products, strict=True)
    return {variant for variant, product in pairs if ProductId(product) in named}


def _accounts(context: Context, knowledge: Knowledge) -> Mapping[str, str]:
    """What to remember tonight: for each of our prices that still stands, one more entry."""
    found, today = {}, account.day_of(context.now)
    for one in _offers(context, knowledge)[0]:
        written, held = context.written.get(one.action.target), context.snapshots.get(one.action.target)
        if written is not None and held is not None and written.digest == held.digest:
            place = account.key(one.variant.id)
            kept = account.parsed(context.memory.get(place))
            found[place] = account.written(account.entered_until(kept, float(one.price / one.base), today))
    return found


def _chosen(context: Context, models: Models) -> tuple[list[_Chosen], list[str]]:
    """New prices, and why others stay."""
    knowledge, model = _knowledge(models), models.get(MODEL)
    if knowledge is None or model is None:
        return [], []
    offers, notes = _offers(context, knowledge)
    if not offers:
        return [], notes
    stance = _stance(context)
    situation = _situation(context, offers, knowledge)
    reach = reachable(situation, stance)
    units = _scored(model, offers, reach, situation)
    if not np.isfinite(units).all():
        return [], [*notes, "Prices: the model gave something that is not a number, so nothing was changed."]
    choice = choose(situation, stance, reach, units)
    found = [
        _settled(context, one, row, choice, situation, units, reach, stance) for row, one in enumerate(offers)
    ]
    return [one for one in found if isinstance(one, _Chosen)], [
        *notes,
        *(one for one in found if isinstance(one, str)),
    ]


def _offers(context: Context, knowledge: Knowledge) -> tuple[list[Offer], list[str]]:
    offers, notes = [], []
    products: Mapping[ProductId, Product] = {**context.catalogue, **context.products}
    named = _named(context, knowledge)
    for row, (variant_id, product_id) in enumerate(zip(knowledge.variants, knowledge.products, strict=True)):
        product = products.get(ProductId(product_id))
        if product is None or product.id not in named:
            continue
        variant = next((one for one in product.variants if one.id == variant_id), None)
        if variant is None:
            continue
        found: Offer | str = offer(context, product, variant, row, float(knowledge.base_minor[row]))
        if knowledge.one_price[row] and not context.policy.prices.explore:
            found = "only one price was ever seen: allow trying prices, or change it once yourself"
        if isinstance(found, str):
            notes.append(f"{product.title}: {found}.")
        else:
            offers.append(found)
    return offers, notes


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
    base = np.array([float(one.base) for one in offers])

    def relative(values: Sequence[Decimal]) -> Floats:
        found: Floats = np.array([float(value) for value in values]) / base
        return found

    ratio, lower = relative([one.price for one in offers]), relative([one.span.low for one in offers])
    weights, level = knowledge.weights[rows], knowledge.level[rows]
    weekly = (weights * level * relative_units(ratio)).sum(axis=1)
    stock = np.array([np.inf if one.variant.stock is None else float(one.variant.stock) for one in offers])
    lower = np.where(stock < SCARCE_WEEKS * weekly, np.maximum(lower, ratio * 0.9999), lower)
    return Situation(
        weights=weights, level=level, ledger=_ledgers(context, offers), ratio=ratio,
        cost_ratio=np.minimum(relative([one.cost for one in offers]), 0.95), lower=lower,
        upper=relative([one.span.high for one in offers]), dispersion=knowledge.dispersion[rows],
        centre=knowledge.centre[rows], weeks_left=HORIZON,
    )  # fmt: skip


def _ledgers(context: Context, offers: Sequence[Offer]) -> Floats:
    """The harm ledger of each offer: (offer, state)."""
    texts = [context.memory.get(account.key(one.variant.id)) for one in offers]
    costs = [float(one.cost / one.base) for one in offers]
    return np.stack([account.ledger(account.parsed(t), c) for t, c in zip(texts, costs, strict=True)])


def _scored(model: Model, offers: Sequence[Offer], reach: Reach, situation: Situation) -> Floats:
    """Expected weekly units of every candidate of every offer, in one call."""
    outputs = model.run({
        "product": np.array([one.row for one in offers], dtype=np.int64),
        "ratio": reach.ratio.astype(np.float32),
        "cost_ratio": situation.cost_ratio.astype(np.float32),
    })  # fmt: skip
    units: Floats = np.asarray(outputs["units"], dtype=np.float64)
    return units


def _settled(
    context: Context,
    one: Offer,
    row: int,
    choice: Choice,
    situation: Situation,
    units: Floats,
    reach: Reach,
    stance: Stance,
) -> _Chosen | str | None:
    """A price with the right ending inside all limits; None where staying is best, words where nothing
    fits."""
    limits = context.policy.prices
    wanted = Decimal(repr(float(choice.ratio[row]))) * one.base
    price = fitting(wanted, one.span, one.currency, limits.charm_endings)
    if price is None:
        return f"{one.product.title}: no price with your endings lies within its limits."
    if abs(price - one.price) * 100 < one.price * limits.min_step_pct:
        return None
    index = int(lattice_index(np.array([float(price / one.base)]))[0])
    column = np.flatnonzero(reach.index[row] == index)
    staying = np.flatnonzero(reach.index[row] == int(lattice_index(situation.ratio[row : row + 1])[0]))
    if not len(column) or not len(staying):
        return None
    homewards = abs(np.log(float(price / one.base))) < abs(np.log(float(one.price / one.base)))
    if not choice.open[row, column[0]] and not homewards:
        return f"{one.product.title}: the next price with your endings is too risky."
    then, now = int(column[0]), int(staying[0])
    gain = float((choice.profit[row, then] - choice.profit[row, now]) * float(one.base))
    if gain <= 0 and stance.curiosity == 0 and choice.open[row, now]:
        return None
    return _Chosen(
        one,
        price,
        (float(units[row, now]), float(units[row, then])),
        gain,
        _confidence(situation, row, one, price),
    )


def _confidence(situation: Situation, row: int, one: Offer, price: Decimal) -> float:
    """Posterior probability that the new price earns more than the present one."""
    now, then, cost = float(one.price / one.base), float(price / one.base), float(one.cost / one.base)
    better = relative_units(np.array(then)) * (then - cost) > relative_units(np.array(now)) * (now - cost)
    return float(np.clip((situation.weights[row] * better).sum(), 0.0, 1.0))


def _proposal(context: Context, one: _Chosen, knowledge: Knowledge, model: Model) -> Proposal | None:
    held = one.offer
    action = SetPrice(
        product_id=held.product.id, variant_id=held.variant.id, price=Money(one.price, held.currency)
    )
    before = context.snapshots.get(action.target)
    if before is None:
        return None
    return Proposal(
        id=ProposalId(_name(context, action)), shop_id=context.shop.id, function=FUNCTION.name, action=action,
        before=before, reasons=_reasons(one), evidence=_evidence(context, one, knowledge),
        confidence=one.confidence, model=ModelVersion(MODEL, model.card.version, model.card.sha256[:12]),
        worth=max(one.gain, 0.0) * RANKED_OVER, title=held.product.title, event_id=context.event.id,
        created_at=context.now,
    )  # fmt: skip


def _name(context: Context, action: SetPrice) -> str:
    parts = (context.shop.id, action.target, str(action.price), context.event.id)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


def _reasons(one: _Chosen) -> tuple[Reason, ...]:
    currency, bound = one.offer.currency, binding(one.offer, one.price)
    gain = Money(Decimal(repr(round(one.gain, 4))), currency).rounded()
    first = Reason(
        text="Expected profit changes by {gain} a week, with {sure} % probability for the better.",
        values=(("gain", str(gain)), ("sure", f"{100 * one.confidence:.0f}")),
        weight=one.confidence,
    )
    if one.gain <= 0:
        first = Reason(text="A small step to learn how buyers answer to the price.", weight=one.confidence)
    if not bound:
        return (first,)
    return (first, Reason(text="It stops at {limit}.", values=(("limit", bound),), weight=0.1))


def _evidence(context: Context, one: _Chosen, knowledge: Knowledge) -> tuple[Evidence, ...]:
    held, row = one.offer, one.offer.row
    curve = profit_curve(held, one.price, knowledge.weights[row], knowledge.level[row])
    table = facts(
        held, one.price, float(knowledge.elasticity[row]), float(knowledge.elasticity_sd[row]), one.units
    )
    past = price_history(held, context.sales.get(held.product.id, ()))
    return (curve, table) if past is None else (curve, table, past)
