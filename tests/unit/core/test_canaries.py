"""I8: what is secret or personal is planted in every request and answer, and found nowhere afterwards."""

import base64
import hashlib
import hmac
import io
import json
import logging
from collections.abc import Callable, Iterator

import polars
import pytest

from chalicelib import accepting, connecting, working
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.memory import MemoryMeter, MemoryQueue
from chalicelib.contracts import Credentials, RawRequest
from chalicelib.domain.events import EventKind, StoreEvent, event_id, to_message
from chalicelib.domain.ids import FunctionName
from chalicelib.errors import StoreUnavailable
from chalicelib.secrets import KeyedSecrets
from functions import FUNCTIONS
from integrations import MARKETPLACES
from sandbox.rehearsal import checks
from sandbox.rehearsal.boards import MASTER
from sandbox.rehearsal.players import Witness
from sandbox.rehearsal.scenes import CANARIES, an_order, calls_of_one_event, opened, stall, work
from sandbox.rehearsal.stage import START, Stage

SECRETS = {"key": "canary-api-key-31337", "app": "canary-client-secret-99"}
BODY = {
    "id": 4711, "email": CANARIES["email"], "note": CANARIES["note"], "browser_ip": CANARIES["ip"],
    "updated_at": "2026-01-01T00:00:00Z", "date_modified_gmt": "2026-01-01T00:00:00",
    "status": CANARIES["name"], "financial_status": CANARIES["email"],
    "customer": {"id": 7, "email": CANARIES["email"], "first_name": CANARIES["name"]},
    "billing_address": {"address1": CANARIES["street"], "zip": CANARIES["postcode"]},
    "billing": {"address_1": CANARIES["street"], "city": CANARIES["city"], "email": CANARIES["email"]},
}  # fmt: skip


def _planted() -> Iterator[str]:
    yield from CANARIES.values()
    yield from SECRETS.values()
    yield MASTER.hex()


def _leaks(texts: list[str]) -> list[str]:
    return [f"{word} in {text[:120]}" for text in texts for word in _planted() if word in text]


def _everything(stage: Stage, capsys: pytest.CaptureFixture[str], log: str) -> list[str]:
    said = capsys.readouterr()
    counted = [f"{name} {dict(facts)}" for name, facts in stage.meter._totals]
    mail = [f"{letter.subject} {letter.text}" for letter in stage.mail.outbox]
    return [*checks.stored(stage), said.out, said.err, log, *counted, *mail, *_tables(stage)]


def _tables(stage: Stage) -> list[str]:
    """Compressed columns, opened."""
    names = [name for name in stage.blobs.list("") if name.endswith(".parquet")]
    return [polars.read_parquet(io.BytesIO(stage.blobs.get(name) or b"")).write_json() for name in names]


def _busy() -> Stage:
    """A shop with credentials, orders, an erasure and a question about a buyer."""
    stage = opened(Witness(), FUNCTIONS[FunctionName("screening")], products=2)
    shop = stage.services.shops.get(stage.shops[0])
    connecting.connect(stage.services, shop, Credentials(values={"key": SECRETS["key"]}), by="test")
    place = stall(stage)
    for number in range(3):
        place.put_order(an_order(place.clock(), f"o{number}"))
    return stage


def _asked(stage: Stage, kind: EventKind) -> None:
    now = stage.clock.now()
    event = StoreEvent(
        id=event_id("ask", kind), shop_id=stage.shops[0], kind=kind, resource="4711", occurred_at=now,
        received_at=now, delivery=f"ask-{kind}", detail="o1,o2",
    )  # fmt: skip
    stage.queue.send(to_message(event), group=stage.shops[0])


def test_nothing_personal_or_secret_is_written_down_anywhere(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stage = _busy()
    stage.settle()
    stage.services.history.fold(stage.shops[0])
    _asked(stage, EventKind.CUSTOMER_DATA_REQUESTED)
    _asked(stage, EventKind.CUSTOMER_REDACTED)
    stage.settle()
    found = _everything(stage, capsys, caplog.text)
    assert any("o1" in text for text in found), "the orders were seen"
    assert _leaks(found) == []


@pytest.mark.parametrize(
    "error",
    [
        lambda: ValueError(f"no such buyer: {CANARIES['email']}, {CANARIES['street']}"),
        lambda: KeyError(SECRETS["key"]),
        lambda: StoreUnavailable(detail=f"GET /orders?email={CANARIES['email']}"),
    ],
    ids=["a bug that quotes its input", "a bug that quotes a key", "a store's error"],
)
def test_an_exception_that_quotes_a_buyer_is_not_repeated_at_any_call(
    error: Callable[[], Exception], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for at in range(1, calls_of_one_event(opened) + 1, 2):
        stage = _busy()
        stage.deliver_all()
        calls = []

        def breaks(name: str, at: int = at, calls: list[str] = calls) -> None:
            calls.append(name)
            if len(calls) == at:
                raise error()

        work(stage, breaks)
        stage.settle()
        assert _leaks(_everything(stage, capsys, caplog.text)) == [], f"call {at}"


def test_a_dead_letter_holds_no_more_than_the_event() -> None:
    stage = _busy()
    stage.deliver_all()

    def always(name: str) -> None:
        if name == "order":
            raise ValueError(CANARIES["email"])

    for _ in range(30):
        work(stage, always)
        stage.turn(stage.schedule)
        stage.skip_ahead()
    texts = list(checks.stored(stage))
    assert stage.buried
    assert _leaks(texts) == []


def _signed(marketplace: str, topic: str, secrets: KeyedSecrets) -> RawRequest:
    body = json.dumps(BODY).encode()
    key = secrets.app("shopify")[0] if marketplace == "shopify" else secrets.derived(marketplace, "lantern")[0]
    signature = base64.b64encode(hmac.digest(key, body, hashlib.sha256)).decode()
    headers = {
        "content-type": "application/json", "x-shopify-hmac-sha256": signature, "x-shopify-topic": topic,
        "x-shopify-shop-domain": "harbour.myshopify.com", "x-wc-webhook-signature": signature,
        "x-wc-webhook-topic": topic, "user-agent": CANARIES["agent"], "authorization": SECRETS["key"],
    }  # fmt: skip
    return RawRequest(path="/", headers=headers, body=body, account="lantern")


@pytest.mark.parametrize("marketplace", sorted(MARKETPLACES))
def test_no_webhook_puts_buyer_data_into_the_queue_or_a_metric(
    marketplace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = KeyedSecrets(MASTER, 1, {"shopify": (SECRETS["app"],)})
    clock, meter = FrozenClock(START), MemoryMeter()
    queue = MemoryQueue(clock)
    mouth = accepting.Mouth(
        readers={marketplace: MARKETPLACES[marketplace].reader}, secrets=secrets, queue=queue, clock=clock,
        meter=meter,
    )  # fmt: skip
    topics = [*MARKETPLACES[marketplace].topics, "hologram/changed", CANARIES["street"]]
    for topic in topics:
        assert accepting.receive(marketplace, _signed(marketplace, topic, secrets), mouth).status == 200
    bodies = []
    while batch := queue.take():
        bodies += [message.body for message in batch]
    assert len(bodies) > len(topics) // 2
    shown = list(capsys.readouterr())
    named = [f"{name} {dict(facts)}" for name, facts in meter._totals]
    assert _leaks([*bodies, *shown, *named]) == []


def test_values_that_hold_secrets_do_not_show_them() -> None:
    stage = _busy()
    order = an_order(stage.clock.now())
    shown = [repr(order), repr(stage.services.settings), repr(Credentials(values={"key": SECRETS["key"]}))]
    taken = stage.queue.take()
    assert _leaks([*shown, repr(taken)]) == []


def test_an_operators_line_says_where_and_never_what(capsys: pytest.CaptureFixture[str]) -> None:
    stage = _busy()
    stage.deliver_all()
    (message, *_) = stage.queue.take()
    try:
        raise ValueError(CANARIES["email"])
    except ValueError as error:
        working.report(error, message)
    line = json.loads(capsys.readouterr().out)
    assert line["error"] == "ValueError"
    assert line["message"] == message.id
    assert _leaks([json.dumps(line)]) == []
