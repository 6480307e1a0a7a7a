"""Orders in both sandbox stores, told by signed webhooks over HTTP: held with their reasons, released by a person, and
learned from; our own writes come back and yield nothing."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import functions
from chalicelib import connecting, looking
from chalicelib.contracts import Credentials
from chalicelib.domain.actions import HoldOrder
from chalicelib.domain.ids import FunctionName, OrderId, ShopId, shop_id
from chalicelib.domain.proposals import ModelVersion, Status
from chalicelib.domain.screening import Ruling, Screening
from chalicelib.domain.shop import Mode, OrderLimits, Shop
from functions.screening import verdicts
from functions.screening.scoring import Scored
from sandbox.platform import Platform
from sandbox.seed import Seed, SeedAddress, SeedLine, SeedOrder, SeedProduct, SeedVariant
from sandbox.shopify_store import AppSubscriptions, ShopifyStore
from sandbox.woocommerce_store import WooCommerceStore
from tests.e2e.ground import DOMAIN, both_stores, standing

SHOPIFY, WOO = shop_id("shopify", DOMAIN), shop_id("woocommerce", "lantern")
SCREENING = FunctionName("screening")
PATIENCE_S = 60
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def told_by_mailbox(models: Any, rows: Sequence[Any]) -> Scored:
    """90 % for throw-away mailboxes, 1 % for others."""
    p = np.array([0.9 if row["email_kind"] == "disposable" else 0.01 for row in rows])
    told = np.tile(np.array([[2.0, -0.4]], np.float32), (len(rows), 1))
    return Scored(p, told, -3.0, (("email_kind",), ("units",)), ModelVersion("screening", "scripted", "0" * 12))


@dataclass
class World:
    """The platform and its two stores."""

    platform: Platform
    shopify: ShopifyStore
    woocommerce: WooCommerceStore

    def settle(self) -> None:
        end, calm = time.monotonic() + PATIENCE_S, 0
        while calm < 4:
            assert time.monotonic() < end, "it did not settle in time"
            pending = self.shopify.pending_deliveries() or self.woocommerce.pending_deliveries()
            calm = calm + 1 if not pending and self.platform.idle() else 0
            time.sleep(0.15)

    def verdict(self, shop: ShopId, order: str) -> Screening:
        found = self.platform.services.screenings.get(shop, OrderId(order))
        assert found is not None
        return found

    def label(self, shop: ShopId, order: str) -> tuple[bool | None, str]:
        found = self.platform.services.outcomes.get(shop, order)
        assert found is not None
        return found.label, found.source


def _seed(name: str) -> Seed:
    goods = SeedProduct(
        key="k0", title="Lantern", created_at=BEGUN,
        variants=(SeedVariant(sku="s0", price=Decimal("90.00"), stock=500),),
    )  # fmt: skip
    return Seed(name=name, currency="EUR", country="DE", products=(goods,))


def _order(key: str, mailbox: str, locale: str = "fr") -> SeedOrder:
    door = SeedAddress(first_name="Simulated", last_name="Buyer", address_1="1 Sandbox Street", city="Lyon",
                       postcode="69001", country="FR")  # fmt: skip
    return SeedOrder(
        key=key, created_at=datetime.now(UTC), lines=(SeedLine(sku="s0", quantity=2, unit_price=Decimal("90.00")),),
        email=mailbox, billing=door, shipping=door, ip="198.51.100.7", locale=locale, card_bin="411111",
        card_last4="1111", avs_result="N",
    )  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(functions, "FUNCTIONS", {SCREENING: functions.FUNCTIONS[SCREENING]})
        patched.setattr(verdicts, "score", told_by_mailbox)
        environment = {"TRADEWIND_APP_SECRETS": "shopify=shpss_test"}
        with (
            standing(tmp_path_factory.mktemp("platform"), environment) as platform,
            both_stores(_seed("Harbour Lights"), _seed("Lantern")) as (shopify, woocommerce, urls),
        ):
            hooks = f"{platform.url}/hooks/shopify"
            shopify.app_subscriptions = AppSubscriptions(topics=("app/uninstalled",), uri=hooks)
            made = World(platform, shopify, woocommerce)
            _connect(made, urls)
            yield made


def _connect(world: World, urls: list[str]) -> None:
    keys = [{"access_token": "shpat_test"}, {"consumer_key": "ck_t", "consumer_secret": "cs_t"}]
    services = world.platform.services
    for shop, url, values in zip((SHOPIFY, WOO), urls, keys, strict=True):
        draft = Shop(
            id=shop, marketplace=shop.partition(":")[0], name=shop, endpoint=url, currency="EUR", sandbox=True
        )
        modes = {SCREENING: Mode.AUTOMATIC}
        connecting.connect(services, draft, Credentials(values=values), by="test", modes=modes)
        policy = services.shops.policy(shop)
        services.shops.save_policy(shop, replace(policy, orders=OrderLimits(hold=True, tag="check")))
    world.settle()


def _hold(world: World, shop: ShopId, order: str) -> Any:
    proposals = world.platform.services.proposals.every(shop)
    (found,) = [p for p in proposals if isinstance(p.action, HoldOrder) and p.action.order_id == order]
    return found


def test_shopify_holds_with_its_reasons_and_a_person_lets_go(world: World) -> None:
    fine = world.shopify.place_order(_order("fine", "anna@lantern.example"))
    risky = world.shopify.place_order(_order("risky", "x1234@mailinator.com"))
    world.settle()
    assert world.verdict(SHOPIFY, str(fine.number)).ruling is Ruling.APPROVE
    assert not fine.assessments
    name = str(risky.number)
    kept = world.verdict(SHOPIFY, name)
    assert (kept.ruling, kept.country, kept.language) == (Ruling.HOLD, "FR", "fr")
    assert kept.letter is not None
    assert kept.letter.text.startswith("Votre commande")
    assert 0 < kept.waited_s < PATIENCE_S
    (fulfilment,) = risky.fulfillment_orders
    assert (fulfilment.status, fulfilment.holds[0].reason) == ("ON_HOLD", "HIGH_RISK_OF_FRAUD")
    assert [(one.risk_level, one.by_app) for one in risky.assessments] == [("HIGH", True)]
    assert {sentiment for _, sentiment in risky.assessments[0].facts} >= {"NEUTRAL", "NEGATIVE"}
    assert risky.tags == ["check"]
    before = len(list(world.platform.services.proposals.every(SHOPIFY)))
    looking.fine(world.platform.services, SHOPIFY, OrderId(name), "ann@lantern.example")
    world.settle()
    assert (fulfilment.status, fulfilment.holds, risky.tags) == ("OPEN", [], [])
    assert [one.risk_level for one in risky.assessments] == ["NONE"]
    assert world.label(SHOPIFY, name) == (False, "released")
    after = list(world.platform.services.proposals.every(SHOPIFY))
    assert len(after) == before, "an echo made a proposal"
    assert {p.status for p in after} == {Status.UNDONE}


def test_woocommerce_holds_quietly_and_a_person_lets_go(world: World) -> None:
    risky = world.woocommerce.place_order(_order("risky", "y1234@mailinator.com", locale="ja"))
    world.settle()
    name = str(risky)
    assert world.woocommerce.order(risky)["status"] == "on-hold"
    assert "Please look at it" in str(world.woocommerce.notes(risky))
    mailed = [mail for mail in world.woocommerce.sent_mails if "customer" in mail.kind and mail.order_id == risky]
    assert [mail.kind for mail in mailed] == ["customer_processing_order"], "of the payment; none of the hold"
    hold = _hold(world, WOO, name)
    assert (hold.action.mails_buyer, hold.action.release_mails_buyer) == (False, True)
    letter = world.verdict(WOO, name).letter
    assert letter is not None
    assert letter.locale == "ja"
    looking.fine(world.platform.services, WOO, OrderId(name), "ann@lantern.example")
    world.settle()
    assert world.woocommerce.order(risky)["status"] == "processing"
    assert world.label(WOO, name) == (False, "released")


def test_an_unpaid_order_waits_for_its_payment_before_it_is_held(world: World) -> None:
    risky = world.woocommerce.place_order(_order("unpaid", "z1234@mailinator.com"), paid=False)
    world.settle()
    assert world.woocommerce.order(risky)["status"] == "pending", "on-hold would mail the buyer"
    assert world.verdict(WOO, str(risky)).ruling is Ruling.HOLD
    world.woocommerce.set_order_status(risky, "processing")
    world.settle()
    assert world.woocommerce.order(risky)["status"] == "on-hold"


def test_disputes_cancellations_and_releases_in_the_store_are_learned_from(world: World) -> None:
    services = world.platform.services
    disputed = world.shopify.place_order(_order("d1", "anna@lantern.example"))
    cancelled = world.shopify.place_order(_order("d2", "bert@lantern.example"))
    let_go = world.shopify.place_order(_order("d3", "q1234@mailinator.com"))
    world.settle()
    case = world.shopify.dispute(disputed)
    world.shopify.cancel_order(cancelled, reason="FRAUD")
    (fulfilment,) = let_go.fulfillment_orders
    answer = world.shopify.execute(
        "mutation($id: ID!) { fulfillmentOrderReleaseHold(id: $id) { userErrors { message } } }",
        {"id": f"gid://shopify/FulfillmentOrder/{fulfilment.number}"},
    )
    assert "errors" not in answer
    world.settle()
    assert world.label(SHOPIFY, str(disputed.number)) == (True, "dispute_fraud")
    assert world.label(SHOPIFY, str(cancelled.number)) == (True, "cancelled_fraud")
    assert world.label(SHOPIFY, str(let_go.number)) == (False, "released_store")
    world.shopify.settle_dispute(case, won=True)
    again = world.shopify.place_order(_order("d4", "bert@lantern.example"))
    world.settle()
    assert world.label(SHOPIFY, str(disputed.number)) == (False, "dispute_won")
    assert world.verdict(SHOPIFY, str(again.number)).inputs["offences_person"] >= 1.0
    assert services.queue.depth() == 0
    assert world.platform.dead_letters() == []
