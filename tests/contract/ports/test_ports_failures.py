"""What AWS may do wrong: answers lost after the work was done, throttling, refusals, half-done batches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from moto import mock_aws

from chalicelib.adapters.clients import PATIENCE, Clients
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.dynamodb import ROUNDS, DynamoRecords
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.errors import ConfigurationError, Conflict, Overtaken, Retryable
from chalicelib.ports import ABSENT, Delete, Key, Put, Record

KEY = Key("p", "1")


class Flaky:
    """A DynamoDB client that carries out a call as asked, and then answers as told."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.before: list[Exception] = []
        self.answers: dict[str, Callable[[Any, Any], Any]] = {}
        self.lose_next_answer = False
        self.between: Callable[[], Any] = lambda: None

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def flaky(**arguments: Any) -> Any:
            if self.before:
                raise self.before.pop()
            if self.lose_next_answer:
                # What botocore does when the answer is lost: the same request, byte for byte, once more.
                self.lose_next_answer = False
                call(**arguments)
                self.between()
                return as_retry(call, arguments)
            answer = self.answers.pop(name, lambda _, answer: answer)
            return answer(arguments, call(**arguments))

        return flaky


def as_retry(call: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    try:
        return call(**arguments)
    except ClientError as error:
        error.response["ResponseMetadata"]["RetryAttempts"] = 1
        raise


def failure(code: str, status: int = 400, **more: Any) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "secret"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(answer, "Call")  # type: ignore[arg-type]


@pytest.fixture
def flaky(aws_ground: Any) -> Flaky:
    return Flaky(aws_ground.clients.dynamodb)


@pytest.fixture
def records(flaky: Flaky, aws_ground: Any) -> DynamoRecords:
    return DynamoRecords(flaky, "ground", aws_ground.clock, sleep=lambda _: None)  # type: ignore[arg-type]


def record(**body: Any) -> Record:
    return Record(key=KEY, body=body)


def test_a_put_whose_answer_was_lost_is_no_conflict_with_itself(flaky: Flaky, records: DynamoRecords) -> None:
    flaky.lose_next_answer = True
    first = records.put(record(n=1), ABSENT)
    assert first.version == 1
    flaky.lose_next_answer = True
    assert records.put(record(n=2), first.version).version == 2
    stored = records.get(KEY)
    assert stored is not None
    assert stored.body == {"n": 2}


def test_a_put_overtaken_after_its_answer_was_lost_is_a_conflict(
    flaky: Flaky, records: DynamoRecords, aws_ground: Any
) -> None:
    flaky.lose_next_answer = True
    flaky.between = lambda: aws_ground.records.put(record(by="somebody else"))
    with pytest.raises(Conflict):
        records.put(record(by="us"), ABSENT)


def test_a_transaction_whose_answer_was_lost_is_done(flaky: Flaky, records: DynamoRecords) -> None:
    other = records.put(Record(key=Key("p", "2"), body={}))
    flaky.lose_next_answer = True
    records.transact([Put(record(n=1), ABSENT), Delete(other.key, other.version)])
    assert [found.key.sort for found in records.query("p")] == ["1"]


def test_a_delete_whose_answer_was_lost_is_done(flaky: Flaky, records: DynamoRecords) -> None:
    stored = records.put(record())
    flaky.lose_next_answer = True
    records.delete(KEY, stored.version)
    assert records.get(KEY) is None


@pytest.mark.parametrize("ceiling", [None, 1])
def test_a_count_whose_answer_was_lost_counts_once(
    flaky: Flaky, records: DynamoRecords, ceiling: int | None
) -> None:
    flaky.lose_next_answer = True
    assert records.add(KEY, ceiling=ceiling) == 1
    stored = records.get(KEY)
    assert stored is not None
    assert stored.body == {"total": 1}


def test_an_expired_counter_that_others_restart_too(
    flaky: Flaky, records: DynamoRecords, aws_ground: Any
) -> None:
    end = aws_ground.clock.now() + timedelta(seconds=5)
    records.add(KEY, 7, expires_at=end)
    aws_ground.clock.move_to(end)
    calls = iter([None, aws_ground.records])

    def overtaken(arguments: Any) -> Iterator[Any]:
        yield next(calls, None)

    plain = flaky._client.update_item

    def race(**arguments: Any) -> Any:
        rival = next(overtaken(arguments))
        if rival is not None:
            rival.add(KEY, 2)
        return plain(**arguments)

    racing = type("Racing", (), {"update_item": staticmethod(race)})()
    assert DynamoRecords(racing, "ground", aws_ground.clock).add(KEY, 1) == 3


@pytest.mark.parametrize(
    ("raised", "meant"),
    [
        (failure("ProvisionedThroughputExceededException"), Retryable),
        (failure("ThrottlingException"), Retryable),
        (failure("TransactionConflictException"), Overtaken),
        (failure("InternalServerError", 500), Retryable),
        (failure("Whatever", 503), Retryable),
        (failure("Whatever", 429), Retryable),
        (ReadTimeoutError(endpoint_url="x"), Retryable),
        (ConnectTimeoutError(endpoint_url="x"), Retryable),
        (failure("AccessDeniedException"), ConfigurationError),
        (failure("ResourceNotFoundException"), ConfigurationError),
        (failure("ConditionalCheckFailedException"), Conflict),
        (
            failure(
                "TransactionCanceledException",
                CancellationReasons=[{"Code": "None"}, {"Code": "ThrottlingError"}],
            ),
            Retryable,
        ),
        (
            failure(
                "TransactionCanceledException",
                CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "None"}],
            ),
            Overtaken,
        ),
        (
            failure(
                "TransactionCanceledException",
                CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "ThrottlingError"}],
            ),
            Retryable,
        ),
        (
            failure(
                "TransactionCanceledException",
                CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "ConditionalCheckFailed"}],
            ),
            Conflict,
        ),
        (
            failure("TransactionCanceledException", CancellationReasons=[{"Code": "ValidationError"}]),
            ConfigurationError,
        ),
    ],
)
def test_every_failure_says_what_must_happen_next(
    flaky: Flaky, records: DynamoRecords, raised: Exception, meant: type[Exception]
) -> None:
    for use in (
        lambda: records.put(record(), ABSENT),
        lambda: records.transact([Put(record(), ABSENT)]),
        lambda: records.delete(KEY),
    ):
        flaky.before = [raised]
        with pytest.raises(meant) as caught:
            use()
        assert type(caught.value) is meant
        assert "secret" not in str(caught.value)


def test_reads_fail_the_same_way(flaky: Flaky, records: DynamoRecords) -> None:
    for use in (
        lambda: records.get(KEY),
        lambda: records.get_many([KEY]),
        lambda: list(records.query("p")),
        lambda: list(records.queued("p")),
        lambda: list(records.partitions("p")),
        lambda: records.add(KEY),
    ):
        flaky.before = [failure("ThrottlingException")]
        with pytest.raises(Retryable):
            use()


def test_what_a_batch_left_over_is_sent_again(flaky: Flaky, records: DynamoRecords) -> None:
    many = [Record(key=Key("p", str(n)), body={"n": n}) for n in range(5)]
    put: list[Any] = []

    def leave_two(arguments: Any, _: Any) -> Any:
        put.append(arguments["RequestItems"])
        return {"UnprocessedItems": {"ground": arguments["RequestItems"]["ground"][3:]}}

    flaky.answers["batch_write_item"] = leave_two
    records.put_many(many)
    assert len(put) == 1

    def read_two(arguments: Any, answer: Any) -> Any:
        keys = arguments["RequestItems"]["ground"]["Keys"]
        answer["Responses"]["ground"] = [
            item for item in answer["Responses"]["ground"] if {"pk": item["pk"], "sk": item["sk"]} in keys[:2]
        ]
        answer["UnprocessedKeys"] = {"ground": {"Keys": keys[2:], "ConsistentRead": True}}
        return answer

    flaky.answers["batch_get_item"] = read_two
    assert len(records.get_many([one.key for one in many])) == 5


def test_a_batch_that_never_gets_through_is_retryable(aws_ground: Any) -> None:
    calls: list[int] = []

    class Full:
        def batch_get_item(self, **arguments: Any) -> Any:
            calls.append(1)
            return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}

    full: Any = Full()
    records = DynamoRecords(full, "ground", aws_ground.clock, sleep=lambda _: None)
    with pytest.raises(Retryable, match="unread"):
        records.get_many([KEY])
    assert len(calls) == ROUNDS


def test_a_body_beyond_an_item_is_refused_with_what_to_do(records: DynamoRecords) -> None:
    import random

    noise = random.Random(1).randbytes(450_000).hex()
    with pytest.raises(ValueError, match="use a blob"):
        records.put(record(noise=noise))


@contextmanager
def nowhere() -> Iterator[Clients]:
    yield Clients(region="us-east-1", endpoint_url="http://127.0.0.1:9")


def test_every_client_has_timeouts_and_an_endpoint() -> None:
    with nowhere() as clients:
        for service, (connect_s, read_s, attempts) in PATIENCE.items():
            client = getattr(clients, service)
            config = client.meta.config
            assert (config.connect_timeout, config.read_timeout) == (connect_s, read_s)
            assert config.retries["total_max_attempts"] == attempts
            assert client.meta.endpoint_url == "http://127.0.0.1:9"
    connect_s, read_s, attempts = PATIENCE["sqs"]
    backoff_s = attempts - 1
    assert (connect_s + read_s) * attempts + backoff_s < 5, "a webhook must be answered before that"


def test_a_bucket_that_is_not_there_is_the_deployments_fault() -> None:
    with mock_aws():
        blobs = S3Blobs(Clients(region="us-east-1").s3, "nobody-made-this")
        for use in (lambda: blobs.get("x"), lambda: blobs.put("x", b""), lambda: list(blobs.list(""))):
            with pytest.raises(ConfigurationError):
                use()


def test_a_table_that_is_not_there_is_the_deployments_fault(aws_ground: Any) -> None:
    clock: FrozenClock = aws_ground.clock
    with pytest.raises(ConfigurationError):
        DynamoRecords(aws_ground.clients.dynamodb, "elsewhere", clock).get(KEY)
