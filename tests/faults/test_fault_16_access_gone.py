"""Fault 16: token revoked, scope reduced, app uninstalled with work queued: stop, say so, and forget (I10)."""

from datetime import timedelta

import pytest

from chalicelib import connecting
from chalicelib.contracts import Credentials
from chalicelib.domain.events import EventKind, StoreEvent, event_id, to_message
from chalicelib.domain.ids import ShopId
from chalicelib.domain.shop import ShopState
from chalicelib.errors import Gone, ScopeMissing
from chalicelib.ports import Key
from chalicelib.storage import places
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import Breaking, deliver, edit, effects, opened, shown, stall, work
from sandbox.rehearsal.stage import Stage


def _problems(stage: Stage) -> set[str]:
    return {problem.code for problem in stage.services.problems.all(stage.shops[0])}


def _told(stage: Stage, kind: EventKind, shop: ShopId) -> None:
    now = stage.clock.now()
    event = StoreEvent(
        id=event_id("test", kind, now.isoformat()), shop_id=shop, kind=kind, resource="", occurred_at=now,
        received_at=now, delivery=f"d-{kind}-{now.isoformat()}",
    )  # fmt: skip
    stage.queue.send(to_message(event), group=shop)


def test_a_revoked_token_is_a_problem_and_no_retry() -> None:
    stage = opened()
    begun = len(effects(stage))
    deliver(stage, edit(stage))
    stall(stage).revoked = True
    stage.settle()
    assert len(effects(stage)) == begun
    assert "access_revoked" in _problems(stage)
    assert stage.queue.depth() == 0
    assert checks.orderly(stage) == []


def test_a_token_that_is_revoked_right_before_the_push_writes_nothing_and_leaves_nothing_half_decided() -> None:
    stage = opened()
    begun = len(effects(stage))
    deliver(stage, edit(stage))

    def revoke(name: str) -> None:
        stall(stage).revoked = stall(stage).revoked or name == "apply.before"

    work(stage, revoke)
    stage.settle()
    assert len(effects(stage)) == begun
    assert "access_revoked" in _problems(stage)
    assert checks.orderly(stage) == []


def test_a_missing_scope_is_a_problem_that_names_it_and_the_next_event_tries_again() -> None:
    stage = opened()
    deliver(stage, edit(stage))
    work(stage, Breaking(1, error=ScopeMissing, matching="apply.before"))
    stage.settle()
    assert "scope_missing" in _problems(stage)
    assert shown(stage) == ("state-1",)
    deliver(stage, edit(stage))
    stage.settle()
    assert shown(stage) == ("state-3",)
    assert checks.orderly(stage) == []


def _uninstalled(stage: Stage) -> None:
    place = stall(stage)
    place.tell("stall.closed", "")
    told = place.drain()
    place.revoked = True
    deliver(stage, told)


def test_after_uninstalling_queued_work_writes_nothing_and_the_credentials_are_gone() -> None:
    stage = opened(products=3)
    begun = len(effects(stage))
    _uninstalled(stage)
    for name in ("p0", "p1", "p2"):
        deliver(stage, edit(stage, product=name))
    stage.settle()
    shop = stage.services.shops.get(stage.shops[0])
    assert shop.state is ShopState.UNINSTALLED
    assert len(effects(stage)) == begun
    assert stage.records.get(_credentials(stage)) is None
    assert checks.orderly(stage) == []


def _credentials(stage: Stage) -> Key:
    return places.key(stage.shops[0], places.Kind.SHOP, "credentials")


def test_a_forged_uninstall_is_not_believed_while_our_key_still_works() -> None:
    stage = opened()
    stall(stage).tell("stall.closed", "")
    deliver(stage, stall(stage).drain())
    deliver(stage, edit(stage))
    stage.settle()
    assert stage.services.shops.get(stage.shops[0]).state is ShopState.CONNECTED
    assert shown(stage) == ("state-2",)


def test_a_redacted_shop_has_nothing_left_but_the_proof_and_the_other_shop_everything() -> None:
    stage = opened(shops=2, products=2)
    gone, stays = stage.shops
    kept = _records_of(stage, stays)
    _uninstalled(stage)
    stage.settle()
    stage.clock.advance(timedelta(hours=48))
    _told(stage, EventKind.SHOP_REDACTED, gone)
    stage.settle()
    left = {p.split("#")[1] for p in stage.records.partitions(f"{gone}#")}
    assert left <= {"journal", "claim"}
    with pytest.raises(Gone):
        stage.services.shops.get(gone)
    assert [shop for shop, _ in stage.services.shops.all()] == [stays]
    assert not [name for name in stage.blobs.list("") if name.startswith(str(gone))]
    assert _records_of(stage, stays) == kept
    _told(stage, EventKind.PRODUCT_CHANGED, gone)
    stage.settle()
    assert {p.split("#")[1] for p in stage.records.partitions(f"{gone}#")} <= {"journal", "claim"}
    assert stage.queue.depth() == 0


def _records_of(stage: Stage, shop: ShopId) -> int:
    partitions = stage.records.partitions(f"{shop}#")
    return sum(1 for partition in partitions for _ in stage.records.query(partition))


def test_connecting_again_brings_the_shop_back() -> None:
    stage = opened()
    _uninstalled(stage)
    stage.settle()
    stall(stage).revoked = False
    draft = stage.services.shops.get(stage.shops[0])
    connecting.connect(stage.services, draft, Credentials(values={"key": "new"}), by="test")
    deliver(stage, edit(stage))
    stage.settle()
    assert shown(stage) == ("state-2",)
