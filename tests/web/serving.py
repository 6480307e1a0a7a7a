"""The pages over HTTP on this machine, and a real Chromium, or the reason why there is none."""

import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from chalicelib.contracts import RawRequest
from chalicelib.web.routes import respond
from tests.web.world import World

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  werkzeug's own name
        """Say nothing."""


@contextmanager
def served(world: World) -> Iterator[str]:
    """The world's pages at an address of this machine; its queues are worked off between requests."""
    lock = threading.Lock()

    def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        raw = RawRequest(
            method=request.method,
            path=request.path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.get_data(),
            query=request.args.to_dict(),
        )
        with lock:
            found = respond(world.services, raw)
            world.stage.settle()
        response = Response(found.body, found.status)
        response.headers.clear()
        for name, value in found.headers.items():
            for one in value if isinstance(value, list) else [value]:
                response.headers.add(name, one)
        return response(environ, start_response)

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=_Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    world.services = replace(world.services, settings=replace(world.services.settings, base_url=url))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join(timeout=5)


@contextmanager
def chromium(
    *, width: int = 1280, height: int = 900, script: bool = True, dark: bool = False, arguments: Sequence[str] = ()
) -> Iterator["Chrome"]:
    """A real browser without a window; skips where none is installed."""
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("Chromium and its driver are not installed (Debian: chromium, chromium-driver)")
    options = selenium.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
                     *arguments):  # fmt: skip
        options.add_argument(argument)
    options.add_argument(f"--window-size={width},{height}")
    if dark:
        options.add_argument("--blink-settings=preferredColorScheme=0")
    if not script:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    chrome = selenium.Chrome(options=options, service=Service(driver))
    chrome.implicitly_wait(3)
    try:
        yield chrome
    finally:
        chrome.quit()
