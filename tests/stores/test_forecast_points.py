"""What a merchant waits for when a catalogue is forecast and first translated into more languages than one."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from chalicelib import connecting, runs
from chalicelib.contracts import Credentials
from chalicelib.domain.ids import FunctionName, Locale, ShopId, shop_id
from chalicelib.domain.shop import Mode, Shop
from chalicelib.storage.jobs import Job
from functions.translation import propose
from functions.translation.propose import FUNCTION as TRANSLATION
from integrations.deepl.engine import connect
from sandbox import deepl_server
from sandbox.shopify_store import ShopifyStore, samples, serve
from tests.office import SECRET, HandClock, Office, opened

DOMAIN, TOKEN, KEY = "many.myshopify.com", "shpat_many", "many:fx"
NAME = FunctionName("translation")
GOODS = 60
TWO = (Locale("de"), Locale("fr"))
FOUR = (*TWO, Locale("es"), Locale("it"))


@dataclass
class Hall:
    """A connected store, and what each job asked of it."""

    store: ShopifyStore
    office: Office
    shop: ShopId
    engine: deepl_server.DeepLServer
    clock: HandClock

    def job(self, kind: str, locales: tuple[Locale, ...]) -> tuple[Job, int, Counter[str]]:
        """One job from its beginning to its end; its points, and its queries by name."""
        self.clock.forward(minutes=5)
        counters = self.store.counters
        points, queries = counters.points, Counter(counters.operations)
        services = self.office.services
        begun = runs.start(services, services.shops.get(self.shop), kind, NAME, locales, "somebody@shop.example")
        self.office.work()
        job = services.jobs.get(self.shop, begun.id)
        assert job.finished_at is not None
        assert job.done == GOODS
        return job, counters.points - points, Counter(counters.operations) - queries


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    monkeypatch.setattr(propose, "estimator", lambda models: None)  # what is read does not hang on estimates
    with _hall() as found:
        yield found


@contextmanager
def _hall() -> Iterator[Hall]:
    clock = HandClock(datetime.now(UTC))
    sizes = [samples.variant(f"S{n}", "9.50", options=(("Size", size),)) for n, size in enumerate(("Small", "Large"))]
    goods = [
        samples.product(
            f"k{n}", f"Thing {n}", *(replace(size, sku=f"{size.sku}-{n}") for size in sizes),
            description_html=f"<p>It is thing {n}.</p>", image_alts=(f"Thing {n} from the side",),
        )
        for n in range(GOODS)
    ]  # fmt: skip
    store = ShopifyStore(
        samples.seed(products=goods, orders=(), locales=("en", *FOUR)), domain=DOMAIN, client_secret=SECRET,
        access_token=TOKEN, clock=clock, cost_limit=10_000_000, allow_insecure_uris=True, send=lambda delivery: 200,
    )  # fmt: skip
    engine = deepl_server.DeepLServer(auth_key=KEY, character_limit=10_000_000)
    with (
        serve(store) as server, deepl_server.serve(engine) as deepl, opened(clock, {NAME: TRANSLATION}) as office,
    ):  # fmt: skip
        services = office.services = replace(office.services, engines=(connect(KEY, deepl.url),))
        draft = Shop(
            id=shop_id("shopify", DOMAIN), marketplace="shopify", name="Many", endpoint=server.url, currency="GBP",
            sandbox=True,
        )  # fmt: skip
        connecting.connect(services, draft, Credentials(values={"access_token": TOKEN}), by="test")
        office.work()
        policy = services.shops.policy(draft.id)
        services.shops.save_policy(draft.id, replace(policy, modes={NAME: Mode.PROPOSE}))
        yield Hall(store, office, draft.id, engine, clock)


def test_a_forecast_reads_many_products_a_query_and_a_language_more_costs_little(hall: Hall) -> None:
    told, two, queries = hall.job(runs.FORECAST, TWO)
    assert queries == {"Texts": 3}, "a slice of fifty in two, and the last ten"
    _, four, queries = hall.job(runs.FORECAST, FOUR)
    assert queries == {"Texts": 3}
    assert two <= 10 * GOODS
    assert four <= 1.5 * two
    assert hall.engine.character_count == 0
    assert told.counts["into de"] == told.counts["into fr"] > 0


def test_a_first_translation_reads_each_product_once_in_all_languages_and_costs_its_forecast(hall: Hall) -> None:
    told, _, _ = hall.job(runs.FORECAST, TWO)
    done, points, queries = hall.job(runs.RUN, TWO)
    assert queries == {"Texts": GOODS}
    assert points <= 30 * GOODS
    assert done.counts["characters"] == told.counts["characters"] == hall.engine.character_count > 0
    again, _, _ = hall.job(runs.RUN, TWO)
    assert again.counts.get("characters", 0) == 0
    assert hall.engine.character_count == done.counts["characters"]
