"""DeepL's HTTP front: who asks, how much, what; and the faults that may befall it."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from werkzeug import Request, Response

from sandbox.deepl_server import languages, routes, translation
from sandbox.deepl_server.faults import ANSWERED, Fault, FaultKind, Faults, spoil
from sandbox.deepl_server.glossaries import Glossaries
from sandbox.deepl_server.refusal import Refusal
from sandbox.woocommerce_store.faults import reset, truncate
from sandbox.woocommerce_store.serving import RunningServer, listen

MAX_REQUEST_BYTES = 128 * 1024


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class DeepLServer:
    """One account; ``character_limit`` counts characters a period, ``calls`` remembers each path called."""

    auth_key: str
    character_limit: int = 500_000
    clock: Callable[[], datetime] = _now
    character_count: int = 0
    calls: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    glossaries: Glossaries = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.glossaries = Glossaries(self.clock)

    def spend(self, characters: int) -> None:
        """Count characters before they are translated; 456, with nothing spent, where they do not fit."""
        with self.lock:
            if self.character_count + characters > self.character_limit:
                raise Refusal(456, "Quota Exceeded")
            self.character_count += characters


def serve(server: DeepLServer, port: int = 0, *, host: str = "127.0.0.1") -> RunningServer:
    """Serve an account from background threads; port 0 takes a free one."""
    return listen(application(server), host=host, port=port, on_close=server.faults.closing.set)


def application(server: DeepLServer) -> Any:
    """Give the WSGI application of an account."""

    def run(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        server.calls.append(f"{request.method} {request.path}")
        fault = server.faults.take(request.path)
        response = _instead(server, fault, environ) if fault else None
        response = response or _respond(server, request, fault)
        if fault and fault.kind is FaultKind.TRUNCATED:
            response = truncate(response)
        return response(environ, start_response)

    return run


def _instead(server: DeepLServer, fault: Fault, environ: dict[str, Any]) -> Response | None:
    if fault.kind is FaultKind.HANG:
        server.faults.closing.wait(fault.hang_s)
    if fault.kind in {FaultKind.HANG, FaultKind.RESET}:
        reset(environ)
    if fault.kind is FaultKind.HTML:
        return Response("<!doctype html><title>Gateway</title>", 200, content_type="text/html")
    if fault.kind is FaultKind.SERVER_ERROR:
        return _json({"message": "Service unavailable"}, fault.status)
    if fault.kind in ANSWERED:
        status, message = ANSWERED[fault.kind]
        return _json({"message": message}, status)
    return None


def _respond(server: DeepLServer, request: Request, fault: Fault | None) -> Response:
    try:
        data = _body(request)
        if request.headers.get("Authorization", "") != f"DeepL-Auth-Key {server.auth_key}":
            raise Refusal(403, "Forbidden")
        return _route(server, request, data, fault)
    except Refusal as refusal:
        return _json(refusal.body(), refusal.status)


def _body(request: Request) -> dict[str, Any]:
    """Read a JSON or form body of at most 128 KiB; in a form, ``text`` may be given many times."""
    if (request.content_length or 0) > MAX_REQUEST_BYTES and "glossaries" not in request.path:
        request.get_data(cache=False)  # read it all, so that the client sees the answer and not a broken pipe
        raise Refusal(413, "Request Entity Too Large")
    if request.mimetype == "application/json":
        try:
            body = json.loads(request.get_data() or b"{}")
        except (ValueError, RecursionError) as fault:
            raise Refusal(400, "Bad request", "Invalid JSON") from fault
        if not isinstance(body, dict):
            raise Refusal(400, "Bad request", "Invalid JSON")
        return body
    form: dict[str, Any] = dict(request.form)
    if "text" in form:
        form["text"] = request.form.getlist("text")
    return form


def _route(server: DeepLServer, request: Request, data: dict[str, Any], fault: Fault | None) -> Response:
    path, method = request.path.strip("/"), request.method
    if path == "v2/translate" and method == "POST":
        return _translate(server, data, fault)
    if path == "v2/write/rephrase" and method == "POST":
        improvements = translation.rephrase(data)
        server.spend(sum(map(len, translation.read_texts(data))))
        return _json({"improvements": improvements})
    if path == "v2/usage":
        return _json({"character_count": server.character_count, "character_limit": server.character_limit})
    if path == "v2/languages":
        return _json(languages.listing(request.args.get("type", data.get("type", "source"))))
    status, body = routes.answer(server.glossaries, method, path.split("/"), data, request.args)
    if isinstance(body, str):
        return Response(body, status, content_type="text/tab-separated-values; charset=utf-8")
    return _json(body, status) if body is not None else Response(status=status)


def _translate(server: DeepLServer, data: dict[str, Any], fault: Fault | None) -> Response:
    job = translation.read_job(data)
    rows = translation.run(job, server.glossaries)
    server.spend(sum(map(len, job.texts)))
    if fault:
        rows = spoil(fault.kind, rows, job.texts, job.handling.ignored)
    return _json({"translations": rows})


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json; charset=utf-8")
