"""Access tokens, refresh tokens and session tokens of one app at one shop."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

ACCESS_LIFE = timedelta(seconds=3600)
REFRESH_LIFE = timedelta(days=90)
RETRY_LIFE = timedelta(days=30)
SESSION_LIFE = timedelta(seconds=60)
LEEWAY = timedelta(seconds=10)
INVALID_SUBJECT = "Token exchange cannot be performed due to an invalid subject token."


class Refused(Exception):
    """A token request that Shopify answers with 400 and an OAuth error code."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


@dataclass(slots=True, kw_only=True)
class Grant:
    """One access token, with the refresh token that replaces it where it expires."""

    access_token: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime | None = None
    refresh_token: str | None = None
    refresh_expires_at: datetime | None = None
    user_id: int | None = None
    used: bool = False
    replaced_by: "Grant | None" = None
    replaced_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Tokens:
    """Who may speak to this shop; ``static`` is a custom app's token that never expires."""

    client_id: str
    client_secret: str
    domain: str
    clock: Callable[[], datetime]
    scopes: frozenset[str]
    static: str | None = None
    non_expiring_allowed: bool = False
    by_access: dict[str, Grant] = field(default_factory=dict)
    by_refresh: dict[str, Grant] = field(default_factory=dict)
    revoked: bool = False

    def issue(self, *, expiring: bool, user_id: int | None = None) -> Grant:
        """A new token with the shop's granted scopes."""
        now = self.clock()
        grant = Grant(
            access_token=f"{'shpua' if user_id else 'shpat'}_{secrets.token_hex(16)}",
            scopes=self.scopes,
            issued_at=now,
            user_id=user_id,
        )
        if expiring:
            grant.expires_at = now + ACCESS_LIFE
            grant.refresh_token = f"shprt_{secrets.token_hex(16)}"
            grant.refresh_expires_at = now + REFRESH_LIFE
            self.by_refresh[grant.refresh_token] = grant
        self.by_access[grant.access_token] = grant
        self.revoked = False
        return grant

    def check(self, token: str | None) -> frozenset[str] | None:
        """What a token may do now; None where it is unknown, expired or revoked."""
        if self.revoked or not token:
            return None
        if self.static is not None and hmac.compare_digest(token.encode(), self.static.encode()):
            return self.scopes
        grant = self.by_access.get(token)
        if grant is None or (grant.expires_at is not None and self.clock() >= grant.expires_at):
            return None
        grant.used = True
        return grant.scopes & self.scopes

    def is_online(self, token: str) -> bool:
        """Whether a token belongs to a user's session."""
        grant = self.by_access.get(token)
        return grant is not None and grant.user_id is not None

    def refused_as_non_expiring(self, token: str) -> bool:
        """Whether Shopify would refuse the token because it never expires."""
        grant = self.by_access.get(token)
        return grant is not None and grant.expires_at is None and not self.non_expiring_allowed

    def refresh(self, refresh_token: str) -> Grant:
        """A new pair for an old refresh token, which may be tried again until the new pair is used."""
        grant = self.by_refresh.get(refresh_token)
        now = self.clock()
        if (
            grant is None
            or self.revoked
            or grant.refresh_expires_at is None
            or now >= grant.refresh_expires_at
        ):
            raise Refused("invalid_grant", "The refresh token is invalid or has expired")
        if grant.replaced_by is not None:
            self._withdraw(grant, now)
        grant.used = True
        grant.replaced_by, grant.replaced_at = self.issue(expiring=True, user_id=grant.user_id), now
        return grant.replaced_by

    def _withdraw(self, grant: Grant, now: datetime) -> None:
        fresh, since = grant.replaced_by, grant.replaced_at
        if fresh is None or since is None or fresh.used or now - since > RETRY_LIFE:
            raise Refused("invalid_grant", "The refresh token has already been used")
        self.by_access.pop(fresh.access_token, None)
        self.by_refresh.pop(fresh.refresh_token or "", None)

    def revoke(self) -> None:
        """Uninstalling ends every token at once, the static one too."""
        self.by_access.clear()
        self.by_refresh.clear()
        self.revoked = True

    def session_token(self, user_id: int = 1, **claims: Any) -> str:
        """The id token that App Bridge gives an embedded page; ``claims`` override, to make bad ones."""
        now = self.clock()
        body = {
            "iss": f"https://{self.domain}/admin",
            "dest": f"https://{self.domain}",
            "aud": self.client_id,
            "sub": str(user_id),
            "exp": int((now + SESSION_LIFE).timestamp()),
            "nbf": int(now.timestamp()),
            "iat": int(now.timestamp()),
            "jti": secrets.token_hex(16),
            "sid": secrets.token_hex(32),
            **claims,
        }
        return encode_jwt(body, self.client_secret)

    def read_session_token(self, token: str) -> dict[str, Any]:
        """The claims of a genuine session token of this app and shop; Refused otherwise."""
        claims = decode_jwt(token, self.client_secret)
        now, leeway = self.clock().timestamp(), LEEWAY.total_seconds()
        hosts = {urlsplit(str(claims.get(name, ""))).hostname for name in ("iss", "dest")}
        good = (
            claims.get("aud") == self.client_id
            and hosts == {self.domain}
            and _number(claims.get("exp")) > now - leeway
            and _number(claims.get("nbf")) < now + leeway
        )
        if not good:
            raise Refused("invalid_subject_token", INVALID_SUBJECT)
        return claims


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def encode_jwt(body: dict[str, Any], secret: str) -> str:
    """A JWT signed with HS256 (RFC 7519, RFC 7515)."""
    head = _b64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    text = f"{head}.{_b64(json.dumps(body).encode())}"
    return f"{text}.{_b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


def decode_jwt(token: str, secret: str) -> dict[str, Any]:
    """The claims of a JWT; Refused unless it is HS256 and signed with ``secret``."""
    refusal = Refused("invalid_subject_token", INVALID_SUBJECT)
    try:
        head, body, signature = token.encode("ascii").split(b".")
        expected = hmac.new(secret.encode(), head + b"." + body, hashlib.sha256).digest()
        algorithm = json.loads(_unb64(head)).get("alg")
        claims = json.loads(_unb64(body))
        genuine = hmac.compare_digest(expected, _unb64(signature))
    except (ValueError, AttributeError):
        raise refusal from None
    if algorithm != "HS256" or not genuine or not isinstance(claims, dict):
        raise refusal
    return claims


def _unb64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
