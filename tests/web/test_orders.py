"""Orders on the pages: what waits for a look, the record with its grounds, release, export, who is held how often."""

import json

import pytest

from chalicelib.domain.ids import OrderId, ShopId
from chalicelib.domain.screening import Ruling, Screening
from chalicelib.web import languages
from sandbox.rehearsal.stage import START, Stage
from tests.unit.screening.counter_hall import counter, held, order, place, scripted_model, stall, verdict
from tests.web import world as w

__all__ = ["scripted_model"]
pytestmark = pytest.mark.usefixtures("scripted_model")


def opened() -> tuple[Stage, w.World, ShopId]:
    stage = counter(tag="check")
    world = w.World(stage, stage.services)
    shop = stage.shops[0]
    w.people(world, shop)
    return stage, world, shop


def test_an_order_that_waits_is_listed_shown_released_and_gone_from_the_list() -> None:
    stage, world, shop = opened()
    place(stage, order(stage, "before"))
    place(stage, order(stage, p=0.9, locale="ja-JP"))
    browser = world.browser(w.EDITOR)
    assert "Orders to look at" in browser.get(f"/s/{shop}").body
    body = browser.get(f"/s/{shop}/orders").body
    assert "#o1" in body
    assert "on hold" in body
    assert "Release order" in body
    body = browser.get(f"/s/{shop}/orders/o1").body
    assert "Speaks against the order" in body
    assert "1 other order came with this internet address" in body
    assert 'lang="ja"' in body
    assert "ご注文" in body
    browser.post(f"/s/{shop}/orders/o1/fine", {})
    stage.settle()
    assert not held(stage)
    assert "editor@shop.example" in browser.get(f"/s/{shop}/orders/o1").body
    assert "No order waits for a look" in browser.get(f"/s/{shop}/orders").body
    assert "Orders to look at" not in browser.get(f"/s/{shop}").body


def test_the_hold_is_released_from_its_proposal_too() -> None:
    stage, world, shop = opened()
    place(stage, order(stage, "before"))
    place(stage, order(stage, p=0.9, release_mails_buyer=True))
    (hold,) = [p for p in stage.services.proposals.every(shop) if type(p.action).__name__ == "HoldOrder"]
    browser = world.browser(w.EDITOR)
    body = browser.get(f"/s/{shop}/proposals/{hold.id}").body
    assert "Release order" in body
    assert "Once it is lifted, this store mails" in body
    assert "speaks against the order" in body
    browser.post(f"/s/{shop}/proposals/{hold.id}/undo", {})
    assert not held(stage)


def test_a_review_without_a_hold_is_cleared_and_our_words_are_taken_back() -> None:
    stage, world, shop = opened()
    place(stage, order(stage, p=0.1))
    assert verdict(stage).ruling is Ruling.REVIEW
    browser = world.browser(w.EDITOR)
    browser.get(f"/s/{shop}/orders")
    browser.post(f"/s/{shop}/orders/o1/fine", {})
    stage.settle()
    assert [value for target, value in stall(stage).values.items() if "order/" in target and value] == []
    assert [one.label for one in stage.services.outcomes.all(shop)] == [False]


def test_saying_that_it_was_fraud_teaches_and_never_cancels() -> None:
    stage, world, shop = opened()
    place(stage, order(stage, p=0.9))
    browser = world.browser(w.EDITOR)
    browser.get(f"/s/{shop}/orders/o1")
    browser.post(f"/s/{shop}/orders/o1/fraud", {})
    assert "Tradewind never does that" in browser.answer.body
    stage.settle()
    assert [(one.label, one.source) for one in stage.services.outcomes.all(shop)] == [(True, "cancelled_told")]
    assert held(stage)
    place(stage, order(stage, "o2"))
    assert verdict(stage, "o2").inputs["offences_person"] == 1.0


def test_the_record_for_an_appeal_holds_everything_and_nobodys_name() -> None:
    stage, world, shop = opened()
    made = order(stage, p=0.9)
    place(stage, made)
    answer = world.browser(w.VIEWER).get(f"/s/{shop}/orders/o1/record.json")
    assert answer.kind.startswith("application/json")
    found = json.loads(answer.body)
    assert found["verdict"]["model"]["version"] == "scripted"
    assert found["verdict"]["inputs"]["ip_1h"] == 0.0
    assert {one["action"]["_type"] for one in found["written_to_the_store"]} == {"AssessOrder", "HoldOrder", "TagOrder"}
    assert found["reasons_in_words"]
    for personal in (made.email, made.ip, made.billing.name, made.billing.line_1, made.customer_id):
        assert personal not in answer.body


def test_viewers_look_and_strangers_find_nothing() -> None:
    stage, world, shop = opened()
    place(stage, order(stage, p=0.9))
    viewer = world.browser(w.VIEWER)
    assert "Release order" not in viewer.get(f"/s/{shop}/orders/o1").body
    assert viewer.post(f"/s/{shop}/orders/o1/fine", {"csrf": "0"}, csrf=False).status == 403
    assert world.browser(w.STRANGER).get(f"/s/{shop}/orders/o1").status == 404
    assert viewer.get(f"/s/{shop}/orders/never").status == 404
    assert viewer.get(f"/s/{shop}/orders/a%2Fb/record.json").status == 404


def test_an_order_is_found_by_its_number() -> None:
    stage, world, shop = opened()
    place(stage, order(stage, p=0.01))
    browser = world.browser(w.VIEWER)
    assert "Order #o1" in browser.get(f"/s/{shop}/orders?q=%23O1").body
    assert "was screened" in browser.get(f"/s/{shop}/orders?q=nothing").body


def test_nothing_is_called_certain() -> None:
    shown = [languages.chance(p, "en") for p in (0.0, 0.004, 0.5, 0.995, 1.0)]
    assert shown == ["< 1%", "< 1%", "50%", "> 99%", "> 99%"]


def screened(country: str, number: int, held_up: bool) -> Screening:
    return Screening(
        order_id=OrderId(f"{country}{number}"), at=START, ruling=Ruling.HOLD if held_up else Ruling.APPROVE,
        probability=0.4 if held_up else 0.004, costs={"approve": 40.0, "hold": 9.0} if held_up else {"approve": 1.0},
        country=country, language=country.lower(), waited_s=0.4 + number / 1000,
    )  # fmt: skip


def test_insights_show_scores_pace_and_who_is_held_how_often() -> None:
    stage, world, shop = opened()
    some = [screened("DE", n, n < 6) for n in range(200)] + [screened("NL", n, n < 12) for n in range(50)]
    stage.services.screenings.note(shop, some)
    stage.services.memories.remember(shop, {"screening/mitigation": json.dumps({"NL": 12.5})})
    body = world.browser(w.VIEWER).get(f"/s/{shop}/insights").body
    assert "18 of 250 orders deserved a look" in body
    assert "over your bound" in body
    assert "a look must save 12.5" in body
    assert "Half had their verdict within" in body


def test_nothing_is_said_of_screening_where_nothing_was_screened() -> None:
    _, world, shop = opened()
    browser = world.browser(w.VIEWER)
    assert "Are honest buyers" not in browser.get(f"/s/{shop}/insights").body
    assert "No order waits" in browser.get(f"/s/{shop}/orders").body
