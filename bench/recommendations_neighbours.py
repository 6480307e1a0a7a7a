"""Our companions of a large shop in a process of their own: ``python -m bench.recommendations_neighbours FILE``."""

import json
import sys
import time
from pathlib import Path

import numpy as np

from functions.recommendations.neighbours import nearest

K = 50


def main(file: str) -> None:
    """Fit on ``basket`` and ``item`` (int32) and print one JSON line."""
    with np.load(file) as data:
        basket, item = data["basket"], data["item"]
    items = int(item.max()) + 1
    wall, processor = time.perf_counter(), time.process_time()
    near = nearest(basket, item, items, k=K, shrink=0.0)
    figures = {
        "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - processor,
        "rss_mb": peak_mb(),
        "sum": float(near.scores[:, : K - 1].sum(dtype=np.float64)),
    }  # fmt: skip
    print(json.dumps(figures))


def peak_mb() -> float:
    """The most memory that this process held; the kernel's other figure begins with that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


if __name__ == "__main__":
    main(sys.argv[1])
