"""The bazaar's memory: stalls with goods, orders and what is written at each target, each with a version.

Every call of a client passes ``on_io(name)``; a test's hook may raise there, before or after a commit, and so
plays a crash, a lost answer or a broken network at exactly that point.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from chalicelib.contracts import RawRequest
from chalicelib.domain.actions import Value
from chalicelib.domain.catalogue import Product
from chalicelib.domain.ids import IdempotencyKey, OrderId, ProductId, Target
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order

type Hook = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Effect:
    """One write that really happened, for checkers that count them."""

    target: Target
    value: Value
    version: int
    key: IdempotencyKey


@dataclass(slots=True)
class Stall:
    """One shop of the bazaar."""

    account: str
    clock: Callable[[], datetime]
    currency: str = "EUR"
    products: dict[ProductId, Product] = field(default_factory=dict)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    values: dict[Target, Value] = field(default_factory=dict)
    versions: dict[Target, int] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    outbox: list[RawRequest] = field(default_factory=list)
    """Signed webhooks that nobody has delivered yet."""
    secret: bytes = b""
    address: str = ""
    subscribed: bool = False
    revoked: bool = False
    """Whether our key was taken away."""
    locales: tuple[str, ...] = ("de",)
    told: int = 0
    """Webhooks so far: numbers them, so that two changes in one instant stay two."""

    def put_product(self, product: Product) -> Product:
        """The merchant saves a product."""
        saved = replace(product, updated_at=self.clock())
        self.products[product.id] = saved
        for variant in saved.variants:
            self._set(
                Target(f"variant/{variant.id}/price/base"), price_value(variant.price, variant.compare_at)
            )
        self.tell("goods.changed", product.id)
        return saved

    def put_order(self, order: Order) -> Order:
        """A buyer orders, or an order changes."""
        topic = "sale.changed" if order.id in self.orders else "sale.made"
        saved = replace(order, updated_at=self.clock())
        self.orders[order.id] = saved
        self.tell(topic, order.id)
        return saved

    def delete_product(self, product_id: ProductId) -> None:
        """The merchant throws a product away."""
        if self.products.pop(product_id, None) is not None:
            self.tell("goods.deleted", product_id)

    def edit(self, target: Target, value: Value) -> None:
        """The merchant writes at a target by hand."""
        self._set(target, value)
        self._touch(target)

    def write(self, target: Target, value: Value, key: IdempotencyKey) -> None:
        """A client writes at a target; the store tells of it as it tells of the merchant's own edits."""
        self._set(target, value)
        self.effects.append(Effect(target, value, self.versions[target], key))
        self._touch(target)

    def tell(self, topic: str, resource: str) -> None:
        """Put a signed webhook into the outbox, if somebody listens."""
        if self.subscribed:
            self.told += 1
            body = {"id": resource, "at": self.clock().isoformat(), "number": str(self.told)}
            self.outbox.append(self.signed(topic, body))

    def signed(self, topic: str, body: dict[str, str]) -> RawRequest:
        """A webhook as it travels: raw bytes and a base64 HMAC-SHA256 of them."""
        raw = json.dumps({**body, "topic": topic}).encode()
        signature = base64.b64encode(hmac.digest(self.secret, raw, hashlib.sha256)).decode()
        headers = {"content-type": "application/json", "x-bazaar-signature": signature}
        return RawRequest(path=self.address, headers=headers, body=raw, account=self.account)

    def drain(self) -> list[RawRequest]:
        """Take every waiting webhook, oldest first."""
        waiting, self.outbox = self.outbox, []
        return waiting

    def _set(self, target: Target, value: Value) -> None:
        if target not in self.values or self.values[target] != value:
            self.values[target] = value
            self.versions[target] = self.versions.get(target, 0) + 1

    def _touch(self, target: Target) -> None:
        """Whatever the target belongs to has changed now."""
        kind, _, rest = target.partition("/")
        resource = rest.partition("/")[0]
        if kind == "order":
            order = self.orders[OrderId(resource)]
            self.orders[order.id] = replace(order, updated_at=self.clock())
            self.tell("sale.changed", order.id)
            return
        for product in list(self.products.values()):
            if resource == product.id or any(variant.id == resource for variant in product.variants):
                self.products[product.id] = replace(product, updated_at=self.clock())
                self.tell("goods.changed", product.id)


def price_value(price: Money | None, compare_at: Money | None) -> Value:
    """A price as a snapshot holds it, or None where there is none."""
    if price is None:
        return None
    return {
        "price": str(price.amount),
        "compare_at": None if compare_at is None else str(compare_at.amount),
        "currency": price.currency,
    }


@dataclass(slots=True)
class Bazaar:
    """All stalls, one clock, one hook for faults."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    on_io: Hook = lambda name: None
    stalls: dict[str, Stall] = field(default_factory=dict)

    def open(self, account: str, *, currency: str = "EUR", secret: bytes = b"") -> Stall:
        """Open a stall; with a secret it sends webhooks from the start, otherwise once subscribed."""
        stall = Stall(account, self.clock, currency, secret=secret, subscribed=bool(secret))
        self.stalls[account] = stall
        return stall
