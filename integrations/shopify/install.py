"""Who knocks: session tokens, OAuth redirects and app-proxy calls, checked in full before being believed."""

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from chalicelib.errors import InvalidSignature
from integrations.shopify import library

_SHOP = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]*\.myshopify\.com")
WINDOW = timedelta(seconds=90)
"""How far a signed request's clock may be off (as Shopify's own library has it)."""

_SINGLE = frozenset({"shop", "timestamp", "signature", "hmac", "logged_in_customer_id", "path_prefix"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at an embedded page."""

    domain: str
    user: str
    session: str


@dataclass(frozen=True, slots=True)
class ProxyCall:
    """Whose storefront calls through the app proxy; ``customer`` is empty for an anonymous buyer."""

    domain: str
    customer: str


def shop_domain(text: str) -> str:
    """A shop's own domain at Shopify in lower case. Raises InvalidSignature for anything else."""
    if not _SHOP.fullmatch(text):
        raise InvalidSignature("This is not the address of a Shopify store.")
    return text.lower()


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


def new_state() -> str:
    """A nonce for an OAuth redirect, to be kept in a cookie and compared once."""
    return secrets.token_urlsafe(24)


def check_redirect(params: Mapping[str, str], expected_state: str, app_secrets: Sequence[bytes], now: datetime) -> str:
    """The shop an OAuth redirect comes from; afterwards its code may be redeemed. Raises InvalidSignature.

    Source: Shopify's authorization code grant: hexadecimal HMAC-SHA256 of the sorted query without ``hmac``.
    """
    state = params.get("state", "")
    if not expected_state or not _equal(state, expected_state):
        raise InvalidSignature("The link is no longer valid. Start the installation again.")
    check_redirect_digest(params, app_secrets)
    _check_age(params.get("timestamp", ""), now)
    return shop_domain(params.get("shop", ""))


def check_redirect_digest(params: Mapping[str, str], app_secrets: Sequence[bytes]) -> None:
    """Whether Shopify signed these query parameters. Raises InvalidSignature."""
    given = params.get("hmac", "")
    known = [secret.decode() for secret in app_secrets if secret]
    if not any(_equal(given, library.oauth_digest(params, secret)) for secret in known):
        raise InvalidSignature


def check_proxy(query: Sequence[tuple[str, str]], app_secrets: Sequence[bytes], now: datetime) -> ProxyCall:
    """Whose storefront this is, from an app-proxy call's decoded query in its order. Raises InvalidSignature.

    Source: Shopify's app proxies: hexadecimal HMAC-SHA256 over the sorted ``name=value``, nothing between,
    repeated values joined by commas.
    """
    values: dict[str, list[str]] = {}
    for name, value in query:
        values.setdefault(name, []).append(value)
    if any(len(values.get(name, ())) > 1 for name in _SINGLE):
        raise InvalidSignature
    given = values.pop("signature", [""])[0]
    message = "".join(sorted(f"{name}={','.join(found)}" for name, found in values.items())).encode()
    digests = [hmac.new(secret, message, "sha256").hexdigest() for secret in app_secrets if secret]
    if not any([_equal(given, digest) for digest in digests]):  # noqa: C419  all are compared, on purpose
        raise InvalidSignature
    _check_age(values.get("timestamp", [""])[0], now)
    domain = shop_domain(values.get("shop", [""])[0])
    return ProxyCall(domain, values.get("logged_in_customer_id", [""])[0])


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
        and _SHOP.fullmatch(dest.netloc)
    )
    if not sound:
        raise InvalidSignature
    return Visitor(dest.netloc.lower(), str(claims.get("sub", "")), str(claims.get("sid", "")))


def _check_age(timestamp: str, now: datetime) -> None:
    """Within the window, in either direction."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise InvalidSignature
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise InvalidSignature("The link is too old. Open the app again.")


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
