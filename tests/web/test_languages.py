"""Five languages: the visitor's choice, the browser's wish, places kept in every translation, money by locale."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages import pofile

from chalicelib.contracts import RawRequest
from chalicelib.domain.actions import Sentiment
from chalicelib.domain.money import Money
from chalicelib.web import catalogues, languages, rendering
from chalicelib.web.routes import respond
from functions.screening.reasons import said
from functions.screening.schema import feature
from tests.web import world as w

PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")
OTHERS = [name for name in languages.LANGUAGES if name != "en"]


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_and_keeps_its_places(language: str) -> None:
    path = Path(catalogues.LOCALE) / language / "LC_MESSAGES" / "tradewind.po"
    with path.open("rb") as file:
        catalogue = pofile.read_po(file, locale=language)
    known = {one.id: _forms(one.string) for one in catalogue if one.id}
    missing = {text for text, _ in catalogues.messages()} - {text for text, told in known.items() if all(told)}
    untold = sorted(map(str, missing))
    assert not untold, f"run python -m chalicelib.web.catalogues extract, and translate into {language}: {untold}"
    for text, told in known.items():
        assert len(told) == (catalogue.num_plurals if isinstance(text, tuple) else 1), text
        places = [sorted(PLACES.findall(form)) for form in _forms(text)]
        assert all(sorted(PLACES.findall(form)) in places for form in told), text


def _forms(text: str | Sequence[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.mark.parametrize(
    ("language", "one", "more"),
    [
        ("en", "1 other order came with this card in the last hour",
         "3 other orders came with this card in the last hour"),
        ("de", "1 weitere Bestellung kam in der letzten Stunde mit dieser Karte",
         "3 weitere Bestellungen kamen in der letzten Stunde mit dieser Karte"),
        ("fr", "1 autre commande est venue avec cette carte dans la dernière heure",
         "3 autres commandes sont venues avec cette carte dans la dernière heure"),
        ("zh", "最近一小时内使用此卡的其他订单有 1 个", "最近一小时内使用此卡的其他订单有 3 个"),
    ],
)  # fmt: skip
def test_reasons_are_said_of_one_and_of_more(language: str, one: str, more: str) -> None:
    catalogues.compile_all()
    languages.catalogue.cache_clear()
    about = feature("card_1h")
    for value, told in ((1.0, one), (3.0, more)):
        reason = said(about, about.against, value, sentiment=Sentiment.NEGATIVE)
        assert rendering.told(languages.catalogue(language), reason) == told


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
