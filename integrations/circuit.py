"""A circuit breaker per shop: a store that keeps failing is left alone for a while, the others are not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from chalicelib.errors import StoreUnavailable

#   closed ──n failures──► open ──time passes──► half-open ──probe works──► closed
#                            ▲                       └──────probe fails──► open, twice as long


@dataclass(slots=True)
class _State:
    failures: int = 0
    pause_s: float = 0.0
    closed_until: float = 0.0
    """No call before this moment of the monotonic clock."""


@dataclass(slots=True)
class Circuits:
    """The breakers of every shop that failed lately; a shop that works holds no memory here."""

    clock: Callable[[], float]
    failures: int = 5
    """Failed calls in a row that open a breaker."""
    first_pause_s: float = 15.0
    longest_pause_s: float = 300.0
    _states: dict[str, _State] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def enter(self, shop: str) -> None:
        """Ask to call a shop. Raises StoreUnavailable while its breaker is open; lets one probe through."""
        with self._lock:
            state = self._states.get(shop)
            if state is None or state.failures < self.failures:
                return
            wait = state.closed_until - self.clock()
            if wait > 0:
                raise StoreUnavailable(
                    "The store failed several times in a row; it is left alone for a moment.",
                    detail=f"circuit open for {wait:.0f} s",
                )
            state.closed_until = self.clock() + state.pause_s  # only this caller probes

    def succeeded(self, shop: str) -> None:
        """The shop answered sensibly."""
        with self._lock:
            self._states.pop(shop, None)

    def failed(self, shop: str) -> None:
        """The shop did not answer, or not sensibly."""
        with self._lock:
            state = self._states.setdefault(shop, _State())
            state.failures += 1
            if state.failures >= self.failures:
                state.pause_s = min(max(state.pause_s * 2, self.first_pause_s), self.longest_pause_s)
                state.closed_until = self.clock() + state.pause_s

    def open(self, shop: str) -> bool:
        """Whether calls to this shop are refused just now (for a page or a metric)."""
        with self._lock:
            state = self._states.get(shop)
            return state is not None and state.failures >= self.failures and state.closed_until > self.clock()
