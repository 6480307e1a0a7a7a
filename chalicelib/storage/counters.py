"""Counters over trailing windows, exact and free of races.

Each thing counted is a row of its own under its subject, so that counting twice counts once, two orders at
the same moment see each other (strongly consistent reads), and expiry is compared on read: TTL deletes late.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.contracts import CounterKey, CounterUpdate
from chalicelib.domain.ids import ShopId
from chalicelib.ports import Key, Record, Records
from chalicelib.storage import places
from chalicelib.storage.places import Kind

MOST = 2000
"""Rows of one subject that are looked at, the newest first: beyond it, more is not more."""

_SKEW = timedelta(minutes=10)
_ALLOWANCE_KEPT = timedelta(days=9)


class Counters:
    """Counters of all shops."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, shop: ShopId, updates: Iterable[CounterUpdate]) -> None:
        """Count; the same update (by ``unique``) counts once, for its longest window where it names several."""
        rows: dict[Key, Record] = {}
        for row in (_row(shop, update) for update in updates):
            known = rows.get(row.key)
            rows[row.key] = row if known is None or _lasts(row, known) else known
        self._records.put_many(list(rows.values()))

    def read(self, shop: ShopId, keys: Iterable[CounterKey], now: datetime) -> Mapping[CounterKey, int]:
        """Totals of the windows that end now (ten minutes of clock skew ahead are counted in).

        One look per subject, whatever is counted of it: shorter windows lie inside the longest.
        """
        subjects: dict[str, list[CounterKey]] = {}
        for key in keys:
            subjects.setdefault(key.subject, []).append(key)
        found: dict[CounterKey, int] = {}
        for subject, wanted in subjects.items():
            rows = self._rows(shop, subject, wanted, now)
            found |= {key: _sum(rows, key, now) for key in wanted}
        return found

    def take(self, shop: ShopId, name: str, ceiling: int, day: datetime) -> bool:
        """Use one of a day's allowance; False when it is used up."""
        key = _allowance(shop, name, day)
        return self._records.add(key, ceiling=ceiling, expires_at=day + _ALLOWANCE_KEPT) is not None

    def take_once(self, shop: ShopId, name: str, ceiling: int, day: datetime, unique: str) -> bool:
        """Use one of a day's allowance for something, which uses no second one when it is tried again.

        Where a worker dies between counting and marking, the day has one fewer: never one too many.
        """
        if self.taken(shop, name, day, unique):
            return True
        if not self.take(shop, name, ceiling, day):
            return False
        self._records.put(Record(key=_mark(shop, name, day, unique), body={}, expires_at=day + _ALLOWANCE_KEPT))
        return True

    def taken(self, shop: ShopId, name: str, day: datetime, unique: str) -> bool:
        """Whether one of the day's allowance was used for this."""
        return self._records.get(_mark(shop, name, day, unique)) is not None

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

    def _rows(self, shop: ShopId, subject: str, keys: Sequence[CounterKey], now: datetime) -> "list[_Seen]":
        """A subject's newest rows, as far back as the longest window goes."""
        stem = _stem(subject)
        first = stem + min(_begin(key, now) for key in keys)
        partition = places.key(shop, Kind.COUNTER, stem, by=stem).partition
        last = f"{stem}{_stamp(now + _SKEW)}~"
        rows = self._records.query(partition, after=first, before=last, reverse=True, limit=MOST)
        return [_seen(row, stem) for row in rows]


class _Seen(NamedTuple):
    """One row: when, of what, how many."""

    moment: str
    name: str
    amount: int


def _seen(row: Record, stem: str) -> _Seen:
    moment, _, rest = row.key.sort.removeprefix(stem).partition("|")
    return _Seen(moment, rest.partition("|")[0], int(row.body["amount"]))


def _begin(key: CounterKey, now: datetime) -> str:
    """Where a window begins, as sort keys are written; the empty text is before all of them."""
    return _stamp(now - timedelta(seconds=key.window_s)) if key.window_s else ""


def _sum(rows: Sequence[_Seen], key: CounterKey, now: datetime) -> int:
    begin = _begin(key, now)
    return sum(row.amount for row in rows if row.name == key.name and row.moment >= begin)


def _lasts(one: Record, other: Record) -> bool:
    """Whether one row is kept longer than the other."""
    return other.expires_at is not None and (one.expires_at is None or one.expires_at > other.expires_at)


def _mark(shop: ShopId, name: str, day: datetime, unique: str) -> Key:
    return places.key(shop, Kind.COUNTER, f"taken|{name}|{day:%Y-%m-%d}|{unique}")


def _allowance(shop: ShopId, name: str, day: datetime) -> Key:
    return places.key(shop, Kind.COUNTER, f"allowance|{name}|{day:%Y-%m-%d}")


def _row(shop: ShopId, update: CounterUpdate) -> Record:
    stem = _stem(update.key.subject)
    place = places.key(shop, Kind.COUNTER, stem, by=stem)
    window = update.key.window_s
    return Record(
        key=Key(place.partition, f"{stem}{_stamp(update.at)}|{update.key.name}|{update.unique}"),
        body={"amount": update.amount},
        expires_at=update.at + timedelta(seconds=window) if window else None,
    )


def _stem(subject: str) -> str:
    """Everything that is counted of one subject lies together, by time."""
    return f"count|{subject}|"


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
