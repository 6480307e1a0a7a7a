"""Clocks: the real one, and one that tests move by hand."""

from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FrozenClock:
    """Stands still until it is moved, so that expiry and leases can be tested to the second."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move on by ``by``; a negative span is how tests skew the clock."""
        self._at += by

    def move_to(self, at: datetime) -> None:
        """Jump to a moment."""
        self._at = at
