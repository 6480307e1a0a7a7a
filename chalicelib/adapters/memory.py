"""Every port in memory: what tests, the seeded scheduler and the local platform run on without AWS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.adapters.clocks import FrozenClock, SystemClock
from chalicelib.adapters.local_keys import LocalKeys
from chalicelib.adapters.memory_meter import MemoryMeter
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
