"""Somebody who receives webhooks: records every POST and answers as told; for tests and for looking."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request, Response

from sandbox.woocommerce_store.serving import RunningServer, listen


@dataclass(frozen=True, slots=True)
class Received:
    """One POST as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """An HTTP server that answers ``status`` to everything; ``server`` is None until ``listen``."""

    status: int = 200
    received: list[Received] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def listen(self) -> RunningServer:
        """Start receiving."""
        return listen(self.answer)

    def answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Record a request and answer it (this is the WSGI application)."""
        request = Request(environ)
        headers = dict(request.headers)
        with self._lock:
            self.received.append(Received(request.path, headers, request.get_data()))
        return Response("", self.status)(environ, start_response)

    def deliveries(self, topic: str = "") -> list[Received]:
        """Give what was received but pings, of one topic or of all."""
        signed = [one for one in self.received if "X-Wc-Webhook-Topic" in one.headers]
        return [one for one in signed if topic in ("", one.headers["X-Wc-Webhook-Topic"])]
