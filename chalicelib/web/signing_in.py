"""Signing in by a link that is sent by mail and works once; in the sandbox the link is shown."""

import hashlib
import re
import secrets
from datetime import timedelta
from http import HTTPStatus

from chalicelib.errors import NotAllowed
from chalicelib.ports import Key
from chalicelib.web import door, post, session
from chalicelib.web.answers import Answer, redirect
from chalicelib.web.rendering import failure, page
from chalicelib.web.visit import Missing, Visit

ADDRESS = re.compile(r"[^@\s<>\"',;]{1,64}@[^@\s<>\"',;]{1,185}")
DEMO = "owner@tradewind.example"
LINKS_AN_HOUR = 6
ASKS_AN_HOUR = 60


def ask(visit: Visit) -> Answer:
    """The form that asks for an address."""
    if visit.visitor is not None:
        return redirect(visit.link())
    demo = DEMO if visit.services.settings.sandbox else ""
    return page(visit, "sign_in.html", demo=demo, to=visit.asked("to"))


def send_link(visit: Visit) -> Answer:
    """Send the link; the answer is the same for every address, so that nobody learns who is a member."""
    email = visit.field("email").lower()
    if not ADDRESS.fullmatch(email):
        return page(visit, "sign_in.html", status=422, demo=email, to=visit.field("to"), wrong=True)
    door.pace(visit, f"link|{_mark(email)}", LINKS_AN_HOUR, timedelta(hours=1))
    door.pace(visit, f"ask|{_caller(visit)}", ASKS_AN_HOUR, timedelta(hours=1))
    link = _link(visit, email)
    post.send(visit.services, email, "Your link to Tradewind", _letter(link), link=link)
    shown = link if visit.services.settings.sandbox else ""
    return page(visit, "link_sent.html", email=email, link=shown)


def confirm(visit: Visit) -> Answer:
    """A button behind the link, because mail scanners open links but press no buttons."""
    values = _opened(visit, visit.asked("token"))
    if values is None:
        return _over(visit)
    return page(visit, "enter.html", email=values["email"], token=visit.asked("token"))


def enter(visit: Visit) -> Answer:
    """Begin a session, once per link."""
    token = visit.field("token")
    values = _opened(visit, token)
    if values is None or not _first_use(visit, token):
        return _over(visit)
    email = values["email"]
    _welcome(visit, email)
    line = session.begin(visit.services.settings, email, visit.now)
    return redirect(_safe(visit, values.get("to", ""))).with_cookies(line)


def leave(visit: Visit) -> Answer:
    """End the session on this browser."""
    gone = session.cookie(visit.services.settings, session.COOKIE, "", session.FLASH * 0)
    return redirect(visit.link("sign-in")).with_cookies(gone)


def inbox(visit: Visit) -> Answer:
    """What would have been sent by mail; only in the sandbox."""
    if not visit.services.settings.sandbox:
        raise Missing
    return page(visit, "inbox.html", letters=list(post.kept(visit.services)))


def _link(visit: Visit, email: str) -> str:
    values = {"email": email, "to": visit.field("to"), "nonce": secrets.token_urlsafe(9)}
    token = session.seal(visit.services.settings, "link", values, visit.now + session.LINK)
    return f"{visit.services.settings.base_url}/sign-in/link?token={token}"


def _letter(link: str) -> str:
    return (
        "Open this link within 20 minutes to sign in to Tradewind. It works once.\n\n"
        f"{link}\n\nIf you did not ask for it, you can ignore this message.\n"
    )


def _opened(visit: Visit, token: str) -> dict[str, str] | None:
    return session.unseal(visit.services.settings, "link", token, visit.now)


def _first_use(visit: Visit, token: str) -> bool:
    key = Key("people#link#0", hashlib.sha256(token.encode()).hexdigest()[:32])
    expires = visit.now + 2 * session.LINK
    return visit.services.records.add(key, ceiling=1, expires_at=expires) is not None


def _welcome(visit: Visit, email: str) -> None:
    """In the sandbox the first to come owns what is connected there."""
    sandbox = visit.services.settings.sandbox
    if sandbox and not visit.accounts.person(email).accounts and visit.accounts.claim_first():
        visit.accounts.create("Sandbox", email, every_shop=True)


def _safe(visit: Visit, to: str) -> str:
    """Only a path of ours; ``//elsewhere`` and whole addresses are not."""
    path = to.strip("/")
    return visit.link(*path.split("/")) if re.fullmatch(r"[\w@:~./-]+", path) else visit.link()


def _over(visit: Visit) -> Answer:
    return failure(visit, HTTPStatus.GONE, "This link was used already or is too old. Ask for a new one.")


def _mark(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:16]


def _caller(visit: Visit) -> str:
    """The address that the gateway saw: the last one it added, for a caller can invent the earlier ones."""
    seen = visit.request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    if len(seen) > 64:
        raise NotAllowed
    return seen or "unknown"
