"""Downloads from a page inside a marketplace's frame: a browser's own request cannot be signed by a script.

So the address carries a ticket: to read, for some minutes, from one shop.
"""

from datetime import timedelta

from chalicelib.domain.ids import ShopId
from chalicelib.web import session
from chalicelib.web.accounts import Person
from chalicelib.web.session import Session
from chalicelib.web.visit import Visit, Visitor

LASTS = timedelta(minutes=15)
DOWNLOADS = (".csv", ".json")


def issue(visit: Visit) -> str:
    """What a download's address carries; nothing where a cookie comes along anyway."""
    if visit.visitor is None or visit.visitor.embedded is None:
        return ""
    values = {"shop": visit.visitor.embedded, "user": visit.visitor.email}
    return session.seal(visit.services.settings, "ticket", values, visit.now + LASTS)


def holder(visit: Visit) -> Visitor | None:
    """Who holds the ticket of this download, if it is one."""
    if visit.request.method != "GET" or not visit.request.path.endswith(DOWNLOADS):
        return None
    held = session.unseal(visit.services.settings, "ticket", visit.asked("ticket"), visit.now)
    if held is None:
        return None
    shop, user = ShopId(held["shop"]), str(held["user"])
    return Visitor(person=Person(email=user), session=Session(user, f"{shop}|ticket", visit.now), embedded=shop)
