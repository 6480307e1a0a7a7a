"""The doctor finds what is broken, says what to do, and finds nothing in a shop that is well."""

from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import connecting, diagnosis
from chalicelib.contracts import Finding
from chalicelib.domain.ids import ShopId
from chalicelib.ticking import tick
from sandbox import desk
from sandbox.desk import doctor
from sandbox.shopify_store import samples
from sandbox.woocommerce_store import WooCommerceStore
from sandbox.woocommerce_store import serve as serve_woocommerce
from tests.office import HandClock, Office, opened
from tests.stores.test_reconciliation import _connect

KEYS = {"consumer_key": "ck_t", "consumer_secret": "cs_t"}


@pytest.fixture
def well() -> Iterator[tuple[Office, WooCommerceStore, ShopId, HandClock]]:
    clock = HandClock(datetime.now(UTC))
    store = WooCommerceStore(
        samples.seed(), consumer_key="ck_t", consumer_secret="cs_t", clock=clock, deliver="manual", multilingual="wpml"
    )
    with serve_woocommerce(store) as server, opened(clock, {}) as office:
        shop = _connect(office, "woocommerce", "small", server.url, KEYS)
        clock.forward(seconds=20)
        store.update_product(store.product_id("mug"), name="Cup")
        store.deliver_all()
        office.work()
        yield office, store, shop, clock


def wrong(office: Office, shop: ShopId) -> dict[str, Finding]:
    found = list(diagnosis.shop(office.services, shop))
    assert all(one.remedy for one in found if not one.ok), "every finding says what to do"
    return {one.code: one for one in found if not one.ok}


def test_a_shop_that_is_well(well: tuple[Office, WooCommerceStore, ShopId, HandClock]) -> None:
    office, _, shop, _ = well
    assert wrong(office, shop) == {}
    looked = {one.code for one in diagnosis.shop(office.services, shop)}
    assert looked >= {"credentials", "scopes", "webhooks", "clock", "models", "last_event", "last_reconciliation"}
    assert {one.code for one in diagnosis.deployment(office.services)} == {"app", "queue", "artifacts"}
    assert all(one.ok for one in diagnosis.deployment(office.services))


def test_each_fault_is_named_with_its_remedy(well: tuple[Office, WooCommerceStore, ShopId, HandClock]) -> None:
    office, store, shop, clock = well
    store.disable_webhooks()
    assert set(wrong(office, shop)) == {"webhooks"}
    assert "shops reconcile" in wrong(office, shop)["webhooks"].remedy
    tick(office.services, "reconcile")
    office.work()
    assert set(wrong(office, shop)) == {"problem"}, "what was mended is still told"
    clock.forward(minutes=2)
    tick(office.services, "reconcile")
    office.work()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("woocommerce.api.time", lambda: clock().timestamp())
        clock.forward(days=4)
        assert set(wrong(office, shop)) == {"clock", "last_event", "last_reconciliation"}
        assert str(4 * 24) in wrong(office, shop)["last_event"].message
    clock.at -= timedelta(days=4)
    store.revoke_key("ck_t")
    found = wrong(office, shop)
    assert set(found) == {"credentials"}
    assert "/connect" in found["credentials"].remedy
    connecting.disconnect(office.services, office.services.shops.get(shop), by="the store")
    assert set(wrong(office, shop)) == {"state"}


def test_the_command_prints_it_and_its_status_tells(
    well: tuple[Office, WooCommerceStore, ShopId, HandClock], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    office, store, shop, _ = well
    monkeypatch.setattr(desk, "services", lambda: office.services)
    assert doctor.examine(Namespace(shop="")) == 0
    assert "All is well." in capsys.readouterr().out
    store.disable_webhooks()
    assert doctor.examine(Namespace(shop=shop)) == 1
    said = capsys.readouterr().out
    assert "LOOK  webhooks: Switched off" in said
    assert "→ tradewind shops reconcile" in said
    assert doctor.examine(Namespace(shop="woocommerce:nobody")) == 1
    assert "not connected" in capsys.readouterr().out
