"""Fault 7: SendMessage throttled, timed out, or sent and then an error: a 5xx for the store, or one effect."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib import accepting
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.errors import Retryable
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import Breaking, edit, effects, opened


class Broken:
    """A client of SQS whose SendMessage fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send_message(self, **call: object) -> None:
        raise self._error


def _throttled() -> Exception:
    answer = {"Error": {"Code": "RequestThrottled"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(answer, "SendMessage")


@pytest.mark.parametrize("error", [_throttled(), ReadTimeoutError(endpoint_url="https://sqs.example")])
def test_a_failing_queue_is_retryable_so_that_the_store_hears_5xx(error: Exception) -> None:
    stage = opened()
    (request,) = edit(stage)
    mouth = accepting.Mouth(
        readers=stage.mouth.readers, secrets=stage.mouth.secrets, clock=stage.clock, meter=stage.meter,
        queue=SqsQueue(Broken(error), "https://sqs.example/work"),
    )  # fmt: skip
    with pytest.raises(Retryable) as caught:
        accepting.receive("bazaar", request, mouth)
    assert "sqs.example" not in str(caught.value)


@pytest.mark.parametrize("call", ["queue.send", "queue.send done"], ids=["not sent", "sent, then an error"])
@pytest.mark.parametrize("kind", [Retryable])
def test_the_store_tries_again_and_the_effect_happens_once(call: str, kind: Callable[[], Retryable]) -> None:
    stage = opened()
    before = len(effects(stage))
    (request,) = edit(stage)
    stage.hook = Breaking(1, error=kind, matching=call)
    with pytest.raises(Retryable):
        accepting.receive("bazaar", request, stage.mouth)
    assert accepting.receive("bazaar", request, stage.mouth).status == 200
    stage.hook = None
    stage.settle()
    assert len(effects(stage)) == before + 1
    assert checks.judge(stage).complaints == []
