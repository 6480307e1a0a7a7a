"""A pace per shop: hosts publish no limit, so it is learnt: halved on a complaint, regained slowly."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from chalicelib.errors import AppError, RateLimited

FIRST_GAP_S = 0.2
LONGEST_GAP_S = 5.0
REGAIN = 0.9
"""What is left of the gap after each call that went well."""

FREE_S = 0.02
"""A gap below this is none."""


@dataclass(slots=True)
class _State:
    gap_s: float
    next_at: float


@dataclass(slots=True)
class Paces:
    """The gaps between calls of every shop that asked for fewer lately; the others go at full speed."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _states: dict[str, _State] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def wait(self, shop: str) -> None:
        """Wait for this shop's next turn; callers of one shop get turns one after the other."""
        with self._lock:
            state = self._states.get(shop)
            if state is None:
                return
            now = self.clock()
            turn = max(now, state.next_at)
            state.next_at = turn + state.gap_s
        if turn > now:
            self.sleep(turn - now)

    def learn(self, shop: str, error: AppError | None) -> None:
        """Slow down after "too many calls", speed up after a call that went well."""
        with self._lock:
            state = self._states.get(shop)
            if isinstance(error, RateLimited):
                gap = min(max(2 * state.gap_s, FIRST_GAP_S) if state else FIRST_GAP_S, LONGEST_GAP_S)
                self._states[shop] = _State(gap, self.clock() + gap)
            elif error is None and state is not None:
                state.gap_s *= REGAIN
                if state.gap_s < FREE_S:
                    del self._states[shop]

    def gap_s(self, shop: str) -> float:
        """Seconds between two calls of this shop just now."""
        with self._lock:
            state = self._states.get(shop)
            return state.gap_s if state else 0.0
