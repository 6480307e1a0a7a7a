"""Settings: every field says what is wrong with it, and of two who save at once one is told so."""

import re
from datetime import timedelta

from chalicelib.domain.ids import FunctionName, ProductId, ShopId
from chalicelib.domain.journal import Deed
from chalicelib.domain.shop import Mode
from tests.web import world as w


def fields(body: str) -> dict[str, str | list[str]]:
    """The form as it stands in a page."""
    found: dict[str, str | list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", body):
        name, value = re.search(r' name="([^"]+)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and name[1] != "csrf" and (("radio" not in tag and "checkbox" not in tag) or " checked" in tag):
            found[name[1]] = value[1] if value else ""
    texts = re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', body)
    return {**found, **dict(texts)}


def opened() -> tuple[w.World, ShopId, w.Browser]:
    world = w.make()
    shop = world.open("one", goods=2)
    w.people(world, shop)
    world.stage.clock.advance(timedelta(minutes=5))
    return world, shop, world.browser(w.OWNER)


def test_saving_changes_the_policy_and_the_journal_says_who() -> None:
    world, shop, browser = opened()
    form = fields(browser.get(f"/s/{shop}/settings/prices").body)
    form |= {"mode": "automatic", "prices.max_step_pct": "7,5", "prices.protected": "p1\np2", "prices.explore": "1"}
    form |= {"prices.quiet_from": "08:00", "prices.quiet_until": "20:00", "prices.minimum_advertised": "p1 = 9.90"}
    browser.post(f"/s/{shop}/settings/prices", form)
    assert "Saved." in browser.answer.body
    policy = world.services.shops.policy(shop)
    assert policy.mode(FunctionName("prices")) is Mode.AUTOMATIC
    assert str(policy.prices.max_step_pct) == "7.5"
    assert policy.prices.protected == ("p1", "p2")
    assert policy.prices.explore
    assert str(policy.prices.minimum_advertised[ProductId("p1")]) == "9.90"
    entry = next(world.services.journal.entries(shop, until=world.services.clock.now()))
    assert (entry.deed, entry.by) == (Deed.SETTINGS, w.OWNER)
    assert "prices.max_step_pct: 5 → 7.5" in entry.note


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved() -> None:
    world, shop, browser = opened()
    form = fields(browser.get(f"/s/{shop}/settings/prices").body)
    form |= {"prices.max_step_pct": "150", "prices.cooldown_hours": "soon", "prices.min_margin_pct": "99"}
    form |= {"prices.minimum_advertised": "p1 is 9"}
    answer = browser.post(f"/s/{shop}/settings/prices", form)
    assert answer.status == 422
    for words in ("between 0 and 100", "whole number", "below 100 %", "line 1 must look like"):
        assert words in answer.body.lower()
    assert 'value="150"' in answer.body
    assert world.services.shops.policy(shop).version == 1


def test_of_two_who_save_at_once_the_loser_is_told() -> None:
    world, shop, first = opened()
    second = world.browser(w.OWNER)
    mine = fields(first.get(f"/s/{shop}/settings/prices").body)
    theirs = fields(second.get(f"/s/{shop}/settings/prices").body)
    second.post(f"/s/{shop}/settings/prices", {**theirs, "prices.max_step_pct": "3"})
    answer = first.post(f"/s/{shop}/settings/prices", {**mine, "prices.max_step_pct": "9"})
    assert answer.status == 409
    assert "Somebody else changed these settings" in answer.body
    assert 'value="9"' in answer.body
    assert str(world.services.shops.policy(shop).prices.max_step_pct) == "3"


def test_the_kill_switch_stops_approvals_and_lets_go_again() -> None:
    world, shop, browser = opened()
    proposal = w.price(world, shop, 0)
    browser.get(f"/s/{shop}/settings")
    browser.post(f"/s/{shop}/settings", {"paused": "1"})
    assert "Everything is stopped" in browser.answer.body
    browser.get(f"/s/{shop}/proposals/{proposal.id}")
    assert browser.post(f"/s/{shop}/proposals/{proposal.id}/approve", {}).status == 409
    assert "Everything is paused" in browser.answer.body
    browser.get(f"/s/{shop}/settings")
    browser.post(f"/s/{shop}/settings", {"paused": "0"})
    assert not world.services.shops.policy(shop).paused
