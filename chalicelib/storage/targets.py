"""What we know of one target in a store: the proposal that is open for it, and what of its content is ours.

An intent is noted before a write and dropped once a later one is recorded, so that a value which was written
but not yet recorded (a worker died in between) is still known as ours, and never mistaken for a human's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.domain.actions import Snapshot, digest_of, intended
from chalicelib.domain.ids import ProposalId, ShopId, Target
from chalicelib.domain.journal import Written
from chalicelib.domain.proposals import LIFETIME, Proposal
from chalicelib.ports import Key, Record
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.places import Kind

_MOST_INTENTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A value that a proposal means to write."""

    proposal: ProposalId
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The one proposal that is open for a target."""

    proposal: ProposalId
    change: str
    since_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """One target as we know it."""

    target: Target
    open: Holder | None = None
    intents: tuple[Intent, ...] = ()
    written: Written | None = None
    as_of: datetime | None = None
    """The newest state of the resource that anything was decided on here."""
    looked_at: datetime | None = None
    """When that state was last looked at: stores tell time in seconds, and two states may bear the same one."""
    version: int = 0

    def outdated(self, proposal: Proposal) -> bool:
        """Whether a decision on a newer state was made already: older state never overwrites newer."""
        return self.as_of is not None and proposal.as_of is not None and proposal.as_of < self.as_of

    def doubtful(self, proposal: Proposal) -> bool:
        """Whether a state of the same time was looked at after this one, which may therefore be the older."""
        tied = self.as_of is not None and proposal.as_of == self.as_of
        return tied and self.looked_at is not None and proposal.created_at < self.looked_at

    def ours(self, current: Snapshot) -> bool:
        """Whether the store's present value is one that we wrote or were about to write."""
        recorded = self.written is not None and self.written.digest == current.digest
        return recorded or any(intent.digest == current.digest for intent in self.intents)

    def replaced(self, seen: Snapshot) -> bool:
        """Whether we wrote something else after this value was read: it is neither ours now nor a human's."""
        later = self.written is not None and self.written.at >= seen.read_at
        return later and not self.ours(seen)

    def written_as(self, current: Snapshot) -> Written | None:
        """The last record of our writing there; a write that nobody recorded counts as recorded."""
        unrecorded = next((i for i in self.intents if i.digest == current.digest), None)
        if unrecorded is None or (self.written is not None and self.written.digest == current.digest):
            return self.written
        original = self.written.original if self.written else current
        return Written(
            target=self.target, digest=current.digest, proposal_id=unrecorded.proposal, at=current.read_at,
            original=original,
        )  # fmt: skip

    def opened(self, proposal: Proposal) -> "TargetState":
        """With this proposal as the open one, and its value among the intents."""
        holder = Holder(proposal=proposal.id, change=proposal.change, since_at=proposal.created_at)
        intent = Intent(proposal=proposal.id, digest=digest_of(intended(proposal.action)))
        intents = (*self.intents, intent)[-_MOST_INTENTS:]
        return replace(self._aged(proposal), open=holder, intents=intents)

    def _aged(self, proposal: Proposal) -> "TargetState":
        if proposal.as_of is None or self.outdated(proposal):
            return self
        tied = self.looked_at if proposal.as_of == self.as_of else None
        looked_at = max(tied or proposal.created_at, proposal.created_at)
        return replace(self, as_of=proposal.as_of, looked_at=looked_at)

    def closed(self, proposal: ProposalId) -> "TargetState":
        """Without this proposal, which wrote nothing."""
        kept = tuple(intent for intent in self.intents if intent.proposal != proposal)
        return replace(self, open=self._freed(proposal), intents=kept)

    def recorded(self, written: Written) -> "TargetState":
        """With this write as the last one; intents up to it are history. An older one changes nothing."""
        names = [intent.proposal for intent in self.intents]
        if written.proposal_id not in names:
            return replace(self, open=self._freed(written.proposal_id))
        later = self.intents[names.index(written.proposal_id) + 1 :]
        return replace(self, open=self._freed(written.proposal_id), intents=later, written=written)

    def undone(self, written: Written | None) -> "TargetState":
        """After an undo: what stands there now is an earlier write of ours, or the merchant's (None)."""
        return replace(self, intents=(), written=written)

    def _freed(self, proposal: ProposalId) -> Holder | None:
        return None if self.open is not None and self.open.proposal == proposal else self.open


def place(shop: ShopId, target: Target) -> Key:
    """Where a target's state is kept."""
    return places.key(shop, Kind.TARGET, target)


def record(shop: ShopId, state: TargetState) -> Record:
    """How a target's state is kept."""
    return Record(key=place(shop, state.target), body=to_json(replace(state, version=0)))


def read(record: Record | None, target: Target, now: datetime) -> TargetState:
    """A target's state; empty where nobody wrote of it; a holder that waited too long is gone."""
    if record is None:
        return TargetState(target=target)
    state = replace(_structure(record.body), version=record.version)
    expired = state.open is not None and now >= state.open.since_at + LIFETIME
    return replace(state, open=None) if expired else state


def _structure(body: Mapping[str, Any]) -> TargetState:
    return from_json(body, TargetState)
