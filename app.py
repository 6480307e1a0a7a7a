"""Tradewind on AWS: every route and every Lambda handler.

A store event becomes proposals, guardrails sift them, an adapter applies them, a journal can undo them::

    store ──webhook──► hooks (accept) ──► work queue ──► work ──► store
    clock ──► tick ──► schedule queue ──► scheduled (sync, reconcile, train, propose, jobs)
    people ──pages──► app          buyers ──► storefront
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from chalice import Chalice, Response
from chalice.app import Request

from chalicelib import accepting, aws, function_url
from chalicelib.contracts import RawRequest
from chalicelib.errors import Retryable
from integrations import MARKETPLACES

if TYPE_CHECKING:
    from chalicelib.services import Services

app = Chalice(app_name="tradewind")
app.api.binary_types[:] = ["application/json", "multipart/form-data"]  # byte-exact; no page is an image

def metered[**P, T](handler: Callable[P, T]) -> Callable[P, T]:
    """Hand in what was counted when a handler ends."""

    @wraps(handler)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return handler(*args, **kwargs)
        finally:
            aws.flush()

    return run


JSON, FORM, FILES = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
TEXT: dict[str, str | list[str]] = {"Content-Type": "text/plain"}
PAGE_DEPTH = 6


@cache
def mouth() -> accepting.Mouth:
    """The accepting path's few needs, made at the first webhook."""
    return aws.mouth(MARKETPLACES)


@cache
def services() -> "Services":
    """Everything else, made when it is first needed."""
    from functions import FUNCTIONS
    from integrations.engines import engines
    from integrations.http import Transport

    mine = aws.settings()
    reach = Transport(sandbox=mine.sandbox)
    found = engines(
        deepl_key=mine.deepl_key, deepl_url=mine.deepl_url, transport=None if mine.sandbox else reach, feeds=reach
    )
    return aws.services(FUNCTIONS, MARKETPLACES, found, reach)


@app.lambda_function(name="hooks")
@metered
def hooks(event: dict[str, Any], context: Any) -> Mapping[str, Any]:
    """Webhooks (a function URL, which no gateway makes dearer)."""
    return function_url.take(event, mouth())


@app.route("/hooks/{marketplace}", methods=["POST"], content_types=[JSON, FORM])
@metered
def hook(marketplace: str) -> Response:
    """The same at the app's own address, where an app's configuration file may only name that."""
    return _accept(marketplace, "")


@app.route("/hooks/{marketplace}/{account}", methods=["POST"], content_types=[JSON, FORM])
@metered
def hook_of_shop(marketplace: str, account: str) -> Response:
    """One address per shop."""
    return _accept(marketplace, account)


def _accept(marketplace: str, account: str) -> Response:
    if marketplace not in MARKETPLACES:
        return Response("Not found", TEXT, 404)
    try:
        answer = accepting.receive(marketplace, raw(app.current_request, account), mouth())
    except Retryable:  # Chalice's own 500 is JSON, which it turns into 400 where nobody asked for JSON
        return Response("Try again later.", TEXT, 503)
    return Response(answer.text, TEXT, answer.status)


def raw(request: Request | None, account: str = "") -> RawRequest:
    """The request with its body as the bytes that were sent."""
    assert request is not None  # noqa: S101  Chalice sets it before it calls a route
    query: Mapping[str, str] = request.query_params or {}
    body = request.raw_body
    given: Mapping[str, str] = request.to_original_event()["headers"] or {}  # Chalice's own mapping is slow to read
    return RawRequest(
        method=request.method, path=request.path, account=account,
        body=body if isinstance(body, bytes) else body.encode(),
        headers={name.lower(): value for name, value in given.items()},
        query={name: query[name] for name in query},
    )  # fmt: skip


def page(**parts: str) -> Response:
    """Pages and their forms; the web package knows the paths."""
    from chalicelib.web.routes import respond

    path = "/" + "/".join(parts.values())  # Chalice names the route, not the path that was asked for
    answer = respond(services(), replace(raw(app.current_request), path=path))
    return Response(answer.body, dict(answer.headers), answer.status)


for depth in range(PAGE_DEPTH):
    path = "/" + "/".join(f"{{part{number}}}" for number in range(depth))
    app.route(path, methods=["GET", "POST"], content_types=[JSON, FORM, FILES])(page)


@app.lambda_function(name="work")
@metered
def work(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Store events from the work queue."""
    from chalicelib import working

    return working.work(services(), services().queue, event, context.get_remaining_time_in_millis)


@app.lambda_function(name="scheduled")
@metered
def scheduled(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Long work from the schedule queue."""
    from chalicelib import working

    return working.work(services(), services().schedule, event, context.get_remaining_time_in_millis)


@app.lambda_function(name="tick")
@metered
def tick(event: dict[str, Any], context: Any) -> dict[str, int]:
    """The clock: one message per shop; ``event["schedule"]`` says which."""
    from chalicelib import ticking

    return {"shops": ticking.tick(services(), event["schedule"])}


@app.lambda_function(name="storefront")
@metered
def storefront(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Recommendations while a buyer waits (a function URL)."""
    from chalicelib.web.storefront import answer

    return answer(services(), event)
