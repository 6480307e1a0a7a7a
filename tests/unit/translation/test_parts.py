"""The parts of the pipeline, one promise at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.contracts import Answers
from chalicelib.domain.catalogue import Text
from chalicelib.domain.ids import Locale
from chalicelib.domain.shop import Units
from chalicelib.errors import MalformedPayload
from functions.translation import exchange, glossary, handles, memory, messages, numerals, sentences, units
from functions.translation.charts import charted
from functions.translation.checks import negation_dropped, signs
from functions.translation.exchange import Unit
from functions.translation.memory import Origin, Pair, Remembered
from functions.translation.protect import Guard, Token
from functions.translation.prove import flaws
from functions.translation.segments import cut
from functions.translation.spending import Forecast, forecast

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PAIR = Pair(source=Locale("en"), target=Locale("de"))
GUARD = Guard(terms=("Nordlicht",), skus=("NL-77X",))


def segment(text: str, guard: Guard = GUARD):  # type: ignore[no-untyped-def]
    return cut(text, language="en", guard=guard, html=True).segments[0]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Holds approx. 5 cups. Made by Dr. Smith. Really? Yes!", 4),
        ("de", "Das ist z.B. gut. Am 3. Mai kommt es. Nr. 5 lebt.", 3),
        ("zh", "这件衬衫很好。真的吗？是的！", 3),
        ("ja", "丈夫です。洗えます。", 2),
        ("fr", "Env. 20 cm. Très doux.", 2),
        ("en", "Version 2.0 is here", 1),
        ("en", "Wait... then go.", 1),
        ("en", "a" * 9_000, 3),
    ],
)
def test_sentences_end_where_the_language_says(language: str, text: str, expected: int) -> None:
    found = sentences.split(text, language)
    assert len(found) == expected
    assert "".join(text[a:b] for a, b in found).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "kind", "raw"),
    [
        ("weighs 250 g only", Token.MEASURE, "250 g"),
        ("10 x 20 x 30 cm box", Token.MEASURE, "10 x 20 x 30 cm"),
        ("重さ250gです", Token.MEASURE, "250g"),
        ("size EU 42 shoes", Token.MEASURE, "EU 42"),
        ("costs €19.99 now", Token.MONEY, "€19.99"),
        ("for 1.299,00 € net", Token.MONEY, "1.299,00 €"),
        ("part AB-12345 fits", Token.SKU, "AB-12345"),
        ("item NL-77X here", Token.SKU, "NL-77X"),
        ("by Nordlicht today", Token.TERM, "Nordlicht"),
        ("BY NORDLICHT TODAY", Token.TERM, "NORDLICHT"),
        ("see www.shop.example/a?b=1.", Token.URL, "www.shop.example/a?b=1"),
        ("hello %1$s there", Token.PLACEHOLDER, "%1$s"),
        ("hello {name} there", Token.PLACEHOLDER, "{name}"),
        ("so good 👨‍👩‍👧 yes", Token.EMOJI, "👨‍👩‍👧"),
    ],
)
def test_what_is_protected(text: str, kind: Token, raw: str) -> None:
    assert [(k, text[a:b]) for a, b, k in GUARD.find(text)] == [(kind, raw)]


@pytest.mark.parametrize("text", ["A 5 in 1 tool", "Nordlichter sehen", "SET/6 cups", "100 percent", "and 3 pockets"])
def test_what_is_not_protected(text: str) -> None:
    assert GUARD.find(text) == []


def test_links_do_not_make_a_sentence_new_but_amounts_do() -> None:
    first = segment('<p>See <a href="/a">this</a> for 5 kg.</p>')
    link = segment('<p>See <a href="/b">this</a> for 5 kg.</p>')
    amount = segment('<p>See <a href="/a">this</a> for 6 kg.</p>')
    assert memory.key(first, PAIR) == memory.key(link, PAIR)
    assert memory.key(first, PAIR) != memory.key(amount, PAIR)
    assert memory.key(first, PAIR) != memory.key(first, replace(PAIR, formality="more"))


def test_invisible_characters_and_blanks_do_not_make_a_sentence_new() -> None:
    assert memory.key(segment("<p>Soft\u200b  wool</p>"), PAIR) == memory.key(segment("<p>Soft wool</p>"), PAIR)


def test_memory_entries_survive_storage_and_faulty_ones_expire() -> None:
    entry = Remembered(source="a", target="", origin=Origin.FAULTY, at=NOW.isoformat())
    assert memory.unpacked(memory.packed(entry)) == entry
    assert entry.usable(NOW + timedelta(days=6))
    assert not entry.usable(NOW + timedelta(days=8))
    assert memory.unpacked("{broken") is None
    assert memory.unpacked('{"source": "a"}') is None


def test_a_glossary_that_contradicts_itself_says_so() -> None:
    entries = {
        "mug": "Becher",
        "Mug": "Tasse",
        "lid": "Deckel",
        "": "x",
        "Nordlicht": "Polarlicht",
        "a<b": "c",
    }
    found = glossary.selected(entries, ("Nordlicht",))
    assert found.entries == (("lid", "Deckel"),)
    assert len(found.conflicts) == 4
    assert found.for_text("The lids are blue") == ()
    assert found.for_text("The Lid is blue") == (("lid", "Deckel"),)
    assert found.unused("The lid", "Der Verschluss") != []
    assert found.unused("The lid", "Der Deckel") == []


@pytest.mark.parametrize(
    ("raw", "language", "expected"),
    [("12 x 8 in", "de", "30,5 x 20,3 cm"), ("5 lbs", "fr", "2,27 kg"), ("350 °F", "de", "177 °C"),
     ("16 fl oz", "ja", "473 ml"), ("1,200 ft", "de", "365,76 m"), ("1/2 in", "de", "1,3 cm"),
     ("2 1/2 in", "de", "6,4 cm"), ('2-1/2"', "de", "6,4 cm"), ("2½ in", "de", "6,4 cm"),
     ("36/38 in", "de", "91,4/96,5 cm"), ("10 inches", "ja", "25.4 cm"), ("5'10\"", "de", "178 cm"),
     ("10 to 12 oz", "fr", "283–340 g"), ("250 ml", "de", "250 ml"), ("US 9", "de", "US 9")],
)  # fmt: skip
def test_us_units_by_the_rule_table(raw: str, language: str, expected: str) -> None:
    assert units.converted(raw, Units.METRIC, "en", language) == expected
    assert units.converted(raw, Units.AS_WRITTEN, "en", language) == raw


@pytest.mark.parametrize(
    ("raw", "source", "expected"),
    [("30,5 cm", "de", "12 in"), ("30.5 cm", "en", "12 in"), ("1.200 g", "de", "42.3 oz"),
     ("1,200 g", "en", "42.3 oz"), ("0,5 l", "de", "16.9 fl oz"), ("20 °C", "en", "68 °F"),
     ("12 x 8 x 3 cm", "en", "4.7 x 3.1 x 1.2 in"), ("8 bis 10 cm", "de", "3.1–3.9 in"), ("2 m", "en", "6.6 ft"),
     ("180 g/m²", "en", "180 g/m²"), ("5 m²", "en", "5 m²"), ("12 in", "en", "12 in")],
)  # fmt: skip
def test_metric_units_by_the_rule_table(raw: str, source: str, expected: str) -> None:
    assert units.converted(raw, Units.US, source, "en-US") == expected


def test_sizes_only_where_it_is_known_whose_and_what_they_are() -> None:
    def becomes(raw: str, words: str, wanted: Units = Units.METRIC) -> str:
        return units.converted(raw, wanted, "en", "de", sizes=units.sizes_for(words, wanted))

    assert becomes("US 9", "Women's boots") == "EU 40"
    assert becomes("US 9", "Boots for men") == "EU 42,5"
    assert becomes("US 8", "Summer dress for women") == "EU 38"
    assert becomes("EU 42,5", "Herren Stiefel", Units.US) == "US 9"
    assert becomes("EU 38", "Damen Kleid", Units.US) == "US 8"
    for words in ("Boots for men and women", "Women's mug", "Boots"):
        assert becomes("US 9", words) == "US 9", words


CHART = (
    "<table><tr><th>Size</th><th>Chest (in)</th><th>Left</th></tr>"
    "<tr><td>S</td><td>34–36</td><td>4</td></tr></table>"
)


@pytest.mark.parametrize(
    ("chart", "expected"),
    [(CHART, CHART.replace("(in)", "(cm)").replace("34–36", "86,4–91,4")),
     ("<table><tr><td>Chest in inches</td><td>34</td><td>38 1/2</td></tr></table>",
      "<table><tr><td>Chest in cm</td><td>86,4</td><td>97,8</td></tr></table>"),
     ("<TABLE><tr><th>Waist (in)<td>{{ x }}<tr><td>34<td>5</table>34",
      "<TABLE><tr><th>Waist (cm)<td>{{ x }}<tr><td>86,4<td>5</table>34"),
     (both := "<table><tr><th>Chest (in)</th><th>(cm)</th></tr><tr><td>34</td><td>86</td></tr></table>", both),
     (words := "<table><tr><th>Chest (in)</th></tr><tr><td>34 wide</td></tr></table>", words),
     (merged := "<table><tr><th colspan=2>Chest (in)</th></tr><tr><td>34</td></tr></table>", merged),
     (nested := "<table><tr><td><table><tr><th>A (in)</th></tr><tr><td>3</td></tr></table></td></tr></table>", nested),
     (liquid := "<table><tr><th>A (in)</th></tr><tr><td>3{{ x }}</td></tr></table>", liquid),
     (broken := "<table><tr><th>A (in)<tr><td>3", broken)],
)  # fmt: skip
def test_size_charts_as_a_whole_or_not_at_all(chart: str, expected: str) -> None:
    assert charted(chart, Units.METRIC, "en", "de") == expected
    assert charted(chart, Units.AS_WRITTEN, "en", "de") == chart


@pytest.mark.parametrize(
    ("source", "target", "languages"),
    [
        ("It fell on 14August.", "它于 8 月 14 日坠落。", "en zh"),
        ("He hit .205 then.", "他当时打出 0.205。", "en zh"),
        ("Five million were sold.", "售出 500 万。", "en zh"),
        ("In the early 1900s it was sold.", "它在二十世纪初售出。", "en zh"),
        ("106 billionaires bought it.", "106 Milliardäre kauften es.", "en de"),
        ("A £2.8bn market.", "Ein Markt von 2,8 Milliarden Pfund.", "en de"),
        ("A deal of £11million.", "Un accordo di 11 milioni di sterline.", "en it"),
        ("£125m a year.", "125 miljoner pund per år.", "en sv"),
        ("In the 19th century.", "Au XIXe siècle.", "en fr"),
        ("Around 2 p.m. it rains.", "Gegen 14.00 Uhr regnet es.", "en de"),
    ],
)  # fmt: skip
def test_numbers_that_are_only_written_otherwise(source: str, target: str, languages: str) -> None:
    ours, theirs = languages.split()
    assert numerals.apart(source, target, (ours, theirs)) == ((), ())
    other = source.replace("2", "7").replace("1", "6").replace("Five", "Seven")
    assert numerals.apart(other, target, (ours, theirs)) != ((), ())


def test_names_that_stay_are_no_untranslated_text() -> None:
    wrote = "James Paulding wrote The Lion of the West and The Dutchman's Fireside in a hurry."
    right = "James Paulding schrieb The Lion of the West und The Dutchman's Fireside in Eile."
    assert not list(signs(wrote, right, ("en", "de")))
    assert [str(one) for one in signs(wrote, wrote, ("en", "de"))] == ["It looks untranslated."]
    house = "The Gargoyle Club opened at No 69 Dean Street that year."
    assert not list(signs(house, "Der Gargoyle Club wurde in jenem Jahr an der Dean Street 69 eröffnet.", ("en", "de")))
    assert list(signs("It contains no sugar at all.", "Es enthält Zucker in Mengen.", ("en", "de")))


def test_memory_travels_as_tmx_and_csv() -> None:
    made = [
        Unit('Soft &amp; warm <x id="1"/>', 'Weich &amp; warm <x id="1"/>', "en", "de"),
        Unit("=cmd", "+x", "en", "fr"),
        Unit("'quoted'", "«cité»", "en", "fr"),
    ]
    assert list(exchange.from_tmx(exchange.to_tmx(made))) == made
    assert list(exchange.from_csv(exchange.to_csv(made))) == made
    assert "\n=cmd" not in exchange.to_csv(made)


@pytest.mark.parametrize("text", ["<tmx", '<!DOCTYPE a [<!ENTITY x "y">]><tmx/>'])
def test_a_bad_tmx_is_refused_in_words(text: str) -> None:
    with pytest.raises(MalformedPayload, match="TMX"):
        list(exchange.from_tmx(text))
    with pytest.raises(MalformedPayload, match="lacks the columns"):
        list(exchange.from_csv("source,target\na,b"))


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("about 1,500 pieces", "etwa 1.500 Stück", ((), ())),
        ("three million", "300万", ((), ("3000000",))),
        ("3 million", "300万", ((), ())),
        ("12 pieces", "zwölf Stück", ((), ())),
        ("in the 1960s", "20世纪60年代", ((), ())),
        ("205 pieces", "250 Stück", (("205",), ("250",))),
        ("5,000 men", "5 000 人", ((), ())),
    ],
)
def test_numbers_however_written(source: str, target: str, expected: object) -> None:
    language = "zh" if any(ord(c) > 0x2E80 for c in target) else "de"
    assert numerals.differing(source, target, ("en", language)) == expected


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("Diese 250 weichen Decken aus Wolle halten lange warm.", "Number 205 is missing"),
        ("These 205 soft blankets made of wool keep warm for long.", "untranslated"),
        ("Ces 205 couvertures douces en laine gardent longtemps la chaleur.", "looks like fr"),
        ("205 Decken.", "much shorter"),
        ("205 weiche weiche weiche weiche weiche weiche Decken aus Wolle", "repeated"),
    ],
)
def test_signs_come_with_reasons(target: str, word: str) -> None:
    source = "These 205 soft blankets made of wool keep warm for long."
    assert any(word in str(reason) for reason in signs(source, target, ("en", "de")))
    good = "Diese 205 weichen Decken aus Wolle halten lange warm."
    assert list(signs(source, good, ("en", "de"))) == []


def test_a_dropped_negation_is_noticed() -> None:
    assert negation_dropped("Do not wash", "Waschen", ("en", "de"))
    assert not negation_dropped("Do not wash", "Nicht waschen", ("en", "de"))
    assert not negation_dropped("Do not wash", "Mosni", ("en", "hu"))


def test_the_proof_reads_both_sides_anew() -> None:
    def check(source: str, target: str) -> list[str]:
        return [str(r) for r in flaws(source, target, html=True, guard=GUARD, converted={}, limit=60)]

    assert check("<p>5 kg {{ a }}</p>", "<p>5 kg {{ a }}</p>") == []
    assert check("<p>a</p>", "<p>a") == ["</p> is missing."]
    assert check("5 kg", "5 kg 5 kg") == ["5 kg appears more often than in the source."]
    assert check("3 cups", "4 cups") == ["Number 3 is missing.", "Number 4 is not in the source."]
    assert "holds 60" in check("a", "b" * 61)[0]


def test_a_forecast_counts_each_sentence_once() -> None:
    texts = [Text(key="body_html", value="<p>Same here. Same here. New one.</p>", digest="d")] * 3
    heard: list[int] = []
    found = forecast(texts, PAIR, GUARD, progress=heard.append)
    assert (found.sentences, found.characters, found.texts) == (2, len("Same here.") + len("New one."), 3)
    assert heard == [1, 2, 3]
    assert found.cost(Decimal("20")) == Decimal("0.01")
    assert Forecast(characters=2_500).months(spent=900, allowed=1_000) == 4
    assert not Forecast(characters=200).fits(spent=900, allowed=1_000)


def test_a_message_is_translated_on_demand() -> None:
    message = messages.prepare("Where is my 5 kg bag? Thanks.", PAIR, GUARD, {})
    assert message.request is not None
    done = Answers(texts={message.request: ('Wo ist meine <x id="1">5 kg</x> Tasche?', "Danke.")})
    assert messages.answer(message, done).text == "Wo ist meine 5 kg Tasche? Danke."
    failed = messages.answer(message, Answers(failed={message.request: "The allowance is used up."}))
    assert failed.text == "Where is my 5 kg bag? Thanks."
    assert str(failed.reasons[0]) == "The allowance is used up."


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Größe: XL, Öko!", "groesse-xl-oeko"),
        ("Tasse à thé", "tasse-a-the"),
        ("赤いカップ", ""),
        ("a " * 90, "a-" * 49 + "a"),
    ],
)
def test_addresses_hold_plain_letters(title: str, expected: str) -> None:
    assert handles.slug(title) == expected
