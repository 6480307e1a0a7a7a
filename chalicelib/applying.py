"""From proposal to change and back: settle, apply, approve, dismiss, undo.

Every step is stored before the next begins, so that whoever comes after a crash goes on where it stopped::

    open (PROPOSED or APPROVED) ──► write to the store ──► APPLIED, journal, what we wrote: one transaction

A write that happened but was not recorded is found by reading back: the adapter answers that the store holds
the value already.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from chalicelib import guardrails
from chalicelib.contracts import Change, Receipt, StoreClient
from chalicelib.domain.actions import Reversal, SetPrice, SetRecommendations
from chalicelib.domain.catalogue import Product
from chalicelib.domain.ids import EntryId, IdempotencyKey, ProductId
from chalicelib.domain.journal import Deed, Entry, Outcome, Written
from chalicelib.domain.money import Money
from chalicelib.domain.price_inputs import cost_key, parsed_cost, parsed_rivals, rival_key, standing
from chalicelib.domain.proposals import Proposal, Refusal, Status, moved
from chalicelib.domain.shop import Mode, Policy, Shop, ShopState
from chalicelib.errors import (
    Conflict,
    NeedsMerchant,
    Overtaken,
    Skipped,
    StaleState,
)
from chalicelib.guardrails import Situation
from chalicelib.services import Services
from chalicelib.storage.proposals import Standing
from chalicelib.storage.targets import TargetState


def settle(
    services: Services, shop: Shop, policy: Policy, client: StoreClient, proposals: Sequence[Proposal],
    known: Mapping[ProductId, Product],
) -> Sequence[Outcome]:  # fmt: skip
    """Sift fresh proposals through the guardrails, store them, and apply those that may go out by themselves.

    Safe to repeat: a proposal's name comes from its event and target, so what an earlier attempt stored is
    taken up where it stands. Raises Retryable when a write may work later.
    """
    standing = services.proposals.standing(proposals)
    outcomes: list[Outcome] = []
    ready: list[Proposal] = []
    for proposal in proposals:
        outcome, approved = _enter(services, shop, policy, proposal, standing[proposal.id], known)
        if approved is not None:
            ready.append(approved)
        else:
            outcomes.append(outcome)
    return [*outcomes, *_apply(services, client, ready)]


def _enter(
    services: Services, shop: Shop, policy: Policy, proposal: Proposal, standing: Standing,
    known: Mapping[ProductId, Product],
) -> tuple[Outcome, Proposal | None]:  # fmt: skip
    """Store one proposal; the second value is set when it is to be applied now."""
    if standing.same is not None and standing.same.status is not Status.FAILED:
        return _resume(standing.same)
    if standing.state.outdated(proposal) or standing.blocked or _waits_already(proposal, standing):
        return Outcome.UNCHANGED, None
    if proposal.moot or _torn(proposal, known):
        return Outcome.UNCHANGED, None
    if standing.state.replaced(proposal.before) or standing.state.doubtful(proposal):
        raise Overtaken(detail="another worker was here after this was read; decided again")
    written = standing.state.written_as(proposal.before)
    situation = situate(services, shop, policy, proposal, written, known)
    refusals = guardrails.check(proposal, situation)
    if refusals:
        return _refused(services, proposal, refusals), None
    automatic = _automatic(services, policy, proposal)
    entered = replace(proposal, status=Status.APPROVED if automatic else Status.PROPOSED)
    try:
        stored = services.proposals.open(entered, standing)
    except Conflict as error:
        raise Overtaken(detail="another worker was faster") from error
    if automatic:
        return Outcome.APPLIED, stored
    services.meter.count("proposed", function=proposal.function)
    return Outcome.PROPOSED, None


def _resume(same: Proposal) -> tuple[Outcome, Proposal | None]:
    """What an earlier attempt at this event left behind."""
    match same.status:
        case Status.APPROVED:
            return Outcome.APPLIED, same
        case Status.APPLIED | Status.UNDONE:
            return Outcome.APPLIED, None
        case Status.REFUSED | Status.FAILED:
            return Outcome.REFUSED, None
        case Status.PROPOSED | Status.DISMISSED | Status.EXPIRED | Status.SUPERSEDED:
            return Outcome.PROPOSED, None


def _waits_already(proposal: Proposal, standing: Standing) -> bool:
    """The same change is open for this target, so a new one would only churn the queue."""
    return standing.state.open is not None and standing.state.open.change == proposal.change


def _torn(proposal: Proposal, known: Mapping[ProductId, Product]) -> bool:
    """Whether the merchant set another price between our reading of the product and of its target: what was
    decided is of the old price, and the webhook of the new one decides again."""
    action, held = proposal.action, proposal.before.value
    if not isinstance(action, SetPrice) or action.market is not None or not isinstance(held, Mapping):
        return False
    variants = known[action.product_id].variants if action.product_id in known else ()
    prices = [variant.price for variant in variants if variant.id == action.variant_id]
    if not prices or prices[0] is None or not held.get("price"):
        return False
    return prices[0].rounded() != Money.parse(str(held["price"]), prices[0].currency).rounded()


def _automatic(services: Services, policy: Policy, proposal: Proposal) -> bool:
    if policy.mode(proposal.function) is not Mode.AUTOMATIC or proposal.review:
        return False
    if proposal.action.reversal is Reversal.NONE:
        return False
    if isinstance(proposal.action, SetPrice):
        accepted = services.counters.total(proposal.shop_id, accepted_tally(proposal.function))
        return accepted >= policy.prices.accepted_before_automatic
    return True


def accepted_tally(function: str) -> str:
    """The name of the tally of proposals that people approved."""
    return f"accepted|{function}"


def situate(
    services: Services, shop: Shop, policy: Policy, proposal: Proposal, written: Written | None,
    known: Mapping[ProductId, Product], *, by_person: bool = False,
) -> Situation:  # fmt: skip
    """Everything the guardrails look at, with ``proposal.before`` as what the store holds."""
    now = services.clock.now()
    history: Sequence[guardrails.PricePoint] = ()
    changes, told = 0, dict[str, str]()
    if isinstance(proposal.action, SetPrice):
        action = proposal.action
        history = services.prices.history(shop.id, action.variant_id, action.market)
        changes = services.counters.used(shop.id, PRICE_CHANGES, now)
        told = dict(services.memories.recall(shop.id, [cost_key(action.variant_id), rival_key(action.variant_id)]))
    return Situation(
        shop=shop, policy=policy, now=now, current=proposal.before, written=written,
        catalogue=_named(services, proposal, known), price_history=history, changes_today=changes,
        by_person=by_person, **_told(proposal, shop, told, now),
    )  # fmt: skip


def _told(proposal: Proposal, shop: Shop, memory: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """What the merchant told us of a variant besides the store: its cost, and competitors' prices."""
    if not isinstance(proposal.action, SetPrice):
        return {}
    variant = proposal.action.variant_id
    sightings = parsed_rivals(memory.get(rival_key(variant)))
    return {
        "cost": parsed_cost(memory.get(cost_key(variant))),
        "rival": standing(sightings, now, shop.currency),
    }


PRICE_CHANGES = "prices"
"""The allowance of price changes per day and shop."""


def _named(
    services: Services, proposal: Proposal, known: Mapping[ProductId, Product]
) -> Mapping[ProductId, Product]:
    """The products that an action and its target name, as last seen."""
    match proposal.action:
        case SetRecommendations() as action:
            before = proposal.before.value if isinstance(proposal.before.value, tuple) else ()
            wanted = {*action.product_ids, *(ProductId(p) for p in before)}
        case SetPrice() as action:
            wanted = {action.product_id}
        case _:
            return {}
    missing = sorted(wanted - set(known))
    return {**known, **services.catalogue.many(proposal.shop_id, missing)} if missing else known


def _refused(services: Services, proposal: Proposal, refusals: tuple[Refusal, ...]) -> Outcome:
    """Write down why; the same refusal of the same change is written once a week."""
    if all(refusal.rule in guardrails.QUIET for refusal in refusals):
        return Outcome.UNCHANGED
    mark = f"{proposal.change}|{'+'.join(sorted(refusal.rule for refusal in refusals))}"
    if services.counters.take(proposal.shop_id, f"refusal|{mark}", 1, week_of(proposal.created_at)):
        services.journal.write(journal_entry(proposal, Deed.REFUSED, proposal.created_at, refusals=refusals))
    services.meter.count("refused", function=proposal.function)
    return Outcome.REFUSED


def week_of(moment: datetime) -> datetime:
    """The first day of the week, as the name of a week."""
    return moment.fromordinal(moment.toordinal() - moment.weekday()).replace(tzinfo=moment.tzinfo)


def _apply(services: Services, client: StoreClient, ready: Sequence[Proposal]) -> Sequence[Outcome]:
    if not ready:
        return []
    shop, policy = services.shops.with_policy(ready[0].shop_id)
    if policy.paused or shop.state is not ShopState.CONNECTED:
        return [_stopped(services, p, "Everything was stopped before this was written.") for p in ready]
    allowed = [proposal for proposal in ready if _within_allowance(services, policy, proposal)]
    outcomes = [
        _stopped(services, p, "Today's price changes are used up.") for p in ready if p not in allowed
    ]
    answers = client.apply([change_of(proposal) for proposal in allowed])
    postponed: Exception | None = None
    for proposal, answer in zip(allowed, answers, strict=True):
        if isinstance(answer, Receipt):
            outcomes.append(record_applied(services, proposal, answer))
        elif isinstance(answer, StaleState) and _outrun(services, client, proposal):
            # a store that failed beside it is given its time
            postponed = postponed or Overtaken(detail="another change of ours came first; decided again")
        elif isinstance(answer, Skipped):
            outcomes.append(leave_alone(services, proposal, answer))
        else:
            postponed = answer
            if isinstance(answer, NeedsMerchant):
                _failed(services, proposal, answer)
    if postponed is not None:
        raise postponed
    return outcomes


def _failed(services: Services, proposal: Proposal, error: NeedsMerchant) -> None:
    """The event ends with a problem, and nobody would come back to a change that is decided."""
    refusal = guardrails.refuse(type(error).__name__, error.merchant_message)
    close(services, proposal, Status.FAILED, Deed.FAILED, (refusal,), Outcome.PROBLEM)


def _outrun(services: Services, client: StoreClient, proposal: Proposal) -> bool:
    """Whether what came between was another worker's write and not a human's: then this decision is void,
    and the event is decided again on what the store holds now."""
    current = client.read([proposal.action]).get(proposal.target)
    state = services.proposals.state(proposal.shop_id, proposal.target, proposal.created_at)
    if current is None or not state.ours(current):
        return False
    try:
        void = moved(proposal, Status.FAILED)
        services.proposals.settle(void, change=lambda state: state.closed(proposal.id))
    except Conflict:
        return True  # another worker voided it first
    return True


def change_of(proposal: Proposal) -> Change:
    """The change that a proposal asks the store for."""
    return Change(action=proposal.action, before=proposal.before, key=IdempotencyKey(proposal.id))


def record_applied(
    services: Services, proposal: Proposal, receipt: Receipt, by: str = "tradewind"
) -> Outcome:
    """Store that the change is in the store now, with its journal entry, in one transaction."""
    now = services.clock.now()
    applied = replace(moved(proposal, Status.APPLIED, by=by), applied_at=now, after=receipt.after)
    entry = journal_entry(applied, Deed.APPLIED, now, by=by)
    try:
        services.proposals.settle(
            applied, entry, change=partial(_recorded, applied, receipt.after.digest, now)
        )
    except Conflict:
        return Outcome.APPLIED  # another worker recorded this very change
    _reflect(services, applied)
    services.meter.count("applied", function=proposal.function)
    return Outcome.APPLIED


def _recorded(proposal: Proposal, digest: str, now: datetime, state: TargetState) -> TargetState:
    original = state.written.original if state.written else proposal.before
    return state.recorded(Written(
        target=proposal.target, digest=digest, proposal_id=proposal.id, at=now, original=original
    ))  # fmt: skip


def _reflect(services: Services, proposal: Proposal) -> None:
    """Let our own mirror and price history know at once, so that the echo of our write finds no news."""
    action = proposal.action
    if not isinstance(action, SetPrice) or proposal.applied_at is None:
        return
    shop, at = proposal.shop_id, proposal.applied_at
    services.prices.saw(shop, action.variant_id, action.price, at, market=action.market, ours=True)
    seen = services.catalogue.get(shop, action.product_id)
    if action.market is None and seen is not None and seen.product is not None:
        services.catalogue.see(shop, _repriced(seen.product, action))


def _repriced(product: Product, action: SetPrice) -> Product:
    variants = tuple(
        replace(v, price=action.price, compare_at=action.compare_at) if v.id == action.variant_id else v
        for v in product.variants
    )
    return replace(product, variants=variants)


def leave_alone(services: Services, proposal: Proposal, error: Skipped) -> Outcome:
    """The store said no in a way that trying again does not mend: the human won, or the object is gone."""
    refusal = guardrails.refuse(type(error).__name__, error.merchant_message)
    deed = Deed.CONFLICT if isinstance(error, StaleState) else Deed.REFUSED
    return close(services, proposal, Status.REFUSED, deed, (refusal,), Outcome.REFUSED)


def _within_allowance(services: Services, policy: Policy, proposal: Proposal) -> bool:
    """Use one of the day's price changes; an attempt after a crash uses another, never one too few."""
    if not isinstance(proposal.action, SetPrice):
        return True
    ceiling = policy.prices.max_changes_per_day
    return services.counters.take(proposal.shop_id, PRICE_CHANGES, ceiling, services.clock.now())


def _stopped(services: Services, proposal: Proposal, why: str) -> Outcome:
    refusal = guardrails.refuse("stopped", why)
    return close(services, proposal, Status.REFUSED, Deed.REFUSED, (refusal,), Outcome.REFUSED)


def close(
    services: Services, proposal: Proposal, status: Status, deed: Deed, refusals: tuple[Refusal, ...],
    outcome: Outcome,
) -> Outcome:  # fmt: skip
    """End a proposal without a write, with its journal entry, and free its target."""
    now = services.clock.now()
    closed = moved(proposal, status, refusals=refusals)
    try:
        entry = journal_entry(closed, deed, now, refusals=refusals)
        services.proposals.settle(closed, entry, change=lambda state: state.closed(proposal.id))
    except Conflict:
        return outcome  # another worker closed it
    return outcome


def journal_entry(
    proposal: Proposal, deed: Deed, at: datetime, *, by: str = "tradewind", refusals: tuple[Refusal, ...] = ()
) -> Entry:
    """What the journal says of a step in a proposal's life."""
    name = hashlib.sha256(f"{proposal.id}|{deed}".encode()).hexdigest()[:16]
    return Entry(
        id=EntryId(name), shop_id=proposal.shop_id, deed=deed, at=at, function=proposal.function,
        proposal_id=proposal.id, event_id=proposal.event_id, target=proposal.target, title=proposal.title,
        action=proposal.action, before=proposal.before, after=proposal.after,
        reasons=tuple(refusal.reason for refusal in refusals) or proposal.reasons, by=by,
    )  # fmt: skip
