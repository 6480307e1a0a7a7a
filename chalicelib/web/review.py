"""The review queue and one proposal: before, after, why; approve, dismiss, undo."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from chalicelib import schedules
from chalicelib.domain.ids import FunctionName
from chalicelib.domain.proposals import Proposal
from chalicelib.domain.shop import Mode
from chalicelib.storage.proposals import rank
from chalicelib.web import drawing
from chalicelib.web.answers import Answer, redirect
from chalicelib.web.drawing import Drawing
from chalicelib.web.rendering import page
from chalicelib.web.visit import Missing, Visit

SHOWN = 25
SCANNED = 500
"""How far a filter looks into the queue before it says so."""

COUNTED = 50
"""Beyond it a tab says "50+": counting on would read the whole queue for one number."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One function in the queue."""

    name: FunctionName
    label: str
    waiting: int
    mode: Mode

    @property
    def count(self) -> str:
        return f"{COUNTED}+" if self.waiting > COUNTED else str(self.waiting)


@dataclass(frozen=True, slots=True)
class Row:
    """One proposal in the queue."""

    proposal: Proposal
    drawing: Drawing

    @property
    def change_pct(self) -> float | None:
        return drawing.change_pct(self.drawing)


def queue(visit: Visit) -> Answer:
    """What waits, worthiest first, one function at a time."""
    found = tabs(visit)
    if not found:
        raise Missing
    tab = _chosen(visit, found)
    listed, following = _page_of(visit, tab.name)
    names = drawing.fetch_names(visit.services, visit.the_shop.id, listed)
    rows = [Row(one, drawing.draw(one, names)) for one in listed]
    return page(
        visit, "review.html", tabs=found, tab=tab, rows=rows, following=following, wanted=visit.asked("q"),
        order=visit.asked("sort", "worth"), most=MOST_AT_ONCE, first=not visit.asked("after"),
    )  # fmt: skip


def tabs(visit: Visit) -> Sequence[Tab]:
    """Functions that make sense in this store, with what waits in each."""
    shop, policy = visit.the_shop, visit.the_policy
    return [
        Tab(name, function.label, _waiting(visit, name), policy.mode(name))
        for name, function in visit.services.functions.items()
        if function.capabilities & visit.services.marketplaces[shop.marketplace].abilities(shop)
    ]


def _waiting(visit: Visit, name: FunctionName) -> int:
    return sum(1 for _ in visit.services.proposals.waiting(visit.the_shop.id, name, limit=COUNTED + 1))


def _chosen(visit: Visit, tabs: Sequence[Tab]) -> Tab:
    """The tab asked for, else the first one with something to do."""
    wanted = visit.asked("function")
    if wanted:
        found = next((tab for tab in tabs if tab.name == wanted), None)
        if found is None:
            raise Missing
        return found
    return next((tab for tab in tabs if tab.waiting), tabs[0])


def _page_of(visit: Visit, name: FunctionName) -> tuple[list[Proposal], str]:
    """One page and where the next one begins; a filter or another order looks at the first few hundred."""
    shop, wanted, order = visit.the_shop.id, visit.asked("q").casefold(), visit.asked("sort", "worth")
    after = visit.asked("after") or None
    if not wanted and order == "worth":
        found = list(visit.services.proposals.waiting(shop, name, after=after, limit=SHOWN + 1))
        return found[:SHOWN], rank(found[SHOWN - 1]) if len(found) > SHOWN else ""
    scanned = visit.services.proposals.waiting(shop, name, limit=SCANNED)
    kept = [one for one in scanned if wanted in _searched(one)]
    kept.sort(key=_ORDERS.get(order, _ORDERS["worth"]))
    begin = int(after) if after and after.isdigit() else 0
    rest = list(islice(kept, begin, begin + SHOWN + 1))
    return rest[:SHOWN], str(begin + SHOWN) if len(rest) > SHOWN else ""


def _searched(proposal: Proposal) -> str:
    return f"{proposal.title} {proposal.target} {' '.join(str(r) for r in proposal.reasons)}".casefold()


_ORDERS = {
    "worth": lambda one: -one.worth,
    "newest": lambda one: -one.created_at.timestamp(),
    "oldest": lambda one: one.created_at.timestamp(),
    "sure": lambda one: -one.confidence,
}


def bulk(visit: Visit) -> Answer:
    """Decide many at once, as a job whose progress has a page."""
    chosen = visit.form.get("proposal", ())
    back = visit.here("review", function=visit.field("function"))
    if visit.field("all"):
        name = FunctionName(visit.field("function"))
        waiting = visit.services.proposals.waiting(visit.the_shop.id, name, limit=MOST_AT_ONCE)
        chosen = tuple(one.id for one in waiting)
    if not chosen:
        return visit.say(back, "Nothing was selected.", good=False)
    work = schedules.start_job(visit.services, visit.the_shop, visit.field("deed"), chosen, visit.who.email)
    return redirect(visit.here("jobs", work.id))


MOST_AT_ONCE = 1000
"""Proposals of one bulk job: its subjects are kept in one record, which every step writes again."""
