"""A merchant and an agency in a real Chromium: what they do by mouse and keyboard, and what axe says of it."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.ids import FunctionName
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Mode
from chalicelib.web import assets
from tests.web import world as w
from tests.web.serving import chromium, served

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

AXE = Path(__file__).parent.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"


class User:
    """A person at a browser window."""

    def __init__(self, chrome: "Chrome", url: str) -> None:
        self.chrome, self.url = chrome, url

    def go(self, path: str) -> None:
        self.chrome.get(self.url + path)

    def find(self, css: str) -> "WebElement":
        return self.chrome.find_element("css selector", css)

    def all(self, css: str) -> "list[WebElement]":
        return self.chrome.find_elements("css selector", css)

    def click(self, css: str) -> None:
        self.find(css).click()

    def press(self, words: str) -> None:
        """Press the button or follow the link that says this, and wait for the page it leads to."""
        path = f"//main//*[self::button or self::a][normalize-space(.)='{words}']"
        self.leave_by(lambda: self.chrome.find_element("xpath", path).click())

    def leave_by(self, act: Callable[[], None]) -> None:
        """Do what leads to another page, and wait until the old one is gone."""
        from selenium.webdriver.support.wait import WebDriverWait

        old = self.find("html")
        act()
        WebDriverWait(self.chrome, 30).until(lambda _: _is_gone(old))
        assert self.find("main")

    def write(self, css: str, text: str) -> None:
        field = self.find(css)
        field.clear()
        field.send_keys(text)

    @property
    def text(self) -> str:
        return self.find("body").text

    def sign_in(self, email: str) -> None:
        self.chrome.delete_all_cookies()
        self.go("/sign-in")
        self.write("#email", email)
        self.press("Send link")
        self.press("Open the link")
        self.press("Sign in")
        assert email in self.find(".who").text


def _is_gone(element: "WebElement") -> bool:
    """Whether its page was left; in mid-change the driver has other words for it than "stale"."""
    from selenium.common.exceptions import WebDriverException

    try:
        return not element.is_enabled()
    except WebDriverException:
        return True


@pytest.fixture
def user() -> Iterator[tuple[User, w.World]]:
    world = w.make(sandbox=True)
    with served(world) as url, chromium() as chrome:
        yield User(chrome, url), world


def test_a_merchants_day(user: tuple[User, w.World]) -> None:
    person, world = user
    shop = world.open("one", goods=8, title="Harbour Lights")
    for index in range(5):
        w.price(world, shop, index, worth=float(9 - index))
    text = w.translation(world, shop, 6)
    person.sign_in("owner@tradewind.example")
    assert "Getting started" in person.text
    person.go(f"/s/{shop}/review?function=prices")
    for _ in range(3):
        person.leave_by(lambda: person.click("[data-approve]"))
        assert "written to the store" in person.text
        person.go(f"/s/{shop}/review?function=prices")
    person.leave_by(lambda: person.click("[data-dismiss]"))
    assert "Dismissed" in person.text
    person.go(f"/s/{shop}/proposals/{text.id}")
    person.write("#text-1", "Mein eigener Titel")
    person.press("Approve translation")
    assert "with your changes" in person.text
    person.go(f"/s/{shop}/activity")
    person.press("Undo")
    assert "holds what it held before" in person.text
    person.go(f"/s/{shop}/settings/prices")
    person.click("input[value=automatic]")
    person.press("Save settings")
    assert "Saved." in person.text
    assert world.services.shops.policy(shop).mode(FunctionName("prices")) is Mode.AUTOMATIC
    held = world.stall(shop).values
    found = [one for one in world.services.proposals.every(shop) if one.status is Status.APPLIED]
    assert len(found) == 3
    assert all(held[one.target] is not None for one in found)


def test_keys_alone_decide(user: tuple[User, w.World]) -> None:
    person, world = user
    shop = world.open("one", goods=5)
    made = world.many_prices(shop, 3)
    person.sign_in("owner@tradewind.example")
    person.go(f"/s/{shop}/review?function=prices")
    person.find("body").send_keys("j")
    person.find("body").send_keys("x")
    assert person.find("[data-row].current input[type=checkbox]").is_selected()
    person.leave_by(lambda: person.find("body").send_keys("a"))
    assert "written to the store" in person.text
    statuses = [world.services.proposals.get(shop, one.id).status for one in made]
    assert statuses.count(Status.APPLIED) == 1


def test_an_agencys_morning(user: tuple[User, w.World]) -> None:
    person, world = user
    shops = [world.open(f"shop{number:02}", goods=2, title=f"Shop {number:02}") for number in range(20)]
    for shop in shops[:3]:
        world.many_prices(shop, 2)
    person.sign_in("owner@tradewind.example")
    account = world.accounts.of(world.accounts.person("owner@tradewind.example"))[0]
    person.go(f"/account/{account.id}")
    person.chrome.find_element("xpath", "//summary[.='New template']").click()
    person.write("#t-name", "careful")
    person.write("#t-text", 'prices.max_step_pct = 3\nmodes.prices = "propose"')
    save = person.chrome.find_element("xpath", "//form[.//*[@id='t-name']]//button")
    person.leave_by(save.click)
    assert "Saved." in person.text
    person.go("/shops")
    person.click("[data-all]")
    person.press("Apply template")
    assert "applied to 20 of 20 shops" in person.text
    assert all(str(world.services.shops.policy(shop).prices.max_step_pct) == "3" for shop in shops)
    person.go(f"/s/{shops[4]}/settings/prices")
    person.write("#prices-max_step_pct", "4")
    person.press("Save settings")
    person.go("/shops")
    person.click("[data-all]")
    person.press("Apply template")
    assert str(world.services.shops.policy(shops[4]).prices.max_step_pct) == "4"
    person.click("[data-all]")
    person.chrome.find_element("xpath", "//select[@id='function']/option[@value='prices']").click()
    person.press("Approve what waits")
    assert "Work has begun in 3 of 20 shops" in person.text
    done = [one for shop in shops for one in world.services.proposals.every(shop) if one.status is Status.APPLIED]
    assert len(done) == 6
    person.go(f"/s/{shops[0]}/settings/prices")
    policy = world.services.shops.policy(shops[0])
    world.services.shops.save_policy(shops[0], replace(policy, paused=False))  # a colleague was faster
    person.write("#prices-max_step_pct", "5")
    person.press("Save settings")
    assert "Somebody else changed these settings" in person.text


def test_forms_work_without_javascript() -> None:
    world = w.make(sandbox=True)
    shop = world.open("one", goods=4)
    made = world.many_prices(shop, 2)
    with served(world) as url, chromium(script=False) as chrome:
        person = User(chrome, url)
        person.sign_in("owner@tradewind.example")
        person.go(f"/s/{shop}/review?function=prices")
        person.click("input[name=proposal]")
        person.press("Approve selected")
        assert person.find("#job")
        person.go(f"/s/{shop}/activity")
        person.press("Undo")
        assert "holds what it held before" in person.text
    assert Status.UNDONE in {world.services.proposals.get(shop, one.id).status for one in made}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_and_the_content_policy_holds(dark: bool) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm install --no-package-lock --prefix tests/web")
    world = w.make(sandbox=True)
    shops = [w.busy(world), w.broken(world), world.open("empty", title="Quiet Corner")]
    with served(world) as url, chromium(dark=dark) as chrome:
        person = User(chrome, url)
        faults = _axe(person, "/sign-in")
        person.sign_in("owner@tradewind.example")
        account = world.accounts.of(world.accounts.person("owner@tradewind.example"))[0]
        pages = ["/shops", "/connect", "/account", f"/account/{account.id}", "/sandbox/inbox", "/nowhere"]
        for shop in shops:
            proposals = {one.function: one for one in world.services.proposals.every(shop)}
            pages += [f"/s/{shop}/proposals/{one.id}" for one in proposals.values()]
            screened = [one.order_id for one in world.services.screenings.all(shop)]
            pages += [f"/s/{shop}/orders/{order}" for order in screened[:1]]
            pages += [f"/s/{shop}{part}" for part in PARTS]
        for page in pages:
            faults += _axe(person, page)
        logged = _complaints(chrome)
    assert not faults, "\n".join(faults)
    assert not logged


def _complaints(chrome: Any) -> list[str]:
    """What the browser refused under the content policy."""
    return [entry["message"] for entry in chrome.get_log("browser") if "Content Security" in entry["message"]]


PARTS = (
    "", "/review", "/review?function=prices", "/review?function=texts", "/activity",
    "/activity/undo?day=2026-01-01", "/insights", "/usage", "/settings", "/settings/prices", "/settings/texts",
    "/settings/risks", "/orders", "/translations", "/prices",
)  # fmt: skip


def _axe(person: User, page: str) -> list[str]:
    """What axe says of one page (all of its rules but experimental ones)."""
    person.go(page)
    return axe_of(person, page)


def axe_of(person: User, page: str) -> list[str]:
    """What axe says of the page that is shown."""
    person.chrome.execute_script(AXE.read_text())
    found: Any = person.chrome.execute_async_script(
        "const done = arguments[arguments.length - 1]; axe.run().then((r) => done(JSON.stringify(r.violations)));"
    )
    return [
        f"{page}: {one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:300]}"
        for one in json.loads(found)
    ]


def test_htmx_keeps_to_the_content_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    script = AXE.parent.parent / "htmx.org" / "dist" / "htmx.min.js"
    if not script.exists():
        pytest.skip("htmx is not installed: npm install --no-package-lock --prefix tests/web")
    monkeypatch.setattr(assets, "VENDOR", script.parent)
    monkeypatch.setattr(assets, "version", lambda name: re.sub(r"\W", "", name))
    world = w.make(sandbox=True)
    shop = world.open("one", goods=4)
    with served(world) as url, chromium() as chrome:
        person = User(chrome, url)
        person.sign_in("owner@tradewind.example")
        person.go(f"/s/{shop}")
        assert person.chrome.execute_script("return typeof htmx") == "object"
        logged = _complaints(chrome)
    assert not logged
