"""Keeps a Shopify store's webhooks alive where they were made through the API.

An installed app's own file (shopify.app.toml) subscribes for every shop, and those are never removed: beside
them the API's would only say everything twice. A shop that is connected by a token of its own has no such file;
its subscriptions are removed after eight failures in a row, so this makes them again.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.contracts import WebhookState
from chalicelib.errors import ScopeMissing, UnsupportedAction
from integrations.shopify.connection import Connection, meaning, part, user_errors
from integrations.shopify.webhooks import COMPLIANCE, TOPICS

# Less of a body is less to protect. Without updated_at Shopify would merge deliveries.
_FIELDS = {
    "products": ["id", "admin_graphql_api_id", "updated_at", "status"],
    "orders": ["id", "admin_graphql_api_id", "updated_at", "financial_status"],
}
_WHOLE = frozenset({"products/delete", "orders/delete", "orders/risk_assessment_changed"})


def states(connection: Connection) -> Sequence[WebhookState]:
    """Every subscription that this app made through the API: Shopify lists no others."""
    return [
        WebhookState(id=str(row["id"]), topic=str(row["topic"]), address=str(row.get("uri") or ""), active=True)
        for page in connection.pages("Subscriptions", "webhookSubscriptions")
        for row in page
    ]


def mend(connection: Connection, address: str) -> Sequence[str]:
    """Make one subscription per topic exist at this address; says what it mended."""
    if connection.installed:
        return _without_doubles(connection)
    held: dict[str, list[WebhookState]] = {}
    for state in states(connection):
        held.setdefault(state.topic, []).append(state)
    said: list[str] = []
    for topic in TOPICS:
        if topic not in COMPLIANCE:
            said += _mend(connection, topic, held.get(constant(topic), []), address)
    return said


def _without_doubles(connection: Connection) -> list[str]:
    doubles = states(connection)
    for state in doubles:
        connection.change("Unsubscribe", "webhookSubscriptionDelete", id=state.id)
    return [f"A second webhook {state.topic.lower()} was removed; the app itself declares it." for state in doubles]


def remove(connection: Connection) -> None:
    """Delete every subscription that this app made through the API."""
    for state in states(connection):
        connection.change("Unsubscribe", "webhookSubscriptionDelete", id=state.id)


def constant(topic: str) -> str:
    """A topic's name in the GraphQL API: orders/create is ORDERS_CREATE."""
    return topic.upper().replace("/", "_")


def _mend(connection: Connection, topic: str, held: Sequence[WebhookState], address: str) -> list[str]:
    if any(state.address == address for state in held):
        return []
    wanted: dict[str, Any] = {"uri": address}
    if topic not in _WHOLE and topic.partition("/")[0] in _FIELDS:
        wanted["includeFields"] = _FIELDS[topic.partition("/")[0]]
    try:
        if held:
            data = connection.run("Resubscribe", id=held[0].id, subscription=wanted)
            _check(part(data, "webhookSubscriptionUpdate"))
            return [f"The webhook {topic} pointed elsewhere and points here again."]
        data = connection.run("Subscribe", topic=constant(topic), subscription=wanted)
        _check(part(data, "webhookSubscriptionCreate"))
    except ScopeMissing:
        return []  # nothing stopped: what was not granted is not told, and its function rests
    return [f"The webhook {topic} was created."]


def _check(payload: Any) -> None:
    """Shopify gives these errors no codes; what they say of the address is worth repeating."""
    for error in user_errors(payload):
        known = meaning(error)
        message = str(error.get("message") or "")
        if isinstance(known, UnsupportedAction) and "ddress" in message:
            raise UnsupportedAction(f"Shopify refuses the webhook's address: {message[:120]}")
        raise known
