"""Orders and buyers: what Shopify's Admin API reads of them."""

from decimal import Decimal
from typing import Any

from sandbox.shopify_store.connections import by_id, connection
from sandbox.shopify_store.nodes import bag, find, money
from sandbox.shopify_store.products import count
from sandbox.shopify_store.records import Address, Customer, LineItem, Order, Refund, RefundLine, Transaction
from sandbox.shopify_store.registry import Call, resolves
from sandbox.shopify_store.search import Test, compile_query

READ = ("read_orders",)
SORTS = {
    "ID": by_id,
    "RELEVANCE": by_id,
    "ORDER_NUMBER": lambda o: o.order_number,
    "CREATED_AT": lambda o: o.created_at,
    "PROCESSED_AT": lambda o: o.created_at,
    "UPDATED_AT": lambda o: o.updated_at,
}
SEARCH = {
    "id": lambda o: o.number,
    "name": lambda o: [f"#{o.order_number}", str(o.order_number)],
    "email": lambda o: o.email,
    "tag": lambda o: o.tags,
    "status": lambda o: [order_status(o), "any"],
    "test": lambda o: o.test,
    "created_at": lambda o: o.created_at,
    "updated_at": lambda o: o.updated_at,
    "processed_at": lambda o: o.created_at,
    "financial_status": lambda o: o.financial_status,
    "fulfillment_status": lambda o: fulfillment_status(o),
    "customer_id": lambda o: o.customer.number if o.customer else None,
    "sku": lambda o: [line.sku for line in o.line_items],
}
CUSTOMER_SORTS = {"ID": by_id, "CREATED_AT": lambda c: c.created_at, "UPDATED_AT": lambda c: c.updated_at}
CUSTOMER_SEARCH = {
    "id": lambda c: c.number,
    "email": lambda c: c.email,
    "created_at": lambda c: c.created_at,
    "updated_at": lambda c: c.updated_at,
}


def order_status(order: Order) -> str:
    """Open, closed or cancelled, as the search knows it."""
    if order.cancelled_at:
        return "cancelled"
    return "closed" if order.closed_at else "open"


def order_test(query: str | None) -> Test:
    """The test of an order search text."""
    return compile_query(query, SEARCH, lambda o: f"#{o.order_number} {o.email}")


def total(order: Order) -> Decimal:
    """What the buyer was charged."""
    return sum((line.unit_price * line.quantity for line in order.line_items), start=Decimal(0))


def refunded(order: Order) -> Decimal:
    """What went back to the buyer."""
    return sum((line.subtotal for refund in order.refunds for line in refund.lines), start=Decimal(0))


def fulfillment_status(order: Order) -> str:
    """One word for where the goods are."""
    if any(one.status == "ON_HOLD" for one in order.fulfillment_orders):
        return "ON_HOLD"
    sent = [line.fulfilled == line.quantity for line in order.line_items]
    if sent and all(sent):
        return "FULFILLED"
    return "PARTIALLY_FULFILLED" if any(line.fulfilled for line in order.line_items) else "UNFULFILLED"


@resolves("QueryRoot.order", access=READ)
def order(_root: Any, call: Call, *, global_id: str) -> Order | None:
    """One order."""
    return find(call, global_id, "Order")  # type: ignore[no-any-return]


@resolves("QueryRoot.orders", access=READ)
def orders(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """Orders by page, search and sort key."""
    key = arguments.get("sort_key") or "PROCESSED_AT"
    sort = SORTS.get(key, by_id)
    test = order_test(arguments.get("query"))
    rows = [row for row in call.state.view("Order", key, sort) if test(row)]
    return connection(call, rows, arguments, sort)


@resolves("QueryRoot.ordersCount", access=READ)
def orders_count(_root: Any, call: Call, *, query: str | None = None) -> dict[str, Any]:
    """How many orders a search finds."""
    test = order_test(query)
    return count(sum(test(row) for row in call.state.orders()))


@resolves("QueryRoot.customer", access=("read_customers", "read_orders"))
def customer(_root: Any, call: Call, *, global_id: str) -> Customer | None:
    """One buyer."""
    return find(call, global_id, "Customer")  # type: ignore[no-any-return]


@resolves("QueryRoot.customers", access=("read_customers",))
def customers(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """Buyers by page and search."""
    key = arguments.get("sort_key") or "ID"
    sort = CUSTOMER_SORTS.get(key, by_id)
    test = compile_query(
        arguments.get("query"), CUSTOMER_SEARCH, lambda c: f"{c.first_name} {c.last_name} {c.email}"
    )
    rows = [row for row in call.state.view("Customer", key, sort) if test(row)]
    return connection(call, rows, arguments, sort)


resolves("Order.name")(lambda o, _c: f"#{o.order_number}")
resolves("Order.number")(lambda o, _c: o.order_number)
resolves("Order.phone")(lambda _o, _c: None)
resolves("Order.customAttributes", "Order.discountCodes", "LineItem.customAttributes")(lambda _o, _c: [])
resolves("Order.processedAt")(lambda o, _c: o.created_at)
resolves("Order.closed")(lambda o, _c: o.closed_at is not None)
resolves("Order.confirmed", "Order.fullyPaid", "Order.requiresShipping")(lambda _o, _c: True)
resolves("Order.unpaid", "Order.customerAcceptsMarketing", "Order.taxesIncluded")(lambda _o, _c: False)
resolves("Order.currencyCode", "Order.presentmentCurrencyCode")(lambda _o, c: c.state.currency)
resolves("Order.sourceName")(lambda _o, _c: "web")
resolves("Order.paymentGatewayNames")(lambda o, _c: [o.gateway])
resolves("Order.displayFinancialStatus")(lambda o, _c: o.financial_status)
resolves("Order.displayFulfillmentStatus")(lambda o, _c: fulfillment_status(o))
resolves("Order.fulfillable")(lambda o, _c: fulfillment_status(o) == "UNFULFILLED")
resolves("Order.statusPageUrl")(
    lambda o, c, **_: f"https://{c.state.domain}/{c.state.number}/orders/{o.number}"
)
resolves(
    "Order.totalPriceSet", "Order.originalTotalPriceSet", "Order.subtotalPriceSet", "Order.totalReceivedSet"
)(lambda o, c: bag(c.state, total(o)))
resolves("Order.currentTotalPriceSet", "Order.currentSubtotalPriceSet")(
    lambda o, c: bag(c.state, total(o) - refunded(o))
)
resolves("Order.totalRefundedSet")(lambda o, c: bag(c.state, refunded(o)))
resolves("Order.totalDiscountsSet", "Order.totalTaxSet", "Order.totalShippingPriceSet")(
    lambda _o, c: bag(c.state, Decimal(0))
)


@resolves("Order.billingAddressMatchesShippingAddress")
def addresses_match(record: Order, _call: Call) -> bool:
    """Whether both addresses say the same."""
    return written(record.billing_address) == written(record.shipping_address)


def written(address: Address | None) -> tuple[str, ...] | None:
    """What an address says, without its id."""
    if address is None:
        return None
    return (
        address.first_name,
        address.last_name,
        address.address1,
        address.city,
        address.zip,
        address.country_code,
    )


@resolves("Order.lineItems")
def line_items(record: Order, call: Call, **arguments: Any) -> dict[str, Any]:
    """The order's lines."""
    return connection(call, record.line_items, arguments)


@resolves("Order.fulfillmentOrders", access=("read_merchant_managed_fulfillment_orders", "read_orders"))
def fulfillment_orders(record: Order, call: Call, **arguments: Any) -> dict[str, Any]:
    """What is to be sent for the order."""
    return connection(call, record.fulfillment_orders, arguments)


@resolves("Order.transactions")
def transactions(record: Order, _call: Call, *, first: int | None = None, **_: Any) -> list[Transaction]:
    """The order's payments."""
    return record.transactions[:first]


@resolves("Order.refunds")
def refunds(record: Order, _call: Call, *, first: int | None = None) -> list[Refund]:
    """What was paid back."""
    return record.refunds[:first]


@resolves("Order.disputes")
def disputes(record: Order, _call: Call) -> list[dict[str, Any]]:
    """Chargebacks and inquiries of the buyer's bank."""
    return [
        {
            "id": f"gid://shopify/OrderDisputeSummary/{d.number}",
            "initiatedAs": d.initiated_as,
            "status": d.status,
        }
        for d in record.disputes
    ]


resolves("OrderTransaction.kind")(lambda t, _c: t.transaction_kind)
resolves("OrderTransaction.formattedGateway")(lambda t, _c: t.gateway)
resolves("OrderTransaction.processedAt")(lambda t, _c: t.created_at)
resolves("OrderTransaction.amountSet")(lambda t, c: bag(c.state, t.amount))
resolves("OrderTransaction.errorCode")(lambda _t, _c: None)
resolves("OrderTransaction.accountNumber")(lambda t, _c: _masked(t))


def _masked(payment: Transaction) -> str | None:
    return f"•••• •••• •••• {payment.card_last4}" if payment.card_last4 else None


@resolves("OrderTransaction.paymentDetails")
def payment_details(payment: Transaction, _call: Call) -> dict[str, Any] | None:
    """What the card network said, where the buyer paid by card."""
    if not payment.card_last4 and not payment.card_bin:
        return None
    return {
        "__typename": "CardPaymentDetails",
        "avsResultCode": payment.avs_result or None,
        "cvvResultCode": payment.cvv_result or None,
        "bin": payment.card_bin or None,
        "company": "Visa",
        "name": None,
        "number": _masked(payment),
        "expirationMonth": None,
        "expirationYear": None,
        "paymentMethodName": "card",
    }


resolves("LineItem.name")(lambda i, _c: f"{i.title} - {i.variant_title}" if i.variant_title else i.title)
resolves("LineItem.currentQuantity", "LineItem.refundableQuantity")(lambda i, _c: i.quantity - i.refunded)
resolves("LineItem.isGiftCard")(lambda i, _c: bool(i.product and i.product.is_gift_card))
resolves("LineItem.requiresShipping", "LineItem.taxable")(lambda _i, _c: True)
resolves("LineItem.unfulfilledQuantity")(lambda i, _c: i.quantity - i.fulfilled - i.refunded)
resolves("LineItem.originalUnitPriceSet", "LineItem.discountedUnitPriceSet")(
    lambda i, c: bag(c.state, i.unit_price)
)
resolves("LineItem.originalTotalSet", "LineItem.discountedTotalSet")(
    lambda i, c, **_: bag(c.state, i.unit_price * i.quantity)
)
resolves("LineItem.totalDiscountSet")(lambda _i, c: bag(c.state, Decimal(0)))


@resolves("LineItem.product")
def line_product(line: LineItem, call: Call) -> Any:
    """The product, unless it was deleted since."""
    return (
        line.product
        if line.product and call.state.find(f"gid://shopify/Product/{line.product.number}")
        else None
    )


@resolves("LineItem.variant")
def line_variant(line: LineItem, call: Call) -> Any:
    """The variant, unless it was deleted since."""
    variant = line.variant
    return variant if variant and call.state.find(f"gid://shopify/ProductVariant/{variant.number}") else None


resolves("Refund.updatedAt", "Refund.processedAt")(lambda r, _c: r.created_at)
resolves("Refund.totalRefundedSet")(
    lambda r, c: bag(c.state, sum((x.subtotal for x in r.lines), start=Decimal(0)))
)
resolves("RefundLineItem.restockType")(lambda _r, _c: "NO_RESTOCK")
resolves("RefundLineItem.subtotalSet")(lambda r, c: bag(c.state, r.subtotal))


@resolves("Refund.refundLineItems")
def refund_lines(refund: Refund, call: Call, **arguments: Any) -> dict[str, Any]:
    """Which lines were paid back."""
    rows: list[RefundLine] = refund.lines
    return connection(call, rows, arguments)


resolves("Customer.displayName")(lambda c, _c: f"{c.first_name} {c.last_name}".strip() or c.email or "")
resolves("Customer.phone", "Customer.note", "Customer.defaultPhoneNumber")(lambda _c, _call: None)
resolves("Customer.numberOfOrders")(lambda c, _c: len(c.orders))
resolves("Customer.state")(lambda _c, _call: "DISABLED")
resolves("Customer.verifiedEmail")(lambda _c, _call: True)
resolves("Customer.taxExempt")(lambda _c, _call: False)
resolves("Customer.amountSpent")(
    lambda c, call: money(call.state, sum((total(o) - refunded(o) for o in c.orders), start=Decimal(0)))
)
resolves("Customer.defaultEmailAddress")(lambda c, _c: {"emailAddress": c.email} if c.email else None)


@resolves("Customer.addressesV2")
def addresses(record: Customer, call: Call, **arguments: Any) -> dict[str, Any]:
    """The buyer's addresses."""
    return connection(call, [record.default_address] if record.default_address else [], arguments)


@resolves("Customer.orders")
def customer_orders(record: Customer, call: Call, **arguments: Any) -> dict[str, Any]:
    """The buyer's orders."""
    test = order_test(arguments.get("query"))
    return connection(call, [one for one in record.orders if test(one)], arguments)


resolves("MailingAddress.name")(lambda a, _c: f"{a.first_name} {a.last_name}".strip() or None)
resolves("MailingAddress.country", "MailingAddress.countryCodeV2")(lambda a, _c: a.country_code or None)
resolves(
    "MailingAddress.address2",
    "MailingAddress.company",
    "MailingAddress.province",
    "MailingAddress.provinceCode",
    "MailingAddress.phone",
)(lambda _a, _c: None)
