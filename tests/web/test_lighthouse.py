"""Lighthouse on every page of a busy shop: performance, accessibility and best practices at 95 or more.

On a simulated telephone with slow 4G, Lighthouse's own default. Outside the ordinary suite (``make audit``): it
takes minutes, and its performance figure wants an idle machine.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web import world as w
from tests.web.serving import served

pytestmark = pytest.mark.audit

TOOL = Path(__file__).parent / "lighthouse" / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices")
AT_LEAST = 95
PARTS = (
    "", "/review", "/activity", "/insights", "/orders", "/translations", "/prices", "/settings", "/usage",
)  # fmt: skip
TRIES = 3
"""One slow frame of a shared machine is not the page's fault; a page that is slow is slow three times."""
AGAIN = "Please run Lighthouse again"
"""What Lighthouse says where the browser's trace went wrong, not the page."""


def test_every_page_of_a_busy_shop_scores_95(tmp_path: Path) -> None:
    node, browser = shutil.which("node"), shutil.which("chromium")
    if node is None or browser is None or not TOOL.exists():
        pytest.skip("Lighthouse, Node.js and Chromium are needed; `make audit` installs the first")
    world = w.make(sandbox=True)
    shop = w.busy(world)
    w.people(world, shop)
    visitor = world.browser(w.OWNER)
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    (tmp_path / "headers.json").write_text(json.dumps({"Cookie": cookie}))
    low = []
    with served(world) as url:
        for page in _pages(world, shop):
            scores = _best(node, browser, url + page, tmp_path)
            print(page, scores)  # noqa: T201  progress: a page takes ten seconds
            low += [f"{page}: {name} {score}" for name, score in scores.items() if score < AT_LEAST]
    assert not low, "\n".join(low)


def _pages(world: w.World, shop: str) -> Iterator[str]:
    yield from ("/sign-in", "/shops", "/account")
    yield from (f"/s/{shop}{part}" for part in PARTS)
    yield f"/s/{shop}/orders/{next(iter(world.services.screenings.all(w.ShopId(shop)))).order_id}"
    yield from (f"/s/{shop}/settings/{name}" for name in world.services.functions)
    seen = {one.function: one for one in world.services.proposals.every(w.ShopId(shop))}
    yield from (f"/s/{shop}/proposals/{one.id}" for one in seen.values())


def _best(node: str, browser: str, address: str, folder: Path) -> dict[str, int]:
    """The best of some tries per category; one try where it is good enough."""
    best: dict[str, int] = {}
    for _ in range(TRIES):
        for name, score in _measure(node, browser, address, folder).items():
            best[name] = max(score, best.get(name, 0))
        if min(best.values()) >= AT_LEAST:
            break
    return best


def _measure(node: str, browser: str, address: str, folder: Path) -> dict[str, int]:
    out = folder / "report.json"
    called = [
        node, str(TOOL), address, "--quiet", "--output=json", f"--output-path={out}",
        f"--only-categories={','.join(CATEGORIES)}", f"--extra-headers={folder / 'headers.json'}",
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-background-networking "
        "--disable-component-update --disable-sync --no-first-run",
    ]  # fmt: skip
    surroundings = {**os.environ, "CHROME_PATH": browser}
    for _ in range(TRIES):
        done = subprocess.run(called, env=surroundings, capture_output=True, text=True, check=False, timeout=180)
        if AGAIN not in done.stderr:
            break
    assert done.returncode == 0, done.stderr[-1500:]
    report = json.loads(out.read_text())
    for category in report["categories"].values():
        for ref in category["auditRefs"]:
            audit = report["audits"][ref["id"]]
            if audit["score"] is not None and audit["score"] < 1 and ref["weight"]:
                print("  ", audit["id"], audit["score"], audit.get("displayValue", ""))  # noqa: T201
    return {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}
