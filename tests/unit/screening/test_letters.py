"""What may be told a buyer: in their language, without an accusation, and never more than we would say aloud."""

import pytest

from chalicelib.domain.actions import Sentiment
from chalicelib.domain.evidence import Reason
from functions.screening import letters
from functions.screening.reasons import reasons
from functions.screening.schema import FEATURES

WANTED = {"en", "de", "fr", "es", "ja", "zh"}
ACCUSING = ("fraud", "betrug", "frode", "詐欺", "不正", "欺诈", "stolen", "gestohlen", "verdacht", "suspi")


def test_the_languages_are_there_and_whole() -> None:
    assert set(letters.WORDINGS) >= WANTED
    for words in letters.WORDINGS.values():
        assert set(words.themes) == {*letters.THEMES, letters.SEVERAL}
        assert "{number}" in words.subject
        assert "{number}" in words.opening


@pytest.mark.parametrize("language", sorted(letters.WORDINGS))
def test_nobody_is_accused(language: str) -> None:
    for feature in FEATURES:
        against = Reason(text=feature.against, sentiment=Sentiment.NEGATIVE)
        text = letters.letter(language, "#1001", [against]).casefold()
        assert "#1001" in text
        assert "{" not in text
        assert not [word for word in ACCUSING if word in text]


def test_every_feature_has_a_theme_of_its_own_or_counts_other_orders() -> None:
    named = {name for names in letters.THEMES.values() for name in names}
    assert named <= {feature.name for feature in FEATURES}
    rest = {feature.name for feature in FEATURES} - named
    assert all(any(mark in name for mark in ("_1h", "_24h", "_30d", "_per_")) for name in rest)


def test_only_what_speaks_against_the_order_is_told_each_once_and_three_at_most() -> None:
    row = {"ip_1h": 4.0, "ip_24h": 9.0, "avs": "no match", "ships_elsewhere": 1.0, "units": 30.0, "orders_before": 3.0}
    terms = [(name,) for name in row]
    told = reasons(row, terms, [2.0, 1.9, 1.5, 1.0, 0.9, -2.0])
    assert letters.themes(told) == ["several", "payment"], "the third reason is of the first's theme"
    text = letters.letter("de", "1001", told)
    assert text.count("– ") == 2
    assert "Lieferadresse" not in text


def test_a_buyer_who_has_ordered_before_is_told_what_differs_and_not_that_nobody_knows_them() -> None:
    row = {"new_marks": 2.0, "address_familiar": 0.0, "amount_vs_buyer": 2.0, "account_days": 400.0}
    told = reasons(row, [(name,) for name in row], [2.0, 1.5, 1.0, -0.5])
    assert letters.themes(told) == ["changed"]
    text = letters.letter("en", "1001", told)
    assert "differ from those of your earlier orders" in text
    assert "billing address" not in text
    assert "for long" not in text


def test_an_absence_is_no_reason_for_an_order() -> None:
    nothing = {"orders_before": 0.0, "card_1h": 0.0, "ip_30d": 0.0, "offences_person": 0.0, "discount_share": 0.0,
               "phone_given": 0.0, "account_days": None}  # fmt: skip
    terms = [(name,) for name in nothing]
    assert reasons(nothing, terms, [-1.0] * len(terms)) == ()
    known = {"orders_before": 4.0, "card_familiar": 1.0, "ip_30d": 2.0}
    assert [str(one) for one in reasons(known, [(name,) for name in known], [-3.0, -2.0, -1.0])] == [
        "The customer has 4 earlier orders", "This buyer has ordered with this card before",
        "Not many orders came with this internet address in the last 30 days",
    ]  # fmt: skip


def test_what_speaks_against_an_order_is_never_none_of_something_and_one_is_singular() -> None:
    row = {"orders_before": 0.0, "card_1h": 1.0, "failed_payments": 2.0, "ip_1h": 0.0, "cards_per_ip": 1.0}
    told = reasons(row, [(name,) for name in row], [3.0, 2.0, 1.0, 4.0, 5.0])
    assert [str(one) for one in told] == [
        "The customer has no earlier orders", "1 other order came with this card in the last hour",
        "2 payments failed before this one",
    ]  # fmt: skip
    assert letters.themes(told) == ["account", "several", "payment"]


def test_without_any_reason_it_says_so() -> None:
    assert letters.WORDINGS["fr"].nothing in letters.letter("fr", "7", [])


@pytest.mark.parametrize(
    ("order", "shop", "language"),
    [("de-AT", "en", "de"), ("zh_CN", "en", "zh"), ("PT", "fr", "fr"), ("", "xx", "en"), ("\ud800", "ja", "ja")],
)
def test_the_orders_language_comes_first(order: str, shop: str, language: str) -> None:
    assert letters.language_of(order, shop) == language
