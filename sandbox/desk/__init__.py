"""The operator's desk: what the command line does with a platform that runs on this machine."""

import json
import os
import socket
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.platform import STATE

if TYPE_CHECKING:
    from chalicelib.services import Services


def services() -> "Services":
    """The services of a deployment whose settings are in the environment, else of the platform that runs here.

    Raises:
        SystemExit: none runs; it says what to do.
    """
    if os.environ.get("TRADEWIND_TABLE"):
        import app

        return app.services()
    settings = json.loads(STATE.read_text()) if STATE.exists() else {}
    if not _answers(settings.get("TRADEWIND_ENDPOINT_URL", "")):
        sys.exit("No platform runs on this machine. Start one in another terminal: tradewind serve")
    os.environ.update({name: value for name, value in settings.items() if name.isupper()})
    import app

    return app.services()


def dead_letters_url() -> str:
    """Where the running platform keeps what nobody could process."""
    return str(json.loads(STATE.read_text())["dead"])


def _answers(url: str) -> bool:
    """Whether somebody listens; a platform that was killed leaves its settings behind."""
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "", place.port or 0), timeout=2).close()
    except OSError:
        return False
    return True
