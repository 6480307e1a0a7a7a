"""What a rehearsal stands on: the ports in memory, or on AWS as moto plays it, both by the stage's clock."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from unittest import mock

from moto import mock_aws
from moto.dynamodb.models.table import Table
from moto.sqs import models as moto_sqs

from chalicelib.adapters.clients import Clients
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.dynamodb import DynamoRecords
from chalicelib.adapters.dynamodb_table import create_table
from chalicelib.adapters.kms import KmsKeys
from chalicelib.adapters.memory import LocalKeys, MemoryBlobs, MemoryQueue, MemoryRecords
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.adapters.sqs import SqsQueue, create_queue
from chalicelib.ports import Blobs, Keys, Queue, Records

MASTER = bytes(range(32))
MOST_RECEIVES = 8
REGION = "us-east-1"


class TimedQueue(Queue, Protocol):
    """A queue that says when it will have something to hand out."""

    def wakes_at(self) -> datetime | None:
        """Now, later, or never."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Boards:
    """The ports that store things."""

    records: Records
    blobs: Blobs
    queue: TimedQueue
    schedule: TimedQueue
    dead: TimedQueue
    keys: Keys


def in_memory(clock: FrozenClock) -> Boards:
    """Dictionaries and lists."""
    dead = MemoryQueue(clock, name="dead")
    return Boards(
        records=MemoryRecords(clock), blobs=MemoryBlobs(), keys=LocalKeys(MASTER), dead=dead,
        queue=MemoryQueue(clock, name="work", dead=dead, max_receives=MOST_RECEIVES),
        schedule=MemoryQueue(clock, name="schedule", dead=dead),
    )  # fmt: skip


@contextmanager
def on_aws() -> Iterator[Callable[[FrozenClock], Boards]]:
    """DynamoDB, SQS, S3 and KMS in this process; SQS's leases and delays pass by the stage's clock."""
    clocks: list[FrozenClock] = []

    def seconds(*_: object) -> float:
        return clocks[-1].now().timestamp()

    def milliseconds(*_: object) -> float:
        return seconds() * 1000

    def lay(clock: FrozenClock) -> Boards:
        clocks.append(clock)
        return _aws(clock)

    clockwork = mock.patch.multiple(moto_sqs, unix_time=seconds, unix_time_millis=milliseconds)
    with mock_aws(), clockwork, mock.patch.object(Table, "__deepcopy__", _backup, create=True):
        yield lay


def _backup(table: Any, _: object) -> Any:
    """What moto keeps for undoing a transaction: a copy of every item's attributes, not of the values in
    them, which moto replaces and never changes; copying those too takes longer than everything else."""
    kept = copy.copy(table)
    kept.items = copy.copy(table.items)
    for partition, items in table.items.items():
        kept.items[partition] = {sort: _like(item) for sort, item in items.items()}
    return kept


def _like(item: Any) -> Any:
    twin = copy.copy(item)
    twin.attrs = type(item.attrs)()
    dict.update(twin.attrs, item.attrs)  # past its own check of the size, which is quadratic
    return twin


def _aws(clock: FrozenClock) -> Boards:
    clients = Clients(region=REGION)
    create_table(clients.dynamodb, "stage")
    clients.s3.create_bucket(Bucket="stage")
    key = clients.kms.create_key()["KeyMetadata"]["KeyId"]
    work, dead = _queue(clients, clock, "work")
    schedule, _ = _queue(clients, clock, "schedule")
    return Boards(
        records=DynamoRecords(clients.dynamodb, "stage", clock), blobs=S3Blobs(clients.s3, "stage"),
        keys=KmsKeys(clients.kms, key), queue=work, schedule=schedule, dead=dead,
    )  # fmt: skip


def _queue(clients: Clients, clock: FrozenClock, name: str) -> tuple["_MotoQueue", "_MotoQueue"]:
    urls = create_queue(clients.sqs, name, visibility=timedelta(minutes=6), max_receives=MOST_RECEIVES)
    work, dead = (_MotoQueue(SqsQueue(clients.sqs, url), url.rpartition("/")[2], clock) for url in urls)
    return work, dead


class _MotoQueue:
    """SQS as moto plays it; looks into moto's own lists to tell when the next message wakes."""

    def __init__(self, queue: SqsQueue, name: str, clock: FrozenClock) -> None:
        self._queue, self._name, self._clock = queue, name, clock

    def __getattr__(self, method: str) -> Any:
        return getattr(self._queue, method)

    def wakes_at(self) -> datetime | None:
        """The earliest end of a lease or a delay."""
        (account,) = moto_sqs.sqs_backends.values()
        held = account[REGION].queues[self._name]._messages
        wakes = [max(message.visible_at or 0, message.delayed_until) for message in held]
        if not wakes:
            return None
        return max(self._clock.now(), datetime.fromtimestamp(min(wakes) / 1000, self._clock.now().tzinfo))
