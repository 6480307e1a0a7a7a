"""Installing the app: who knocks, checked in full before being believed, and the tokens that follow.

::

    in the admin (managed install)   page with a session token ──► verify ──► exchange ──► expiring offline token
    outside it                       link signed by Shopify ──► consent page ──► redirect with a code ──► redeem

Permissions, webhooks and the app proxy are declared in shopify.app.toml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib.contracts import Credentials
from chalicelib.domain.shop import Shop
from chalicelib.errors import InvalidSignature
from integrations.shopify import library, tokens
from integrations.shopify.proxy import SHOP, check_age, equal, shop_domain

APP_BRIDGE = "https://cdn.shopify.com/shopifycloud/app-bridge.js"
ADMIN = "https://admin.shopify.com"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at an embedded page."""

    domain: str
    user: str
    session: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What Shopify's admin wants around an embedded page."""

    ancestors: Sequence[str]
    scripts: Sequence[str]
    meta: Mapping[str, str]


def visitor(authorization: str, client_id: str, app_secrets: Sequence[bytes]) -> Visitor:
    """The verified sender of a session token. Raises InvalidSignature.

    HS256 alone, aud, exp, nbf, and iss host equal to dest host equal to a myshopify.com domain.
    """
    if not authorization.isascii():
        raise InvalidSignature
    for secret in app_secrets:
        if secret:
            try:
                claims = library.session_claims(authorization, client_id, secret.decode())
            except ValueError:
                continue
            return _visitor(claims, client_id)
    raise InvalidSignature("The session has ended. Reload the page.")


def surroundings(domain: str, client_id: str) -> Frame:
    """The shop and the admin may frame the page; App Bridge signs its requests and needs our public name."""
    return Frame((f"https://{domain}", ADMIN), (APP_BRIDGE,), {"shopify-api-key": client_id})


def framed_by(query: Mapping[str, str]) -> str:
    """The shop whose admin opened a page without a valid token: ``embedded=1`` and ``shop``, not proven."""
    shop = query.get("shop", "")
    return shop.lower() if query.get("embedded") == "1" and SHOP.fullmatch(shop) else ""


def reload_query(query: Mapping[str, str], url: str) -> Mapping[str, str]:
    """App Bridge goes to ``shopify-reload`` with a fresh ``id_token`` (as Shopify's own app packages use it)."""
    return {**{name: query[name] for name in ("embedded", "shop", "host") if name in query}, "shopify-reload": url}


def retry_headers() -> Mapping[str, str]:
    """App Bridge sends the request again, once, with a fresh token (as Shopify's own app packages use it)."""
    return {"X-Shopify-Retry-Invalid-Session-Request": "1"}


def check_start(query: Mapping[str, str], app_secrets: Sequence[bytes], now: datetime) -> str:
    """The shop of a link that Shopify signed (it opens the app's address so). Raises InvalidSignature."""
    check_redirect_digest(query, app_secrets)
    check_age(query.get("timestamp", ""), now)
    return shop_domain(query.get("shop", ""))


def authorize_url(endpoint: str, client_id: str, redirect_uri: str, state: str) -> str:
    """Where a merchant approves the app; scopes are those of the app's configuration."""
    query = urlencode({"client_id": client_id, "redirect_uri": redirect_uri, "state": state})
    return f"{endpoint}/admin/oauth/authorize?{query}"


def check_redirect(params: Mapping[str, str], expected_state: str, app_secrets: Sequence[bytes], now: datetime) -> str:
    """The shop an OAuth redirect comes from; afterwards its code may be redeemed. Raises InvalidSignature.

    Source: Shopify's authorization code grant: hexadecimal HMAC-SHA256 of the sorted query without ``hmac``.
    """
    state = params.get("state", "")
    if not expected_state or not equal(state, expected_state):
        raise InvalidSignature("The link is no longer valid. Start the installation again.")
    return check_start(params, app_secrets, now)


def check_redirect_digest(params: Mapping[str, str], app_secrets: Sequence[bytes]) -> None:
    """Whether Shopify signed these query parameters. Raises InvalidSignature."""
    given = params.get("hmac", "")
    known = [secret.decode() for secret in app_secrets if secret]
    if not any(equal(given, library.oauth_digest(params, secret)) for secret in known):
        raise InvalidSignature


def exchange(shop: Shop, transport: Any, client_id: str, client_secret: str, session_token: str) -> Credentials:
    """An expiring offline token for a page's session token. Raises AccessRevoked when it is refused."""
    return tokens.exchange(shop, transport, tokens.App(client_id, client_secret), session_token)


def redeem(shop: Shop, transport: Any, client_id: str, client_secret: str, code: str) -> Credentials:
    """An expiring offline token for an authorization code. Raises AccessRevoked when it is refused."""
    return tokens.redeem(shop, transport, tokens.App(client_id, client_secret), code)


def admin_url(domain: str, client_id: str) -> str:
    """The app inside the shop's admin."""
    return f"https://{domain}/admin/apps/{client_id}"


def _visitor(claims: Mapping[str, object], client_id: str) -> Visitor:
    """What the library does not check: that the claims are there, are text, and name a Shopify store."""
    issuer, dest = urlsplit(str(claims.get("iss", ""))), urlsplit(str(claims.get("dest", "")))
    sound = (
        claims.get("aud") == client_id
        and all(isinstance(claims.get(name), int) for name in ("exp", "nbf"))
        and issuer.scheme == dest.scheme == "https"
        and issuer.netloc == dest.netloc
        and issuer.path == "/admin"
        and dest.path in {"", "/"}
        and SHOP.fullmatch(dest.netloc)
    )
    if not sound:
        raise InvalidSignature
    return Visitor(dest.netloc.lower(), str(claims.get("sub", "")), str(claims.get("sid", "")))
