"""Counters over trailing windows, exact and free of races.

Each thing counted is a row of its own under its subject, so that counting twice counts once, two orders at
the same moment see each other (strongly consistent reads), and expiry is compared on read: TTL deletes late.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from chalicelib.contracts import CounterKey, CounterUpdate
from chalicelib.domain.ids import ShopId
from chalicelib.ports import Key, Record, Records
from chalicelib.storage import places
from chalicelib.storage.places import Kind

MOST = 1000
"""Counting stops there: beyond it, more is not more."""

_SKEW = timedelta(minutes=10)
_ALLOWANCE_KEPT = timedelta(days=9)


class Counters:
    """Counters of all shops."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, shop: ShopId, updates: Iterable[CounterUpdate]) -> None:
        """Count; the same update (by ``unique``) counts once."""
        self._records.put_many([_row(shop, update) for update in updates])

    def read(self, shop: ShopId, keys: Iterable[CounterKey], now: datetime) -> Mapping[CounterKey, int]:
        """Totals of the windows that end now (ten minutes of clock skew ahead are counted in)."""
        return {key: self._total(shop, key, now) for key in keys}

    def take(self, shop: ShopId, name: str, ceiling: int, day: datetime) -> bool:
        """Use one of a day's allowance; False when it is used up."""
        key = _allowance(shop, name, day)
        return self._records.add(key, ceiling=ceiling, expires_at=day + _ALLOWANCE_KEPT) is not None

    def tally(self, shop: ShopId, name: str, amount: int = 1) -> int:
        """A running total, for people (characters translated this month, say)."""
        return self._records.add(places.key(shop, Kind.COUNTER, f"tally|{name}"), amount) or 0

    def reserve(self, shop: ShopId, name: str, amount: int, most: int | None = None) -> bool:
        """Add to a running total unless it would pass ``most``; a negative amount gives back."""
        return self._records.add(places.key(shop, Kind.COUNTER, f"tally|{name}"), amount, ceiling=most) is not None

    def total(self, shop: ShopId, name: str) -> int:
        """A running total as it stands."""
        record = self._records.get(places.key(shop, Kind.COUNTER, f"tally|{name}"))
        return 0 if record is None else int(record.body["total"])

    def used(self, shop: ShopId, name: str, day: datetime) -> int:
        """How much of a day's allowance is used."""
        record = self._records.get(_allowance(shop, name, day))
        return 0 if record is None else int(record.body["total"])

    def _total(self, shop: ShopId, key: CounterKey, now: datetime) -> int:
        stem = _stem(key)
        first = f"{stem}{_stamp(now - timedelta(seconds=key.window_s))}" if key.window_s else stem
        partition = places.key(shop, Kind.COUNTER, stem, by=stem).partition
        rows = self._records.query(partition, after=first, before=f"{stem}{_stamp(now + _SKEW)}~", limit=MOST)
        return sum(int(row.body["amount"]) for row in rows)


def _allowance(shop: ShopId, name: str, day: datetime) -> Key:
    return places.key(shop, Kind.COUNTER, f"allowance|{name}|{day:%Y-%m-%d}")


def _row(shop: ShopId, update: CounterUpdate) -> Record:
    stem = _stem(update.key)
    place = places.key(shop, Kind.COUNTER, stem, by=stem)
    window = update.key.window_s
    return Record(
        key=Key(place.partition, f"{stem}{_stamp(update.at)}|{update.unique}"),
        body={"amount": update.amount},
        expires_at=update.at + timedelta(seconds=window) if window else None,
    )


def _stem(key: CounterKey) -> str:
    return f"count|{key.name}|{key.subject}|"


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
