"""Fault 23: old and new code, old and new message schema at once, and rollback: both are processed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.domain.events import EventKind, StoreEvent, event_id, from_message, to_message
from chalicelib.domain.shop import Policy
from chalicelib.ports import Record
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import edit, opened, shown
from sandbox.rehearsal.stage import Stage


def _message(stage: Stage, change: Mapping[str, Any], drop: tuple[str, ...] = ()) -> str:
    now = stage.clock.now()
    event = StoreEvent(
        id=event_id("versions", json.dumps(change), *drop), shop_id=stage.shops[0],
        kind=EventKind.PRODUCT_CHANGED,
        resource="p0", occurred_at=now, received_at=now, delivery="d" + event_id(json.dumps(change), *drop),
    )  # fmt: skip
    body = {**json.loads(to_message(event)), **change}
    return json.dumps({name: value for name, value in body.items() if name not in drop})


NEWER = {"v": 2, "priority": "high", "nested": {"more": [1, 2]}}


@pytest.mark.parametrize(
    ("change", "drop"),
    [(NEWER, ()), ({}, ("v", "topic", "detail"))],
    ids=["a newer version's message", "an older version's message"],
)
def test_messages_of_both_versions_are_processed_by_this_one(change: dict, drop: tuple[str, ...]) -> None:
    stage = opened()
    edit(stage)
    stage.queue.send(_message(stage, change, drop), group=stage.shops[0])
    stage.queue.send(_message(stage, {"delivery": "plain"}), group=stage.shops[0])
    stage.settle()
    assert shown(stage) == ("state-2",)
    assert stage.dead.take() == []
    assert checks.judge(stage).complaints == []


def test_a_kind_that_only_a_newer_version_knows_is_skipped_and_counted() -> None:
    stage = opened()
    stage.queue.send(_message(stage, {"kind": "hologram_changed"}), group=stage.shops[0])
    stage.settle()
    assert checks.judge(stage).tally.outcomes["skipped"] == 1


def test_records_that_a_newer_version_wrote_are_read_after_a_rollback() -> None:
    stage = opened()
    shop = stage.shops[0]
    for sort in ("profile", "policy"):
        record = stage.records.get(places.key(shop, places.Kind.SHOP, sort))
        newer = {**record.body, "hologram": {"on": True}}
        stage.records.put(Record(key=record.key, body=newer), record.version)
    stage.queue.send(_message(stage, {}), group=shop)
    edit(stage)
    stage.settle()
    assert shown(stage) == ("state-2",)


def test_records_that_an_older_version_wrote_take_todays_defaults() -> None:
    old = {name: value for name, value in to_json(Policy(paused=True)).items() if name != "orders"}
    assert from_json(old, Policy) == Policy(paused=True)


def test_a_message_reads_the_same_after_a_round_trip() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    event = StoreEvent(
        id=event_id("a"), shop_id=opened().shops[0], kind=EventKind.ORDER_CREATED, resource="7",
        occurred_at=now, received_at=now, delivery="d", topic="orders/create", detail="paid",
    )  # fmt: skip
    assert from_message(to_message(event)) == event
    assert replace(event, detail="") != event
