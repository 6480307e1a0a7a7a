"""A merchant connects a store from a page, in a real Chromium; what stands in the way is said in words."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from chalicelib.adapters.clocks import SystemClock
from sandbox.shopify_store import samples
from sandbox.woocommerce_store import WooCommerceStore
from sandbox.woocommerce_store import serve as serve_woocommerce
from tests.e2e.test_browser import AXE, User, _axe, _complaints, axe_of
from tests.office import Office, opened
from tests.web.serving import chromium

OWNER = "mira@lantern.example"


@pytest.fixture
def scene() -> Iterator[tuple[User, Office, WooCommerceStore]]:
    store = WooCommerceStore(
        samples.seed(), consumer_key="ck_not_ours", consumer_secret="cs_not_ours", clock=lambda: datetime.now(UTC),
        allow_insecure_callback=True,
    )  # fmt: skip
    with serve_woocommerce(store), opened(SystemClock(), {}) as office, chromium() as chrome:
        person = User(chrome, office.services.settings.base_url)
        person.sign_in(OWNER)
        person.go("/shops")
        person.press("Connect a store")
        yield person, office, store


def test_from_the_empty_home_to_the_shop_and_back_from_a_no(scene: tuple[User, Office, WooCommerceStore]) -> None:
    person, office, store = scene
    person.write("#address-woocommerce", "http://10.0.0.7")
    person.press("Look at the store")
    assert "must hold a host name" in person.text
    assert "Look again" in person.text
    person.press("Back")
    person.write("#address-woocommerce", store.url)
    person.press("Look at the store")
    assert "WooCommerce is active." in person.text
    person.press("Approve in the store")
    person.leave_by(lambda: person.click(".wc-auth-deny"))
    assert "You declined in your store" in person.text
    person.press("Begin again")
    person.write("#address-woocommerce", store.url)
    person.press("Look at the store")
    person.press("Approve in the store")
    person.leave_by(lambda: person.click(".wc-auth-approve"))
    assert "The store is connected" in person.text or "Connecting" in person.text
    ((shop, _),) = office.services.shops.all()
    person.go(f"/s/{shop}")
    assert "Small Shop" in person.text
    person.go("/shops")
    assert "Connect a store" in person.text, "from the table of an agency too"
    assert not _complaints(person.chrome)


def test_axe_finds_nothing_on_the_way(scene: tuple[User, Office, WooCommerceStore]) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm install --no-package-lock --prefix tests/web")
    person, _, store = scene
    faults = _axe(person, "/connect")
    for address in (store.url, "http://127.0.0.1:9"):
        person.go("/connect")
        person.write("#address-woocommerce", address)
        person.press("Look at the store")
        faults += axe_of(person, address)
    assert not faults, "\n".join(faults)
