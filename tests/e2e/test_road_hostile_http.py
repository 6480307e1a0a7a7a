"""Hostile requests at both doors of app.py, Chalice's routes and the function URL: refused without a trace, or
answered 200 and counted."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from chalice.config import Config
from chalice.local import LocalGateway
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import app
from chalicelib.accepting import Mouth
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.memory import MemoryMeter, MemoryQueue
from chalicelib.domain.events import EventKind, from_message
from chalicelib.errors import Retryable
from chalicelib.secrets import KeyedSecrets
from integrations import MARKETPLACES
from sandbox.lambda_runtime import url_event
from sandbox.rehearsal.stage import START

SECRETS = KeyedSecrets(bytes(range(32)), 2, {"shopify": ("now", "before")})
PATHS = {"shopify": "/hooks/shopify", "woocommerce": "/hooks/woocommerce/lantern"}


@dataclass
class Front:
    """The app behind Chalice's own gateway or a function URL, with a queue in memory."""

    queue: MemoryQueue
    door: str
    meter: MemoryMeter = field(default_factory=MemoryMeter)
    gateway: LocalGateway = field(default_factory=lambda: LocalGateway(app.app, Config()))

    def answer(self, path: str, body: bytes, headers: dict[str, str], method: str = "POST") -> Mapping[str, Any]:
        if self.door == "url":
            told: Mapping[str, Any] = app.hooks(url_event(method, path, headers, body), None)
            return told
        return self.gateway.handle_request(method, path, headers, body)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        return int(self.answer(path, body, headers)["statusCode"])

    def taken(self) -> list[Any]:
        return [from_message(message.body) for message in self.queue.take()]


@pytest.fixture(params=["rest", "url"])
def front(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Front:
    clock = FrozenClock(START)
    made = Front(MemoryQueue(clock), request.param)
    readers = {name: place.reader for name, place in MARKETPLACES.items()}
    mouth = Mouth(readers=readers, secrets=SECRETS, queue=made.queue, clock=clock, meter=made.meter)
    monkeypatch.setattr(app, "mouth", lambda: mouth)
    monkeypatch.setattr(app.aws, "flush", lambda: None)
    return made


def _headers(marketplace: str, body: bytes, *, key: bytes | None = None, topic: str = "") -> dict[str, str]:
    if marketplace == "shopify":
        made, default = key or SECRETS.app("shopify")[0], "products/update"
        names = ("x-shopify-hmac-sha256", "x-shopify-topic")
    else:
        made, default = key or SECRETS.derived("woocommerce", "lantern")[0], "product.updated"
        names = ("x-wc-webhook-signature", "x-wc-webhook-topic")
    signature = base64.b64encode(hmac.digest(made, body, hashlib.sha256)).decode()
    return {
        "content-type": "application/json", "x-shopify-shop-domain": "harbour.myshopify.com",
        names[0]: signature, names[1]: topic or default,
    }  # fmt: skip


GOOD = json.dumps({"id": 7, "updated_at": "2026-01-01T00:00:00Z"}).encode()


@pytest.mark.parametrize("marketplace", PATHS)
@pytest.mark.parametrize(
    "signature",
    ["", "AAAA", "ünïcödé", "\ud800", "a" * 100_000, "\x00", None],
    ids=["empty", "wrong", "not ASCII", "a surrogate", "long", "a null byte", "missing"],
)
def test_a_wrong_signature_is_401_and_leaves_no_trace_but_a_counter(
    front: Front, marketplace: str, signature: str | None
) -> None:
    headers = _headers(marketplace, GOOD)
    name = "x-shopify-hmac-sha256" if marketplace == "shopify" else "x-wc-webhook-signature"
    headers = {key: value for key, value in headers.items() if key != name}
    if signature is not None:
        headers[name] = signature
    assert front.post(PATHS[marketplace], GOOD, headers) == 401
    assert front.taken() == []
    assert front.meter.names() == {"unsigned"}


@pytest.mark.parametrize("marketplace", PATHS)
def test_a_body_that_was_changed_by_one_bit_is_401(front: Front, marketplace: str) -> None:
    headers = _headers(marketplace, GOOD)
    for place in range(0, len(GOOD), 7):
        changed = bytearray(GOOD)
        changed[place] ^= 1
        assert front.post(PATHS[marketplace], bytes(changed), headers) == 401
    assert front.taken() == []


@pytest.mark.parametrize("generation", [0, 1])
@pytest.mark.parametrize("marketplace", PATHS)
def test_both_secrets_are_accepted_during_a_rotation(front: Front, marketplace: str, generation: int) -> None:
    known = SECRETS.app("shopify") if marketplace == "shopify" else SECRETS.derived("woocommerce", "lantern")
    assert front.post(PATHS[marketplace], GOOD, _headers(marketplace, GOOD, key=known[generation])) == 200
    assert len(front.taken()) == 1


def test_another_shops_secret_is_401(front: Front) -> None:
    other = SECRETS.derived("woocommerce", "harbour")[0]
    assert front.post(PATHS["woocommerce"], GOOD, _headers("woocommerce", GOOD, key=other)) == 401


@pytest.mark.parametrize("marketplace", PATHS)
def test_over_two_megabytes_is_413_and_exactly_two_is_taken(front: Front, marketplace: str) -> None:
    body = b'{"id": 7, "pad": "' + b"x" * (2 * 2**20 - 20) + b'"}'
    assert len(body) == 2 * 2**20
    assert front.post(PATHS[marketplace], body, _headers(marketplace, body)) == 200
    larger = body + b" "
    assert front.post(PATHS[marketplace], larger, _headers(marketplace, larger)) == 413
    assert len(front.taken()) == 1


@pytest.mark.parametrize("path", ["/", "/hooks", "/hooks/woocommerce/lantern/more", "/sign-in", "/hooks/../shopify"])
def test_the_function_url_opens_nothing_but_webhooks(front: Front, path: str) -> None:
    if front.door == "url":
        assert front.post(path, GOOD, _headers("shopify", GOOD)) == 404
        assert front.answer(PATHS["shopify"], b"", {}, method="GET")["statusCode"] == 405
    assert front.taken() == []


def test_a_body_in_base64_is_checked_as_the_bytes_that_were_sent(front: Front) -> None:
    event = url_event("POST", PATHS["shopify"], _headers("shopify", GOOD), GOOD)
    event |= {"body": base64.b64encode(GOOD).decode(), "isBase64Encoded": True}
    assert app.hooks(event, None)["statusCode"] == 200
    assert len(front.taken()) == 1
    event |= {"body": "\ud800", "isBase64Encoded": False}
    assert app.hooks(event, None)["statusCode"] == 401


@pytest.mark.parametrize("kind", ["text/html", "application/xml", "multipart/form-data", "json"])
def test_another_content_type_is_415(front: Front, kind: str) -> None:
    assert front.post(PATHS["shopify"], GOOD, {**_headers("shopify", GOOD), "content-type": kind}) == 415
    assert front.taken() == []


def test_an_unknown_marketplace_is_404(front: Front) -> None:
    assert front.post("/hooks/amazon", GOOD, _headers("shopify", GOOD)) == 404


def test_an_unknown_topic_is_taken_as_unknown(front: Front) -> None:
    assert front.post(PATHS["shopify"], GOOD, _headers("shopify", GOOD, topic="holograms/update")) == 200
    (event,) = front.taken()
    assert event.kind is EventKind.UNKNOWN
    assert event.topic == "holograms/update"


def test_the_unsigned_ping_of_woocommerce_is_200_and_writes_nothing(front: Front) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert front.post(PATHS["woocommerce"], b"webhook_id=7", form) == 200
    assert front.post(PATHS["woocommerce"], b"webhook_id=7\n", form) == 401
    assert front.post(PATHS["woocommerce"], b"webhook_id=7&x=1", form) == 401
    assert front.post(PATHS["shopify"], b"webhook_id=7", form) == 401
    assert front.taken() == []


def test_only_a_failing_queue_is_5xx(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise Retryable(detail="secret")

    monkeypatch.setattr(front.queue, "send", fails)
    answer = front.answer(PATHS["shopify"], GOOD, _headers("shopify", GOOD))
    assert answer["statusCode"] == 503
    assert "secret" not in str(answer["body"])


def _decodes(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


DEPTHS = st.integers(1, 60_000)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**400), 10**400) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["id", "updated_at", "date_modified_gmt", "status", "domain", "myshopify_domain", "arg"])
BODIES = st.one_of(
    st.binary(max_size=400),
    DEPTHS.map(lambda depth: b"[" * depth),
    DEPTHS.map(lambda depth: b'{"id":' * depth + b"1" + b"}" * depth),
    st.dictionaries(NAMES, PLAIN, max_size=5).map(lambda body: json.dumps(body).encode("utf-8", "replace")),
    st.integers(1, 20_000).map(lambda digits: b'{"id": ' + b"9" * digits + b"}"),
    st.sampled_from([b'{"id": "\\ud800"}', b'{"id": NaN}', b'{"id": 1e999}', b"", b"null", b"\xef\xbb\xbf{}"]),
)
TOPICS = st.sampled_from([*MARKETPLACES["shopify"].topics, *MARKETPLACES["woocommerce"].topics, "x/y"])


@settings(
    max_examples=125, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(marketplace=st.sampled_from(sorted(PATHS)), body=BODIES, topic=TOPICS)
def test_whatever_is_signed_is_answered_200_or_refused_as_a_forgery(
    front: Front, marketplace: str, body: bytes, topic: str
) -> None:
    """401 remains where a body that is signed names another shop than its header: one secret serves all."""
    status = front.post(PATHS[marketplace], body, _headers(marketplace, body, topic=topic))
    forged = marketplace == "shopify" and b'domain"' in body
    broken = front.door == "url" and _decodes(body) is None  # a URL's event is JSON: it cannot hold such a body
    assert status == 200 or (status == 401 and (forged or broken))
    for event in front.taken():
        assert len(event.topic) <= 100
        assert event.resource.isascii()
