"""Access tokens of Shopify: exchanged for a session token or a code, refreshed with rotation, never eternal.

Source: Shopify's documentation of token exchange and of expiring offline tokens (required of new public apps
since 2026-04-01). An access token lives an hour, a refresh token ninety days and changes at each use; the one
before it may be tried again until the new pair has been used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field

from chalicelib.contracts import Credentials
from chalicelib.domain.shop import Shop
from chalicelib.errors import AccessRevoked, AppError
from integrations import envelope
from integrations.http import Answer, Call, Transport
from integrations.shopify.answers import Part, Str
from integrations.shopify.connection import parsed

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105  a name, not a secret
_OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
_REFUSED = frozenset({"invalid_grant", "invalid_request", "invalid_subject_token", "invalid_client"})


@dataclass(frozen=True, slots=True)
class App:
    """Our app as Shopify knows it."""

    client_id: str
    client_secret: str = field(repr=False)


class _Tokens(Part):
    """What the token address answers."""

    access_token: Annotated[str, Field(min_length=1)]
    scope: Str = ""
    expires_in: int | None = None
    refresh_token: Str = ""
    refresh_token_expires_in: int | None = None


def exchange(shop: Shop, transport: Transport, app: App, session_token: str) -> Credentials:
    """An expiring offline token for a page's session token. Raises AccessRevoked when it is refused."""
    form = {
        "grant_type": _EXCHANGE,
        "subject_token": session_token,
        "subject_token_type": _ID_TOKEN,
        "requested_token_type": _OFFLINE,
        "expiring": "1",
    }
    return _credentials(_ask(shop, transport, app, form, "token exchange"), app, {})


def redeem(shop: Shop, transport: Transport, app: App, code: str) -> Credentials:
    """An expiring offline token for an authorization code, for pages outside the admin."""
    return _credentials(_ask(shop, transport, app, {"code": code, "expiring": "1"}, "code grant"), app, {})


def refresh(shop: Shop, transport: Transport, stale: Credentials) -> Credentials:
    """The next pair; where its predecessor's answer was lost, the refresh token before is tried too.

    Credentials without a refresh token (a custom app's) come back as they are. Raises AccessRevoked.
    """
    held = stale.values
    if not held.get("refresh_token"):
        return stale
    app = App(held.get("client_id", ""), held.get("client_secret", ""))
    try:
        return _refresh(shop, transport, app, held["refresh_token"])
    except AccessRevoked:
        if not held.get("previous_refresh_token"):
            raise
    return _refresh(shop, transport, app, held["previous_refresh_token"])


def _refresh(shop: Shop, transport: Transport, app: App, token: str) -> Credentials:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    answer = _ask(shop, transport, app, form, "token refresh")
    return _credentials(answer, app, {"previous_refresh_token": token})


def _ask(shop: Shop, transport: Transport, app: App, form: Mapping[str, str], what: str) -> Answer:
    body = urlencode({"client_id": app.client_id, "client_secret": app.client_secret, **form})
    call = Call(
        method="POST",
        url=f"{shop.endpoint.rstrip('/')}/admin/oauth/access_token",
        what=what,
        shop=shop.id,
        headers={"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
        body=body.encode(),
        idempotent=form.get("grant_type") == "refresh_token",
        sandbox=shop.sandbox,
    )
    return transport.send(call, _explain)


def _explain(answer: Answer) -> AppError | None:
    """OAuth's error words come with a 400."""
    if answer.status not in {400, 401, 403} or not isinstance(answer.data, dict):
        return None
    word = envelope.word(answer.data.get("error"))
    return AccessRevoked(detail=word) if word in _REFUSED else None


def _credentials(answer: Answer, app: App, extra: Mapping[str, str]) -> Credentials:
    found = parsed(_Tokens, answer.data)
    values = {
        "access_token": found.access_token,
        "refresh_token": found.refresh_token,
        "scope": found.scope,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        **extra,
    }
    ends_at = None
    if found.expires_in is not None:
        ends_at = datetime.now(UTC) + timedelta(seconds=max(found.expires_in, 0))
    return Credentials(values=values, expires_at=ends_at)
