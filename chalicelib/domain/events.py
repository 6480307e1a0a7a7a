"""What a store tells us, in our own closed vocabulary. An event carries no buyer data."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from chalicelib.domain.ids import EventId, ShopId


class EventKind(StrEnum):
    """Every store word maps to one of these; what maps to none is UNKNOWN and counted."""

    PRODUCT_CHANGED = "product_changed"
    PRODUCT_DELETED = "product_deleted"
    STOCK_CHANGED = "stock_changed"
    ORDER_CREATED = "order_created"
    ORDER_CHANGED = "order_changed"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_DELETED = "order_deleted"
    ORDER_ROUTED = "order_routed"
    REFUND_CREATED = "refund_created"
    RISK_CHANGED = "risk_changed"
    DISPUTE_CHANGED = "dispute_changed"
    CUSTOMER_DELETED = "customer_deleted"
    CUSTOMER_DATA_REQUESTED = "customer_data_requested"
    CUSTOMER_REDACTED = "customer_redacted"
    SHOP_CHANGED = "shop_changed"
    SHOP_REDACTED = "shop_redacted"
    APP_UNINSTALLED = "app_uninstalled"
    SCOPES_CHANGED = "scopes_changed"
    PLAN_CHANGED = "plan_changed"
    LOCALES_CHANGED = "locales_changed"
    BULK_FINISHED = "bulk_finished"
    UNKNOWN = "unknown"


class Schedule(StrEnum):
    """What our own clock starts, one message per shop."""

    CONNECT = "connect"
    SYNC = "sync"
    RECONCILE = "reconcile"
    TRAIN = "train"
    PROPOSE = "propose"
    DIGEST = "digest"
    JOB = "job"


type Trigger = EventKind | Schedule

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreEvent:
    """One thing that happened in one shop: who, what, which, when."""

    id: EventId
    shop_id: ShopId
    kind: Trigger
    resource: str
    """The store's id of the object, or empty."""
    occurred_at: datetime
    received_at: datetime
    delivery: str
    """Unique per accepted delivery, so that two deliveries of one event are counted as two."""
    topic: str = ""
    """The store's own word, at most 100 characters, for people who look into UNKNOWN."""
    detail: str = ""
    """A short machine word from the body (a status, a bulk operation's id); never buyer data."""

    @property
    def scheduled(self) -> bool:
        """Whether our own clock caused it."""
        return isinstance(self.kind, Schedule)


def event_id(*parts: str) -> EventId:
    """One name per thing that happened; the same thing told twice gets the same name."""
    return EventId(hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32])


def to_message(event: StoreEvent) -> str:
    """The queue's form of an event (JSON, schema number first, so that old and new code can tell)."""
    return json.dumps({
        "v": SCHEMA_VERSION, "id": event.id, "shop": event.shop_id, "kind": str(event.kind),
        "resource": event.resource, "occurred_at": event.occurred_at.isoformat(),
        "received_at": event.received_at.isoformat(), "delivery": event.delivery,
        "topic": event.topic, "detail": event.detail,
    })  # fmt: skip


def from_message(text: str) -> StoreEvent:
    """Read an event back; fields a newer version added are ignored, ones it lacks get their defaults.

    Raises:
        ValueError: it is not an event at all (it belongs in the dead-letter queue).
    """
    try:
        data = json.loads(text)
        return StoreEvent(
            id=EventId(data["id"]), shop_id=ShopId(data["shop"]), kind=trigger(data["kind"]),
            resource=str(data.get("resource", "")), occurred_at=_moment(data["occurred_at"]),
            received_at=_moment(data["received_at"]), delivery=str(data["delivery"]),
            topic=str(data.get("topic", "")), detail=str(data.get("detail", "")),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a store event: {type(error).__name__}") from error


def trigger(word: str) -> Trigger:
    """Our own word for a cause; a word of a newer version is UNKNOWN, not an error."""
    if word in Schedule:
        return Schedule(word)
    return EventKind(word) if word in EventKind else EventKind.UNKNOWN


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC)
