"""Order screening: what scoring with reasons takes, beside peers.

Peers run in an interpreter of their own (``bench/screening_peers.txt``), named by TRADEWIND_PEERS_PYTHON; without one
their figures are left out. The simulated orders' last look is ``python -m bench.screening_simulated``.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime

from bench import Row
from bench.repricing_models import PEERS_PYTHON
from chalicelib.inference import Loaded, shipped
from functions.screening.deciding import Attention, Stake, decide
from functions.screening.features import Known, features
from functions.screening.features import Row as Features
from functions.screening.scoring import MODEL, encode, read_terms, score_with
from model_artifacts.translation.shipped import load
from sandbox.orders.stream import all_orders
from sandbox.screening.rows import order_of, plain, rows_of

ONES, BATCH = 3_000, 1_000
SAME: Final = "the same rows, one run; LightGBM of 200 trees of 31 leaves, interpret of 300 rounds and 4 bags"
SIMULATED: Final = "simulated orders; batch 1, one thread, median"


def rows() -> Iterator[Row]:
    """Every figure."""
    model = load(MODEL)
    if model is None:
        raise RuntimeError("there is no shipped screening model: run python -m sandbox.screening.build")
    records = all_orders(seed=11, scale=0.03)
    seen = list(rows_of(records))
    label = np.array([float(record.is_fraud) for record in records])
    x = encode(model.once("terms", read_terms), seen)
    peers = _peers(x, label)
    yield from _scoring(model, x, peers)
    yield from _around(model, seen, records)


def _scoring(model: Loaded, x: Any, peers: Mapping[str, Mapping[str, float]]) -> Iterator[Row]:
    names = {"one": "screening.row_us", "batch": "screening.thousand_rows_us"}
    terms, graph = model.once("terms", read_terms), session()
    what = f"{x.shape[1]} features, {len(terms.terms)} terms, probability and every term's part in one call"
    for kind, name in names.items():
        own = _median(lambda part: graph.run(None, {"features": part}), x, 1 if kind == "one" else BATCH)
        yield Row(name=name, value=own, unit="us", note=f"{what}; {SIMULATED}")
        for peer, times in peers.items():
            ratio = own / times[kind]
            yield Row(name=name, value=own, unit="us", peer=peer, peer_value=times[kind], ratio=ratio, note=SAME)
    checked = _median(lambda part: model.run({"features": part}), x, 1)
    yield Row(name="screening.checked_row_us", value=checked, unit="us", note="the same with the loaded model's checks")
    found = model.run({"features": x})
    p = found["probability"][:, 0].astype(np.float64)
    logit = np.asarray(found["contributions"], np.float64).sum(1) + terms.intercept
    told = (p > 1e-3) & (p < 0.9)  # float32 probabilities near 1 cannot tell log odds apart
    gap = np.abs(logit[told] - np.log(p[told] / (1 - p[told])))
    note = f"largest gap of contributions plus intercept to the probability's log odds, {int(told.sum())} rows"
    yield Row(name="screening.reasons_less_logit", value=float(gap.max()), unit="log odds", note=note)


def session() -> onnxruntime.InferenceSession:
    """The shipped graph on one thread. Raises RuntimeError where there is none."""
    folder = shipped(MODEL)
    if folder is None:
        raise RuntimeError("there is no shipped screening model")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])


def _median(call: Callable[[Any], Any], x: Any, size: int) -> float:
    each = []
    for turn in range(ONES if size == 1 else 60):
        part = x[turn % (len(x) - size) :][:size]
        begin = time.perf_counter()
        call(part)
        each.append(time.perf_counter() - begin)
    return float(np.median(each)) * 1e6


def _around(model: Loaded, seen: list[Features], records: Any) -> Iterator[Row]:
    """What comes before and after the graph."""
    orders = [order_of(record) for record in records[:400]]
    known = Known(identify=plain)
    value = _each(lambda place: features(orders[place], known), len(orders))
    yield Row(name="screening.features_us", value=value, unit="us", note="one order to one row, counters at hand")
    scored = score_with(model, seen[:400])
    decided = _each(lambda place: decide(seen[place], scored, Stake(60, 15, 30, 3), Attention(5), place), 400)
    yield Row(name="screening.decision_us", value=decided, unit="us", note="costs, verdict, and reasons in words")
    whole = _each(lambda place: score_with(model, seen[place : place + 1]), 400)
    yield Row(name="screening.row_with_encoding_us", value=whole, unit="us", note="row to array, graph, check")


def _each(call: Callable[[int], Any], count: int) -> float:
    taken = []
    for place in range(count):
        begin = time.perf_counter()
        call(place)
        taken.append(time.perf_counter() - begin)
    return float(np.median(taken)) * 1e6


def _peers(x: Any, y: Any) -> Mapping[str, Mapping[str, float]]:
    python = os.environ.get(PEERS_PYTHON, "")
    if not python:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "in.npz", Path(folder) / "out.json"
        np.savez(given, x=x, y=y)
        script = Path(__file__).with_name("screening_peers.py")
        subprocess.run([python, str(script), str(given), str(answer)], check=True)
        found: Mapping[str, Mapping[str, float]] = json.loads(answer.read_text(encoding="utf-8"))
        return found
