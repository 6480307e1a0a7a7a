"""Shopify's token endpoint and consent page: token exchange, refresh, migration, authorization code."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sandbox.shopify_store.tokens import ACCESS_LIFE, Grant, Refused, Tokens

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"
CODE_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Consent:
    """A code that the merchant's consent gave, to be used once."""

    code: str
    given_at: datetime
    redirect_uri: str


class TokenDesk:
    """Answers POST /admin/oauth/access_token for one shop."""

    def __init__(self, tokens: Tokens, redirect_urls: tuple[str, ...]) -> None:
        self.tokens, self.redirect_urls = tokens, redirect_urls
        self.codes: dict[str, Consent] = {}

    def answer(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and body; every refusal is 400 with an OAuth error code."""
        try:
            return 200, render(self._grant(form), self.tokens)
        except Refused as refusal:
            return 400, {"error": refusal.code, "error_description": refusal.description}

    def _grant(self, form: Mapping[str, str]) -> Grant:
        self._check_client(form)
        kind = form.get("grant_type", "")
        expiring = form.get("expiring") == "1"
        if kind == "refresh_token":
            return self.tokens.refresh(form.get("refresh_token", ""))
        if kind == EXCHANGE:
            return self._exchange(form, expiring)
        if kind in ("", "authorization_code"):
            self._use_code(form.get("code", ""))
            return self.tokens.issue(expiring=expiring)
        raise Refused("unsupported_grant_type", f"The grant type {kind} is not supported")

    def _check_client(self, form: Mapping[str, str]) -> None:
        known, secret = self.tokens.client_id, self.tokens.client_secret
        if form.get("client_id") != known:
            message = f"Could not find Shopify API application with api_key {form.get('client_id', '')}"
            raise Refused("application_cannot_be_found", message)
        if not hmac.compare_digest(form.get("client_secret", "").encode(), secret.encode()):
            raise Refused("invalid_client", "Client authentication failed")

    def _exchange(self, form: Mapping[str, str], expiring: bool) -> Grant:
        subject, kind = form.get("subject_token", ""), form.get("subject_token_type")
        wanted = form.get("requested_token_type", OFFLINE)
        if wanted not in (OFFLINE, ONLINE):
            raise Refused("invalid_request", "The requested token type is not supported")
        if kind == OFFLINE:
            return self._migrate(subject, expiring)
        if kind != ID_TOKEN:
            raise Refused("invalid_request", "The subject token type is not supported")
        claims = self.tokens.read_session_token(subject)
        if wanted == ONLINE:
            grant = self.tokens.issue(expiring=True, user_id=int(claims["sub"]))
            grant.refresh_token = grant.refresh_expires_at = None
            return grant
        return self.tokens.issue(expiring=expiring)

    def _migrate(self, old: str, expiring: bool) -> Grant:
        """A non-expiring token becomes an expiring one, and ends."""
        grant = self.tokens.by_access.get(old)
        if grant is None or grant.expires_at is not None or not expiring:
            raise Refused("invalid_subject_token", "The subject token cannot be migrated")
        del self.tokens.by_access[old]
        return self.tokens.issue(expiring=True)

    def _use_code(self, code: str) -> None:
        consent = self.codes.pop(code, None)
        if consent is None or self.tokens.clock() - consent.given_at > CODE_LIFE:
            message = "The authorization code was not found or was already used"
            raise Refused("invalid_request", message)

    def check_authorize(self, query: Mapping[str, str]) -> str | None:
        """Why the consent page cannot be shown; None where it can."""
        if query.get("client_id") != self.tokens.client_id:
            return "Oauth error application_cannot_be_found: the application could not be found"
        if query.get("redirect_uri") not in self.redirect_urls:
            return "Oauth error invalid_request: The redirect_uri is not whitelisted"
        return None

    def consent(self, query: Mapping[str, str]) -> str:
        """The merchant agrees: the address to send them back to, signed as Shopify signs it."""
        now = self.tokens.clock()
        consent = Consent(secrets.token_hex(16), now, query["redirect_uri"])
        self.codes[consent.code] = consent
        parameters = {
            "code": consent.code,
            "host": host_of(self.tokens.domain),
            "shop": self.tokens.domain,
            "state": query.get("state", ""),
            "timestamp": str(int(now.timestamp())),
        }
        signature = sign_query(parameters, self.tokens.client_secret)
        return f"{consent.redirect_uri}?{urlencode({**parameters, 'hmac': signature})}"


def host_of(domain: str) -> str:
    """The admin's address as App Bridge takes it."""
    return base64.b64encode(f"{domain}/admin".encode()).decode().rstrip("=")


def sign_query(parameters: Mapping[str, str], secret: str) -> str:
    """The hex HMAC over the sorted query, as Shopify's OAuth documentation gives it."""
    message = "&".join(f"{key}={value}" for key, value in sorted(parameters.items()))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def sign_proxy(pairs: Iterable[tuple[str, str]], secret: str) -> str:
    """The hex HMAC over the sorted query without separators, as Shopify's documentation of app proxies gives it."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    message = "".join(sorted(f"{name}={','.join(some)}" for name, some in values.items()))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def render(grant: Grant, tokens: Tokens) -> dict[str, Any]:
    """The body of a granted token."""
    body: dict[str, Any] = {"access_token": grant.access_token, "scope": ",".join(sorted(grant.scopes))}
    if grant.expires_at is not None:
        body["expires_in"] = int(ACCESS_LIFE.total_seconds())
    if grant.refresh_token and grant.refresh_expires_at:
        left = grant.refresh_expires_at - tokens.clock()
        body |= {"refresh_token": grant.refresh_token, "refresh_token_expires_in": int(left.total_seconds())}
    if grant.user_id is not None:
        user = {"id": grant.user_id, "account_owner": True, "locale": "en", "collaborator": False}
        body |= {"associated_user_scope": body["scope"], "associated_user": user}
    return body
