"""implicit's item-kNN, for an interpreter that has it: ``python this baskets.npz [queries]`` prints a JSON line."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import scipy.sparse
from implicit.nearest_neighbours import CosineRecommender

K = 50


def main(file: str, queries: str = "0") -> None:
    """Fit on ``basket`` and ``item`` (int32), then time ``similar_items`` for some products."""
    with np.load(file) as data:
        basket, item = data["basket"], data["item"]
    shape = (int(basket.max()) + 1, int(item.max()) + 1)
    bought = scipy.sparse.csr_matrix((np.ones(len(item), np.float32), (basket, item)), shape=shape)
    wall, processor = time.perf_counter(), time.process_time()
    model = CosineRecommender(K=K)
    model.fit(bought, show_progress=False)
    figures = {
        "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - processor,
        "rss_mb": peak_mb(),
        "sum": float(model.similarity.sum() - model.similarity.diagonal().sum()),
    }  # fmt: skip
    took = []
    for product in np.random.default_rng(3).integers(0, shape[1], int(queries)).tolist():
        begin = time.process_time()
        model.similar_items(product, N=10)
        took.append(time.process_time() - begin)
    figures["query_us"] = float(np.median(took)) * 1e6 if took else 0.0
    print(json.dumps(figures))


def peak_mb() -> float:
    """The most memory that this process held; the kernel's other figure begins with that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:3])
