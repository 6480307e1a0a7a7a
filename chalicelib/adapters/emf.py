"""Counted facts as CloudWatch metrics: printed as embedded metric format, so counting costs no call.

Source: "Specification: Embedded metric format", Amazon CloudWatch user guide.
"""

import json
import sys
import threading
from collections.abc import Iterator
from functools import lru_cache
from itertools import batched
from typing import TextIO

from chalicelib.adapters.clocks import SystemClock
from chalicelib.ports import Clock

METRICS_PER_LINE = 100
_ENCODER = json.JSONEncoder(separators=(",", ":"))

_Dimensions = tuple[tuple[str, str], ...]


class EmfMeter:
    """Adds up between flushes; each flush prints one JSON line per set of dimensions, usually one."""

    def __init__(
        self, clock: Clock | None = None, namespace: str = "Tradewind", out: TextIO | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._namespace = namespace
        self._out = out
        self._lock = threading.Lock()
        self._totals: dict[_Dimensions, dict[str, float]] = {}

    def count(self, name: str, value: float = 1.0, **dimensions: str) -> None:
        with self._lock:
            totals = self._totals.setdefault(tuple(sorted(dimensions.items())), {})
            totals[name] = totals.get(name, 0.0) + value

    def flush(self) -> None:
        """Print what was counted since the last time; called at the end of every handler."""
        with self._lock:
            totals, self._totals = self._totals, {}
        out = self._out or sys.stdout
        for line in self._lines(totals):
            out.write(line + "\n")
        out.flush()

    def _lines(self, totals: dict[_Dimensions, dict[str, float]]) -> Iterator[str]:
        at_ms = int(self._clock.now().timestamp() * 1000)
        for dimensions, metrics in totals.items():
            for part in batched(metrics.items(), METRICS_PER_LINE):
                frame, names = _frame(self._namespace, dimensions, tuple(name for name, _ in part))
                values = ",".join(f"{name}:{value!r}" for name, (_, value) in zip(names, part, strict=True))
                yield f'{{"_aws":{{"Timestamp":{at_ms},{frame},{values}}}'


@lru_cache(maxsize=512)
def _frame(
    namespace: str, dimensions: _Dimensions, metrics: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """What CloudWatch is told to make of a line, and the metrics' names as JSON; a handler counts the same names
    again and again."""
    described = [{"Name": name, "Unit": _unit(name)} for name in metrics]
    directive = {"Namespace": namespace, "Dimensions": [[name for name, _ in dimensions]], "Metrics": described}
    said = _ENCODER.encode(dict(dimensions))[1:-1]
    frame = f'"CloudWatchMetrics":[{_ENCODER.encode(directive)}]}}{"," if said else ""}{said}'
    return frame, tuple(map(_ENCODER.encode, metrics))


def _unit(name: str) -> str:
    """The unit is the name's ending, as everywhere in this project."""
    endings = {"_ms": "Milliseconds", "_s": "Seconds", "_bytes": "Bytes", "_pct": "Percent"}
    return next((unit for ending, unit in endings.items() if name.endswith(ending)), "Count")
