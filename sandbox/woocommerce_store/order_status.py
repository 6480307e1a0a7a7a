"""Moving an order from status to status: what it does to stock, notes, mails and events."""

from sandbox.woocommerce_store import product_fields, products
from sandbox.woocommerce_store.rows import Line, Note, Order, Product
from sandbox.woocommerce_store.shop import Shop

PAID = frozenset({"processing", "completed"})
_RESERVES_STOCK = frozenset({"processing", "completed", "on-hold"})
_RETURNS_STOCK = frozenset({"cancelled", "pending"})

# Which status changes mail somebody: WC_Emails::init_transactional_emails and the WC_Email_* classes.
# Note what is absent: processing -> on-hold mails nobody.
_MAILS = {
    **dict.fromkeys([(before, "on-hold") for before in ("pending", "failed", "cancelled")], "customer_on_hold_order"),
    **dict.fromkeys(
        [(before, "processing") for before in ("pending", "failed", "cancelled", "on-hold")],
        "customer_processing_order",
    ),
    **dict.fromkeys([("processing", "cancelled"), ("on-hold", "cancelled")], "cancelled_order"),
    **dict.fromkeys([("pending", "failed"), ("on-hold", "failed")], "failed_order"),
}

_TO_MERCHANT = frozenset({"cancelled_order", "failed_order"})


def saved(shop: Shop, order: Order) -> None:
    """Stamp an order and announce ``order.updated``."""
    order.modified_at = shop.now()
    shop.changed()
    shop.announce("order.updated", order.id)


def set_status(shop: Shop, order: Order, status: str, remark: str = "") -> None:
    """Move an order to a status, with the note, stock change and mails that go with it."""
    before = order.status
    if before == status:
        return
    order.status = status
    if status in PAID:
        order.paid_at = order.paid_at or shop.now()
    order.completed_at = shop.now() if status == "completed" else order.completed_at
    text = f"Order status changed from {_label(before)} to {_label(status)}."
    add_note(shop, order, f"{remark} {text}".strip(), announce=False)
    _move_stock(shop, order, status)
    _send_mails(shop, order, before, status)
    saved(shop, order)


def pay(shop: Shop, order: Order, transaction_id: str = "") -> None:
    """Take payment: processing, then ``action.woocommerce_payment_complete`` with the order's id."""
    order.transaction_id = transaction_id or order.transaction_id
    order.paid_at = shop.now()
    set_status(shop, order, "processing")
    shop.announce("action.woocommerce_payment_complete", order.id)


def add_note(
    shop: Shop,
    order: Order,
    text: str,
    *,
    customer_note: bool = False,
    by_user: bool = False,
    announce: bool = True,
) -> Note:
    """Write a note; one for the customer is mailed. Notes are comments: they do not save the order."""
    note = Note(
        id=shop.number("comment"), created_at=shop.now(), text=text, customer_note=customer_note,
        added_by_user=by_user, author="shopkeeper" if by_user else "WooCommerce",
    )  # fmt: skip
    order.notes.append(note)
    if announce and customer_note:
        shop.mail("customer_note", order.billing.get("email", ""), order.id, text)
    return note


def _label(status: str) -> str:
    return {"on-hold": "On hold", "pending": "Pending payment"}.get(status, status.capitalize())


def _send_mails(shop: Shop, order: Order, before: str, after: str) -> None:
    text = f"Order #{order.id}: {_label(before)} -> {_label(after)}"
    if before in {"pending", "failed", "cancelled"} and after in {"processing", "completed", "on-hold"}:
        shop.mail("new_order", "admin@shop.invalid", order.id, text)
    kind = "customer_completed_order" if after == "completed" else _MAILS.get((before, after))
    if kind:
        to = "admin@shop.invalid" if kind in _TO_MERCHANT else order.billing.get("email", "")
        shop.mail(kind, to, order.id, text)


def _move_stock(shop: Shop, order: Order, status: str) -> None:
    if status in _RESERVES_STOCK:
        moved = [_take(shop, line) for line in order.lines if not line.reduced_stock]
        _note_stock(shop, order, "Stock levels reduced", [text for text in moved if text])
    elif status in _RETURNS_STOCK:
        moved = [_give_back(shop, line) for line in order.lines if line.reduced_stock]
        _note_stock(shop, order, "Stock levels increased", [text for text in moved if text])


def _note_stock(shop: Shop, order: Order, what: str, moved: list[str]) -> None:
    if moved:
        add_note(shop, order, f"{what}: {', '.join(moved)}", announce=False)


def _take(shop: Shop, line: Line) -> str:
    product = shop.products.get(line.variation_id or line.product_id)
    if product is None or not product.manage_stock:
        return ""
    line.reduced_stock = line.quantity
    return _set_stock(shop, product, -line.quantity)


def _give_back(shop: Shop, line: Line) -> str:
    product = shop.products.get(line.variation_id or line.product_id)
    returned, line.reduced_stock = line.reduced_stock, 0
    if product is None or not product.manage_stock:
        return ""
    return _set_stock(shop, product, returned)


def _set_stock(shop: Shop, product: Product, change: int) -> str:
    before = product.stock_quantity or 0
    product.stock_quantity = before + change
    product_fields.settle_stock_status(product)
    products.saved(shop, product)
    return f"{product.name} {before}&rarr;{product.stock_quantity}"
