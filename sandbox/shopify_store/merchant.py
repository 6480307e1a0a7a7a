"""What merchants and buyers do at the shop's own counter, with the webhooks that follow."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.seed import SeedOrder, SeedProduct
from sandbox.shopify_store import payloads, seeding
from sandbox.shopify_store.orders import total
from sandbox.shopify_store.records import (
    Customer,
    Dispute,
    Order,
    Product,
    Refund,
    RefundLine,
    Transaction,
    Variant,
)
from sandbox.shopify_store.registry import Call

TEXTS = ("title", "description_html", "product_type", "vendor", "seo_title", "seo_description", "status")


def place_order(call: Call, seed: SeedOrder, *, at: datetime | None = None) -> Order:
    """A buyer pays: stock goes down, the order is announced, routed and paid."""
    state = call.state
    order = seeding.add_order(state, seed, at=at or call.now())
    body = payloads.order(state, order)
    call.post("orders/create", body)
    call.post("orders/paid", body)
    call.post(
        "fulfillment_orders/order_routing_complete", payloads.fulfillment_order(order.fulfillment_orders[0])
    )
    for line in order.line_items:
        if line.variant and line.variant.inventory_item.tracked:
            set_stock(call, line.variant, line.variant.inventory_item.quantity - line.quantity)
        if line.product:
            touch(call, line.product)
    return order


def touch(call: Call, record: Any) -> None:
    """Marks a product or an order as changed; one update webhook each follows when the action ends."""
    record.updated_at = max(record.updated_at, call.now())
    call.touched.append(record)


def set_stock(call: Call, variant: Variant, quantity: int) -> None:
    """A new stock level at the shop's location."""
    item = variant.inventory_item
    item.quantity, item.tracked, item.updated_at = quantity, True, call.now()
    call.state.touch()
    call.post("inventory_levels/update", payloads.inventory_level(call.state, item))


def add_product(call: Call, seed: SeedProduct) -> Product:
    """A new product in the catalogue."""
    product = seeding.add_product(call.state, seed)
    call.post("products/create", payloads.product(call.state, product))
    return product


def update_product(call: Call, product: Product, **changes: Any) -> None:
    """The merchant edits texts, tags, handle, publication or alt texts of a product."""
    change_texts(call, product, **changes)
    touch(call, product)


def change_texts(call: Call, product: Product, **changes: Any) -> None:
    """Writes the edits, without announcing anything; TypeError names what a product does not have."""
    for name in TEXTS:
        if name in changes:
            setattr(product, name, changes.pop(name))
    if "tags" in changes:
        product.tags = sorted(set(changes.pop("tags")), key=str.lower)
    if "published" in changes:
        product.published_at = call.now() if changes.pop("published") else None
    if "handle" in changes:
        _move(call, product, changes.pop("handle"))
    if "image_alts" in changes:
        for image, alt in zip(product.images, changes.pop("image_alts"), strict=True):
            image.alt = alt
    if changes:
        raise TypeError(f"a product has no {', '.join(sorted(changes))}")


def _move(call: Call, product: Product, handle: str) -> None:
    state = call.state
    del state.products_by_handle[product.handle]
    product.handle = seeding.free_handle(state, handle)
    state.products_by_handle[product.handle] = product


def update_variant(call: Call, variant: Variant, **changes: Any) -> None:
    """The merchant edits price, compare-at price, cost or stock of a variant."""
    if "price" in changes:
        variant.price = call.state.money(Decimal(changes.pop("price")))
    if "compare_at" in changes:
        amount = changes.pop("compare_at")
        variant.compare_at_price = None if amount is None else call.state.money(Decimal(amount))
    if "cost" in changes:
        variant.inventory_item.unit_cost = changes.pop("cost")
        call.post("inventory_items/update", payloads.inventory_item(call.state, variant.inventory_item))
    if "stock" in changes:
        set_stock(call, variant, changes.pop("stock"))
    if changes:
        raise TypeError(f"a variant has no {', '.join(sorted(changes))}")
    variant.updated_at = call.now()
    touch(call, variant.product)


def delete_product(call: Call, product: Product) -> None:
    """The product goes, its variants with it; lists of other products that named it lose it."""
    state = call.state
    for variant in product.variants:
        state.remove(variant)
        state.remove(variant.inventory_item)
        state.variants_by_sku.pop(variant.sku or "", None)
    state.remove(product)
    del state.products_by_handle[product.handle]
    call.post("products/delete", {"id": product.number})


def cancel_order(call: Call, order: Order, *, reason: str = "CUSTOMER") -> None:
    """The order is called off and paid back."""
    now = call.now()
    order.cancelled_at, order.cancel_reason, order.financial_status = now, reason, "REFUNDED"
    order.updated_at = now
    for one in order.fulfillment_orders:
        one.status, one.updated_at = "CLOSED", now
    call.state.touch()
    call.post("orders/cancelled", payloads.order(call.state, order))
    call.touched.append(order)


def refund(call: Call, order: Order, *, note: str = "", quantities: dict[int, int] | None = None) -> Refund:
    """Pays lines back (all of them by default); keys are positions of lines in the order."""
    state, now = call.state, call.now()
    wanted = quantities or {i: line.quantity - line.refunded for i, line in enumerate(order.line_items)}
    lines = []
    for position, quantity in wanted.items():
        line = order.line_items[position]
        line.refunded += quantity
        lines.append(
            RefundLine(
                number=state.new_number(),
                line_item=line,
                quantity=quantity,
                subtotal=state.money(line.unit_price * quantity),
            )
        )
    made = Refund(number=state.new_number(), order=order, note=note, lines=lines, created_at=now)
    order.refunds.append(made)
    order.transactions.append(_payback(call, order, made))
    whole = all(line.refunded == line.quantity for line in order.line_items)
    order.financial_status = "REFUNDED" if whole else "PARTIALLY_REFUNDED"
    order.updated_at = now
    state.add(made)
    call.post("refunds/create", payloads.refund(state, made))
    call.touched.append(order)
    return made


def _payback(call: Call, order: Order, made: Refund) -> Transaction:
    return Transaction(
        number=call.state.new_number(),
        transaction_kind="REFUND",
        status="SUCCESS",
        gateway=order.gateway,
        amount=sum((line.subtotal for line in made.lines), start=Decimal(0)),
        test=order.test,
        created_at=made.created_at,
    )


def fulfill(call: Call, order: Order) -> None:
    """Everything is sent; from now on the order's risk can no longer be assessed."""
    now = call.now()
    for line in order.line_items:
        line.fulfilled = line.quantity
    for one in order.fulfillment_orders:
        one.status, one.updated_at = "CLOSED", now
    order.updated_at, order.closed_at = now, now
    call.state.touch()
    call.post("orders/fulfilled", payloads.order(call.state, order))
    call.touched.append(order)


def dispute(call: Call, order: Order, *, reason: str = "fraudulent", kind: str = "CHARGEBACK") -> Dispute:
    """The buyer's bank asks for the money back."""
    made = Dispute(
        number=call.state.new_number(),
        order=order,
        initiated_as=kind,
        status="NEEDS_RESPONSE",
        reason=reason,
        amount=total(order),
        initiated_at=call.now(),
    )
    order.disputes.append(made)
    call.state.add(made)
    call.post("disputes/create", payloads.dispute(call.state, made))
    return made


def settle_dispute(call: Call, made: Dispute, *, won: bool) -> None:
    """The bank decides."""
    made.status = "WON" if won else "LOST"
    call.state.touch()
    call.post("disputes/update", payloads.dispute(call.state, made))


def redact(call: Call, buyer: Customer) -> None:
    """The buyer's wish to be forgotten: the shop forgets, and the app is told to."""
    orders = [order.number for order in buyer.orders]
    body = payloads.privacy(call.state, buyer, orders, redact=True)
    for order in buyer.orders:
        order.email = order.client_ip = order.billing_address = order.shipping_address = None
        order.user_agent = ""
    buyer.email, buyer.first_name, buyer.last_name, buyer.default_address = None, "", "", None
    call.state.touch()
    call.post("customers/redact", body)


def request_data(call: Call, buyer: Customer) -> None:
    """The buyer asks what is known about them."""
    orders = [order.number for order in buyer.orders]
    call.post("customers/data_request", payloads.privacy(call.state, buyer, orders, redact=False))
