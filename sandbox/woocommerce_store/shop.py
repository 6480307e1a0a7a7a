"""The shop's database and the one place that numbers rows, tells the time and announces events."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from sandbox.woocommerce_store.rows import ApiKey, Customer, Mail, Meta, Order, Product, Term, Webhook
from sandbox.woocommerce_store.site import Site


def _nobody_listens(topic: str, argument: Any) -> None:
    """Swallow events until the outbox is plugged in (while the seed is loaded)."""


@dataclass(slots=True, kw_only=True)
class Shop:
    """Every table; hold ``lock`` while reading or writing any of them."""

    site: Site
    clock: Callable[[], datetime]
    announce: Callable[[str, Any], None] = _nobody_listens
    lock: RLock = field(default_factory=RLock)
    products: dict[int, Product] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    webhooks: dict[int, Webhook] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    terms: dict[tuple[str, str], Term] = field(default_factory=dict)
    members: dict[int, list[int]] = field(default_factory=dict)
    families: dict[int, list[int]] = field(default_factory=dict)
    slugs: dict[str, int] = field(default_factory=dict)
    by_sku: dict[str, int] = field(default_factory=dict)
    by_seed_key: dict[str, int] = field(default_factory=dict)
    customer_ids: dict[str, int] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    revision: int = 0
    _numbers: Counter[str] = field(default_factory=Counter)

    def now(self) -> datetime:
        """Tell the time with WordPress' resolution: whole seconds, UTC."""
        return self.clock().astimezone(UTC).replace(microsecond=0)

    def number(self, table: str) -> int:
        """Give the next id of a table; products and orders share one sequence, as posts do."""
        self._numbers[table] += 1
        return self._numbers[table] + (9 if table == "post" else 0)

    def changed(self) -> None:
        """Note that something was written, so that remembered listings are dropped."""
        self.revision += 1

    def meta(self, key: str, value: Any) -> Meta:
        """Make a meta row."""
        return Meta(self.number("meta"), key, value)

    def term(self, taxonomy: str, name: str, slug: str) -> Term:
        """Give the term of that name, made on first use."""
        known = self.terms.get((taxonomy, slug))
        if known is None:
            known = self.terms[(taxonomy, slug)] = Term(self.number("term") + 14, name, slug)
        return known

    def mail(self, kind: str, to: str, order_id: int, text: str) -> None:
        """Record a mail that the real shop would have sent."""
        self.mails.append(Mail(kind=kind, to=to, order_id=order_id, text=text, sent_at=self.now()))


def update_meta(shop: Shop, rows: list[Meta], given: list[dict[str, Any]]) -> None:
    """Merge meta as WC_Data does: by id, else by key; a null value deletes."""
    for item in given:
        key, value, wanted = str(item.get("key", "")), item.get("value"), item.get("id")
        match = next((row for row in rows if row.id == wanted), None) if wanted else None
        match = match or next((row for row in rows if row.key == key), None)
        if value is None:
            rows[:] = [row for row in rows if row is not match]
        elif match:
            match.value = value
            match.key = key or match.key
        else:
            rows.append(shop.meta(key, value))


def render_meta(rows: list[Meta]) -> list[dict[str, Any]]:
    """Give meta as the REST API shows it."""
    return [{"id": row.id, "key": row.key, "value": row.value} for row in rows]
