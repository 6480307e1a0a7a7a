"""Webhook deliveries: queued by events, collapsed, built when sent, never retried.

event -> pending (webhook, argument), once            WC()->queue(), unique while it waits
sending -> body of *now*, signed                      WC_Webhook::deliver
answer 200..302 -> failures 0, else one more; the 7th in a row disables
"""

import base64
import hashlib
import hmac
import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from sandbox.woocommerce_store import customers, order_view, php_json, product_view, webhooks
from sandbox.woocommerce_store.post import USER_AGENT, post
from sandbox.woocommerce_store.rest_errors import RestError, invalid_id
from sandbox.woocommerce_store.rows import Webhook
from sandbox.woocommerce_store.shop import Shop


@dataclass(frozen=True, slots=True)
class Pending:
    """One delivery that waits; ``ready_at`` is on the monotonic clock."""

    webhook_id: int
    topic: str
    argument: Any
    ready_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One delivery that went out; ``status`` is None where no answer came."""

    webhook_id: int
    topic: str
    argument: Any
    url: str
    headers: dict[str, str]
    body: bytes
    status: int | None


@dataclass(slots=True, kw_only=True)
class Weather:
    """How the way to the receiver misbehaves; rates are probabilities, drawn from one seeded generator."""

    drop_rate: float = 0.0
    duplicate_rate: float = 0.0
    reorder_rate: float = 0.0
    reorder_window: int = 8
    delay_s: float = 0.0
    timeout_s: float = 60.0
    ping_timeout_s: float = 5.0
    seed: int = 0


@dataclass(slots=True)
class Outbox:
    """The queue of one shop's deliveries."""

    shop: Shop
    weather: Weather = field(default_factory=Weather)
    log: deque[Sent] = field(default_factory=lambda: deque(maxlen=5000))
    counts: Counter[str] = field(default_factory=Counter)
    _waiting: deque[Pending] = field(default_factory=deque)
    _keys: set[tuple[int, Any]] = field(default_factory=set)
    _filled: threading.Condition = field(default_factory=threading.Condition)
    _chance: random.Random = field(default_factory=random.Random)
    _stopped: bool = False
    _in_hand: int = 0
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._chance.seed(self.weather.seed)

    def announce(self, topic: str, argument: Any) -> None:
        """Queue a delivery for each active webhook of the topic, unless the same one already waits."""
        for webhook in list(self.shop.webhooks.values()):
            if webhook.status == "active" and webhook.topic == topic:
                self._queue(webhook, argument)

    def pending(self) -> list[Pending]:
        """Give what waits, oldest first."""
        with self._filled:
            return list(self._waiting)

    def deliver_next(self) -> Sent | None:
        """Send one waiting delivery now, whatever its delay; None where nothing waits."""
        with self._filled:
            if not self._waiting:
                return None
            item = self._take()
        try:
            return self._deliver(item)
        finally:
            with self._filled:
                self._in_hand -= 1
                self._filled.notify_all()

    def deliver_all(self, limit: int = 100_000) -> list[Sent]:
        """Send until nothing waits (or ``limit`` were sent)."""
        sent: list[Sent] = []
        while len(sent) < limit and (one := self.deliver_next()):
            sent.append(one)
        return sent

    def wait_until_idle(self, timeout_s: float = 30.0) -> bool:
        """Wait for the background thread; False where it is still busy after ``timeout_s``."""
        with self._filled:
            return self._filled.wait_for(lambda: not self._waiting and not self._in_hand, timeout_s)

    def ping(self, webhook: Webhook) -> None:
        """Post the unsigned form ``webhook_id=N`` at once; whatever comes back is ignored."""
        body = f"webhook_id={webhook.id}".encode()
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "deflate, gzip, br, zstd",
            "Connection": "close",
            "Content-Length": str(len(body)),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        post(webhook.delivery_url, body, headers, self.weather.ping_timeout_s)
        self.counts["ping"] += 1

    def start(self) -> None:
        """Send from a background thread until ``stop``."""
        if self._thread is None:
            self._stopped = False
            self._thread = threading.Thread(target=self._run, name="woocommerce-outbox", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the background thread; what waits stays."""
        with self._filled:
            self._stopped = True
            self._filled.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None

    def _queue(self, webhook: Webhook, argument: Any) -> None:
        with self._filled:
            key = (webhook.id, argument)
            if key in self._keys:
                self.counts["collapsed"] += 1
                return
            if self._chance.random() < self.weather.drop_rate:
                self.counts["dropped"] += 1
                return
            self._keys.add(key)
            ready_at = time.monotonic() + self.weather.delay_s
            self._waiting.append(Pending(webhook.id, webhook.topic, argument, ready_at))
            self._filled.notify_all()

    def _take(self) -> Pending:
        place = 0
        if len(self._waiting) > 1 and self._chance.random() < self.weather.reorder_rate:
            place = self._chance.randrange(1, min(len(self._waiting), self.weather.reorder_window))
            self.counts["reordered"] += 1
        item = self._waiting[place]
        del self._waiting[place]
        self._keys.discard((item.webhook_id, item.argument))
        self._in_hand += 1
        return item

    def _deliver(self, item: Pending) -> Sent:
        with self.shop.lock:
            webhook = self.shop.webhooks.get(item.webhook_id)
            if webhook is None:
                return Sent(
                    webhook_id=item.webhook_id, topic=item.topic, argument=item.argument, url="", headers={},
                    body=b"", status=None,
                )  # fmt: skip
            body = php_json.encode(build_body(self.shop, webhook.topic, item.argument))
            headers = sign(self.shop, webhook, body)
            url = webhook.delivery_url
        status, _ = post(url, body, headers, self.weather.timeout_s)
        if self._chance.random() < self.weather.duplicate_rate:
            post(url, body, headers, self.weather.timeout_s)
            self.counts["duplicated"] += 1
        with self.shop.lock:
            webhooks.record_outcome(self.shop, webhook, status)
        sent = Sent(
            webhook_id=webhook.id, topic=webhook.topic, argument=item.argument, url=url, headers=headers,
            body=body, status=status,
        )  # fmt: skip
        self.log.append(sent)
        self.counts["sent"] += 1
        return sent

    def _run(self) -> None:
        while not self._stopped:
            with self._filled:
                if not self._waiting:
                    self._filled.wait(0.5)
                    continue
                early = self._waiting[0].ready_at - time.monotonic()
                if early > 0:
                    self._filled.wait(early)
                    continue
            self.deliver_next()


def build_body(shop: Shop, topic: str, argument: Any) -> dict[str, Any]:
    """Give what the shop says of the resource now; where it is gone, that is the REST error itself."""
    resource, _, event = topic.partition(".")
    if resource == "action":
        return {"action": event, "arg": argument}
    if event == "deleted":
        return {"id": argument}
    try:
        return _resource(shop, resource, argument)
    except RestError as gone:
        return gone.body()


def sign(shop: Shop, webhook: Webhook, body: bytes) -> dict[str, str]:
    """Give the headers of a delivery, in the order and with the names captured from 9.9.5."""
    resource, _, event = webhook.topic.partition(".")
    return {
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip, br, zstd",
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": f"{shop.site.url}/",
        "X-WC-Webhook-Topic": webhook.topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": signature(webhook.secret, body),
        "X-WC-Webhook-ID": str(webhook.id),
        "X-WC-Webhook-Delivery-ID": delivery_id(webhook.id, int(shop.now().timestamp())),
        "Connection": "close",
        "Content-Length": str(len(body)),
    }


def signature(secret: str, body: bytes) -> str:
    """Give base64 of HMAC-SHA256; through ``wp_specialchars_decode`` a secret's ``&amp;`` signs as ``&``."""
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#039;", "'"), ("&amp;", "&")):
        secret = secret.replace(entity, letter)
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def delivery_id(webhook_id: int, unix_second: int) -> str:
    """Give ``wp_hash`` of webhook id and second: equal for everything one webhook sends in that second."""
    return hmac.new(b"sandbox salt", f"{webhook_id}{unix_second}".encode(), hashlib.md5).hexdigest()


def _resource(shop: Shop, resource: str, number: int) -> dict[str, Any]:
    if resource == "product":
        product = shop.products.get(number)
        if product is None:
            raise invalid_id("product")
        return product_view.render_product(shop, product)
    if resource == "order":
        order = shop.orders.get(number)
        if order is None:
            raise invalid_id("shop_order")
        return order_view.render_order(shop, order)
    return customers.render_customer(shop, customers.find(shop, number))
