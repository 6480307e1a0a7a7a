"""Peers' scoring times, run by an interpreter that has them: ``python this in.npz out.json``.

in.npz: ``x`` float32 (rows, columns) with NaN, ``y``. Times are medians in microseconds, on one thread.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnxruntime
from interpret.glassbox import ExplainableBoostingClassifier
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

BATCH, ONES = 1_000, 300


def timed(call: Callable[[Any], Any], x: Any) -> dict[str, float]:
    """Microseconds for one row, and for a batch of a thousand."""
    ones, batches = [], []
    for place in range(ONES):
        row = x[place : place + 1]
        begin = time.perf_counter()
        call(row)
        ones.append(time.perf_counter() - begin)
    for _ in range(20):
        begin = time.perf_counter()
        call(x[:BATCH])
        batches.append(time.perf_counter() - begin)
    return {"one": float(np.median(ones)) * 1e6, "batch": float(np.median(batches)) * 1e6}


def main(given: str, answer: str) -> None:
    """Train each peer and time it."""
    with np.load(given) as data:
        x, y = data["x"], data["y"]
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 31, "learning_rate": 0.05}
    trees = lightgbm.train(options, lightgbm.Dataset(x, y), num_boost_round=200)
    wanted = [("features", FloatTensorType([None, x.shape[1]]))]
    graph = convert_lightgbm(trees, initial_types=wanted, zipmap=False)
    one_thread = onnxruntime.SessionOptions()
    one_thread.intra_op_num_threads = one_thread.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), one_thread, providers=["CPUExecutionProvider"])
    additive = ExplainableBoostingClassifier(n_jobs=1, outer_bags=4, max_rounds=300, random_state=1).fit(x, y)
    found = {
        "LightGBM": timed(trees.predict, x),
        "LightGBM, TreeSHAP": timed(lambda rows: trees.predict(rows, pred_contrib=True), x),
        "LightGBM in ONNX": timed(lambda rows: session.run(None, {"features": rows}), x),
        "interpret": timed(additive.predict_proba, x),
        "interpret, with reasons": timed(additive.eval_terms, x),
    }
    Path(answer).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
