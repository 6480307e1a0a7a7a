"""DeepL's answers become texts or our errors, by consequence, and nothing in between."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import deepl
import pytest

from chalicelib.contracts import FetchRates, TranslateTexts
from chalicelib.domain.ids import EventId, Locale, ShopId
from chalicelib.errors import (
    AccessRevoked,
    AppError,
    QuotaReached,
    RateLimited,
    StoreUnavailable,
    UnsupportedAction,
)
from integrations.deepl.engine import BYTES_PER_CALL, TEXTS_PER_CALL, DeepL, batches
from integrations.deepl.languages import formality_word, source_code, target_code

SHOP, EVENT = ShopId("test:stall"), EventId("e1")


class Scripted:
    """A client that answers as told and writes down what it was asked."""

    def __init__(self, answer: Callable[[list[str]], Any] | Exception | None = None) -> None:
        self.answer = answer
        self.calls: list[dict[str, Any]] = []
        self.made: list[Any] = []
        self.rephrased: list[dict[str, Any]] = []
        self.better: Exception | int | None = None

    def translate_text(self, texts: list[str], **options: Any) -> Any:
        self.calls.append({"texts": texts, **options})
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(texts) if self.answer else [SimpleNamespace(text=t.upper()) for t in texts]

    def rephrase_text(self, texts: list[str], **options: Any) -> Any:
        self.rephrased.append({"texts": texts, **options})
        if isinstance(self.better, Exception):
            raise self.better
        return [SimpleNamespace(text=f"{text}, better") for text in texts][: self.better]

    def list_glossaries(self) -> list[Any]:
        return self.made

    def create_glossary(self, name: str, source: str, target: str, entries: dict[str, str]) -> Any:
        made = SimpleNamespace(name=name, glossary_id=f"g{len(self.made)}", entries=entries)
        self.made.append(made)
        return made

    def delete_glossary(self, old: Any) -> None:
        self.made.remove(old)


def ask(client: Scripted, *texts: str, **fields: Any) -> tuple[str, ...]:
    request = TranslateTexts(texts=texts, source=Locale("en"), target=Locale("de"), **fields)
    return DeepL(client).ask(request, SHOP, EVENT)  # type: ignore[arg-type]


def fail(status: int | None, kind: type[deepl.DeepLException] = deepl.DeepLException) -> Exception:
    error = kind("Authorization key abc-secret:fx at https://example")
    error.http_status_code = status
    return error


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (fail(403, deepl.AuthorizationException), AccessRevoked),
        (fail(456, deepl.QuotaExceededException), QuotaReached),
        (fail(429, deepl.exceptions.TooManyRequestsException), RateLimited),
        (fail(503), StoreUnavailable),
        (fail(500), StoreUnavailable),
        (fail(None, deepl.exceptions.ConnectionException), StoreUnavailable),
        (fail(400), UnsupportedAction),
        (TypeError("int() argument"), StoreUnavailable),
    ],
)
def test_errors_say_what_must_happen_next(error: Exception, ours: type[AppError]) -> None:
    with pytest.raises(ours) as caught:
        ask(Scripted(error), "a")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_texts_come_back_in_order_over_several_calls() -> None:
    client = Scripted()
    texts = [f"text {n}" for n in range(120)]
    assert ask(client, *texts) == tuple(t.upper() for t in texts)
    assert [len(call["texts"]) for call in client.calls] == [50, 50, 20]
    assert client.calls[0]["ignore_tags"] == ["x"]
    assert client.calls[0]["tag_handling"] == "xml"


def test_fewer_texts_than_asked_count_as_no_answer() -> None:
    with pytest.raises(StoreUnavailable, match="fewer"):
        ask(Scripted(lambda texts: [SimpleNamespace(text="A")]), "a", "b")


def test_a_request_that_is_too_large_goes_in_halves() -> None:
    def small_only(texts: list[str]) -> Any:
        if len(texts) > 2:
            raise fail(413)
        return [SimpleNamespace(text=t.upper()) for t in texts]

    assert ask(Scripted(small_only), *"abcdefg") == tuple("ABCDEFG")
    with pytest.raises(UnsupportedAction, match="too long"):
        ask(Scripted(fail(413)), "a")


def test_time_is_bounded() -> None:
    ticks = iter(range(0, 10_000, 30))
    engine = DeepL(Scripted(), clock=lambda: next(ticks))  # type: ignore[arg-type]
    request = TranslateTexts(texts=("a",) * 200, source=Locale("en"), target=Locale("de"))
    with pytest.raises(RateLimited, match="takes long"):
        engine.ask(request, SHOP, EVENT)


def test_a_glossary_is_made_once_and_replaced_when_its_content_changes() -> None:
    client = Scripted()
    engine = DeepL(client)  # type: ignore[arg-type]

    def send(*entries: tuple[str, str]) -> None:
        request = TranslateTexts(texts=("a",), source=Locale("en"), target=Locale("de"), glossary=entries)
        engine.ask(request, SHOP, EVENT)

    send(("mug", "Becher"))
    send(("mug", "Becher"))
    assert len(client.made) == 1
    send(("mug", "Tasse"))
    assert [g.entries for g in client.made] == [{"mug": "Tasse"}]
    assert SHOP in client.made[0].name
    send()
    assert client.calls[-1]["glossary"] is None


def test_a_glossary_that_somebody_deleted_is_made_again() -> None:
    client = Scripted()
    engine = DeepL(client)  # type: ignore[arg-type]
    request = TranslateTexts(texts=("a",), source=Locale("en"), target=Locale("de"), glossary=(("mug", "Becher"),))
    engine.ask(request, SHOP, EVENT)
    client.made.clear()
    failures = iter([fail(404)])

    def once(texts: list[str]) -> Any:
        for failure in failures:
            raise failure
        return [SimpleNamespace(text="OK")]

    client.answer = once
    assert engine.ask(request, SHOP, EVENT) == ("OK",)
    assert len(client.made) == 1


def test_plain_sentences_are_polished_and_those_with_tokens_left() -> None:
    client = Scripted()
    found = ask(client, "one", 'two <x id="1"/>', "a &amp; b", "four", polish=True)
    assert found == ("ONE, better", 'TWO <X ID="1"/>', "A &AMP; B", "FOUR, better")
    assert [(call["texts"], call["target_lang"]) for call in client.rephrased] == [(["ONE", "FOUR"], "DE")]
    assert ask(client, 'only <x id="1"/>', polish=True) == ('ONLY <X ID="1"/>',)
    ask(client, "one")
    assert len(client.rephrased) == 1, "unasked, or with nothing to polish, there is no call"


@pytest.mark.parametrize("trouble", [fail(403, deepl.AuthorizationException), fail(456), fail(400), fail(503), 1])
def test_what_cannot_be_polished_stays_translated(trouble: Exception | int) -> None:
    client = Scripted()
    client.better = trouble
    assert ask(client, "one", "two", polish=True) == ("ONE", "TWO")
    assert len(client.rephrased) == 1


def test_polished_characters_are_counted_twice() -> None:
    fields = {"source": Locale("en"), "target": Locale("de")}
    texts = ("four", 'x <x id="1"/>')
    plain = TranslateTexts(texts=texts, **fields)  # type: ignore[arg-type]
    assert replace(plain, polish=True).characters == plain.characters + len("four")


def test_other_requests_are_not_ours() -> None:
    request = FetchRates(base="EUR", currencies=("USD",))
    engine = DeepL(Scripted())  # type: ignore[arg-type]
    assert not engine.answers(request)
    with pytest.raises(UnsupportedAction):
        engine.ask(request, SHOP, EVENT)


def test_batches_respect_both_limits() -> None:
    made = list(batches(["ж" * 30_000] * 5 + ["a"] * 60))
    assert [text for batch in made for text in batch] == ["ж" * 30_000] * 5 + ["a"] * 60
    assert all(len(batch) <= TEXTS_PER_CALL for batch in made)
    assert all(sum(len(t.encode()) for t in batch) <= BYTES_PER_CALL for batch in made)


@pytest.mark.parametrize(
    ("locale", "source", "target"),
    [("en", "EN", "EN-US"), ("en-GB", "EN", "EN-GB"), ("pt", "PT", "PT-PT"), ("pt-BR", "PT", "PT-BR"),
     ("zh-CN", "ZH", "ZH-HANS"), ("zh-TW", "ZH", "ZH-HANT"), ("de-AT", "DE", "DE"), ("no", "NB", "NB"),
     ("fr", "FR", "FR")],
)  # fmt: skip
def test_language_tags_in_deepls_words(locale: str, source: str, target: str) -> None:
    assert (source_code(locale), target_code(locale)) == (source, target)


def test_formality_never_fails_a_language_without_it() -> None:
    assert [formality_word(w) for w in ("more", "less", "default", "")] == [
        "prefer_more",
        "prefer_less",
        None,
        None,
    ]
