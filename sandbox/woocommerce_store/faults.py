"""Faults on demand: what a host, its firewall or the network does to the next calls."""

import os
import socket
import struct
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from werkzeug import Request, Response


class FaultKind(StrEnum):
    """What may go wrong with one call."""

    TOO_MANY = "429 with Retry-After"
    FORBIDDEN = "403 and a firewall's HTML page"
    SERVER_ERROR = "5xx"
    HANG = "no answer"
    RESET = "connection reset before anything happened"
    TRUNCATED = "half of the answer's body"
    HTML = "HTML with status 200 where JSON belongs"
    LOST_ANSWER = "the call takes effect, then the connection is reset"


_BEFORE = frozenset(
    {
        FaultKind.TOO_MANY,
        FaultKind.FORBIDDEN,
        FaultKind.SERVER_ERROR,
        FaultKind.HANG,
        FaultKind.RESET,
        FaultKind.HTML,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, for calls whose path contains ``path`` and whose method is ``method`` (where given)."""

    kind: FaultKind
    status: int = 503
    retry_after_s: int = 1
    hang_s: float = 30.0
    path: str = ""
    method: str = ""


@dataclass(slots=True)
class Faults:
    """The faults that wait for their calls, and one that stays: hosts that strip Authorization."""

    strip_authorization: bool = False
    met: Counter[FaultKind] = field(default_factory=Counter)
    _waiting: deque[Fault] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closing: threading.Event = field(default_factory=threading.Event)

    def add(self, fault: Fault, calls: int = 1) -> None:
        """Let the next ``calls`` matching calls meet the fault."""
        with self._lock:
            self._waiting.extend([fault] * calls)

    def clear(self) -> None:
        """Forget every waiting fault."""
        with self._lock:
            self._waiting.clear()

    def close(self) -> None:
        """Let hanging calls end."""
        self._closing.set()

    def take(self, request: Request) -> Fault | None:
        """Take the first waiting fault that is meant for this call."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.path in request.path and fault.method in ("", request.method):
                    del self._waiting[place]
                    self.met[fault.kind] += 1
                    return fault
        return None

    def instead(self, fault: Fault, environ: dict[str, Any]) -> Response | None:
        """Give the answer that replaces the call, None where the call still happens."""
        if fault.kind not in _BEFORE:
            return None
        if fault.kind is FaultKind.HANG:
            self._closing.wait(fault.hang_s)
        if fault.kind in {FaultKind.HANG, FaultKind.RESET}:
            reset(environ)
        return _answer(fault)


def reset(environ: dict[str, Any]) -> None:
    """Reset the connection (RST, not FIN) and end the request."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())  # close() would wait for the handler's own file objects
    raise ConnectionResetError("a fault was asked for")


def truncate(response: Response) -> Response:
    """Promise the whole body and send half of it."""
    whole = response.get_data()
    response.response = [whole[: len(whole) // 2]]
    response.headers["Content-Length"] = str(len(whole))
    response.headers["Connection"] = "close"
    return response


def _answer(fault: Fault) -> Response:
    if fault.kind is FaultKind.TOO_MANY:
        headers = {"Retry-After": str(fault.retry_after_s)}
        return Response("<h1>429 Too Many Requests</h1>", 429, headers, content_type="text/html")
    if fault.kind is FaultKind.FORBIDDEN:
        page = "<html><title>Request blocked</title><h1>403</h1>Your request was blocked by the firewall.</html>"
        return Response(page, 403, content_type="text/html")
    if fault.kind is FaultKind.HTML:
        page = "<!doctype html><title>Maintenance</title><p>Briefly unavailable for scheduled maintenance.</p>"
        return Response(page, 200, content_type="text/html; charset=UTF-8")
    return Response("<h1>There has been a critical error on this website.</h1>", fault.status, content_type="text/html")
