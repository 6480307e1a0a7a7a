"""What was done: who, what, when, from what to what; undo of one change or of a day, and an export."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby, islice
from zoneinfo import ZoneInfo

from chalicelib import privacy, schedules
from chalicelib.domain.actions import Snapshot
from chalicelib.domain.ids import ProductId, ProposalId
from chalicelib.domain.journal import Deed, Entry
from chalicelib.domain.proposals import Proposal, Status
from chalicelib.errors import NotAllowed
from chalicelib.storage.journal import place_of
from chalicelib.web import drawing, languages
from chalicelib.web.answers import Answer, redirect
from chalicelib.web.drawing import Drawing
from chalicelib.web.rendering import page
from chalicelib.web.visit import Visit

SHOWN = 40
EXPORTED = 5000
SCANNED = 1000
"""Entries that a filter, or the search for a day, looks through."""

OFFERED = frozenset({
    Deed.APPLIED, Deed.UNDONE, Deed.DISMISSED, Deed.REFUSED, Deed.CONFLICT, Deed.FAILED, Deed.SETTINGS,
})  # fmt: skip
"""Deeds that the filter offers."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal as it is shown."""

    entry: Entry
    drawing: Drawing | None
    can_undo: bool


@dataclass(frozen=True, slots=True)
class Day:
    """The lines of one day of the shop's own calendar."""

    name: str
    at: datetime
    lines: Sequence[Line]

    @property
    def undoable(self) -> int:
        return sum(line.can_undo for line in self.lines)


def entries(visit: Visit) -> Answer:
    """The journal, newest first."""
    found = list(islice(_filtered(visit), SHOWN + 1))
    following = place_of(found[SHOWN - 1]) if len(found) > SHOWN else ""
    return page(
        visit, "activity.html", days=list(_days(visit, lines(visit, found[:SHOWN]))), following=following,
        deed=visit.asked("deed"), by=visit.asked("by"), deeds=sorted(OFFERED), first=not visit.asked("before"),
    )  # fmt: skip


def _filtered(visit: Visit) -> Iterator[Entry]:
    before, deed, by = visit.asked("before"), visit.asked("deed"), visit.asked("by").casefold()
    until = _moment(before) if before else visit.now
    found = visit.services.journal.entries(visit.the_shop.id, until=until, before=before or None, limit=SCANNED)
    return (one for one in found if (not deed or one.deed == deed) and by in one.by.casefold())


def _moment(place: str) -> datetime:
    try:
        return datetime.fromisoformat(place.partition("~")[0]).astimezone(UTC)
    except ValueError as error:
        raise NotAllowed("This address is not one of ours.") from error


def lines(visit: Visit, found: Sequence[Entry]) -> list[Line]:
    """Entries with what can still be undone."""
    applied = [one.proposal_id for one in found if one.deed is Deed.APPLIED]
    standing = visit.services.proposals.many(visit.the_shop.id, applied) if applied else {}
    names = _names(visit, found)
    return [_line(one, standing, names) for one in found]


def _names(visit: Visit, found: Sequence[Entry]) -> Mapping[ProductId, str]:
    wanted = {name for one in found if one.action for name in drawing.named(one.action, one.before)}
    known = visit.services.catalogue.many(visit.the_shop.id, sorted(wanted)) if wanted else {}
    return {name: product.title for name, product in known.items()}


def _line(entry: Entry, standing: Mapping[ProposalId, Proposal], names: Mapping[ProductId, str]) -> Line:
    drawn = _drawn(entry, names)
    known = standing.get(entry.proposal_id)
    undoable = entry.deed is Deed.APPLIED and known is not None and known.status is Status.APPLIED
    return Line(entry, drawn, undoable)


def _drawn(entry: Entry, names: Mapping[ProductId, str]) -> Drawing | None:
    """The change of an entry; an undo went the other way, back to what stands there since."""
    if entry.action is None:
        return None
    if entry.deed is not Deed.UNDONE:
        return drawing.draw_change(entry.action, entry.before, entry.title, names)
    back = drawing.draw_change(entry.action, entry.after, entry.title, names)
    return replace(back, before=back.after, after=back.before)


def _days(visit: Visit, found: Sequence[Line]) -> Iterator[Day]:
    zone = languages.zone(visit.the_shop.timezone)
    for name, group in groupby(found, lambda line: _day(line.entry, zone)):
        day = list(group)
        yield Day(name, day[0].entry.at, day)


def _day(entry: Entry, zone: ZoneInfo) -> str:
    return entry.at.astimezone(zone).date().isoformat()


def ask_undo(visit: Visit) -> Answer:
    """What undoing a day would put back, before anything is done."""
    return page(visit, "undo_day.html", which=visit.asked("day"), lines=_of_day(visit, visit.asked("day")))


def undo_day(visit: Visit) -> Answer:
    """Undo everything of one day that can be, newest first, as a job."""
    found = [line.entry.proposal_id for line in _of_day(visit, visit.field("day"))]
    if not found:
        return visit.say(visit.here("activity"), "There is nothing left to undo on that day.", good=False)
    work = schedules.start_job(visit.services, visit.the_shop, "undo", found, visit.who.email)
    return redirect(visit.here("jobs", work.id))


def _of_day(visit: Visit, day: str) -> list[Line]:
    zone = languages.zone(visit.the_shop.timezone)
    recent = visit.services.journal.entries(visit.the_shop.id, until=visit.now, limit=SCANNED)
    found = [one for one in recent if one.deed is Deed.APPLIED and _day(one, zone) == day]
    return [line for line in lines(visit, found) if line.can_undo]


def export(visit: Visit) -> Answer:
    """The journal as a table for spreadsheets, with nothing that one would run."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(("at", "deed", "function", "title", "place", "before", "after", "by", "note"))
    found = visit.services.journal.entries(visit.the_shop.id, until=visit.now, limit=EXPORTED)
    for one in found:
        table.writerow([defused(cell) for cell in _cells(one)])
    name = {"Content-Disposition": 'attachment; filename="tradewind-activity.csv"'}
    return Answer(body="\ufeff" + out.getvalue(), kind="text/csv; charset=utf-8", extra=name)


def held(visit: Visit) -> Answer:
    """What is kept about one buyer, for the merchant to hand to them; the owner's alone."""
    orders = [order for order in visit.asked("orders").split(",") if order]
    found = privacy.held(visit.services, visit.the_shop.id, visit.parts["customer"], orders)
    name = {"Content-Disposition": 'attachment; filename="tradewind-buyer.json"'}
    return Answer(body=json.dumps(found, indent=2), kind="application/json", extra=name)


def _cells(one: Entry) -> tuple[str, ...]:
    reasons = " ".join(str(reason) for reason in one.reasons)
    return (
        one.at.isoformat(), one.deed, one.function, one.title, one.target, _held(one.before), _held(one.after),
        one.by, one.note or reasons,
    )  # fmt: skip


def _held(snapshot: Snapshot | None) -> str:
    if snapshot is None or snapshot.value is None:
        return ""
    value = snapshot.value
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def defused(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.lstrip().startswith(("=", "+", "-", "@")) or (cell[:1] in "\t\r\n" and cell) else cell
