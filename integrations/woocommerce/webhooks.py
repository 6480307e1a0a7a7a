"""Reads WooCommerce's webhooks on the accepting path: standard library only, no buyer data out.

Measured on WooCommerce 9.9.5: the Delivery-ID repeats within a second and the body is the state at delivery,
so an event is named by store, topic, resource, its modification time and what the body says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from chalicelib.contracts import RawRequest, WebhookSecrets
from chalicelib.domain.events import EventKind, StoreEvent, event_id
from chalicelib.domain.ids import shop_id
from chalicelib.errors import InvalidSignature, MalformedPayload
from integrations import envelope

NAME = "woocommerce"
PAYMENT_COMPLETE = "action.woocommerce_payment_complete"
TOPICS: Mapping[str, EventKind] = MappingProxyType({
    "product.created": EventKind.PRODUCT_CHANGED,
    "product.updated": EventKind.PRODUCT_CHANGED,
    "product.restored": EventKind.PRODUCT_CHANGED,
    "product.deleted": EventKind.PRODUCT_DELETED,
    "order.created": EventKind.ORDER_CREATED,
    "order.updated": EventKind.ORDER_CHANGED,
    "order.restored": EventKind.ORDER_CHANGED,
    "order.deleted": EventKind.ORDER_DELETED,
    "customer.deleted": EventKind.CUSTOMER_DELETED,
    PAYMENT_COMPLETE: EventKind.ORDER_CHANGED,
})  # fmt: skip
"""WooCommerce has no topic for stock (product.updated tells it), for uninstalling, or for erasure."""

_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]{1,200}")


class WooCommerceReader:
    """One address and one derived secret per shop."""

    def ping(self, request: RawRequest) -> bool:
        """Whether this is the unsigned form post that creating a webhook causes."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind == "application/x-www-form-urlencoded" and _PING.fullmatch(request.body) is not None

    def verify(self, request: RawRequest, secrets: WebhookSecrets) -> None:
        """Raises InvalidSignature; the header is base64 HMAC-SHA256 of the raw body."""
        if not _ACCOUNT.fullmatch(request.account):
            raise InvalidSignature
        known = secrets.derived(NAME, request.account)
        envelope.check_signature(request.body, request.headers.get("x-wc-webhook-signature"), known)

    def normalise(self, request: RawRequest, received_at: datetime) -> StoreEvent:
        """Theirs to ours. Raises MalformedPayload and nothing else."""
        if not _ACCOUNT.fullmatch(request.account):
            raise MalformedPayload(detail="the address names no shop")
        body = envelope.parse_object(request.body)
        topic = envelope.topic_word(request.headers.get("x-wc-webhook-topic", ""))
        kind = TOPICS.get(topic, EventKind.UNKNOWN)
        own_id, resource = _resource(topic, kind, body)
        modified = envelope.text_of(body.get("date_modified_gmt"))
        return StoreEvent(
            id=event_id(NAME, request.account, topic, own_id, modified[:40], envelope.fingerprint(request.body)),
            shop_id=shop_id(NAME, request.account),
            kind=kind,
            resource=resource,
            occurred_at=envelope.moment(modified) or received_at,
            received_at=received_at,
            delivery=envelope.delivery_name(),
            topic=topic,
            detail=_detail(topic, kind, body),
        )


def _resource(topic: str, kind: EventKind, body: Mapping[str, Any]) -> tuple[str, str]:
    """The object's own id, and the one that buyers see: a variation is folded into its product."""
    if kind is EventKind.UNKNOWN:
        return "", ""
    own = envelope.whole(body.get("arg" if topic == PAYMENT_COMPLETE else "id"))
    if kind is EventKind.PRODUCT_CHANGED and body.get("type") == "variation":
        return own, envelope.whole(body.get("parent_id"))
    return own, own


def _detail(topic: str, kind: EventKind, body: Mapping[str, Any]) -> str:
    if topic == PAYMENT_COMPLETE:
        return "paid"
    return envelope.word(body.get("status")) if kind is not EventKind.UNKNOWN else ""
