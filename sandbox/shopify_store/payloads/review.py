"""Bodies about what was decided on orders: risk, holds, disputes."""

from sandbox.shopify_store.payloads.amounts import Body, stamp
from sandbox.shopify_store.records import Dispute, FulfillmentOrder, Order, gid
from sandbox.shopify_store.state import State


def risk_assessment(state: State, record: Order, *, by_app: int | None, title: str | None) -> Body:
    """orders/risk_assessment_changed."""
    latest = record.assessments[-1]
    return {
        "provider_id": by_app,
        "provider_title": title,
        "risk_level": latest.risk_level.lower(),
        "created_at": stamp(state, latest.created_at),
        "order_id": str(record.number),
        "admin_graphql_api_order_id": gid("Order", record.number),
    }


def fulfillment_order(record: FulfillmentOrder) -> Body:
    """fulfillment_orders/order_routing_complete and hold_released."""
    return {
        "fulfillment_order": {
            "id": gid("FulfillmentOrder", record.number),
            "status": record.status.lower(),
        }
    }


def held(record: FulfillmentOrder, split: FulfillmentOrder | None, app_id: int) -> Body:
    """fulfillment_orders/placed_on_hold; the split-off part is named by id and status alone."""
    holds = [
        {
            "id": gid("FulfillmentHold", one.number),
            "handle": one.handle or "",
            "reason": one.reason.lower(),
            "reason_notes": one.reason_notes or "",
            "held_by_app": {"id": gid("App", app_id)},
            "held_by_requesting_app": True,
        }
        for one in record.holds
    ]
    rest = {"id": gid("FulfillmentOrder", split.number), "status": split.status.lower()} if split else None
    return {
        "fulfillment_order": {**fulfillment_order(record)["fulfillment_order"], "fulfillment_holds": holds},
        "created_fulfillment_hold": holds[-1],
        "held_fulfillment_order_line_items": [
            {"id": gid("FulfillmentOrderLineItem", line.number), "quantity": line.total_quantity}
            for line in record.lines
        ],
        "remaining_fulfillment_order": rest,
    }


def dispute(state: State, record: Dispute) -> Body:
    """disputes/create and disputes/update."""
    return {
        "id": record.number,
        "order_id": record.order.number,
        "type": record.initiated_as.lower(),
        "amount": str(state.money(record.amount)),
        "currency": state.currency,
        "reason": record.reason,
        "network_reason_code": "4837",
        "status": record.status.lower(),
        "evidence_due_by": stamp(state, record.initiated_at),
        "evidence_sent_on": None,
        "finalized_on": None,
        "initiated_at": stamp(state, record.initiated_at),
    }
