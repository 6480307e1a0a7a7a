"""The shop's HTTP front: REST, wc-auth, storefront; and the faults that may befall any of them."""

import ssl as tls_module
from collections.abc import Iterable
from typing import Any

from werkzeug import Request, Response

from sandbox.woocommerce_store import faults, rest, storefront, wc_auth
from sandbox.woocommerce_store.faults import FaultKind
from sandbox.woocommerce_store.serving import RunningServer, listen
from sandbox.woocommerce_store.store import WooCommerceStore


def serve(
    store: WooCommerceStore,
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    tls: tls_module.SSLContext | None = None,
) -> RunningServer:
    """Serve a store from background threads; closing it also stops its deliveries."""

    def close() -> None:
        store.faults.close()
        store.outbox.stop()

    running = listen(application(store), host=host, port=port, tls=tls, on_close=close)
    secure = store.shop.site.ssl or tls is not None
    store.shop.site.ssl = secure
    store.shop.site.url = running.url.replace("http://", "https://") if secure else running.url
    if store.deliver == "background":
        store.outbox.start()
    return running


def application(store: WooCommerceStore) -> Any:
    """Give the WSGI application of a store."""

    def run(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        fault = store.faults.take(request)
        replaced = store.faults.instead(fault, environ) if fault else None
        response = replaced or _respond(store, request)
        if fault and fault.kind is FaultKind.LOST_ANSWER:
            faults.reset(environ)
        if fault and fault.kind is FaultKind.TRUNCATED:
            response = faults.truncate(response)
        return response(environ, start_response)

    return run


def _respond(store: WooCommerceStore, request: Request) -> Response:
    secure = store.shop.site.ssl or request.headers.get("X-Forwarded-Proto") == "https"
    authorization = "" if store.faults.strip_authorization else request.headers.get("Authorization", "")
    if request.path.startswith("/wp-json"):
        route = request.path.removeprefix("/wp-json")
        return rest.answer(store.room, request, route, authorization, ssl=secure)
    if "rest_route" in request.args:
        return rest.answer(store.room, request, request.args["rest_route"], authorization, ssl=secure)
    if request.path.startswith("/wc-auth/"):
        return wc_auth.answer(store, request)
    return storefront.answer(store, request)
