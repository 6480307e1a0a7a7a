"""Forgetting on demand: planted buyers are found nowhere, a shop that left gets no writes, nothing but proof stays."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from chalicelib import consent
from chalicelib.contracts import RawRequest
from chalicelib.domain.ids import OrderId, ProductId, ShopId, shop_id
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Mode, ShopState
from chalicelib.ticking import tick
from chalicelib.web.accounts import Accounts, Role
from chalicelib.web.routes import respond
from functions import FUNCTIONS
from integrations import MARKETPLACES
from sandbox.rehearsal.players import Neighbour
from sandbox.seed import SeedAddress
from sandbox.shopify_store import ShopifyStore, app_file, samples
from sandbox.shopify_store import serve as serve_shopify
from sandbox.woocommerce_store import WooCommerceStore
from sandbox.woocommerce_store import serve as serve_woocommerce
from tests.e2e.test_install import APP_FILE
from tests.office import CLIENT, SECRET, HandClock, Office, opened
from tests.stores.test_reconciliation import _connect
from tests.web.world import Browser

DOMAIN = "small-shop.myshopify.com"
CANARIES = {
    "email": "canary-buyer@birds.example", "first": "Canarina", "last": "Serinus", "street": "7 Canary Cage Lane",
    "city": "Las Palmas-Canary", "postcode": "CN4 RY7", "ip": "203.0.113.77", "agent": "CanaryBrowser/7.7",
}  # fmt: skip
HOME = SeedAddress(
    first_name=CANARIES["first"], last_name=CANARIES["last"], address_1=CANARIES["street"], city=CANARIES["city"],
    postcode=CANARIES["postcode"], country="GB",
)  # fmt: skip


def canary_order(key: str, at: datetime, *skus: str) -> samples.SeedOrder:
    return samples.order(
        key, *((sku, 1) for sku in skus), at=at, customer_key="canary", email=CANARIES["email"], billing=HOME,
        shipping=HOME, ip=CANARIES["ip"], user_agent=CANARIES["agent"],
    )  # fmt: skip


def everything(office: Office) -> Iterator[str]:
    """Every record, file, message, mail and metric, as text."""
    for partition in list(office.records.partitions("")):
        for record in office.records.query(partition):
            yield f"{record.key} {json.dumps(record.body, default=str)} {record.index}"
    for name in office.blobs.list(""):
        data = office.blobs.get(name) or b""
        yield f"{name} {data!r}"
        if name.endswith(".npz"):
            with np.load(io.BytesIO(data)) as file:
                yield " ".join(str(file[column].tolist()) for column in file.files)
    for queue in (office.queue, office.schedule, office.dead):
        yield from (letter.body for letter in queue._letters.values())
    yield from (f"{letter.to} {letter.subject} {letter.text}" for letter in office.mail.outbox)
    yield from (f"{name} {dict(facts)}" for name, facts in office.meter._totals)


def found(office: Office, *more: str) -> list[str]:
    words = [*CANARIES.values(), *more]
    return [f"{word}: {text[:200]}" for text in everything(office) for word in words if word in text]


@pytest.fixture
def shopify() -> Iterator[tuple[Office, ShopifyStore, ShopId]]:
    clock = HandClock(datetime.now(UTC).replace(microsecond=0))
    goods = [samples.product(f"k{n}", f"Mug {n}", samples.variant(f"S{n}", "8.50", stock=99)) for n in range(6)]
    past = [canary_order(f"p{n}", clock() - timedelta(days=n + 1), "S1", "S2") for n in range(3)]
    others = [samples.order(f"q{n}", ("S3", 1), at=clock() - timedelta(days=n + 1)) for n in range(3)]
    store = ShopifyStore(
        samples.seed(products=goods, orders=[*past, *others]), domain=DOMAIN, client_id=CLIENT, client_secret=SECRET,
        access_token=None, clock=clock, cost_limit=10_000_000,
    )  # fmt: skip
    ring = Neighbour([ProductId(str(product.number)) for product in store.state.products()])
    functions = {**FUNCTIONS, ring.name: ring}
    with serve_shopify(store) as server, opened(clock, functions, stores={DOMAIN: server.url}) as office:
        store.register(app_file.read(APP_FILE, base_url=office.services.settings.base_url))
        shop = consent.enter(office.services, MARKETPLACES["shopify"], DOMAIN, store.session_token(), by="test")
        accounts = Accounts(office.services.records, office.services.settings.master_key)
        accounts.create("Agency", "owner@agency.example", shops=[shop.id])
        office.work()
        for number in range(2):
            store.place_order(canary_order(f"n{number}", clock(), "S1", "S4"))
        store.deliver_all()
        office.work()
        yield office, store, shop.id


def buyer_hashes(office: Office, store: ShopifyStore, shop: ShopId) -> list[str]:
    identify = office.services.identities.identify
    values = {"customer": str(store.customer("canary").number), "email": CANARIES["email"]}
    return [identify(shop, kind, value) for kind, value in values.items()]


def test_a_buyer_is_told_everything_and_then_forgotten_everywhere(
    shopify: tuple[Office, ShopifyStore, ShopId], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    office, store, shop = shopify
    hashes = buyer_hashes(office, store, shop)
    assert found(office) == [], "not even before"
    assert any(one in text for text in everything(office) for one in hashes), "but the buyer is recognised"
    number = store.customer("canary").number
    store.request_customer_data(store.customer("canary"))
    store.deliver_all()
    office.work()
    (problem,) = [one for one in office.services.problems.all(shop) if one.code == "data_request"]
    assert "10 order lines" in problem.message
    owner = Browser(office.services)
    owner.sign_in("owner@agency.example")
    link = problem.message.rpartition(" ")[2].removeprefix(office.services.settings.base_url)
    told = json.loads(owner.get(link).body)
    assert len(told["order_lines"]) == 10, "five orders of two lines each, of the first sync and of webhooks"
    assert {row["quantity"] for row in told["order_lines"]} == {1}
    store.redact_customer(store.customer("canary"))
    store.deliver_all()
    office.work()
    said = capsys.readouterr()
    assert found(office, *hashes) == []
    assert not [word for word in (*CANARIES.values(), *hashes) if word in said.out + said.err + caplog.text]
    assert json.loads(owner.get(f"/s/{shop}/buyers/{number}.json").body)["order_lines"] == []
    history = office.services.history.load(shop, "GBP")
    assert len(history.order) == 13, "what was sold is still known"


def test_only_an_owner_sees_what_is_kept_about_a_buyer(shopify: tuple[Office, ShopifyStore, ShopId]) -> None:
    office, store, shop = shopify
    accounts = Accounts(office.services.records, office.services.settings.master_key)
    (account,) = accounts.of(accounts.person("owner@agency.example"))
    accounts.invite(account, "editor@agency.example", Role.EDITOR)
    editor = Browser(office.services)
    editor.sign_in("editor@agency.example")
    assert editor.get(f"/s/{shop}/buyers/{store.customer('canary').number}.json").status == 403


def test_a_shop_that_left_gets_no_writes_and_leaves_nothing_but_proof(
    shopify: tuple[Office, ShopifyStore, ShopId],
) -> None:
    office, store, shop = shopify
    services = office.services
    policy = services.shops.policy(shop)
    services.shops.save_policy(shop, replace(policy, modes=dict.fromkeys(services.functions, Mode.AUTOMATIC)))
    waiting = [one for one in services.proposals.every(shop) if one.status is Status.PROPOSED]
    assert waiting, "work is under way when the shop leaves"
    for product in list(store.state.products()):
        store.update_product(product, title=f"{product.title}, new")
    store.uninstall()
    store.deliver_all()
    calls, mutations = store.counters.calls, store.counters.mutations
    office.work()
    assert services.shops.get(shop).state is ShopState.UNINSTALLED
    tick(services, "reconcile")
    tick(services, "train")
    office.work()
    assert store.counters.mutations == mutations, "no writes after uninstall"
    assert store.counters.calls - calls <= store.counters.unauthorized
    with pytest.raises(Exception, match="no credentials"):
        services.shops.credentials(shop)
    store.redact_shop()
    store.deliver_all()
    office.work()
    left = [text for text in everything(office) if DOMAIN in text or "Small Shop" in text]
    kept = [text for text in left if "#claim#" not in text]
    assert len(kept) == 1, kept
    assert "records erased" in kept[0], "the proof of deletion"
    assert office.dead.depth() == 0


def test_woocommerces_own_way_of_forgetting_is_followed(caplog: pytest.LogCaptureFixture) -> None:
    clock = HandClock(datetime.now(UTC))
    goods = [samples.product(f"k{n}", f"Mug {n}", samples.variant(f"S{n}", "8.50", stock=99)) for n in range(4)]
    past = [canary_order(f"p{n}", clock() - timedelta(days=n + 1), "S1", "S2") for n in range(3)]
    store = WooCommerceStore(
        samples.seed(products=goods, orders=past), consumer_key="ck_t", consumer_secret="cs_t", clock=clock,
        deliver="manual",
    )  # fmt: skip
    with serve_woocommerce(store) as server, opened(clock, {}) as office:
        shop = _connect(office, "woocommerce", "small", server.url, {"consumer_key": "ck_t", "consumer_secret": "cs_t"})
        history = office.services.history
        order = OrderId(str(store.order_id("p0")))
        (known,) = history.buyers_of(shop, [order])
        for key in ("p0", "p1", "p2"):
            clock.forward(seconds=5)
            store.anonymise_order(store.order_id(key))
        store.deliver_all()
        office.work()
        history.fold(shop)
        assert not history.buyers_of(shop, [str(store.order_id(key)) for key in ("p0", "p1", "p2")])
        assert found(office, known) == []


def test_the_proof_is_not_taken_for_a_shop(shopify: tuple[Office, ShopifyStore, ShopId]) -> None:
    office, store, _ = shopify
    store.uninstall()
    store.redact_shop()
    store.deliver_all()
    office.work()
    assert list(office.services.shops.all()) == []
    store.installed = True
    store.clock.at = datetime.now(UTC)  # type: ignore[attr-defined]  session tokens live by the real minute
    request = {"id_token": store.session_token(), "embedded": "1", "shop": DOMAIN}
    answer = respond(office.services, RawRequest(method="GET", path="/", headers={}, body=b"", query=request))
    assert answer.status == 200
    assert office.services.shops.get(shop_id("shopify", DOMAIN)).state is ShopState.CONNECTED
