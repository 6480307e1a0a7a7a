"""Fault 10: a Lambda timeout in mid-work, a lease that ends, remaining time 0: taken up once the lease ends."""

from datetime import timedelta
from typing import Any

from chalicelib import working
from chalicelib.storage.claims import WORK_LEASE as LEASE
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import Breaking, deliver, edit, effects, opened, shown, work
from sandbox.rehearsal.stage import Stage


def test_an_event_whose_worker_timed_out_is_taken_up_when_its_lease_ends_and_not_before() -> None:
    stage = opened()
    begun, at = len(effects(stage)), stage.clock.now()
    deliver(stage, edit(stage))
    assert not work(stage, Breaking(1, matching="apply.before"))
    stage.clock.move_to(at + LEASE - timedelta(seconds=1))
    assert work(stage)
    assert len(effects(stage)) == begun, "the lease still stood"
    stage.clock.move_to(at + LEASE + timedelta(seconds=1))
    stage.settle()
    assert len(effects(stage)) == begun + 1
    assert checks.judge(stage).complaints == []


def test_with_no_time_left_nothing_is_begun_and_nothing_is_held() -> None:
    stage = opened()
    begun = len(effects(stage))
    deliver(stage, edit(stage))
    answer = working.work(stage.services, stage.queue, _batch(stage), left_ms=lambda: 0)
    assert len(answer["batchItemFailures"]) == 1
    assert len(effects(stage)) == begun
    stage.settle()
    assert shown(stage) == ("state-2",)
    assert checks.judge(stage).complaints == []


def test_time_that_runs_out_in_a_batch_leaves_the_rest_for_later() -> None:
    stage = opened(products=3)
    for name in ("p0", "p1", "p2"):
        deliver(stage, edit(stage, product=name))
    left = iter([60_000, 60_000, 5_000])
    batch = _batch(stage)
    answer = working.work(stage.services, stage.queue, batch, left_ms=lambda: next(left))
    failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    assert failed == [batch["Records"][2]["messageId"]]
    stage.settle()
    assert [shown(stage, product=name) for name in ("p0", "p1", "p2")] == [("state-2",)] * 3


def _batch(stage: Stage) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": message.id, "body": message.body, "receiptHandle": message.receipt}
            for message in stage.queue.take()
        ]
    }
