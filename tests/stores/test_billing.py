"""Plans: read where the merchant pays, set where nobody bills; beyond one a word and two weeks, never a silent stop."""

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import billing, consent
from chalicelib.contracts import Capability
from chalicelib.domain.ids import FunctionName, ProductId, ShopId
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Mode, Policy, Shop
from chalicelib.errors import NotAllowed
from chalicelib.ticking import tick
from chalicelib.web.accounts import Accounts, Role
from integrations import MARKETPLACES
from sandbox import desk
from sandbox.desk import shops
from sandbox.rehearsal.players import Neighbour
from sandbox.shopify_store import ShopifyStore, app_file, samples
from sandbox.shopify_store import serve as serve_shopify
from sandbox.woocommerce_store import WooCommerceStore
from sandbox.woocommerce_store import serve as serve_woocommerce
from tests.e2e.test_install import APP_FILE
from tests.office import CLIENT, SECRET, HandClock, Office, opened
from tests.stores.test_reconciliation import _connect
from tests.web.world import Browser, Pretender

DOMAIN = "small-shop.myshopify.com"
GOODS = 4
CREATE = """mutation($url: URL!) { appSubscriptionCreate(name: "Growth", returnUrl: $url, lineItems: [{plan: {
  appRecurringPricingDetails: {price: {amount: 19, currencyCode: USD}, interval: EVERY_30_DAYS}}}]) {
  appSubscription { id } confirmationUrl userErrors { message } } }"""


@pytest.fixture
def paying() -> Iterator[tuple[Office, ShopifyStore, Shop, HandClock]]:
    clock = HandClock(datetime.now(UTC).replace(day=2))
    goods = [samples.product(f"k{n}", f"Mug {n}", samples.variant(f"S{n}", "8.50", stock=999)) for n in range(GOODS)]
    store = ShopifyStore(
        samples.seed(products=goods, orders=()), domain=DOMAIN, client_id=CLIENT, client_secret=SECRET,
        access_token=None, clock=lambda: datetime.now(UTC), cost_limit=10_000_000,
    )  # fmt: skip
    ring = Neighbour([ProductId(str(product.number)) for product in store.state.products()])
    with serve_shopify(store) as server, opened(clock, {ring.name: ring}, stores={DOMAIN: server.url}) as office:
        store.register(app_file.read(APP_FILE, base_url=office.services.settings.base_url))
        shop = consent.enter(office.services, MARKETPLACES["shopify"], DOMAIN, store.session_token(), by="test")
        for mode in (Mode.OFF, Mode.AUTOMATIC):
            policy = replace(office.services.shops.policy(shop.id), modes={ring.name: mode})
            office.services.shops.save_policy(shop.id, policy)
            office.work()
        yield office, store, shop, clock


def order_some(office: Office, store: ShopifyStore, count: int) -> None:
    for number in range(count):
        at = datetime.now(UTC)
        store.place_order(samples.order(f"o{at.timestamp()}-{number}", ("S1", 1), at=at))
    store.deliver_all()
    office.work()


def edit(office: Office, store: ShopifyStore, title: str) -> None:
    store.update_product(next(iter(store.state.products())), title=title)
    store.deliver_all()
    office.work()


def problems(office: Office, shop: ShopId) -> list[str]:
    return [one.message for one in office.services.problems.all(shop) if one.code == billing.PROBLEM]


def test_beyond_the_plan_there_is_a_word_then_grace_then_approval(
    paying: tuple[Office, ShopifyStore, Shop, HandClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    office, store, shop, clock = paying
    services = office.services
    small = billing.Plan("free", "Free", 5)
    monkeypatch.setattr(billing, "FREE", small)
    monkeypatch.setattr("chalicelib.syncing._grown", lambda services, shop: False)  # no training between the orders
    order_some(office, store, 5)
    month = next(iter(store.state.orders())).created_at
    clock.at = month
    tick(services, "reconcile")
    office.work()
    assert billing.orders(services, shop.id, month) == 5
    assert problems(office, shop.id) == []
    order_some(office, store, 2)
    clock.forward(minutes=2)
    tick(services, "reconcile")
    office.work()
    assert "7 orders this month; the plan Free covers 5." in problems(office, shop.id)[0]
    edit(office, store, "In grace")
    assert [one.status for one in services.proposals.every(shop.id)] == [Status.APPLIED], "everything goes on"
    policy = services.shops.policy(shop.id)
    over = services.shops.get(shop.id)
    assert over.over_plan_at is not None
    after = over.over_plan_at + billing.GRACE
    assert billing.bounded(services.functions, over, policy, after - timedelta(seconds=1)) == policy
    held = billing.bounded(services.functions, over, policy, after)
    assert set(held.modes.values()) == {Mode.PROPOSE}
    assert held.version == policy.version
    services.shops.save(replace(over, over_plan_at=clock() - billing.GRACE))
    store.update_product(list(store.state.products())[1], title="After grace")
    store.deliver_all()
    office.work()
    assert sorted(one.status for one in services.proposals.every(shop.id)) == [Status.APPLIED, Status.PROPOSED]
    answer = store.execute(CREATE, {"url": "https://app.tradewind.example/"})
    (plan,) = store.state.all("AppSubscription")
    assert answer["data"]["appSubscriptionCreate"]["userErrors"] == []
    store.approve_plan(plan)
    store.deliver_all()
    office.work()
    bought = services.shops.get(shop.id)
    assert billing.plan_of(bought).name == "growth", "read where the merchant pays"
    assert bought.over_plan_at is None
    assert problems(office, shop.id) == [], "it cleared by itself"
    with pytest.raises(NotAllowed):
        billing.choose(services, bought, "unlimited", by="owner")


def test_screening_is_never_stopped() -> None:
    screening = Pretender("risks", "Screening", frozenset({Capability.ORDER_ASSESSMENT, Capability.ORDER_HOLD}))
    prices = Pretender("prices", "Prices", frozenset({Capability.PRICES}))
    functions = {one.name: one for one in (screening, prices)}
    policy = Policy(modes=dict.fromkeys(functions, Mode.AUTOMATIC))
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    shop = Shop(id=ShopId("x:y"), marketplace="x", name="y", endpoint="", currency="EUR", over_plan_at=long_ago)
    held = billing.bounded(functions, shop, policy, datetime.now(UTC))
    assert held.mode(FunctionName("risks")) is Mode.AUTOMATIC
    assert held.mode(FunctionName("prices")) is Mode.PROPOSE


@pytest.mark.parametrize(
    ("word", "plan"),
    [("", "free"), ("free", "free"), ("Growth", "growth"), (" business ", "business"), ("Founders 2026", "unlimited")],
)
def test_plans_by_the_words_that_marketplaces_use(word: str, plan: str) -> None:
    shop = Shop(id=ShopId("x:y"), marketplace="x", name="y", endpoint="", currency="EUR", plan=word)
    assert billing.plan_of(shop).name == plan


def test_where_nobody_bills_an_owner_or_an_operator_sets_the_plan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = HandClock(datetime.now(UTC))
    store = WooCommerceStore(
        samples.seed(), consumer_key="ck_t", consumer_secret="cs_t", clock=clock, deliver="manual"
    )
    with serve_woocommerce(store) as server, opened(clock, {}) as office:
        shop = _connect(office, "woocommerce", "small", server.url, {"consumer_key": "ck_t", "consumer_secret": "cs_t"})
        services = office.services
        accounts = Accounts(services.records, services.settings.master_key)
        account = accounts.create("Agency", "owner@agency.example", shops=[shop])
        accounts.invite(account, "editor@agency.example", Role.EDITOR)
        owner, editor = Browser(services), Browser(services)
        owner.sign_in("owner@agency.example")
        editor.sign_in("editor@agency.example")
        owner.get(f"/s/{shop}/usage")
        assert "Plan: Free" in owner.answer.body
        owner.post(f"/s/{shop}/usage", {"plan": "business"})
        assert billing.plan_of(services.shops.get(shop)).name == "business"
        assert "Plan: Business" in owner.get(f"/s/{shop}/usage").body
        editor.get(f"/s/{shop}/usage")
        assert editor.post(f"/s/{shop}/usage", {"plan": "free"}).status == 403
        assert owner.post(f"/s/{shop}/usage", {"plan": "gold"}).status == 403
        monkeypatch.setattr(desk, "services", lambda: services)
        assert shops.choose_plan(Namespace(shop=shop, plan="growth")) == 0
        assert "Growth" in capsys.readouterr().out
        tick(services, "reconcile")
        office.work()
        assert billing.plan_of(services.shops.get(shop)).name == "growth", "the store's facts do not undo it"
