"""Proposals, the one that is open per target, and the changes nobody wants to see again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.ids import FunctionName, ProposalId, ShopId, Target
from chalicelib.domain.journal import Entry, Written
from chalicelib.domain.proposals import LIFETIME, MEMORY, Proposal, Status, moved
from chalicelib.errors import Gone
from chalicelib.ports import ABSENT, Delete, Key, Put, Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.journal import entry_record
from chalicelib.storage.places import Kind

WAITING = frozenset({Status.PROPOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is already known where a proposal would go."""

    same: Proposal | None
    """This very proposal, from an earlier attempt at the same event."""
    open: Record | None
    blocked: bool
    written: Written | None


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

    def standing(self, proposals: Sequence[Proposal]) -> Mapping[ProposalId, Standing]:
        """For each: was it made before, is its target taken, is it unwanted, what did we last write."""
        wanted = {p.id: (_at(p), _open(p), _blocked(p), _written(p.shop_id, p.target)) for p in proposals}
        found = self._records.get_many([key for keys in wanted.values() for key in keys])
        return {
            p.id: Standing(
                same=_read(found[_at(p)]) if _at(p) in found else None,
                open=found.get(_open(p)),
                blocked=_blocked(p) in found,
                written=_written_read(found.get(_written(p.shop_id, p.target))),
            )
            for p in proposals
        }

    def open(self, proposal: Proposal, standing: Standing) -> Proposal:
        """Store a new proposal as the one open for its target; what was open before is superseded.

        Raises Conflict when another worker was faster (read the standing again).
        """
        holder = Record(
            key=_open(proposal),
            body={"proposal": proposal.id, "change": proposal.change},
            expires_at=proposal.created_at + LIFETIME,
        )
        writes: list[Put | Delete] = [
            Put(_record(proposal), ABSENT),
            Put(holder, standing.open.version if standing.open else ABSENT),
        ]
        superseded = self._superseded(proposal, standing)
        if superseded is not None:
            writes.append(Put(_record(superseded), superseded.version))
        self._records.transact(writes)
        return replace(proposal, version=1)

    def settle(
        self, proposal: Proposal, entry: Entry | None, *, written: Written | None = None, block: bool = False
    ) -> Proposal:
        """Store a proposal's next status with its journal entry and what we wrote, all or nothing.

        Raises Conflict when the proposal is no longer at ``proposal.version``.
        """
        writes: list[Put | Delete] = [Put(_record(proposal), proposal.version)]
        if entry is not None:
            writes.append(Put(entry_record(entry)))
        if written is not None:
            writes.append(Put(written_record(proposal.shop_id, written)))
        if block and entry is not None:
            writes.append(
                Put(Record(key=_blocked(proposal), body={"by": entry.by}, expires_at=entry.at + MEMORY))
            )
        self._records.transact(writes)
        return replace(proposal, version=proposal.version + 1)

    def close(self, proposal: Proposal) -> None:
        """The target is free again. Only the holder's own mark is removed."""
        holder = self._records.get(_open(proposal))
        if holder is not None and holder.body["proposal"] == proposal.id:
            self._records.delete(holder.key)

    def forget_written(self, shop: ShopId, target: Target) -> None:
        """After an undo the target is the merchant's again."""
        self._records.delete(_written(shop, target))

    def written(self, shop: ShopId, targets: Sequence[Target]) -> Mapping[Target, Written]:
        """What we last wrote at these targets."""
        found = self._records.get_many([_written(shop, target) for target in targets])
        return {one.target: one for one in (from_json(record.body, Written) for record in found.values())}

    def waiting(
        self, shop: ShopId, function: FunctionName, *, after: str | None = None, limit: int | None = None
    ) -> Iterator[Proposal]:
        """What waits for a person, worthiest first."""
        for record in self._records.queued(waiting_place(shop, function), after=after, limit=limit):
            yield _read(record)

    def every(self, shop: ShopId) -> Iterator[Proposal]:
        """All proposals of a shop, in no order; slow."""
        return (_read(record) for record in places.every(self._records, shop, Kind.PROPOSAL))

    def _superseded(self, proposal: Proposal, standing: Standing) -> Proposal | None:
        if standing.open is None:
            return None
        record = self._records.get(
            places.key(proposal.shop_id, Kind.PROPOSAL, standing.open.body["proposal"])
        )
        older = _read(record) if record else None
        return moved(older, Status.SUPERSEDED) if older and older.status is Status.PROPOSED else None


def waiting_place(shop: ShopId, function: FunctionName) -> str:
    """The index partition in which a function's waiting proposals are ranked."""
    return f"{shop}#proposed#{function}"


def rank(proposal: Proposal) -> str:
    """A sort key that puts the worthiest first when read backwards."""
    return f"{min(max(proposal.worth, 0.0), 1e12):018.4f}#{proposal.id}"


def written_record(shop: ShopId, written: Written) -> Record:
    """How "what we last wrote" is stored."""
    return Record(key=_written(shop, written.target), body=to_json(written))


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


def _open(proposal: Proposal) -> Key:
    return places.key(proposal.shop_id, Kind.OPEN, f"{proposal.function}|{proposal.target}")


def _blocked(proposal: Proposal) -> Key:
    return places.key(proposal.shop_id, Kind.BLOCKED, proposal.change)


def _written(shop: ShopId, target: Target) -> Key:
    return places.key(shop, Kind.WRITTEN, target)


def _written_read(record: Record | None) -> Written | None:
    return None if record is None else from_json(record.body, Written)


def stale(proposal: Proposal, now: datetime) -> bool:
    """Whether it has waited too long for a person."""
    return proposal.status is Status.PROPOSED and now >= proposal.created_at + LIFETIME
