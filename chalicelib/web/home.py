"""The first page of a shop: what waits, what is wrong, what was done lately."""

from itertools import islice

from chalicelib.web import activity
from chalicelib.web.answers import Answer, redirect
from chalicelib.web.rendering import page
from chalicelib.web.review import _tabs
from chalicelib.web.visit import Visit


def start(visit: Visit) -> Answer:
    """Where a visitor belongs: the only shop there is, or the table of shops."""
    shops = visible(visit)
    if visit.who.embedded is not None:
        return redirect(visit.link("s", visit.who.embedded))
    if len(shops) == 1:
        return redirect(visit.link("s", shops[0]))
    return page(visit, "shops.html", shops=shops)


def visible(visit: Visit) -> list[str]:
    """Shops that this visitor may see."""
    return sorted(shop for shop, _ in visit.services.shops.all() if visit.who.role(shop) is not None)


def overview(visit: Visit) -> Answer:
    """One shop at a glance."""
    recent = list(islice(visit.services.journal.entries(visit.the_shop.id, until=visit.now, limit=8), 8))
    return page(
        visit, "home.html", tabs=_tabs(visit), problems=list(visit.services.problems.all(visit.the_shop.id)),
        lines=activity.lines(visit, recent),
    )  # fmt: skip
