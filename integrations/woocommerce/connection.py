"""One WooCommerce store's REST API: addresses and signatures by the official package, sent by our transport.

The package (3.0.0) would send through a module-level ``requests.request``: a new connection per call, no
retry, no guard, keys in the caller's parameters. So only its URL building and OAuth 1.0a are used here, and
nothing else of the product touches it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import TypeAdapter, ValidationError
from woocommerce import api as official

from chalicelib.contracts import CredentialSource
from chalicelib.domain.shop import Shop
from chalicelib.errors import AccessRevoked, AppError, Gone, ScopeMissing, StoreUnavailable
from integrations import envelope
from integrations.http import Answer, Call, Transport, error_of

LARGEST_PAGE = 100
LARGEST_BATCH = 100
NO_API = (
    "WooCommerce's REST API does not answer at this address. If it is right: in WordPress, open Settings, Permalinks, "
    "and choose any other than plain."
)
_UNSEEN = "woocommerce_rest_cannot_"
_AUTHENTICATION = "woocommerce_rest_authentication_error"


class Connection:
    """Sends one store's calls under its key; https uses Basic, plain http (sandbox only) OAuth 1.0a.

    Some hosts strip the Authorization header: when a call comes back as if unsigned, the key goes into the
    query string instead, and the connection remembers that.
    """

    def __init__(self, shop: Shop, credentials: CredentialSource, transport: Transport) -> None:
        self._shop, self._credentials, self._transport = shop, credentials, transport
        self._in_query = False

    def get(self, path: str, **params: str | int) -> Answer:
        """Read one resource or one page."""
        return self._call("GET", path, params, None)

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change one resource; safe to repeat."""
        return self._call("PUT", path, {}, body).data

    def post(self, path: str, body: Mapping[str, Any], *, idempotent: bool = False) -> Any:
        """Create a resource, or change many with a batch (which alone is safe to repeat)."""
        return self._call("POST", path, {}, body, idempotent=idempotent).data

    def delete(self, path: str, **params: str | int) -> None:
        """Delete one resource."""
        self._call("DELETE", path, params, None)

    def update_all(self, path: str, items: Sequence[Mapping[str, Any]]) -> dict[int, AppError]:
        """Update many through ``path``/batch, a hundred at a time; answers the errors by id."""
        errors: dict[int, AppError] = {}
        for start in range(0, len(items), LARGEST_BATCH):
            part = items[start : start + LARGEST_BATCH]
            answer = self.post(f"{path}/batch", {"update": list(part)}, idempotent=True)
            rows = answer.get("update") if isinstance(answer, dict) else None
            if not isinstance(rows, list):
                raise StoreUnavailable(detail=f"POST {path}/batch: not a batch's answer")
            errors |= {int(row["id"]): _row_error(row["error"]) for row in rows
                       if isinstance(row, dict) and isinstance(row.get("error"), dict)}  # fmt: skip
        return errors

    def index(self) -> Any:
        """WordPress' own front door, which needs no key."""
        url = f"{self._shop.endpoint.rstrip('/')}/wp-json/?_fields=name,timezone_string"
        return self._transport.send(self._request("GET", "index", lambda: url, {}, None)).data

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int],
        body: Mapping[str, Any] | None,
        *,
        idempotent: bool = False,
    ) -> Answer:
        try:
            return self._signed(method, path, params, body, idempotent=idempotent)
        except _Unsigned as error:
            if self._in_query or not self._secure:
                raise AccessRevoked(detail=error.detail) from None
        self._in_query = True
        try:
            return self._signed(method, path, params, body, idempotent=idempotent)
        except _Unsigned as error:
            self._in_query = False
            raise AccessRevoked(detail=error.detail) from None

    def _signed(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int],
        body: Mapping[str, Any] | None,
        *,
        idempotent: bool,
    ) -> Answer:
        values = self._credentials.current().values
        key, secret = values.get("consumer_key", ""), values.get("consumer_secret", "")
        api: Any = official.API(self._shop.endpoint, key, secret)  # type: ignore[no-untyped-call]
        url, headers = self._addressed(api, method, path, params), {}
        if self._secure and not self._in_query:
            headers["authorization"] = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
        data = None if body is None else json.dumps(body).encode()
        call = self._request(method, path, url, headers, data, idempotent=idempotent)
        return self._transport.send(call, _explain)

    def _addressed(self, api: Any, method: str, path: str, params: Mapping[str, str | int]) -> Callable[[], str]:
        """How each attempt gets its URL: a nonce must not be sent twice, so every attempt signs anew."""
        query = {name: str(value) for name, value in params.items()}
        if self._secure and self._in_query:
            query |= {"consumer_key": api.consumer_key, "consumer_secret": api.consumer_secret}
        base = api._API__get_url(path)
        url = f"{base}?{urlencode(query)}" if query else base
        return (lambda: url) if self._secure else (lambda: str(api._API__get_oauth_url(url, method)))

    @property
    def _secure(self) -> bool:
        return urlsplit(self._shop.endpoint).scheme == "https"

    def _request(
        self,
        method: str,
        path: str,
        url: Callable[[], str],
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        idempotent: bool = False,
    ) -> Call:
        sent = {"accept": "application/json", "user-agent": "Tradewind", **headers}
        if body is not None:
            sent["content-type"] = "application/json; charset=utf-8"
        return Call(
            method=method,
            url=url,
            what=f"{method} {path.partition('/')[0]}",
            shop=self._shop.id,
            headers=sent,
            body=body,
            idempotent=idempotent,
            sandbox=self._shop.sandbox,
        )


def parsed[T](kind: type[T], data: Any) -> T:
    """Read an answer as a model. Raises StoreUnavailable where it is something else; its text is not kept."""
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        detail = f"an answer of another shape: {error.error_count()} fields"
    raise StoreUnavailable(detail=detail)


class _Unsigned(AppError):
    """The store saw no key at all."""


def _explain(answer: Answer) -> AppError | None:
    """WooCommerce's own error words; the status table reads the rest."""
    if answer.status == 404 and answer.data is None:
        return StoreUnavailable(NO_API, detail="HTTP 404 with a web page")
    if answer.status < 400 or not isinstance(answer.data, dict):
        return None
    return _reading(answer.status, envelope.word(answer.data.get("code")), answer.data.get("message"))


def _row_error(error: Mapping[str, Any]) -> AppError:
    """The error of one row of a batch."""
    data = error.get("data")
    status = data.get("status") if isinstance(data, dict) else None
    code = envelope.word(error.get("code"))
    number = status if isinstance(status, int) else 400
    known = _reading(number, code, error.get("message"))
    if isinstance(known, _Unsigned):
        return ScopeMissing(detail=known.detail)
    return known or error_of(Answer(status=number, headers={}, body=b"")) or StoreUnavailable(detail=code)


def _refused(message: str, detail: str) -> AppError:
    """The store knows how to read our key and does not take it."""
    if "permissions" in message:
        return ScopeMissing("The key may only read. Make one that may write.", detail=detail)
    if "signature" in message:  # over plain http the address is signed too
        return AccessRevoked(
            "The store does not accept the secret, or it is reached by another address than the one that WordPress "
            "names in Settings, General.", detail=detail,
        )  # fmt: skip
    return AccessRevoked(detail=detail)


def _reading(status: int, code: str, message: object) -> AppError | None:
    detail = f"HTTP {status} {code}"
    if code == "rest_no_route":
        return StoreUnavailable("WooCommerce's REST API does not answer. Is the plug-in active?", detail=detail)
    if code.endswith("_invalid_id") or code == "woocommerce_rest_term_invalid":
        return Gone(detail=detail)
    if code == _AUTHENTICATION:
        return _refused(str(message), detail)
    if status == 401 and code.startswith(_UNSEEN):
        return _Unsigned(detail=detail)
    return None
