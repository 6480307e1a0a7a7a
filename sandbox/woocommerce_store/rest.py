"""From an HTTP request to a wc/v3 answer: route, authenticate, decode, handle."""

import json
import re
from typing import Any

from werkzeug import Request, Response

from sandbox.woocommerce_store import order_routes, php_json, product_routes, shop_routes
from sandbox.woocommerce_store.authentication import Credentials, authenticate
from sandbox.woocommerce_store.call import Answer, Backroom, Call, Handler
from sandbox.woocommerce_store.query import php_query, plain_arrays
from sandbox.woocommerce_store.rest_errors import RestError, no_route
from sandbox.woocommerce_store.site import Site

_ROUTES = [
    (re.compile(pattern), verbs)
    for pattern, verbs in (*shop_routes.ROUTES, *product_routes.ROUTES, *order_routes.ROUTES)
]
_NAMESPACE = "wc/v3"


def answer(room: Backroom, request: Request, route: str, authorization: str, *, ssl: bool) -> Response:
    """Answer one REST request to ``route`` (the part after /wp-json/)."""
    try:
        return respond(_answer(room, request, route.strip("/"), authorization, ssl=ssl))
    except RestError as fault:
        response = respond(Answer(fault.body(), fault.status))
        if fault.message == "Consumer secret is invalid.":
            response.headers["WWW-Authenticate"] = 'Basic realm="WooCommerce API"'
        return response


def respond(given: Answer) -> Response:
    """Turn an answer into an HTTP response with WordPress' headers."""
    response = Response(php_json.encode(given.body), given.status, content_type="application/json; charset=UTF-8")
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Access-Control-Expose-Headers"] = "X-WP-Total, X-WP-TotalPages, Link"
    for name, value in given.headers.items():
        response.headers[name] = value
    return response


def _answer(room: Backroom, request: Request, route: str, authorization: str, *, ssl: bool) -> Answer:
    if route in {"", _NAMESPACE}:
        return Answer(_index(room.shop.site, route))
    if not route.startswith(f"{_NAMESPACE}/"):
        raise no_route()
    handler, ids = _match(route.removeprefix(f"{_NAMESPACE}/"), request.method)
    query = php_query(request.query_string)
    form = php_query(request.get_data()) if request.mimetype == "application/x-www-form-urlencoded" else {}
    shown = Credentials(
        method=request.method,
        path=_raw_path(request),
        params={**query, **form},
        authorization=authorization,
        ssl=ssl,
    )
    with room.shop.lock:
        if authenticate(room.shop, shown) is None:
            raise _unauthenticated(request.method, route, ids)
        call = Call(method=request.method, query=plain_arrays(query), body=form or _json(request), ids=ids)
        given = handler(room, call)
    if given.after:
        given.after()
    return given


def _match(path: str, method: str) -> tuple[Handler, tuple[int, ...]]:
    for pattern, verbs in _ROUTES:
        found = pattern.fullmatch(path)
        verb = "GET" if method == "HEAD" else method
        if found and verb in verbs:
            return verbs[verb], tuple(int(number) for number in found.groups())
    raise no_route()


def _raw_path(request: Request) -> str:
    """Give the path as it was sent, percent signs and all: that is what OAuth signs."""
    return str(request.environ.get("RAW_URI", request.path)).partition("?")[0]


def _json(request: Request) -> dict[str, Any]:
    data = request.get_data()
    if not data.strip() or "json" not in request.mimetype:
        return {}
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as fault:
        raise RestError(
            "rest_invalid_json",
            "Invalid JSON body passed.",
            400,
            json_error_code=4,
            json_error_message="Syntax error",
        ) from fault
    return body if isinstance(body, dict) else {}


def _unauthenticated(method: str, route: str, ids: tuple[int, ...]) -> RestError:
    if route.endswith("/batch"):
        return _refusal("batch", "Sorry, you are not allowed to batch manipulate this resource.")
    if method in {"GET", "HEAD"}:
        what = "view this resource" if ids else "list resources"
        return _refusal("view", f"Sorry, you cannot {what}.")
    if method == "DELETE":
        return _refusal("delete", "Sorry, you are not allowed to delete this resource.")
    if ids:
        return _refusal("edit", "Sorry, you are not allowed to edit this resource.")
    return _refusal("create", "Sorry, you are not allowed to create resources.")


def _refusal(verb: str, message: str) -> RestError:
    return RestError(f"woocommerce_rest_cannot_{verb}", message, 401)


def _index(site: Site, route: str) -> dict[str, Any]:
    if route:
        return {"namespace": _NAMESPACE, "routes": {}}
    return {
        "name": site.name,
        "description": "",
        "url": site.url,
        "home": site.url,
        "gmt_offset": "0",
        "timezone_string": str(site.zone),
        "namespaces": ["oembed/1.0", "wc/v1", "wc/v2", _NAMESPACE, "wc/store/v1", "wp/v2"],
        "authentication": {},
        "routes": {},
    }
