"""Reads the bazaar's webhooks: one address and one derived secret per stall."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from chalicelib.contracts import RawRequest, WebhookSecrets
from chalicelib.domain.events import EventKind, StoreEvent, event_id
from chalicelib.domain.ids import shop_id
from chalicelib.errors import MalformedPayload
from integrations import envelope

NAME = "bazaar"
TOPICS: Mapping[str, EventKind] = MappingProxyType({
    "goods.changed": EventKind.PRODUCT_CHANGED,
    "goods.deleted": EventKind.PRODUCT_DELETED,
    "sale.made": EventKind.ORDER_CREATED,
    "sale.changed": EventKind.ORDER_CHANGED,
    "stall.closed": EventKind.APP_UNINSTALLED,
})  # fmt: skip


class BazaarReader:
    """The bazaar signs topic and stall inside the body, so nothing can be replayed elsewhere."""

    def ping(self, request: RawRequest) -> bool:
        """The bazaar sends no unsigned test calls."""
        return False

    def verify(self, request: RawRequest, secrets: WebhookSecrets) -> None:
        """Raises InvalidSignature."""
        known = secrets.derived(NAME, request.account)
        envelope.check_signature(request.body, request.headers.get("x-bazaar-signature"), known)

    def normalise(self, request: RawRequest, received_at: datetime) -> StoreEvent:
        """Theirs to ours. Raises MalformedPayload and nothing else."""
        body = envelope.parse_object(request.body)
        topic = envelope.topic_word(envelope.text_of(body.get("topic")))
        kind = TOPICS.get(topic, EventKind.UNKNOWN)
        resource, at = envelope.word(body.get("id")), envelope.text_of(body.get("at"))
        number = envelope.word(body.get("number"))
        needs_id = kind not in {EventKind.UNKNOWN, EventKind.APP_UNINSTALLED}
        if not request.account.isalnum() or (needs_id and not resource):
            raise MalformedPayload(detail="no stall or no object named")
        return StoreEvent(
            id=event_id(NAME, request.account, topic, resource, at[:40], number),
            shop_id=shop_id(NAME, request.account),
            kind=kind,
            resource=resource,
            occurred_at=envelope.moment(at) or received_at,
            received_at=received_at,
            delivery=envelope.delivery_name(),
            topic=topic,
        )
