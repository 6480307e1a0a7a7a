"""The journal: what happened, to which place in which store, from what to what, and by whom."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.actions import Action, Snapshot
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import EntryId, EventId, FunctionName, ProposalId, ShopId, Target


class Outcome(StrEnum):
    """How one event ended for one function, from harmless to bad."""

    DUPLICATE = "duplicate"
    SKIPPED = "skipped"
    UNCHANGED = "unchanged"
    PROPOSED = "proposed"
    APPLIED = "applied"
    REFUSED = "refused"
    PROBLEM = "problem"
    DEAD = "dead"


DONE = frozenset({Outcome.APPLIED, Outcome.PROPOSED, Outcome.UNCHANGED})
"""What the counting equation calls done."""


class Deed(StrEnum):
    """What an entry records."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    UNDONE = "undone"
    DISMISSED = "dismissed"
    REFUSED = "refused"
    FAILED = "failed"
    CONFLICT = "conflict"
    SETTINGS = "settings"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal; never changed once written."""

    id: EntryId
    shop_id: ShopId
    deed: Deed
    at: datetime
    function: FunctionName = FunctionName("")
    proposal_id: ProposalId = ProposalId("")
    event_id: EventId = EventId("")
    target: Target = Target("")
    title: str = ""
    action: Action | None = None
    before: Snapshot | None = None
    after: Snapshot | None = None
    reasons: tuple[Reason, ...] = ()
    by: str = "tradewind"
    """Who: a member's address, ``tradewind`` itself, or ``operator``."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What we last wrote at one target; where the store's value differs, a human came after us."""

    target: Target
    digest: str
    proposal_id: ProposalId
    at: datetime
    original: Snapshot
    """What was there before our first write, so that "undo everything" can reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that needs the merchant; it opens and clears by itself."""

    shop_id: ShopId
    code: str
    """One open problem per code and subject, for example ``access_revoked``."""
    subject: str = ""
    message: str
    opened_at: datetime
    count: int = 1
    severity: str = "warning"
    """``warning`` or ``urgent`` (cannot wait for the daily digest)."""
