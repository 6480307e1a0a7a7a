"""The accepting path: from raw bytes to one durable message, and nothing else.

It loads neither numpy, onnxruntime, pydantic nor any function; it reads no table and writes one message.
Once a request is verified the answer is always 2xx, or the store would disable a healthy webhook.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.contracts import RawRequest, WebhookReader, WebhookSecrets
from chalicelib.domain.events import to_message
from chalicelib.errors import InvalidSignature, MalformedPayload
from chalicelib.ports import Clock, Meter, Queue

LARGEST = 2 * 2**20
"""No webhook body is larger, in bytes."""

_TYPES = ("application/json", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the store is told."""

    status: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mouth:
    """All that accepting needs."""

    readers: Mapping[str, WebhookReader]
    secrets: WebhookSecrets
    queue: Queue
    clock: Clock
    meter: Meter


def receive(marketplace: str, request: RawRequest, mouth: Mouth) -> Answer:
    """Take in one webhook. Only a failing queue raises (Retryable: answered 5xx, the store tries again)."""
    refusal = _unfit(request)
    if refusal is not None:
        mouth.meter.count("rejected", marketplace=marketplace)
        return refusal
    reader = mouth.readers[marketplace]
    if reader.ping(request):
        return Answer(200)
    try:
        reader.verify(request, mouth.secrets)
    except InvalidSignature:
        mouth.meter.count("unsigned", marketplace=marketplace)
        return Answer(401, "The signature is missing or wrong.")
    return _take(marketplace, request, reader, mouth)


def _take(marketplace: str, request: RawRequest, reader: WebhookReader, mouth: Mouth) -> Answer:
    try:
        event = reader.normalise(request, mouth.clock.now())
    except MalformedPayload:
        mouth.meter.count("unreadable", marketplace=marketplace)
        return Answer(200)
    mouth.queue.send(to_message(event), group=event.shop_id)
    mouth.meter.count("accepted", marketplace=marketplace)
    return Answer(200)


def _unfit(request: RawRequest) -> Answer | None:
    if len(request.body) > LARGEST:
        return Answer(413, "The body is too large.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES:
        return Answer(415, "The content type must be application/json.")
    return None
