"""``process`` twice is ``process`` once, whatever happens in a shop; and the life of a proposal."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product as pairs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.actions import SetRecommendations, Slot, Snapshot
from chalicelib.domain.events import from_message
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import EventId, FunctionName, ProductId, ProposalId, ShopId
from chalicelib.domain.proposals import LEGAL, RULES, Proposal, Status, moved, proposal_id
from chalicelib.pipeline import process
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import an_order, edit, opened, stall
from sandbox.rehearsal.stage import Stage

DEEDS = st.lists(st.sampled_from(["edit", "delete", "order", "by hand", "echo", "unknown"]), min_size=1, max_size=6)


def _happens(stage: Stage, deed: str, number: int) -> None:
    place = stall(stage)
    if deed == "edit" and ProductId("p0") in place.products:
        place.outbox += edit(stage)
    elif deed == "delete":
        place.delete_product(ProductId("p1"))
    elif deed == "order":
        place.put_order(an_order(place.clock(), f"o{number}"))
    elif deed == "by hand":
        place.edit(next(iter(place.values)), ("chosen",))
    elif deed == "echo":
        place.tell("goods.changed", "p0")
    else:
        place.tell("hologram.changed", "p0")


def _books(stage: Stage) -> tuple[object, ...]:
    """Everything that anybody can see, but for when it was counted."""
    shop = stage.shops[0]
    proposals = {p.id: (p.status, p.change) for p in stage.services.proposals.every(shop)}
    journal = sorted((e.id, e.deed) for e in checks.entries(stage, shop) if e.proposal_id)
    return dict(stall(stage).values), [e.key for e in stall(stage).effects], proposals, journal


@settings(max_examples=60, deadline=None, derandomize=True)
@given(DEEDS)
def test_processing_every_event_twice_changes_no_more_than_once(deeds: list[str]) -> None:
    stage = opened(products=2)
    for number, deed in enumerate(deeds):
        _happens(stage, deed, number)
    stage.deliver_all()
    events = [from_message(message.body) for message in stage.queue.take()]
    first = [process(stage.services, event) for event in events]
    after = _books(stage)
    again = [process(stage.services, event) for event in events]
    assert {str(outcome) for outcome in again} <= {"duplicate"}
    assert len(again) == len(first)
    assert _books(stage) == after


def _proposal(status: Status) -> Proposal:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    action = SetRecommendations(product_id=ProductId("p"), slot=Slot.RELATED, product_ids=(ProductId("q"),))
    return Proposal(
        id=ProposalId("x"), shop_id=ShopId("s:1"), function=FunctionName("f"), action=action,
        before=Snapshot(value=(), read_at=now), reasons=(Reason(text="Seen."),), confidence=1.0, model=RULES,
        created_at=now, status=status,
    )  # fmt: skip


@pytest.mark.parametrize(("begin", "end"), list(pairs(Status, Status)), ids=str)
def test_a_proposal_moves_only_where_the_table_says(begin: Status, end: Status) -> None:
    proposal = _proposal(begin)
    if end in LEGAL[begin]:
        assert moved(proposal, end, by="anna") == replace(proposal, status=end, decided_by="anna")
        return
    with pytest.raises(ValueError, match="cannot become"):
        moved(proposal, end)


def test_the_table_names_every_status_and_every_life_ends() -> None:
    assert set(LEGAL) == set(Status)
    for status in Status:
        reached, frontier = set(), {status}
        while frontier:
            reached |= frontier
            frontier = {after for one in frontier for after in LEGAL[one]} - reached
        assert any(not LEGAL[one] for one in reached), f"{status} never ends"
        assert status not in {after for one in reached - {status} for after in LEGAL[one]}, "no life goes round"


@given(st.text(), st.text(), st.text())
def test_a_proposals_name_depends_on_every_part(event: str, function: str, target: str) -> None:
    plain = "".join(part.replace("\x1f", "") for part in (event, function, target))
    if "\x1f" in event + function + target or not plain.isprintable():
        return
    names = {
        proposal_id(EventId(a), FunctionName(b), c)
        for a, b, c in ((event, function, target), (event + "x", function, target), (event, function, target + "x"))
    }
    assert len(names) == 3
