"""The first page of a shop: what waits, what is wrong, what was done lately, and how far the set-up is."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from chalicelib.domain.ids import ShopId
from chalicelib.domain.journal import Deed, Entry, Problem
from chalicelib.domain.shop import Mode, ShopState
from chalicelib.storage.jobs import Job
from chalicelib.web import activity, charts, embedded, orders
from chalicelib.web.answers import Answer, redirect
from chalicelib.web.rendering import page
from chalicelib.web.review import COUNTED, Tab, tabs
from chalicelib.web.visit import Visit

WEEK = timedelta(days=7)
MOST = 1000
"""Journal entries that the numbers are counted from; beyond it they say "at least"."""

BY_ITSELF = frozenset({"tradewind", "the store", "operator"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number with its period and what it was before."""

    label: str
    value: str
    period: str
    before: str = ""
    line: Markup = Markup("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the set-up."""

    label: str
    help: str
    done: bool
    link: str = ""
    job: Job | None = None


def start(visit: Visit) -> Answer:
    """Where a visitor belongs: the only shop there is, or the table of shops."""
    if visit.who.embedded is not None:  # a redirect would lose the token that came with the address
        return overview(embedded.enter(visit, visit.who.embedded))
    found = visible(visit)
    return redirect(visit.link("s", found[0]) if len(found) == 1 else visit.link("shops"))


def visible(visit: Visit) -> list[ShopId]:
    """Shops that this visitor may see."""
    who = visit.who
    if who.operator or any(account.every_shop for account in who.accounts):
        return sorted(shop for shop, _ in visit.services.shops.all())
    return sorted({shop for account in who.accounts for shop in account.shops})


def overview(visit: Visit) -> Answer:
    """One shop at a glance."""
    shop, found = visit.the_shop.id, tabs(visit)
    recent = list(visit.services.journal.entries(shop, until=visit.now, months=2, limit=MOST))
    steps = _guide(visit, recent, found)
    return page(
        visit, "home.html", tabs=found, problems=sorted(visit.services.problems.all(shop), key=_urgent_first),
        numbers=list(_numbers(visit, recent, found)), lines=activity.lines(visit, recent[:8]),
        steps=steps, finished=all(step.done for step in steps), looks=orders.count(visit),
    )  # fmt: skip


def _urgent_first(problem: Problem) -> tuple[bool, datetime]:
    return problem.severity != "urgent", problem.opened_at


def _numbers(visit: Visit, recent: Sequence[Entry], found: Sequence[Tab]) -> Iterator[Number]:
    waiting = sum(tab.waiting for tab in found)
    more = "+" if any(tab.waiting > COUNTED for tab in found) else ""
    yield Number(label="Waiting for you", value=f"{waiting}{more}", period="now")
    for label, deeds in (
        ("Changes applied", {Deed.APPLIED}), ("Undone", {Deed.UNDONE}),
        ("Stopped by your limits", {Deed.REFUSED, Deed.CONFLICT}),
    ):  # fmt: skip
        yield _weekly(visit.now, label, [one.at for one in recent if one.deed in deeds], len(recent) >= MOST)


def _weekly(now: datetime, label: str, times: Sequence[datetime], cut: bool) -> Number:
    ages = Counter((now - at) // timedelta(days=1) for at in times)
    this = sum(count for day, count in ages.items() if day < 7)
    last = sum(count for day, count in ages.items() if 7 <= day < 14)
    days = [float(ages[day]) for day in range(13, -1, -1)]
    mark = "+" if cut else ""
    return Number(
        label=label, value=f"{this}{mark}", period="last 7 days", before=f"{last}{mark}",
        line=charts.sparkline(days, f"{label}: {this} / {last}") if any(days) else Markup(""),
    )  # fmt: skip


def _guide(visit: Visit, recent: Sequence[Entry], found: Sequence[Tab]) -> list[Step]:
    """The set-up as the jobs and the journal show it."""
    jobs = sorted(visit.services.jobs.all(visit.the_shop.id), key=lambda job: job.started_at)
    sync = next((job for job in reversed(jobs) if job.kind == "sync"), None)
    on = any(tab.mode is not Mode.OFF for tab in found)
    decided = any(one.by not in BY_ITSELF and one.proposal_id for one in recent)
    return [
        Step(label="Connect the store", help="The store answers and tells us what changes.",
             done=visit.the_shop.state is ShopState.CONNECTED),
        Step(label="Read products and orders", help="Once, then every change by itself.",
             done=sync is not None and sync.finished_at is not None, job=sync),
        Step(label="Choose what Tradewind may propose", help="Each function is off, proposes, or acts by itself.",
             done=on, link=visit.here("settings")),
        Step(label="Decide on a first proposal", help="Approve it, edit it or dismiss it; you can undo it.",
             done=decided, link=visit.here("review")),
    ]  # fmt: skip
