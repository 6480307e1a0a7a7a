"""Calls that Shopify signed in a query: the app proxy of a storefront, links from the admin.

Standard library only: the storefront's function answers while a buyer waits, and starts cold with it.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.errors import InvalidSignature

SHOP = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]*\.myshopify\.com")
WINDOW = timedelta(seconds=90)
"""How far a signed request's clock may be off (as Shopify's own library has it)."""

_SINGLE = frozenset({"shop", "timestamp", "signature", "hmac", "logged_in_customer_id", "path_prefix"})


@dataclass(frozen=True, slots=True)
class ProxyCall:
    """Whose storefront calls through the app proxy; ``customer`` is empty for an anonymous buyer."""

    domain: str
    customer: str


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
    if not any([equal(given, digest) for digest in digests]):  # noqa: C419  all are compared, on purpose
        raise InvalidSignature
    check_age(values.get("timestamp", [""])[0], now)
    domain = shop_domain(values.get("shop", [""])[0])
    return ProxyCall(domain, values.get("logged_in_customer_id", [""])[0])


def shop_domain(text: str) -> str:
    """A shop's own domain at Shopify in lower case. Raises InvalidSignature for anything else."""
    if not SHOP.fullmatch(text):
        raise InvalidSignature("This is not the address of a Shopify store.")
    return text.lower()


def check_age(timestamp: str, now: datetime) -> None:
    """Within the window, in either direction. Raises InvalidSignature."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise InvalidSignature
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise InvalidSignature("The link is too old. Open the app again.")


def equal(given: str, expected: str) -> bool:
    """Compare in constant time, whatever a stranger sent."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
