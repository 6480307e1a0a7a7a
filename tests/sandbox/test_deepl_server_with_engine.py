"""The product's own DeepL engine against the stand-in: what it asks is accepted, what fails is named."""

from collections.abc import Iterator

import pytest

from chalicelib.contracts import TranslateTexts
from chalicelib.domain.ids import EventId, Locale, ShopId
from chalicelib.errors import AccessRevoked, AppError, QuotaReached, RateLimited, StoreUnavailable
from integrations.deepl.engine import DeepL, connect
from sandbox.deepl_server import DeepLServer, Fault, FaultKind, RunningServer, serve

KEY = "k:fx"
SHOP, EVENT = ShopId("shop"), EventId("event")


@pytest.fixture
def account() -> DeepLServer:
    return DeepLServer(auth_key=KEY, character_limit=200_000)


@pytest.fixture
def running(account: DeepLServer) -> Iterator[RunningServer]:
    with serve(account) as server:
        yield server


@pytest.fixture
def engine(running: RunningServer, monkeypatch: pytest.MonkeyPatch) -> DeepL:
    made = connect(KEY, running.url)
    monkeypatch.setattr("deepl.http_client.max_network_retries", 0)
    return made


def ask(engine: DeepL, *texts: str, glossary: tuple[tuple[str, str], ...] = ()) -> tuple[str, ...]:
    request = TranslateTexts(texts=texts, source=Locale("en"), target=Locale("de"), glossary=glossary)
    return engine.ask(request, SHOP, EVENT)


def test_hundred_and_twenty_texts_go_in_three_calls_and_come_back_in_order(engine: DeepL, account: DeepLServer) -> None:
    texts = tuple(f'Text <x id="1">{{{{ n }}}}</x> number {n}' for n in range(120))

    done = ask(engine, *texts)

    assert [text.rpartition(" ")[2].rstrip("⟧") for text in done] == [str(n) for n in range(120)]
    assert all('<x id="1">{{ n }}</x>' in text for text in done)
    assert account.calls.count("POST /v2/translate") == 3
    assert account.character_count == sum(map(len, texts))


def test_a_glossary_is_made_once_and_found_again_after_it_was_deleted(engine: DeepL, account: DeepLServer) -> None:
    terms = (("green tea", "Grüntee"),)
    assert "Grüntee" in ask(engine, "Hot green tea", glossary=terms)[0]
    assert "Grüntee" in ask(engine, "Cold green tea", glossary=terms)[0]
    assert account.calls.count("POST /v2/glossaries") == 1

    account.glossaries.rows.clear()
    assert "Grüntee" in ask(engine, "Iced green tea", glossary=terms)[0]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.TOO_MANY, RateLimited),
        (FaultKind.QUOTA, QuotaReached),
        (FaultKind.FORBIDDEN, AccessRevoked),
        (FaultKind.SERVER_ERROR, StoreUnavailable),
        (FaultKind.RESET, StoreUnavailable),
        (FaultKind.PARTIAL, StoreUnavailable),
    ],
)
def test_what_fails_is_named_by_what_must_happen_next(
    engine: DeepL, account: DeepLServer, kind: FaultKind, error: type[AppError]
) -> None:
    account.faults.add(Fault(kind))

    with pytest.raises(error):
        ask(engine, "One", "two")


def test_usage(engine: DeepL, account: DeepLServer) -> None:
    account.character_count = 150_000

    assert engine.usage().left == 50_000
