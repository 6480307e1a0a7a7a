"""The two grounds that every contract test of the ports runs on: memory, and AWS as moto plays it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import pytest
from moto import mock_aws

from chalicelib.adapters.clients import Clients
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.dynamodb import DynamoRecords
from chalicelib.adapters.dynamodb_table import create_table
from chalicelib.adapters.kms import KmsKeys
from chalicelib.adapters.memory import LocalKeys, MemoryBlobs, MemoryQueue, MemoryRecords
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.adapters.sqs import SqsQueue, create_queue
from chalicelib.ports import Blobs, Keys, Queue, Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ground:
    """Fresh adapters of one kind, all by the same clock."""

    name: str
    clock: FrozenClock
    records: Records
    blobs: Blobs
    keys: Keys
    queue: Callable[[timedelta, int], tuple[Queue, Queue]]
    """(visibility, most receives) -> the queue and its dead-letter queue."""
    clients: Clients | None = None


@contextmanager
def memory() -> Iterator[Ground]:
    clock = FrozenClock(NOON)

    def queue(visibility: timedelta, max_receives: int) -> tuple[Queue, Queue]:
        dead = MemoryQueue(clock, name="dead")
        return MemoryQueue(clock, visibility=visibility, max_receives=max_receives, dead=dead), dead

    yield Ground("memory", clock, MemoryRecords(clock), MemoryBlobs(), LocalKeys(), queue)


class OneAtATime:
    """A client whose calls do not overlap: DynamoDB is atomic where moto checks, then writes.

    Threads still race between their calls, which is where a store's users can go wrong.
    """

    def __init__(self, client: object) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def alone(**arguments: Any) -> Any:
            with self._lock:
                return call(**arguments)

        return alone


@contextmanager
def aws() -> Iterator[Ground]:
    clock = FrozenClock(NOON)
    with mock_aws():
        clients = _clients()
        create_table(clients.dynamodb, "ground")
        clients.s3.create_bucket(Bucket="ground")
        key_id = clients.kms.create_key()["KeyMetadata"]["KeyId"]

        def queue(visibility: timedelta, max_receives: int) -> tuple[Queue, Queue]:
            url, dead = create_queue(clients.sqs, "work", visibility=visibility, max_receives=max_receives)
            return SqsQueue(clients.sqs, url), SqsQueue(clients.sqs, dead)

        records = DynamoRecords(cast(Any, OneAtATime(clients.dynamodb)), "ground", clock)
        blobs, keys = S3Blobs(clients.s3, "ground"), KmsKeys(clients.kms, key_id)
        yield Ground("aws", clock, records, blobs, keys, queue, clients)


@cache
def _clients() -> Clients:
    """Reading the services' descriptions takes longer than any test."""
    return Clients(region="us-east-1")


GROUNDS = {"memory": memory, "aws": aws}


@pytest.fixture(params=GROUNDS)
def open_ground(request: pytest.FixtureRequest) -> Callable[[], AbstractContextManager[Ground]]:
    """Opens a fresh ground, for tests that need many."""
    return GROUNDS[request.param]


@pytest.fixture
def ground(open_ground: Callable[[], AbstractContextManager[Ground]]) -> Iterator[Ground]:
    """One fresh ground."""
    with open_ground() as opened:
        yield opened


@pytest.fixture
def aws_ground() -> Iterator[Ground]:
    """AWS alone, for what only a network can do."""
    with aws() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _no_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
