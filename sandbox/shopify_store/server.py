"""The shop over HTTP: the Admin API with its faults, token endpoints, storefront and admin pages."""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from sandbox.shopify_store.faults import Fault, Plan
from sandbox.shopify_store.store import UNAUTHORIZED, ShopifyStore

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROUTES = Map(
    [
        Rule("/admin/api/<version>/graphql.json", endpoint="graphql", methods=["POST"]),
    ]
)
LARGEST_BODY = 20_000_000


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server thread and its address, such as http://127.0.0.1:40123."""

    url: str
    server: BaseWSGIServer
    thread: threading.Thread

    def close(self) -> None:
        """Stops serving and frees the port."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """The sandbox writes no access log."""


def serve(store: ShopifyStore, port: int = 0, host: str = "127.0.0.1") -> RunningServer:
    """Serves the shop in a thread, on a free port by default."""
    server = make_server(host, port, Site(store), threaded=True, request_handler=_Quiet)
    url = f"http://{host}:{server.server_port}"
    store.base_url = url
    thread = threading.Thread(target=server.serve_forever, name="shopify-store", daemon=True)
    thread.start()
    return RunningServer(url, server, thread)


class Site:
    """The WSGI application of one shop."""

    def __init__(self, store: ShopifyStore) -> None:
        self.store = store

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Answers one request."""
        request = Request(environ)
        request.max_content_length = LARGEST_BODY
        try:
            endpoint, arguments = ROUTES.bind_to_environ(environ).match()
            response = getattr(self, f"on_{endpoint}")(request, **arguments)
        except HTTPException as error:
            response = error
        return response(environ, start)  # type: ignore[no-any-return]

    def on_graphql(self, request: Request, version: str) -> Response:
        """The Admin API: whatever version is asked for, 2026-10 answers and says so."""
        body = _read(request)
        if body is None:
            return _json({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        plan = self.store.faults.next(str(body.get("query", "")))
        if plan:
            early = self._before(request, plan)
            if early:
                return early
        answer = self.store.graphql(body, request.headers.get("X-Shopify-Access-Token"))
        response = _json(answer.body, answer.status)
        response.headers["X-Shopify-API-Version"] = "2026-10"
        return _after(request, plan, response) if plan else response

    def _before(self, request: Request, plan: Plan) -> Response | None:
        match plan.fault:
            case Fault.TOO_MANY_REQUESTS:
                body = {
                    "errors": "Exceeded 2 calls per second for api client. Reduce request rates to resume."
                }
                return _json(body, 429, {"Retry-After": f"{plan.retry_after:.1f}"})
            case Fault.THROTTLED:
                return _json(self.store.throttled(), 200)
            case Fault.SERVER_ERROR:
                return _json({"errors": "Internal Server Error"}, plan.status)
            case Fault.UNAUTHORIZED:
                return _json({"errors": UNAUTHORIZED}, 401)
            case Fault.HTML:
                page = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
                return Response(page, 200, mimetype="text/html")
            case Fault.USER_ERRORS:
                return _json(_refusal(_read(request) or {}, plan), 200)
            case Fault.HANG:
                time.sleep(plan.seconds)
            case Fault.RESET:
                _reset(request)
        return (
            None if plan.fault in (Fault.TRUNCATED, Fault.LOST_ANSWER, Fault.HANG) else Response(status=502)
        )


def _read(request: Request) -> dict[str, Any] | None:
    try:
        body = json.loads(request.get_data())
    except (ValueError, UnicodeDecodeError):
        return None
    return body if isinstance(body, dict) else None


def _json(body: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, headers, mimetype="application/json")


def _refusal(body: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Every mutation of the call answers with one userError and has no effect."""
    from graphql import FieldNode, parse

    names = [
        (node.alias or node.name).value
        for definition in parse(str(body["query"])).definitions
        for node in getattr(getattr(definition, "selection_set", None), "selections", ())
        if isinstance(node, FieldNode)
    ]
    error = {"field": None, "message": plan.message, "code": plan.code, "elementIndex": None}
    return {"data": {name: {"userErrors": [error]} for name in names}}


def _after(request: Request, plan: Plan, response: Response) -> Response:
    if plan.fault is Fault.LOST_ANSWER:
        _reset(request)
    if plan.fault is Fault.TRUNCATED:
        whole = response.get_data()
        half = whole[: len(whole) // 2]
        response.response = _then_reset(request, half)
        response.headers["Content-Length"] = str(len(whole))
    return response


def _then_reset(request: Request, part: bytes) -> Iterable[bytes]:
    yield part
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def _reset(request: Request) -> None:
    """Closes the connection so that the other side sees a reset, not an end."""
    connection = request.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
