"""Signed values: who is signed in, one-time links, a word to show once. Each purpose has a key of its own."""

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any

from chalicelib.secrets import derive
from chalicelib.settings import Settings

SESSION = timedelta(days=14)
LINK = timedelta(minutes=20)
FLASH = timedelta(minutes=5)
COOKIE, SAID = "tradewind_session", "tradewind_said"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person; ``id`` ties forms to this very session."""

    email: str
    id: str
    began_at: datetime


def seal(settings: Settings, purpose: str, values: Mapping[str, str], until: datetime) -> str:
    """Values that only we can have written, for one purpose and until a moment."""
    body = json.dumps({**values, "exp": int(until.timestamp())}, separators=(",", ":")).encode()
    text = base64.urlsafe_b64encode(body).decode().rstrip("=")
    return f"{text}.{_mac(settings, purpose, text)}"


def unseal(settings: Settings, purpose: str, text: str, now: datetime) -> dict[str, Any] | None:
    """What was sealed, or None where it was not by us, not for this, or is over."""
    body, _, mac = text.partition(".")
    if not text.isascii() or not hmac.compare_digest(mac, _mac(settings, purpose, body)):
        return None
    values: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return values if values["exp"] > now.timestamp() else None


def csrf(settings: Settings, session: str) -> str:
    """The word that a form of this session must carry."""
    return hmac.new(derive(settings.master_key, "csrf"), session.encode(), "sha256").hexdigest()[:32]


def begin(settings: Settings, email: str, now: datetime) -> str:
    """The cookie of a new session."""
    values = {"email": email, "sid": secrets.token_urlsafe(12), "at": now.isoformat()}
    return cookie(settings, COOKIE, seal(settings, "session", values, now + SESSION), SESSION)


def read(settings: Settings, cookies: Mapping[str, str], now: datetime) -> Session | None:
    """Who is signed in, if anybody."""
    values = unseal(settings, "session", cookies.get(COOKIE, ""), now)
    if values is None:
        return None
    return Session(values["email"], values["sid"], datetime.fromisoformat(values["at"]).astimezone(UTC))


def cookie(settings: Settings, name: str, value: str, lasts: timedelta) -> str:
    """A Set-Cookie line: ours alone, never for scripts, never on requests that other sites cause by POST."""
    secure = "; Secure" if settings.base_url.startswith("https://") else ""
    age = int(lasts.total_seconds())
    return f"{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"


def cookies_of(header: str) -> Mapping[str, str]:
    """A Cookie header as a mapping; empty where it is none."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _mac(settings: Settings, purpose: str, text: str) -> str:
    return hmac.new(derive(settings.master_key, "session", purpose), text.encode(), "sha256").hexdigest()
