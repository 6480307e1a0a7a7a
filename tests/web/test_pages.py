"""Every page for an empty, a busy and a broken shop: it answers, it is escaped, it is guarded, it is valid."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chalicelib.domain.ids import ShopId
from chalicelib.domain.proposals import Status
from tests.web import world as w

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
LARGEST = 100_000
"""Bytes before compression: the promise is as many after it."""


@cache
def setting() -> tuple[w.World, dict[str, ShopId]]:
    world = w.make(sandbox=True)
    shops = {"busy": w.busy(world), "broken": w.broken(world), "empty": world.open("empty", title="Quiet Corner")}
    w.people(world, *shops.values())
    return world, shops


def addresses(state: str) -> Iterator[str]:
    world, shops = setting()
    shop = shops[state]
    yield from ("", "/review", "/activity", "/activity?deed=applied", "/activity/undo?day=2026-01-01")
    yield from ("/insights", "/usage", "/settings", "/translations", "/prices")
    yield from ("/review?q=heart&sort=newest", "/review?q=nothing")
    for function in world.services.functions:
        yield f"/review?function={function}"
        yield f"/settings/{function}"
    yield from ("/orders", "/orders?q=nothing")
    for screening in sorted(world.services.screenings.all(shop), key=lambda one: one.order_id):
        yield f"/orders/{screening.order_id}"
    for proposal in sorted(world.services.proposals.every(shop), key=lambda one: one.id):
        yield f"/proposals/{proposal.id}"


class Outline(HTMLParser):
    """Checks nesting and ids, and counts what a page must not have."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if "style" in found or any(name.startswith("on") for name in found):
            self.faults.append(f"inline style or script on {tag}")
        if tag == "script" and not found.get("src"):
            self.faults.append("inline script")
        if "id" in found:
            self.ids.append(str(found["id"]))
        if tag == "h1":
            self.headings.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")


@pytest.mark.parametrize("state", ["empty", "busy", "broken"])
def test_every_page_answers_whole_and_guarded(state: str) -> None:
    world, shops = setting()
    browser = world.browser(w.OWNER)
    for address in addresses(state):
        answer = browser.get(f"/s/{shops[state]}{address}")
        assert answer.status == 200, address
        assert len(answer.body.encode()) < LARGEST, address
        outline = Outline()
        outline.feed(answer.body)
        assert not outline.faults, (address, outline.faults)
        assert not outline.open, (address, outline.open)
        assert len(outline.ids) == len(set(outline.ids)), address
        assert len(outline.headings) == 1, address
        assert "<script>alert(1)" not in answer.body
        policy = str(answer.headers["Content-Security-Policy"])
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_titles_are_escaped_and_directed() -> None:
    world, shops = setting()
    body = world.browser(w.OWNER).get(f"/s/{shops['busy']}/review?function=lists").body
    assert 'dir="auto"' in body
    assert "مصباح زجاجي" in body


def test_other_pages_answer() -> None:
    world, _ = setting()
    browser = world.browser(w.OWNER)
    account = world.accounts.of(world.accounts.person(w.OWNER))[0]
    for address in ("/shops", "/account", f"/account/{account.id}", "/sandbox/inbox", "/shops?q=harbour"):
        assert browser.get(address).status == 200, address
    assert browser.get("/nowhere").status == 404
    assert world.browser().get("/sign-in").status == 200
    assert "text/css" in str(browser.get("/static/tradewind.css").headers["Content-Type"])
    assert browser.get("/static/..%2Froutes.py").status == 404


def test_html_validates() -> None:
    """html-validate's recommended rules, on every page at once."""
    tool = Path(__file__).parent / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
    node = shutil.which("node")
    if node is None or not tool.exists():
        pytest.skip("html-validate is not installed: npm install --no-package-lock --prefix tests/web")
    world, shops = setting()
    browser = world.browser(w.OWNER)
    folder = Path(__file__).parent / "node_modules" / ".pages"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rules = {
        "extends": ["html-validate:recommended"],
        "rules": {"long-title": "off", "void-style": "off", "form-dup-name": "off"},
        "root": True,
    }
    (folder / ".htmlvalidate.json").write_text(json.dumps(rules))
    for state, shop in shops.items():
        for number, address in enumerate(addresses(state)):
            (folder / f"{state}-{number}.html").write_text(browser.get(f"/s/{shop}{address}").body)
    for name in ("shops", "account", "sandbox/inbox"):
        (folder / f"{name.replace('/', '-')}.html").write_text(browser.get(f"/{name}").body)
    done = subprocess.run(
        [node, str(tool), "--formatter", "text", str(folder)], capture_output=True, text=True, check=False
    )
    faults = re.sub(rf"{re.escape(str(folder))}/", "", done.stdout)
    assert done.returncode == 0, faults[:4000] + done.stderr[:500]


def test_bulk_approval_is_a_job_with_progress() -> None:
    world = w.make()
    shop = world.open("bulk", goods=9)
    w.people(world, shop)
    made = world.many_prices(shop, 9)
    browser = world.browser(w.EDITOR)
    browser.get(f"/s/{shop}/review?function=prices")
    browser.post(f"/s/{shop}/review", {"deed": "approve", "function": "prices", "proposal": [p.id for p in made[:4]]})
    assert "/jobs/" in browser.path
    assert "0 of 4 done" in browser.answer.body
    world.stage.settle()
    assert "4 of 4 done" in browser.get(browser.path).body
    assert [world.services.proposals.get(shop, p.id).status for p in made].count(Status.APPLIED) == 4
    browser.get(f"/s/{shop}/review?function=prices")
    browser.post(f"/s/{shop}/review", {"deed": "dismiss", "function": "prices", "all": "1"})
    world.stage.settle()
    assert [world.services.proposals.get(shop, p.id).status for p in made].count(Status.DISMISSED) == 5
    browser.get(f"/s/{shop}/activity/undo?day=2026-01-01")
    browser.post(f"/s/{shop}/activity", {"day": "2026-01-01"})
    world.stage.settle()
    assert [world.services.proposals.get(shop, p.id).status for p in made].count(Status.UNDONE) == 4


def test_the_queue_goes_on_where_a_page_ends() -> None:
    world = w.make()
    shop = world.open("long", goods=60)
    w.people(world, shop)
    for index in range(60):
        w.recommendation(world, shop, index, ((index + 1) % 60, (index + 2) % 60))
    browser, seen = world.browser(w.VIEWER), []
    where: str | None = f"/s/{shop}/review?function=lists"
    while where:
        body = browser.get(where).body
        seen += re.findall(r'/proposals/(p\d+)" dir="auto"', body)
        following = re.search(r'rel="next" href="([^"]+)"', body)
        where = following[1].replace("&amp;", "&") if following else None
    assert len(seen) == len(set(seen)) == 60


def test_an_edited_translation_and_price_are_what_is_written() -> None:
    world = w.make()
    shop = world.open("edit", goods=3)
    w.people(world, shop)
    text, price = w.translation(world, shop, 0), w.price(world, shop, 1)
    browser = world.browser(w.EDITOR)
    browser.get(f"/s/{shop}/proposals/{text.id}")
    browser.post(
        f"/s/{shop}/proposals/{text.id}/approve", {"text-title": "Mein Titel", "text-description": "<p>Gut.</p>"}
    )
    held = world.stall(shop).values[text.target]
    assert held == {"title": "Mein Titel", "description": "<p>Gut.</p>"}
    browser.get(f"/s/{shop}/proposals/{price.id}")
    browser.post(f"/s/{shop}/proposals/{price.id}/approve", {"price": "99"})
    assert browser.answer.status == 409
    assert 'value="99"' in browser.answer.body
    browser.post(f"/s/{shop}/proposals/{price.id}/approve", {"price": "10,80"})
    assert world.stall(shop).values[price.target] == {"price": "10.80", "compare_at": None, "currency": "EUR"}
