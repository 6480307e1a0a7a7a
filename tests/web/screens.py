"""Pictures of every page in three states, for docs/screens: ``python -m tests.web.screens [FOLDER]``."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.domain.ids import ShopId
from chalicelib.domain.proposals import Status
from tests.web import world as w
from tests.web.serving import chromium, served

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

OWNER = "owner@tradewind.example"
PARTS = {
    "home": "", "review": "/review", "review-prices": "/review?function=prices", "activity": "/activity",
    "insights": "/insights", "settings": "/settings", "limits": "/settings/prices", "usage": "/usage",
    "orders": "/orders", "languages": "/translations", "price-data": "/prices",
}  # fmt: skip
WIDTH, TALLEST = 1180, 2400


def main(folder: Path) -> None:
    """Draw everything: light, and the busy shop in the dark and on a telephone too."""
    folder.mkdir(parents=True, exist_ok=True)
    world = w.make(sandbox=True)
    shops = {"busy": w.busy(world), "broken": w.broken(world), "empty": world.open("empty", title="Quiet Corner")}
    world.stage.clock.advance(timedelta(minutes=47))
    with served(world) as url:
        with chromium(width=WIDTH) as chrome:
            _sign_in(chrome, url, folder)
            for name, path in _everything(world, shops):
                _shoot(chrome, url + path, folder / f"{name}.png", WIDTH)
        for suffix, width, dark in (("dark", WIDTH, True), ("narrow", 420, False)):
            with chromium(width=width, dark=dark) as chrome:
                _sign_in(chrome, url, None)
                for name in ("home", "review"):
                    path = f"/s/{shops['busy']}{PARTS[name]}"
                    _shoot(chrome, url + path, folder / f"{name}-{suffix}.png", width)


def _everything(world: w.World, shops: Mapping[str, ShopId]) -> Iterator[tuple[str, str]]:
    for state, shop in shops.items():
        for name, part in PARTS.items():
            yield f"{name}-{state}", f"/s/{shop}{part}"
    busy = shops["busy"]
    waiting = [one for one in world.services.proposals.every(busy) if one.status is Status.PROPOSED]
    for function in world.services.functions:
        first = min((one for one in waiting if one.function == function), key=lambda one: one.id)
        yield f"proposal-{function}", f"/s/{busy}/proposals/{first.id}"
    applied = next(one for one in world.services.proposals.every(busy) if one.status is Status.APPLIED)
    yield "proposal-applied", f"/s/{busy}/proposals/{applied.id}"
    yield "order", f"/s/{busy}/orders/{next(iter(world.services.screenings.all(busy))).order_id}"
    account = world.accounts.of(world.accounts.person(OWNER))[0]
    world.accounts.save(replace(account, templates={"careful": "prices.max_step_pct = 3\n"}))
    yield from (("shops", "/shops"), ("account", f"/account/{account.id}"))
    yield from (("preferences", "/account"), ("sandbox-inbox", "/sandbox/inbox"), ("not-found", "/nowhere"))


def _sign_in(chrome: "Chrome", url: str, folder: Path | None) -> None:
    chrome.get(f"{url}/sign-in")
    if folder:
        chrome.save_screenshot(str(folder / "sign-in.png"))
    chrome.find_element("css selector", "main button.main").click()
    chrome.find_element("css selector", "a.main").click()
    chrome.find_element("css selector", "main button.main").click()
    assert chrome.find_element("css selector", ".who")


def _shoot(chrome: "Chrome", address: str, file: Path, width: int) -> None:
    chrome.set_window_size(width, 700)
    chrome.get(address)
    height = int(chrome.execute_script("return document.documentElement.scrollHeight"))
    frame = int(chrome.execute_script("return window.outerHeight - window.innerHeight"))
    chrome.set_window_size(width, min(max(height, 500), TALLEST) + frame)
    chrome.save_screenshot(str(file))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screens"))
