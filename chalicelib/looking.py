"""A person looks at an order: it is fine, or it was fraud. And the whole record of one, for an appeal."""

from typing import Any

from chalicelib import deciding
from chalicelib.domain.actions import Action, AssessOrder, HoldOrder, RiskLevel, TagOrder
from chalicelib.domain.events import EventKind, StoreEvent, event_id, to_message
from chalicelib.domain.ids import OrderId, ProposalId, ShopId
from chalicelib.domain.proposals import Proposal, Status
from chalicelib.domain.screening import Override, Screening
from chalicelib.errors import Gone, NotAllowed, Skipped
from chalicelib.services import Services
from chalicelib.storage.codec import to_json

TOLD_FRAUD = "merchant/fraud/told"
"""As a dispute's type, reason and status: somebody said so on our own pages."""


def standing(services: Services, shop: ShopId, order: OrderId) -> Screening:
    """The verdict on an order. Raises Gone."""
    found = services.screenings.get(shop, order)
    if found is None:
        raise Gone("This order was not screened, or its record has been erased.")
    return found


def hold_of(services: Services, shop: ShopId, order: OrderId) -> Proposal | None:
    """Our hold that stands on the order, or the proposal to hold it that waits."""
    state = services.proposals.state(shop, HoldOrder(order_id=order, note="").target, services.clock.now())
    names = [state.written.proposal_id] if state.written else []
    names += [state.open.proposal] if state.open else []
    found = services.proposals.many(shop, names)
    live = (found[name] for name in names if name in found)
    return next((one for one in live if one.status in {Status.APPLIED, Status.PROPOSED}), None)


def fine(services: Services, shop: ShopId, order: OrderId, by: str) -> None:
    """A person says that an order is as it should be: a hold is lifted, our marks are taken back, and it is learned.

    Raises:
        NotAllowed: the store changed meanwhile, in words.
        Gone, Retryable, NeedsMerchant: from the store.
    """
    standing(services, shop, order)
    hold = hold_of(services, shop, order)
    if hold is not None and hold.status is Status.APPLIED:
        deciding.undo(services, shop, hold.id, by)
        return
    for name in _marks(services, shop, order):
        _take_back(services, shop, name, by)
    services.screenings.override(shop, order, Override(by=by, deed="cleared", at=services.clock.now()))
    services.outcomes.label(shop, order, False, "cleared")


def fraud(services: Services, shop: ShopId, order: OrderId, by: str) -> None:
    """A person says that an order was fraud. It goes the road that a bank's word goes, so that the buyer's next order
    is seen in its light; cancelling and paying back are for people in the store. Raises Gone, Retryable."""
    standing(services, shop, order)
    now = services.clock.now()
    services.screenings.override(shop, order, Override(by=by, deed="fraud", at=now))
    name = event_id("told", shop, order, now.isoformat())
    told = StoreEvent(
        id=name, shop_id=shop, kind=EventKind.DISPUTE_CHANGED, resource=order, occurred_at=now, received_at=now,
        delivery=name, topic="told", detail=TOLD_FRAUD,
    )  # fmt: skip
    services.queue.send(to_message(told), group=shop)


def record(services: Services, shop: ShopId, order: OrderId) -> dict[str, Any]:
    """Everything that is kept of one order's screening, to answer an appeal. Raises Gone.

    Identities are keyed hashes; nothing here names a buyer.
    """
    kept = standing(services, shop, order)
    profile, policy = services.shops.with_policy(shop)
    made = sorted((p for p in services.proposals.every(shop) if p.action.resource == order), key=lambda p: p.created_at)
    ended = services.outcomes.get(shop, order)
    return {
        "shop": {"id": shop, "name": profile.name},
        "what_this_is": "How an order was screened. The verdict is advice: only a person can cancel an order.",
        "verdict": to_json(kept),
        "reasons_in_words": [{"says": str(reason), "speaks": str(reason.sentiment)} for reason in kept.reasons],
        "limits_of_the_merchant": to_json(policy.orders),
        "written_to_the_store": [_deed(proposal) for proposal in made],
        "ended": None if ended is None else {"fraud": ended.label, "known_from": ended.source},
        "exported_at": services.clock.now().isoformat(),
    }


def _deed(proposal: Proposal) -> dict[str, Any]:
    return {
        "id": proposal.id, "action": to_json(proposal)["action"], "status": str(proposal.status),
        "decided_by": proposal.decided_by or "tradewind", "proposed_at": proposal.created_at.isoformat(),
        "applied_at": proposal.applied_at.isoformat() if proposal.applied_at else None,
        "model": f"{proposal.model.name}/{proposal.model.version}",
    }  # fmt: skip


def _marks(services: Services, shop: ShopId, order: OrderId) -> list[ProposalId]:
    """What of ours stands on the order, or waits to: its assessment, its tag, the wish to hold it."""
    tag = services.shops.policy(shop).orders.tag
    actions: list[Action] = [
        HoldOrder(order_id=order, note=""), AssessOrder(order_id=order, risk=RiskLevel.UNKNOWN),
        *([TagOrder(order_id=order, tag=tag)] if tag else []),
    ]  # fmt: skip
    states = [services.proposals.state(shop, action.target, services.clock.now()) for action in actions]
    written = [state.written.proposal_id for state in states if state.written]
    return written + [state.open.proposal for state in states if state.open]


def _take_back(services: Services, shop: ShopId, name: ProposalId, by: str) -> None:
    """One mark; what the store no longer lets us change stays."""
    try:
        found = services.proposals.get(shop, name)
        if found.status is Status.APPLIED:
            deciding.undo(services, shop, name, by)
        elif found.status is Status.PROPOSED:
            deciding.dismiss(services, shop, name, by)
    except (NotAllowed, Skipped):
        return
