"""Counters over trailing windows, exact and free of races.

What was counted of one subject lies in one record, its ledger: an order reads the ledgers of all its subjects at once,
writes itself into them in one transaction, and knows what they hold by then. Counting twice counts once. Of two orders
at the same moment the later one finds that a ledger has changed, reads again, and sees the earlier. Expiry is compared
on read: TTL deletes late.

What is counted of everybody has several ledgers. Two orders at the same moment may miss each other there, and there
alone: they write into different ones.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Final, NamedTuple
from zlib import crc32

from chalicelib.contracts import EVERYBODY, CounterKey, CounterUpdate
from chalicelib.domain.ids import ShopId
from chalicelib.errors import Conflict, Overtaken
from chalicelib.ports import ABSENT, Key, Put, Record, Records
from chalicelib.storage import places
from chalicelib.storage.places import Kind

MOST: Final = 500
"""Rows of one ledger that are kept, the newest: beyond it, more is not more, and each write pays for all of them."""
LANES: Final = 4
"""Ledgers of what is counted of everybody: one alone would be written by all orders, and grow with the shop."""
TRIES: Final = 12
"""Others may write into the same ledgers meanwhile; a burst of one buyer's orders is on as many lanes as there are."""
TOGETHER: Final = 50
"""Ledgers in one transaction."""

_SKEW: Final = timedelta(minutes=10)
_ALLOWANCE_KEPT: Final = timedelta(days=9)
_LEDGER: Final = "ledger|"


class Counters:
    """Counters of all shops."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, shop: ShopId, updates: Iterable[CounterUpdate]) -> None:
        """Count; the same update (by ``unique``) counts once."""
        self._add(shop, updates, ())

    def read(self, shop: ShopId, keys: Collection[CounterKey], now: datetime) -> Mapping[CounterKey, int]:
        """Totals of the windows that end now (ten minutes of clock skew ahead are counted in)."""
        return _totals(self._ledgers(shop, _subjects(keys)), keys, now)

    def count(
        self, shop: ShopId, updates: Iterable[CounterUpdate], keys: Collection[CounterKey], now: datetime
    ) -> Mapping[CounterKey, int]:
        """Count, then read: what others counted until then is in it. Two calls, however much is counted and read."""
        return _totals(self._add(shop, updates, _subjects(keys)), keys, now)

    def _add(
        self, shop: ShopId, updates: Iterable[CounterUpdate], also: Collection[str]
    ) -> "Mapping[str, Sequence[_Row]]":
        """Count, and give the ledgers of all subjects met, and of those named. Raises Retryable."""
        rows: dict[str, list[_Row]] = {}
        for update in updates:
            rows.setdefault(_lane(update), []).append(_row(update))
        found = dict(self._ledgers(shop, also)) if not rows else {}
        for number, some in enumerate(batched(rows, TOGETHER)):
            others = [subject for subject in also if subject not in rows] if number == 0 else []
            found |= self._written(shop, {subject: rows[subject] for subject in some}, others)
        return found

    def _written(
        self, shop: ShopId, rows: "Mapping[str, Sequence[_Row]]", also: Sequence[str]
    ) -> "Mapping[str, Sequence[_Row]]":
        for _ in range(TRIES):
            held = self._records.get_many([_ledger(shop, subject) for subject in (*rows, *also)])
            found = {subject: _rows(held.get(_ledger(shop, subject))) for subject in (*rows, *also)}
            writes = []
            for subject, new in rows.items():
                merged = _merged(found[subject], new)
                if merged != found[subject]:
                    key = _ledger(shop, subject)
                    writes.append(Put(_record(key, merged), held[key].version if key in held else ABSENT))
                    found[subject] = merged
            try:
                self._records.transact(writes)
            except (Conflict, Overtaken):  # two transactions at once are told as the latter
                continue
            return found
        raise Overtaken(detail="counting: others wrote into the same ledgers again and again")

    def used_by_others(self, shop: ShopId, name: str, day: datetime, unique: str) -> int:
        """How much of a day's allowance is used, without what was used for this."""
        allowance, mark = _allowance(shop, name, day), _mark(shop, name, day, unique)
        found = self._records.get_many([allowance, mark])
        return (int(found[allowance].body["total"]) if allowance in found else 0) - (mark in found)

    def _ledgers(self, shop: ShopId, subjects: Collection[str]) -> "Mapping[str, Sequence[_Row]]":
        held = self._records.get_many([_ledger(shop, subject) for subject in subjects])
        return {subject: _rows(held.get(_ledger(shop, subject))) for subject in subjects}

    def forget(self, shop: ShopId, names: Set[str]) -> int:
        """Take out what counts one of these (an order, say), and what is counted of one of these; says how much."""
        return sum(self._forget(record, names) for record in places.every(self._records, shop, Kind.COUNTER))

    def _forget(self, found: Record, names: Set[str]) -> int:
        record: Record | None = found
        while record is not None:
            rows = _rows(record)
            kept = [row for row in rows if not _tells(record, row, names)]
            try:
                if kept and len(kept) < len(rows):
                    self._records.put(_record(record.key, kept), record.version)
                elif (rows and not kept) or not names.isdisjoint(record.key.sort.split("|")):
                    self._records.delete(record.key, record.version)
                return len(rows) - len(kept)
            except Conflict:  # an order came in meanwhile
                record = self._records.get(record.key)
        return 0

    def held(self, shop: ShopId, names: Set[str]) -> list[str]:
        """What ``forget`` would take out, a line each."""
        return [
            f"{record.key.sort.removeprefix(_LEDGER)}|{row.moment_ms}|{row.name}|{row.unique}"
            for record in places.every(self._records, shop, Kind.COUNTER)
            for row in _rows(record)
            if _tells(record, row, names)
        ]

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


class _Row(NamedTuple):
    """Something counted: when (milliseconds since 1970), of what, which one, how many, and until when it is kept."""

    moment_ms: int
    name: str
    unique: str
    amount: int
    until_ms: int
    """0: for ever."""


def _row(update: CounterUpdate) -> _Row:
    moment, window = _ms(update.at), update.key.window_s
    return _Row(moment, update.key.name, update.unique, update.amount, moment + 1000 * window if window else 0)


def _rows(record: Record | None) -> list[_Row]:
    """Of a ledger; other counters have none."""
    return [] if record is None else [_Row(*row) for row in record.body.get("rows", ())]


def _tells(record: Record, row: _Row, names: Set[str]) -> bool:
    return row.unique in names or record.key.sort.removeprefix(_LEDGER) in names


def _merged(known: Sequence[_Row], new: Sequence[_Row]) -> list[_Row]:
    """In order of time; the same thing once, for its longest window; no more than the newest."""
    rows: dict[tuple[int, str, str], _Row] = {row[:3]: row for row in known}
    for row in new:
        before = rows.get(row[:3])
        if before is None or (before.until_ms and (row.until_ms == 0 or row.until_ms > before.until_ms)):
            rows[row[:3]] = row
    return sorted(rows.values())[-MOST:]


def _record(key: Key, rows: Sequence[_Row]) -> Record:
    """A ledger; rows whose time is over when the newest begins are left behind."""
    begin = max(row.moment_ms for row in rows)
    kept = [row for row in rows if row.until_ms == 0 or row.until_ms >= begin]
    last = 0 if any(row.until_ms == 0 for row in kept) else max(row.until_ms for row in kept)
    expires = datetime.fromtimestamp(last / 1000, UTC) if last else None
    return Record(key=key, body={"rows": [list(row) for row in kept]}, expires_at=expires)


def _totals(
    ledgers: Mapping[str, Sequence[_Row]], keys: Iterable[CounterKey], now: datetime
) -> Mapping[CounterKey, int]:
    last = _ms(now + _SKEW)
    return {
        key: sum(_sum(ledgers.get(lane, ()), key, _ms(now), last) for lane in _lanes(key.subject)) for key in keys
    }


def _sum(rows: Sequence[_Row], key: CounterKey, now: int, last: int) -> int:
    begin = now - 1000 * key.window_s if key.window_s else 0
    return sum(row.amount for row in rows if row.name == key.name and begin <= row.moment_ms <= last)


def _lanes(subject: str) -> tuple[str, ...]:
    return tuple(f"{subject}#{lane}" for lane in range(LANES)) if subject == EVERYBODY else (subject,)


def _lane(update: CounterUpdate) -> str:
    lanes = _lanes(update.key.subject)
    return lanes[crc32(update.unique.encode()) % len(lanes)]


def _subjects(keys: Collection[CounterKey]) -> set[str]:
    return {lane for key in keys for lane in _lanes(key.subject)}


def _ledger(shop: ShopId, subject: str) -> Key:
    return places.key(shop, Kind.COUNTER, f"{_LEDGER}{subject}")


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _mark(shop: ShopId, name: str, day: datetime, unique: str) -> Key:
    return places.key(shop, Kind.COUNTER, f"taken|{name}|{day:%Y-%m-%d}|{unique}")


def _allowance(shop: ShopId, name: str, day: datetime) -> Key:
    return places.key(shop, Kind.COUNTER, f"allowance|{name}|{day:%Y-%m-%d}")
