"""What we leave on a Shopify order: a risk assessment, a hold on what is to be sent, a tag."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.contracts import Receipt
from chalicelib.domain.actions import AssessOrder, HoldOrder, RiskFact, Snapshot, TagOrder, Value
from chalicelib.domain.ids import Target
from chalicelib.errors import Gone, UnsupportedAction
from integrations.shopify import mapping
from integrations.shopify.answers import FulfillmentOrder, StoreOrder
from integrations.shopify.changes import Todo
from integrations.shopify.connection import Connection, nodes, parsed

type OnOrder = AssessOrder | HoldOrder | TagOrder

LEVELS = {"low": "LOW", "medium": "MEDIUM", "high": "HIGH", "unknown": "PENDING"}
MOST_FACTS = 20
LONGEST_FACT = 256
HANDLE = "tradewind-review"
_READ = 20
_WORDS = {theirs: ours for ours, theirs in LEVELS.items()}


@dataclass(frozen=True, slots=True)
class _State:
    """Orders as they stand, and which app we are."""

    orders: Mapping[str, StoreOrder]
    app_id: str


def read(connection: Connection, actions: Sequence[OnOrder]) -> Mapping[Target, Snapshot]:
    """Risk, holds and tags of twenty orders a call."""
    state = _state(connection, [action.order_id for action in actions])
    return {
        action.target: _snapshot(action, state.orders[name], state.app_id)
        for action in actions
        if (name := mapping.gid("Order", action.order_id)) in state.orders
    }


def write(connection: Connection, todo: Todo[OnOrder]) -> Receipt:
    """Do it, and say what the order holds then."""
    match todo.action:
        case AssessOrder() as action:
            if action.risk == "unknown" and not action.facts:
                raise UnsupportedAction("An assessment without a finding is not worth leaving.")
            _assess(connection, action, LEVELS[action.risk], action.facts)
        case HoldOrder() as action:
            _hold(connection, action)
        case TagOrder() as action:
            name = mapping.gid("Order", action.order_id)
            connection.change("AddTags", "tagsAdd", id=name, tags=[action.tag])
    return _receipt(connection, todo.action)


def put_back(connection: Connection, todo: Todo[OnOrder], before: Snapshot) -> Receipt:
    """Supersede the assessment, release the hold, or take the tag off."""
    match todo.action:
        case AssessOrder() as action:
            _assess(connection, action, LEVELS.get(str(before.value), "NONE"), ())
        case HoldOrder():
            for name, holds in todo.now.detail:
                held = [mapping.gid("FulfillmentHold", one) for one in holds.split(",")]
                order = mapping.gid("FulfillmentOrder", name)
                connection.change("ReleaseHold", "fulfillmentOrderReleaseHold", id=order, holdIds=held)
        case TagOrder() as action:
            name = mapping.gid("Order", action.order_id)
            connection.change("RemoveTags", "tagsRemove", id=name, tags=[action.tag])
    return _receipt(connection, todo.action)


def _receipt(connection: Connection, action: OnOrder) -> Receipt:
    after = read(connection, [action]).get(action.target)
    if after is None:
        raise Gone
    return Receipt(after=after)


def _assess(connection: Connection, action: AssessOrder, level: str, facts: Sequence[RiskFact]) -> None:
    told = [
        {"description": fact.text[:LONGEST_FACT], "sentiment": fact.sentiment.upper()} for fact in facts[:MOST_FACTS]
    ]
    given = {"orderId": mapping.gid("Order", action.order_id), "riskLevel": level, "facts": told}
    connection.change("AssessOrder", "orderRiskAssessmentCreate", input=given)


def _hold(connection: Connection, action: HoldOrder) -> None:
    """Hold everything of the order that can still be held."""
    state = _state(connection, [action.order_id])
    order = state.orders.get(mapping.gid("Order", action.order_id))
    if order is None:
        raise Gone
    open_ones = [one for one in order.fulfillment_orders if _holdable(one)]
    if not open_ones:
        raise UnsupportedAction("Nothing of this order can be held any more.")
    hold = {
        "reason": "HIGH_RISK_OF_FRAUD",
        "reasonNotes": action.note[:LONGEST_FACT],
        "notifyMerchant": False,
        "handle": HANDLE,
    }
    for one in open_ones:
        connection.change("HoldFulfillment", "fulfillmentOrderHold", id=one.id, hold=hold)


def _holdable(found: FulfillmentOrder) -> bool:
    can = any(one.action == "HOLD" for one in found.actions)
    return can and not any(hold.ours for hold in found.holds)


def _state(connection: Connection, ids: Sequence[str]) -> _State:
    names = list(dict.fromkeys(mapping.gid("Order", one) for one in ids))
    orders: dict[str, StoreOrder] = {}
    app_id = ""
    for start in range(0, len(names), _READ):
        data = connection.run("OrderState", ids=names[start : start + _READ])
        orders |= {node["id"]: parsed(StoreOrder, node) for node in nodes(data) if "id" in node}
        app_id = app_of(data)
    return _State(orders, app_id)


def app_of(data: Mapping[str, Any]) -> str:
    """Which app we are in this shop."""
    installation = data.get("currentAppInstallation")
    app = installation.get("app") if isinstance(installation, dict) else None
    return str(app.get("id") or "") if isinstance(app, dict) else ""


def _snapshot(action: OnOrder, found: StoreOrder, app_id: str) -> Snapshot:
    value: Value
    detail: tuple[tuple[str, str], ...] = ()
    match action:
        case AssessOrder():
            value = _our_risk(found, app_id)
        case HoldOrder():
            ours = ((one.id, [hold.id for hold in one.holds if hold.ours]) for one in found.fulfillment_orders)
            detail = tuple(
                (mapping.number(name), ",".join(mapping.number(hold) for hold in holds))
                for name, holds in ours
                if holds
            )
            value = bool(detail)
        case TagOrder():
            value = action.tag.casefold() in {tag.casefold() for tag in found.tags}
    return Snapshot(value=value, read_at=datetime.now(UTC), detail=detail)


def _our_risk(found: StoreOrder, app_id: str) -> str | None:
    """Our latest word on the order; NONE takes an earlier one back."""
    ours = [
        one.risk
        for one in (found.risk.assessments if found.risk else [])
        if one.provider is not None and one.provider.id == app_id
    ]
    return _WORDS.get(ours[-1]) if ours else None
