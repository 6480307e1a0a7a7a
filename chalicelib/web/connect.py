"""Connecting a store from a page: by its address, or by installing the app in the marketplace.

::

    connect ──► connect/NAME (look, in words) ──► the store's consent page ─┬─► connect/NAME/keys   (its server)
                                                                            └─► connect/NAME/back   (its merchant)
    the marketplace ──► connect/NAME (signed link) ──► its consent page ──────► connect/NAME/back   (with a code)
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalicelib import consent
from chalicelib.contracts import Marketplace
from chalicelib.errors import InvalidSignature
from chalicelib.ports import Key
from chalicelib.storage.attempts import Attempt, Stage
from chalicelib.web import door, session
from chalicelib.web.accounts import Role
from chalicelib.web.answers import Answer, redirect
from chalicelib.web.rendering import page
from chalicelib.web.visit import Missing, Visit

LOOKS_AN_HOUR = 30
"""Each makes us call an address that a stranger wrote."""

STATE, STATE_LASTS = "tradewind_state", timedelta(minutes=10)


def choose(visit: Visit) -> Answer:
    """Which kind of store, and where it is."""
    _check_member(visit)
    return _form(visit)


def look(visit: Visit) -> Answer:
    """Look at the store before its merchant goes to its consent page; says in words what stands in the way."""
    _check_member(visit)
    marketplace = _marketplace(visit)
    door.pace(visit, f"connect|{visit.who.email}", LOOKS_AN_HOUR, timedelta(hours=1))
    address = visit.field("address")
    if not address:
        return _form(visit, wrong="Enter the store's address.")
    seen = consent.begin(
        visit.services, marketplace, address, by=visit.who.email, account=visit.field("account")
    )
    return page(visit, "connect_look.html", look=seen, label=marketplace.label, name=marketplace.name)


def keys(visit: Visit) -> Answer:
    """What a store's consent page posts; any other answer than 200 makes the store drop the keys."""
    consent.take_keys(visit.services, _marketplace(visit), visit.request.body)
    return Answer(body="ok", kind="text/plain; charset=utf-8")


def start(visit: Visit) -> Answer:
    """A link that the marketplace signed, opened outside its admin: on to the shop's consent page."""
    marketplace = _marketplace(visit)
    app = consent.by_app(marketplace)
    secrets_ = visit.services.secrets.app(marketplace.name)
    domain = app.check_start(visit.request.query, secrets_, visit.now)
    state = secrets.token_urlsafe(24)
    values = {"state": state, "domain": domain}
    sealed = session.seal(visit.services.settings, "state", values, visit.now + STATE_LASTS)
    line = session.cookie(visit.services.settings, STATE, sealed, STATE_LASTS)
    return redirect(consent.ask(visit.services, marketplace, domain, state)).with_cookies(line)


def back(visit: Visit) -> Answer:
    """The merchant returns from the consent page."""
    marketplace = _marketplace(visit)
    if marketplace.keys is not None:
        return _attempt(visit)
    return _redeemed(visit, marketplace)


def _redeemed(visit: Visit, marketplace: Marketplace) -> Answer:
    """The code that consent gave, for this browser alone and once."""
    known = _begun(visit)
    app = consent.by_app(marketplace)
    domain = app.check_redirect(
        visit.request.query, str(known.get("state", "")), visit.services.secrets.app(marketplace.name), visit.now
    )
    if domain != known.get("domain") or not _first_use(visit, str(known["state"])):
        raise InvalidSignature("The link is no longer valid. Start the installation again.")
    by = visit.who.email if visit.visitor else "the store"
    shop = consent.redeem(visit.services, marketplace, domain, visit.asked("code"), by=by)
    client_id = visit.services.settings.app_ids.get(marketplace.name, "")
    where = visit.link("s", shop.id) if visit.visitor else app.admin_url(domain, client_id)
    return redirect(where).with_cookies(session.cookie(visit.services.settings, STATE, "", STATE_LASTS * 0))


def _attempt(visit: Visit) -> Answer:
    """How far an attempt is; only whoever began it may know. The page looks again by itself."""
    if visit.visitor is None:
        return redirect(visit.link("sign-in"))
    found = visit.services.attempts.get(visit.asked("user_id"))
    if found.by != visit.who.email:
        raise Missing
    if found.stage is Stage.CONNECTED:
        return visit.say(visit.link("s", found.shop), "The store is connected; its products and orders are being read.")
    refused = found.stage is Stage.BEGUN and visit.asked("success") == "0"
    return page(visit, "connect_attempt.html", attempt=found, refused=refused, ended=_ended(found, refused))


def _check_member(visit: Visit) -> None:
    """Stores are connected by members; a page inside one store's admin is about that store alone."""
    if visit.who.embedded is not None:
        raise Missing


def _ended(attempt: Attempt, refused: bool) -> bool:
    return refused or attempt.stage is Stage.FAILED


def _begun(visit: Visit) -> Mapping[str, Any]:
    sealed = visit.cookies.get(STATE, "")
    return session.unseal(visit.services.settings, "state", sealed, visit.now) or {}


def _first_use(visit: Visit, state: str) -> bool:
    key = Key("connecting#state#0", hashlib.sha256(state.encode()).hexdigest()[:32])
    return visit.services.records.add(key, ceiling=1, expires_at=visit.now + 2 * STATE_LASTS) is not None


def _form(visit: Visit, wrong: str = "") -> Answer:
    markets = visit.services.marketplaces.values()
    owned = [one for one in visit.who.accounts if one.members.get(visit.who.email) is Role.OWNER]
    return page(
        visit, "connect.html", status=422 if wrong else 200, wrong=wrong, accounts=owned,
        by_address=[one for one in markets if one.keys is not None],
        by_app=[(one, _admins(visit, one)) for one in markets if one.app is not None],
    )  # fmt: skip


def _admins(visit: Visit, marketplace: Marketplace) -> list[str]:
    """In the sandbox, the admins of the shops on this machine: there is no app store to install from."""
    client_id = visit.services.settings.app_ids.get(marketplace.name, "")
    return [f"{url}/admin/apps/{client_id}" for url in visit.services.settings.stores.values() if client_id]


def _marketplace(visit: Visit) -> Marketplace:
    found = visit.services.marketplaces.get(visit.parts["marketplace"])
    if found is None:
        raise Missing
    return found
