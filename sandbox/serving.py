"""``tradewind serve``: the local platform, empty, until it is stopped."""

import signal
import socket
from datetime import timedelta
from time import sleep
from types import FrameType
from urllib.parse import urlsplit

from sandbox.platform import Platform

CLOCK = {
    "reconcile": timedelta(minutes=1), "train": timedelta(hours=6), "digest": timedelta(hours=24),
}  # fmt: skip
"""More often than on AWS, so that what webhooks missed is seen while somebody watches."""


SAFE_PORTS = (80, 443, 8080)
"""Where WordPress sends to unless told otherwise (wp_http_validate_url): to another port of this machine its
webhooks fail one after the other, and nobody says why."""
ELSEWHERE = 8910


def serve(port: int | None, public_url: str) -> int:
    """Run until Ctrl+C or a polite kill. Everything is kept in memory and gone afterwards."""
    signal.signal(signal.SIGTERM, _stop)
    environment = {"TRADEWIND_BASE_URL": public_url.rstrip("/")} if public_url else {}
    platform = Platform(port=_chosen() if port is None else port, environment=environment)
    platform.start_workers()
    platform.start_clock(CLOCK)
    print(
        f"Tradewind runs at {platform.url}/ (stores reach it at {public_url or platform.url}/hooks/…)",
        flush=True,
    )
    if urlsplit(public_url or platform.url).port not in {None, *SAFE_PORTS}:
        print(
            "WordPress delivers webhooks to ports 80, 443 and 8080 alone unless its filter http_allowed_safe_ports "
            "allows more. What it cannot deliver is read from the store every minute.",
            flush=True,
        )
    print("Sign in there to connect a store, or use another terminal: tradewind shops connect --help", flush=True)
    try:
        while True:
            sleep(3600)
    except KeyboardInterrupt:
        return 0
    finally:
        platform.close()


def _chosen() -> int:
    """A port that WordPress delivers to, where one is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", SAFE_PORTS[-1]))
        except OSError:
            return ELSEWHERE
    return SAFE_PORTS[-1]


def _stop(number: int, frame: FrameType | None) -> None:
    """End as by Ctrl+C: a service manager asks this way, and AWS's stand-in must end with us."""
    raise KeyboardInterrupt
