"""Sending one HTTP POST as WordPress' HTTP API does: a fixed header order, no redirects followed."""

import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from sandbox.woocommerce_store.site import WOOCOMMERCE_VERSION, WORDPRESS_VERSION

USER_AGENT = f"WooCommerce/{WOOCOMMERCE_VERSION} Hookshot (WordPress/{WORDPRESS_VERSION})"


def post(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> tuple[int | None, bytes]:
    """Post ``body``; gives (status, answer), or (None, reason) where no answer came within ``timeout_s``."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest("POST", path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read(65536)
    except (OSError, http.client.HTTPException, ssl.SSLError) as fault:
        return None, str(fault).encode()
    finally:
        connection.close()
