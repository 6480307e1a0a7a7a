"""A meter that adds up, for tests and the local platform."""

import threading


class MemoryMeter:
    """Adds up what was counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}

    def count(self, name: str, value: float = 1.0, **dimensions: str) -> None:
        fact = (name, frozenset(dimensions.items()))
        with self._lock:
            self._totals[fact] = self._totals.get(fact, 0.0) + value

    def total(self, name: str, **dimensions: str) -> float:
        """The sum over every fact of that name whose dimensions include these."""
        wanted = dimensions.items()
        with self._lock:
            return sum(v for (n, d), v in self._totals.items() if n == name and wanted <= d)

    def names(self) -> frozenset[str]:
        """Everything that was ever counted."""
        with self._lock:
            return frozenset(name for name, _ in self._totals)
