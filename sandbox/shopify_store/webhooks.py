"""Webhooks out: signed, retried with the original body, and on demand duplicated, reordered or lost.

    announce ──> pending (sorted by due time) ──> send ──2xx──> sent
                    ^                               │
                    └── 8 retries over 4 hours <────┘ anything else;
                        an API-made subscription that failed 8 times in a row is deleted

Source: Shopify's documentation of webhook delivery and its changelog on the retry mechanism.
"""

import base64
import hashlib
import hmac
import json
import random
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from sandbox.shopify_store.records import Subscription

API_VERSION = "2026-10"
RETRIES = 8
FAILURES_ALLOWED = 8
FIRST_DELAY = timedelta(seconds=4 * 3600 / (2**RETRIES - 1))
LARGEST_EVENT = 1_000_000
TIMEOUT = urllib3.Timeout(connect=1, read=5)

type Post = Callable[[str, dict[str, Any]], None]
type Send = Callable[["Delivery"], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook on its way to one address; ``attempt`` counts from 0."""

    webhook_id: str
    event_id: str
    topic: str
    uri: str
    subscription: int
    name: str | None
    headers: dict[str, str]
    body: bytes
    due_at: datetime
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of one try: the answer's status, 0 where there was none."""

    delivery: Delivery
    status: int
    at: datetime


@dataclass(slots=True, kw_only=True)
class DeliveryFaults:
    """Shares (0..1) of deliveries that are sent twice, sent out of order, or silently never sent."""

    duplicates: float = 0.0
    reorders: float = 0.0
    drops: float = 0.0
    seed: int = 0
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """One seeded source, so that a run can be repeated."""
        self.dice = random.Random(self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSubscriptions:
    """The app's own subscriptions, as its configuration file declares them."""

    topics: tuple[str, ...]
    uri: str
    compliance: bool = True
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per topic, the fields its bodies are reduced to; all where none are named."""


COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")


def sign(secret: str, body: bytes) -> str:
    """X-Shopify-Hmac-SHA256: base64 of the HMAC over the raw bytes."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def topic_of(enum: str) -> str:
    """ORDERS_CREATE -> orders/create, BULK_OPERATIONS_FINISH -> bulk_operations/finish."""
    return TOPICS.get(enum) or "/".join(enum.lower().rsplit("_", 1))


TOPICS = {
    "ORDERS_RISK_ASSESSMENT_CHANGED": "orders/risk_assessment_changed",
    "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE": "fulfillment_orders/order_routing_complete",
    "FULFILLMENT_ORDERS_PLACED_ON_HOLD": "fulfillment_orders/placed_on_hold",
    "FULFILLMENT_ORDERS_HOLD_RELEASED": "fulfillment_orders/hold_released",
    "APP_SCOPES_UPDATE": "app/scopes_update",
    "APP_UNINSTALLED": "app/uninstalled",
}


def post_over_http(pool: urllib3.PoolManager, delivery: Delivery) -> int:
    """Sends one delivery; connects within 1 s, waits 5 s, follows no redirect; 0 means no answer."""
    try:
        answer = pool.request(
            "POST",
            delivery.uri,
            body=delivery.body,
            headers=delivery.headers,
            timeout=TIMEOUT,
            retries=False,
            redirect=False,
        )
    except urllib3.exceptions.HTTPError:
        return 0
    return answer.status


def put_on_bus(bus: Callable[[dict[str, Any]], None] | None, delivery: Delivery) -> int:
    """Gives one delivery to Amazon EventBridge's place in the sandbox; 0 where no bus listens.

    The event's shape: detail-type ``shopifyWebhook``, the payload and the X-Shopify headers in its detail; a
    payload of more than 1,000,000 bytes comes as its id alone (Shopify's changelog of 2026-11-17).
    """
    if bus is None:
        return 0
    payload = json.loads(delivery.body)
    if len(delivery.body) > LARGEST_EVENT:
        payload = {"id": payload.get("id")}
    metadata = {name: value for name, value in delivery.headers.items() if name.startswith("X-Shopify-")}
    detail = {"payload": payload, "metadata": metadata}
    bus(
        {"id": delivery.webhook_id, "detail-type": "shopifyWebhook", "source": delivery.uri, "detail": detail}
    )
    return 200


@dataclass(slots=True, kw_only=True)
class Outbox:
    """Everything the shop has to say to the app, and to whom."""

    domain: str
    secret: str
    clock: Callable[[], datetime]
    send: Send | None = None
    bus: Callable[[dict[str, Any]], None] | None = None
    faults: DeliveryFaults = field(default_factory=DeliveryFaults)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    changed: Callable[[], None] = lambda: None
    app: AppSubscriptions | None = None
    pending: list[Delivery] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    dropped: list[Delivery] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    lock: "threading.RLock" = field(default_factory=threading.RLock)
    _pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=16))
    _serial: int = 0
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _worker: threading.Thread | None = None

    def action(self) -> Post:
        """One merchant or buyer action: whatever it announces carries the same event id."""
        event_id = self._new_id()
        return lambda topic, body: self.announce(topic, body, event_id)

    def announce(self, topic: str, body: dict[str, Any], event_id: str) -> None:
        """Queues a topic for everyone who subscribed to it."""
        with self.lock:
            for target in self._targets(topic):
                self._enqueue(self._delivery(topic, body, event_id, target))
        self._wake.set()

    def _targets(self, topic: str) -> list[Subscription]:
        found = [one for one in self.subscriptions.values() if topic_of(one.topic) == topic]
        app = self.app
        if app and (topic in app.topics or (app.compliance and topic in COMPLIANCE)):
            now = self.clock()
            found.append(
                Subscription(
                    number=0,
                    topic=topic,
                    uri=app.uri,
                    created_at=now,
                    updated_at=now,
                    app_specific=True,
                    include_fields=app.fields.get(topic, ()),
                )
            )
        return found

    def _delivery(self, topic: str, body: dict[str, Any], event_id: str, target: Subscription) -> Delivery:
        kept = {key: body[key] for key in target.include_fields if key in body} or body
        raw = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
        now, webhook_id = self.clock(), self._new_id()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-SHA256": sign(self.secret, raw),
            "X-Shopify-Shop-Domain": self.domain,
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": webhook_id,
            "X-Shopify-Event-Id": event_id,
            "X-Shopify-Triggered-At": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
        }
        if target.name:
            headers["X-Shopify-Name"] = target.name
        return Delivery(
            webhook_id=webhook_id,
            event_id=event_id,
            topic=topic,
            uri=target.uri,
            subscription=target.number,
            name=target.name,
            headers=headers,
            body=raw,
            due_at=now,
        )

    def _new_id(self) -> str:
        with self.lock:
            self._serial += 1
            return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://{self.domain}/webhooks/{self._serial}"))

    def _enqueue(self, delivery: Delivery) -> None:
        faults = self.faults
        if faults.dice.random() < faults.drops:
            self.dropped.append(delivery)
            return
        copies = 2 if faults.dice.random() < faults.duplicates else 1
        for _ in range(copies):
            place = len(self.pending)
            if faults.dice.random() < faults.reorders:
                place = faults.dice.randint(max(0, place - 10), place)
            self.pending.insert(place, delivery)

    def due(self) -> list[Delivery]:
        """What would be sent now, in order."""
        now = self.clock()
        with self.lock:
            return [one for one in self.pending if one.due_at <= now]

    def deliver_next(self) -> Attempt | None:
        """Sends the first delivery that is due; None where nothing is."""
        delivery = self._take()
        return self._deliver(delivery) if delivery else None

    def deliver_all(self, limit: int = 100_000) -> list[Attempt]:
        """Sends until nothing is due any more; retries wait for the clock."""
        attempts: list[Attempt] = []
        while len(attempts) < limit and (attempt := self.deliver_next()):
            attempts.append(attempt)
        return attempts

    def _deliver(self, delivery: Delivery) -> Attempt:
        status = self._hand_over(delivery)
        attempt = Attempt(delivery=delivery, status=status, at=self.clock())
        with self.lock:
            self.attempts.append(attempt)
            self._settle(delivery, ok=200 <= status < 300)
        return attempt

    def _hand_over(self, delivery: Delivery) -> int:
        if self.send:
            return self.send(delivery)
        if delivery.uri.startswith("arn:"):
            return put_on_bus(self.bus, delivery)
        return post_over_http(self._pool, delivery)

    def _settle(self, delivery: Delivery, *, ok: bool) -> None:
        target = self.subscriptions.get(delivery.subscription)
        if target:
            target.failures = 0 if ok else target.failures + 1
            if target.failures >= FAILURES_ALLOWED:
                del self.subscriptions[target.number]
                self.deleted.append(target.number)
                self.changed()
                self.pending = [one for one in self.pending if one.subscription != target.number]
                return
        if not ok and delivery.attempt < RETRIES:
            due_at = self.clock() + FIRST_DELAY * 2**delivery.attempt
            self.pending.append(replace(delivery, attempt=delivery.attempt + 1, due_at=due_at))

    def start(self, workers: int = 4) -> None:
        """Sends in the background from now on, several at once, so order is not kept there either."""
        if self._worker:
            return
        self._stopping = False
        self._worker = threading.Thread(
            target=self._run, args=(workers,), name="shopify-webhooks", daemon=True
        )
        self._worker.start()

    def stop(self) -> None:
        """Ends the background sending; what is on its way is finished first."""
        self._stopping = True
        self._wake.set()
        if self._worker:
            self._worker.join()
        self._worker = None

    def _run(self, workers: int) -> None:
        free = threading.Semaphore(workers)
        with ThreadPoolExecutor(workers, thread_name_prefix="shopify-webhook") as pool:
            while not self._stopping:
                delivery = self._take()
                if delivery is None:
                    self._wake.wait(0.05)
                    self._wake.clear()
                    continue
                free.acquire()
                pool.submit(self._deliver_and_release, delivery, free)

    def _take(self) -> Delivery | None:
        now = self.clock()
        with self.lock:
            for position, delivery in enumerate(self.pending):
                if delivery.due_at <= now:
                    return self.pending.pop(position)
        return None

    def _deliver_and_release(self, delivery: Delivery, free: threading.Semaphore) -> None:
        try:
            self._deliver(delivery)
        finally:
            free.release()
