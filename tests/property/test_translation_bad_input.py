"""Hostile and odd texts are cut in linear time and end quietly, whatever they hold."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.catalogue import Text
from chalicelib.domain.ids import Locale
from functions.translation.drafts import Draft, drafted, finished, wanted
from functions.translation.memory import Pair
from functions.translation.protect import Guard

GUARD = Guard(terms=("Nordlicht",), skus=("NL-77X",))
PAIR = Pair(source=Locale("en"), target=Locale("de"))
PATTERNS = (
    "a", "<b>", "{% raw %}", "{{", "{%", "&", "1", "1,", "1 x ", "A-", "a.", "[a ", "<!--", "<!", "<?",
    "<![CDATA[", "</", "<a ", '<a x="', "<script>", "'", "a@", '"{% ', "<p>a. B</p>", "%1$", "[[", "${",
    "http://a", ". ", "\u200b", "😀", "م", "漢。",
)  # fmt: skip
PIECES = (*'<>x/id="1234 &;lt', '<x id="1"/>', '<x id="2">a</x>', "\U000f0000")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_hundred_kilobytes_of_anything_are_cut_quickly(pattern: str) -> None:
    text = (pattern * 100_000)[:100_000]
    began = time.process_time()
    draft = drafted(Text(key="body_html", value=text, digest=""), PAIR, GUARD, lambda words: ("", 0.0))
    if isinstance(draft, Draft):
        answers = {key: segment.xml() for key, segment in wanted([draft], {}).items()}
        assert finished(draft, {}, answers) is not None
    assert time.process_time() - began < 30  # quadratic time takes minutes; this is no measure of speed


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_answer_to_any_text_ends_in_a_verdict(text: str, answer: str) -> None:
    draft = drafted(Text(key="body_html", value=text, digest=""), PAIR, GUARD, lambda words: ("", 0.0))
    if isinstance(draft, Draft):
        done = finished(draft, {}, dict.fromkeys(draft.keys, answer))
        assert done is not None
        assert done.barred or "\U000f0000" not in done.value
