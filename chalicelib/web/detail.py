"""One proposal whole: what would change, on what grounds, against which rules; and the decision on it."""

from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice

from chalicelib import applying, deciding, guardrails
from chalicelib.domain.actions import AssessOrder, HoldOrder, PublishTranslation, SetPrice, TagOrder
from chalicelib.domain.ids import ProposalId
from chalicelib.domain.journal import Entry
from chalicelib.domain.proposals import Proposal, Status
from chalicelib.errors import AppError, Gone
from chalicelib.web import drawing, exhibits, languages
from chalicelib.web.answers import Answer
from chalicelib.web.rendering import page
from chalicelib.web.review_edit import edited
from chalicelib.web.visit import Missing, Visit

ON_ORDER = (AssessOrder, HoldOrder, TagOrder)
LOOKED_BACK = 300
"""Journal entries that a proposal's history is looked for in."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One rule that was asked, and why it says no, if it does."""

    rule: str
    refusal: str


def detail(visit: Visit) -> Answer:
    """One proposal."""
    return show(visit, _proposal(visit))


def show(visit: Visit, proposal: Proposal, *, status: int = 200, wrong: str = "") -> Answer:
    """A proposal's page; ``wrong`` says why what was tried did not happen."""
    names = drawing.fetch_names(visit.services, visit.the_shop.id, [proposal])
    function = visit.services.functions.get(proposal.function)
    drawn = drawing.draw(proposal, names)
    waits = proposal.status is Status.PROPOSED
    found = _exhibits(visit, proposal, names)
    return page(
        visit, "proposal.html", status=status, proposal=proposal, drawing=drawn, wrong=wrong,
        label=function.label if function else proposal.function, change_pct=drawing.change_pct(drawn),
        reversal=drawing.reversible(proposal.action), undo_word=drawing.undo_word(proposal.action), exhibits=found,
        order=proposal.action.resource if isinstance(proposal.action, ON_ORDER) else "",
        checks=_checks(visit, proposal, names) if waits else [], history=_history(visit, proposal), waits=waits,
        can_undo=proposal.status is Status.APPLIED, typed=visit.form if wrong else {},
        texts_by_key={one.text.difference.field: one.text for one in found if one.text},
        editable="price" if isinstance(proposal.action, SetPrice)
        else "text" if isinstance(proposal.action, PublishTranslation) else "",
    )  # fmt: skip


def _exhibits(visit: Visit, proposal: Proposal, names: drawing.Names) -> list[exhibits.Exhibit]:
    zone = visit.the_shop.timezone
    return exhibits.show(
        proposal.evidence, names, lambda value: languages.number(round(value, 2), visit.language),
        lambda at: languages.day(at, visit.language, zone),
    )  # fmt: skip


def _checks(visit: Visit, proposal: Proposal, names: drawing.Names) -> list[Checked]:
    """Every rule against what was known when it was decided; the store is asked again on approval."""
    state = visit.services.proposals.state(visit.the_shop.id, proposal.target, visit.now)
    situation = applying.situate(
        visit.services, visit.the_shop, visit.the_policy, proposal, state.written_as(proposal.before), names,
        by_person=True,
    )  # fmt: skip
    found = ((rule, rule(proposal, situation)) for rule in guardrails.rules(proposal))
    return [Checked(_said(rule), str(refusal.reason) if refusal else "") for rule, refusal in found]


def _said(rule: guardrails.Rule) -> str:
    """A rule in words: the first sentence that its author wrote of it."""
    text = " ".join((rule.__doc__ or "").split())
    return text.partition(": ")[0].partition("; ")[0].rstrip(".") + "."


def _history(visit: Visit, proposal: Proposal) -> list[Entry]:
    """What the journal says of this proposal, newest first."""
    entries = visit.services.journal.entries(visit.the_shop.id, until=visit.now, months=2, limit=LOOKED_BACK)
    return [entry for entry in islice(entries, LOOKED_BACK) if entry.proposal_id == proposal.id]


def approve(visit: Visit) -> Answer:
    """Write it to the store, perhaps as the person changed it."""
    proposal = _proposal(visit)
    try:
        action = edited(proposal.action, visit.form)
        decided = deciding.approve(visit.services, visit.the_shop.id, proposal.id, visit.who.email, action=action)
    except Gone:
        raise
    except AppError as error:
        return _refused(visit, error)
    words = "Approved with your changes, and written to the store." if action else "Approved, and written to the store."
    return visit.say(_back(visit, decided), words)


def dismiss(visit: Visit) -> Answer:
    """Say no, for 30 days."""
    try:
        decided = deciding.dismiss(
            visit.services, visit.the_shop.id, ProposalId(visit.parts["proposal"]), visit.who.email
        )
    except Gone:
        raise
    except AppError as error:
        return _refused(visit, error)
    return visit.say(_back(visit, decided), "Dismissed. The same change is not proposed again for 30 days.")


def undo(visit: Visit) -> Answer:
    """Put back what was there."""
    try:
        deciding.undo(visit.services, visit.the_shop.id, ProposalId(visit.parts["proposal"]), visit.who.email)
    except Gone:
        raise
    except AppError as error:
        return _refused(visit, error)
    return visit.say(visit.here("activity"), "Undone: the store holds what it held before.")


def decide(visit: Visit) -> Answer:
    """Approve, dismiss or undo."""
    deed = {"approve": approve, "dismiss": dismiss, "undo": undo}.get(visit.parts["deed"])
    if deed is None:
        raise Missing
    return deed(visit)


def _refused(visit: Visit, error: AppError) -> Answer:
    """The same page again, with what was typed and why it was not done."""
    return show(visit, _proposal(visit), status=HTTPStatus.CONFLICT, wrong=error.merchant_message)


def _proposal(visit: Visit) -> Proposal:
    return visit.services.proposals.get(visit.the_shop.id, ProposalId(visit.parts["proposal"]))


def _back(visit: Visit, decided: Proposal) -> str:
    return visit.here("review", function=decided.function)
