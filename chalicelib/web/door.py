"""The door: who asks (a session of ours, or a marketplace's token), and whether a form is one of ours."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from chalicelib.domain.ids import ShopId, shop_id
from chalicelib.errors import InvalidSignature, NotAllowed
from chalicelib.ports import Key
from chalicelib.web import languages, session
from chalicelib.web.accounts import Person
from chalicelib.web.session import Session
from chalicelib.web.visit import Shell, Visit, Visitor

PACE = 300
"""Forms that one person may send in a minute."""


class Sender(Protocol):
    """Who a marketplace's own session token names."""

    @property
    def domain(self) -> str: ...

    @property
    def user(self) -> str: ...


class Surroundings(Protocol):
    """What a marketplace's admin wants around an embedded page: who frames it, its scripts, their settings."""

    @property
    def ancestors(self) -> Sequence[str]: ...

    @property
    def scripts(self) -> Sequence[str]: ...

    @property
    def meta(self) -> Mapping[str, str]: ...


type Embedding = Callable[[ShopId, str], Surroundings]
"""``embedding(shop, app id)``."""

type Verify = Callable[[str, str, Sequence[bytes]], Sender]
"""``session(authorization, app id, app secrets)``; raises InvalidSignature."""


def greet(visit: Visit) -> Visit:
    """The visit with its visitor and language, where there is one."""
    visitor = _embedded(visit) or _signed_in(visit)
    chosen = visitor.person.language if visitor else ""
    language = languages.choose(chosen, visit.request.headers.get("accept-language", ""))
    return replace(visit, visitor=visitor, language=language)


def _signed_in(visit: Visit) -> Visitor | None:
    known = session.read(visit.services.settings, visit.cookies, visit.now)
    if known is None:
        return None
    person = visit.accounts.person(known.email)
    if person.signed_out_at and known.began_at.isoformat() <= person.signed_out_at:
        return None
    operator = known.email in visit.services.settings.operators
    return Visitor(person=person, session=known, accounts=visit.accounts.of(person), operator=operator)


def _embedded(visit: Visit) -> Visitor | None:
    """A page inside a marketplace's admin proves its shop by the marketplace's token, never by a cookie."""
    token = visit.request.headers.get("authorization", "") or visit.asked("id_token")
    if not token:
        return None
    for name, marketplace in visit.services.marketplaces.items():
        verify: Verify | None = getattr(marketplace, "session", None)
        if verify is not None and (found := _sent_by(visit, name, verify, token)) is not None:
            return found
    return None


def _sent_by(visit: Visit, marketplace: str, verify: Verify, token: str) -> Visitor | None:
    settings = visit.services.settings
    bearer = token if token.lower().startswith("bearer ") else f"Bearer {token}"
    try:
        sender = verify(bearer, settings.app_ids.get(marketplace, ""), visit.services.secrets.app(marketplace))
    except InvalidSignature:
        return None
    shop = shop_id(marketplace, sender.domain)
    name = f"{sender.user}@{sender.domain}"
    return Visitor(
        person=Person(email=name), session=Session(name, f"{shop}|{sender.user}", visit.now), embedded=shop,
        shell=_shell(visit, marketplace, shop),
    )  # fmt: skip


def _shell(visit: Visit, marketplace: str, shop: ShopId) -> Shell:
    """What the marketplace wants around the page; without a word from it, its shop's own address may frame."""
    embedding: Embedding | None = getattr(visit.services.marketplaces[marketplace], "embedding", None)
    if embedding is None:
        return Shell(ancestors=(f"https://{shop.partition(':')[2]}",))
    wanted = embedding(shop, visit.services.settings.app_ids.get(marketplace, ""))
    return Shell(ancestors=tuple(wanted.ancestors), scripts=tuple(wanted.scripts), meta=dict(wanted.meta))


def check_form(visit: Visit) -> None:
    """A form must come from a page of ours, carry its word, and not come too fast. Raises NotAllowed."""
    _check_origin(visit)
    if visit.visitor is None:
        return
    if not hmac.compare_digest(visit.field("csrf").encode(), visit.csrf.encode()):
        raise NotAllowed("This form is too old or not ours. Load the page again and repeat it.")
    pace(visit, f"form|{visit.who.session.id}", PACE, timedelta(minutes=1))


def _check_origin(visit: Visit) -> None:
    """Browsers say where a form comes from; another site's is refused even where a cookie came along."""
    headers = visit.request.headers
    origin = headers.get("origin", "")
    ours = urlsplit(visit.services.settings.base_url).netloc
    foreign = origin not in {"", "null"} and urlsplit(origin).netloc != ours
    if headers.get("sec-fetch-site", "same-origin") == "cross-site" or (foreign and not _same_host(headers, origin)):
        raise NotAllowed("This form was sent from another site.")


def _same_host(headers: Any, origin: str) -> bool:
    return bool(headers.get("host")) and urlsplit(origin).netloc == headers["host"]


def pace(visit: Visit, who: str, ceiling: int, window: timedelta) -> None:
    """Count one attempt in the running window. Raises NotAllowed beyond the ceiling."""
    slot = int(visit.now.timestamp() // window.total_seconds())
    key = Key("limits#pace#0", f"{who}|{slot}")
    if visit.services.records.add(key, ceiling=ceiling, expires_at=visit.now + 2 * window) is None:
        raise NotAllowed("That was too often. Wait a little and try again.")
