"""Queues, blobs, keys, mail and meters: the same promises, asked of every adapter."""

import io
import json
import time
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.emf import EmfMeter
from chalicelib.adapters.kms import KmsKeys
from chalicelib.adapters.limits import MESSAGE_BYTES
from chalicelib.adapters.memory import MemoryMail, MemoryMeter
from chalicelib.adapters.ses import SesMail
from chalicelib.adapters.sqs import group_id
from chalicelib.errors import ConfigurationError, NotAllowed
from chalicelib.ports import Message

LEASE = timedelta(minutes=6)


def drain(queue: Any) -> list[Message]:
    taken: list[Message] = []
    while got := queue.take():
        taken.extend(got)
    return taken


def test_what_was_sent_is_handed_out_once_and_deleted(ground: Any) -> None:
    queue, _ = ground.queue(LEASE, 5)
    for n in range(12):
        queue.send(f"body {n}", group="shopify:demo.myshopify.com")
    assert queue.depth() == 12
    assert len(queue.take(3)) == 3
    taken = drain(queue)
    assert len(taken) == 9
    assert {message.received for message in taken} == {1}
    assert queue.depth() == 0
    for message in taken:
        queue.delete(message)
    assert drain(queue) == []


def test_a_postponed_message_comes_back_counted(ground: Any) -> None:
    queue, _ = ground.queue(LEASE, 5)
    queue.send("again")
    (first,) = queue.take()
    queue.postpone(first, timedelta(0))
    (second,) = queue.take()
    assert (second.id, second.body, second.received) == (first.id, "again", 2)
    queue.delete(second)
    queue.delete(second)
    queue.postpone(second, timedelta(0))
    assert drain(queue) == []


def test_a_message_handed_out_too_often_goes_to_the_dead_and_no_other(ground: Any) -> None:
    queue, dead = ground.queue(LEASE, 2)
    queue.send("poison")
    queue.send("good")
    for _ in range(3):
        for message in drain(queue):
            if message.body == "good":
                assert message.received == 1
                queue.delete(message)
            else:
                queue.postpone(message, timedelta(0))
    assert [message.body for message in drain(dead)] == ["poison"]
    assert queue.depth() == 0


@pytest.mark.parametrize("body", ["", "x" * (MESSAGE_BYTES + 1)])
def test_bodies_that_do_not_fit_are_refused_before_they_are_sent(ground: Any, body: str) -> None:
    queue, _ = ground.queue(LEASE, 2)
    with pytest.raises(ValueError, match="bytes"):
        queue.send(body)
    with pytest.raises(ValueError, match="delay"):
        queue.send("x", delay=timedelta(minutes=16))
    assert queue.depth() == 0


def test_every_tenant_name_is_a_group(ground: Any) -> None:
    queue, _ = ground.queue(LEASE, 2)
    for group in ("shopify:a.myshopify.com", "woocommerce:ключ", "x" * 300, "with space"):
        queue.send(group, group=group)
        assert len(group_id(group)) <= 128
    assert len(drain(queue)) == 4


def test_blobs(ground: Any) -> None:
    blobs = ground.blobs
    blobs.put("a/1", b"\x00one")
    blobs.put("a/2", b"")
    blobs.put("b/ü x", b"three")
    blobs.put("a/1", b"again")
    assert blobs.get("a/1") == b"again"
    assert blobs.get("a/2") == b""
    assert blobs.get("a") is None
    assert list(blobs.list("a/")) == ["a/1", "a/2"]
    assert list(blobs.list("")) == ["a/1", "a/2", "b/ü x"]
    blobs.delete(["a/1", "never there", "b/ü x"])
    blobs.delete([])
    assert list(blobs.list("")) == ["a/2"]


def test_sealed_bytes_open_under_their_context_alone(ground: Any) -> None:
    keys, plain = ground.keys, b"shpat_secret"
    mine = {"shop": "shopify:a", "purpose": "token"}
    sealed = keys.encrypt(plain, mine)
    assert plain not in sealed
    assert keys.encrypt(plain, mine) != sealed
    assert keys.decrypt(sealed, dict(reversed(mine.items()))) == plain
    for wrong in ({"shop": "shopify:b", "purpose": "token"}, {"shop": "shopify:a"}, {}):
        with pytest.raises(NotAllowed):
            keys.decrypt(sealed, wrong)


def test_altered_bytes_do_not_open(ground: Any) -> None:
    context = {"shop": "shopify:a"}
    sealed = ground.keys.encrypt(b"secret", context)
    for at in (0, *range(len(sealed) - 30, len(sealed), 7)):
        with pytest.raises(NotAllowed):
            ground.keys.decrypt(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], context)
    for short in (b"", b"\x01", sealed[:20], sealed[:-1]):
        with pytest.raises(NotAllowed):
            ground.keys.decrypt(short, context)


class CountedKms:
    """KMS's client, counting calls."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._client, name)


def kms_keys(ground: Any, **options: Any) -> tuple[KmsKeys, CountedKms]:
    client = CountedKms(ground.clients.kms)
    key_id = ground.clients.kms.create_key()["KeyMetadata"]["KeyId"]
    return KmsKeys(client, key_id, **options), client  # type: ignore[arg-type]


def test_a_data_key_serves_one_context_for_a_while(aws_ground: Any) -> None:
    at = [0.0]
    keys, kms = kms_keys(aws_ground, max_age_s=300, timer=lambda: at[0])
    sealed = [keys.encrypt(b"x", {"shop": "a"}) for _ in range(5)]
    assert [keys.decrypt(one, {"shop": "a"}) for one in sealed] == [b"x"] * 5
    assert kms.calls == ["generate_data_key"]
    keys.encrypt(b"x", {"shop": "b"})
    assert kms.calls == ["generate_data_key"] * 2, "no data key is shared between shops"
    at[0] = 300.0
    assert keys.decrypt(sealed[0], {"shop": "a"}) == b"x"
    keys.encrypt(b"x", {"shop": "a"})
    assert kms.calls[2:] == ["decrypt", "generate_data_key"]


def test_a_container_holds_few_data_keys(aws_ground: Any) -> None:
    keys, kms = kms_keys(aws_ground, cap=4)
    sealed = {shop: keys.encrypt(b"x", {"shop": shop}) for shop in "abcdef"}
    kms.calls.clear()
    keys.decrypt(sealed["f"], {"shop": "f"})
    assert kms.calls == []
    keys.decrypt(sealed["a"], {"shop": "a"})
    assert kms.calls == ["decrypt"]


def test_other_keys_of_ours_do_not_open_it(aws_ground: Any) -> None:
    one, other = (kms_keys(aws_ground)[0] for _ in range(2))
    sealed = one.encrypt(b"x", {"shop": "a"})
    with pytest.raises((NotAllowed, ConfigurationError)):
        other.decrypt(sealed, {"shop": "a"})


def test_mail_is_sent(aws_ground: Any) -> None:
    aws_ground.clients.ses.verify_email_identity(EmailAddress="us@example.com")
    SesMail(aws_ground.clients.ses, "us@example.com").send("you@example.com", "Grüße", "Zwei Vorschläge")
    assert aws_ground.clients.ses.get_send_quota()["SentLast24Hours"] == 1
    mail = MemoryMail()
    mail.send("you@example.com", "Grüße", "Zwei Vorschläge")
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [("you@example.com", "Grüße")]


def test_counted_facts_add_up(ground: Any) -> None:
    meter = MemoryMeter()
    meter.count("events", function="repricing")
    meter.count("events", 2, function="screening", outcome="done")
    assert meter.total("events") == 3
    assert meter.total("events", outcome="done") == 2
    assert meter.names() == {"events"}
    out = io.StringIO()
    emf = EmfMeter(ground.clock, out=out)
    emf.count("events", function="repricing")
    emf.count("events", function="repricing")
    emf.count("accept_ms", 7.5, function="repricing")
    emf.count("events", function="screening")
    emf.flush()
    emf.flush()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["function"], line["events"]) for line in lines] == [("repricing", 2), ("screening", 1)]
    assert lines[0]["accept_ms"] == 7.5
    (directive,) = lines[0]["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["function"]]
    assert {m["Name"]: m["Unit"] for m in directive["Metrics"]} == {
        "events": "Count",
        "accept_ms": "Milliseconds",
    }
    assert lines[0]["_aws"]["Timestamp"] == int(ground.clock.now().timestamp() * 1000)


def test_leases_end_on_the_real_queue_too(aws_ground: Any) -> None:
    queue, _ = aws_ground.queue(timedelta(seconds=1), 5)
    queue.send("late")
    (first,) = queue.take()
    assert queue.take() == []
    time.sleep(1.1)
    (second,) = queue.take()
    assert (second.id, second.received) == (first.id, 2)
