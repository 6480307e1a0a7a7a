"""Repricing as a function: at night for the whole shop, and when a product or its stock changes, for that
product.

Whatever is missing, odd or contradictory ends in no proposal and a sentence that says why; nothing is
guessed that would write a price. Nothing that is read here concerns a buyer.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

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
from chalicelib.domain.events import EventKind, Schedule, Trigger
from chalicelib.domain.evidence import Evidence, Reason
from chalicelib.domain.ids import FunctionName, ProposalId, VariantId
from chalicelib.domain.money import Money
from chalicelib.domain.price_inputs import cost_key, rival_key
from chalicelib.domain.proposals import ModelVersion, Proposal
from chalicelib.domain.stock_outs import day_of, is_out, seen_out, stock_out_key
from chalicelib.domain.whatif import whatif_key
from functions.repricing import account, choosing, markets, shadow, watch
from functions.repricing.announcing import struck_through
from functions.repricing.knowledge import MODEL, Knowledge
from functions.repricing.showing import binding, facts, price_history, profit_curve

RANKED_OVER = 4
"""Weeks over which a proposal's worth is counted."""


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
        knowledge = choosing.knowledge_of(models)
        if knowledge is None:
            return Needs()
        named = frozenset(choosing.named(known, knowledge))
        kept = (account.key, cost_key, rival_key, stock_out_key, *([_whatif] if shadow.watching(known) else []))
        keys = {key(VariantId(name)) for name in choosing.variants(known, knowledge) for key in kept}
        memory = frozenset(keys | set(markets.memory_keys(known.shop)))
        if not known.catalogue:
            return Needs(catalogue=named, memory=memory)
        offers, _ = choosing.offers_of(known, knowledge)
        changing = [one.offer for one in choosing.chosen(known, models)[0]]
        moved = [one for one in offers if one.price != one.base]
        probes = [*(one.action for one in (*changing, *moved)), *choosing.sale_probes(known, knowledge)]
        announcing = known.policy.prices.announce_reductions
        return Needs(
            catalogue=named,
            memory=memory,
            targets=frozenset([*probes, *markets.probes(known)]),
            sales=frozenset(one.product.id for one in (*changing, *moved)),
            pasts=frozenset(one.variant.id for one in changing) if announcing else frozenset(),
        )

    def observe(self, known: Context) -> Sequence[CounterUpdate]:
        """Nothing is counted."""
        return ()

    def plan(self, context: Context, models: Models) -> Sequence[EngineRequest]:
        """Exchange rates, where the shop sells to markets in other currencies."""
        return markets.requests(context.shop) if context.event.kind is Schedule.PROPOSE else ()

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        """One proposal per variant whose price should move, and a reason for each that was left alone."""
        knowledge, model = choosing.knowledge_of(models), models.get(MODEL)
        if knowledge is None or model is None:
            return Decision(notes=("Prices: there are too few sales to learn from yet.",))
        chosen, notes = choosing.chosen(context, models)
        if shadow.watching(context):
            return _watched(context, chosen, notes, knowledge)
        proposals = [_proposal(context, one, knowledge, model) for one in chosen]
        found = [one for one in proposals if one is not None]
        local = markets.decided(context, answers)
        accounts = _accounts(context, knowledge) if context.event.kind is Schedule.PROPOSE else {}
        return Decision(
            proposals=[*found, *local.proposals],
            remember={**accounts, **_sold_out(context, knowledge), **local.remember},
            considered=len(chosen) + len(notes) + local.considered,
            notes=[*notes, *local.notes],
        )

    def train(self, material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
        """Learn demand from the shop's own sales."""
        from functions.repricing.train import train  # brings onnx, which proposing does without

        return train(material, progress)


FUNCTION = Repricing()


def _whatif(variant: VariantId) -> str:
    return whatif_key(FUNCTION.name, variant)


def _watched(
    context: Context, chosen: Sequence[choosing.Chosen], notes: Sequence[str], knowledge: Knowledge
) -> Decision:
    """Tonight's account of what would have been; nothing is proposed."""
    out = _sold_out(context, knowledge)
    if context.event.kind is not Schedule.PROPOSE:
        return Decision(considered=len(chosen), remember=out)
    goods = {**context.catalogue, **context.products}
    variants = {str(one.id): one for product in goods.values() for one in product.variants}
    prices = {str(one.offer.variant.id): one.price for one in chosen}
    offers = choosing.offers_of(context, knowledge)[0]
    remember = shadow.remembered(context, variants, offers, prices, knowledge)
    return Decision(remember={**remember, **out}, considered=len(offers), notes=notes)


def _sold_out(context: Context, knowledge: Knowledge) -> Mapping[str, str]:
    """What to remember of learned variants that are sold out now, whoever set their prices."""
    goods, about, found = {**context.catalogue, **context.products}, choosing.variants(context, knowledge), {}
    for variant in (one for product in goods.values() for one in product.variants if one.id in about):
        place = stock_out_key(variant.id)
        text = seen_out(context.memory.get(place), context.now) if is_out(variant) else None
        if text is not None:
            found[place] = text
    return found


def _accounts(context: Context, knowledge: Knowledge) -> Mapping[str, str]:
    """What to remember tonight: for each of our prices that still stands, one more entry."""
    found, today = {}, day_of(context.now)
    for one in choosing.offers_of(context, knowledge)[0]:
        if watch.ours(context, one):
            place = account.key(one.variant.id)
            kept = account.parsed(context.memory.get(place))
            found[place] = account.written(account.entered_until(kept, float(one.price / one.base), today))
    return found


def _proposal(context: Context, one: choosing.Chosen, knowledge: Knowledge, model: Model) -> Proposal | None:
    held = one.offer
    action = SetPrice(
        product_id=held.product.id, variant_id=held.variant.id, price=Money(one.price, held.currency),
        compare_at=None if one.ends_reduction else struck_through(context, held, one.price),
    )  # fmt: skip
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


def _reasons(one: choosing.Chosen) -> tuple[Reason, ...]:
    currency, bound = one.offer.currency, binding(one.offer, one.price)
    gain = Money(Decimal(repr(round(one.gain, 4))), currency).rounded()
    first = Reason(
        text="Expected profit changes by {gain} a week, with {sure} % probability for the better.",
        values=(("gain", str(gain)), ("sure", f"{100 * one.confidence:.0f}")),
        weight=one.confidence,
    )
    if one.sent_home:
        first = Reason(text="Sales at this price fell below what was expected, so it goes back.", weight=1.0)
    elif one.ends_reduction:
        first = Reason(text="The reduction has been shown long enough: the struck-through price goes.", weight=1.0)
    elif one.gain <= 0:
        first = Reason(text="A small step to learn how buyers answer to the price.", weight=one.confidence)
    if not bound:
        return (first,)
    return (first, Reason(text="It stops at {limit}.", values=(("limit", bound),), weight=0.1))


def _evidence(context: Context, one: choosing.Chosen, knowledge: Knowledge) -> tuple[Evidence, ...]:
    held, row = one.offer, one.offer.row
    curve = profit_curve(held, one.price, knowledge)
    table = facts(held, one.price, float(knowledge.elasticity[row]), float(knowledge.elasticity_sd[row]), one.units)
    past = price_history(held, context.sales.get(held.product.id, ()))
    return (curve, table) if past is None else (curve, table, past)
