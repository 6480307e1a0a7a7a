"""Long work that a person started: what it is to do, and how far it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.domain.ids import Locale, ShopId
from chalicelib.errors import Gone
from chalicelib.ports import Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.places import Kind

KEEP = timedelta(days=90)
"""Work that waits for next month's allowance must still be there then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of long work. ``cursor`` is where a successor goes on after a crash."""

    id: str
    shop_id: ShopId
    kind: str
    """``approve``, ``dismiss``, ``sync``, ``run`` …"""
    function: str = ""
    """Whose work it is, where one function does it."""
    locales: tuple[Locale, ...] = ()
    subjects: tuple[str, ...] = ()
    total: int = 0
    done: int = 0
    failed: int = 0
    cursor: str = ""
    note: str = ""
    turn: str = ""
    """The message whose slice counts, where more than one may ask for it."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What came of it so far, by name: characters, sentences, outcomes."""
    by: str = "tradewind"
    started_at: datetime
    finished_at: datetime | None = None

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return 1.0 if self.finished_at else min(1.0, (self.done + self.failed) / max(1, self.total))


class Jobs:
    """Jobs of all shops."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def get(self, shop: ShopId, job: str) -> Job:
        """Raises Gone."""
        record = self._records.get(places.key(shop, Kind.JOB, job))
        if record is None:
            raise Gone("This job does not exist (any more).")
        return from_json(record.body, Job)

    def save(self, job: Job) -> Job:
        """Write how far it is."""
        key = places.key(job.shop_id, Kind.JOB, job.id)
        self._records.put(Record(key=key, body=to_json(job), expires_at=job.started_at + KEEP))
        return job

    def advance(self, job: Job, *, done: int = 0, failed: int = 0, cursor: str = "", note: str = "") -> Job:
        """A step further."""
        return self.save(
            replace(
                job,
                done=job.done + done,
                failed=job.failed + failed,
                cursor=cursor or job.cursor,
                note=note or job.note,
            )
        )

    def all(self, shop: ShopId) -> Iterator[Job]:
        """Jobs of the last month."""
        for record in places.every(self._records, shop, Kind.JOB):
            yield from_json(record.body, Job)
