"""The page of a shop's languages: forecast, run, single messages, the memory in and out."""

import json
import re
from dataclasses import dataclass, field, replace

import pytest

from chalicelib import limits
from chalicelib.contracts import Capability, EngineRequest, TranslateTexts
from chalicelib.domain.ids import EventId, FunctionName, Locale, MarketId, ShopId
from chalicelib.domain.shop import Market, Mode, Units
from chalicelib.web import fields
from functions.translation.propose import FUNCTION as TRANSLATION
from integrations import MARKETPLACES
from tests.web import world as w

NAME = FunctionName("translation")


@dataclass
class Engine:
    """Marks what it is given."""

    asked: list[str] = field(default_factory=list)

    def answers(self, request: EngineRequest) -> bool:
        return isinstance(request, TranslateTexts)

    def ask(self, request: EngineRequest, shop: ShopId, event: EventId) -> tuple[str, ...]:
        assert isinstance(request, TranslateTexts)
        self.asked += request.texts
        return tuple(f"Ü {text}" for text in request.texts)


@pytest.fixture
def open_() -> tuple[w.World, ShopId, w.Browser, Engine]:
    engine = Engine()
    world = w.make(sandbox=True, cast={NAME: TRANSLATION}, engines=[engine])
    shop = world.open("one", goods=4)
    w.people(world, shop)
    world.stage.settle()
    policy = world.services.shops.policy(shop)
    world.services.shops.save_policy(
        shop, replace(policy, translations=replace(policy.translations, locales=(Locale("de"),)))
    )
    engine.asked.clear()
    return world, shop, world.browser(w.OWNER), engine


type Opened = tuple[w.World, ShopId, w.Browser, Engine]


def test_a_forecast_shows_its_price_and_leads_to_the_run(open_: Opened) -> None:
    world, shop, browser, engine = open_
    page = browser.get(f"/s/{shop}/translations")
    assert 'value="de" checked' in page.body
    browser.post(f"/s/{shop}/translations", {"kind": "forecast", "locale": "de"})
    world.stage.settle()
    told = browser.get(browser.path)
    assert engine.asked == []
    assert "Translate it now" in told.body
    characters = int(re.search(r"Characters, forecast</dt><dd>([\d,]+)", told.body)[1].replace(",", ""))  # type: ignore[index]
    browser.post(f"/s/{shop}/translations", {"kind": "run", "locale": "de"})
    world.stage.settle()
    done = browser.get(browser.path)
    assert f"Characters spent</dt><dd>{characters}" in done.body
    assert sum(map(len, engine.asked)) == characters
    table = browser.get(f"/s/{shop}/translations").body
    assert "Going over the catalogue" in table
    assert browser.get(f"/s/{shop}/review?function=translation").body.count("data-row") == 4


def test_a_run_of_a_function_that_is_off_or_into_nothing_is_refused_in_words(open_: Opened) -> None:
    world, shop, browser, _ = open_
    browser.get(f"/s/{shop}/translations")
    assert browser.post(f"/s/{shop}/translations", {"kind": "forecast"}).status == 403
    assert "language code" in browser.post(f"/s/{shop}/translations", {"kind": "run", "more": "<b>"}).body
    policy = world.services.shops.policy(shop)
    world.services.shops.save_policy(shop, replace(policy, modes={NAME: Mode.OFF}))
    browser.get(f"/s/{shop}/translations")
    assert "Switch it on" in browser.post(f"/s/{shop}/translations", {"kind": "run", "locale": "de"}).body


def test_a_message_is_translated_and_nothing_of_it_is_kept(open_: Opened) -> None:
    world, shop, browser, engine = open_
    words = {"text": "Where is my parcel {{ order }}?", "target": "de"}
    browser.get(f"/s/{shop}/translations")
    assert "Ü Where is my parcel {{ order }}?" in browser.post(f"/s/{shop}/translations/message", words).body
    browser.headers["accept"] = "application/json"
    answer = browser.post(f"/s/{shop}/translations/message", words)
    assert json.loads(answer.body) == {"text": "Ü Where is my parcel {{ order }}?", "reasons": []}
    assert len(engine.asked) == 2, "not remembered, so asked again"
    kept = [value for _, value in world.services.memories.all(shop, "")]
    assert not any("parcel" in value for value in kept)


def test_a_message_needs_a_sign_in_a_form_of_ours_and_a_language(open_: Opened) -> None:
    world, shop, browser, engine = open_
    address = f"/s/{shop}/translations/message"
    assert "Sign in" in world.browser().post(address, {"text": "Hello", "target": "de"}).body
    assert browser.post(address, {"text": "Hello", "target": "de"}, csrf=False).status == 403
    browser.get(f"/s/{shop}/translations")
    assert browser.post(address, {"text": "Hello", "target": "?"}).status == 403
    viewer = world.browser(w.VIEWER)
    viewer.get(f"/s/{shop}/translations")
    assert viewer.post(address, {"text": "Hello", "target": "de"}).status == 403
    assert engine.asked == []


def test_a_glossary_that_contradicts_itself_is_shown_where_it_is_mended(open_: Opened) -> None:
    world, shop, browser, _ = open_
    address = f"/s/{shop}/translations"
    assert "contradicts itself" not in browser.get(address).body
    policy = world.services.shops.policy(shop)
    words = {Locale("de"): {"Bowl": "Schale", "bowl": "Schüssel", "Lamp": "Leuchte"}}
    limits = replace(policy.translations, glossary=words, protected_terms=("Lamp",))
    world.services.shops.save_policy(shop, replace(policy, translations=limits))
    told = browser.get(address).body
    assert "Your glossary for German contradicts itself" in told
    assert "in two ways; neither is used until you decide" in told
    assert "the protection wins" in told
    assert f'href="/s/{shop}/settings/translation"' in told


def test_a_markets_units_are_set_checked_and_shown(open_: Opened) -> None:
    world, shop, browser, _ = open_
    address, field = f"/s/{shop}/settings/translation", "translations.market_units"
    body = browser.get(address).body
    assert "units of single markets have no effect" in body, "this store has one text for all markets"
    form = {
        limit.path: fields.shown(limit.of(world.services.shops.policy(shop))) for limit in limits.limits("translations")
    } | {"mode": "propose", "version": str(world.services.shops.policy(shop).version)}
    wrong = browser.post(address, form | {field: "United States = imperial"})
    assert wrong.status == 422
    assert "ust be one of metric, us, as written" in wrong.body
    browser.get(address)
    browser.post(address, form | {field: "United States = US\nJapan = as written"})
    said = world.services.shops.policy(shop).translations.market_units
    assert said == {"United States": Units.US, "Japan": Units.AS_WRITTEN}
    assert "no market named United States" in browser.get(f"/s/{shop}/translations").body
    known = world.services.shops.get(shop)
    there = (Market(id=MarketId("7"), name="United States", currency="USD"),)
    world.services.shops.save(replace(known, markets=there))
    assert "United States has texts of its own where units differ: us." in browser.get(f"/s/{shop}/translations").body


def test_what_a_store_leaves_out_is_said_where_languages_are_looked_at_and_set(open_: Opened) -> None:
    world, shop, browser, _ = open_
    says = MARKETPLACES["woocommerce"].gaps[Capability.TRANSLATIONS]
    assert "WPML Media Translation" in says
    pages = (f"/s/{shop}/translations", f"/s/{shop}/settings/translation")
    assert not any(says in browser.get(page).body for page in pages)
    places = world.services.marketplaces
    name = world.services.shops.get(shop).marketplace
    partial = {**places, name: replace(places[name], gaps={Capability.TRANSLATIONS: says})}
    other = replace(world, services=replace(world.services, marketplaces=partial)).browser(w.OWNER)
    assert all(says in other.get(page).body for page in pages)


@pytest.mark.parametrize("form", ["tmx", "csv"])
def test_the_memory_goes_out_is_worked_on_and_comes_back(open_: Opened, form: str) -> None:
    world, shop, browser, engine = open_
    browser.get(f"/s/{shop}/translations")
    browser.post(f"/s/{shop}/translations", {"kind": "run", "locale": "de"})
    world.stage.settle()
    document = browser.get(f"/s/{shop}/translations/memory.{form}").body
    assert "Ü Nice." in document
    for key, _ in list(world.services.memories.all(shop, "tm:")):
        world.services.memories.forget(shop, [key])
    browser.get(f"/s/{shop}/translations")
    worked_on = document.replace("Ü Nice.", "Schön.")
    answer = browser.post(f"/s/{shop}/translations/memory", {"document": worked_on, "form": form})
    assert "sentences were taken into the memory" in answer.body
    engine.asked.clear()
    browser.post(f"/s/{shop}/translations", {"kind": "run", "locale": "de"})
    world.stage.settle()
    assert engine.asked == []
    waiting = world.services.proposals.waiting(shop, NAME)
    assert all("Schön." in str(proposal.action) for proposal in waiting)


def test_another_tools_file_is_taken_in_and_a_broken_one_refused(open_: Opened) -> None:
    world, shop, browser, engine = open_
    browser.get(f"/s/{shop}/translations")
    heads = "source,target,source_language,target_language\n"
    rows = f"{heads}Nice.,Hübsch.,en-GB,de-DE\nNice.,Beau.,en,fr\nOne. Two.,Eins.,en,de\n"
    answer = browser.post(f"/s/{shop}/translations/memory", {"document": rows, "form": "csv"})
    assert "1 sentences were taken into the memory. 2 were left out" in answer.body
    broken = browser.post(f"/s/{shop}/translations/memory", {"document": "<tmx", "form": "tmx"})
    assert broken.status == 400
    assert "not well-formed" in broken.body
    browser.get(f"/s/{shop}/translations")
    browser.post(f"/s/{shop}/translations", {"kind": "run", "locale": "de"})
    world.stage.settle()
    assert "Nice." not in engine.asked
