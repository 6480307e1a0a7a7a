"""Records in one DynamoDB table, with nothing but version numbers as conditions."""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import batched, islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.adapters import dynamodb_items as items
from chalicelib.adapters.dynamodb_counters import add
from chalicelib.adapters.dynamodb_table import INDEX
from chalicelib.adapters.encoding import check_key, check_writes
from chalicelib.adapters.failures import (
    CANCELLED,
    CONDITION_FAILED,
    blocking_item,
    cancellation_reasons,
    code_of,
    told_apart,
    was_retried,
)
from chalicelib.adapters.limits import BATCH_READS, BATCH_WRITES, TRANSACTION_WRITES
from chalicelib.errors import Retryable
from chalicelib.ports import Clock, Delete, Key, Put, Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROUNDS = 6
"""How often what DynamoDB left unprocessed is sent again, with pauses that double from 50 ms."""


class DynamoRecords:
    """A key-value store with versions, one index and small transactions, in one table."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        clock: Clock,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._sleep = sleep

    def get(self, key: Key) -> Record | None:
        with told_apart("reading a record"):
            answer = self._client.get_item(
                TableName=self._table, Key=items.item_key(key), ConsistentRead=True
            )
        item = answer.get("Item")
        return items.to_record(item) if item and items.is_alive(item, self._now()) else None

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Record]:
        now = self._now()
        found = (item for item in self._fetch(keys) if items.is_alive(item, now))
        return {record.key: record for record in map(items.to_record, found)}

    def put(self, record: Record, expected: int | None = None) -> Record:
        check_key(record.key)
        nonce = _nonce()
        call = items.put_call(record, expected, nonce, self._now())
        with told_apart("writing a record"):
            try:
                answer = self._client.update_item(TableName=self._table, ReturnValues="UPDATED_NEW", **call)
                written: items.Item = answer["Attributes"]
            except ClientError as error:
                written = _own_work(error, nonce)
        return items.stored(record, items.version_of(written))

    def put_many(self, records: Sequence[Record]) -> None:
        """Two requests per batch: a batch cannot count versions up, so they are read first."""
        latest = {record.key: record for record in records}
        for keys in batched(latest, BATCH_WRITES):
            versions = {items.key_of(item): items.version_of(item) for item in self._fetch(keys)}
            self._send([items.to_item(latest[key], versions.get(key, 0) + 1, _nonce()) for key in keys])

    def delete(self, key: Key, expected: int | None = None) -> None:
        check_key(key)
        call = items.delete_call(key, expected, self._now())
        with told_apart("deleting a record"):
            try:
                self._client.delete_item(TableName=self._table, **call)
            except ClientError as error:
                # Gone after a retry: the attempt whose answer was lost did it.
                if code_of(error) != CONDITION_FAILED or blocking_item(error) or not was_retried(error):
                    raise

    def transact(self, writes: Sequence[Put | Delete]) -> None:
        check_writes(writes, TRANSACTION_WRITES)
        if not writes:
            return
        nonce, now = _nonce(), self._now()
        with told_apart("writing a transaction"):
            try:
                self._client.transact_write_items(
                    TransactItems=[self._transaction_item(write, nonce, now) for write in writes]
                )
            except ClientError as error:
                found = (reason.get("Item", {}) for reason in cancellation_reasons(error))
                if code_of(error) != CANCELLED or not any(items.wrote(item, nonce) for item in found):
                    raise

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
        low, high = max(prefix, after or ""), _least(_end_of(prefix), before)
        found = self._read("pk", partition, "sk", low, high, reverse, limit, {"ConsistentRead": True})
        inside = (
            item
            for item in found
            if (sort := item["sk"]["S"]).startswith(prefix)
            and (after is None or sort > after)
            and (before is None or sort < before)
        )
        return islice(map(items.to_record, inside), limit)

    def queued(
        self,
        index_partition: str,
        *,
        after: str | None = None,
        reverse: bool = True,
        limit: int | None = None,
    ) -> Iterator[Record]:
        low, high = ("", after) if reverse else (after or "", None)
        found = self._read("ipk", index_partition, "irank", low, high, reverse, limit, {"IndexName": INDEX})
        return islice(map(items.to_record, (item for item in found if item["irank"]["S"] != after)), limit)

    def add(
        self, key: Key, amount: int = 1, *, ceiling: int | None = None, expires_at: datetime | None = None
    ) -> int | None:
        check_key(key)
        with told_apart("counting"):
            return add(self._client, self._table, key, amount, ceiling, expires_at, self._now())

    def partitions(self, prefix: str) -> Iterator[str]:
        seen: set[str] = set()
        for item in self._pages(self._client.scan, items.in_partitions(prefix)):
            partition = item["pk"]["S"]
            if partition not in seen:
                seen.add(partition)
                yield partition

    def _now(self) -> int:
        """Whole seconds, as expiry is stored."""
        return int(self._clock.now().timestamp())

    def _transaction_item(self, write: Put | Delete, nonce: bytes, now: int) -> Any:
        if isinstance(write, Put):
            put = items.put_call(write.record, write.expected, nonce, now)
            return {"Update": {"TableName": self._table, **put}}
        return {"Delete": {"TableName": self._table, **items.delete_call(write.key, write.expected, now)}}

    def _read(
        self,
        hash_name: str,
        hash_value: str,
        range_name: str,
        low: str,
        high: str | None,
        reverse: bool,
        limit: int | None,
        extra: Mapping[str, Any],
    ) -> Iterator[items.Item]:
        """Items that are alive with low <= range <= high, page by page as the reader walks."""
        if limit == 0 or high == "" or (high is not None and low > high):
            return
        call = items.between(hash_name, hash_value, range_name, low, high)
        call |= {**extra, "ScanIndexForward": not reverse}
        if limit is not None:
            # Two more than wanted: both bounds are exclusive for the caller and inclusive for DynamoDB.
            call["Limit"] = limit + 2
        yield from self._pages(self._client.query, call)

    def _pages(self, read: Callable[..., Any], call: Mapping[str, Any]) -> Iterator[items.Item]:
        start: dict[str, Any] = {}
        while True:
            with told_apart("reading many records"):
                answer = read(TableName=self._table, **call, **start)
            now = self._now()
            yield from (item for item in answer["Items"] if items.is_alive(item, now))
            if not answer.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _fetch(self, keys: Sequence[Key]) -> Iterator[items.Item]:
        for batch in batched(dict.fromkeys(keys), BATCH_READS):
            wanted: Any = {
                self._table: {"Keys": [items.item_key(key) for key in batch], "ConsistentRead": True}
            }
            for pause in _pauses():
                with told_apart("reading a batch"):
                    answer = self._client.batch_get_item(RequestItems=wanted)
                yield from answer["Responses"].get(self._table, ())
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    break
                self._sleep(pause)
            else:
                raise Retryable(detail="reading a batch: DynamoDB left keys unread")

    def _send(self, batch: Sequence[items.Item]) -> None:
        wanted: Any = {self._table: [{"PutRequest": {"Item": item}} for item in batch]}
        for pause in _pauses():
            with told_apart("writing a batch"):
                wanted = self._client.batch_write_item(RequestItems=wanted).get("UnprocessedItems")
            if not wanted:
                return
            self._sleep(pause)
        raise Retryable(detail="writing a batch: DynamoDB left records unwritten")


def _nonce() -> bytes:
    return os.urandom(8)


def _own_work(error: ClientError, nonce: bytes) -> items.Item:
    """What an earlier attempt of the same write left there. Raises the error when somebody else wrote."""
    item = blocking_item(error)
    if code_of(error) == CONDITION_FAILED and items.wrote(item, nonce):
        return item
    raise error


def _pauses() -> Iterator[float]:
    """Seconds, doubling, with full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015)."""
    return (random.uniform(0, 0.05 * 2**n) for n in range(ROUNDS))


def _end_of(prefix: str) -> str | None:
    """The least text after all that begin so; None where there is none."""
    for at in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[at]) + 1
        if code <= sys.maxunicode:
            # Surrogates are no characters; UTF-8, and so DynamoDB's order, leaves them out.
            return prefix[:at] + chr(0xE000 if code == 0xD800 else code)
    return None


def _least(*bounds: str | None) -> str | None:
    return min((bound for bound in bounds if bound is not None), default=None)
