"""Who works on an event: one claim per event, so that two workers never do the same work.

::

    absent ──claim──► held ──finish──► done
                       │ ▲
        deadline passes└─┘ taken over

A delivery is counted once: the first that finishes gives the event's outcome, every other one that finds
the claim done is a duplicate, and one that was counted already (its queue message came back) is not counted
again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.domain.events import Schedule, StoreEvent
from chalicelib.domain.ids import ShopId
from chalicelib.domain.journal import Outcome
from chalicelib.errors import Conflict
from chalicelib.ports import ABSENT, Record, Records
from chalicelib.storage import places
from chalicelib.storage.places import Kind

LEASE = timedelta(minutes=15)
"""A Lambda function lives at most that long, so whoever held the claim then is dead."""

WORK_LEASE = timedelta(seconds=150)
"""The same for store events: their worker lives two minutes."""

KEEP = timedelta(days=20)
_LOOKED_AT = 5_000
"""Longer than SQS keeps a message (14 days) plus Shopify's retries (4 hours)."""

_MOST_DELIVERIES = 50


class Hold(StrEnum):
    """What claiming an event came to."""

    MINE = "mine"
    HELD = "held"
    DONE = "done"


@dataclass(slots=True)
class Claim:
    """The answer to "may I work on this?"."""

    hold: Hold
    record: Record
    """As its holder last wrote it: whoever writes to it next, be it to give it up, must know that version."""
    deadline: datetime | None = None
    fresh: bool = False
    """Nobody tried before: nothing of this event can have been done yet."""

    @property
    def finished(self) -> frozenset[str]:
        """Functions that an earlier worker finished before it died."""
        return frozenset(self.record.body.get("finished", {}))


class Claims:
    """Claims on events."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def claim(self, event: StoreEvent, now: datetime) -> Claim:
        """Take the event, or learn who has it."""
        key = places.key(event.shop_id, Kind.CLAIM, event.id)
        body: dict[str, Any] = {"state": "held", "deadline": (now + lease_of(event)).isoformat(), "finished": {}}
        if event.scheduled or event.topic == "reconcile":
            body["clock"] = True  # our own clock's messages are not in the counting equation
        fresh = Record(key=key, body=body, expires_at=now + KEEP)
        try:
            return Claim(Hold.MINE, self._records.put(fresh, ABSENT), fresh=True)
        except Conflict:
            return self._contested(event, now)

    def progress(self, claim: Claim, function: str, outcome: Outcome) -> None:
        """Remember that one function is through, so that a successor does not repeat it. Raises Conflict when
        somebody else took it over."""
        finished = {**claim.record.body["finished"], function: str(outcome)}
        claim.record = self._rewrite(claim.record, finished=finished)

    def finish(self, claim: Claim, outcome: Outcome, delivery: str) -> None:
        """Close the claim with the event's outcome. Raises Conflict when somebody else took it over."""
        self._rewrite(claim.record, state="done", outcome=str(outcome), deliveries=[delivery])

    def release(self, claim: Claim, now: datetime) -> None:
        """Give it up at once, so that a retry need not wait for the deadline."""
        self._rewrite(claim.record, deadline=now.isoformat())

    def duplicate(self, claim: Claim, delivery: str) -> bool:
        """Count one more delivery of a finished event; False if this very delivery was counted already."""
        record: Record | None = claim.record
        while record is not None:
            seen = list(record.body["deliveries"])
            if delivery in seen or len(seen) >= _MOST_DELIVERIES:
                return delivery not in seen
            try:
                self._rewrite(record, deliveries=[*seen, delivery])
                return True
            except Conflict:
                record = self._records.get(record.key)
        return True

    def last_heard(self, shop: ShopId) -> datetime | None:
        """When a store's own event was taken up last, among those that are remembered; slow, for people who ask."""
        parts = places.partitions(shop, Kind.CLAIM)
        rows = (row for part in parts for row in self._records.query(part, limit=_LOOKED_AT))
        heard = [row.expires_at - KEEP for row in rows if row.expires_at and not row.body.get("clock")]
        return max(heard, default=None)

    def _contested(self, event: StoreEvent, now: datetime) -> Claim:
        key = places.key(event.shop_id, Kind.CLAIM, event.id)
        record = self._records.get(key)
        if record is None:
            return self.claim(event, now)
        if record.body["state"] == "done":
            return Claim(Hold.DONE, record)
        deadline = datetime.fromisoformat(record.body["deadline"])
        if now < deadline:
            return Claim(Hold.HELD, record, deadline)
        try:
            return Claim(Hold.MINE, self._rewrite(record, deadline=(now + lease_of(event)).isoformat()))
        except Conflict:
            return Claim(Hold.HELD, record, now + lease_of(event))

    def _rewrite(self, record: Record, **changes: object) -> Record:
        body = {**record.body, **changes}
        return self._records.put(
            Record(key=record.key, body=body, expires_at=record.expires_at), expected=record.version
        )


def lease_of(event: StoreEvent) -> timedelta:
    """How long one worker may be at an event; scheduled work without named products is long."""
    return LEASE if event.scheduled and not (event.kind is Schedule.PROPOSE and event.resource) else WORK_LEASE
