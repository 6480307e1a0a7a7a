"""Batches of queue messages, one Lambda call each: what failed is named, and the rest is never repeated.

A worker spends its time waiting for stores, so it works on the messages of a batch side by side::

    shop A ── product 1: m1, m4 ──────┐ lane 1      what is about one thing: one after the other, in order
           ── product 2: m2 ──────────┤ lane 2      what is of one shop: on a few lanes, for its store's sake
           ── order 7:   m3 ──┐       │ lane 3
           ── product 3: m5 ──┘───────┘
    shop B ── …                                     shops: never waiting for each other
"""

import json
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib import pauses
from chalicelib.domain.events import StoreEvent, from_message
from chalicelib.errors import Retryable
from chalicelib.pipeline import process
from chalicelib.ports import Message, Queue
from chalicelib.services import Services

MARGIN_MS = 20_000
"""With less time left than this, a message is not begun: a Lambda that times out holds its claim for long."""

LANES = 4
"""Messages of one shop that a worker is at, at once: a small store's machine has as many processes to answer with."""

type _Chain = list[Message]


def work(
    services: Services, queue: Queue, batch: Mapping[str, Any], left_ms: Callable[[], int]
) -> dict[str, list[dict[str, str]]]:
    """Process an SQS batch; the answer names the messages to hand out again (ReportBatchItemFailures)."""
    messages = [_message(raw) for raw in batch.get("Records", ())]
    failed: set[str] = set()
    lanes = [partial(_run, services, queue, chains, left_ms, failed) for chains in _lanes(services, messages)]
    if len(lanes) == 1:
        lanes[0]()
    elif lanes:
        with ThreadPoolExecutor(max_workers=len(lanes)) as pool:
            for running in [pool.submit(lane) for lane in lanes]:
                running.result()
    return {"batchItemFailures": [{"itemIdentifier": m.id} for m in messages if m.id in failed]}


def _message(raw: Mapping[str, Any]) -> Message:
    return Message(
        id=raw["messageId"], body=raw["body"], receipt=raw["receiptHandle"],
        received=int(raw.get("attributes", {}).get("ApproximateReceiveCount", 1)),
    )  # fmt: skip


def _lanes(services: Services, messages: Sequence[Message]) -> Iterable[deque[_Chain]]:
    """One entry per lane: the chains that it takes from, shared by the lanes of one shop."""
    shops: dict[str, dict[str, _Chain]] = {}
    for message in messages:
        shop, subject = _about(services, message)
        shops.setdefault(shop, {}).setdefault(subject, []).append(message)
    for subjects in shops.values():
        chains = deque(subjects.values())
        yield from [chains] * min(LANES, len(chains))


def _about(services: Services, message: Message) -> tuple[str, str]:
    """Whose message it is, and about what; one that cannot be read stands alone, and fails where it is worked on."""
    try:
        event = read(services, message)
    except Exception:
        return "", message.id
    return event.shop_id, event.resource or message.id


def _run(
    services: Services, queue: Queue, chains: deque[_Chain], left_ms: Callable[[], int], failed: set[str]
) -> None:
    """One lane, until its shop has nothing left."""
    while True:
        try:
            chain = chains.popleft()
        except IndexError:
            return
        for message in chain:
            if left_ms() < MARGIN_MS:
                _postpone(queue, message, pauses.unbegun(message.received))
            elif attempt(services, queue, message):
                continue
            failed.add(message.id)


def attempt(services: Services, queue: Queue, message: Message) -> bool:
    """Process one message; False when it must come back. Nothing but a dying process escapes."""
    try:
        process(services, read(services, message))
    except Retryable as error:
        _postpone(queue, message, pauses.after(error, message.received, services.clock.now()))
        services.meter.count("retried", kind=type(error).__name__)
        return False
    except (
        Exception
    ) as error:  # a bug, or a message that is none: the dead-letter queue keeps it for a person
        services.meter.count("crashed", kind=type(error).__name__)
        report(error, message)
        return False
    return True


def _postpone(queue: Queue, message: Message, delay: timedelta) -> None:
    """A queue that fails here hands it out again when its lease ends; the rest of the batch must not suffer."""
    try:
        queue.postpone(message, delay)
    except Retryable:
        return


def read(services: Services, message: Message) -> StoreEvent:
    """A message of ours, or one that a partner's event bus put there. Raises ValueError for others."""
    if '"detail-type"' not in message.body:
        return from_message(message.body)
    told = json.loads(message.body)
    for marketplace in services.marketplaces.values():
        if marketplace.bridge is not None and marketplace.bridge[0] == told.get("detail-type"):
            return marketplace.bridge[1](told, services.clock.now())
    raise ValueError("an event of a bus that no marketplace speaks")


def report(error: Exception, message: Message) -> None:
    """One line for operators: where it broke, never what the message or the error said."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
    line = {"level": "error", "error": type(error).__name__, "at": where, "message": message.id}
    print(json.dumps(line))  # noqa: T201  Lambda's log is what is printed
