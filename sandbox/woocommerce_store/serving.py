"""A small threaded HTTP/1.1 server around a WSGI application, quiet and quick to close."""

import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class _QuietHandler(WSGIRequestHandler):
    """Keeps connections alive, buffers writes (one packet an answer), prints nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is werkzeug's
        """Say nothing: the sandbox prints no requests."""

    def handle(self) -> None:
        """Serve until the connection ends, however it ends."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def finish(self) -> None:
        """Close quietly even where the other side is gone."""
        try:
            super().finish()
        except OSError:
            self.close_connection = True


@dataclass(slots=True)
class RunningServer:
    """A server that listens; close it, or use it as a context manager."""

    url: str
    _server: BaseWSGIServer
    _thread: threading.Thread
    _on_close: Callable[[], None]

    def close(self) -> None:
        """Stop listening and end what hangs."""
        self._on_close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def listen(
    application: Any,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    on_close: Callable[[], None] = lambda: None,
) -> RunningServer:
    """Serve ``application`` from a background thread; port 0 takes a free one."""
    server = make_server(host, port, application, threaded=True, request_handler=_QuietHandler, ssl_context=tls)
    if isinstance(server, socketserver.ThreadingMixIn):
        server.daemon_threads, server.block_on_close = True, False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    url = f"{'https' if tls else 'http'}://{host}:{server.server_port}"
    return RunningServer(url, server, thread, on_close)
