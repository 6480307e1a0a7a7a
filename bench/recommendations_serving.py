"""How long one request to a model's ONNX graph takes."""

from __future__ import annotations

import time

import numpy as np
import onnxruntime as ort

from functions.recommendations.cases import Cases
from functions.recommendations.export import graph_of
from functions.recommendations.models import Model

_ROUNDS = 3


def microseconds(model: Model, cases: Cases, k: int) -> float:
    """Median over some real pasts, one thread, microseconds; reading the past into weights is included."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(graph_of(model), options, providers=["CPUExecutionProvider"])
    took = []
    for _ in range(_ROUNDS):
        for one in cases.blocks(1):
            begin = time.perf_counter()
            session.run(None, model.request(one).inputs(min(k, model.items)))
            took.append(time.perf_counter() - begin)
    return round(float(np.median(took)) * 1e6, 1)
