"""What was done: who, what, when, from what to what; with undo."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from chalicelib.domain.ids import ProposalId
from chalicelib.domain.journal import Deed, Entry
from chalicelib.domain.proposals import Proposal, Status
from chalicelib.web import drawing
from chalicelib.web.answers import Answer
from chalicelib.web.drawing import Drawing
from chalicelib.web.rendering import page
from chalicelib.web.visit import Visit

SHOWN = 40


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal as it is shown."""

    entry: Entry
    drawing: Drawing | None
    can_undo: bool


def entries(visit: Visit) -> Answer:
    """The journal, newest first."""
    found = list(islice(visit.services.journal.entries(visit.the_shop.id, until=visit.now), SHOWN))
    return page(visit, "activity.html", lines=lines(visit, found))


def lines(visit: Visit, found: list[Entry]) -> list[Line]:
    """Entries with what can still be undone."""
    applied = [one.proposal_id for one in found if one.deed is Deed.APPLIED]
    standing = visit.services.proposals.many(visit.the_shop.id, applied)
    names = _names(visit, standing)
    return [_line(one, standing, names) for one in found]


def _names(visit: Visit, standing: Mapping[ProposalId, Proposal]) -> Mapping[str, str]:
    known = drawing.fetch_names(visit.services, visit.the_shop.id, list(standing.values()))
    return {name: product.title for name, product in known.items()}


def _line(entry: Entry, standing: Mapping[ProposalId, Proposal], names: Mapping[str, str]) -> Line:
    drawn = None
    if entry.action is not None:
        drawn = drawing.draw_change(entry.action, entry.before, entry.title, names)  # type: ignore[arg-type]
    known = standing.get(entry.proposal_id)
    undoable = entry.deed is Deed.APPLIED and known is not None and known.status is Status.APPLIED
    return Line(entry, drawn, undoable)
