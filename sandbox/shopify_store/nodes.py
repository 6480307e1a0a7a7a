"""Objects by id, and the fields that many types share: ids, cursors, money."""

from decimal import Decimal
from typing import Any

from sandbox.shopify_store.connections import cursor_of
from sandbox.shopify_store.records import gid
from sandbox.shopify_store.registry import Call, check_access, resolves
from sandbox.shopify_store.scalars import parse_id
from sandbox.shopify_store.state import State

READS = {
    "Product": ("read_products",),
    "ProductVariant": ("read_products",),
    "MediaImage": ("read_products",),
    "Order": ("read_orders",),
    "LineItem": ("read_orders",),
    "Customer": ("read_customers", "read_orders"),
    "InventoryItem": ("read_inventory", "read_products"),
    "PriceList": ("read_products",),
    "FulfillmentOrder": ("read_orders", "read_merchant_managed_fulfillment_orders"),
}


@resolves("QueryRoot.node")
def node(_root: Any, call: Call, *, global_id: str) -> Any:
    """Any object by its global id; null where there is none."""
    return find(call, global_id)


@resolves("QueryRoot.nodes")
def nodes(_root: Any, call: Call, *, ids: list[str]) -> list[Any]:
    """Many objects by id, with null in the place of those that do not exist."""
    return [find(call, one) for one in ids]


def find(call: Call, global_id: str, kind: str | None = None) -> Any:
    """The object of a global id, if it is of that kind and the token may read it."""
    record = call.state.find(parse_id(global_id))
    if record is None or (kind and record.kind != kind):
        return call.state if global_id == call.state.id and kind in (None, "Shop") else None
    if record.kind in READS:
        check_access(call, record.kind[0].lower() + record.kind[1:], READS[record.kind])
    return record


@resolves("*.id")
def id_of(record: Any, _call: Call) -> str:
    """The global id of any record."""
    return str(record["id"]) if isinstance(record, dict) else gid(record.kind, record.number)


@resolves("*.legacyResourceId")
def legacy_id(record: Any, _call: Call) -> int:
    """The number inside the global id, as REST and webhooks use it."""
    return int(record.number)


@resolves("Edge.cursor")
def edge_cursor(edge: dict[str, Any], _call: Call) -> str:
    """Where to continue after this edge."""
    return cursor_of(edge)


def money(state: State, amount: Decimal, currency: str | None = None) -> dict[str, Any]:
    """A MoneyV2."""
    return {"amount": state.money(amount, currency), "currencyCode": currency or state.currency}


def bag(state: State, amount: Decimal) -> dict[str, Any]:
    """A MoneyBag; the sandbox's buyers pay in the shop's currency."""
    value = money(state, amount)
    return {"shopMoney": value, "presentmentMoney": value}
