"""Fulfillment orders and their holds, as recorded for a hold over several lines."""

from typing import Any

from sandbox.shopify_store import payloads
from sandbox.shopify_store.connections import connection
from sandbox.shopify_store.nodes import find
from sandbox.shopify_store.records import FulfillmentLine, FulfillmentOrder, Hold, LineItem, gid
from sandbox.shopify_store.registry import Call, access_denied, resolves, user_error
from sandbox.shopify_store.risk import app
from sandbox.shopify_store.search import compile_query
from sandbox.shopify_store.shop import location

WRITE = ("write_merchant_managed_fulfillment_orders", "write_third_party_fulfillment_orders")
READ = ("read_merchant_managed_fulfillment_orders", "read_orders")
MOST_HOLDS = 10
OPEN = ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", "SPLIT")
HELD = ("RELEASE_HOLD", "HOLD", "MOVE")
REASONS = {
    "AWAITING_PAYMENT": "Awaiting payment",
    "AWAITING_RETURN_ITEMS": "Awaiting return items",
    "HIGH_RISK_OF_FRAUD": "High risk of fraud",
    "INCORRECT_ADDRESS": "Incorrect address",
    "INVENTORY_OUT_OF_STOCK": "Inventory out of stock",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL": "Online store post purchase cross sell",
    "OTHER": "Other",
    "UNKNOWN_DELIVERY_DATE": "Unknown delivery date",
}
NOT_FOUND = "Fulfillment order does not exist."


@resolves("QueryRoot.fulfillmentOrder", access=READ)
def fulfillment_order(_root: Any, call: Call, *, global_id: str) -> FulfillmentOrder | None:
    """One fulfillment order."""
    return find(call, global_id, "FulfillmentOrder")  # type: ignore[no-any-return]


@resolves("QueryRoot.fulfillmentOrders", access=READ)
def fulfillment_orders(
    _root: Any, call: Call, *, include_closed: bool = False, query: str | None = None, **paging: Any
) -> dict[str, Any]:
    """Fulfillment orders, the closed ones only where asked for."""
    fields = {"status": lambda f: f.status, "order_id": lambda f: f.order.number, "id": lambda f: f.number}
    test = compile_query(query, fields, lambda f: f.order.order_number)
    rows = [row for row in call.state.all("FulfillmentOrder") if test(row)]
    open_rows = [row for row in rows if include_closed or row.status not in ("CLOSED", "CANCELLED")]
    return connection(call, sorted(open_rows, key=lambda row: row.number), paging)


resolves("FulfillmentOrder.requestStatus")(lambda _f, _c: "UNSUBMITTED")
resolves("FulfillmentOrder.fulfillBy")(lambda _f, _c: None)
resolves("FulfillmentOrder.fulfillmentHolds")(lambda f, _c: f.holds)
resolves("FulfillmentOrder.orderId")(lambda f, _c: gid("Order", f.order.number))
resolves("FulfillmentOrder.orderName")(lambda f, _c: f"#{f.order.order_number}")
resolves("FulfillmentOrder.orderProcessedAt")(lambda f, _c: f.order.created_at)


@resolves("FulfillmentOrder.supportedActions")
def supported_actions(record: FulfillmentOrder, _call: Call) -> list[dict[str, str]]:
    """What may be done now, in the order of the recording."""
    actions = {"OPEN": OPEN, "ON_HOLD": HELD}.get(record.status, ())
    return [{"action": action} for action in actions]


@resolves("FulfillmentOrder.assignedLocation")
def assigned_location(_record: FulfillmentOrder, call: Call) -> dict[str, Any]:
    """Where it is sent from."""
    place = location(call.state)
    return {"name": place["name"], "location": place, "countryCode": call.state.country}


@resolves("FulfillmentOrder.lineItems")
def lines(record: FulfillmentOrder, call: Call, **arguments: Any) -> dict[str, Any]:
    """What is to be sent."""
    return connection(call, record.lines, arguments)


resolves("FulfillmentOrderLineItem.productTitle")(lambda x, _c: x.line_item.title)
resolves("FulfillmentOrderLineItem.sku")(lambda x, _c: x.line_item.sku)
resolves("FulfillmentOrderLineItem.variantTitle")(lambda x, _c: x.line_item.variant_title)
resolves("FulfillmentOrderLineItem.vendor")(lambda x, _c: x.line_item.vendor)
resolves("FulfillmentOrderLineItem.variant")(lambda x, _c: x.line_item.variant)
resolves("FulfillmentOrderLineItem.requiresShipping")(lambda _x, _c: True)


@resolves("LineItem.fulfillableQuantity")
def fulfillable(line: LineItem, _call: Call) -> int:
    """What waits in fulfillment orders that are not on hold (recorded: a held line counts nothing)."""
    return sum(
        part.remaining_quantity
        for one in (line.order.fulfillment_orders if line.order else ())
        if one.status == "OPEN"
        for part in one.lines
        if part.line_item is line
    )


resolves("FulfillmentHold.displayReason")(lambda h, _c: REASONS[h.reason])
resolves("FulfillmentHold.heldByRequestingApp")(lambda _h, _c: True)


@resolves("FulfillmentHold.heldByApp")
def held_by_app(_hold: Hold, call: Call) -> dict[str, Any]:
    """Which app holds it; naming apps takes a scope of its own, as recorded."""
    if not call.may(("read_apps",)):
        raise access_denied("heldByApp", "`read_apps` access scope.")
    return app(call)


@resolves("Mutation.fulfillmentOrderHold", access=WRITE)
def hold(_root: Any, call: Call, *, global_id: str, fulfillment_hold: dict[str, Any]) -> dict[str, Any]:
    """Holds a fulfillment order, or a part of it, which splits the rest off."""
    record = call.state.find(global_id)
    error = _check(record, fulfillment_hold)
    if error or not isinstance(record, FulfillmentOrder):
        nothing = dict.fromkeys(("fulfillmentHold", "fulfillmentOrder", "remainingFulfillmentOrder"))
        return {**nothing, "userErrors": [error]}
    rest = _split(call, record, fulfillment_hold.get("fulfillmentOrderLineItems") or [])
    made = Hold(
        number=call.state.new_number(),
        reason=fulfillment_hold["reason"],
        reason_notes=fulfillment_hold.get("reasonNotes"),
        handle=fulfillment_hold.get("handle"),
        external_id=fulfillment_hold.get("externalId"),
    )
    call.state.add(made)
    record.holds.append(made)
    record.status, record.updated_at = "ON_HOLD", call.now()
    call.post("fulfillment_orders/placed_on_hold", payloads.held(record, rest, call.app_id))
    call.touched.append(record.order)
    return {
        "fulfillmentHold": made,
        "fulfillmentOrder": record,
        "remainingFulfillmentOrder": rest,
        "userErrors": [],
    }


def _check(record: Any, wanted: dict[str, Any]) -> dict[str, Any] | None:
    if not isinstance(record, FulfillmentOrder):
        return user_error(["id"], NOT_FOUND, "FULFILLMENT_ORDER_NOT_FOUND")
    if record.status not in ("OPEN", "ON_HOLD", "SCHEDULED"):
        return user_error(["id"], "Fulfillment order is not in a state that can be held.", "TAKEN")
    if len(record.holds) >= MOST_HOLDS:
        message = "The maximum number of fulfillment holds for this fulfillment order has been reached."
        return user_error(["id"], message, "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
    if any((one.handle or "") == (wanted.get("handle") or "") for one in record.holds):
        message = (
            "The handle provided for the fulfillment hold is already in use by this app for another hold."
        )
        return user_error(["fulfillmentHold", "handle"], message, "DUPLICATE_FULFILLMENT_HOLD_HANDLE")
    return _check_lines(record, wanted.get("fulfillmentOrderLineItems") or [])


def _check_lines(record: FulfillmentOrder, wanted: list[dict[str, Any]]) -> dict[str, Any] | None:
    root = ["fulfillmentHold", "fulfillmentOrderLineItems"]
    if wanted and record.holds:
        message = "The fulfillment order is on hold and cannot be split."
        return user_error(root, message, "FULFILLMENT_ORDER_NOT_SPLITTABLE")
    if len({entry["id"] for entry in wanted}) < len(wanted):
        message = "must contain unique line item ids"
        return user_error(root, message, "DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS")
    held = {gid("FulfillmentOrderLineItem", line.number): line for line in record.lines}
    for index, entry in enumerate(wanted):
        path = [*root, str(index), "quantity"]
        if entry["quantity"] < 1:
            return user_error(
                path, "You must select at least one item to place on partial hold.", "GREATER_THAN_ZERO"
            )
        line = held.get(entry["id"])
        if line is None or entry["quantity"] > line.remaining_quantity:
            return user_error(path, "The line item quantity is invalid.", "INVALID_LINE_ITEM_QUANTITY")
    return None


def _split(call: Call, record: FulfillmentOrder, wanted: list[dict[str, Any]]) -> FulfillmentOrder | None:
    """Moves what is not held into a new fulfillment order; None where everything is held."""
    held = {entry["id"]: entry["quantity"] for entry in wanted}
    if not held:
        return None
    rest: list[FulfillmentLine] = []
    for line in list(record.lines):
        kept = held.get(gid("FulfillmentOrderLineItem", line.number), 0)
        if kept < line.remaining_quantity:
            rest.append(_split_line(call, record, line, kept))
    if not rest:
        return None
    made = FulfillmentOrder(
        number=call.state.new_number(),
        order=record.order,
        status="OPEN",
        lines=rest,
        fulfill_at=record.fulfill_at,
        created_at=call.now(),
        updated_at=call.now(),
    )
    record.order.fulfillment_orders.append(made)
    call.state.add(made)
    return made


def _split_line(call: Call, record: FulfillmentOrder, line: FulfillmentLine, kept: int) -> FulfillmentLine:
    moved = line.remaining_quantity - kept
    if kept == 0:
        record.lines.remove(line)
        return line
    line.total_quantity = line.remaining_quantity = kept
    split = FulfillmentLine(
        number=call.state.new_number(),
        line_item=line.line_item,
        total_quantity=moved,
        remaining_quantity=moved,
    )
    call.state.add(split)
    return split


@resolves("Mutation.fulfillmentOrderReleaseHold", access=WRITE)
def release(
    _root: Any,
    call: Call,
    *,
    global_id: str,
    hold_ids: list[str] | None = None,
    external_id: str | None = None,
) -> dict[str, Any]:
    """Lifts the named holds, or all of them; the order is open again when none is left."""
    record = call.state.find(global_id)
    if not isinstance(record, FulfillmentOrder):
        error = user_error(["id"], NOT_FOUND, "FULFILLMENT_ORDER_NOT_FOUND")
        return {"fulfillmentOrder": None, "userErrors": [error]}
    before = len(record.holds)
    record.holds = [one for one in record.holds if not _named(one, hold_ids, external_id)]
    if len(record.holds) == before:
        return {"fulfillmentOrder": record, "userErrors": []}
    record.updated_at = call.now()
    if not record.holds:
        record.status = "OPEN"
        call.post("fulfillment_orders/hold_released", payloads.fulfillment_order(record))
    call.touched.append(record.order)
    return {"fulfillmentOrder": record, "userErrors": []}


def _named(one: Hold, hold_ids: list[str] | None, external_id: str | None) -> bool:
    if hold_ids is None and external_id is None:
        return True
    by_id = hold_ids is not None and gid("FulfillmentHold", one.number) in hold_ids
    return by_id or (external_id is not None and one.external_id == external_id)
