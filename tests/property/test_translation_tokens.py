"""Over generated listings and every fault of an engine, nothing publishable lost, doubled or moved a
token."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.catalogue import Text
from chalicelib.domain.ids import Locale
from chalicelib.domain.shop import Units
from functions.translation.charts import charted
from functions.translation.drafts import Draft, Finished, drafted, finished, wanted
from functions.translation.markup import spans
from functions.translation.memory import Pair
from functions.translation.protect import Guard
from functions.translation.segments import cut, written
from functions.translation.units import converted

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
GUARD = Guard(terms=("Nordlicht", "AquaStop"), skus=("NL-77X",))
PAIR = Pair(source=Locale("en"), target=Locale("de"))

WORDS = (
    "soft",
    "Cotton",
    "mug",
    "for",
    "the",
    "garden",
    "Very",
    "light",
    "bag",
    "with",
    "handles",
    "and",
    "Made",
    "in",
)
LIQUID = ("{{ product.title }}", '{{ "a" | append: "}" }}', "{{- shop.name -}}", "{% if a < b %}",
          "{% endif %}",
          '{% assign x = "<b>" %}', "{% raw %}{{ no }}{% endraw %}")  # fmt: skip
PLACES = ("%s", "%1$s", "%(count)d", "{name}", "${price}", "%{size}", "[gallery id=3]", "{0}")
VALUES = ("250 ml", "10 x 20 cm", "100%", "€19.99", "EU 42", "30 °C", '12"', "1,200.50 kg")
NAMED = ("Nordlicht", "AquaStop", "NL-77X", "AB-12345", "85123A")
OTHER = ("https://shop.example/a?b=1&c=2", "help@shop.example", "😀", "👨‍👩‍👧", "✓", "🇩🇪")
ATOMS = (*LIQUID, *PLACES, *VALUES, *NAMED, *OTHER)
TAGS = (("<b>", "</b>"), ('<a href="/x?y=1&amp;z=2" title="a > b">', "</a>"), ("<em class='q'>", "</em>"),
        ('<span data-x="{{ y }}">', "</span>"), ("<strong>", "</strong>"))  # fmt: skip
BLOCKS = (
    ("<p>", "</p>"),
    ("<li>", "</li>"),
    ('<div style="color:red">', "</div>"),
    ("<td>", "</td>"),
    ("<h2>", "</h2>"),
)

word = st.sampled_from(WORDS)
atom = st.sampled_from(ATOMS)
phrase = st.lists(st.one_of(word, word, word, atom), min_size=1, max_size=7).map(" ".join)
sentence = st.tuples(phrase, st.sampled_from((".", "!", "?", "", ":"))).map("".join)


def _wrap(parts: tuple[str, tuple[str, str]]) -> str:
    body, (opening, closing) = parts
    return opening + body + closing


inline = st.one_of(sentence, st.tuples(sentence, st.sampled_from(TAGS)).map(_wrap))
line = st.lists(inline, min_size=1, max_size=4).map(" ".join)
block = st.tuples(line, st.sampled_from(BLOCKS)).map(_wrap)
broken = st.sampled_from(
    ("&amp", "<!-- note -->", "<br>", "<img src='a.png' alt=\"x\">", "&nbsp;", "<script>if(a<b){}</script>",
     "</p>", "\u200b", "שלום", "a < b", "<code>x = 1</code>", "]]>")
)  # fmt: skip
torn = st.sampled_from(("", "", "", "<b", "</", "<p", "<a href='x"))
listing = st.tuples(
    st.lists(st.one_of(block, block, line, broken), min_size=1, max_size=5).map("\n".join), torn
).map("".join)
title = st.lists(
    st.one_of(word, word, st.sampled_from((*PLACES, *VALUES, *NAMED, *OTHER[2:]))), min_size=1, max_size=8
).map(" ".join)


# --- an engine and its faults ----------------------------------------------------------------------

ELEMENT = re.compile(r"<x id=\"\d+\"(?:/>|>.*?</x>)", re.DOTALL)


def pseudo(xml: str) -> str:
    """Accents on every letter outside elements, as a stand-in engine does."""
    table = str.maketrans("aeiounAEIOU", "áéíóúñÁÉÍÓÚ")
    parts = re.split(r"(<x id=\"\d+\"(?:/>|>.*?</x>)|&\w+;)", xml, flags=re.DOTALL)
    return "".join(part if i % 2 else part.translate(table) for i, part in enumerate(parts))


def _with_elements(
    change: Callable[[list[str], random.Random], list[str]],
) -> Callable[[str, random.Random], str]:
    def fault(xml: str, rng: random.Random) -> str:
        elements, texts = ELEMENT.findall(xml), ELEMENT.split(xml)
        changed = change(list(elements), rng)
        changed += [""] * (len(texts) - 1 - len(changed))
        return "".join(text + element for text, element in zip(texts, [*changed, ""], strict=False))

    return fault


def _swap(elements: list[str], rng: random.Random) -> list[str]:
    if len(elements) > 1:
        one, other = rng.sample(range(len(elements)), 2)
        elements[one], elements[other] = elements[other], elements[one]
    return elements


def _renumber(elements: list[str], rng: random.Random) -> list[str]:
    return [re.sub(r"\d+", str(rng.randint(1, len(elements) + 1)), e, count=1) for e in elements]


TYPED = ("{{ product.title }}", "%s", "250 ml", "Nordlicht", "😀")
FAULTS: dict[str, Callable[[str, random.Random], str]] = {
    "none": lambda xml, rng: xml,
    "lost": _with_elements(lambda es, rng: es[1:]),
    "doubled": _with_elements(lambda es, rng: [e + e for e in es[:1]] + es[1:]),
    "swapped": _with_elements(_swap),
    "reversed": _with_elements(lambda es, rng: es[::-1]),
    "renumbered": _with_elements(_renumber),
    "bared": lambda xml, rng: re.sub(r"</?x[^>]*>", "", xml),
    "foreign tag": lambda xml, rng: f"<b>{xml}</b>",
    "half a tag": lambda xml, rng: xml + "<x id=",
    "emptied": lambda xml, rng: "",
    "number typed": lambda xml, rng: xml + " 17",
    "token typed": lambda xml, rng: f"{xml} {rng.choice(TYPED)}",
    "entities": lambda xml, rng: xml.replace("&amp;", "&amp;amp;") + " &lt;b&gt;",
    "cut": lambda xml, rng: xml[: rng.randint(0, len(xml))],
    "moved to the end": _with_elements(lambda es, rng: [""] * (len(es) - 1) + ["".join(es)] if es else []),
    "marks": lambda xml, rng: xml + "\U000f0000",
    "digits": lambda xml, rng: re.sub(r"\d", "7", xml),
}  # fmt: skip


def run(source: str, key: str, fault: str, seed: int, guard: Guard = GUARD) -> Finished | None:
    draft = drafted(Text(key=key, value=source, digest="d"), PAIR, guard, lambda text: ("", 0.0))
    if not isinstance(draft, Draft):
        return None
    rng = random.Random(seed)
    answers = {k: FAULTS[fault](pseudo(s.xml()), rng) for k, s in wanted([draft], {}).items()}
    return finished(draft, {}, answers)


# --- what must hold, told without the code under test ----------------------------------------------


def structure(text: str) -> list[str]:
    """Tags, Liquid and placeholders in order, found by knowing what the grammar can make."""
    tags = [tag for pair in (*TAGS, *BLOCKS) for tag in pair]
    known = sorted({*LIQUID, *PLACES, *OTHER, *tags, "<!-- note -->", "<br>",
                    "<img src='a.png' alt=\"x\">", "<script>if(a<b){}</script>", "<code>x = 1</code>"},
                   key=len, reverse=True)  # fmt: skip
    plain = text.replace("&amp;", "&") if "<" not in text else text
    forms = [re.escape(k) for k in known] + [re.escape(k.replace("&", "&amp;")) for k in known]
    return [found.replace("&amp;", "&") for found in re.findall("|".join(forms), plain)]


def counts(text: str) -> dict[str, int]:
    edge = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"
    return {value: len(re.findall(edge.format(re.escape(value)), text)) for value in (*VALUES, *NAMED)}


def check(source: str, done: Finished | None) -> None:
    if done is None or done.barred:
        return
    assert structure(done.value) == structure(source)
    assert counts(done.value) == counts(source)
    if not done.doubts or all(d.weight < 0 for d in done.doubts):
        values = re.compile("|".join(map(re.escape, (*VALUES, *NAMED))))
        assert values.findall(done.value) == values.findall(source)


@settings(max_examples=1_200, deadline=None, suppress_health_check=list(HealthCheck))
@given(listing, st.sampled_from(sorted(FAULTS)), st.integers(0, 10_000))
def test_descriptions_keep_every_token(source: str, fault: str, seed: int) -> None:
    check(source, run(source, "body_html", fault, seed))


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(listing, st.sampled_from(sorted(FAULTS)), st.integers(0, 10_000), st.sampled_from((Units.US, Units.METRIC)))
def test_descriptions_in_another_markets_units_keep_every_token(
    source: str, fault: str, seed: int, units: Units
) -> None:
    chart = charted(source, units, "en", "de")
    done = run(chart, "body_html", fault, seed, replace(GUARD, units=units, languages=("en", "de")))
    if done is None or done.barred:
        return
    assert structure(done.value) == structure(source)
    assert {name: counts(done.value)[name] for name in NAMED} == {name: counts(source)[name] for name in NAMED}
    changed = [value for value in VALUES if converted(value, units, "en", "de") != value]
    assert sum(counts(done.value)[value] for value in changed) == 0, "every measure is in the market's units"


@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(title, st.sampled_from(sorted(FAULTS)), st.integers(0, 10_000))
def test_titles_keep_every_token(source: str, fault: str, seed: int) -> None:
    check(source, run(source, "title", fault, seed))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(listing)
def test_a_faultless_engine_is_published(source: str) -> None:
    done = run(source, "body_html", "none", 1)
    assert done is None or not done.barred, done.barred if done else ()


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(listing, st.text(max_size=200), st.text(alphabet="<>{}%&;\"'/ab \n!-[]", max_size=80)))
def test_cutting_loses_nothing(source: str) -> None:
    for html in (True, False):
        assert "".join(span.raw for span in spans(source, html=html)) == source
    document = cut(source, language="en", guard=GUARD, html=False)
    assert document.filled([written(s.text, s.tokens, html=False) for s in document.segments]) == source


def _real_titles() -> list[str]:
    names = json.loads((SHARED / "retail_support" / "products.json").read_text())
    options = {
        f"{p['name']}, {', '.join(map(str, v['options'].values()))}"
        for p in names.values()
        for v in p["variants"].values()
    }
    polars = pytest.importorskip("polars")
    sold = polars.read_parquet(SHARED / "online_retail.parquet")
    column = next(c for c in sold.columns if c.lower() == "description")
    return sorted({t.strip() for t in sold[column].drop_nulls().unique().to_list() if t.strip()} | options)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference data beside the project is absent")
@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_real_product_names_keep_their_numbers(fault: str) -> None:
    digits = re.compile(r"\d+")
    published = 0
    for place, name in enumerate(_real_titles()):
        done = run(name, "title", fault, place)
        if done and not done.barred:
            published += 1
            assert sorted(digits.findall(done.value)) == sorted(digits.findall(name)), name
    assert published > 3_000 or fault != "none"
