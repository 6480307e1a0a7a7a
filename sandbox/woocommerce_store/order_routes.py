"""orders with their notes and refunds, and customers."""

from typing import Any

from sandbox.woocommerce_store import batch, customers, listing, order_status, orders
from sandbox.woocommerce_store.call import Answer, Backroom, Call, Handler, created
from sandbox.woocommerce_store.customers import render_customer
from sandbox.woocommerce_store.order_view import render_note, render_order, render_refund
from sandbox.woocommerce_store.pages import paged
from sandbox.woocommerce_store.rest_errors import RestError, missing_params
from sandbox.woocommerce_store.rows import Customer, Note, Order, Refund
from sandbox.woocommerce_store.schema import INTEGER, STRING, Kind, Schema, clean
from sandbox.woocommerce_store.shop import Shop

_FILTERS: Schema = {
    **listing.COLLECTION,
    "status": Kind("array", item="string"),
    **dict.fromkeys(("customer", "product"), INTEGER),
}
_CUSTOMER_FILTERS: Schema = {
    **listing.COLLECTION,
    "orderby": Kind("string", ("id", "include", "name", "registered_date")),
    "email": STRING,
    "role": STRING,
}
_NOTE_FILTERS: Schema = {"type": Kind("string", ("any", "customer", "internal"))}


def index(room: Backroom, call: Call) -> Answer:
    """List orders."""
    params = clean(_FILTERS, call.query)
    for status in params.get("status", ()):
        if status not in {"any", "trash", *orders.STATUSES}:
            message = f"status[0] is not one of any, trash, {', '.join(orders.STATUSES)}."
            raise RestError("rest_invalid_param", "Invalid parameter(s): status", 400, params={"status": message})
    page = room.listings.page(room.shop, "orders", params, lambda: _query(room.shop, params))
    rows = [render_order(room.shop, room.shop.orders[number]) for number in page.ids]
    return paged(room.shop, "orders", call, page, rows)


def show(room: Backroom, call: Call) -> Answer:
    """Give one order."""
    return Answer(render_order(room.shop, orders.find(room.shop, call.ids[0])))


def create(room: Backroom, call: Call) -> Answer:
    """Add an order."""
    order = orders.create(room.shop, call.params)
    return created(room, f"orders/{order.id}", render_order(room.shop, order))


def update(room: Backroom, call: Call) -> Answer:
    """Change an order."""
    order = orders.find(room.shop, call.ids[0], 400)
    return Answer(render_order(room.shop, orders.update(room.shop, order, call.params)))


def remove(room: Backroom, call: Call) -> Answer:
    """Trash an order, or delete it with ``force``."""
    return Answer(_remove(room.shop, orders.find(room.shop, call.ids[0]), force=call.force))


def batch_orders(room: Backroom, call: Call) -> Answer:
    """Create, update and delete orders in one call; deletions are forced."""
    shop = room.shop
    return Answer(
        batch.run(
            call.body,
            lambda item: render_order(shop, orders.create(shop, item)),
            lambda item: render_order(
                shop, orders.update(shop, orders.find(shop, int(item.get("id") or 0), 400), item)
            ),
            lambda item: _remove(shop, orders.find(shop, int(item.get("id") or 0)), force=True),
        )
    )


def index_notes(room: Backroom, call: Call) -> Answer:
    """List an order's notes, newest first, without pages."""
    order = _parent(room.shop, call.ids[0])
    wanted = clean(_NOTE_FILTERS, call.query).get("type", "any")
    notes = [n for n in reversed(order.notes) if wanted == "any" or n.customer_note == (wanted == "customer")]
    return Answer([render_note(room.shop, order, note) for note in notes])


def create_note(room: Backroom, call: Call) -> Answer:
    """Write a note."""
    order = _parent(room.shop, call.ids[0])
    fields = clean(orders.NOTE, call.params)
    if not fields.get("note"):
        raise missing_params(["note"])
    note = order_status.add_note(
        room.shop, order, fields["note"], customer_note=fields.get("customer_note", False),
        by_user=fields.get("added_by_user", False),
    )  # fmt: skip
    return created(room, f"orders/{order.id}/notes/{note.id}", render_note(room.shop, order, note))


def show_note(room: Backroom, call: Call) -> Answer:
    """Give one note."""
    order, note = _note(room.shop, call)
    return Answer(render_note(room.shop, order, note))


def remove_note(room: Backroom, call: Call) -> Answer:
    """Delete a note; there is no trash for notes."""
    if not call.force:
        raise RestError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    order, note = _note(room.shop, call)
    order.notes.remove(note)
    return Answer(render_note(room.shop, order, note))


def index_refunds(room: Backroom, call: Call) -> Answer:
    """List an order's refunds."""
    order = _parent(room.shop, call.ids[0])
    params = clean(listing.COLLECTION, call.query)
    page = listing.cut([row.id for row in reversed(order.refunds)], params)
    rows = [render_refund(room.shop, order, row) for row in order.refunds if row.id in page.ids]
    return paged(room.shop, f"orders/{order.id}/refunds", call, page, rows)


def create_refund(room: Backroom, call: Call) -> Answer:
    """Pay back."""
    order = _parent(room.shop, call.ids[0])
    row = orders.refund(room.shop, order, call.params)
    return created(room, f"orders/{order.id}/refunds/{row.id}", render_refund(room.shop, order, row))


def show_refund(room: Backroom, call: Call) -> Answer:
    """Give one refund."""
    order = _parent(room.shop, call.ids[0])
    row: Refund | None = next((row for row in order.refunds if row.id == call.ids[1]), None)
    if row is None:
        raise RestError("woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID.", 404)
    return Answer(render_refund(room.shop, order, row))


def index_customers(room: Backroom, call: Call) -> Answer:
    """List customers, by name unless told otherwise."""
    params = clean(_CUSTOMER_FILTERS, call.query)
    rows = listing.select(room.shop, room.shop.customers.values(), params)
    rows = [row for row in rows if params.get("email") in (None, row.email)]
    page = listing.cut(_arrange_customers(rows, params), params)
    bodies = [render_customer(room.shop, room.shop.customers[number]) for number in page.ids]
    return paged(room.shop, "customers", call, page, bodies)


def show_customer(room: Backroom, call: Call) -> Answer:
    """Give one customer."""
    return Answer(render_customer(room.shop, customers.find(room.shop, call.ids[0])))


def create_customer(room: Backroom, call: Call) -> Answer:
    """Open an account."""
    customer = customers.create(room.shop, call.params)
    return created(room, f"customers/{customer.id}", render_customer(room.shop, customer))


def update_customer(room: Backroom, call: Call) -> Answer:
    """Change an account."""
    customer = customers.find(room.shop, call.ids[0], 400)
    return Answer(render_customer(room.shop, customers.update(room.shop, customer, call.params)))


def remove_customer(room: Backroom, call: Call) -> Answer:
    """Delete an account; there is no trash for customers."""
    if not call.force:
        message = "Customers do not support trashing."
        raise RestError("woocommerce_rest_trash_not_supported", message, 501)
    customer = customers.find(room.shop, call.ids[0], 400)
    body = render_customer(room.shop, customer)
    customers.delete(room.shop, customer)
    return Answer(body)


def _parent(shop: Shop, number: int) -> Order:
    order = shop.orders.get(number)
    if order is None:
        raise RestError("woocommerce_rest_order_invalid_id", "Invalid order ID.", 404)
    return order


def _note(shop: Shop, call: Call) -> tuple[Order, Note]:
    order = _parent(shop, call.ids[0])
    note = next((note for note in order.notes if note.id == call.ids[1]), None)
    if note is None:
        raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)
    return order, note


def _remove(shop: Shop, order: Order, *, force: bool) -> dict[str, Any]:
    body = render_order(shop, order)
    if force:
        del shop.orders[order.id]
        shop.changed()
    else:
        orders.trash(shop, order)
    return body


def _query(shop: Shop, params: dict[str, Any]) -> list[int]:
    statuses = set(params.get("status") or ["any"])
    rows = [row for row in shop.orders.values() if _in_status(row, statuses)]
    if params.get("customer"):
        rows = [row for row in rows if row.customer_id == params["customer"]]
    if params.get("product"):
        wanted = params["product"]
        rows = [row for row in rows if any(wanted in (item.product_id, item.variation_id) for item in row.lines)]
    if params.get("search"):
        rows = [row for row in rows if _matches(row, params["search"].lower())]
    return listing.arrange(listing.select(shop, rows, params), params, lambda row: str(row.id))


def _in_status(row: Order, statuses: set[str]) -> bool:
    return row.status not in {"trash", "auto-draft"} if "any" in statuses else row.status in statuses


def _matches(row: Order, text: str) -> bool:
    values = (str(row.id), *row.billing.values(), *(item.name for item in row.lines))
    return any(text in value.lower() for value in values)


def _arrange_customers(rows: list[Customer], params: dict[str, Any]) -> list[int]:
    descending = params.get("order", "asc") == "desc"
    if params.get("orderby") in {"id", "include"}:
        rows.sort(key=lambda row: row.id, reverse=descending)
    elif params.get("orderby") == "registered_date":
        rows.sort(key=lambda row: (row.created_at, row.id), reverse=descending)
    else:
        rows.sort(key=lambda row: (row.username, row.id), reverse=descending)
    return [row.id for row in rows]


_EDIT = ("PUT", "POST", "PATCH")
ROUTES: tuple[tuple[str, dict[str, Handler]], ...] = (
    (r"orders", {"GET": index, "POST": create}),
    (r"orders/batch", dict.fromkeys(_EDIT, batch_orders)),
    (r"orders/(\d+)", {"GET": show, "DELETE": remove, **dict.fromkeys(_EDIT, update)}),
    (r"orders/(\d+)/notes", {"GET": index_notes, "POST": create_note}),
    (r"orders/(\d+)/notes/(\d+)", {"GET": show_note, "DELETE": remove_note}),
    (r"orders/(\d+)/refunds", {"GET": index_refunds, "POST": create_refund}),
    (r"orders/(\d+)/refunds/(\d+)", {"GET": show_refund}),
    (r"customers", {"GET": index_customers, "POST": create_customer}),
    (
        r"customers/(\d+)",
        {"GET": show_customer, "DELETE": remove_customer, **dict.fromkeys(_EDIT, update_customer)},
    ),
)
