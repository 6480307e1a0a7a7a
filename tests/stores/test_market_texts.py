"""A market in units of its own, from the settings page to what its buyers read: Shopify, DeepL and all between."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import requests

from chalicelib import connecting, deciding, runs
from chalicelib.contracts import Credentials
from chalicelib.domain.actions import PublishTranslation
from chalicelib.domain.events import Schedule
from chalicelib.domain.ids import FunctionName, Locale, shop_id
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Mode, Shop, Units
from functions.translation import propose
from functions.translation.propose import FUNCTION as TRANSLATION
from integrations.deepl.engine import connect
from sandbox import deepl_server
from sandbox.shopify_store import ShopifyStore, samples
from sandbox.shopify_store import serve as serve_shopify
from tests.office import SECRET, HandClock, opened

DOMAIN, TOKEN, KEY = "bags.myshopify.com", "shpat_bags", "market:fx"
OWNER = "somebody@shop.example"
NAME = FunctionName("translation")
DE = Locale("de")
STORY = "<table><tr><th>Width (cm)</th></tr><tr><td>30</td></tr></table><p>Holds 2 kg of apples.</p>"


def test_from_the_setting_to_what_buyers_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(propose, "estimator", lambda models: None)  # pseudo-translations look wrong, and should
    clock = HandClock(datetime.now(UTC))
    bag = samples.product("bag", "Bag of 30 cm", samples.variant("BAG-S", "9.50"), description_html=STORY)
    store = ShopifyStore(
        samples.seed(products=[bag], orders=(), locales=("en", "de")), domain=DOMAIN, client_secret=SECRET,
        access_token=TOKEN, clock=clock, cost_limit=10_000_000, allow_insecure_uris=True, send=lambda delivery: 200,
    )  # fmt: skip
    store.add_market("United States", "USD", rate=Decimal("1.2"))
    engine = deepl_server.DeepLServer(auth_key=KEY, character_limit=1_000_000)
    with (
        serve_shopify(store) as server, deepl_server.serve(engine) as deepl,
        opened(clock, {NAME: TRANSLATION}) as office,
    ):  # fmt: skip
        services = office.services = replace(office.services, engines=(connect(KEY, deepl.url),))
        draft = Shop(
            id=shop_id("shopify", DOMAIN), marketplace="shopify", name="Bags", endpoint=server.url, currency="GBP",
            sandbox=True,
        )  # fmt: skip
        connecting.connect(services, draft, Credentials(values={"access_token": TOKEN}), by="test")
        office.work()
        shop, policy = services.shops.with_policy(draft.id)
        assert [market.name for market in shop.markets] == ["United States"]
        limits = replace(policy.translations, market_units={"United States": Units.US}, publish_quality=Decimal(0))
        modes = {NAME: Mode.PROPOSE}
        services.shops.save_policy(shop.id, replace(policy, translations=limits, modes=modes))
        runs.start(services, shop, runs.RUN, NAME, [DE], OWNER)
        office.work()
        spent = engine.character_count
        waiting = [services.proposals.get(shop.id, one.id) for one in services.proposals.waiting(shop.id, NAME)]
        local = [one for one in waiting if isinstance(one.action, PublishTranslation) and one.action.market]
        assert (len(waiting), len(local)) == (2, 1)
        for one in waiting:
            assert deciding.approve(services, shop.id, one.id, OWNER).status is Status.APPLIED

        page = f"{server.url}/de/products/{next(iter(store.state.products())).handle}"
        everywhere, there = (requests.get(page + market, timeout=9).text for market in ("", "?market=united-states"))
        assert "30 cm" in everywhere
        assert ("11,8 in" in there, "4,4 lb" in there, "30 cm" in there) == (True, True, False)
        assert "(in)" in there

        clock.forward(minutes=5)
        runs.start(services, services.shops.get(shop.id), runs.RUN, NAME, [DE], OWNER)
        office.work()
        assert engine.character_count == spent, "nothing is paid or proposed twice"
        assert not list(services.proposals.waiting(shop.id, NAME))

        deciding.undo(services, shop.id, local[0].id, OWNER)
        assert requests.get(f"{page}?market=united-states", timeout=9).text == everywhere

        def reconcile() -> None:
            clock.forward(hours=2)
            connecting.schedule(services, shop.id, Schedule.RECONCILE)
            office.work()

        reconcile()
        store.update_product(store.variant("BAG-S").product, title="Bag of 40 cm")
        clock.forward(minutes=5)
        runs.start(services, services.shops.get(shop.id), runs.RUN, NAME, [DE], OWNER)
        office.work()
        assert len(list(services.proposals.waiting(shop.id, NAME))) == 2
        policy = services.shops.policy(shop.id)
        services.shops.save_policy(
            shop.id, replace(policy, translations=replace(policy.translations, market_units={}))
        )
        reconcile()
        left = [one.action for one in services.proposals.waiting(shop.id, NAME)]
        assert [one.market for one in left if isinstance(one, PublishTranslation)] == [None]
