"""Fault 12: one poison message among ten: nine succeed, one is kept for a person, the others are not touched."""

from chalicelib import working
from chalicelib.errors import Retryable
from sandbox.rehearsal.scenes import deliver, edit, opened, shown
from sandbox.rehearsal.stage import Stage

POISON = "[" * 100_000


def _ten(stage: Stage) -> None:
    for number in range(9):
        deliver(stage, edit(stage, product=f"p{number}"))
        if number == 4:
            stage.queue.send(POISON, group="bazaar:stall0")


def test_nine_succeed_and_one_is_named_a_failure() -> None:
    stage = opened(products=9)
    _ten(stage)
    taken = stage.queue.take()
    batch = {
        "Records": [
            {"messageId": one.id, "body": one.body, "receiptHandle": one.receipt} for one in taken
        ]
    }
    answer = working.work(stage.services, stage.queue, batch, left_ms=lambda: 600_000)
    (failed,) = answer["batchItemFailures"]
    assert failed["itemIdentifier"] == next(one.id for one in taken if one.body == POISON)
    assert [shown(stage, product=f"p{number}") for number in range(9)] == [("state-2",)] * 9


def test_the_poison_ends_in_the_dead_letter_queue_after_its_receives_and_alone() -> None:
    stage = opened(products=9)
    _ten(stage)
    stage.settle()
    assert [message.body for message in stage.dead.take()] == [POISON]
    assert stage.queue.depth() == 0


def test_the_others_are_handed_out_once() -> None:
    stage = opened(products=9)
    _ten(stage)
    received = {}
    taken = stage.queue.take()
    for message in taken:
        received[message.body] = message.received
        if working.attempt(stage.services, stage.queue, message):
            stage.queue.delete(message)
    stage.clock.advance(stage.queue.wakes_at() - stage.clock.now())
    again = stage.queue.take()
    assert set(received.values()) == {1}
    assert [message.body for message in again] == [POISON]


def test_a_queue_that_cannot_postpone_does_not_take_the_rest_of_the_batch_with_it() -> None:
    """Were the error of one message to escape, Lambda would hand out the nine finished ones again."""
    stage = opened(products=3)
    for number in range(3):
        deliver(stage, edit(stage, product=f"p{number}"))
    calls = {"product": 0}

    def trouble(name: str) -> None:
        if name == "product":
            calls["product"] += 1
        if (name == "product" and calls["product"] == 1) or name == "queue.postpone":
            raise Retryable

    stage.hook = trouble
    records = [
        {"messageId": one.id, "body": one.body, "receiptHandle": one.receipt} for one in stage.queue.take()
    ]
    answer = working.work(
        stage.services, stage.services.queue, {"Records": records}, left_ms=lambda: 600_000
    )
    stage.hook = None
    assert len(answer["batchItemFailures"]) == 1
    stage.settle()
    assert [shown(stage, product=f"p{number}") for number in range(3)] == [("state-2",)] * 3
