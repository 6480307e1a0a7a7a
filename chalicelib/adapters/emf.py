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
            names = tuple(name for name, _ in dimensions)
            for part in batched(metrics.items(), METRICS_PER_LINE):
                directive = _directive(self._namespace, names, tuple(name for name, _ in part))
                values = _ENCODER.encode({**dict(dimensions), **dict(part)})
                yield f'{{"_aws":{{"Timestamp":{at_ms},"CloudWatchMetrics":[{directive}]}},{values[1:]}'


@lru_cache(maxsize=512)
def _directive(namespace: str, dimensions: tuple[str, ...], metrics: tuple[str, ...]) -> str:
    """What CloudWatch is told to make of a line; a handler counts the same names again and again."""
    described = [{"Name": name, "Unit": _unit(name)} for name in metrics]
    return _ENCODER.encode({"Namespace": namespace, "Dimensions": [list(dimensions)], "Metrics": described})


def _unit(name: str) -> str:
    """The unit is the name's ending, as everywhere in this project."""
    endings = {"_ms": "Milliseconds", "_s": "Seconds", "_bytes": "Bytes", "_pct": "Percent"}
    return next((unit for ending, unit in endings.items() if name.endswith(ending)), "Count")
