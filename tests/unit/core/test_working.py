"""A batch worked off side by side: shops do not wait for each other, one store is not overrun, order is kept."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import working
from chalicelib.domain.events import EventKind, StoreEvent, to_message
from chalicelib.domain.ids import EventId, ShopId
from chalicelib.domain.journal import Outcome
from chalicelib.errors import Retryable
from sandbox.rehearsal import judge
from sandbox.rehearsal.scenes import opened
from sandbox.rehearsal.stage import START, Stage

ALL_THE_TIME = 600_000


@dataclass
class Desk:
    """Stands where events are processed, and notes who was there at the same time."""

    waits_s: float = 0.02
    fails: frozenset[str] = frozenset()
    done: list[str] = field(default_factory=list)
    there: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def process(self, services: Any, event: StoreEvent) -> Outcome:
        self._count(event, 1)
        time.sleep(self.waits_s)
        self._count(event, -1)
        with self.lock:
            self.done.append(event.delivery)
        if event.delivery in self.fails:
            raise Retryable
        return Outcome.UNCHANGED

    def _count(self, event: StoreEvent, by: int) -> None:
        with self.lock:
            for name in (event.shop_id, "all", f"{event.shop_id} {event.resource}"):
                self.there[name] = self.there.get(name, 0) + by
                self.most[name] = max(self.most.get(name, 0), self.there[name])


def record(shop: str, resource: str, name: str) -> dict[str, Any]:
    event = StoreEvent(
        id=EventId(name), shop_id=ShopId(shop), kind=EventKind.PRODUCT_CHANGED, resource=resource,
        occurred_at=START, received_at=START, delivery=name,
    )  # fmt: skip
    return {"messageId": name, "receiptHandle": name, "body": to_message(event)}


@pytest.fixture
def stage() -> Stage:
    return opened()


@pytest.fixture
def work(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    monkeypatch.setattr(stage.queue, "postpone", lambda message, delay: None)

    def run(desk: Desk, records: Sequence[dict[str, Any]], left_ms: int = ALL_THE_TIME) -> list[str]:
        monkeypatch.setattr(working, "process", desk.process)
        answer = working.work(stage.services, stage.queue, {"Records": records}, lambda: left_ms)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    return run


def test_ten_shops_are_served_at_once(work: Callable[..., list[str]]) -> None:
    desk = Desk(waits_s=0.3)
    assert work(desk, [record(f"bazaar:{n}", "p", f"m{n}") for n in range(10)]) == []
    assert desk.most["all"] == 10


def test_one_shop_is_asked_by_no_more_than_four_at_once(work: Callable[..., list[str]]) -> None:
    desk = Desk()
    assert work(desk, [record("bazaar:a", f"p{n}", f"m{n}") for n in range(10)]) == []
    assert desk.most["bazaar:a"] == working.LANES == 4
    assert len(desk.done) == 10


def test_what_is_about_one_thing_is_done_in_order_and_never_at_once(work: Callable[..., list[str]]) -> None:
    desk = Desk()
    assert work(desk, [record("bazaar:a", f"p{n % 2}", f"m{n}") for n in range(10)]) == []
    for product in (0, 1):
        assert desk.most[f"bazaar:a p{product}"] == 1
        mine = [name for name in desk.done if int(name[1:]) % 2 == product]
        assert mine == sorted(mine)


def test_only_what_failed_is_named_in_the_order_of_the_batch(work: Callable[..., list[str]]) -> None:
    records = [record("bazaar:a", f"p{n}", f"m{n}") for n in range(8)]
    poison = {"messageId": "poison", "receiptHandle": "r", "body": "[" * 100_000}
    desk = Desk(fails=frozenset({"m6", "m2"}))
    assert work(desk, [*records[:4], poison, *records[4:]]) == ["m2", "poison", "m6"]
    assert sorted(desk.done) == [f"m{n}" for n in range(8)]


def test_with_no_time_left_nothing_is_begun(work: Callable[..., list[str]]) -> None:
    desk = Desk()
    records = [record("bazaar:a", f"p{n}", f"m{n}") for n in range(5)]
    assert work(desk, records, left_ms=working.MARGIN_MS - 1) == [f"m{n}" for n in range(5)]
    assert desk.done == []


def test_what_was_not_begun_comes_back_as_from_a_slow_store(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, float] = {}
    monkeypatch.setattr(
        stage.queue, "postpone", lambda message, delay: told.update({message.id: delay.total_seconds()})
    )
    records = [
        {**record("bazaar:a", f"p{n}", f"m{n}"), "attributes": {"ApproximateReceiveCount": str(n)}} for n in (1, 3)
    ]
    working.work(stage.services, stage.queue, {"Records": records}, lambda: working.MARGIN_MS - 1)
    assert told == {"m1": 20, "m3": 80}
    assert min(told.values()) * 1000 >= working.MARGIN_MS, "its worker has ended by then"


def test_an_empty_batch_is_no_work(work: Callable[..., list[str]]) -> None:
    assert work(Desk(), []) == []


def test_a_process_that_dies_takes_the_batch_with_it(work: Callable[..., list[str]]) -> None:
    """Lambda then hands out every message again, and claims tell what was finished."""

    class Dying(Desk):
        def process(self, services: Any, event: StoreEvent) -> Outcome:
            if event.delivery == "m1":
                raise SystemExit
            return super().process(services, event)

    with pytest.raises(SystemExit):
        work(Dying(), [record("bazaar:a", f"p{n}", f"m{n}") for n in range(4)])


def test_the_real_road_side_by_side_ends_as_one_by_one(stage: Stage) -> None:
    """Two shops' saves and a duplicate in one batch: each shop shows its own state, each delivery is counted once."""
    stage = opened(shops=2, products=4)
    for stall in stage.bazaar.stalls.values():
        for product in list(stall.products.values()):
            stall.put_product(product)
        stall.outbox.append(stall.outbox[0])
    for stall in stage.bazaar.stalls.values():
        for request in stall.drain():
            stage.deliver(request)
    taken = stage.queue.take(10)
    records = [{"messageId": m.id, "receiptHandle": m.receipt, "body": m.body} for m in taken]
    answer = working.work(stage.services, stage.queue, {"Records": records}, lambda: ALL_THE_TIME)
    assert answer == {"batchItemFailures": []}
    for message in taken:
        stage.queue.delete(message)
    stage.clock.advance(timedelta(minutes=1))
    stage.settle()
    assert judge(stage).complaints == []
