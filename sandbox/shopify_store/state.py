"""The shop's memory: every record by its id, and sorted views for paging."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.shopify_store.records import Locale, Market, Order, PriceList, Product, Variant, gid

EXPONENTS = {"JPY": 0, "KRW": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3, "TND": 3}


@dataclass(slots=True, kw_only=True)
class State:
    """All records of one shop; whoever writes holds the store's lock and calls ``touch``."""

    name: str
    domain: str
    currency: str
    country: str
    timezone: str
    clock: Callable[[], datetime]
    number: int = 548_380_009
    location_name: str = "Shop location"
    records: dict[str, dict[int, Any]] = field(default_factory=dict)
    locales: dict[str, Locale] = field(default_factory=dict)
    variants_by_sku: dict[str, Variant] = field(default_factory=dict)
    products_by_handle: dict[str, Product] = field(default_factory=dict)
    customers_by_key: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    created_at: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(9_100_000_000_001, 32))
    _sorted: dict[tuple[str, str], tuple[int, list[Any]]] = field(default_factory=dict)

    def now(self) -> datetime:
        """Shopify keeps whole seconds, so two edits within one second carry the same time."""
        return self.clock().astimezone(UTC).replace(microsecond=0)

    def new_number(self) -> int:
        """The next free id of any kind; never used twice, so nothing is mistaken for something else."""
        return next(self._numbers)

    def add(self, record: Any) -> Any:
        """Keeps a record under its kind and number, and gives it back."""
        self.records.setdefault(record.kind, {})[record.number] = record
        self.version += 1
        return record

    def remove(self, record: Any) -> None:
        """Forgets a record."""
        del self.records[record.kind][record.number]
        self.version += 1

    def touch(self) -> None:
        """Says that something changed, so that sorted views are made anew."""
        self.version += 1

    def all(self, kind: str) -> list[Any]:
        """Every record of a kind, oldest first."""
        return list(self.records.get(kind, {}).values())

    def find(self, global_id: str) -> Any:
        """The record of a global id, or None where the shop has no such object."""
        kind, _, number = global_id.removeprefix("gid://shopify/").partition("/")
        number = number.partition("?")[0]
        return self.records.get(kind, {}).get(int(number)) if number.isdigit() else None

    def view(self, kind: str, name: str, order: Callable[[Any], Any]) -> list[Any]:
        """Records of a kind, sorted by ``order`` then number; kept until something changes."""
        cached = self._sorted.get((kind, name))
        if cached and cached[0] == self.version:
            return cached[1]
        rows = sorted(self.all(kind), key=lambda r: (order(r), r.number))
        self._sorted[kind, name] = (self.version, rows)
        return rows

    def money(self, amount: Decimal, currency: str | None = None) -> Decimal:
        """An amount rounded to what the currency has coins for."""
        places = EXPONENTS.get(currency or self.currency, 2)
        return amount.quantize(Decimal(1).scaleb(-places))

    @property
    def id(self) -> str:
        """The shop's global id."""
        return gid("Shop", self.number)

    @property
    def primary_locale(self) -> str:
        """The language that the shop writes in."""
        return next(one.locale for one in self.locales.values() if one.primary)

    def products(self) -> Iterable[Product]:
        """Every product, oldest first."""
        return self.records.get("Product", {}).values()

    def orders(self) -> Iterable[Order]:
        """Every order, oldest first."""
        return self.records.get("Order", {}).values()

    def price_lists(self) -> Iterable[PriceList]:
        """Every market's price list."""
        return self.records.get("PriceList", {}).values()

    def markets(self) -> Iterable[Market]:
        """Every market."""
        return self.records.get("Market", {}).values()
