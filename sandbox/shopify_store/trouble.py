"""Planned faults on the wire: early refusals, resets, half answers."""

import json
import os
import socket
import struct
import time
from collections.abc import Iterable
from typing import Any, NoReturn

from graphql import FieldNode, OperationDefinitionNode
from werkzeug.wrappers import Request, Response

from sandbox.shopify_store import schema
from sandbox.shopify_store.answering import throttled
from sandbox.shopify_store.faults import Fault, Plan
from sandbox.shopify_store.store import UNAUTHORIZED, ShopifyStore

AFTER = (Fault.TRUNCATED, Fault.LOST_ANSWER)
PAGE = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
TOO_MANY = "Exceeded 2 calls per second for api client. Reduce request rates to resume."


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(json.dumps(body), status, headers, mimetype="application/json")


def instead(store: ShopifyStore, request: Request, body: dict[str, Any], plan: Plan) -> Response | None:
    """The answer that a planned fault gives in the place of a real one; None where the call goes ahead."""
    if plan.fault in AFTER:
        return None
    if plan.fault is Fault.HANG:
        time.sleep(plan.seconds)
        return None
    if plan.fault is Fault.RESET:
        reset(request)
    return _refusal(store, body, plan)


def _refusal(store: ShopifyStore, body: dict[str, Any], plan: Plan) -> Response:
    match plan.fault:
        case Fault.TOO_MANY_REQUESTS:
            return json_response({"errors": TOO_MANY}, 429, {"Retry-After": f"{plan.retry_after:.1f}"})
        case Fault.THROTTLED:
            return json_response(throttled(store))
        case Fault.UNAUTHORIZED:
            return json_response({"errors": UNAUTHORIZED}, 401)
        case Fault.HTML:
            return Response(PAGE, 200, mimetype="text/html")
        case Fault.USER_ERRORS:
            return json_response(_user_errors(body, plan))
        case _:
            return json_response({"errors": "Internal Server Error"}, plan.status)


def _user_errors(body: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Every root field of the call answers with one userError and has no effect."""
    document, _ = schema.read(str(body.get("query") or ""))
    operations = (
        [d for d in document.definitions if isinstance(d, OperationDefinitionNode)] if document else []
    )
    roots = [
        node for one in operations for node in one.selection_set.selections if isinstance(node, FieldNode)
    ]
    error = {"field": None, "message": plan.message, "code": plan.code, "elementIndex": None}
    return {"data": {(node.alias or node.name).value: {"userErrors": [error]} for node in roots}}


def afterwards(request: Request, response: Response, plan: Plan) -> Response:
    """Spoils a good answer where the fault wants that."""
    if plan.fault is Fault.LOST_ANSWER:
        reset(request)
    if plan.fault is Fault.TRUNCATED:
        whole = response.get_data()
        response.response = _half(request, whole[: len(whole) // 2])
        response.headers["Content-Length"] = str(len(whole))
    return response


def _half(request: Request, part: bytes) -> Iterable[bytes]:
    yield part
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def reset(request: Request) -> NoReturn:
    """Closes the connection so that the other side sees a reset, not an end; raises ConnectionResetError."""
    connection = request.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The server's own streams still hold the descriptor: another file in its place closes the socket now.
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, connection.fileno())
    os.close(nowhere)
    raise ConnectionResetError("a planned fault reset this connection")
