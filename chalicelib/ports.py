"""What the ground must be: records, blobs, queues, keys, mail, a clock, counted facts.

Each port has two adapters, memory and AWS, and one contract suite for both. Everything the use cases store
goes through ``Records``, so what a repository does is written once (docs/decisions/0002-one-record-port.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

ABSENT = 0
"""As ``expected``: the record must not exist yet."""


@dataclass(frozen=True, slots=True)
class Key:
    """Where a record is: ``partition`` is ``shop#kind#bucket``, ``sort`` orders records inside it."""

    partition: str
    sort: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One stored record. ``body`` is JSON-ready; numbers that must not drift are strings."""

    key: Key
    body: Mapping[str, Any]
    version: int = 0
    """Set by the store: 1 on the first put, one more on each."""
    index: tuple[str, str] | None = None
    """(partition, rank) in the one index, where the record waits in a queue."""
    expires_at: datetime | None = None
    """Expired records are invisible to every read; deletion may come days later."""


@dataclass(frozen=True, slots=True)
class Put:
    """One write of a transaction; ``expected`` is a version, ABSENT, or None for "whatever is there"."""

    record: Record
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """One deletion of a transaction."""

    key: Key
    expected: int | None = None


class Records(Protocol):
    """A key-value store with versions, one index, and small transactions."""

    def get(self, key: Key) -> Record | None:
        """Strongly consistent."""
        ...

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Record]:
        """Those that exist; any number of keys."""
        ...

    def put(self, record: Record, expected: int | None = None) -> Record:
        """Write and return the stored record. Raises Conflict when ``expected`` does not hold."""
        ...

    def put_many(self, records: Sequence[Record]) -> None:
        """Write without conditions, in batches."""
        ...

    def delete(self, key: Key, expected: int | None = None) -> None:
        """Delete if there. Raises Conflict when ``expected`` does not hold."""
        ...

    def transact(self, writes: Sequence[Put | Delete]) -> None:
        """All or nothing, at most 100 writes. Raises Conflict when any ``expected`` does not hold."""
        ...

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        after: str | None = None,
        before: str | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[Record]:
        """Records of a partition by sort key; ``after`` and ``before`` are exclusive bounds."""
        ...

    def queued(
        self,
        index_partition: str,
        *,
        after: str | None = None,
        reverse: bool = True,
        limit: int | None = None,
    ) -> Iterator[Record]:
        """Records of an index partition by rank, highest first; eventually consistent."""
        ...

    def add(
        self, key: Key, amount: int = 1, *, ceiling: int | None = None, expires_at: datetime | None = None
    ) -> int | None:
        """Count atomically and return the new total; None (and no change) if it would pass ``ceiling``."""
        ...

    def partitions(self, prefix: str) -> Iterator[str]:
        """Partitions in use that begin so; slow, for erasure and audits."""
        ...


class Blobs(Protocol):
    """Large objects by name."""

    def get(self, name: str) -> bytes | None: ...

    def put(self, name: str, data: bytes) -> None: ...

    def list(self, prefix: str) -> Iterator[str]: ...

    def delete(self, names: Sequence[str]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message taken from a queue."""

    id: str
    body: str = field(repr=False)
    receipt: str = ""
    received: int = 1
    """How many times it was handed out, this time included."""


class Queue(Protocol):
    """One queue with at-least-once delivery and a dead-letter queue behind it."""

    def send(self, body: str, *, group: str = "", delay: timedelta = timedelta(0)) -> None:
        """Durable once it returns. ``group`` names the tenant, for fairness. Raises Retryable."""
        ...

    def take(self, limit: int = 10) -> Sequence[Message]:
        """Hand out messages; each becomes visible again unless it is deleted in time."""
        ...

    def delete(self, message: Message) -> None: ...

    def postpone(self, message: Message, delay: timedelta) -> None:
        """Make it visible again after ``delay``, without deleting it."""
        ...

    def depth(self) -> int:
        """Messages that wait, about."""
        ...


class Keys(Protocol):
    """Envelope encryption under a key that never leaves its keeper."""

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes: ...

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """Raises NotAllowed when the context is not the one it was sealed under."""
        ...


class Mail(Protocol):
    """Sends one message."""

    def send(self, to: str, subject: str, text: str) -> None: ...


class Clock(Protocol):
    """Tells the time, always aware UTC."""

    def now(self) -> datetime: ...


class Meter(Protocol):
    """Counts facts for operators; names and units only, never buyer data."""

    def count(self, name: str, value: float = 1.0, **dimensions: str) -> None: ...
