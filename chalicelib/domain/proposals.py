"""A proposal: one change we would make in a store, and why; and the life it may lead."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.actions import Action, Snapshot, digest_of, intended
from chalicelib.domain.evidence import Evidence, Reason
from chalicelib.domain.ids import EventId, FunctionName, ProposalId, ShopId, Target


class Status(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    APPLIED = "applied"
    UNDONE = "undone"
    DISMISSED = "dismissed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    FAILED = "failed"


#   PROPOSED ──► APPROVED ──► APPLIED ──► UNDONE
#      │            │            └──────► SUPERSEDED   (a newer change took its place)
#      │            └─► REFUSED, FAILED
#      └─► DISMISSED, EXPIRED, SUPERSEDED, REFUSED
LEGAL: Mapping[Status, frozenset[Status]] = {
    Status.PROPOSED: frozenset(
        {Status.APPROVED, Status.DISMISSED, Status.EXPIRED, Status.SUPERSEDED, Status.REFUSED}
    ),
    Status.APPROVED: frozenset({Status.APPLIED, Status.REFUSED, Status.FAILED}),
    Status.APPLIED: frozenset({Status.UNDONE, Status.SUPERSEDED}),
    **{
        status: frozenset()
        for status in (Status.UNDONE, Status.DISMISSED, Status.EXPIRED, Status.SUPERSEDED, Status.REFUSED,
                       Status.FAILED)
    },
}  # fmt: skip

LIFETIME = timedelta(days=14)
"""How long a proposal waits for a person before it expires."""

MEMORY = timedelta(days=30)
"""How long a dismissed or undone change is not proposed again."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Which artifact decided: its name, its version, and the first characters of its sha256."""

    name: str
    version: str
    sha256: str = ""


RULES = ModelVersion("rules", "1")
"""Named where no model took part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a guardrail said no, in words."""

    rule: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One change we would make in a store, and why."""

    id: ProposalId
    shop_id: ShopId
    function: FunctionName
    action: Action
    before: Snapshot
    """What the store held when we decided."""
    reasons: tuple[Reason, ...]
    """In merchant words, strongest first."""
    evidence: tuple[Evidence, ...] = ()
    confidence: float
    """0 to 1, calibrated; the model's card says how."""
    model: ModelVersion
    worth: float = 0.0
    """Rank in the queue: expected gain in the shop's currency, or a comparable score."""
    title: str = ""
    """What the resource is called, for people."""
    review: bool = False
    """The function itself asks for a person, whatever the mode."""
    event_id: EventId = EventId("")
    created_at: datetime
    as_of: datetime | None = None
    """When the resource that this was decided on last changed; set by the pipeline."""
    status: Status = Status.PROPOSED
    refusals: tuple[Refusal, ...] = ()
    applied_at: datetime | None = None
    after: Snapshot | None = None
    """What the store held right after we wrote."""
    decided_by: str = ""
    version: int = 0

    @property
    def target(self) -> Target:
        return self.action.target

    @property
    def change(self) -> str:
        """A name for "this very change", so that a dismissed one is recognised."""
        return digest_of({"target": self.target, "to": intended(self.action)})

    @property
    def moot(self) -> bool:
        """Whether the store already holds what we would write."""
        return self.before.digest == digest_of(intended(self.action))


def moved(
    proposal: Proposal, status: Status, *, by: str = "", refusals: tuple[Refusal, ...] = ()
) -> Proposal:
    """The proposal in its next status.

    Raises:
        ValueError: the life of a proposal has no such step.
    """
    if status not in LEGAL[proposal.status]:
        raise ValueError(f"a proposal that is {proposal.status} cannot become {status}")
    return replace(
        proposal, status=status, decided_by=by or proposal.decided_by, refusals=refusals or proposal.refusals
    )


def proposal_id(event: EventId, function: FunctionName, target: Target) -> ProposalId:
    """A proposal's name: one per event, function and target, so that a repeated event makes no second one."""
    name = f"{event}\x1f{function}\x1f{target}"
    return ProposalId(hashlib.sha256(name.encode()).hexdigest()[:24])
