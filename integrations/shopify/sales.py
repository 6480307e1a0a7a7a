"""Reads a Shopify store's orders."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.contracts import Page
from chalicelib.domain.orders import Order
from chalicelib.errors import Gone
from integrations.shopify import mapping
from integrations.shopify.answers import StoreLine, StoreOrder
from integrations.shopify.connection import Connection, following, nodes, parsed, part
from integrations.shopify.goods import since_text
from integrations.shopify.screening import app_of

_FULFILLMENT_ORDER = "gid://shopify/FulfillmentOrder/"


def one(connection: Connection, order_id: str, currency: str) -> Order:
    """One order. Raises Gone."""
    if order_id.startswith(_FULFILLMENT_ORDER):
        found = connection.run("OrderOfFulfillmentOrder", id=order_id).get("fulfillmentOrder")
        if not isinstance(found, dict):
            raise Gone
        order_id = str(found["orderId"])
    data = connection.run("Order", id=mapping.gid("Order", order_id))
    node = data.get("order")
    if not isinstance(node, dict):
        raise Gone
    return _order(connection, node, currency, app_of(data))


def page(connection: Connection, since: datetime | None, cursor: str | None, currency: str) -> Page[Order]:
    """One page by last change."""
    data = connection.run("OrderPage", after=cursor, query=since_text(since))
    found = part(data, "orders")
    app_id = app_of(data)
    return Page([_order(connection, node, currency, app_id) for node in nodes(found)], following(found))


def _order(connection: Connection, node: Mapping[str, Any], currency: str, app_id: str) -> Order:
    """An order with all its lines: those beyond the first page are fetched."""
    order = mapping.order(parsed(StoreOrder, dict(node)), currency, app_id)
    lines = list(order.lines)
    after = following(node.get("lineItems") or {})
    while after is not None:
        data = connection.run("OrderLines", id=node["id"], after=after)
        found = part(part(data, "order"), "lineItems")
        lines += [mapping.line(parsed(StoreLine, row), order.currency) for row in nodes(found)]
        after = following(found)
    return replace(order, lines=tuple(lines))
