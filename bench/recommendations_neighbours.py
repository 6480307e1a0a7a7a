"""Our companions of a large shop in a process of their own: ``python -m bench.recommendations_neighbours FILE``."""

import json
import resource
import sys
import time

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
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "sum": float(near.scores[:, : K - 1].sum(dtype=np.float64)),
    }  # fmt: skip
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
