"""Fault 6: killed between accepting and enqueueing: the queue's answer comes first, the store's 200 after it."""

import pytest

from chalicelib import accepting
from chalicelib.domain.events import from_message
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import Breaking, edit, effects, opened, shown
from sandbox.rehearsal.stage import Killed


@pytest.mark.parametrize("call", ["queue.send", "queue.send done"])
def test_a_store_that_was_not_answered_sends_again_and_nothing_is_lost_or_doubled(call: str) -> None:
    stage = opened()
    before = len(effects(stage))
    (request,) = edit(stage)
    stage.hook = Breaking(1, matching=call)
    with pytest.raises(Killed):
        accepting.receive("bazaar", request, stage.mouth)
    stage.hook = None
    assert accepting.receive("bazaar", request, stage.mouth).status == 200
    stage.settle()
    assert shown(stage) == ("state-2",)
    assert len(effects(stage)) == before + 1
    assert checks.judge(stage).complaints == []


def test_whoever_was_answered_200_has_a_message_in_the_queue() -> None:
    stage = opened()
    (request,) = edit(stage)
    held = stage.queue.depth()
    order: list[str] = []
    stage.hook = order.append
    assert accepting.receive("bazaar", request, stage.mouth).status == 200
    stage.hook = None
    assert order == ["queue.send", "queue.send done"], "one durable write, and it is the first thing"
    assert stage.queue.depth() == held + 1
    assert from_message(stage.sent[-1]).resource == "p0"
