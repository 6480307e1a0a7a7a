"""``tradewind serve``: the local platform, empty, until it is stopped."""

import signal
from datetime import timedelta
from time import sleep
from types import FrameType

from sandbox.platform import Platform

CLOCK = {
    "reconcile": timedelta(minutes=1), "train": timedelta(hours=6), "digest": timedelta(hours=24),
}  # fmt: skip
"""More often than on AWS, so that what webhooks missed is seen while somebody watches."""


def serve(port: int, public_url: str) -> int:
    """Run until Ctrl+C or a polite kill. Everything is kept in memory and gone afterwards."""
    signal.signal(signal.SIGTERM, _stop)
    environment = {"TRADEWIND_BASE_URL": public_url.rstrip("/")} if public_url else {}
    platform = Platform(port=port, environment=environment)
    platform.start_workers()
    platform.start_clock(CLOCK)
    print(
        f"Tradewind runs at {platform.url}/ (stores reach it at {public_url or platform.url}/hooks/…)",
        flush=True,
    )
    print("Connect a store from another terminal: tradewind shops connect --help", flush=True)
    try:
        while True:
            sleep(3600)
    except KeyboardInterrupt:
        return 0
    finally:
        platform.close()


def _stop(number: int, frame: FrameType | None) -> None:
    """End as by Ctrl+C: a service manager asks this way, and AWS's stand-in must end with us."""
    raise KeyboardInterrupt
