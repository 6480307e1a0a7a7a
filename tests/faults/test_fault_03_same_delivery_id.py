"""Fault 3: WooCommerce's Delivery-ID repeats within a second, so two deliveries that share it are two events."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from chalicelib.accepting import Mouth, receive
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.memory import MemoryMeter, MemoryQueue
from chalicelib.contracts import RawRequest
from chalicelib.domain.events import from_message
from chalicelib.secrets import KeyedSecrets
from integrations import MARKETPLACES

SECRETS = KeyedSecrets(bytes(range(32)), 1, {})


def _saved(product: int, **more: object) -> RawRequest:
    body = json.dumps({"id": product, "date_modified_gmt": "2026-01-01T00:00:00", **more}).encode()
    key = SECRETS.derived("woocommerce", "lantern")[0]
    headers = {
        "content-type": "application/json",
        "x-wc-webhook-signature": base64.b64encode(hmac.digest(key, body, hashlib.sha256)).decode(),
        "x-wc-webhook-topic": "product.updated", "x-wc-webhook-id": "7",
        "x-wc-webhook-delivery-id": "5c1d0e1a9d1f5a0d4a7a1d2a9b7c6d5e",
    }  # fmt: skip
    return RawRequest(path="/hooks/woocommerce/lantern", headers=headers, body=body, account="lantern")


@pytest.mark.parametrize(
    "requests",
    [
        [_saved(number) for number in range(1, 6)],
        [_saved(1, name="one"), _saved(1, name="two")],
    ],
    ids=["five products in one second", "one product twice in one second"],
)
def test_every_delivery_is_an_event_of_its_own(requests: list[RawRequest]) -> None:
    clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))
    queue = MemoryQueue(clock)
    mouth = Mouth(
        readers={"woocommerce": MARKETPLACES["woocommerce"].reader}, secrets=SECRETS, queue=queue,
        clock=clock, meter=MemoryMeter(),
    )  # fmt: skip
    assert [receive("woocommerce", request, mouth).status for request in requests] == [200] * len(requests)
    events = [from_message(message.body) for message in queue.take()]
    assert len({event.id for event in events}) == len(requests)
    assert len({event.delivery for event in events}) == len(requests)
