"""One Shopify store's Admin API (GraphQL, 2026-10): who calls, at what cost, and what an answer means.

Errors come in four dresses: HTTP statuses, ``errors`` beside a status of 200 (THROTTLED among them),
``userErrors`` inside the data, and a body that is no answer at all. All end here as ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from chalicelib.contracts import CredentialSource
from chalicelib.domain.shop import Shop
from chalicelib.errors import (
    AccessRevoked,
    AppError,
    Gone,
    RateLimited,
    ScopeMissing,
    StaleState,
    StoreUnavailable,
    UnsupportedAction,
)
from integrations import envelope
from integrations.answer import told_at
from integrations.http import Answer, Budget, Call, Transport, Window
from integrations.shopify import library, operations
from integrations.shopify.cost import Bucket, throttled_for_s

VERSION = "2026-10"
_EARLY = timedelta(seconds=60)
"""A token this close to its end is refreshed before it is used."""

# Not safe to send twice when the answer was lost; everything else sets a state or only reads.
_ONCE = frozenset({"RedirectUrl", "Subscribe", "StartExport"})

_CODES: Mapping[str, type[AppError]] = {
    "STALE_OBJECT": StaleState, "INVALID_COMPARE_DIGEST": StaleState,
    "INVALID_TRANSLATABLE_CONTENT": StaleState,
    "ACCESS_DENIED": ScopeMissing, "APP_NOT_AUTHORIZED": ScopeMissing,
    "SHOP_INACTIVE": AccessRevoked, "RESOURCE_NOT_FOUND": Gone,
    "INTERNAL_SERVER_ERROR": StoreUnavailable, "INTERNAL_ERROR": StoreUnavailable,
    "TIMEOUT": StoreUnavailable, "OPERATION_IN_PROGRESS": StoreUnavailable,
    "LIMIT_REACHED": StoreUnavailable,
}  # fmt: skip
_FILE = Budget(seconds=120.0)
_GONE = ("NOT_FOUND", "DOES_NOT_EXIST")


class Connection:
    """Runs operations by name under one store's token, which is refreshed when it has run out."""

    def __init__(self, shop: Shop, credentials: CredentialSource, transport: Transport) -> None:
        self._shop, self._credentials, self._transport = shop, credentials, transport
        self._bucket = Bucket(transport.now)
        self.version = VERSION
        """What the store answered with: it falls forward in silence when a version is no longer served."""
        self.told_at: datetime | None = None
        """The store's own clock at its last answer."""

    @property
    def installed(self) -> bool:
        """Whether the token came by installing our app, whose own file then declares its webhooks."""
        return bool(self._credentials.current().values.get("client_id"))

    def run(self, name: str, *, places: int = 1, **variables: Any) -> Mapping[str, Any]:
        """The data of one operation, which may ask about several languages at once.

        Raises what its answer means; userErrors are the caller's to judge.
        """
        document = operations.document(name, places)
        credentials = self._credentials.current()
        ends_at = credentials.expires_at
        if ends_at is not None and ends_at - _EARLY <= datetime.now(UTC):
            credentials = self._credentials.refreshed(credentials)
        try:
            return self._ask(name, document, variables, credentials.values.get("access_token", ""))
        except AccessRevoked:
            fresh = self._credentials.refreshed(credentials)
            if fresh.values == credentials.values:
                raise
        return self._ask(name, document, variables, fresh.values.get("access_token", ""))

    def change(self, name: str, field: str, **variables: Any) -> Mapping[str, Any]:
        """The payload of one mutation. Raises the first of its userErrors as one of our errors."""
        payload = part(self.run(name, **variables), field)
        for error in user_errors(payload):
            raise meaning(error)
        return payload

    def download(self, url: str, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes of a result file from ``offset`` on; less means that it ends there."""
        call = Call(
            method="GET",
            url=url,
            what="export file",
            shop=self._shop.id,
            window=Window(offset, size),
            budget=_FILE,
            sandbox=self._shop.sandbox,
            json=False,
        )
        try:
            return self._transport.send(call, _past_the_end).body
        except _Ended:
            return b""

    def pause(self, seconds: float) -> None:
        """Wait for the store to get on."""
        self._transport.pause(seconds)

    def pages(self, name: str, field: str, **variables: Any) -> Iterator[Sequence[Any]]:
        """The nodes of a long list, page by page."""
        after: str | None = None
        while True:
            found = part(self.run(name, after=after, **variables), field)
            yield nodes(found)
            after = following(found)
            if after is None:
                return

    def _ask(self, name: str, document: str, variables: Mapping[str, Any], token: str) -> Mapping[str, Any]:
        answers: list[Answer] = []
        if (wait := self._bucket.wait_s(document)) > 0:
            self._transport.pause(wait)

        def wire(body: bytes, headers: Mapping[str, str]) -> bytes:
            answers.append(self._transport.send(self._call(name, body, headers), _explain))
            return b""

        library.execute(wire, {"X-Shopify-Access-Token": token}, document, variables, name)
        answer = answers[0]
        self._bucket.learn(document, answer.data)
        self.version = answer.headers.get("x-shopify-api-version", VERSION)
        self.told_at = told_at(answer)
        return part(answer.data, "data")

    def _call(self, name: str, body: bytes, headers: Mapping[str, str]) -> Call:
        return Call(
            method="POST",
            url=f"{self._shop.endpoint.rstrip('/')}/admin/api/{VERSION}/graphql.json",
            what=name,
            shop=self._shop.id,
            headers={**headers, "user-agent": "Tradewind"},
            body=body,
            idempotent=name not in _ONCE,
            sandbox=self._shop.sandbox,
        )


class _Ended(AppError):
    """There is nothing more in the file."""


def _past_the_end(answer: Answer) -> AppError | None:
    """A window that begins where the file ends: an end to be told, not a failure."""
    return _Ended() if answer.status == 416 else None


def part(data: Any, name: str) -> Mapping[str, Any]:
    """A named object inside an answer. Raises StoreUnavailable when it is not there."""
    found = data.get(name) if isinstance(data, dict) else None
    if not isinstance(found, dict):
        raise StoreUnavailable(detail=f"an answer without {name}")
    return found


def nodes(connection: Mapping[str, Any]) -> Sequence[Any]:
    """The nodes of a connection; those Shopify could not show us are left out."""
    found = connection.get("nodes")
    return [node for node in found if isinstance(node, dict)] if isinstance(found, list) else []


def following(connection: Mapping[str, Any]) -> str | None:
    """The cursor of the next page, or None at the end."""
    info = connection.get("pageInfo")
    if isinstance(info, dict) and info.get("hasNextPage") is True and isinstance(info.get("endCursor"), str):
        return str(info["endCursor"])
    return None


def parsed[T](kind: type[T], data: Any) -> T:
    """Read an answer as a model. Raises StoreUnavailable where it is something else; its text is not kept."""
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        detail = f"an answer of another shape: {error.error_count()} fields"
    raise StoreUnavailable(detail=detail)


def user_errors(payload: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The userErrors of a mutation's payload."""
    found = payload.get("userErrors")
    return [error for error in found if isinstance(error, dict)] if isinstance(found, list) else []


def meaning(error: Mapping[str, Any]) -> AppError:
    """One of Shopify's errors as one of ours. Its message may quote our input, so only its code is kept."""
    extensions = error.get("extensions")
    code = envelope.word(error.get("code") or (extensions.get("code") if isinstance(extensions, dict) else ""))
    if code in _CODES:
        return _CODES[code](detail=code)
    if code.endswith(_GONE) or (not code and "does not exist" in envelope.text_of(error.get("message"))):
        return Gone(detail=code)
    if "nvalid id" in envelope.text_of(error.get("message")):
        return Gone(detail="an id that names nothing")
    return UnsupportedAction("Shopify refused the change.", detail=code)


def _explain(answer: Answer) -> AppError | None:
    """What a 200 with ``errors`` means; statuses are read by the common table."""
    if not 200 <= answer.status < 300 or not isinstance(answer.data, dict):
        return None
    errors = answer.data.get("errors")
    if not errors:
        return None
    grave = [error for error in (errors if isinstance(errors, list) else [{}]) if not _redacted(error)]
    if not grave:
        return None
    first = grave[0] if isinstance(grave[0], dict) else {}
    extensions = first.get("extensions")
    if isinstance(extensions, dict) and extensions.get("code") == "THROTTLED":
        return RateLimited(after=throttled_for_s(answer.data), detail="THROTTLED")
    return meaning(first)


def _redacted(error: Any) -> bool:
    """Whether one field deep inside was withheld: it is null then, and the rest of the answer is good."""
    if not isinstance(error, dict):
        return False
    extensions, path = error.get("extensions"), error.get("path")
    denied = isinstance(extensions, dict) and extensions.get("code") == "ACCESS_DENIED"
    return denied and isinstance(path, list) and len(path) > 1
