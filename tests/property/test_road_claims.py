"""Claims against a model: one worker at a time, one outcome per event, every delivery counted once."""

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.memory import MemoryRecords
from chalicelib.domain.events import EventKind, StoreEvent, event_id
from chalicelib.domain.ids import ShopId
from chalicelib.domain.journal import Outcome
from chalicelib.errors import Conflict
from chalicelib.storage import places
from chalicelib.storage.claims import WORK_LEASE as LEASE
from chalicelib.storage.claims import Claim, Claims, Hold
from sandbox.rehearsal.stage import START

SHOP = ShopId("bazaar:claims")
EVENTS = st.sampled_from(["a", "b"])


@dataclass
class Known:
    """What the model knows of one event."""

    holder: int = 0
    until: timedelta | None = None
    done: bool = False
    outcome: str = ""
    deliveries: set[str] = field(default_factory=set)


class ClaimsMachine(RuleBasedStateMachine):
    """Workers claim, progress, finish, release, or fall silent; time passes."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock(START)
        self.records = MemoryRecords(self.clock)
        self.claims = Claims(self.records)
        self.known = {name: Known() for name in ("a", "b")}
        self.workers = 0

    def _elapsed(self) -> timedelta:
        return self.clock.now() - START

    def _event(self, name: str, delivery: str) -> StoreEvent:
        now = self.clock.now()
        return StoreEvent(
            id=event_id(name), shop_id=SHOP, kind=EventKind.PRODUCT_CHANGED, resource=name, occurred_at=now,
            received_at=now, delivery=delivery,
        )  # fmt: skip

    @rule(target=held, name=EVENTS, delivery=st.sampled_from(["d1", "d2", "d3"]))
    def claim(self, name: str, delivery: str) -> object:
        known = self.known[name]
        claim = self.claims.claim(self._event(name, delivery), self.clock.now())
        if known.done:
            assert claim.hold is Hold.DONE
            fresh = self.claims.duplicate(claim, delivery)
            assert fresh == (delivery not in known.deliveries)
            known.deliveries.add(delivery)
            return multiple()
        if known.until is not None and self._elapsed() < known.until:
            assert claim.hold is Hold.HELD
            assert claim.deadline == START + known.until
            return multiple()
        assert claim.hold is Hold.MINE
        assert claim.fresh == (known.until is None)
        self.workers += 1
        known.holder, known.until = self.workers, self._elapsed() + LEASE
        return (self.workers, name, delivery, claim)

    @rule(worker=consumes(held), outcome=st.sampled_from([Outcome.APPLIED, Outcome.UNCHANGED]))
    def finish(self, worker: tuple[int, str, str, Claim], outcome: Outcome) -> None:
        number, name, delivery, claim = worker
        known = self.known[name]
        try:
            self.claims.finish(claim, outcome, delivery)
        except Conflict:
            assert known.holder != number
            return
        assert known.holder == number, "only the latest holder finishes"
        known.done, known.outcome, known.deliveries = True, str(outcome), {delivery}

    @rule(worker=consumes(held))
    def release(self, worker: tuple[int, str, str, Claim]) -> None:
        number, name, _, claim = worker
        known = self.known[name]
        try:
            self.claims.release(claim, self.clock.now())
        except Conflict:
            assert known.holder != number
            return
        assert known.holder == number
        known.until = self._elapsed()

    @rule(target=held, worker=consumes(held), function=st.sampled_from(["f", "g"]))
    def progress(self, worker: tuple[int, str, str, Claim], function: str) -> object:
        number, name, _, claim = worker
        try:
            self.claims.progress(claim, function, Outcome.APPLIED)
        except Conflict:
            assert self.known[name].holder != number
            return multiple()
        assert self.known[name].holder == number
        assert function in claim.finished
        return worker

    @rule(worker=consumes(held))
    def fall_silent(self, worker: tuple[int, str, str, Claim]) -> None:
        """It died: nothing happens until its lease ends."""

    @rule(by=st.sampled_from([timedelta(0), timedelta(seconds=1), LEASE / 2, LEASE]))
    def time_passes(self, by: timedelta) -> None:
        self.clock.advance(by)

    @invariant()
    def an_event_has_one_outcome_and_counts_each_delivery_once(self) -> None:
        stored = {record.key.sort: record.body for record in places.every(self.records, SHOP, places.Kind.CLAIM)}
        for name, known in self.known.items():
            body = stored.get(event_id(name))
            if known.done:
                assert body is not None
                assert body["outcome"] == known.outcome
                assert sorted(body["deliveries"]) == sorted(known.deliveries)
            elif body is not None:
                assert body["state"] == "held"


ClaimsMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestClaims = ClaimsMachine.TestCase
