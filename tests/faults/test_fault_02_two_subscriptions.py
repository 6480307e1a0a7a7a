"""Fault 2: one event through two subscriptions: the same event id under two webhook ids is one event."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

from chalicelib.accepting import Mouth, receive
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.memory import MemoryMeter, MemoryQueue
from chalicelib.contracts import RawRequest
from chalicelib.domain.events import from_message
from chalicelib.secrets import KeyedSecrets
from integrations import MARKETPLACES
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import edit, effects, opened

SECRET = "shpss_test"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BODY = json.dumps({
    "id": 632910392, "admin_graphql_api_id": "gid://shopify/Product/632910392",
    "updated_at": "2026-01-01T00:00:00Z",
}).encode()  # fmt: skip


def _shopify(event: str, webhook: str) -> RawRequest:
    signature = base64.b64encode(hmac.digest(SECRET.encode(), BODY, hashlib.sha256)).decode()
    headers = {
        "content-type": "application/json", "x-shopify-hmac-sha256": signature,
        "x-shopify-shop-domain": "harbour.myshopify.com", "x-shopify-topic": "products/update",
        "x-shopify-event-id": event, "x-shopify-webhook-id": webhook,
    }  # fmt: skip
    return RawRequest(path="/hooks/shopify", headers=headers, body=BODY)


def _events(*requests: RawRequest) -> list[str]:
    clock = FrozenClock(NOW)
    queue = MemoryQueue(clock)
    mouth = Mouth(
        readers={"shopify": MARKETPLACES["shopify"].reader},
        secrets=KeyedSecrets(bytes(32), 1, {"shopify": (SECRET,)}), queue=queue, clock=clock,
        meter=MemoryMeter(),
    )  # fmt: skip
    assert [receive("shopify", request, mouth).status for request in requests] == [200] * len(requests)
    return [from_message(message.body).id for message in queue.take()]


def test_two_webhook_ids_of_one_event_name_one_event() -> None:
    first, second = _events(_shopify("e1", "w1"), _shopify("e1", "w2"))
    assert first == second


def test_two_event_ids_name_two_events() -> None:
    first, second = _events(_shopify("e1", "w1"), _shopify("e2", "w2"))
    assert first != second


def test_one_event_told_by_two_subscriptions_has_one_effect() -> None:
    stage = opened()
    before = len(effects(stage))
    (request,) = edit(stage)
    stage.deliver(request)
    stage.deliver(request)
    stage.settle()
    assert len(effects(stage)) == before + 1
    assert checks.judge(stage).complaints == []
