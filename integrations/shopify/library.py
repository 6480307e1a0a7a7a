"""ShopifyAPI (12.7) behind a fence: its GraphQL request, OAuth digest and session-token parts, and no more.

As it comes, its GraphQL part has no timeout, prints error bodies, and takes its tenant from module state.
Here it composes the request, and the sending is ours: its ``urllib`` is replaced, once and without any
tenant, by an object that hands every request to the wire that the request itself carries.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from shopify import session, session_token
from shopify.resources import graphql as library

type Wire = Callable[[bytes, Mapping[str, str]], bytes]
"""Sends a composed body with its headers and gives the answer's body."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What the library builds in place of ``urllib.request.Request``; its address is our wire."""

    wire: Wire
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class _NeverRaisedError(Exception):
    """Stands where the library would print the body of an HTTP error."""


def _open(request: _Request) -> SimpleNamespace:
    body = request.wire(request.body, request.headers)
    return SimpleNamespace(read=lambda: body)


_FENCE = SimpleNamespace(
    request=SimpleNamespace(Request=_Request, urlopen=_open),
    error=SimpleNamespace(HTTPError=_NeverRaisedError),
)
vars(library)["urllib"] = _FENCE


class _GraphQL(library.GraphQL):
    """The library's GraphQL part without its constructor, which reads another tenant's module state."""

    def __init__(self, wire: Wire, headers: Mapping[str, str]) -> None:
        self.endpoint, self.headers = wire, dict(headers)


def execute(wire: Wire, headers: Mapping[str, str], query: str, variables: Mapping[str, Any], operation: str) -> None:
    """Compose one GraphQL request and send it over the wire, which keeps the answer."""
    composer: Any = _GraphQL(wire, headers)
    composer.execute(query, dict(variables), operation)


def oauth_digest(params: Mapping[str, str], secret: str) -> str:
    """The hexadecimal HMAC-SHA256 over an OAuth redirect's sorted parameters."""
    keyed: Any = type("KeyedSession", (session.Session,), {"secret": secret})
    return str(keyed.calculate_hmac(dict(params)))


def session_claims(authorization: str, client_id: str, secret: str) -> Mapping[str, Any]:
    """The verified claims of a session token: HS256 alone, aud, exp, nbf, and iss host equal to dest host.

    Raises ValueError with a reason that holds nothing of the token.
    """
    try:
        decode: Any = session_token.decode_from_header
        claims: Mapping[str, Any] = decode(authorization, client_id, secret)
    except session_token.SessionTokenError as error:
        reason = type(error.__cause__ or error).__name__
    except Exception as error:  # the library lets type errors of hostile claims through
        reason = type(error).__name__
    else:
        return claims
    raise ValueError(reason)
