"""The accepting path alone: the order of its checks, and that it loads and writes no more than it must."""

import base64
import hashlib
import hmac
import json

import pytest

from chalicelib import accepting
from chalicelib.accepting import LARGEST, Mouth
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.memory import MemoryMeter, MemoryQueue
from chalicelib.contracts import RawRequest
from chalicelib.domain.events import from_message
from chalicelib.errors import InvalidSignature, MalformedPayload
from chalicelib.secrets import KeyedSecrets
from sandbox.bazaar import BazaarReader
from sandbox.rehearsal.stage import START

SECRETS = KeyedSecrets(bytes(range(32)), 1, {})


def _mouth(reader: object = None) -> Mouth:
    clock = FrozenClock(START)
    return Mouth(
        readers={"bazaar": reader or BazaarReader()}, secrets=SECRETS, queue=MemoryQueue(clock), clock=clock,
        meter=MemoryMeter(),
    )  # fmt: skip


def _request(body: bytes, account: str = "stall0", **headers: str) -> RawRequest:
    key = SECRETS.derived("bazaar", account)[0]
    signature = base64.b64encode(hmac.digest(key, body, hashlib.sha256)).decode()
    given = {"content-type": "application/json", "x-bazaar-signature": signature, **headers}
    return RawRequest(path="/", headers=given, body=body, account=account)


GOOD = json.dumps({"topic": "goods.changed", "id": "p0", "at": "2026-01-01T00:00:00+00:00"}).encode()


class Never:
    """A reader that must not be asked."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} was asked of an unfit request")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (_request(b" " * (LARGEST + 1)), 413),
        (_request(GOOD, **{"content-type": "text/plain"}), 415),
        (RawRequest(path="/", headers={}, body=GOOD, account="stall0"), 415),
    ],
    ids=["too large", "another type", "no type"],
)
def test_size_and_type_come_before_anything_else(request_: RawRequest, status: int) -> None:
    mouth = _mouth(Never())
    assert accepting.receive("bazaar", request_, mouth).status == status
    assert mouth.queue.depth() == 0
    assert mouth.meter.total("rejected") == 1


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", " application/json "])
def test_a_content_type_is_read_as_http_means_it(kind: str) -> None:
    assert accepting.receive("bazaar", _request(GOOD, **{"content-type": kind}), _mouth()).status == 200


def test_one_message_says_who_what_which_and_when_and_no_more() -> None:
    mouth = _mouth()
    assert accepting.receive("bazaar", _request(GOOD), mouth) == accepting.Answer(200)
    (message,) = mouth.queue.take()
    event = from_message(message.body)
    assert (event.shop_id, event.resource, event.topic) == ("bazaar:stall0", "p0", "goods.changed")
    assert event.received_at == START
    assert set(json.loads(message.body)) == {
        "v", "id", "shop", "kind", "resource", "occurred_at", "received_at", "delivery", "topic", "detail",
    }  # fmt: skip


def test_a_body_signed_for_one_stall_is_nothing_at_another() -> None:
    mouth = _mouth()
    mine = _request(GOOD)
    stolen = RawRequest(path="/", headers=mine.headers, body=mine.body, account="stall1")
    assert accepting.receive("bazaar", stolen, mouth).status == 401
    assert mouth.queue.depth() == 0
    assert mouth.meter.names() == {"unsigned"}


def test_two_deliveries_of_one_event_share_its_name_and_not_their_own() -> None:
    mouth = _mouth()
    for _ in range(2):
        accepting.receive("bazaar", _request(GOOD), mouth)
    first, second = (from_message(message.body) for message in mouth.queue.take())
    assert first.id == second.id
    assert first.delivery != second.delivery


class Reader:
    """Raises what it is told to."""

    def __init__(self, verify: Exception | None = None, normalise: Exception | None = None) -> None:
        self._verify, self._normalise = verify, normalise

    def ping(self, request: RawRequest) -> bool:
        return False

    def verify(self, request: RawRequest, secrets: object) -> None:
        if self._verify:
            raise self._verify

    def normalise(self, request: RawRequest, received_at: object) -> object:
        raise self._normalise or AssertionError


def test_what_cannot_be_read_is_answered_200_and_counted() -> None:
    mouth = _mouth(Reader(normalise=MalformedPayload(detail="canary")))
    assert accepting.receive("bazaar", _request(b"{}"), mouth).status == 200
    assert mouth.meter.names() == {"unreadable"}
    assert mouth.queue.depth() == 0


def test_the_answer_to_a_forgery_says_nothing_of_why() -> None:
    answers = {
        accepting.receive("bazaar", _request(b"{}"), _mouth(Reader(verify=InvalidSignature(detail=why)))).text
        for why in ("canary one", "canary two")
    }
    assert len(answers) == 1
    assert "canary" not in answers.pop()
