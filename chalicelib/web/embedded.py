"""Pages inside a marketplace's own admin: their token, what frames them, and a fresh token where one is missing.

::

    first load   GET /?embedded=1&shop=…&id_token=…    verified; the shop is connected if it was not
    then         every click is a fetch with Authorization: Bearer …, signed by the marketplace's script
    reload       GET /s/…?embedded=1&shop=… without a valid token ──► token page ──► the same address with one
"""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

from chalicelib import consent
from chalicelib.contracts import AppConsent, Marketplace
from chalicelib.domain.ids import ShopId, account_of, shop_id
from chalicelib.errors import InvalidSignature
from chalicelib.web import tickets
from chalicelib.web.accounts import Person
from chalicelib.web.answers import Answer, redirect, security
from chalicelib.web.rendering import page
from chalicelib.web.session import Session
from chalicelib.web.visit import Missing, Shell, Visit, Visitor

BEARER = "bearer "


def token_of(visit: Visit) -> str:
    """The session token that came along, in the header of a fetch or in the address of a first load."""
    header = visit.request.headers.get("authorization", "")
    return header[len(BEARER) :] if header.lower().startswith(BEARER) else visit.asked("id_token")


def visitor(visit: Visit) -> Visitor | None:
    """Who looks at an embedded page: they prove it by the marketplace's token, never by a cookie."""
    token = token_of(visit)
    if not token:
        return tickets.holder(visit)
    for marketplace, app in _apps(visit):
        client_id = visit.services.settings.app_ids.get(marketplace.name, "")
        try:
            sender = app.visitor(f"Bearer {token}", client_id, visit.services.secrets.app(marketplace.name))
        except InvalidSignature:
            continue
        shop, name = shop_id(marketplace.name, sender.domain), f"{sender.user}@{sender.domain}"
        return Visitor(
            person=Person(email=name), session=Session(name, f"{shop}|{sender.user}", visit.now), embedded=shop,
            shell=_shell(app, sender.domain, client_id),
        )  # fmt: skip
    return None


def enter(visit: Visit, shop: ShopId) -> Visit:
    """The visit to the embedded shop's own pages; the shop is connected now if it was not."""
    marketplace = visit.services.marketplaces[shop.partition(":")[0]]
    consent.enter(visit.services, marketplace, account_of(shop), token_of(visit), by=visit.who.email)
    profile, policy = visit.services.shops.with_policy(shop)
    return replace(visit, shop=profile, policy=policy)


def stranger(visit: Visit) -> Answer | None:
    """What a request from a marketplace's admin is answered whose token is missing, wrong or over.

    A fetch is told to sign again; a page is led by way of one that fetches a token; a signed link that was
    opened outside the admin goes to the shop's consent page. None for everybody else.
    """
    for marketplace, app in _apps(visit):
        if visit.request.headers.get("authorization", ""):
            return Answer(status=401, kind="text/plain; charset=utf-8", body="Sign again.", extra=app.retry_headers())
        if visit.request.method == "GET" and app.framed_by(visit.request.query):
            return redirect(visit.link("connect", marketplace.name, "token", **_reload(visit, app)))
        if "hmac" in visit.request.query:
            return redirect(visit.link("connect", marketplace.name, **visit.request.query))
    return None


def fetch_token(visit: Visit) -> Answer:
    """A page with the marketplace's script alone, which fetches a token and goes where we say."""
    marketplace = visit.services.marketplaces.get(visit.parts["marketplace"])
    if marketplace is None:
        raise Missing
    app = consent.by_app(marketplace)
    domain = app.framed_by(visit.request.query)
    if not domain:
        raise Missing
    shell = _shell(app, domain, visit.services.settings.app_ids.get(marketplace.name, ""))
    secure = visit.services.settings.base_url.startswith("https://")
    headers = security(embedding=shell.ancestors, scripts=shell.origins, secure=secure)
    return page(visit, "token.html", shell=shell).with_headers(headers)


def _reload(visit: Visit, app: AppConsent) -> dict[str, str]:
    kept = {name: value for name, value in visit.request.query.items() if name != "id_token"}
    path = "/" + visit.request.path.lstrip("/")
    return dict(app.reload_query(kept, f"{visit.services.settings.base_url}{path}?{urlencode(kept)}"))


def _shell(app: AppConsent, domain: str, client_id: str) -> Shell:
    wanted = app.surroundings(domain, client_id)
    return Shell(ancestors=tuple(wanted.ancestors), scripts=tuple(wanted.scripts), meta=dict(wanted.meta))


def _apps(visit: Visit) -> Iterator[tuple[Marketplace, AppConsent]]:
    for marketplace in visit.services.marketplaces.values():
        if marketplace.app is not None:
            yield marketplace, marketplace.app()
