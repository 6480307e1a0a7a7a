"""Proposals, the one that is open per target, and the changes nobody wants to see again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.ids import FunctionName, ProposalId, ShopId, Target
from chalicelib.domain.journal import Entry, Written
from chalicelib.domain.proposals import LIFETIME, MEMORY, Proposal, Status, moved
from chalicelib.errors import Conflict, Gone
from chalicelib.ports import ABSENT, Delete, Key, Put, Record, Records
from chalicelib.storage import places, targets
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.journal import entry_record
from chalicelib.storage.places import Kind
from chalicelib.storage.targets import TargetState

WAITING = frozenset({Status.PROPOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is already known where a proposal would go."""

    same: Proposal | None
    """This very proposal, from an earlier attempt at the same event."""
    state: TargetState
    blocked: bool


class Proposals:
    """Proposals of all shops."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def get(self, shop: ShopId, proposal: ProposalId) -> Proposal:
        """Raises Gone."""
        record = self._records.get(places.key(shop, Kind.PROPOSAL, proposal))
        if record is None:
            raise Gone("This proposal does not exist (any more).")
        return _read(record)

    def many(self, shop: ShopId, proposals: Sequence[ProposalId]) -> Mapping[ProposalId, Proposal]:
        """Those that exist, in one read: a page of the journal asks what can still be undone."""
        found = self._records.get_many([places.key(shop, Kind.PROPOSAL, name) for name in proposals])
        return {proposal.id: proposal for proposal in map(_read, found.values())}

    def standing(self, proposals: Sequence[Proposal]) -> Mapping[ProposalId, Standing]:
        """For each: was it made before, what is known of its target, is it unwanted."""
        wanted = {p.id: (_at(p), targets.place(p.shop_id, p.target), _blocked(p)) for p in proposals}
        found = self._records.get_many([key for keys in wanted.values() for key in keys])
        return {
            p.id: Standing(
                same=_read(found[_at(p)]) if _at(p) in found else None,
                state=targets.read(found.get(targets.place(p.shop_id, p.target)), p.target, p.created_at),
                blocked=_blocked(p) in found,
            )
            for p in proposals
        }

    def open(self, proposal: Proposal, standing: Standing) -> Proposal:
        """Store a new proposal as the one open for its target; what was open before is superseded.

        Raises Conflict when another worker was faster (read the standing again).
        """
        state = standing.state
        before = standing.same.version if standing.same else ABSENT
        writes: list[Put | Delete] = [
            Put(_record(proposal), before),
            Put(targets.record(proposal.shop_id, state.opened(proposal)), state.version),
        ]
        superseded = self._superseded(proposal, state)
        if superseded is not None:
            writes.append(Put(_record(superseded), superseded.version))
        self._records.transact(writes)
        return replace(proposal, version=before + 1)

    def settle(
        self, proposal: Proposal, entry: Entry | None = None, *,
        change: Callable[[TargetState], TargetState] | None = None, block: bool = False,
    ) -> Proposal:  # fmt: skip
        """Store a proposal's next status, its journal entry and its target's next state, all or nothing.

        Raises Conflict when the proposal is no longer at ``proposal.version``; a target that others changed
        meanwhile is read again.
        """
        while True:
            try:
                self._records.transact(self._writes(proposal, entry, change, block))
                return replace(proposal, version=proposal.version + 1)
            except Conflict:
                known = self._records.get(_at(proposal))
                if change is None or known is None or known.version != proposal.version:
                    raise

    def _writes(
        self, proposal: Proposal, entry: Entry | None, change: Callable[[TargetState], TargetState] | None,
        block: bool,
    ) -> list[Put | Delete]:  # fmt: skip
        writes: list[Put | Delete] = [Put(_record(proposal), proposal.version)]
        if change is not None:
            state = self.state(proposal.shop_id, proposal.target, proposal.created_at)
            writes.append(Put(targets.record(proposal.shop_id, change(state)), state.version))
        if entry is not None:
            writes.append(Put(entry_record(entry)))
        if block and entry is not None:
            until = entry.at + MEMORY
            writes.append(Put(Record(key=_blocked(proposal), body={"by": entry.by}, expires_at=until)))
        return writes

    def state(self, shop: ShopId, target: Target, now: datetime) -> TargetState:
        """What is known of one target."""
        return targets.read(self._records.get(targets.place(shop, target)), target, now)

    def written(self, shop: ShopId, wanted: Sequence[Target]) -> Mapping[Target, Written]:
        """What we last wrote at these targets."""
        found = self._records.get_many([targets.place(shop, target) for target in wanted])
        states = (from_json(record.body, TargetState) for record in found.values())
        return {state.target: state.written for state in states if state.written is not None}

    def waiting(
        self, shop: ShopId, function: FunctionName, *, after: str | None = None, limit: int | None = None
    ) -> Iterator[Proposal]:
        """What waits for a person, worthiest first."""
        for record in self._records.queued(waiting_place(shop, function), after=after, limit=limit):
            yield _read(record)

    def every(self, shop: ShopId) -> Iterator[Proposal]:
        """All proposals of a shop, in no order; slow."""
        return (_read(record) for record in places.every(self._records, shop, Kind.PROPOSAL))

    def _superseded(self, proposal: Proposal, state: TargetState) -> Proposal | None:
        if state.open is None:
            return None
        record = self._records.get(places.key(proposal.shop_id, Kind.PROPOSAL, state.open.proposal))
        older = _read(record) if record else None
        return moved(older, Status.SUPERSEDED) if older and older.status is Status.PROPOSED else None


def waiting_place(shop: ShopId, function: FunctionName) -> str:
    """The index partition in which a function's waiting proposals are ranked."""
    return f"{shop}#proposed#{function}"


def rank(proposal: Proposal) -> str:
    """A sort key that puts the worthiest first when read backwards."""
    return f"{min(max(proposal.worth, 0.0), 1e12):018.4f}#{proposal.id}"


def _record(proposal: Proposal) -> Record:
    waits = proposal.status in WAITING
    return Record(
        key=_at(proposal),
        body=to_json(replace(proposal, version=0)),
        index=(waiting_place(proposal.shop_id, proposal.function), rank(proposal)) if waits else None,
    )


def _read(record: Record) -> Proposal:
    return replace(from_json(record.body, Proposal), version=record.version)


def _at(proposal: Proposal) -> Key:
    return places.key(proposal.shop_id, Kind.PROPOSAL, proposal.id)


def _blocked(proposal: Proposal) -> Key:
    return places.key(proposal.shop_id, Kind.BLOCKED, proposal.change)


def stale(proposal: Proposal, now: datetime) -> bool:
    """Whether it has waited too long for a person."""
    return proposal.status is Status.PROPOSED and now >= proposal.created_at + LIFETIME
