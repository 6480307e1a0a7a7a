"""Who may see what: another shop's anything does not exist, roles hold, links and forms are ours alone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.contracts import RawRequest
from chalicelib.domain.ids import ShopId
from chalicelib.errors import InvalidSignature
from chalicelib.services import Services
from chalicelib.web import session
from chalicelib.web.accounts import Role
from chalicelib.web.activity import defused
from chalicelib.web.answers import Answer
from chalicelib.web.routes import ROUTES, respond
from chalicelib.web.visit import Shell
from tests.web import world as w

SHOPS = 4


@dataclass(frozen=True, slots=True)
class Cast:
    """Shops, and people who look after some of them."""

    world: w.World
    shops: Sequence[ShopId]
    browsers: dict[str, w.Browser]
    rights: dict[str, frozenset[ShopId]]


@cache
def cast() -> Cast:
    world = w.make()
    shops = [world.open(f"s{number}", goods=3) for number in range(SHOPS)]
    for shop in shops:
        w.price(world, shop, 0)
    rights: dict[str, frozenset[ShopId]] = {}
    for number, role in enumerate((Role.OWNER, Role.EDITOR, Role.VIEWER)):
        email, mine = f"{role}@people.example", frozenset(shops[number : number + 2])
        account = world.accounts.create(f"Account {number}", f"boss{number}@people.example", shops=sorted(mine))
        world.accounts.invite(account, email, role)
        rights[email] = mine
    rights[w.STRANGER] = frozenset()
    return Cast(world, shops, {email: world.browser(email) for email in rights}, rights)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_any_user_any_route_any_other_shop_is_404(data: st.DataObject) -> None:
    people = cast()
    email = data.draw(st.sampled_from(sorted(people.rights)))
    foreign = [*sorted(set(people.shops) - people.rights[email]), ShopId("bazaar:none")]
    shop = data.draw(st.sampled_from(foreign))
    route = data.draw(st.sampled_from([route for route in ROUTES if "{shop}" in route.path]))
    everything = list(people.world.services.proposals.every(shop)) if shop in people.shops else []
    ids = [*(one.id for one in everything), "p00001", "x"]
    parts = {
        "shop": shop, "proposal": data.draw(st.sampled_from(ids)), "job": "j", "function": "prices", "customer": "7",
        "form": "tmx", "what": "costs",
        "order": "1000", "deed": data.draw(st.sampled_from(["approve", "dismiss", "undo", "fine", "fraud"])),
    }  # fmt: skip
    before = dict(people.world.stage.bazaar.stalls["s0"].values)
    browser = people.browsers[email]
    path = "/" + route.path.format(**parts)
    browser.get("/account")
    answer = browser.get(path) if route.method == "GET" else browser.post(path, {"deed": "approve", "paused": "1"})
    assert answer.status == 404
    assert str(shop) not in answer.body
    assert people.world.stage.bazaar.stalls["s0"].values == before


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_another_shops_proposal_under_ones_own_shop_is_404(data: st.DataObject) -> None:
    people = cast()
    email = "owner@people.example"
    mine = sorted(people.rights[email])[0]
    other = data.draw(st.sampled_from(sorted(set(people.shops) - {mine})))
    proposal = next(people.world.services.proposals.every(other))
    assert people.browsers[email].get(f"/s/{mine}/proposals/{proposal.id}").status == 404
    people.browsers[email].get("/account")
    assert people.browsers[email].post(f"/s/{mine}/proposals/{proposal.id}/approve", {}).status == 404


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.method == "POST" and r.role is not None], ids=lambda r: r.path
)
def test_nobody_gets_in_without_signing_in(route: object) -> None:
    people = cast()
    path = "/" + str(getattr(route, "path", "")).format(
        shop=people.shops[0], proposal="p00001", deed="approve", function="prices", account="a", job="j",
        marketplace="bazaar", order="1000", what="costs",
    )  # fmt: skip
    answer = w.Browser(people.world.services).post(path, {"deed": "approve"}, csrf=False)
    assert "Sign in" in answer.body


def test_roles_hold() -> None:
    world = w.make()
    shop = world.open("one", goods=3)
    w.people(world, shop)
    proposal = w.price(world, shop, 0)
    viewer, editor = world.browser(w.VIEWER), world.browser(w.EDITOR)
    assert "Approve price" not in viewer.get(f"/s/{shop}/proposals/{proposal.id}").body
    viewer.get("/account")
    assert viewer.post(f"/s/{shop}/proposals/{proposal.id}/approve", {}).status == 403
    editor.get("/account")
    assert editor.post(f"/s/{shop}/settings/prices", {"mode": "automatic", "version": "1"}).status == 403
    assert editor.post(f"/s/{shop}/proposals/{proposal.id}/approve", {}).status == 200


def test_operators_see_every_shop_and_hand_them_to_accounts() -> None:
    world = w.make()
    shops = [world.open("one"), world.open("two")]
    operator = world.browser("operator@tradewind.example")
    operator.get("/shops")
    operator.post("/shops", {"deed": "assign", "owner": "New@Agency.example", "shop": [*shops]})
    assert "2 shops handed to new@agency.example" in operator.answer.body
    owner = world.browser("new@agency.example")
    assert owner.get(f"/s/{shops[1]}").status == 200
    owner.get("/shops")
    assert owner.post("/shops", {"deed": "assign", "owner": "x@y.example", "shop": [*shops]}).status == 403


def test_a_link_works_once_and_not_for_long() -> None:
    world = w.make()
    shop = world.open("one")
    w.people(world, shop)
    browser = world.browser()
    browser.get("/sign-in")
    browser.post("/sign-in", {"email": w.OWNER})
    assert "/sign-in/link?token=" not in browser.answer.body
    link = vars(world.services.mail)["outbox"][-1].text.split("token=")[1].split()[0]
    assert browser.post("/sign-in/link", {"token": link}).status == 200
    assert w.OWNER in browser.answer.body
    assert world.browser().post("/sign-in/link", {"token": link}).status == 410
    late = world.browser()
    late.post("/sign-in", {"email": w.EDITOR})
    link = vars(world.services.mail)["outbox"][-1].text.split("token=")[1].split()[0]
    world.stage.clock.advance(timedelta(minutes=21))
    assert late.post("/sign-in/link", {"token": link}).status == 410


def test_links_are_paced_and_strangers_learn_nothing() -> None:
    world = w.make()
    world.open("one")
    browser = world.browser()
    answers = [browser.post("/sign-in", {"email": w.STRANGER}) for _ in range(8)]
    assert [answer.status for answer in answers][-1] == 403
    assert answers[0].status == 200
    assert "If stranger@shop.example may sign in" in answers[0].body


def test_another_sites_form_and_a_forged_cookie_are_refused() -> None:
    world = w.make()
    shop = world.open("one", goods=1)
    w.people(world, shop)
    proposal = w.price(world, shop, 0)
    browser = world.browser(w.OWNER)
    browser.get("/account")
    browser.headers = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert browser.post(f"/s/{shop}/proposals/{proposal.id}/approve", {}).status == 403
    for cookie in ("x", "é.é", "a.b.c", f"{'e30'}.{'0' * 64}"):
        forged = w.Browser(world.services, cookies={session.COOKIE: cookie})
        assert "Sign in" in forged.get(f"/s/{shop}").body


def test_signing_out_everywhere_ends_other_sessions() -> None:
    world = w.make()
    shop = world.open("one")
    w.people(world, shop)
    one, two = world.browser(w.OWNER), world.browser(w.OWNER)
    world.stage.clock.advance(timedelta(seconds=5))
    one.get("/account")
    one.post("/account", {"deed": "everywhere"})
    assert "Sign in" in two.get(f"/s/{shop}").body


class _Installed:
    """A marketplace with an app, as an embedded page needs it."""

    def __init__(self, ancestors: Sequence[str] = ("https://s0",), scripts: Sequence[str] = ()) -> None:
        self._shell = Shell(ancestors=tuple(ancestors), scripts=tuple(scripts), meta={"api-key": "public"})

    def visitor(self, authorization: str, app: str, secrets: Sequence[bytes]) -> SimpleNamespace:
        if authorization != "Bearer good":
            raise InvalidSignature
        return SimpleNamespace(domain="s0", user="7")

    def surroundings(self, domain: str, app: str) -> Shell:
        return self._shell

    def framed_by(self, query: Mapping[str, str]) -> str:
        return query.get("shop", "")

    def reload_query(self, query: Mapping[str, str], url: str) -> Mapping[str, str]:
        return {**query, "again": url}

    def retry_headers(self) -> Mapping[str, str]:
        return {"X-Retry": "1"}


def embedding(people: Cast, app: _Installed) -> Services:
    market = replace(people.world.services.marketplaces["bazaar"], app=lambda: app)  # type: ignore[arg-type,return-value]
    return replace(people.world.services, marketplaces={"bazaar": market})


def test_an_embedded_page_shows_its_own_shop_and_may_be_framed_by_it_alone() -> None:
    people = cast()
    services = embedding(people, _Installed())

    def get(path: str, token: str) -> object:
        return respond(services, RawRequest(method="GET", path=path, headers={}, body=b"", query={"id_token": token}))

    home = get("/", "good")
    assert getattr(home, "status", 0) == 200
    assert "frame-ancestors https://s0" in str(getattr(home, "headers", {})["Content-Security-Policy"])
    assert getattr(get(f"/s/{people.shops[1]}", "good"), "status", 0) == 404
    assert getattr(get(f"/s/{people.shops[0]}", "bad"), "status", 0) == 303


def test_an_embedded_page_loads_the_marketplaces_script_and_no_other() -> None:
    people = cast()

    shell = _Installed(("https://s0", "https://admin.example"), ("https://cdn.example/bridge.js",))
    services = embedding(people, shell)
    request = RawRequest(method="GET", path="/", headers={"authorization": "Bearer good"}, body=b"")
    answer = respond(services, request)
    policy = str(answer.headers["Content-Security-Policy"])
    assert "frame-ancestors https://s0 https://admin.example" in policy
    assert "script-src 'self' https://cdn.example;" in policy
    assert '<script src="https://cdn.example/bridge.js">' in answer.body
    assert '<meta name="api-key" content="public">' in answer.body
    assert "Sign out" not in answer.body
    assert "X-Frame-Options" not in answer.headers


def test_a_token_that_is_missing_or_over_is_fetched_again() -> None:
    people = cast()
    services = embedding(people, _Installed(("https://s0",), ("https://cdn.example/bridge.js",)))

    def get(path: str, headers: Mapping[str, str], **query: str) -> Answer:
        return respond(services, RawRequest(method="GET", path=path, headers=headers, body=b"", query=query))

    fetched = get("/", {"authorization": "Bearer bad"})
    assert (fetched.status, fetched.headers["X-Retry"]) == (401, "1")
    asked = {"shop": "s0", "id_token": "bad"}
    led = get(f"/s/{people.shops[0]}", {}, **asked)
    where = urlsplit(str(led.headers["Location"]))
    assert (led.status, where.path) == (303, "/connect/bazaar/token")
    back = dict(parse_qsl(where.query))
    assert back["shop"] == "s0"
    assert back["again"].endswith(f"/s/{people.shops[0]}?shop=s0"), "without the token that is over"
    page = get(where.path, {}, **back)
    assert '<script src="https://cdn.example/bridge.js">' in page.body
    assert "frame-ancestors https://s0;" in f"{page.headers['Content-Security-Policy']};"
    assert "Sign in" not in page.body
    assert get("/connect/bazaar/token", {}).status == 404
    assert get("/connect/nowhere/token", {}, shop="s0").status == 404


def test_a_page_inside_one_stores_admin_connects_no_other() -> None:
    people = cast()
    services = embedding(people, _Installed())
    request = RawRequest(method="GET", path="/connect", headers={}, body=b"", query={"id_token": "good"})
    assert respond(services, request).status == 404


def test_a_word_said_once_needs_no_cookie_inside_a_frame() -> None:
    people = cast()
    services = embedding(people, _Installed())
    shop = people.shops[0]

    def ask(method: str, path: str, body: bytes = b"", **query: str) -> Answer:
        headers = {"authorization": "Bearer good"}
        return respond(services, RawRequest(method=method, path=path, headers=headers, body=body, query=query))

    word = re.search(r'name="csrf" value="([^"]+)"', ask("GET", f"/s/{shop}/settings").body)
    assert word
    answer = ask("POST", f"/s/{shop}/settings", f"csrf={word[1]}&paused=0".encode())
    where = urlsplit(str(answer.headers["Location"]))
    said = dict(parse_qsl(where.query))["said"]
    assert 'role="status"' in ask("GET", where.path, said=said).body
    assert 'role="status"' not in ask("GET", where.path, said=said[:-1] + "x").body
    assert "Set-Cookie" not in answer.headers


def test_a_download_inside_a_frame_carries_a_ticket_for_its_shop_alone() -> None:
    people = cast()
    services = embedding(people, _Installed())
    shop, other = people.shops[0], people.shops[1]

    def get(path: str, **query: str) -> Answer:
        return respond(services, RawRequest(method="GET", path=path, headers={}, body=b"", query=query))

    listed = get(f"/s/{shop}/activity", id_token="good").body
    link = re.search(r'href="(/s/[^"]+activity\.csv)\?ticket=([^"]+)" download', listed)
    assert link
    ticket = link[2].replace("&amp;", "&")
    answer = get(link[1], ticket=ticket)
    assert answer.kind.startswith("text/csv")
    assert get(f"/s/{other}/activity.csv", ticket=ticket).status == 404
    assert get(f"/s/{shop}/activity", ticket=ticket).status == 303, "it opens no page"
    assert get(link[1], ticket=ticket[:-1]).status == 303
    people.world.stage.clock.advance(timedelta(minutes=16))
    assert get(link[1], ticket=ticket).status == 303


@given(st.text(max_size=20))
def test_no_exported_cell_is_a_formula(text: str) -> None:
    cell = defused(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == text.removeprefix("'")


@given(st.binary(max_size=200), st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_whatever_comes_is_answered_and_never_breaks(body: bytes, path: str) -> None:
    people = cast()
    browser = people.browsers["owner@people.example"]
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    for method in ("GET", "POST"):
        for where in (f"/{path}", "/sign-in", "/shops", f"/s/{people.shops[0]}/settings/prices"):
            raw = RawRequest(
                method=method,
                path=where,
                headers={"cookie": cookie},
                body=body,
                query={"after": path, "q": path, "before": path, "from": path},
            )
            assert respond(people.world.services, raw).status < 500
