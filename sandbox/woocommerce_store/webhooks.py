"""Subscriptions: their topics, their REST shape, and what makes the shop disable one."""

import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from sandbox.woocommerce_store.rest_errors import RestError, invalid_id
from sandbox.woocommerce_store.rows import Webhook
from sandbox.woocommerce_store.schema import STRING, Kind, Schema, clean
from sandbox.woocommerce_store.shop import Shop
from sandbox.woocommerce_store.site import link, self_link

STATUSES = ("active", "paused", "disabled")
WRITABLE: Schema = {
    **dict.fromkeys(("name", "topic", "delivery_url", "secret"), STRING),
    "status": Kind("string", STATUSES),
}
# One more failure beyond this count disables: the seventh in a row (class-wc-webhook.php, measured).
MAX_FAILURES = 5

_HOOKS = {
    "customer.created": ["user_register", "woocommerce_created_customer", "woocommerce_new_customer"],
    "customer.updated": ["profile_update", "woocommerce_update_customer"],
    "customer.deleted": ["delete_user"],
    "order.created": ["woocommerce_new_order"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
    "order.deleted": ["wp_trash_post", "woocommerce_trash_order"],
    "order.restored": ["untrashed_post", "woocommerce_untrash_order"],
    "product.created": [
        "woocommerce_process_product_meta", "woocommerce_new_product", "woocommerce_new_product_variation"
    ],
    "product.updated": [
        "woocommerce_process_product_meta", "woocommerce_update_product",
        "woocommerce_update_product_variation",
    ],
    "product.deleted": ["wp_trash_post"],
    "product.restored": ["untrashed_post"],
}  # fmt: skip
_TOPIC = re.compile(r"(?:coupon|customer|order|product)\.(?:created|updated|deleted|restored)|action\.woocommerce_\w+")


def find(shop: Shop, number: int, status: int = 404, message: str = "Invalid ID.") -> Webhook:
    """Give a webhook; raises ``woocommerce_rest_shop_webhook_invalid_id``."""
    webhook = shop.webhooks.get(number)
    if webhook is None:
        raise invalid_id("shop_webhook", status, message)
    return webhook


def create(shop: Shop, given: dict[str, Any]) -> Webhook:
    """Subscribe; the caller sends the ping."""
    if given.get("id"):
        raise RestError("woocommerce_rest_shop_webhook_exists", "Cannot create existing shop_webhook.", 400)
    fields = clean(WRITABLE, given)
    _check_topic(fields.get("topic", ""), "Webhook topic is required and must be valid.")
    _check_url(fields.get("delivery_url", ""))
    now = shop.now()
    webhook = Webhook(
        id=shop.number("webhook"),
        name=fields.get("name") or f"Webhook created on {now:%b %d, %Y @ %I:%M %p}",
        topic=fields["topic"],
        delivery_url=fields["delivery_url"],
        secret=fields.get("secret") or secrets.token_urlsafe(37)[:50],
        created_at=now,
        modified_at=now,
    )
    shop.webhooks[webhook.id] = webhook
    shop.changed()
    return webhook


def update(shop: Shop, webhook: Webhook, given: dict[str, Any]) -> bool:
    """Change a subscription; says whether WooCommerce pings again (a new address of an active one).

    Setting the status to active does not reset the failure count (class-wc-webhook-data-store.php): the
    very next failure disables it again, the first success clears it.
    """
    fields = clean(WRITABLE, given)
    if fields.get("topic"):
        _check_topic(fields["topic"], "Webhook topic must be valid.")
    if fields.get("delivery_url"):
        _check_url(fields["delivery_url"])
    moved = fields.get("delivery_url", webhook.delivery_url) != webhook.delivery_url
    for name in ("name", "topic", "delivery_url", "secret", "status"):
        if fields.get(name):
            setattr(webhook, name, fields[name])
    webhook.modified_at = shop.now()
    shop.changed()
    return moved and webhook.status == "active"


def record_outcome(shop: Shop, webhook: Webhook, status: int | None) -> None:
    """Count an answer: 200 to 302 clears the failures, anything else (``None`` is no answer) adds one."""
    if status is not None and 200 <= status < 303:
        webhook.failure_count = 0
    elif webhook.failure_count > MAX_FAILURES:
        webhook.status = "disabled"
    else:
        webhook.failure_count += 1
    webhook.modified_at = shop.now()
    shop.changed()


def render_webhook(shop: Shop, webhook: Webhook) -> dict[str, Any]:
    """Give the body of ``webhooks/{id}``; the secret is never shown."""
    resource, _, event = webhook.topic.partition(".")
    site, path = shop.site, f"webhooks/{webhook.id}"
    return {
        "id": webhook.id,
        "name": webhook.name,
        "status": webhook.status,
        "topic": webhook.topic,
        "resource": resource,
        "event": event,
        "hooks": [event] if resource == "action" else _HOOKS.get(webhook.topic, []),
        "delivery_url": webhook.delivery_url,
        "date_created": site.local(webhook.created_at),
        "date_created_gmt": site.gmt(webhook.created_at),
        "date_modified": site.local(webhook.modified_at),
        "date_modified_gmt": site.gmt(webhook.modified_at),
        "_links": {"self": self_link(site, path), "collection": link(site, "webhooks")},
    }


def _check_topic(topic: str, message: str) -> None:
    if not _TOPIC.fullmatch(topic.lower()):
        raise RestError("woocommerce_rest_shop_webhook_invalid_topic", message, 400)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in url:
        message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise RestError("woocommerce_rest_shop_webhook_invalid_delivery_url", message, 400)
