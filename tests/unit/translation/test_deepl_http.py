"""The official client against a server on this machine: what it sends, and how its failures come out."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chalicelib.contracts import TranslateTexts
from chalicelib.domain.ids import EventId, Locale, ShopId
from chalicelib.errors import AccessRevoked, AppError, QuotaReached, RateLimited, StoreUnavailable
from integrations.deepl.engine import RETRIES, DeepL, connect

REQUEST = TranslateTexts(texts=('Soft &amp; <x id="1"/>',), source=Locale("en"), target=Locale("de"), formality="less")


class Desk(ThreadingHTTPServer):
    """Answers with a status and a body, and keeps what it was sent."""

    status = 200
    body: Any = None
    heard: list[dict[str, Any]]
    daemon_threads = True


class Clerk(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        asked = json.loads(self.rfile.read(length))
        self.server.heard.append({"path": self.path, "key": self.headers["Authorization"], **asked})
        found = [{"text": t.upper(), "detected_source_language": "EN", "billed_characters": 1} for t in asked["text"]]
        self._say({"translations": found} if self.server.body is None else self.server.body)

    def do_GET(self) -> None:
        self._say({"character_count": 12, "character_limit": 500})

    def _say(self, body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def desk() -> Iterator[Desk]:
    server = Desk(("127.0.0.1", 0), Clerk)
    server.heard = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def engine(desk: Desk) -> DeepL:
    connect.cache_clear()
    return connect("secret-key:fx", f"http://127.0.0.1:{desk.server_port}")


def test_what_is_sent(desk: Desk) -> None:
    assert engine(desk).ask(REQUEST, ShopId("s"), EventId("e")) == ('SOFT &AMP; <X ID="1"/>',)
    (heard,) = desk.heard
    assert heard["path"] == "/v2/translate"
    assert heard["key"] == "DeepL-Auth-Key secret-key:fx"
    assert (heard["target_lang"], heard["source_lang"], heard["formality"]) == ("DE", "EN", "prefer_less")
    assert (heard["tag_handling"], heard["ignore_tags"]) == ("xml", ["x"])


def test_one_client_per_key(desk: Desk) -> None:
    assert engine(desk) is connect("secret-key:fx", f"http://127.0.0.1:{desk.server_port}")


def test_usage(desk: Desk) -> None:
    found = engine(desk).usage()
    assert (found.used, found.limit, found.left) == (12, 500, 488)


@pytest.mark.parametrize(
    ("status", "body", "ours", "calls"),
    [
        (403, {"message": "no"}, AccessRevoked, 1),
        (456, {"message": "over"}, QuotaReached, 1),
        (429, {"message": "slow"}, RateLimited, 1 + RETRIES),
        (503, b"<html>down</html>", StoreUnavailable, 1 + RETRIES),
        (200, b"<html>login</html>", StoreUnavailable, 1),
        (200, {"translations": []}, StoreUnavailable, 1),
        (200, {"translations": [{"text": "A"}]}, StoreUnavailable, 1),
        (200, [1], StoreUnavailable, 1),
    ],
)
def test_failures(desk: Desk, status: int, body: Any, ours: type[AppError], calls: int) -> None:
    desk.status, desk.body = status, body
    began = time.monotonic()
    with pytest.raises(ours) as caught:
        engine(desk).ask(REQUEST, ShopId("s"), EventId("e"))
    assert "secret-key" not in f"{caught.value} {caught.value.detail}"
    assert len(desk.heard) == calls
    assert time.monotonic() - began < 20
