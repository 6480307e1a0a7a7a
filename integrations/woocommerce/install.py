"""Connecting a WooCommerce store: a look before, the store's own consent page, and a key proven by a call.

The consent page (wc-auth) sends keys in an unauthenticated POST. So a one-time nonce ties it to the merchant
who began, and no key is trusted before the store itself has answered to it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib.contracts import Credentials, Finding, Grant, StoreFacts
from chalicelib.errors import AppError, MalformedPayload, NotAllowed, StoreUnavailable
from integrations import envelope
from integrations.http import Answer, Call, Transport

OLDEST = (8, 0)
"""The oldest WooCommerce whose answers we know."""

_ENDINGS = re.compile(r"/(?:wp-admin|wp-login\.php|wp-json)(?:/.*)?$")
_HOST = re.compile(r"[a-z0-9.-]{1,253}")
_KEY = re.compile(r"c[ks]_[0-9a-zA-Z]{8,64}")
_ALLOW = "If it does, allow /wp-json/wc/v3/ in its settings."
_WITH_LANGUAGES = "WPML with WooCommerce Multilingual, or Polylang for WooCommerce, would give them a place."
_BLOCKING_SPACES = {"wordfence": "Wordfence", "ithemes-security": "Solid Security", "solid-security": "Solid Security",
                    "aios": "All-In-One Security"}  # fmt: skip
_MULTILINGUAL = {"woocommerce-multilingual": "WPML", "sitepress-multilingual-cms": "WPML", "polylang-wc": "Polylang"}
_BLOCKERS = {
    "better-wp-security": "Solid Security", "all-in-one-wp-security-and-firewall": "All-In-One Security",
    "wordfence": "Wordfence", "disable-json-api": "Disable REST API", "wp-cerber": "WP Cerber",
}  # fmt: skip


def store_url(text: str) -> str:
    """The store's address as merchants paste it, without its admin pages. Raises NotAllowed."""
    url = text.strip()
    url = url if "://" in url else f"https://{url}"
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NotAllowed("Give the store's address, for example https://shop.example.com.")
    return f"{parts.scheme}://{parts.netloc}{_ENDINGS.sub('', parts.path).rstrip('/')}"


def authorize_url(store: str, nonce: str, return_url: str, callback_url: str) -> str:
    """The store's own consent page. WooCommerce sends keys to an https address only."""
    query = urlencode({
        "app_name": "Tradewind", "scope": "read_write", "user_id": nonce, "return_url": return_url,
        "callback_url": callback_url,
    })  # fmt: skip
    return f"{store}/wc-auth/v1/authorize?{query}"


def read_grant(body: bytes) -> Grant:
    """The keys that the consent page posts. Raises MalformedPayload; NotAllowed for a key that only reads."""
    found = envelope.parse_object(body)
    nonce, permissions = found.get("user_id"), found.get("key_permissions")
    key, secret = found.get("consumer_key"), found.get("consumer_secret")
    if not all(isinstance(value, str) for value in (nonce, key, secret)):
        raise MalformedPayload(detail="keys are missing")
    if not _KEY.fullmatch(str(key)) or not _KEY.fullmatch(str(secret)):
        raise MalformedPayload(detail="keys of another form")
    if permissions != "read_write":
        raise NotAllowed("The key may not write. Connect again and approve reading and writing.")
    values = {"consumer_key": str(key), "consumer_secret": str(secret)}
    return Grant(str(nonce), Credentials(values=values))


def preflight(store: str, transport: Transport, *, sandbox: bool = False) -> Sequence[Finding]:
    """What a merchant should know before the consent page: https, reachable, permalinks, WooCommerce."""
    found = [_https(store, sandbox)]
    if not found[0].ok:
        return found
    try:
        index = _index(store, "/wp-json/", transport, sandbox)
    except NotAllowed as error:
        return [*found, Finding("address", False, error.merchant_message)]
    except AppError:
        return [*found, _unreachable(store, transport, sandbox)]
    found.append(Finding("rest", True, "The store's REST API answers."))
    spaces = index.get("namespaces")
    names = [str(name) for name in spaces] if isinstance(spaces, list) else []
    return [*found, _active(names), *_watchers(names)]


def remarks(facts: StoreFacts) -> Sequence[Finding]:
    """What a connected store's version and plug-ins mean for us."""
    version = tuple(int(part) for part in re.findall(r"\d+", facts.version)[:2])
    recent = version >= OLDEST
    said = [Finding("version", recent, f"WooCommerce {facts.version}" + ("." if recent else
            f" is too old; version {OLDEST[0]} or newer is needed."))]  # fmt: skip
    names = [label for part, label in _BLOCKERS.items() if any(part in plugin for plugin in facts.plugins)]
    said += [Finding("blocker", True, f"{name} may block our calls.", _ALLOW) for name in names]
    found = next((label for part, label in _MULTILINGUAL.items() if any(part in p for p in facts.plugins)), "")
    message = f"Translations go to {found}." if found else "There is no multilingual plug-in, so texts are left alone."
    return [*said, Finding("languages", True, message, "" if found else _WITH_LANGUAGES)]


def _active(namespaces: Sequence[str]) -> Finding:
    if "wc/v3" in namespaces:
        return Finding("woocommerce", True, "WooCommerce is active.")
    remedy = "In WordPress, open Plugins and activate WooCommerce."
    return Finding("woocommerce", False, "WooCommerce does not answer. Is the plug-in active?", remedy)


def _watchers(namespaces: Sequence[str]) -> list[Finding]:
    """Security plug-ins that show in the index; they block some calls, and then need to be told."""
    heads = {name.partition("/")[0] for name in namespaces}
    names = [label for head, label in _BLOCKING_SPACES.items() if head in heads]
    return [Finding("blocker", True, f"{name} may block our calls.", _ALLOW) for name in names]


def _https(store: str, sandbox: bool) -> Finding:
    if store.startswith("https://"):
        return Finding("https", True, "The address uses https.")
    if sandbox:
        return Finding("https", True, "Plain http is fine in the sandbox.")
    remedy = "Ask your host for a certificate; most give one for free."
    return Finding("https", False, "The address must begin with https://.", remedy)


def _index(store: str, path: str, transport: Transport, sandbox: bool) -> Mapping[str, Any]:
    call = Call(method="GET", url=f"{store}{path}", what="preflight", shop=store, sandbox=sandbox)
    data = transport.send(call, _closed).data
    if not isinstance(data, dict):
        raise StoreUnavailable(detail="no index")
    return data


def _closed(answer: Answer) -> AppError | None:
    """A REST API that a plug-in closed to strangers answers 401 or 403 with its own words.

    A store that answers elsewhere (with www, say) must be connected there: keys and signatures follow no redirect.
    """
    if answer.status in {301, 302, 307, 308}:
        leads = urlsplit(answer.headers.get("location", ""))
        there = f" to {leads.scheme}://{leads.hostname}" if _HOST.fullmatch(leads.hostname or "") else ""
        return NotAllowed(f"This address leads on{there}. Enter the address that the store itself uses.")
    if answer.status in {401, 403} and isinstance(answer.data, dict) and "code" in answer.data:
        return NotAllowed("A security plug-in closes the store's REST API. Allow /wp-json/wc/v3/ in it.")
    return None


def _unreachable(store: str, transport: Transport, sandbox: bool) -> Finding:
    """Why /wp-json/ does not answer: plain permalinks, or something worse."""
    try:
        _index(store, "/?rest_route=/", transport, sandbox)
    except AppError:
        remedy = "Does the address open in a browser? If it does, ask your host whether it blocks /wp-json/."
        return Finding("rest", False, "The store's REST API does not answer.", remedy)
    return Finding(
        "permalinks",
        False,
        "Permalinks are set to plain.",
        "In WordPress, open Settings, Permalinks, and choose any other.",
    )
