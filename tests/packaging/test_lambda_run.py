"""The archive at work: AWS's own runtime client runs it, and moto's queue receives what it accepted."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.clients import Clients
from chalicelib.adapters.dynamodb_table import create_table
from chalicelib.adapters.sqs import SqsQueue, create_queue
from chalicelib.domain.events import EventKind, from_message, to_message
from sandbox.aws import LocalAws
from sandbox.lambda_runtime import LambdaRuntime, gateway_event, url_event

SECRET = "shpss_packaging"
SHOP = "demo.myshopify.com"
CANARY = "buyer.canary@example.com"

type Start = Callable[[str], LambdaRuntime]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    server = LocalAws()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        yield server
    server.close()


@pytest.fixture(scope="module")
def clients(aws: LocalAws) -> Clients:
    return Clients(region="eu-central-1", endpoint_url=aws.url)


@pytest.fixture(scope="module")
def environment(aws: LocalAws, clients: Clients) -> dict[str, str]:
    """What the template gives a function, and botocore's own word for where AWS is."""
    create_table(clients.dynamodb, "tradewind")
    queues = {name: create_queue(clients.sqs, name)[0] for name in ("work", "schedule")}
    return {
        "AWS_ENDPOINT_URL": aws.url,
        "TRADEWIND_MASTER_KEY": "ab" * 32,
        "TRADEWIND_BASE_URL": "https://app.example",
        "TRADEWIND_TABLE": "tradewind",
        "TRADEWIND_WORK_QUEUE": queues["work"],
        "TRADEWIND_SCHEDULE_QUEUE": queues["schedule"],
        "TRADEWIND_KMS_KEY": clients.kms.create_key()["KeyMetadata"]["KeyId"],
        "TRADEWIND_APP_SECRETS": f"shopify={SECRET}",
    }


@pytest.fixture
def start(unpacked: Path, runtime: Path, layers: list[Path], environment: dict[str, str]) -> Iterator[Start]:
    """Starts a container for one handler; all are ended after the test."""
    running: list[LambdaRuntime] = []

    def begin(handler: str) -> LambdaRuntime:
        running.append(LambdaRuntime(unpacked, handler, runtime, environment, layers))
        return running[-1]

    yield begin
    for one in running:
        one.close()


def webhook(secret: str = SECRET, *, by_url: bool = False) -> dict[str, Any]:
    body = json.dumps({"id": 7, "admin_graphql_api_id": "gid://shopify/Order/7", "email": CANARY}).encode()
    signature = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Event-Id": "event-1",
        "X-Shopify-Webhook-Id": "delivery-1",
    }
    if by_url:
        return url_event("POST", "/hooks/shopify", headers, body)
    return gateway_event("POST", "/hooks/{marketplace}", {"marketplace": "shopify"}, headers, body)


@pytest.mark.parametrize("handler", ["app.app", "app.hooks"])
def test_one_signed_webhook_in_one_message_out(
    start: Start, clients: Clients, environment: dict[str, str], handler: str
) -> None:
    queue = SqsQueue(clients.sqs, environment["TRADEWIND_WORK_QUEUE"])
    app, by_url = start(handler), handler == "app.hooks"
    assert app.invoke(webhook(secret="another", by_url=by_url)).payload["statusCode"] == 401
    assert queue.depth() == 0
    answer = app.invoke(webhook(by_url=by_url))
    assert not answer.failed, app.log
    assert answer.payload["statusCode"] == 200, app.log
    (message,) = queue.take()
    event = from_message(message.body)
    assert (event.shop_id, event.kind, event.resource) == (f"shopify:{SHOP}", EventKind.ORDER_CREATED, "7")
    assert CANARY not in message.body
    assert CANARY not in app.log
    assert SECRET not in app.log
    queue.delete(message)


def test_the_worker_takes_a_batch_and_names_what_failed(
    start: Start, clients: Clients, environment: dict[str, str]
) -> None:
    app = start("app.app")
    app.invoke(webhook())
    queue = SqsQueue(clients.sqs, environment["TRADEWIND_WORK_QUEUE"])
    (message,) = queue.take()
    poison = {"messageId": "poison", "receiptHandle": "r", "body": "{}", "attributes": {}}
    good = {
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": to_message(from_message(message.body)),
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    worker = start("app.work")
    answer = worker.invoke({"Records": [good, poison]})
    assert not answer.failed, worker.log
    assert answer.payload == {"batchItemFailures": [{"itemIdentifier": "poison"}]}, worker.log
    queue.delete(message)


def test_the_clock_ticks(start: Start) -> None:
    tick = start("app.tick")
    answer = tick.invoke({"schedule": "reconcile"})
    assert not answer.failed, tick.log
    assert answer.payload == {"shops": 0}
