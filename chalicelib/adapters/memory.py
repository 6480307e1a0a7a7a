"""Every port in memory: what tests, the seeded scheduler and the local platform run on without AWS."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.adapters.clocks import FrozenClock, SystemClock
from chalicelib.adapters.local_keys import LocalKeys
from chalicelib.adapters.memory_queue import MemoryQueue
from chalicelib.adapters.memory_records import MemoryRecords

__all__ = [
    "FrozenClock",
    "Letter",
    "LocalKeys",
    "MemoryBlobs",
    "MemoryMail",
    "MemoryMeter",
    "MemoryQueue",
    "MemoryRecords",
    "SystemClock",
]


class MemoryBlobs:
    """Large objects in a dictionary; bytes are immutable, so nothing is copied."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self._blobs.get(name)

    def put(self, name: str, data: bytes) -> None:
        self._blobs[name] = bytes(data)

    def list(self, prefix: str) -> Iterator[str]:
        return iter(sorted(name for name in tuple(self._blobs) if name.startswith(prefix)))

    def delete(self, names: Sequence[str]) -> None:
        for name in names:
            self._blobs.pop(name, None)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message that was sent."""

    to: str
    subject: str
    text: str


class MemoryMail:
    """Keeps what it was asked to send, for tests and the local platform to look at."""

    def __init__(self) -> None:
        self.outbox: list[Letter] = []

    def send(self, to: str, subject: str, text: str) -> None:
        self.outbox.append(Letter(to, subject, text))


class MemoryMeter:
    """Adds up what was counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}

    def count(self, name: str, value: float = 1.0, **dimensions: str) -> None:
        fact = (name, frozenset(dimensions.items()))
        with self._lock:
            self._totals[fact] = self._totals.get(fact, 0.0) + value

    def total(self, name: str, **dimensions: str) -> float:
        """The sum over every fact of that name whose dimensions include these."""
        wanted = dimensions.items()
        with self._lock:
            return sum(v for (n, d), v in self._totals.items() if n == name and wanted <= d)

    def names(self) -> frozenset[str]:
        """Everything that was ever counted."""
        with self._lock:
            return frozenset(name for name, _ in self._totals)
