"""Who calls: OAuth 1.0a over plain HTTP, Basic or query keys behind TLS only.

Source: class-wc-rest-authentication.php.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from sandbox.woocommerce_store.rest_errors import RestError
from sandbox.woocommerce_store.rows import ApiKey
from sandbox.woocommerce_store.shop import Shop

WINDOW_S = 15 * 60
_OAUTH = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
_READING, _WRITING = frozenset({"GET", "HEAD"}), frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request shows of itself; ``path`` is raw, ``params`` are query and form together."""

    method: str
    path: str
    params: Mapping[str, Any]
    authorization: str
    ssl: bool


def authenticate(shop: Shop, shown: Credentials) -> ApiKey | None:
    """Give the key that signed the request, None where it shows none; raises a 401 where it is wrong."""
    key = _basic(shop, shown) if shown.ssl else None
    key = key or _oauth(shop, shown)
    if key:
        _check_permission(key, shown.method)
    return key


def _basic(shop: Shop, shown: Credentials) -> ApiKey | None:
    name, secret = str(shown.params.get("consumer_key", "")), str(shown.params.get("consumer_secret", ""))
    if not (name and secret):
        name, secret = _basic_header(shown.authorization)
    key = shop.keys.get(name)
    if key is None or not secret:
        return None
    if not hmac.compare_digest(key.consumer_secret.encode(), secret.encode()):
        raise _refusal("Consumer secret is invalid.")
    return key


def _basic_header(header: str) -> tuple[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, secret


def _oauth(shop: Shop, shown: Credentials) -> ApiKey | None:
    params = {**shown.params, **_oauth_header(shown.authorization)}
    missing = [name for name in _OAUTH if not params.get(name)]
    if len(missing) == len(_OAUTH):
        return None
    if missing:
        noun = "parameter" if len(missing) == 1 else "parameters"
        code = "woocommerce_rest_authentication_missing_parameter"
        raise RestError(code, f"Missing OAuth {noun} {', '.join(missing)}", 401)
    key = shop.keys.get(str(params["oauth_consumer_key"]))
    if key is None:
        raise _refusal("Consumer key is invalid.")
    _check_signature(shop, key, shown, params)
    _check_nonce(shop, key, str(params["oauth_timestamp"]), str(params["oauth_nonce"]))
    return key


def _oauth_header(header: str) -> dict[str, str]:
    if not header.strip().startswith("OAuth "):
        return {}
    return {name: unquote(value) for name, value in re.findall(r'(oauth_[a-z_-]*)="?([^",]*)"?', header)}


def _check_signature(shop: Shop, key: ApiKey, shown: Credentials, params: dict[str, Any]) -> None:
    method = str(params["oauth_signature_method"])
    if method not in {"HMAC-SHA1", "HMAC-SHA256"}:
        raise _refusal("Invalid signature - signature method is invalid.")
    host = urlsplit(shop.site.url).netloc
    address = f"{'https' if shown.ssl else 'http'}://{host}{shown.path}"
    text = base_string(shown.method, address, params)
    digest = hashlib.sha1 if method == "HMAC-SHA1" else hashlib.sha256
    expected = base64.b64encode(hmac.new(f"{key.consumer_secret}&".encode(), text.encode(), digest).digest())
    given = unquote(str(params["oauth_signature"]).replace(" ", "+"))
    if not hmac.compare_digest(expected, given.encode()):
        raise _refusal("Invalid signature - provided signature does not match.")


def base_string(method: str, address: str, params: Mapping[str, Any]) -> str:
    """Give what is signed: each ``key=value`` is encoded, joined, and encoded again (RFC 5849, 3.4.1)."""
    pairs: list[str] = []
    for name in sorted(name for name in params if name != "oauth_signature"):
        value = params[name]
        items = value.items() if isinstance(value, dict) else [("", value)]
        for inner, item in items:
            bracket = f"%5B{quote(str(inner), safe='~')}%5D" if isinstance(value, dict) else ""
            pairs.append(quote(f"{quote(name, safe='~')}{bracket}={quote(str(item), safe='~')}", safe="~"))
    return f"{method}&{quote(address, safe='~')}&{'%26'.join(pairs)}"


def _check_nonce(shop: Shop, key: ApiKey, timestamp: str, nonce: str) -> None:
    now = int(shop.clock().timestamp())
    if not timestamp.isdigit() or abs(int(timestamp) - now) > WINDOW_S:
        raise _refusal("Invalid timestamp.")
    if nonce in key.nonces.values():
        raise _refusal("Invalid nonce - nonce has already been used.")
    # One nonce a second is remembered, as in the real shop, where a later one overwrites it.
    key.nonces[int(timestamp)] = nonce
    for old in [second for second in key.nonces if second < now - WINDOW_S]:
        del key.nonces[old]


def _check_permission(key: ApiKey, method: str) -> None:
    if method in _READING and key.permissions not in {"read", "read_write"}:
        raise _refusal("The API key provided does not have read permissions.")
    if method in _WRITING and key.permissions not in {"write", "read_write"}:
        raise _refusal("The API key provided does not have write permissions.")


def _refusal(message: str) -> RestError:
    return RestError("woocommerce_rest_authentication_error", message, 401)
