"""Orders cancelled through the API."""

import uuid
from typing import Any

from sandbox.shopify_store import merchant
from sandbox.shopify_store.records import Order
from sandbox.shopify_store.registry import Call, resolves, user_error


@resolves("Mutation.orderCancel", access=("write_orders",))
def cancel(_root: Any, call: Call, *, order_id: str, reason: str, **_: Any) -> dict[str, Any]:
    """Cancels an order in the background; the sandbox is done at once and names the job all the same."""
    order = call.state.find(order_id)
    message = None if isinstance(order, Order) else "Order does not exist"
    if isinstance(order, Order) and order.cancelled_at:
        message = "Order has already been cancelled"
    if message or not isinstance(order, Order):
        error = user_error(["orderId"], str(message), "NOT_FOUND" if order is None else "INVALID")
        return {"job": None, "orderCancelUserErrors": [error], "userErrors": [error]}
    merchant.cancel_order(call, order, reason=reason)
    job = {"id": f"gid://shopify/Job/{uuid.uuid5(uuid.NAMESPACE_URL, order_id)}", "done": False}
    return {"job": job, "orderCancelUserErrors": [], "userErrors": []}
