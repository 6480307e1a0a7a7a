"""Costs and competitors on their page: files taken in, faults shown with their lines, matches confirmed."""

from dataclasses import replace
from datetime import timedelta

from chalicelib import price_inputs
from chalicelib.contracts import RawRequest
from chalicelib.domain.ids import FunctionName, ShopId
from chalicelib.domain.shop import Mode
from chalicelib.domain.whatif import WhatIf, whatif_key, whatif_text
from chalicelib.web.routes import respond
from tests.web import world as w

BOUNDARY = "----tradewind"


def opened(email: str = w.OWNER) -> tuple[w.World, ShopId, w.Browser]:
    world = w.make()
    shop = world.open("one", goods=3)
    w.people(world, shop)
    world.stage.clock.advance(timedelta(minutes=5))
    return world, shop, world.browser(email)


def sent(browser: w.Browser, where: str, data: bytes, csrf: str) -> int:
    """A form with a file, as a browser sends it."""
    parts = {"csrf": csrf.encode(), "rows": b"", "file": data}
    body = b""
    for name, value in parts.items():
        extra = '; filename="costs.csv"\r\nContent-Type: text/csv' if name == "file" else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
        body += head.encode() + value + b"\r\n"
    body += f"--{BOUNDARY}--\r\n".encode()
    headers = {
        "cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items()),
        "content-type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    answer = respond(browser.services, RawRequest(method="POST", path=where, headers=headers, body=body))
    browser.answer = answer
    return answer.status


def csrf_of(body: str) -> str:
    return body.partition('name="csrf" value="')[2].partition('"')[0]


def test_a_file_of_costs_is_taken_in_and_its_faults_are_shown() -> None:
    _world, shop, browser = opened()
    page = browser.get(f"/s/{shop}/prices").body
    assert "Unit costs" in page
    data = b"variant_id,cost\nv0,4.00\nv1,0\nnobody,3\n"
    assert sent(browser, f"/s/{shop}/prices/costs", data, csrf_of(page)) == 200
    for words in ("1 taken, 2 rows could not be used", "the cost must be above zero", "no variant of this shop"):
        assert words in browser.answer.body
    assert "1 from your file" in browser.get(f"/s/{shop}/prices").body


def test_a_form_without_our_word_is_refused() -> None:
    world, shop, browser = opened()
    page = browser.get(f"/s/{shop}/prices").body
    assert sent(browser, f"/s/{shop}/prices/costs", b"variant_id,cost\nv0,4\n", "0" * len(csrf_of(page))) == 403
    assert not dict(world.services.memories.all(shop, "price|"))


def test_pasted_rows_do_too_and_an_unusable_file_is_told() -> None:
    _world, shop, browser = opened()
    browser.get(f"/s/{shop}/prices")
    browser.post(f"/s/{shop}/prices/costs", {"rows": "variant_id,cost\nv0,4.00"})
    assert "1 taken." in browser.answer.body
    assert browser.post(f"/s/{shop}/prices/costs", {"rows": "what,is this"}).status == 422
    assert "must name the columns" in browser.answer.body
    assert browser.post(f"/s/{shop}/prices/costs", {"rows": " "}).status == 422
    assert browser.post(f"/s/{shop}/prices/nothing", {"rows": "x"}).status == 404


def test_a_person_confirms_a_match() -> None:
    world, shop, browser = opened()
    browser.get(f"/s/{shop}/prices")
    rows = "title,price,competitor\nHolder T-light white hanging heart,9.00,Lane"
    browser.post(f"/s/{shop}/prices/rivals", {"rows": rows})
    assert "1 wait for you to confirm the match" in browser.answer.body
    assert "Is this the same product?" in browser.answer.body
    [match] = price_inputs.waiting(world.services, shop)
    browser.post(f"/s/{shop}/prices/matches", {"match": match.name, "same": "1"})
    assert "it is the same product" in browser.answer.body
    assert len(price_inputs.rivals(world.services, shop)) == 1
    assert browser.post(f"/s/{shop}/prices/matches", {"match": match.name, "same": "1"}).status == 404


def test_viewers_look_and_strangers_see_nothing() -> None:
    _, shop, viewer = opened(w.VIEWER)
    page = viewer.get(f"/s/{shop}/prices").body
    assert "Unit costs" in page
    assert 'name="file"' not in page
    assert viewer.post(f"/s/{shop}/prices/costs", {"rows": "variant_id,cost\nv0,4"}).status == 403
    _, shop, stranger = opened(w.STRANGER)
    assert stranger.get(f"/s/{shop}/prices").status == 404


def test_a_batch_that_was_approved_is_undone_with_one_click() -> None:
    world, shop, browser = opened()
    made = world.many_prices(shop, 2)
    browser.get(f"/s/{shop}/review")
    browser.post(f"/s/{shop}/review", {"function": "prices", "deed": "approve", "proposal": [one.id for one in made]})
    world.stage.settle()
    page = browser.get(browser.path).body
    assert "Undo this batch" in page
    fields = {"deed": "undo", "proposal": [one.id for one in made]}
    browser.post(f"/s/{shop}/review", fields)
    world.stage.settle()
    statuses = {world.services.proposals.get(shop, one.id).status for one in made}
    assert {str(one) for one in statuses} == {"undone"}
    assert "Undo this batch" not in browser.get(browser.path).body


def test_what_a_shadow_would_have_earned_is_shown_as_a_forecast() -> None:
    world, shop, browser = opened()
    policy = world.services.shops.policy(shop)
    name = FunctionName("prices")
    world.services.shops.save_policy(shop, replace(policy, modes={**policy.modes, name: Mode.SHADOW}))
    entry = WhatIf(
        price="9.50", real="10.00", first_day=20_000, last_day=20_013, changed_day=20_001, changes=2, gain=12.5,
        low=-3.0, high=30.0,
    )  # fmt: skip
    world.services.memories.remember(shop, {whatif_key(name, "v0"): whatif_text(entry)})
    body = browser.get(f"/s/{shop}/insights").body
    for words in ("€12.50", "14 days", "1 of 1 prices would stand elsewhere", "a forecast and proves nothing"):
        assert words in body


def test_only_prices_can_be_watched_in_shadow() -> None:
    _, shop, browser = opened()
    assert 'value="shadow"' in browser.get(f"/s/{shop}/settings/prices").body
    assert 'value="shadow"' not in browser.get(f"/s/{shop}/settings/lists").body
    version = browser.answer.body.partition('name="version" value="')[2].partition('"')[0]
    assert browser.post(f"/s/{shop}/settings/lists", {"mode": "shadow", "version": version}).status == 403
