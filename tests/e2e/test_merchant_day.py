"""A merchant's first day in a real Chromium, with a WooCommerce store beside it: from the empty home to what
buyers see in the storefront.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chalicelib import applying
from chalicelib.adapters.clocks import SystemClock
from chalicelib.contracts import TextPlace
from chalicelib.domain.actions import Action, PublishTranslation, SetPrice, TranslatedField
from chalicelib.domain.evidence import Reason, TextDifference
from chalicelib.domain.ids import EventId, FunctionName, Locale, ProductId, ProposalId, ShopId
from chalicelib.domain.journal import Deed
from chalicelib.domain.money import Money
from chalicelib.domain.proposals import ModelVersion, Proposal, Status
from chalicelib.domain.shop import Mode, PriceLimits
from functions import FUNCTIONS
from sandbox.seed import Seed, SeedVariant
from sandbox.woocommerce_store import WooCommerceStore, serve
from tests.e2e.test_browser import User
from tests.e2e.test_serve import goods, order, wait
from tests.office import Office, opened
from tests.web import world as w
from tests.web.serving import chromium

OWNER = "mira@lantern.example"
LISTS = FunctionName("recommendations")
ORDERS = 60


@dataclass
class Day:
    """Who and what is there."""

    person: User
    office: Office
    store: WooCommerceStore

    @property
    def shop(self) -> ShopId:
        ((shop, _),) = self.office.services.shops.all()
        return shop

    def propose(self, function: str, action: Action, **parts: object) -> Proposal:
        """What a function would have proposed."""
        services = self.office.services
        shop, policy = services.shops.with_policy(self.shop)
        client = services.open_store(shop)
        proposal = Proposal(
            id=ProposalId(f"p-{function}"), shop_id=shop.id, function=FunctionName(function), action=action,
            before=client.read([action])[action.target], confidence=0.8, created_at=services.clock.now(),
            model=ModelVersion("model", "1", "abcdef12"), event_id=EventId(f"e-{function}"),
            reasons=(Reason(text="The source text changed."),), title=f"One for {function}", **parts,  # type: ignore[arg-type]
        )  # fmt: skip
        applying.settle(services, shop, policy, client, [proposal], {})
        return services.proposals.get(shop.id, proposal.id)

    def storefront(self, product: str) -> str:
        """What a buyer reads on a product's page."""
        row = self.store.product(int(product))
        self.person.chrome.get(row["permalink"])
        return self.person.find("body").text


@pytest.fixture
def day() -> Iterator[Day]:
    seed = Seed(
        name="Lantern & Wick", currency="EUR", country="DE", timezone="Europe/Berlin", locales=("en", "de"),
        products=tuple(goods()), orders=tuple(order(n) for n in range(ORDERS)),
    )  # fmt: skip
    store = WooCommerceStore(
        seed, consumer_key="ck_not_ours", consumer_secret="cs_not_ours", clock=lambda: datetime.now(UTC),
        allow_insecure_callback=True, multilingual="wpml",
    )  # fmt: skip
    pretended = w.functions()
    others = {name: one for name, one in pretended.items() if name in ("prices", "texts")}
    functions = {LISTS: FUNCTIONS[LISTS], **others}
    with serve(store), opened(SystemClock(), functions) as office, chromium() as chrome:
        yield Day(User(chrome, office.services.settings.base_url), office, store)


def test_from_an_empty_home_to_what_buyers_see(day: Day) -> None:
    person = day.person
    person.sign_in(OWNER)
    _connect(day)
    person.go(f"/s/{day.shop}")
    assert "Getting started" in person.text
    shown = [_approve_first(day) for _ in range(3)]
    for product, names in shown:
        assert names[0] in day.storefront(product)
    _edit_a_translation(day)
    _dismiss_a_price(day)
    _undo_the_last(day)
    _go_automatic(day)


def _connect(day: Day) -> None:
    person = day.person
    person.go("/shops")
    person.press("Connect a store")
    person.write("#address-woocommerce", day.store.url)
    person.press("Look at the store")
    person.press("Approve in the store")
    person.leave_by(lambda: person.click(".wc-auth-approve"))
    services = day.office.services
    shop, policy = services.shops.with_policy(day.shop)
    services.shops.save_policy(shop.id, replace(policy, prices=PriceLimits(default_margin_pct=Decimal(40))))


def _approve_first(day: Day) -> tuple[str, list[str]]:
    """Approve what stands first in the queue; the product and the names that it shows now."""
    person, services = day.person, day.office.services
    person.go(f"/s/{day.shop}/review?function={LISTS}")
    person.leave_by(lambda: person.click("[data-approve]"))
    assert "written to the store" in person.text
    entry = next(one for one in services.journal.entries(day.shop, until=services.clock.now(), months=1, limit=20)
                 if one.deed is Deed.APPLIED)  # fmt: skip
    action = services.proposals.get(day.shop, ProposalId(str(entry.proposal_id))).action
    listed = [day.store.product(int(one))["name"] for one in vars_of(action)]
    return action.resource, listed


def vars_of(action: Action) -> tuple[ProductId, ...]:
    products: tuple[ProductId, ...] = getattr(action, "product_ids", ())
    assert products
    return products


def _edit_a_translation(day: Day) -> None:
    product = str(day.store.product_id("good-3"))
    place = TextPlace(product, Locale("de"))
    texts = day.office.services.open_store(day.office.services.shops.get(day.shop)).texts([place])[place]
    title = next(one for one in texts.source if one.key == "title")
    field = TranslatedField(key="title", value="Laterne Nummer 3", source_digest=title.digest)
    shown = TextDifference(field="title", locale="de", source=title.value, before="", after=field.value, quality=0.8)
    action = PublishTranslation(resource_id=product, locale=Locale("de"), fields=(field,))
    made = day.propose("texts", action, evidence=(shown,), review=True)
    person = day.person
    person.go(f"/s/{day.shop}/proposals/{made.id}")
    person.write("#text-1", "Laterne aus Glas")
    person.press("Approve translation")
    assert "with your changes" in person.text
    names = [row.name for row in day.store.rows()[0].values() if row.lang == "de"]
    assert names == ["Laterne aus Glas"]


def _dismiss_a_price(day: Day) -> None:
    product = day.store.product(day.store.product_id("good-5"))
    price = Money(Decimal(product["regular_price"]) - Decimal("0.40"), "EUR")
    action = SetPrice(product_id=ProductId(str(product["id"])), variant_id=str(product["id"]), price=price)  # type: ignore[arg-type]
    made = day.propose("prices", action)
    assert made.status is Status.PROPOSED
    person = day.person
    person.go(f"/s/{day.shop}/proposals/{made.id}")
    person.press("Dismiss")
    assert day.office.services.proposals.get(day.shop, made.id).status is Status.DISMISSED
    assert day.store.product(product["id"])["regular_price"] == product["regular_price"]


def _undo_the_last(day: Day) -> None:
    person = day.person
    person.go(f"/s/{day.shop}/activity")
    person.press("Undo")
    assert "holds what it held before" in person.text
    assert not [row for row in day.store.rows()[0].values() if row.lang == "de" and row.status != "trash"]


def _go_automatic(day: Day) -> None:
    person, services = day.person, day.office.services
    person.go(f"/s/{day.shop}/settings/{LISTS}")
    person.click("input[value=automatic]")
    person.press("Save settings")
    assert services.shops.policy(day.shop).mode(LISTS) is Mode.AUTOMATIC
    added = day.store.add_product(replace(goods()[0], key="new", title="Lantern of tin", variants=(
        SeedVariant(sku="sku-new", price=Decimal(11), stock=9),)))  # fmt: skip

    def written() -> bool:
        with day.office.lock:
            day.office.work()
        row = day.store.rows()[0][added]
        return bool(row.upsell_ids or row.cross_sell_ids)

    wait(written, "a new product gets a list by itself, from its own webhook")
    person.chrome.get(day.store.product(added)["permalink"])
    assert "Lantern number" in person.find("main").text
