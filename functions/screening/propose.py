"""Order screening as a function: judge an order when it comes, carry the verdict out when that becomes possible,
learn how it ended.

    created, changed, routed, others' risk ──► a verdict, once per state of the order ──► assessment, tag, hold
    cancelled, paid back, disputed         ──► how it ended, for learning; who was behind it, for the next order

Whatever an order holds or lacks, the end is a verdict or "a person, please": never an exception, never silence.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from chalicelib.contracts import (
    Alarm,
    Answers,
    Artifact,
    Capability,
    Context,
    CounterUpdate,
    Decision,
    EngineRequest,
    Material,
    Models,
    Needs,
    OrderOutcome,
    Spend,
    Watched,
)
from chalicelib.domain.events import EventKind, Trigger
from chalicelib.domain.orders import Order
from chalicelib.domain.screening import Override, Ruling, Screening
from functions.screening import acting, bursts, endings, identities, night, pace, showing, usual, verdicts
from functions.screening.acting import NAME
from functions.screening.features import Row
from functions.screening.verdicts import LOOKS, Judged, Unjudgeable

UNDECIDED: Final = "screening_undecided"
FULL: Final = "screening_full"
ATTACK: Final = "screening_attack"
CODES: Final = frozenset({UNDECIDED, FULL, ATTACK})
"""What is raised by day, and taken back the night after."""
_REMEMBERED: Final = frozenset({usual.MEMORY_KEY, pace.MEMORY_KEY, night.MITIGATION_KEY})
_ENDED: Final = frozenset({EventKind.ORDER_CANCELLED, EventKind.REFUND_CREATED, EventKind.DISPUTE_CHANGED})


class OrderScreening:
    """Says how risky an order is and why, by what each mistake would cost; a person has the last word."""

    name = NAME
    label = "Order screening"
    triggers: frozenset[Trigger] = frozenset(verdicts.JUDGED | _ENDED)
    capabilities = frozenset({Capability.ORDER_ASSESSMENT, Capability.ORDER_HOLD, Capability.ORDER_TAGS})
    codes = CODES | night.CODES

    def reads(self, known: Context, models: Models) -> Needs:
        """First what was decided before. For an order that is not judged yet, what we remember, then counters. At last
        what the store holds, where something is to be done there."""
        order = verdicts.subject(known)
        if order is None:
            return Needs()
        first = Needs(screenings=frozenset({order.id}))
        if not known.asked.screenings or not verdicts.wanted(known, order):
            return first
        if verdicts.standing(known, order) is not None:
            return replace(first, targets=_places(known, order, models))
        second = replace(
            first, memory=_REMEMBERED, allowances=frozenset({(LOOKS, order.id)}), catalogue=verdicts.goods(order)
        )
        if not known.asked.memory:
            return second
        third = replace(second, counters=identities.keys(order, known.identify) | bursts.keys())
        return replace(third, targets=_places(known, order, models)) if known.asked.counters else third

    def observe(self, known: Context) -> Sequence[CounterUpdate]:
        """An order counts once for each of its identities, and once more where it turned out to be fraud."""
        order = verdicts.subject(known)
        if order is None or order.test:
            return ()
        ended = endings.told(known.event, order)
        if ended is not None and ended.label:
            return identities.offences(order, known.identify, order.created_at)
        if not verdicts.wanted(known, order):
            return ()
        try:
            small = bursts.updates(order, verdicts.row_of(known, order))
            return (*identities.updates(order, known.identify), *small)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return ()  # what cannot be counted cannot be judged either, and judging says so

    def plan(self, context: Context, models: Models) -> Sequence[EngineRequest]:
        """Nothing is asked of anybody."""
        return ()

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        """A verdict on the order, or how it ended."""
        order = verdicts.subject(context)
        if order is None:
            return Decision()
        ended = endings.told(context.event, order)
        if ended is not None or not verdicts.wanted(context, order):
            return Decision(outcomes=(ended,) if ended else (), screenings=_closed(context, order), considered=1)
        try:
            return _verdict(context, verdicts.judge(context, order, models))
        except Unjudgeable as error:
            return _handed_over(context, verdicts.undecided(order), error)

    def train(self, material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
        """Learn from how orders ended; a new model takes the old one's place only where it wins."""
        from functions.screening.train import train  # brings onnx, which judging does without

        return train(material, progress)

    def watch(self, material: Material) -> Watched:
        """Inputs that have shifted, and countries whose buyers are held more often than others."""
        return night.watch(material)


FUNCTION = OrderScreening()


def _places(known: Context, order: Order, models: Models) -> frozenset[acting.OnOrder]:
    """Where to look in the store: nowhere, where nothing is to be said and nothing of ours can stand there."""
    before = known.screenings.get(order.id)
    try:
        judged = verdicts.judge(known, order, models)
    except Unjudgeable:
        return acting.targets(known, order)
    said = before is not None and (
        bool(before.earlier) or acting.worth_a_word(known, Judged(order, verdicts.recalled(before), before.inputs))
    )
    return acting.targets(known, order) if said or acting.worth_a_word(known, judged) else frozenset()


def _verdict(context: Context, judged: Judged) -> Decision:
    """What follows from a verdict that could be reached."""
    decided, order = judged.decided, judged.order
    if judged.standing is not None:
        return _carried_out(context, judged, judged.standing)
    spends = {}
    if decided.verdict is not Ruling.APPROVE and decided.probability is not None:
        spends[LOOKS] = Spend(ceiling=context.policy.orders.reviews_per_day, unique=order.id)
    return Decision(
        proposals=acting.proposals(context, judged),
        screenings=(record(context, judged),),
        outcomes=() if order.test else (_outcome(judged),),
        remember=_learned(context, judged),
        spends=spends,
        alarms=_alarms(context, judged),
        considered=1,
    )


def _closed(context: Context, order: Order) -> tuple[Screening, ...]:
    """The verdict that stands, now that a look at the order comes too late."""
    known = context.screenings.get(order.id)
    late = known is not None and known.closed_at is None and verdicts.over(order)
    return (replace(known, closed_at=context.now),) if known is not None and late else ()


def _carried_out(context: Context, judged: Judged, standing: Screening) -> Decision:
    """An earlier verdict: what of it could not be done yet is done now, and a hold lifted in the store is noted."""
    if standing.override is None and acting.released(context, judged.order):
        override = Override(by="the store", deed="released", at=context.now)
        ended = OrderOutcome(
            order_id=judged.order.id, at=judged.order.created_at, features={}, label=False, source="released_store"
        )
        return Decision(screenings=(replace(standing, override=override),), outcomes=(ended,), considered=1)
    return Decision(proposals=acting.proposals(context, judged), considered=1)


def _handed_over(context: Context, judged: Judged, error: Unjudgeable) -> Decision:
    """I9: what cannot be decided is for a person, and said aloud."""
    name = judged.order.number or judged.order.id
    kind = type(error.__cause__).__name__
    message = f"Order {name} could not be judged ({kind}). Please look at it yourself."
    alarm = Alarm(code=UNDECIDED, message=message, subject=kind)
    made = acting.proposals(context, judged)
    return Decision(proposals=made, screenings=(record(context, judged),), alarms=(alarm,), considered=1)


def record(context: Context, judged: Judged) -> Screening:
    """The verdict as it is kept; nothing personal but keyed hashes."""
    order, decided = judged.order, judged.decided
    return Screening(
        order_id=order.id, number=order.number, at=context.now, ruling=decided.verdict,
        probability=decided.probability, why=judged.why, model=decided.model, inputs=_inputs(judged.row),
        identities=identities.identities(order, context.identify), reasons=judged.reasons,
        costs={verdict.value: round(loss, 4) for verdict, loss in decided.losses.items()},
        decided_on=verdicts.state_of(context, order), currency=order.currency,
        country=verdicts.country(order),
        language=verdicts.plain(order.locale.replace("_", "-").partition("-")[0].casefold(), 8),
        letter=None if decided.verdict is Ruling.APPROVE else showing.letter(context, judged),
        waited_s=max(0.0, (context.now - context.event.received_at).total_seconds()),
        age_s=max(0.0, (context.now - order.created_at).total_seconds()),
    )  # fmt: skip


def _inputs(row: Row) -> dict[str, float | str | None]:
    """Numbers and words as they can be kept."""
    return {name: verdicts.plain(value) if isinstance(value, str) else value for name, value in row.items()}


def _outcome(judged: Judged) -> OrderOutcome:
    held = judged.decided.verdict is Ruling.HOLD
    order = judged.order
    return OrderOutcome(order_id=order.id, at=order.created_at, features=_inputs(judged.row), label=None, held=held)


def _learned(context: Context, judged: Judged) -> dict[str, str]:
    """What is usual, with this order; an order that was edited has been counted already."""
    if judged.order.test or judged.order.id in context.screenings:
        return {}
    known = verdicts.usual_of(context).after(judged.order.total)
    paces = pace.read(context.memory.get(pace.MEMORY_KEY, "")).after(context.now, judged.decided.saved)
    return {usual.MEMORY_KEY: known.write(), pace.MEMORY_KEY: paces.write()}


def _alarms(context: Context, judged: Judged) -> Sequence[Alarm]:
    found = []
    attack = None if judged.order.test else bursts.burst(context.counters)
    if attack is not None:
        hour = f"{context.now:%Y-%m-%dT%H}"
        found.append(Alarm(code=ATTACK, message=f"{attack.reason}.", subject=hour, urgent=True))
    if judged.why == "budget":
        most = context.policy.orders.reviews_per_day
        message = f"More orders deserve a look today than the {most} you allow. The others went their way, with a note."
        found.append(Alarm(code=FULL, message=message, subject=f"{context.now:%Y-%m-%d}"))
    return found
