"""The DeepL stand-in, asked by the official client and over plain HTTP."""

import re
from collections.abc import Iterator
from typing import Any

import deepl
import pytest
import requests
from deepl.api_data import MultilingualGlossaryDictionaryEntries, WriteResult
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.deepl_server import MAX_REQUEST_BYTES, DeepLServer, Fault, FaultKind, RunningServer, serve
from sandbox.deepl_server.markup import Handling, tags, translate
from sandbox.deepl_server.pseudo import pseudo

KEY = "11111111-2222-3333-4444-555555555555:fx"


@pytest.fixture
def account() -> DeepLServer:
    return DeepLServer(auth_key=KEY, character_limit=10_000)


@pytest.fixture
def running(account: DeepLServer) -> Iterator[RunningServer]:
    with serve(account) as server:
        yield server


@pytest.fixture
def client(running: RunningServer) -> deepl.DeepLClient:
    deepl.http_client.max_network_retries = 0
    return deepl.DeepLClient(KEY, server_url=running.url)


def ask(running: RunningServer, **body: object) -> requests.Response:
    headers = {"Authorization": f"DeepL-Auth-Key {KEY}"}
    return requests.post(f"{running.url}/v2/translate", json=body, headers=headers, timeout=5)


def translated(client: deepl.DeepLClient, text: str, **options: Any) -> deepl.TextResult:
    result = client.translate_text(text, **options)
    assert isinstance(result, deepl.TextResult)
    return result


def test_a_text_comes_back_marked_longer_and_always_the_same(client: deepl.DeepLClient) -> None:
    first, again = (translated(client, "The green tea of Japan", target_lang="DE") for _ in range(2))

    assert first.text == again.text
    assert first.text.startswith("⟦DE ")
    assert first.text.endswith("⟧")
    assert len(first.text) > 1.2 * len("The green tea of Japan")
    assert (first.detected_source_lang, first.billed_characters) == ("EN", 22)


@pytest.mark.parametrize(
    ("text", "language"),
    [("Der Tee ist nicht kalt", "DE"), ("Le thé est dans la tasse", "FR"), ("緑茶です", "JA"), ("绿茶", "ZH")],
)
def test_the_source_language_is_told(client: deepl.DeepLClient, text: str, language: str) -> None:
    assert translated(client, text, target_lang="EN-GB").detected_source_lang == language


def test_a_text_already_in_the_target_language_is_left_alone(client: deepl.DeepLClient) -> None:
    assert translated(client, "The tea", source_lang="EN", target_lang="EN-US").text == "The tea"


def test_ignored_tags_keep_their_content_and_numbers_stay(client: deepl.DeepLClient) -> None:
    source = "<p>Only <x>{{ price }}</x> for 250 g <b>today</b></p>"

    done = translated(client, source, target_lang="FR", tag_handling="xml", ignore_tags=["x"]).text

    assert "<x>{{ price }}</x>" in done
    assert tags(done) == tags(source)
    assert "250" in done


def test_html_is_serialised_anew_and_notranslate_respected(client: deepl.DeepLClient) -> None:
    source = '<p>One<br/>two <span translate="no">ACME</span><img src="a.png" alt="x" /></p>'

    done = translated(client, source, target_lang="DE", tag_handling="html").text

    assert "<br>" in done
    assert '<span translate="no">ACME</span>' in done


def test_broken_xml_is_refused(client: deepl.DeepLClient) -> None:
    with pytest.raises(deepl.DeepLException, match="Tag handling parsing failed"):
        translated(client, "<p>One <b>two</p>", target_lang="DE", tag_handling="xml")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.one_of(
            st.text(st.characters(blacklist_characters="<>&", blacklist_categories=["Cs"]), max_size=12),
            st.sampled_from(["<b>bold</b>", "<x>{{ a }}</x>", "<br/>", "<i>", "</i>", "&amp;", "12.5 cm"]),
        ),
        max_size=10,
    )
)
def test_no_tag_placeholder_or_number_is_ever_touched(parts: list[str]) -> None:
    source = "".join(parts)

    done = translate(source, Handling("html", frozenset({"x"})), lambda part: pseudo(part, "DE", {}))

    assert [tag.replace("/>", ">") for tag in tags(source)] == tags(done)
    assert done.count("<x>{{ a }}</x>") == source.count("<x>{{ a }}</x>")
    assert re.findall(r"[0-9]+", done) == re.findall(r"[0-9]+", source)


def test_a_wrong_key_is_refused(running: RunningServer) -> None:
    with pytest.raises(deepl.AuthorizationException):
        deepl.DeepLClient("wrong:fx", server_url=running.url).get_usage()


def test_characters_are_counted_and_the_quota_is_hard(client: deepl.DeepLClient, account: DeepLServer) -> None:
    client.translate_text(["ab", "cde"], target_lang="DE")
    usage = client.get_usage()
    assert (usage.character.count, usage.character.limit) == (5, 10_000)

    account.character_limit = 8
    with pytest.raises(deepl.QuotaExceededException):
        translated(client, "four", target_lang="DE")
    assert account.character_count == 5


def test_limits_of_one_request(running: RunningServer) -> None:
    assert ask(running, text=["a"] * 50, target_lang="DE").status_code == 200
    assert ask(running, text=["a"] * 51, target_lang="DE").status_code == 400
    assert ask(running, text=["a" * MAX_REQUEST_BYTES], target_lang="DE").status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        {"text": "a bare string", "target_lang": "DE"},
        {"text": [], "target_lang": "DE"},
        {"text": ["a"]},
        {"text": ["a"], "target_lang": "XX"},
        {"text": ["a"], "target_lang": "DE", "source_lang": "XX"},
        {"text": ["a"], "target_lang": "CS", "formality": "more"},
        {"text": ["a"], "target_lang": "DE", "formality": "rude"},
        {"text": ["a"], "target_lang": "DE", "tag_handling": "markdown"},
        {"text": ["a"], "target_lang": "DE", "glossary_id": "x"},
        {"text": ["a"], "target_lang": "DE", "model_type": "best"},
    ],
)
def test_what_deepl_refuses(running: RunningServer, body: dict[str, object]) -> None:
    answer = ask(running, **body)

    assert answer.status_code == 400
    assert answer.json()["message"]


def test_form_bodies_are_read_too(running: RunningServer) -> None:
    answer = requests.post(
        f"{running.url}/v2/translate",
        data=[("text", "one"), ("text", "two"), ("target_lang", "DE"), ("show_billed_characters", "1")],
        headers={"Authorization": f"DeepL-Auth-Key {KEY}"},
        timeout=5,
    )

    assert [row["billed_characters"] for row in answer.json()["translations"]] == [3, 3]


def test_formality_is_taken_where_it_is_known(client: deepl.DeepLClient) -> None:
    assert "DE·more" in translated(client, "the tea", target_lang="DE", formality="more").text
    plain = translated(client, "the tea", target_lang="CS", formality="prefer_more").text
    assert plain.startswith("⟦CS ")


def test_languages(client: deepl.DeepLClient) -> None:
    targets = {language.code: language.supports_formality for language in client.get_target_languages()}

    assert targets["DE"] is True
    assert targets["EN-GB"] is False
    assert {"EN", "DE", "JA"} <= {language.code for language in client.get_source_languages()}


def test_an_old_glossary_lives_and_is_applied(client: deepl.DeepLClient) -> None:
    made = client.create_glossary("tea", "EN", "DE", {"green tea": "Grüntee"})
    assert client.get_glossary_entries(made) == {"green tea": "Grüntee"}
    assert [row.glossary_id for row in client.list_glossaries()] == [made.glossary_id]

    done = translated(client, "Hot green tea", source_lang="EN", target_lang="DE", glossary=made)
    assert "Grüntee" in done.text

    client.delete_glossary(made)
    with pytest.raises(deepl.GlossaryNotFoundException):
        client.get_glossary(made.glossary_id)


def test_a_glossary_serves_its_own_pair_only(client: deepl.DeepLClient) -> None:
    made = client.create_glossary("tea", "EN", "DE", {"tea": "Tee"})

    with pytest.raises(deepl.DeepLException, match="No dictionary found"):
        translated(client, "tea", source_lang="EN", target_lang="FR", glossary=made.glossary_id)


def test_a_multilingual_glossary_is_edited(client: deepl.DeepLClient) -> None:
    entry = MultilingualGlossaryDictionaryEntries
    made = client.create_multilingual_glossary(
        "shop", [entry("EN", "DE", {"mug": "Becher"}), entry("EN", "FR", {"mug": "tasse"})]
    )
    client.replace_multilingual_glossary_dictionary(made, entry("EN", "DE", {"cup": "Tasse"}))
    client.update_multilingual_glossary_dictionary(made, entry("EN", "FR", {"cup": "coupe"}))

    german = client.get_multilingual_glossary_entries(made, "EN", "DE")
    french = client.get_multilingual_glossary_entries(made, "EN", "FR")
    # The official client hands v3 entries over as the tab-separated text that the API sends.
    assert str(german.dictionaries[0].entries) == "cup\tTasse"
    assert str(french.dictionaries[0].entries) == "mug\ttasse\ncup\tcoupe"

    client.delete_multilingual_glossary_dictionary(made, source_lang="EN", target_lang="FR")
    left = client.get_multilingual_glossary(made.glossary_id)
    assert [(row.source_lang, row.target_lang) for row in left.dictionaries] == [("EN", "DE")]
    client.delete_multilingual_glossary(made)
    assert client.list_multilingual_glossaries() == []


@pytest.mark.parametrize("entries", ["", "only one column", "a\tb\na\tc", "a\t"])
def test_glossaries_that_contradict_themselves_are_refused(running: RunningServer, entries: str) -> None:
    answer = requests.post(
        f"{running.url}/v2/glossaries",
        json={"name": "n", "source_lang": "en", "target_lang": "de", "entries": entries, "entries_format": "tsv"},
        headers={"Authorization": f"DeepL-Auth-Key {KEY}"},
        timeout=5,
    )

    assert answer.status_code == 400


def test_rephrasing(client: deepl.DeepLClient) -> None:
    better = client.rephrase_text("the tea is good", target_lang="EN-GB", tone="friendly")
    assert isinstance(better, WriteResult)

    assert better.text.startswith("⟦✎·friendly ")
    assert better.detected_source_language == "en"
    with pytest.raises(deepl.DeepLException, match="Only one"):
        client.rephrase_text("the tea", target_lang="EN-GB", tone="friendly", style="business")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.TOO_MANY, 429),
        (FaultKind.QUOTA, 456),
        (FaultKind.FORBIDDEN, 403),
        (FaultKind.TOO_LARGE, 413),
        (FaultKind.SERVER_ERROR, 503),
    ],
)
def test_refusals_on_demand(running: RunningServer, account: DeepLServer, kind: FaultKind, status: int) -> None:
    account.faults.add(Fault(kind))

    assert ask(running, text=["a"], target_lang="DE").status_code == status
    assert ask(running, text=["a"], target_lang="DE").status_code == 200
    assert account.character_count == 1


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.HANG])
def test_no_answer_on_demand(running: RunningServer, account: DeepLServer, kind: FaultKind) -> None:
    account.faults.add(Fault(kind, hang_s=0.05))

    with pytest.raises(requests.ConnectionError):
        ask(running, text=["a"], target_lang="DE")


def test_bad_bodies_on_demand(running: RunningServer, account: DeepLServer) -> None:
    account.faults.add(Fault(FaultKind.HTML))
    assert "html" in ask(running, text=["a"], target_lang="DE").headers["Content-Type"]

    account.faults.add(Fault(FaultKind.TRUNCATED))
    with pytest.raises(requests.RequestException):
        ask(running, text=["a"], target_lang="DE").json()


@pytest.mark.parametrize(
    ("kind", "source", "spoiled"),
    [
        (FaultKind.PARTIAL, ["one", "two"], lambda good: good[:1]),
        (FaultKind.SWAPPED, ["one", "two"], lambda good: good[::-1]),
        (FaultKind.DROPPED_TAG, ["<b>1</b>"], lambda good: [good[0].replace("<b>", "")]),
        (FaultKind.DOUBLED_PLACEHOLDER, ["<x>a</x>1"], lambda good: ["<x>a</x><x>a</x>1"]),
        (FaultKind.UNTRANSLATED, ["one"], lambda good: ["one"]),
        (FaultKind.CUT, ["one"], lambda good: [good[0][: len(good[0]) // 2]]),
        (FaultKind.WRONG_NUMBER, ["7"], lambda good: ["8"]),
    ],
)
def test_spoiled_answers_on_demand(running, account, kind, source, spoiled) -> None:  # type: ignore[no-untyped-def]
    body = {"text": source, "target_lang": "DE", "tag_handling": "xml", "ignore_tags": ["x"]}
    good = [row["text"] for row in ask(running, **body).json()["translations"]]

    account.faults.add(Fault(kind))

    assert [row["text"] for row in ask(running, **body).json()["translations"]] == spoiled(good)
    assert account.faults.met[kind] == 1
