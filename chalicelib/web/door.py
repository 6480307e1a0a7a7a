"""The door: who asks (a session of ours, or a marketplace's token), and whether a form is one of ours."""

import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from chalicelib.errors import NotAllowed
from chalicelib.ports import Key
from chalicelib.web import embedded, languages, session
from chalicelib.web.visit import Visit, Visitor

PACE = 300
"""Forms that one person may send in a minute."""


def greet(visit: Visit) -> Visit:
    """The visit with its visitor and language, where there is one."""
    visitor = embedded.visitor(visit) or _signed_in(visit)
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
