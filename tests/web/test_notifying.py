"""Members hear at once of what cannot wait, once a day of the rest, and never twice."""

from dataclasses import replace
from typing import Any

from chalicelib import notifying
from chalicelib.domain.actions import HoldOrder
from chalicelib.domain.ids import OrderId
from tests.web import world as w


def letters(world: w.World) -> list[Any]:
    return list(vars(world.services.mail)["outbox"])


def test_urgent_things_are_told_once_with_a_link_and_can_be_turned_off() -> None:
    world = w.make()
    shop = world.open("one", goods=2)
    w.people(world, shop)
    viewer = world.accounts.person(w.VIEWER)
    world.accounts.save_person(replace(viewer, urgent=False))
    world.services.trouble(shop, "access_revoked", "The store refuses our key.", urgent=True)
    hold = w.risky_order(world, shop, 1, "hold")
    assert isinstance(hold.action, HoldOrder)
    assert hold.action.order_id == OrderId("1001")
    profile = world.services.shops.get(shop)
    assert notifying.urgent(world.services, profile) == 2
    assert {letter.to for letter in letters(world)} == {w.OWNER, w.EDITOR}
    assert f"/s/{shop}/proposals/{hold.id}" in letters(world)[0].text
    assert "refuses our key" in letters(world)[0].text
    assert notifying.urgent(world.services, profile) == 0


def test_the_digest_says_what_waits_and_a_quiet_day_sends_nothing() -> None:
    world = w.make()
    shop = world.open("one", goods=3)
    w.people(world, shop)
    profile = world.services.shops.get(shop)
    assert notifying.digest(world.services, profile) == 0
    world.many_prices(shop, 3)
    assert notifying.digest(world.services, profile) == 3
    assert "Prices: 3 wait for you" in letters(world)[0].text
