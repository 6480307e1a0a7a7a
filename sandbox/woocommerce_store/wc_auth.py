"""wc-auth/v1: a merchant approves an app, the shop posts the keys to its callback (class-wc-auth.php)."""

import json
import secrets
from html import escape
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from werkzeug import Request, Response
from werkzeug.utils import redirect

from sandbox.woocommerce_store import theme
from sandbox.woocommerce_store.post import post
from sandbox.woocommerce_store.site import WORDPRESS_VERSION
from sandbox.woocommerce_store.store import WooCommerceStore

_PARAMS = ("app_name", "user_id", "return_url", "callback_url", "scope")
_SCOPES = {
    "read": ("Read", ["View coupons", "View customers", "View orders and sales reports", "View products"]),
    "write": ("Write",
        ["Create webhooks", "Create coupons", "Create customers", "Create orders", "Create products"],
    ),
    "read_write": (
        "Read/Write",
        ["Create webhooks", "View and manage coupons", "View and manage customers",
         "View and manage orders and sales reports", "View and manage products"],
    ),
}  # fmt: skip
_COOKIE = "wordpress_logged_in_sandbox"
CALLBACK_TIMEOUT_S = 60.0


class _Refused(Exception):
    """Something that ends in WordPress' "Access denied" page."""


def answer(store: WooCommerceStore, request: Request) -> Response:
    """Answer a step of the flow: login, authorize, access_granted."""
    route = request.path.removeprefix("/wc-auth/").removeprefix("v1/").strip("/").lower()
    try:
        data = _validated(store, request)
        if route == "login":
            return _login(store, request, data)
        if not (store.signed_in or request.cookies.get(_COOKIE)):
            return redirect(_address(store, data, "login"))
        if route == "authorize":
            return _consent(store, data)
        if route == "access_granted":
            return _grant(store, request, data)
        raise _Refused("You do not have permission to access this page")
    except _Refused as reason:
        body = f'<div class="consent"><h1>Access denied</h1><p>Error: {escape(str(reason))}.</p></div>'
        return theme.page(store.shop.site, "Access denied", body, 401)


def _validated(store: WooCommerceStore, request: Request) -> dict[str, str]:
    given = request.values
    data = {}
    for name in _PARAMS:
        if not given.get(name):
            raise _Refused(f"Missing parameter {name}")
        data[name] = given[name]
    if data["scope"] not in _SCOPES:
        raise _Refused(f"Invalid scope {data['scope']}")
    for name in ("return_url", "callback_url"):
        data[name] = _formatted(data[name])
        if not urlsplit(data[name]).hostname:
            raise _Refused(f"The {data[name]} is not a valid URL")
    secure = data["callback_url"].lower().startswith("https://")
    if not secure and not store.allow_insecure_callback:
        raise _Refused("The callback_url needs to be over SSL")
    return data


def _formatted(url: str) -> str:
    url = unquote(url)
    return url if "://" in url else f"https://{url}"


def _address(store: WooCommerceStore, data: dict[str, str], endpoint: str, **more: str) -> str:
    return f"{store.url}/wc-auth/v1/{endpoint}?{urlencode({**data, **more})}"


def _returning(data: dict[str, str], success: int) -> str:
    mark = "&" if urlsplit(data["return_url"]).query else "?"
    return f"{data['return_url']}{mark}{urlencode({'success': success, 'user_id': data['user_id']})}"


def _login(store: WooCommerceStore, request: Request, data: dict[str, str]) -> Response:
    if request.method == "POST":
        response = redirect(_address(store, data, "authorize"))
        response.set_cookie(_COOKIE, "1", httponly=True, samesite="Lax")
        return response
    app, cancel = escape(data["app_name"]), escape(_returning(data, 0))
    body = (
        f'<div class="consent"><h1>{app} would like to connect to your store</h1><p>To connect to {app} you '
        "need to be logged in. Log in to your store below,"
        f' or <a href="{cancel}">cancel and return to {app}</a>.</p>'
        '<form method="post"><p><label>Username<br><input name="log" value="shopkeeper"></label></p>'
        '<p><label>Password<br><input name="pwd" type="password" value="sandbox"></label></p>'
        '<button class="wc-auth-login">Login</button></form></div>'
    )
    return theme.page(store.shop.site, "Login", body)


def _consent(store: WooCommerceStore, data: dict[str, str]) -> Response:
    scope, rights = _SCOPES[data["scope"]]
    nonce = secrets.token_hex(5)
    store.consent_nonces.add(nonce)
    approve = escape(_address(store, data, "access_granted", wc_auth_nonce=nonce))
    app, deny = escape(data["app_name"]), escape(_returning(data, 0))
    items = "".join(f"<li>{escape(right)}</li>" for right in rights)
    body = (
        f'<div class="consent"><h1>{app} would like to connect to your store</h1>'
        f"<p>This will give “{app}” <strong>{escape(scope)}</strong> access which will allow it to:</p>"
        f'<ul class="wc-auth-permissions">{items}</ul><p class="meta">Logged in as shopkeeper</p>'
        f'<p class="wc-auth-actions"><a class="button primary wc-auth-approve" href="{approve}">Approve</a> '
        f'<a class="button plain wc-auth-deny" href="{deny}">Deny</a></p></div>'
    )
    return theme.page(store.shop.site, "Authorize", body)


def _grant(store: WooCommerceStore, request: Request, data: dict[str, str]) -> Response:
    nonce = request.values.get("wc_auth_nonce", "")
    if nonce not in store.consent_nonces:
        raise _Refused("Invalid nonce verification")
    store.consent_nonces.discard(nonce)
    name, secret = f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}"
    key = store.add_key(name, secret, data["scope"])
    key.description = f"{data['app_name'][:170]} - API ({store.shop.now():%Y-%m-%d %H:%M:%S})"
    status, reason = _send(
        data["callback_url"],
        {
            "key_id": key.id,
            "user_id": data["user_id"],
            "consumer_key": name,
            "consumer_secret": secret,
            "key_permissions": data["scope"],
        },
    )
    if status != 200:
        store.revoke_key(name)
        text = "An error occurred in the request and at the time were unable to send the consumer data"
        raise _Refused(reason.decode("utf-8", "replace") if status is None else text)
    return redirect(_returning(data, 1))


def _send(url: str, keys: dict[str, Any]) -> tuple[int | None, bytes]:
    body = json.dumps(keys, separators=(",", ":")).encode()
    headers = {
        "User-Agent": f"WordPress/{WORDPRESS_VERSION}",
        "Accept": "*/*",
        "Content-Type": "application/json;charset=UTF-8",
        "Connection": "close",
        "Content-Length": str(len(body)),
    }
    return post(url, body, headers, CALLBACK_TIMEOUT_S)
