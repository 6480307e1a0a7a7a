"""Records in memory, fast enough for ten thousand events times hundreds of seeds."""

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from chalicelib.adapters.encoding import (
    check_key,
    check_writes,
    decode_body,
    encode_body,
    expiry_moment,
    expiry_seconds,
)
from chalicelib.adapters.limits import TRANSACTION_WRITES
from chalicelib.errors import Conflict
from chalicelib.ports import Clock, Delete, Key, Put, Record


class _Stored(NamedTuple):
    """What lies in the store: immutable, so a reader may keep it while writers go on."""

    key: Key
    text: str
    """The body as JSON; empty for a counter."""
    version: int
    queue: tuple[str, str] | None
    expires: int | None
    total: int = 0

    def seen(self, now: float) -> bool:
        return self.expires is None or self.expires > now

    def record(self) -> Record:
        return Record(
            key=self.key,
            body=decode_body(self.text) if self.text else {"total": self.total},
            version=self.version,
            index=self.queue,
            expires_at=None if self.expires is None else expiry_moment(self.expires),
        )


class _Shelf[Place: (str, tuple[str, str, str])]:
    """Places in order, each with what stands there."""

    __slots__ = ("items", "order")

    def __init__(self) -> None:
        self.items: dict[Place, _Stored] = {}
        self.order: list[Place] = []

    def put(self, place: Place, stored: _Stored) -> None:
        if place not in self.items:
            insort(self.order, place)
        self.items[place] = stored

    def remove(self, place: Place) -> None:
        if self.items.pop(place, None) is not None:
            del self.order[bisect_left(self.order, place)]

    def walk(self, low: int, high: int, reverse: bool) -> Iterator[_Stored]:
        at = range(high - 1, low - 1, -1) if reverse else range(low, high)
        return (self.items[self.order[i]] for i in at)


class MemoryRecords:
    """A thread-safe key-value store with versions, one index and expiry compared on read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._partitions: dict[str, _Shelf[str]] = {}
        self._indexes: dict[str, _Shelf[tuple[str, str, str]]] = {}

    def get(self, key: Key) -> Record | None:
        with self._lock:
            stored = self._visible(key)
        return stored.record() if stored else None

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Record]:
        return {key: record for key in keys if (record := self.get(key)) is not None}

    def put(self, record: Record, expected: int | None = None) -> Record:
        text = _checked_text(record)
        with self._lock:
            self._check(record.key, expected)
            return self._write(record, text)

    def put_many(self, records: Sequence[Record]) -> None:
        for record in {record.key: record for record in records}.values():
            self.put(record)

    def delete(self, key: Key, expected: int | None = None) -> None:
        check_key(key)
        with self._lock:
            self._check(key, expected)
            self._remove(key)

    def transact(self, writes: Sequence[Put | Delete]) -> None:
        check_writes(writes, TRANSACTION_WRITES)
        texts = [_checked_text(write.record) if isinstance(write, Put) else "" for write in writes]
        with self._lock:
            for write in writes:
                self._check(write.record.key if isinstance(write, Put) else write.key, write.expected)
            for write, text in zip(writes, texts, strict=True):
                if isinstance(write, Put):
                    self._write(write.record, text)
                else:
                    self._remove(write.key)

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
        with self._lock:
            shelf = self._partitions.get(partition)
            if shelf is None:
                return iter(())
            order = shelf.order
            low = bisect_left(order, prefix)
            high = bisect_left(order, True, lo=low, key=lambda sort: not sort.startswith(prefix))
            if after is not None:
                low = max(low, bisect_right(order, after))
            if before is not None:
                high = min(high, bisect_left(order, before))
            return self._page(shelf.walk(low, high, reverse), limit)

    def queued(
        self,
        index_partition: str,
        *,
        after: str | None = None,
        reverse: bool = True,
        limit: int | None = None,
    ) -> Iterator[Record]:
        with self._lock:
            shelf = self._indexes.get(index_partition)
            if shelf is None:
                return iter(())
            low, high = 0, len(shelf.order)
            if after is not None and reverse:
                high = bisect_left(shelf.order, after, key=_rank)
            elif after is not None:
                low = bisect_right(shelf.order, after, key=_rank)
            return self._page(shelf.walk(low, high, reverse), limit)

    def add(
        self, key: Key, amount: int = 1, *, ceiling: int | None = None, expires_at: datetime | None = None
    ) -> int | None:
        check_key(key)
        with self._lock:
            stored = self._visible(key)
            if stored and stored.text:
                raise Conflict(f"{key} holds a record, not a counter")
            total = (stored.total if stored else 0) + amount
            if ceiling is not None and amount > 0 and total > ceiling:
                return None
            expires = stored.expires if stored else None
            if expires_at is not None:
                expires = expiry_seconds(expires_at)
            self._place(_Stored(key, "", self._version(key) + 1, None, expires, total))
            return total

    def partitions(self, prefix: str) -> Iterator[str]:
        with self._lock:
            now = self._now()
            names = sorted(name for name in self._partitions if name.startswith(prefix))
            used = [name for name in names if any(s.seen(now) for s in self._partitions[name].items.values())]
        return iter(used)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _stored(self, key: Key) -> _Stored | None:
        shelf = self._partitions.get(key.partition)
        return shelf.items.get(key.sort) if shelf else None

    def _visible(self, key: Key) -> _Stored | None:
        stored = self._stored(key)
        if stored is None or (stored.expires is not None and stored.expires <= self._now()):
            return None
        return stored

    def _version(self, key: Key) -> int:
        """Goes on after expiry, because the record may still lie there, as in DynamoDB."""
        stored = self._stored(key)
        return stored.version if stored else 0

    def _check(self, key: Key, expected: int | None) -> None:
        if expected is None:
            return
        stored = self._visible(key)
        version = stored.version if stored else 0
        if version != expected:
            raise Conflict(f"{key} is at version {version}, not {expected}; read it again")

    def _write(self, record: Record, text: str) -> Record:
        expires = None if record.expires_at is None else expiry_seconds(record.expires_at)
        version = self._version(record.key) + 1
        self._place(_Stored(record.key, text, version, record.index, expires))
        return Record(
            key=record.key,
            body=record.body,
            version=version,
            index=record.index,
            expires_at=None if expires is None else expiry_moment(expires),
        )

    def _place(self, stored: _Stored) -> None:
        key = stored.key
        self._unindex(self._stored(key))
        shelf = self._partitions.get(key.partition)
        if shelf is None:
            shelf = self._partitions[key.partition] = _Shelf()
        shelf.put(key.sort, stored)
        if stored.queue is not None:
            partition, rank = stored.queue
            self._indexes.setdefault(partition, _Shelf()).put((rank, key.partition, key.sort), stored)

    def _remove(self, key: Key) -> None:
        self._unindex(self._stored(key))
        shelf = self._partitions.get(key.partition)
        if shelf is not None:
            shelf.remove(key.sort)
            if not shelf.items:
                del self._partitions[key.partition]

    def _unindex(self, stored: _Stored | None) -> None:
        if stored is not None and stored.queue is not None:
            partition, rank = stored.queue
            self._indexes[partition].remove((rank, stored.key.partition, stored.key.sort))

    def _page(self, found: Iterator[_Stored], limit: int | None) -> Iterator[Record]:
        """Picked under the lock, decoded as the reader walks."""
        now = self._now()
        picked = list(islice((stored for stored in found if stored.seen(now)), limit))
        return (stored.record() for stored in picked)


def _checked_text(record: Record) -> str:
    check_key(record.key)
    return encode_body(record.body)


def _rank(place: tuple[str, str, str]) -> str:
    return place[0]
