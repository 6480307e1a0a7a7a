"""What the function proposes for a product: once, for what changed, and never over a person's words."""

import importlib.util
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.domain.actions import PublishTranslation
from chalicelib.domain.evidence import TextDifference
from chalicelib.domain.ids import Locale, MarketId
from chalicelib.domain.shop import Market, Policy, TranslationLimits, Units

_SPEC = importlib.util.spec_from_file_location("shopfloor", Path(__file__).with_name("shopfloor.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
shopfloor = importlib.util.module_from_spec(_SPEC)
sys.modules["shopfloor"] = shopfloor
_SPEC.loader.exec_module(shopfloor)
Floor = shopfloor.Floor

STORY = (
    "<p>" + " ".join(f"Sentence number {word} is here." for word in ("one", "two", "three", "four", "five")) + "</p>"
)


def floor(**limits: object):  # type: ignore[no-untyped-def]
    allowed = TranslationLimits(publish_quality=Decimal(0), **limits)  # type: ignore[arg-type]
    made = Floor(policy=Policy(translations=allowed))
    made.put("p1", title="Red garden mug", body_html=STORY, handle="red-mug", vendor="Nordlicht")
    return made


def test_everything_is_translated_once() -> None:
    shop = floor()
    decision = shop.run("p1")
    assert len(decision.proposals) == 1
    assert shop.value("p1", "title") == "Réd gárdén múg"
    assert shop.value("p1", "body_html").startswith("<p>Sénténcé númbér óné ís héré.")
    assert set(shop.published["p1", "de"]) == {"title", "body_html"}
    spent = shop.characters
    assert shop.run("p1").proposals == []
    assert shop.characters == spent


def test_an_unchanged_catalogue_costs_nothing() -> None:
    shop = floor()
    for place in range(60):
        shop.put(f"q{place}", title=f"Lamp {place} for the desk", body_html="<p>Bright light. Long cable.</p>")
        shop.run(f"q{place}")
    shop.characters = 0
    for place in range(60):
        assert shop.run(f"q{place}").proposals == []
    assert shop.characters == 0


def test_one_edited_sentence_costs_one_sentence() -> None:
    shop = floor()
    shop.run("p1")
    shop.asked.clear()
    shop.put("p1", body_html=STORY.replace("number three is here", "number three is new"))
    shop.run("p1")
    assert shop.asked == ["Sentence number three is new."]
    assert "thréé ís néw" in shop.value("p1", "body_html")


def test_the_same_sentence_in_another_product_is_free() -> None:
    shop = floor()
    shop.run("p1")
    shop.asked.clear()
    shop.put("p2", body_html="<div>Sentence number four is here.</div>")
    shop.run("p2")
    assert shop.asked == []
    assert shop.value("p2", "body_html") == "<div>Sénténcé númbér fóúr ís héré.</div>"


def test_a_persons_words_are_left_alone_and_learned() -> None:
    shop = floor()
    shop.run("p1")
    shop.edit("p1", "de", "title", "Roter Gartenbecher")
    assert shop.run("p1", automatic=True).proposals == []
    assert shop.value("p1", "title") == "Roter Gartenbecher"
    shop.put("p3", title="Red garden mug")
    shop.asked.clear()
    shop.run("p3")
    assert shop.asked == []
    assert shop.value("p3", "title") == "Roter Gartenbecher"


def test_a_persons_outdated_words_are_shown_beside_the_new_proposal() -> None:
    shop = floor()
    shop.run("p1")
    shop.edit("p1", "de", "title", "Roter Gartenbecher")
    shop.put("p1", title="Blue garden mug")
    (proposal,) = shop.run("p1", automatic=True).proposals
    assert proposal.review
    assert shop.value("p1", "title") == "Roter Gartenbecher"
    side_by_side = next(e for e in proposal.evidence if isinstance(e, TextDifference))
    assert (side_by_side.before, side_by_side.after) == ("Roter Gartenbecher", "Blúé gárdén múg")
    assert "You edited this translation" in str(proposal.reasons[0])


def test_ours_goes_out_while_a_persons_field_waits() -> None:
    shop = floor()
    shop.run("p1")
    shop.edit("p1", "de", "title", "Roter Gartenbecher")
    shop.put("p1", title="Blue garden mug", body_html="<p>All new.</p>")
    (proposal,) = shop.run("p1").proposals
    assert isinstance(proposal.action, PublishTranslation)
    assert [f.key for f in proposal.action.fields] == ["body_html"]
    assert shop.value("p1", "title") == "Roter Gartenbecher"


def test_what_a_person_deleted_stays_deleted() -> None:
    shop = floor()
    shop.run("p1")
    del shop.published["p1", "de"]["title"]
    assert shop.run("p1").proposals == []


def test_a_failing_engine_publishes_nothing_and_says_why() -> None:
    shop = floor()
    shop.failure = "The allowance is used up."
    decision = shop.run("p1")
    assert decision.proposals == []
    assert "The allowance is used up." in decision.notes[0]
    assert shop.published == {}


def test_a_broken_answer_keeps_the_source_and_is_not_paid_for_again() -> None:
    shop = floor()
    shop.put("p1", body_html="<p>Use {{ code }} at the till.</p>")
    shop.engine = lambda xml: shopfloor.pseudo(xml.replace('<x id="1"/>', ""))
    decision = shop.run("p1")
    assert shop.value("p1", "body_html") == ""
    assert any("{{ code }} is missing" in note for note in decision.notes)
    spent = shop.characters
    shop.engine = shopfloor.pseudo
    shop.run("p1")
    assert shop.characters == spent
    shop.later(days=8)
    shop.run("p1")
    assert shop.value("p1", "body_html") == "<p>Úsé {{ code }} át thé tíll.</p>"


def test_without_an_estimate_a_person_looks() -> None:
    (proposal,) = floor().run("p1").proposals
    assert proposal.review
    assert "cannot be estimated" in " ".join(map(str, proposal.reasons))


def test_a_glossary_change_renews_only_its_sentences() -> None:
    shop = floor()
    shop.run("p1")
    words = {Locale("de"): {"mug": "Becher"}}
    shop.policy = replace(shop.policy, translations=replace(shop.policy.translations, glossary=words))
    shop.put("p1", title="Red garden mug!", body_html=STORY + "<p>A mug.</p>")
    shop.asked.clear()
    decision = shop.run("p1")
    assert shop.asked == ["Red garden mug!", "A mug."]
    assert any("mug → Becher" in str(reason) for reason in decision.proposals[0].reasons)


def test_units_follow_the_market_where_asked() -> None:
    shop = floor(convert_units=True)
    shop.put("p1", body_html="<table><tr><td>12 x 8 in</td></tr></table><p>Holds 5 lbs of sand.</p>", title="Bag")
    shop.run("p1")
    assert (
        shop.value("p1", "body_html") == "<table><tr><td>30,5 x 20,3 cm</td></tr></table><p>Hólds 2,27 kg óf sánd.</p>"
    )


SIZES = "<table><tr><th>Width (cm)</th></tr><tr><td>30</td></tr></table>"
US_SIZES = "<table><tr><th>Wídth (in)</th></tr><tr><td>11.8</td></tr></table>"
AMERICA = Market(id=MarketId("7"), name="United States", currency="USD")


def markets(**said: Units):  # type: ignore[no-untyped-def]
    """A shop that measures in centimetres, with a market that does not."""
    shop = floor(market_units={"united states": Units.US, **said})
    shop.shop = replace(shop.shop, locales=(Locale("fr-US"),), markets=(AMERICA,))
    shop.put("p1", title="Bag of 30 cm", body_html=f"{SIZES}<p>Holds 2 kg of sand. It is red.</p>", handle="bag")
    return shop


def test_a_market_gets_its_units_where_they_differ_and_costs_nothing_more() -> None:
    shop = markets()
    decision = shop.run("p1")
    base, local = decision.proposals
    assert (base.action.market, local.action.market) == (None, "7")
    assert base.target != local.target
    assert shop.value("p1", "title", "fr-US") == "Bág óf 30 cm"
    assert shop.value("p1", "title", "fr-US", "7") == "Bág óf 11,8 in"
    assert shop.value("p1", "body_html", "fr-US", "7") == (
        US_SIZES.replace("11.8", "11,8") + "<p>Hólds 4,4 lb óf sánd. Ít ís réd.</p>"
    )
    assert len(shop.asked) == len(set(shop.asked)) == 5, "one heading more, everything else once"
    assert any("United States" in str(reason) for reason in local.reasons)
    source = next(one for one in local.evidence if isinstance(one, TextDifference) and one.field == "body_html")
    assert "30" in source.source, "the merchant sees what they wrote"
    shop.asked.clear()
    assert shop.run("p1").proposals == []
    assert shop.asked == []


def test_a_market_text_does_not_get_old_and_a_persons_stays() -> None:
    shop = markets()
    shop.run("p1")
    shop.put("p1", title="Bag without a number")
    shop.run("p1")
    assert shop.value("p1", "title", "fr-US", "7") == "Bág wíthóút á númbér", "no measure is left, but our text was old"
    shop.edit("p1", "fr-US/7", "title", "Sac américain")
    shop.edit("p1", "fr-US/7", "body_html", "Un sac")
    remembered = dict(shop.memory)
    assert shop.run("p1").proposals == []
    assert shop.value("p1", "title", "fr-US", "7") == "Sac américain"
    assert not [key for key in set(shop.memory) - set(remembered) if key.startswith("tm:")], "one market's words alone"
    shop.put("p1", title="Bag of 40 cm")
    for proposal in shop.decide("p1").proposals:
        assert proposal.action.market is None or proposal.review


def test_only_markets_that_the_store_can_keep_texts_for() -> None:
    shop = markets()
    shop.shop = replace(shop.shop, markets=())
    assert [p.action.market for p in shop.run("p1").proposals] == [None]
    shop = markets(**{"united states": Units.AS_WRITTEN})
    assert [p.action.market for p in shop.run("p1").proposals] == [None], "nothing differs, so nothing is written"


def test_a_market_waits_where_the_engine_failed() -> None:
    shop = markets()
    shop.failure = "The translation engine did not answer."
    assert shop.run("p1").proposals == []


def test_addresses_follow_the_title_where_asked() -> None:
    shop = floor(translate_handles=True)
    (proposal,) = shop.run("p1").proposals
    assert isinstance(proposal.action, PublishTranslation)
    assert proposal.action.redirect_from == "red-mug"
    assert shop.value("p1", "handle") == "red-garden-mug"
    shop.put("p1", title="Blue garden mug")
    (later,) = shop.run("p1").proposals
    assert isinstance(later.action, PublishTranslation)
    assert later.action.redirect_from == ""
    assert shop.value("p1", "handle") == "red-garden-mug"


def test_options_are_translated_with_their_product_and_sizes_are_not() -> None:
    shop = floor()
    names = {"name@ProductOption/1": "Colour", "name@ProductOptionValue/2": "Deep blue",
             "name@ProductOptionValue/3": "XL", "name@ProductOptionValue/4": "2XL", "name@ProductOptionValue/5": "S/M",
             "alt@MediaImage/6": "A cup on a table", "value@Metafield/7": "Wash by hand"}  # fmt: skip
    shop.put("p1", title="Cup", **names)
    (made,) = shop.run("p1").proposals
    assert isinstance(made.action, PublishTranslation)
    sent = {field.key for field in made.action.fields}
    kept = {"name@ProductOptionValue/3", "name@ProductOptionValue/4", "name@ProductOptionValue/5"}
    assert sent == {"title", "body_html", *names} - kept
    assert shop.value("p1", "name@ProductOptionValue/2") == "Déép blúé"


def test_a_title_that_is_only_a_number_is_left() -> None:
    shop = floor()
    shop.put("p9", title="AB-12345")
    decision = shop.run("p9")
    assert decision.proposals == []
    assert "no words" in decision.notes[0]


def test_a_text_in_the_target_language_is_left() -> None:
    shop = floor()
    story = "Diese weiche Tasche aus reiner Baumwolle begleitet dich durch den ganzen Tag."
    shop.put("p9", body_html=f"<p>{story}</p><p>This soft bag made of pure cotton is with you all day long.</p>")
    shop.run("p9")
    assert f"<p>{story}</p>" in shop.value("p9", "body_html")
    assert len(shop.asked) == 1


def test_a_description_in_three_languages_keeps_what_is_done_and_shows_what_is_strange() -> None:
    shop = floor()
    shop.shop = replace(shop.shop, locales=(Locale("de"), Locale("fr")))
    english = "This soft bag made of pure cotton is with you all day long."
    german = "Diese weiche Tasche aus reiner Baumwolle begleitet dich durch den ganzen Tag."
    french = "Ce sac doux en pur coton vous accompagne pendant toute la journée."
    shop.put("p9", body_html=f"<p>{english}</p><p>{german}</p><p>{french}</p>")
    made = {proposal.action.locale: proposal for proposal in shop.run("p9").proposals}
    assert f"<p>{german}</p>" in shop.value("p9", "body_html", "de")
    assert f"<p>{french}</p>" in shop.value("p9", "body_html", "fr")
    assert all(proposal.review for proposal in made.values())
    assert any("looks like fr, not en" in str(reason) for reason in made[Locale("de")].reasons)
    assert any("looks like de, not en" in str(reason) for reason in made[Locale("fr")].reasons)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "🎁🎁", "{{ a }}{% b %}", "<p></p>", "\u200b\u200b", "<<<>>>", "{{ {{ }} }}", "<p>שלום a</p>",
     "a" * 100_000, "<b>" * 5_000, "{% raw %}" * 2_000, "&" * 1_000, "\ud800 lone"],
)  # fmt: skip
def test_odd_texts_end_quietly(text: str) -> None:
    shop = floor()
    shop.sources["odd"] = {"body_html": text}
    decision = shop.run("odd")
    assert len(decision.proposals) <= 1
