"""What waits and what was done: forms without JavaScript, from sign-in to undo."""

from datetime import timedelta

from chalicelib.domain.actions import SetPrice
from chalicelib.domain.proposals import Status
from tests.web import world as w


def test_sign_in_approve_dismiss_undo() -> None:
    world = w.make()
    shop = world.open("one", goods=6)
    w.people(world, shop)
    first, second = w.price(world, shop, 0), w.price(world, shop, 1)
    browser = world.browser(w.EDITOR)
    assert browser.path == f"/s/{shop}"
    assert "Review" in browser.get(f"/s/{shop}/review?function=prices").body
    assert w.TITLES[0] in browser.answer.body
    assert "10.00" in browser.answer.body
    assert "9.70" in browser.answer.body
    browser.post(f"/s/{shop}/proposals/{first.id}/approve", {})
    assert "written to the store" in browser.answer.body
    assert isinstance(first.action, SetPrice)
    held = world.stall(shop).products[first.action.product_id].variants[0].price
    assert held == first.action.price
    browser.post(f"/s/{shop}/proposals/{second.id}/dismiss", {})
    assert world.services.proposals.get(shop, second.id).status is Status.DISMISSED
    browser.get(f"/s/{shop}/activity")
    assert w.EDITOR in browser.answer.body
    browser.post(f"/s/{shop}/proposals/{first.id}/undo", {})
    assert world.services.proposals.get(shop, first.id).status is Status.UNDONE


def test_a_form_without_its_word_changes_nothing() -> None:
    world = w.make()
    shop = world.open("one", goods=2)
    w.people(world, shop)
    proposal = w.price(world, shop, 0)
    browser = world.browser(w.OWNER)
    assert browser.post(f"/s/{shop}/proposals/{proposal.id}/approve", {}, csrf=False).status == 403
    assert world.services.proposals.get(shop, proposal.id).status is Status.PROPOSED


def test_an_undo_is_shown_as_going_back() -> None:
    world = w.make()
    shop = world.open("one", goods=3)
    w.people(world, shop)
    proposal = w.price(world, shop, 0)
    browser = world.browser(w.EDITOR)
    browser.get(f"/s/{shop}/proposals/{proposal.id}")
    browser.post(f"/s/{shop}/proposals/{proposal.id}/approve", {})
    world.stage.clock.advance(timedelta(minutes=1))
    browser.get(f"/s/{shop}/proposals/{proposal.id}")
    browser.post(f"/s/{shop}/proposals/{proposal.id}/undo", {})
    row = browser.get(f"/s/{shop}/activity?deed=undone").body.split("<tbody>")[1]
    assert row.index("9.70") < row.index("10.00")
