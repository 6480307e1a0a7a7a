"""The accepting path beside a bare Chalice handler that checks the signature and parses the body.

Both are called as Lambda calls them, in this process: the bare one with a REST API's proxy event, ours by both of its
doors, the REST API's and the function URL's. Our queue is stubbed and our metrics are printed into memory; everything
else is the product's own path through app.py.
"""

import base64
import hashlib
import hmac
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from chalice import Chalice, Response

from sandbox.lambda_runtime import gateway_event, url_event

SECRET = "shpss_bench"  # noqa: S105  made up
ROUNDS = 1500
BODIES = Path(__file__).parent.parent.parent / "shared" / "shopify" / "webhook_payloads"
TOPICS = {"products/update": "products__update.json", "orders/create": "orders__create.json"}

type Handler = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]


@dataclass(slots=True)
class StubQueue:
    """Takes messages and keeps their count."""

    bodies: list[str] = field(default_factory=list)

    def send(self, body: str, *, group: str = "", delay: timedelta = timedelta(0)) -> None:
        """Keep it."""
        self.bodies.append(body)


def environment() -> Mapping[str, str]:
    """The settings of a deployment that has one app secret."""
    return {
        "TRADEWIND_MASTER_KEY": "ab" * 32, "TRADEWIND_BASE_URL": "https://app.example",
        "TRADEWIND_APP_SECRETS": f"shopify={SECRET}",
        "TRADEWIND_WORK_QUEUE": "https://sqs.us-east-1.amazonaws.com/1/work",
        "TRADEWIND_SCHEDULE_QUEUE": "https://sqs.us-east-1.amazonaws.com/1/schedule",
        "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
    }  # fmt: skip


def webhook(topic: str) -> dict[str, Any]:
    """A recorded body, signed, as a REST API hands it over."""
    return gateway_event("POST", "/hooks/{marketplace}", {"marketplace": "shopify"}, *_signed(topic))


def url_webhook(topic: str) -> dict[str, Any]:
    """The same as a function URL hands it over."""
    return url_event("POST", "/hooks/shopify", *_signed(topic))


def _signed(topic: str) -> tuple[dict[str, str], bytes]:
    """Headers and body. Raises FileNotFoundError where the reference data is not beside the project."""
    body = (BODIES / TOPICS[topic]).read_bytes()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
    headers = {
        "Content-Type": "application/json", "X-Shopify-Topic": topic, "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Shop-Domain": "bench.myshopify.com", "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5", "X-Shopify-Api-Version": "2026-10",
        "X-Shopify-Triggered-At": "2026-11-23T08:00:00.000000000Z", "User-Agent": "Shopify-Captain-Hook",
        "Accept": "*/*", "Host": "app.example", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https",
    }  # fmt: skip
    return headers, body


def bare() -> Handler:
    """What the least would be: signature and JSON, nothing kept."""
    app = Chalice(app_name="bare")
    app.api.binary_types.append("application/json")

    @app.route("/hooks/{marketplace}", methods=["POST"], content_types=["application/json"])
    def hook(marketplace: str) -> Response:
        request = app.current_request
        if request is None or not isinstance(request.raw_body, bytes):
            raise RuntimeError("Chalice gave no raw body")
        body = request.raw_body
        wanted = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
        if not hmac.compare_digest(wanted, request.headers.get("x-shopify-hmac-sha256", "")):
            return Response("", {"Content-Type": "text/plain"}, 401)
        json.loads(body)
        return Response("", {"Content-Type": "text/plain"}, 200)

    return app


def ours(queue: StubQueue) -> Mapping[str, Handler]:
    """app.py's two doors, with its queue stubbed and its metrics printed into memory."""
    with mock.patch.dict(os.environ, environment()):
        import app
        from chalicelib import aws, bootstrap
        from chalicelib.adapters.clocks import SystemClock
        from chalicelib.adapters.emf import EmfMeter
        from chalicelib.settings import load_settings
        from integrations import MARKETPLACES

        settings = load_settings()
    meter = EmfMeter(SystemClock(), out=_Sink())
    mouth = bootstrap.mouth(settings, MARKETPLACES, queue, SystemClock(), meter)  # type: ignore[arg-type]
    # Plain functions: a mock's own call would take longer than what is measured.
    mock.patch.object(app, "mouth", _giving(mouth)).start()
    mock.patch.object(aws, "meter", _giving(meter)).start()
    return {"rest": app.app, "url": app.hooks}


def _giving[T](value: T) -> Callable[[], T]:
    def give() -> T:
        return value

    return give


class _Sink(io.StringIO):
    """Forgets what is printed."""

    def write(self, text: str, /) -> int:
        """Count it and drop it."""
        return len(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One topic by one door: medians in milliseconds, and the median of the paired ratios."""

    topic: str
    door: str
    ours_ms: float
    bare_ms: float
    ratio: float


def measure() -> Iterator[Pace]:
    """Every topic by every door, beside the bare handler."""
    queue = StubQueue()
    doors, other = ours(queue), bare()
    events = {"rest": webhook, "url": url_webhook}
    try:
        for topic in TOPICS:
            for door, handler in doors.items():
                pairs = _pairs((handler, events[door](topic)), (other, webhook(topic)))
                if not queue.bodies or topic not in queue.bodies[-1]:
                    raise RuntimeError("our path accepted nothing")
                mine, its = (1000 * median(pair[i] for pair in pairs) for i in (0, 1))
                ratio = median(a / b for a, b in pairs)
                yield Pace(topic=topic, door=door, ours_ms=mine, bare_ms=its, ratio=ratio)
    finally:
        mock.patch.stopall()


def _pairs(*peers: tuple[Handler, Mapping[str, Any]]) -> list[tuple[float, float]]:
    found = []
    for place in range(ROUNDS + ROUNDS // 10):
        order = (0, 1) if place % 2 else (1, 0)
        spent = [0.0, 0.0]
        for which in order:
            spent[which] = _timed(*peers[which])
        found.append((spent[0], spent[1]))
    return found[ROUNDS // 10 :]


def _timed(handler: Handler, event: Mapping[str, Any]) -> float:
    told = {**event, "headers": dict(event["headers"])}
    begin = time.perf_counter()
    answer = handler(told, None)
    spent = time.perf_counter() - begin
    if answer["statusCode"] != 200:
        raise RuntimeError(f"a good webhook was answered {answer['statusCode']}")
    return spent
