"""Five languages: the visitor's choice, the browser's wish, places kept in every translation, money by locale."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages import pofile

from chalicelib.contracts import RawRequest
from chalicelib.domain.money import Money
from chalicelib.web import catalogues, languages, rendering
from chalicelib.web.routes import respond
from tests.web import world as w

PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")
OTHERS = [name for name in languages.LANGUAGES if name != "en"]


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_and_keeps_its_places(language: str) -> None:
    path = Path(catalogues.LOCALE) / language / "LC_MESSAGES" / "tradewind.po"
    with path.open("rb") as file:
        known = {str(one.id): str(one.string) for one in pofile.read_po(file, locale=language) if one.id}
    missing = sorted({text for text, _ in catalogues.messages()} - {text for text, told in known.items() if told})
    assert not missing, f"run python -m chalicelib.web.catalogues extract, and translate into {language}: {missing}"
    for text, told in known.items():
        assert sorted(PLACES.findall(text)) == sorted(PLACES.findall(told)), text


@pytest.mark.parametrize(
    ("accepts", "language"),
    [("", "en"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("it, fr;q=0.2, es;q=0.7", "es"), ("zh-CN", "zh"), ("*;q=x", "en")],
)
def test_the_browsers_wish(accepts: str, language: str) -> None:
    assert languages.choose("", accepts) == language
    assert languages.choose("fr", accepts) == "fr"


def test_pages_speak_the_language_and_keep_what_is_not_translated() -> None:
    catalogues.compile_all()
    languages.catalogue.cache_clear()
    rendering._speaking.cache_clear()
    world = w.make()
    shop = world.open("one", goods=3)
    w.people(world, shop)
    w.price(world, shop, 0)
    browser = world.browser(w.OWNER)
    browser.headers = {"accept-language": "de"}
    body = browser.get(f"/s/{shop}/review?function=prices").body
    assert '<html lang="de">' in body
    assert "Preis annehmen" in body
    assert "10,00\xa0€" in body
    assert "Buyers of" in body
    browser.get("/account")
    browser.post("/account", {"language": "zh"})
    assert '<html lang="zh">' in browser.answer.body
    assert "保存偏好" in browser.answer.body


def test_money_and_moments_by_locale() -> None:
    assert (
        languages.money(Money(Decimal("1234.5"), "EUR"), "fr").replace("\u202f", " ").replace("\xa0", " ")
        == "1 234,50 €"
    )
    assert languages.money(Money(Decimal(1200), "JPY"), "en") == "¥1,200"
    assert languages.money(Money(Decimal("1.2345"), "KWD"), "en").endswith("1.234")
    at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert languages.day(at, "de", "Asia/Tokyo") == "2. März 2026"
    assert languages.day(at, "en", "no/where") == "March 1, 2026"


def test_one_visitors_language_is_not_the_next_ones() -> None:
    catalogues.compile_all()
    languages.catalogue.cache_clear()
    rendering._speaking.cache_clear()
    world = w.make()
    for wish, words in (("en", "Send link"), ("de", ""), ("en", "Send link"), ("fr", ""), ("en", "Send link")):
        request = RawRequest(method="GET", path="/sign-in", headers={"accept-language": wish}, body=b"")
        body = respond(world.services, request).body
        assert f'<html lang="{wish}">' in body
        assert ("Send link" in body) is bool(words)
