"""What follows from a person's decision on an order: it is kept with the verdict, and learned from."""

from collections.abc import Sequence

from chalicelib.domain.actions import AssessOrder, HoldOrder, RiskLevel, TagOrder
from chalicelib.domain.ids import OrderId, Target
from chalicelib.domain.proposals import Proposal
from chalicelib.domain.screening import Override
from chalicelib.services import Services

_FINE = frozenset({"released", "dismissed"})
"""Deeds by which a person says that an order is as it should be. Holding one says nothing yet."""


def decided(services: Services, proposal: Proposal, deed: str, by: str) -> bool:
    """Note who overrode a verdict, and how; True where a hold was lifted.

    An assessment or a tag that is taken back says nothing of the order itself, so only a no to one is learned
    from, and every decision on a hold.
    """
    action = proposal.action
    holds = isinstance(action, HoldOrder)
    if not isinstance(action, HoldOrder | AssessOrder) or not (holds or deed == "dismissed"):
        return False
    at = services.clock.now()
    services.screenings.override(proposal.shop_id, action.order_id, Override(by=by, deed=deed, at=at))
    if deed in _FINE:
        services.outcomes.label(proposal.shop_id, action.order_id, False, deed)
    return holds and deed == "released"


def marks(services: Services, released: Proposal) -> Sequence[Target]:
    """The other places on the order where we may have left a word."""
    order = OrderId(released.action.resource)
    tag = services.shops.policy(released.shop_id).orders.tag
    tags = [TagOrder(order_id=order, tag=tag).target] if tag else []
    return [AssessOrder(order_id=order, risk=RiskLevel.UNKNOWN).target, *tags]
