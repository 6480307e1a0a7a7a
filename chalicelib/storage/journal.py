"""The journal: append-only, one partition per shop and month, newest last."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from chalicelib.domain.ids import ShopId
from chalicelib.domain.journal import Entry
from chalicelib.ports import Key, Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json

KEEP = timedelta(days=1000)
"""Shorter than the months that partitions go round in."""


class Journal:
    """What happened in each shop."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def write(self, entry: Entry) -> None:
        """Append; writing the same entry twice leaves one."""
        self._records.put(entry_record(entry))

    def entries(
        self, shop: ShopId, *, until: datetime, months: int = 12, limit: int | None = None,
        before: str | None = None,
    ) -> Iterator[Entry]:  # fmt: skip
        """Newest first, going back month by month; ``before`` is the place of an entry of ``until``'s month."""
        left = limit
        for month in _months_back(until, months):
            partition = places.month(shop, *month)
            for record in self._records.query(partition, before=before, reverse=True, limit=left):
                yield from_json(record.body, Entry)
                left = None if left is None else left - 1
            if left == 0:
                return
            before = None

    def entry(self, shop: ShopId, place: str) -> Entry | None:
        """One entry by its place, as pages link to it."""
        moment = datetime.fromisoformat(place.partition("~")[0])
        record = self._records.get(Key(places.month(shop, moment.year, moment.month), place))
        return None if record is None else from_json(record.body, Entry)


def entry_record(entry: Entry) -> Record:
    """How an entry is stored."""
    moment = entry.at.astimezone(UTC)
    place = Key(places.month(entry.shop_id, moment.year, moment.month), place_of(entry))
    return Record(key=place, body=to_json(entry), expires_at=moment + KEEP)


def place_of(entry: Entry) -> str:
    """An entry's sort key, from which it is found again."""
    return f"{entry.at.astimezone(UTC).isoformat(timespec='microseconds')}~{entry.id}"


def _months_back(until: datetime, months: int) -> Iterator[tuple[int, int]]:
    year, month = until.year, until.month
    for _ in range(months):
        yield year, month
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
