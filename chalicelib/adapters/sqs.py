"""Queues on SQS standard queues, fair between tenants where the service offers it."""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.adapters.failures import code_of, told_apart
from chalicelib.adapters.limits import SEND_DELAY, TAKE, VISIBILITY, check_delay, check_message
from chalicelib.ports import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_STALE = frozenset({"ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue"})
"""A receipt that a later hand-out replaced: whoever has the message now decides about it."""


class SqsQueue:
    """At-least-once delivery; the dead-letter queue behind it is the redrive policy's."""

    def __init__(
        self, client: "SQSClient", url: str, *, fair: bool = True, wait: timedelta = timedelta(0)
    ) -> None:
        """``fair`` sends the tenant as MessageGroupId, which makes a standard queue a fair one ("Amazon SQS
        fair queues", developer guide); emulators older than July 2025 refuse it: hence the switch.
        ``wait`` is how long ``take`` waits for a first message; keep it below the client's read timeout.
        """
        self._client = client
        self._url = url
        self._fair = fair
        self._wait_s = check_delay(wait, timedelta(seconds=20))

    def send(self, body: str, *, group: str = "", delay: timedelta = timedelta(0)) -> None:
        check_message(body)
        call: dict[str, Any] = {"QueueUrl": self._url, "MessageBody": body}
        if delay:
            call["DelaySeconds"] = check_delay(delay, SEND_DELAY)
        if group and self._fair:
            call["MessageGroupId"] = group_id(group)
        with told_apart("sending a message"):
            self._client.send_message(**call)

    def take(self, limit: int = TAKE) -> Sequence[Message]:
        with told_apart("taking messages"):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(limit, TAKE),
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
                WaitTimeSeconds=self._wait_s,
            )
        return [
            Message(
                id=found["MessageId"],
                body=found["Body"],
                receipt=found["ReceiptHandle"],
                received=int(found["Attributes"]["ApproximateReceiveCount"]),
            )
            for found in answer.get("Messages", ())
        ]

    def delete(self, message: Message) -> None:
        with told_apart("deleting a message"):
            try:
                self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)
            except ClientError as error:
                _unless_stale(error)

    def postpone(self, message: Message, delay: timedelta) -> None:
        seconds = check_delay(delay, VISIBILITY)
        with told_apart("postponing a message"):
            try:
                self._client.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
                )
            except ClientError as error:
                _unless_stale(error)

    def depth(self) -> int:
        with told_apart("asking for a queue's depth"):
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"],
            )
        return sum(int(count) for count in answer["Attributes"].values())


def group_id(group: str) -> str:
    """A tenant's name as MessageGroupId: itself where SQS allows its characters and length, else a digest."""
    if re.fullmatch(r"[\w!\"#$%&'()*+,./:;<=>?@\[\\\]^`{|}~-]{1,128}", group, re.ASCII):
        return group
    return hashlib.sha256(group.encode("utf-8", "surrogatepass")).hexdigest()


def create_queue(
    client: "SQSClient", name: str, *, visibility: timedelta = timedelta(minutes=6), max_receives: int = 5
) -> tuple[str, str]:
    """Make a queue and its dead-letter queue where there is no CloudFormation; returns both addresses."""
    dead = client.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": max_receives}
    attributes: dict[Any, str] = {
        "VisibilityTimeout": str(check_delay(visibility, VISIBILITY)),
        "RedrivePolicy": json.dumps(redrive),
    }
    return client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], dead


def _unless_stale(error: ClientError) -> None:
    if code_of(error).rpartition(".")[2] not in _STALE:
        raise error
