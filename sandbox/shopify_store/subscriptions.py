"""Webhook subscriptions that the app makes through the API."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from sandbox.shopify_store.connections import Order, by_id, connection
from sandbox.shopify_store.products import count
from sandbox.shopify_store.records import Subscription
from sandbox.shopify_store.registry import Call, resolves, user_error
from sandbox.shopify_store.search import compile_query

SORTS: dict[str, Order] = {"ID": by_id, "CREATED_AT": lambda s: s.created_at}
SEARCH = {
    "id": lambda s: s.number,
    "created_at": lambda s: s.created_at,
    "updated_at": lambda s: s.updated_at,
    "topic": lambda s: s.topic.lower(),
}
FORBIDDEN = "Address cannot be a Shopify or an internal domain"
FIELD = ["webhookSubscription", "callbackUrl"]


@resolves("Mutation.webhookSubscriptionCreate")
def create(_root: Any, call: Call, *, topic: str, webhook_subscription: dict[str, Any]) -> dict[str, Any]:
    """Subscribes one address to one topic."""
    wanted = webhook_subscription
    uri = wanted.get("uri") or wanted.get("callbackUrl") or ""
    message = check_uri(call, uri) or _check_filter(wanted) or _check_taken(call, topic, uri)
    if message:
        return {"webhookSubscription": None, "userErrors": [user_error(FIELD, message)]}
    now = call.now()
    made = Subscription(number=call.state.new_number(), topic=topic, uri=uri, created_at=now, updated_at=now)
    _take_over(made, wanted)
    call.state.add(made)
    return {"webhookSubscription": made, "userErrors": []}


def check_uri(call: Call, uri: str) -> str | None:
    """Why Shopify would not deliver to an address, in its words as recorded."""
    parts = urlsplit(uri)
    if parts.scheme in ("arn", "pubsub"):
        return None
    if call.allow_insecure_uris and parts.scheme in ("http", "https"):
        return None
    if parts.scheme == "http":
        return "Address protocol http:// is not supported"
    if parts.scheme != "https" or not parts.hostname:
        return "Address is invalid" if uri else "Address can't be blank"
    return FORBIDDEN if _internal(parts.hostname) else None


def _internal(host: str) -> bool:
    ours = (".myshopify.com", ".shopify.com", ".shopifycloud.com", ".local", ".internal", ".localhost")
    if host in ("localhost", "shopify.com") or host.endswith(ours):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _check_filter(wanted: dict[str, Any]) -> str | None:
    """The sandbox evaluates no filters and sends no metafields, so it takes no wish for either."""
    if wanted.get("metafieldNamespaces") or wanted.get("metafields"):
        return "The sandbox sends no metafields with webhooks; leave metafieldNamespaces empty."
    return (
        "The sandbox does not evaluate webhook filters; leave filter empty." if wanted.get("filter") else None
    )


def _check_taken(call: Call, topic: str, uri: str) -> str | None:
    taken = any(one.topic == topic and one.uri == uri for one in call.state.all("WebhookSubscription"))
    return "Address for this topic has already been taken" if taken else None


def _take_over(made: Subscription, wanted: dict[str, Any]) -> None:
    made.name = wanted.get("name")
    made.filter = wanted.get("filter") or ""
    made.include_fields = tuple(wanted.get("includeFields") or ())
    made.metafield_namespaces = tuple(wanted.get("metafieldNamespaces") or ())


@resolves("Mutation.webhookSubscriptionUpdate")
def update(_root: Any, call: Call, *, global_id: str, webhook_subscription: dict[str, Any]) -> dict[str, Any]:
    """Changes the address or the fields of a subscription."""
    held = call.state.find(global_id)
    if not isinstance(held, Subscription):
        error = user_error(["id"], "Webhook subscription does not exist")
        return {"webhookSubscription": None, "userErrors": [error]}
    wanted = webhook_subscription
    uri = wanted.get("uri") or wanted.get("callbackUrl") or held.uri
    message = check_uri(call, uri) or _check_filter(wanted)
    if message:
        return {"webhookSubscription": None, "userErrors": [user_error(FIELD, message)]}
    held.uri, held.updated_at = uri, call.now()
    _take_over(held, wanted)
    call.state.touch()
    return {"webhookSubscription": held, "userErrors": []}


@resolves("Mutation.webhookSubscriptionDelete")
def delete(_root: Any, call: Call, *, global_id: str) -> dict[str, Any]:
    """Ends a subscription."""
    held = call.state.find(global_id)
    if not isinstance(held, Subscription):
        error = user_error(["id"], "Webhook subscription does not exist")
        return {"deletedWebhookSubscriptionId": None, "userErrors": [error]}
    call.state.remove(held)
    return {"deletedWebhookSubscriptionId": global_id, "userErrors": []}


@resolves("QueryRoot.webhookSubscription")
def one(_root: Any, call: Call, *, global_id: str) -> Subscription | None:
    """One subscription."""
    held = call.state.find(global_id)
    return held if isinstance(held, Subscription) else None


@resolves("QueryRoot.webhookSubscriptions")
def listing(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """The API-made subscriptions; those of the app's configuration file are not listed, as on Shopify."""
    key = arguments.get("sort_key") or "CREATED_AT"
    test = compile_query(arguments.get("query"), SEARCH, lambda s: s.uri)
    topics, uri = arguments.get("topics"), arguments.get("uri") or arguments.get("callback_url")
    rows = [
        row
        for row in call.state.view("WebhookSubscription", key, SORTS[key])
        if test(row) and (not topics or row.topic in topics) and (not uri or row.uri == uri)
    ]
    return connection(call, rows, arguments, SORTS[key])


@resolves("QueryRoot.webhookSubscriptionsCount")
def how_many(_root: Any, call: Call, *, query: str | None = None) -> dict[str, Any]:
    """How many subscriptions the API made."""
    test = compile_query(query, SEARCH, lambda s: s.uri)
    return count(sum(test(row) for row in call.state.all("WebhookSubscription")))


resolves("WebhookSubscription.format")(lambda _s, _c: "JSON")
resolves("WebhookSubscription.callbackUrl")(lambda s, _c: s.uri)
resolves("WebhookSubscription.includeFields")(lambda s, _c: list(s.include_fields))
resolves("WebhookSubscription.metafieldNamespaces")(lambda s, _c: list(s.metafield_namespaces))
resolves("WebhookSubscription.endpoint")(
    lambda s, _c: {"__typename": "WebhookHttpEndpoint", "callbackUrl": s.uri}
)
resolves("WebhookSubscription.apiVersion")(
    lambda _s, _c: {"handle": "2026-10", "displayName": "2026-10", "supported": True}
)
