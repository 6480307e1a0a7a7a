"""From a verdict to what is left in the store: a risk assessment, a tag, a hold. Never a cancellation.

    approve   nothing; where a graver word of ours stands on the order, a milder one
    review    a risk assessment with its facts, and the merchant's tag
    hold      both, and a hold, unless that must wait: for a payment, for the store's routing, for a person
"""

from collections.abc import Iterator
from typing import Final

from chalicelib.contracts import Capability, Context
from chalicelib.domain.actions import AssessOrder, HoldOrder, RiskFact, RiskLevel, Sentiment, TagOrder
from chalicelib.domain.ids import FunctionName
from chalicelib.domain.orders import Order
from chalicelib.domain.proposals import Proposal, proposal_id
from chalicelib.domain.screening import Ruling
from chalicelib.domain.shop import Mode
from functions.screening import showing
from functions.screening.verdicts import Judged

NAME: Final = FunctionName("screening")
_WARNED: Final = frozenset({RiskLevel.MEDIUM, RiskLevel.HIGH, RiskLevel.UNKNOWN})

type OnOrder = AssessOrder | HoldOrder | TagOrder


def targets(known: Context, order: Order) -> frozenset[OnOrder]:
    """Every place on the order where we may want to leave something, or have."""
    found: list[OnOrder] = []
    if Capability.ORDER_ASSESSMENT in known.abilities:
        found.append(AssessOrder(order_id=order.id, risk=RiskLevel.UNKNOWN))
    if Capability.ORDER_HOLD in known.abilities:
        found.append(HoldOrder(order_id=order.id, note=""))
    if Capability.ORDER_TAGS in known.abilities and known.policy.orders.tag:
        found.append(TagOrder(order_id=order.id, tag=known.policy.orders.tag))
    return frozenset(found)


def proposals(context: Context, judged: Judged) -> list[Proposal]:
    """What to leave on the order; nothing once a person has decided on this state of it."""
    if judged.settled:
        return []
    wanted = [*_assessment(context, judged), *_tag(context, judged), *_hold(context, judged)]
    return [made for action in wanted if (made := _proposal(context, judged, action)) is not None]


def released(context: Context, order: Order) -> bool:
    """Whether somebody lifted our hold in the store itself."""
    target = HoldOrder(order_id=order.id, note="").target
    held, ours = context.snapshots.get(target), context.written.get(target)
    return ours is not None and held is not None and held.value is False and order.cancelled_at is None


def worth_a_word(context: Context, judged: Judged) -> bool:
    """Whether the store should hear of it: what deserves a look always, any raised risk where it costs nobody's
    time to say so."""
    automatic = context.policy.mode(NAME) is Mode.AUTOMATIC
    raised = judged.decided.risk is not RiskLevel.LOW
    return judged.decided.verdict is not Ruling.APPROVE or (automatic and raised)


def _assessment(context: Context, judged: Judged) -> Iterator[OnOrder]:
    order, decided = judged.order, judged.decided
    target = AssessOrder(order_id=order.id, risk=decided.risk).target
    before = context.snapshots.get(target)
    if before is None:
        return
    warned = context.written.get(target) is not None and before.value in _WARNED
    if warned or worth_a_word(context, judged):
        yield AssessOrder(order_id=order.id, risk=decided.risk, facts=facts(judged))


def _tag(context: Context, judged: Judged) -> Iterator[OnOrder]:
    if judged.decided.verdict is not Ruling.APPROVE and context.policy.orders.tag:
        yield TagOrder(order_id=judged.order.id, tag=context.policy.orders.tag)


def _hold(context: Context, judged: Judged) -> Iterator[OnOrder]:
    """Where the store would write to the buyer and the merchant does not want that, it waits: an order that is not
    paid for is not sent either, and its payment brings us back here. The same with an order that is not routed."""
    order, limits = judged.order, context.policy.orders
    mails = order.hold_mails_buyer
    if judged.decided.verdict is Ruling.HOLD and not order.awaits_routing and (limits.hold_mails_buyer or not mails):
        yield HoldOrder(
            order_id=order.id, note=note(judged), mails_buyer=mails, release_mails_buyer=order.release_mails_buyer
        )


def _proposal(context: Context, judged: Judged, action: OnOrder) -> Proposal | None:
    """None where the store has no such place."""
    before = context.snapshots.get(action.target)
    if before is None:
        return None
    order, decided = judged.order, judged.decided
    asks = decided.probability is None or (isinstance(action, HoldOrder) and not context.policy.orders.hold)
    return Proposal(
        id=proposal_id(context.event.id, NAME, action.target), shop_id=context.shop.id, function=NAME,
        action=action, before=before, reasons=judged.reasons, evidence=showing.evidence(context, judged),
        confidence=decided.probability or 0.0, model=decided.model, worth=max(decided.saved, 0.0),
        title=showing.title(order), review=asks, event_id=context.event.id, created_at=context.now,
    )  # fmt: skip


def facts(judged: Judged) -> tuple[RiskFact, ...]:
    """What the store shows beside the risk: the advice, then each reason with the way it points."""
    advice = RiskFact(text=advice_of(judged), sentiment=Sentiment.NEUTRAL)
    return (advice, *(RiskFact(text=str(reason), sentiment=reason.sentiment) for reason in judged.reasons))


def note(judged: Judged) -> str:
    """For the merchant, on the order."""
    against = [str(reason) for reason in judged.decided.reasons if reason.sentiment is not Sentiment.POSITIVE]
    return ". ".join(["Please look at it before it is sent", *against]) + "."


def advice_of(judged: Judged) -> str:
    """The advice in a sentence."""
    probability = judged.decided.probability
    if probability is None:
        return "Could not be judged: please look at it"
    words = {
        Ruling.APPROVE: "nothing needs to be done",
        Ruling.REVIEW: "worth a look",
        Ruling.HOLD: "look at it before it is sent",
    }
    return f"Estimated probability of fraud {showing.share(probability)}: {words[judged.decided.verdict]}"
