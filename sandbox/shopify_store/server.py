"""The shop over HTTP: Admin API, token endpoint, bulk files, storefront and admin pages."""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.shopify_store import admin_pages, schema, storefront, trouble
from sandbox.shopify_store.records import Plan, gid
from sandbox.shopify_store.store import ShopifyStore

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LARGEST_BODY = 20_000_000
LARGEST_UPLOAD = 200_000_000
# The storefront runs no script, and no text of the shop may make it run one.
SAFE = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action *",
    "X-Content-Type-Options": "nosniff",
}
ROUTES = Map(
    [
        Rule("/admin/api/<version>/graphql.json", endpoint="graphql", methods=["POST"]),
        Rule("/admin/oauth/access_token", endpoint="access_token", methods=["POST"]),
        Rule("/admin/oauth/authorize", endpoint="authorize", methods=["GET"]),
        Rule("/admin/oauth/approve", endpoint="approve", methods=["POST"]),
        Rule("/admin/oauth/install", endpoint="install", methods=["GET", "POST"]),
        Rule("/admin/apps/<client>", endpoint="app", methods=["GET"]),
        Rule("/admin/charges/<int:number>/confirm", endpoint="charge", methods=["GET", "POST"]),
        Rule("/admin/orders", endpoint="orders", methods=["GET"]),
        Rule("/admin/orders/<int:number>", endpoint="order", methods=["GET"]),
        Rule("/bulk/<token>.jsonl", endpoint="bulk", methods=["GET"]),
        Rule("/uploads", endpoint="upload", methods=["POST"]),
        Rule("/images/<int:number>.svg", endpoint="image", methods=["GET"]),
        Rule("/", endpoint="listing", methods=["GET"]),
        Rule("/cart.js", endpoint="cart", methods=["GET"]),
        Rule("/apps/<subpath>", endpoint="proxy", methods=["GET"]),
        Rule("/products/<handle>.js", endpoint="product_data", methods=["GET"]),
        Rule("/products/<handle>", endpoint="product", methods=["GET"]),
        Rule("/<locale>", endpoint="listing", methods=["GET"]),
        Rule("/<locale>/products/<handle>", endpoint="product", methods=["GET"]),
    ]
)


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
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """The sandbox writes no access log, but its own mistakes must be seen."""
        if type == "error":
            super().log(type, message, *args)

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002
        """Connections that a fault reset are no news."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Neither are connections that the caller gave up; nothing more can be read from them."""
        self.close_connection = True


def serve(store: ShopifyStore, port: int = 0, host: str = "127.0.0.1") -> RunningServer:
    """Serves the shop in a thread, on a free port by default; the schema is built before the first call."""
    schema.load()
    server = make_server(host, port, Site(store), threaded=True, request_handler=_Quiet)
    url = f"http://{host}:{server.server_port}"
    store.base_url = url
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="shopify-store", daemon=True
    )
    thread.start()
    return RunningServer(url, server, thread)


class Site:
    """The WSGI application of one shop."""

    def __init__(self, store: ShopifyStore) -> None:
        self.store = store

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Answers one request."""
        request = Request(environ)
        request.max_content_length = LARGEST_UPLOAD if request.path == "/uploads" else LARGEST_BODY
        response: Any
        try:
            endpoint, arguments = ROUTES.bind_to_environ(environ).match()
            response = getattr(self, f"on_{endpoint}")(request, **arguments)
        except HTTPException as error:
            response = error
        return response(environ, start)  # type: ignore[no-any-return]

    # --- the Admin API

    def on_graphql(self, request: Request, version: str) -> Response:
        """The Admin API: whatever version is asked for, 2026-10 answers and says so."""
        body = _read_json(request)
        if body is None:
            return trouble.json_response({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        plan = self.store.faults.next(str(body.get("query", "")))
        early = trouble.instead(self.store, request, body, plan) if plan else None
        if early:
            return early
        answer = self.store.graphql(body, request.headers.get("X-Shopify-Access-Token"))
        self._start_bulk()
        response = trouble.json_response(answer.body, answer.status, {"X-Shopify-API-Version": "2026-10"})
        return trouble.afterwards(request, response, plan) if plan else response

    def _start_bulk(self) -> None:
        with self.store.lock:
            waiting = any(one.status == "CREATED" for one in self.store.state.all("BulkOperation"))
        if waiting:
            threading.Thread(target=self.store.run_bulk_operations, name="shopify-bulk", daemon=True).start()

    def on_bulk(self, _request: Request, token: str) -> Response:
        """A bulk operation's result file."""
        path = self.store.bulk_result(token)
        if path is None:
            raise NotFound
        return Response(path.open("rb"), mimetype="application/jsonl", direct_passthrough=True)

    def on_upload(self, request: Request) -> Response:
        """A staged upload: a form with the promised key and the file."""
        file = request.files.get("file")
        if not request.form.get("key") or file is None:
            raise BadRequest("a staged upload is a form with key and file")
        self.store.uploads[request.form["key"]] = file.read()
        return Response(status=201)

    # --- tokens and consent

    def on_access_token(self, request: Request) -> Response:
        """The token endpoint, which takes a form or JSON."""
        given = _read_json(request) if request.is_json else request.form.to_dict()
        form = {key: str(value) for key, value in (given or {}).items()}
        with self.store.lock:
            status, body = self.store.desk.answer(form)
        return trouble.json_response(body, status)

    def on_authorize(self, request: Request) -> Response:
        """The page that asks the merchant for consent."""
        query = request.args.to_dict()
        problem = self.store.desk.check_authorize(query)
        if problem:
            return Response(problem, 400, mimetype="text/plain")
        fields = {name: query.get(name, "") for name in ("client_id", "redirect_uri", "state")}
        scopes = self.store.tokens.scopes
        return _page(admin_pages.consent(self.store.state, self.store.app_title, scopes, fields))

    def on_approve(self, request: Request) -> Response:
        """The merchant's yes: back to the app with a code."""
        form = request.form.to_dict()
        problem = self.store.desk.check_authorize(form)
        if problem:
            return Response(problem, 400, mimetype="text/plain")
        with self.store.lock:
            return _redirect(self.store.desk.consent(form))

    def on_install(self, request: Request) -> Response:
        """The consent page of an installation that Shopify manages, and the merchant's yes to it."""
        tokens = self.store.tokens
        if request.values.get("client_id") != tokens.client_id:
            raise NotFound
        if request.method == "GET":
            fields = {"client_id": tokens.client_id}
            page = admin_pages.consent(
                self.store.state, self.store.app_title, tokens.scopes, fields, action="/admin/oauth/install"
            )
            return _page(page)
        self.store.installed = True
        return _redirect(f"/admin/apps/{tokens.client_id}")

    def on_app(self, _request: Request, client: str) -> Response:
        """The app inside the admin: a frame around its address, signed for this moment."""
        if client != self.store.tokens.client_id:
            raise NotFound
        if not self.store.installed:
            return _redirect(f"/admin/oauth/install?client_id={client}")
        with self.store.lock:
            html = admin_pages.framed(self.store.state, self.store.app_title, self.store.opened_app())
        policy = f"{SAFE['Content-Security-Policy']}; frame-src {self.store.application_url}"
        return Response(html, headers={**SAFE, "Content-Security-Policy": policy}, mimetype="text/html")

    def on_charge(self, request: Request, number: int) -> Response:
        """What the app wants to be paid, and the merchant's yes to it."""
        plan = self.store.state.find(gid("AppSubscription", number))
        if not isinstance(plan, Plan):
            raise NotFound
        if request.method == "GET":
            return _page(admin_pages.charge(self.store.state, self.store.app_title, plan))
        self.store.approve_plan(plan)
        return _redirect(plan.return_url)

    # --- pages

    def on_orders(self, _request: Request) -> Response:
        """The merchant's list of orders."""
        with self.store.lock:
            return _page(admin_pages.orders(self.store.state))

    def on_order(self, _request: Request, number: int) -> Response:
        """One order as the merchant sees it."""
        with self.store.lock:
            try:
                record = self.store.order(number)
            except KeyError:
                raise NotFound from None
            return _page(admin_pages.order(self.store.state, record, self.store.app_title))

    def on_listing(self, request: Request, locale: str | None = None) -> Response:
        """The storefront's products."""
        page = request.args.get("page", 1, type=int)
        with self.store.lock:
            mine = self._locale(locale)
            return _page(storefront.listing(self.store.state, mine, request.args.get("q", ""), max(1, page)))

    def on_product(self, request: Request, handle: str, locale: str | None = None) -> Response:
        """One product's page (in a market's texts with ``?market=HANDLE``), or a redirect where its handle moved."""
        with self.store.lock:
            mine = self._locale(locale)
            product = storefront.find(self.store.state, handle, mine)
            if product:
                market = storefront.market_of(self.store.state, request.args.get("market", ""))
                return _page(storefront.page(self.store.state, product, mine, market))
            path = f"/products/{handle}"
            moved = [one for one in self.store.state.all("UrlRedirect") if one.path == path]
        if not moved:
            raise NotFound
        return _redirect(moved[0].target)

    def _locale(self, wanted: str | None) -> str:
        state = self.store.state
        locale = state.locales.get(wanted or state.primary_locale)
        if locale is None or not locale.published or (wanted and locale.primary):
            raise NotFound
        return locale.locale

    def on_cart(self, _request: Request) -> Response:
        """The buyer's cart, as themes read it: always empty, for nothing can be bought."""
        return trouble.json_response({"items": [], "item_count": 0, "currency": self.store.state.currency}, 200)

    def on_product_data(self, _request: Request, handle: str) -> Response:
        """One product as themes read it; prices in hundredths."""
        with self.store.lock:
            product = storefront.find(self.store.state, handle, self.store.state.primary_locale)
            if product is None:
                raise NotFound
            return trouble.json_response(storefront.data(product), 200)

    def on_proxy(self, request: Request, subpath: str) -> Response:
        """The app proxy: the storefront's own address, answered by the app, which can see who asks."""
        with self.store.lock:
            forward = self.store.proxied(subpath, list(request.args.items(multi=True)))
        if forward is None:
            raise NotFound
        answer = self.store.proxy(forward)
        headers = {name: str(value) for name, value in answer["headers"].items()}
        return Response(answer["body"], answer["statusCode"], headers)

    def on_image(self, _request: Request, number: int) -> Response:
        """A product's drawn picture."""
        with self.store.lock:
            drawn = storefront.picture(self.store.state, number)
        if drawn is None:
            raise NotFound
        return Response(drawn, headers={**SAFE, "Cache-Control": "max-age=3600"}, mimetype="image/svg+xml")


def _read_json(request: Request) -> dict[str, Any] | None:
    try:
        body = json.loads(request.get_data())
    except (ValueError, UnicodeDecodeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _page(html: str) -> Response:
    return Response(html, headers=SAFE, mimetype="text/html")


def _redirect(target: str) -> Response:
    return redirect(target, 302)
