"""The working path: one event becomes proposals, guardrails sift them, an adapter applies them.

::

    claim ──► who and what is allowed ──► look at the present state ──► each function:
                                                                         gather, ask, propose, settle
          ──► remember ──► close the claim with the event's outcome

Retryable and bugs are raised: the queue redelivers, and after some attempts keeps the message in its
dead-letter queue. NeedsMerchant becomes a problem on the merchant's page. Skipped is a normal end. A Conflict that
nobody below could mend means that another worker was faster: the event is decided again.
"""

from collections.abc import Sequence

from chalicelib import billing, consent, lifecycle, schedules, syncing, upkeep
from chalicelib.contracts import Context, Function, StoreClient
from chalicelib.domain.events import EventKind, Schedule, StoreEvent
from chalicelib.domain.journal import Outcome
from chalicelib.domain.shop import Mode, Policy, Shop, ShopState
from chalicelib.errors import Conflict, Held, NeedsMerchant, Overtaken, Retryable, Skipped
from chalicelib.running import foremost, run_function
from chalicelib.services import Services
from chalicelib.storage.claims import Claim, Hold, lease_of
from chalicelib.upkeep import Seen


def process(services: Services, event: StoreEvent) -> Outcome:
    """Work on one event and say how it ended. Raises Retryable, or a bug."""
    claim = services.claims.claim(event, services.clock.now())
    if claim.hold is Hold.DONE:
        services.claims.duplicate(claim, event.delivery)
        return Outcome.DUPLICATE
    if claim.hold is Hold.HELD and claim.deadline is not None:
        raise Held(claim.deadline, lease_of(event))
    try:
        outcome = _work(services, event, claim)
    except Exception as error:
        _release(services, claim)
        if isinstance(error, Conflict):
            raise Overtaken(detail="a record was changed after this one had read it") from error
        raise
    return _finish(services, claim, outcome, event)


def _finish(services: Services, claim: Claim, outcome: Outcome, event: StoreEvent) -> Outcome:
    try:
        services.claims.finish(claim, outcome, event.delivery)
    except Conflict as error:
        raise Overtaken(detail="the claim was taken over; its new holder finishes") from error
    services.meter.count("outcome", outcome=str(outcome))
    return outcome


def _release(services: Services, claim: Claim) -> None:
    try:
        services.claims.release(claim, services.clock.now())
    except (Conflict, Retryable):
        return  # it frees itself at its deadline


def _work(services: Services, event: StoreEvent, claim: Claim) -> Outcome:
    if event.kind is Schedule.CONNECT:  # there is no shop yet
        return consent.finish(services, event)
    try:
        shop, policy = services.shops.with_policy(event.shop_id)
        return _for_shop(services, event, claim, shop, policy)
    except Skipped:
        return Outcome.SKIPPED
    except NeedsMerchant as error:
        services.trouble(event.shop_id, error.code, error.merchant_message, urgent=True)
        return Outcome.PROBLEM


def _for_shop(services: Services, event: StoreEvent, claim: Claim, shop: Shop, policy: Policy) -> Outcome:
    if event.kind in lifecycle.KINDS:
        return lifecycle.follow(services, shop, event)
    if shop.state is not ShopState.CONNECTED or event.kind is EventKind.UNKNOWN:
        return Outcome.SKIPPED
    if event.kind is EventKind.BULK_FINISHED:
        return syncing.export_finished(services, shop, event)
    if event.kind in schedules.KINDS and not _about_products(event):
        return schedules.run(services, shop, event)
    client = services.open_store(shop)
    policy = billing.bounded(services.functions, shop, policy, services.clock.now())
    seen = upkeep.look(services, shop.id, event, client)
    functions = [] if seen.gone else _interested(services, shop, policy, event)
    if seen.unchanged and claim.fresh:
        outcome = Outcome.UNCHANGED  # not fresh: a dead worker may have left a decision unwritten
    else:
        known = _context(services, shop, policy, event, seen)
        outcome = _functions(services, event, claim, functions, known, client)
    upkeep.remember(services, shop.id, event, seen, decided=claim.fresh)
    return outcome


def _about_products(event: StoreEvent) -> bool:
    """A scheduled message that names products is for functions; one that names none fans out."""
    return event.kind is Schedule.PROPOSE and event.resource != ""


def _interested(services: Services, shop: Shop, policy: Policy, event: StoreEvent) -> Sequence[Function]:
    abilities = services.marketplaces[shop.marketplace].abilities(shop)
    return [
        function
        for function in services.functions.values()
        if event.kind in function.triggers
        and policy.mode(function.name) is not Mode.OFF
        and function.capabilities & abilities
    ]


def _context(services: Services, shop: Shop, policy: Policy, event: StoreEvent, seen: Seen) -> Context:
    return Context(
        shop=shop, policy=policy, event=event, now=services.clock.now(), products=seen.products,
        orders=seen.orders, identify=lambda kind, value: services.identities.identify(shop.id, kind, value),
        locate=services.locate, abilities=services.marketplaces[shop.marketplace].abilities(shop),
    )  # fmt: skip


def _functions(
    services: Services, event: StoreEvent, claim: Claim, functions: Sequence[Function], known: Context,
    client: StoreClient,
) -> Outcome:  # fmt: skip
    """Let each function decide; what one has finished is remembered, so that a retry does not repeat it."""
    outcomes = [Outcome(word) for word in claim.record.body.get("finished", {}).values()]
    models = services.models(event.shop_id)
    left = [function for function in functions if function.name not in claim.finished]
    for function in left:
        outcome = run_function(services, function, known, client, models).outcome
        outcomes.append(outcome)
        if len(left) > 1:
            services.claims.progress(claim, function.name, outcome)
    return foremost(outcomes, Outcome.SKIPPED)
