"""One function on one event: gather what it wants, ask engines, let it decide, settle its proposals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chalicelib import alarms
from chalicelib.applying import settle
from chalicelib.asking import Asked, ask
from chalicelib.contracts import Answers, Context, Decision, Function, StoreClient
from chalicelib.domain.ids import FunctionName, OrderId, ProductId, ShopId
from chalicelib.domain.journal import Outcome
from chalicelib.domain.proposals import Proposal
from chalicelib.domain.shop import Mode
from chalicelib.errors import ArtifactMismatch, Overtaken
from chalicelib.gathering import gather
from chalicelib.inference import ShopModels
from chalicelib.services import Services

_ORDER = (
    Outcome.DUPLICATE, Outcome.SKIPPED, Outcome.UNCHANGED, Outcome.REFUSED, Outcome.PROPOSED, Outcome.APPLIED,
    Outcome.PROBLEM,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ran:
    """How it ended, and what it cost."""

    outcome: Outcome
    characters: int = 0
    """Spent on an engine."""
    stopped: bool = False
    """An engine's allowance ended before everything was answered; the resource waits."""


def foremost(outcomes: Sequence[Outcome], default: Outcome) -> Outcome:
    """The outcome that a person would name first."""
    return max(outcomes, key=_ORDER.index, default=default)


def run_function(
    services: Services, function: Function, known: Context, client: StoreClient, models: ShopModels
) -> Ran:
    """One function on one event. Raises Retryable when trying again may do more, NeedsMerchant from the store."""
    shop = known.shop.id
    context = relying(lambda: gather(services, function, known, client, models))
    requests = relying(lambda: function.plan(context, models))
    asked = ask(services, context, requests) if requests else Asked(Answers())
    decision = _decided(services, function, context, asked.answers, models)
    for fault in models.faults:
        message = f"A model could not be used: {fault}"
        services.trouble(shop, "model_broken", message, subject=fault[:80])
    services.memories.remember(shop, decision.remember)
    services.outcomes.note(shop, decision.outcomes)
    shadow = context.policy.mode(function.name) is Mode.SHADOW
    proposals = [] if shadow else [_stamped(proposal, context) for proposal in decision.proposals]
    seen = {**context.catalogue, **context.products}
    alarms.sound(services, context.shop, decision.alarms)
    try:
        outcomes = list(settle(services, context.shop, context.policy, client, proposals, seen))
    except Overtaken as error:
        if asked.again is not None:
            raise asked.again from error  # an engine that asked for time is given it
        raise
    services.screenings.note(shop, decision.screenings)
    alarms.call(services, context.shop, proposals)
    if asked.again is not None:
        raise asked.again
    if asked.stopped is not None:
        services.memories.remember(shop, {waiting_name(function.name, known.event.resource): context.now.isoformat()})
        outcomes.append(Outcome.PROBLEM)
    nothing = Outcome.UNCHANGED if decision.considered else Outcome.SKIPPED
    return Ran(foremost(outcomes, nothing), asked.characters, asked.stopped is not None)


def _decided(
    services: Services, function: Function, context: Context, answers: Answers, models: ShopModels
) -> Decision:
    """What the function decides within today's allowances; where another worker took the last of one, it is asked
    again, knowing that none is left."""
    decision = relying(lambda: function.propose(context, answers, models))
    gone = {
        name: spend.ceiling
        for name, spend in decision.spends.items()
        if not services.counters.take_once(context.shop.id, name, spend.ceiling, context.now, spend.unique)
    }
    if not gone:
        return decision
    poorer = replace(context, allowances={**context.allowances, **gone})
    return relying(lambda: function.propose(poorer, answers, models))


def waiting(services: Services, shop: ShopId, function: FunctionName) -> Sequence[str]:
    """Resources that an engine's allowance left waiting, oldest first."""
    stem = waiting_name(function, "")
    found = sorted(services.memories.all(shop, stem), key=lambda pair: pair[1])
    return [name.removeprefix(stem) for name, _ in found]


def waiting_name(function: FunctionName, resource: str) -> str:
    """Under which a resource is remembered that waits for an engine's allowance."""
    return f"waits:{function}:{resource}"


def relying[T](step: Callable[[], T]) -> T:
    """Do a step; when a model fails at it, once more with the one before it, and with none at last."""
    for _ in range(_MODELS):
        try:
            return step()
        except ArtifactMismatch:
            continue
    return step()


_MODELS = 3
"""A shop's own model, the one before it, and the shipped base."""


def _stamped(proposal: Proposal, context: Context) -> Proposal:
    """With the event that caused it and the age of what it was decided on."""
    name = proposal.action.resource
    product = context.products.get(ProductId(name)) or context.catalogue.get(ProductId(name))
    source = product or context.orders.get(OrderId(name))
    as_of = None if source is None else source.updated_at
    return replace(proposal, event_id=context.event.id, as_of=as_of)
