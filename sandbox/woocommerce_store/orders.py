"""Writing orders: making and changing them, refunds, trash, erasure."""

from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.woocommerce_store import pricing, products
from sandbox.woocommerce_store.order_status import add_note, pay, saved, set_status
from sandbox.woocommerce_store.order_view import BILLING, SHIPPING, refunded, total
from sandbox.woocommerce_store.rest_errors import RestError, invalid_id
from sandbox.woocommerce_store.rows import Line, Order, Product, Refund
from sandbox.woocommerce_store.schema import (
    BOOLEAN,
    INTEGER,
    OBJECT,
    OBJECTS,
    STRING,
    Kind,
    Schema,
    check,
    clean,
)
from sandbox.woocommerce_store.shop import Shop, update_meta

STATUSES = (
    "auto-draft", "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed",
    "checkout-draft",
)  # fmt: skip

WRITABLE: Schema = {
    "status": Kind("string", STATUSES),
    **dict.fromkeys(
        (
            "currency",
            "customer_note",
            "payment_method",
            "payment_method_title",
            "transaction_id",
            "created_via",
        ),
        STRING,
    ),
    "customer_id": INTEGER,
    "billing": OBJECT,
    "shipping": OBJECT,
    "set_paid": BOOLEAN,
    **dict.fromkeys(("meta_data", "line_items"), OBJECTS),
}
NOTE: Schema = {"note": STRING, "customer_note": BOOLEAN, "added_by_user": BOOLEAN}
REFUND: Schema = {"amount": STRING, "reason": STRING, "api_refund": BOOLEAN}


def find(shop: Shop, number: int, status: int = 404) -> Order:
    """Give an order; raises ``woocommerce_rest_shop_order_invalid_id``."""
    order = shop.orders.get(number)
    if order is None:
        raise invalid_id("shop_order", status)
    return order


def create(shop: Shop, given: dict[str, Any]) -> Order:
    """Add an order over REST (``created_via`` rest-api) and announce it."""
    if given.get("id"):
        raise RestError("woocommerce_rest_shop_order_exists", "Cannot create existing shop_order.", 400)
    fields = clean(WRITABLE, given)
    now = shop.now()
    order = Order(
        id=shop.number("post"),
        created_at=now,
        modified_at=now,
        currency=shop.site.currency,
        created_via="rest-api",
    )
    order.order_key = f"wc_order_{order.id:013x}"
    _write(shop, order, fields)
    order.lines = [_requested_line(shop, given_line) for given_line in fields.get("line_items", [])]
    shop.orders[order.id] = order
    added(shop, order)
    _settle(shop, order, fields)
    return order


def update(shop: Shop, order: Order, given: dict[str, Any]) -> Order:
    """Change an order and announce ``order.updated``."""
    fields = clean(WRITABLE, given)
    _write(shop, order, fields)
    _settle(shop, order, fields)
    saved(shop, order)
    return order


def added(shop: Shop, order: Order) -> None:
    """Announce a new order."""
    shop.changed()
    shop.announce("order.created", order.id)


def refund(shop: Shop, order: Order, given: dict[str, Any]) -> Refund:
    """Pay back part or all; the whole sum back moves the order to refunded."""
    amount = _refund_amount(order, clean(REFUND, given))
    row = Refund(id=shop.number("post"), created_at=shop.now(), amount=amount, reason=str(given.get("reason") or ""))
    order.refunds.append(row)
    whole = refunded(order) >= total(order)
    kind = "customer_refunded_order" if whole else "customer_partially_refunded_order"
    shop.mail(kind, order.billing.get("email", ""), order.id, shop.site.amount(amount))
    if whole:
        set_status(shop, order, "refunded")
    else:
        saved(shop, order)
    return row


def trash(shop: Shop, order: Order) -> None:
    """Move an order to the trash and announce ``order.deleted``."""
    if order.status == "trash":
        raise RestError("woocommerce_rest_already_trashed", "The order has already been deleted.", 410)
    order.status_before_trash, order.status = order.status, "trash"
    order.modified_at = shop.now()
    shop.changed()
    shop.announce("order.deleted", order.id)


def anonymise(shop: Shop, order: Order) -> None:
    """Erase the buyer as WC_Privacy_Erasers::remove_order_personal_data does, and save the order."""
    order.customer_ip_address, order.customer_user_agent, order.customer_id = "0.0.0.0", "[deleted]", 0
    for address, names in ((order.billing, BILLING), (order.shipping, SHIPPING)):
        for name in names:
            address[name] = _anonymous(name, address.get(name, ""))
    order.transaction_id = "0" if order.transaction_id else ""
    update_meta(shop, order.meta_data, [{"key": "_anonymized", "value": "yes"}])
    add_note(shop, order, "Personal data removed.", announce=False)
    saved(shop, order)


def line_for(shop: Shop, product: Product, quantity: int, unit_price: Decimal | None = None) -> Line:
    """Make an order line of a product or variation, at its current price unless told otherwise."""
    parent = shop.products.get(product.parent_id) if product.type == "variation" else None
    each = unit_price if unit_price is not None else Decimal(pricing.price(shop, product) or 0)
    options = tuple((item.name, item.options[0]) for item in product.attributes) if parent else ()
    first_meta = shop.number("line_meta") * 8
    return Line(
        id=shop.number("line"), product_id=parent.id if parent else product.id,
        variation_id=product.id if parent else 0, name=product.name,
        parent_name=parent.name if parent else None,
        sku=product.sku, quantity=quantity, subtotal=each * quantity, total=each * quantity, options=options,
        meta_id=first_meta,
    )  # fmt: skip


def _anonymous(name: str, value: str) -> str:
    if name in {"state", "country"}:
        return ""
    if name == "email":
        return "deleted@site.invalid"
    if name == "phone":
        return "".join("0" if letter.isdigit() else letter for letter in value)
    return "[deleted]"


def _write(shop: Shop, order: Order, fields: dict[str, Any]) -> None:
    customer = fields.get("customer_id")
    if customer and customer not in shop.customers:
        raise RestError("woocommerce_rest_invalid_customer_id", "Customer ID is invalid.", 400)
    for name in (
        "customer_id", "currency", "customer_note", "payment_method", "payment_method_title", "transaction_id"
    ):  # fmt: skip
        if name in fields:
            setattr(order, name, fields[name])
    for name, allowed in (("billing", BILLING), ("shipping", SHIPPING)):
        given = fields.get(name) or {}
        _check_address(name, given)
        getattr(order, name).update({key: str(given[key]) for key in allowed if given.get(key) is not None})
    if "meta_data" in fields:
        update_meta(shop, order.meta_data, fields["meta_data"])


def _check_address(name: str, given: dict[str, Any]) -> None:
    email = given.get("email")
    if email and "@" not in str(email):
        raise RestError(
            "rest_invalid_param", f"Invalid parameter(s): {name}", 400,
            params={name: f"{name}[email] is not a valid email address."},
        )  # fmt: skip


def _settle(shop: Shop, order: Order, fields: dict[str, Any]) -> None:
    if fields.get("set_paid") and order.paid_at is None:
        pay(shop, order)
    if "status" in fields:
        set_status(shop, order, fields["status"])


def _requested_line(shop: Shop, given: dict[str, Any]) -> Line:
    for name in ("product_id", "variation_id", "quantity"):
        failure = check(name, given.get(name, 0), INTEGER)
        if failure:
            raise RestError("rest_invalid_param", "Invalid parameter(s): line_items", 400, params={name: failure[1]})
    number = int(given.get("variation_id") or given.get("product_id") or 0)
    if not number and given.get("sku"):
        number = shop.by_sku.get(str(given["sku"]), 0)
    if not number:
        message = "Product ID or SKU is required."
        raise RestError("woocommerce_rest_required_product_reference", message, 400)
    product = products.find(shop, number, 400)
    line = line_for(shop, product, int(given.get("quantity") or 1))
    line.subtotal = _decimal(given.get("subtotal"), line.subtotal)
    line.total = _decimal(given.get("total"), line.subtotal)
    return line


def _decimal(given: Any, otherwise: Decimal) -> Decimal:
    try:
        return Decimal(str(given)) if given is not None else otherwise
    except InvalidOperation:
        return otherwise


def _refund_amount(order: Order, fields: dict[str, Any]) -> Decimal:
    left = total(order) - refunded(order)
    amount = _decimal(fields.get("amount"), Decimal(0))
    if amount <= 0:
        message = "Refund amount must be greater than zero."
        raise RestError("woocommerce_rest_invalid_order_refund", message, 400)
    if amount > left:
        raise RestError("woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.", 500)
    return amount
