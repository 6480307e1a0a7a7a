"""The invariants of reliability, checked on a finished rehearsal."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from chalicelib.counting import Tally, tally
from chalicelib.domain.events import from_message
from chalicelib.domain.ids import ProposalId, ShopId, Target
from chalicelib.domain.journal import Deed, Entry
from chalicelib.domain.proposals import Proposal, Status
from chalicelib.storage import places
from chalicelib.storage.codec import from_json
from chalicelib.storage.places import Kind
from sandbox.bazaar import Effect
from sandbox.rehearsal.stage import Stage


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rehearsal came to."""

    accepted: int
    tally: Tally
    effects: int
    complaints: list[str] = field(default_factory=list)


def judge(stage: Stage) -> Verdict:
    """Every complaint, each naming its invariant; none means that all hold."""
    counted = tally(stage.records, stage.shops, _waiting(stage), clock=True)
    complaints = _ended_once(stage, counted)
    effects = [effect for stall in stage.bazaar.stalls.values() for effect in stall.effects]
    for stall in stage.bazaar.stalls.values():
        complaints += _effects(stall.effects)
    complaints += [*converged(stage), *orderly(stage)]
    return Verdict(len(stage.sent), counted, len(effects), complaints)


def orderly(stage: Stage) -> list[str]:
    """What must hold in our own books once all is quiet, whatever the functions were."""
    found: list[str] = []
    for shop in stage.shops:
        found += [*_claims_closed(stage, shop), *_written_down(stage, shop), *_own_writes(stage, shop)]
    return found


def _claims_closed(stage: Stage, shop: ShopId) -> Iterator[str]:
    """I1: nobody still holds an event that nobody will work on; dead letters are held by a person."""
    buried = {from_message(body).id for body in _waiting(stage)}
    for record in places.every(stage.records, shop, Kind.CLAIM):
        if record.body["state"] != "done" and record.key.sort not in buried:
            yield f"I1 {shop} event {record.key.sort} is still held"


def _written_down(stage: Stage, shop: ShopId) -> Iterator[str]:
    """I2: every change that was made has one journal entry, and none is left between decision and write."""
    buried = {from_message(body).id for body in _waiting(stage)}  # a replay takes their decisions up again
    told = Counter((entry.proposal_id, entry.deed) for entry in entries(stage, shop) if entry.proposal_id)
    for (proposal, deed), count in told.items():
        if count > 1:
            yield f"I2 {proposal} has {count} entries that say {deed}"
    for made in stage.services.proposals.every(shop):
        if made.status in _MADE and not told[made.id, Deed.APPLIED]:
            yield f"I2 {made.id} is {made.status} and the journal does not know"
        if made.status is Status.APPROVED and made.event_id not in buried and _exists(stage, made):
            yield f"I1 {made.id} was decided and never written"


def _exists(stage: Stage, made: Proposal) -> bool:
    """A decision whose worker died is found again by its event; where the product is gone since, by nobody."""
    stall = stage.bazaar.stalls[made.shop_id.partition(":")[2]]
    return made.action.resource in stall.products or made.action.resource in stall.orders


_MADE = frozenset({Status.APPLIED, Status.UNDONE})


def _own_writes(stage: Stage, shop: ShopId) -> Iterator[str]:
    """I5: whatever was written into a store was proposed for that very store and target."""
    known: dict[ProposalId, Proposal] = {p.id: p for p in stage.services.proposals.every(shop)}
    for effect in stage.bazaar.stalls[shop.partition(":")[2]].effects:
        cause = known.get(ProposalId(effect.key))
        if cause is None or cause.shop_id != shop or cause.target != effect.target:
            yield f"I5 {shop} {effect.target} was written by {effect.key}, which is not its own"


def entries(stage: Stage, shop: ShopId) -> list[Entry]:
    """The whole journal of a shop."""
    return [from_json(record.body, Entry) for record in places.every(stage.records, shop, Kind.JOURNAL)]


def stored(stage: Stage) -> Iterator[str]:
    """Everything that is written down anywhere, as text: records but credentials, blobs, queues."""
    for partition in stage.records.partitions(""):
        for record in stage.records.query(partition):
            if record.key.sort != "credentials":
                yield f"{record.key} {json.dumps(dict(record.body), ensure_ascii=False)}"
    for name in stage.blobs.list(""):
        yield f"{name} {(stage.blobs.get(name) or b'').decode('utf-8', 'replace')}"
    yield from stage.sent
    yield from _waiting(stage)


def _waiting(stage: Stage) -> list[str]:
    """Dead letters; taken out of their queue once and kept with the stage."""
    bodies = list(stage.buried)
    while batch := stage.dead.take(10):
        stage.buried += [message.body for message in batch]
        bodies += [message.body for message in batch]
        for message in batch:
            stage.dead.delete(message)
    return bodies


def _ended_once(stage: Stage, counted: Tally) -> list[str]:
    """I1: every accepted delivery ends once: counted by a claim, or in the dead-letter queue."""
    lost = counted.lost({from_message(body).delivery for body in stage.sent})
    return [f"I1 delivery {delivery} ended {counted.ended[delivery]} times" for delivery in lost]


def _effects(effects: list[Effect]) -> list[str]:
    """I2: no state of a product is written twice. I4: none is written after a newer one."""
    complaints = []
    newest: dict[Target, int] = {}
    for effect in effects:
        state = _state(effect)
        if state is None:
            continue
        before = newest.get(effect.target, 0)
        if state == before:
            complaints.append(f"I2 {effect.target} state {state} written twice")
        if state < before:
            complaints.append(f"I4 {effect.target} state {state} written after {before}")
        newest[effect.target] = max(before, state)
    return complaints


def _state(effect: Effect) -> int | None:
    if not isinstance(effect.value, tuple) or not effect.value:
        return None
    return int(effect.value[0].removeprefix("state-"))


def converged(stage: Stage) -> list[str]:
    """In the end every store shows the list of its products' last state."""
    complaints = []
    for account, stall in stage.bazaar.stalls.items():
        for known in stall.products.values():
            shown = stall.values.get(Target(f"product/{known.id}/recommendations/related"))
            wanted = (f"state-{known.title.rpartition('-')[2]}",)
            if shown != wanted:
                complaints.append(f"{account}/{known.id} shows {shown}, should show {wanted}")
    return complaints
