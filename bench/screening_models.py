"""The models of a backtest: ours, its parts, and LightGBM where an interpreter has it."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bench.repricing_models import PEERS_PYTHON
from bench.screening_data import Orders
from bench.screening_figures import Judged
from bench.screening_protocols import Split
from functions.screening.boosting import sigmoid
from functions.screening.choosing import Contest
from functions.screening.columns import Floats, Ints, Values
from functions.screening.judging import Judge
from functions.screening.learning import Lesson
from functions.screening.recipes import learn
from functions.screening.schema import DIRECTIONS

ROWS_TIMED: Final = 300
OURS, ADDITIVE, TREES, PEER = "Tradewind", "additive (glass-box)", "boosted trees, ours", "LightGBM"

type Say = Callable[[str], None]
_held: list[Orders] = []
"""What is being judged, for workers."""


@dataclass(slots=True)
class Result:
    """One model over all folds."""

    name: str
    folds: list[Judged] = field(default_factory=list)
    fit_seconds: list[float] = field(default_factory=list)
    row_us: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Learned:
    """One fold of ours."""

    probability: dict[str, Floats]
    seconds: float
    row_us: float
    contest: Contest | None
    parity: float
    """Largest difference between contributions plus intercept and the logit."""


def lesson_of(orders: Orders, rows: Ints) -> Lesson:
    """What a model may learn from."""
    part = orders.rows(rows)
    return Lesson(table=part.table, label=part.label, group=part.group, directions=DIRECTIONS)


def ours(orders: Orders, splits: Sequence[Split], say: Say) -> tuple[list[Result], list[Learned]]:
    """Ours and its parts, folds side by side on as many processors as there are."""
    found = {name: Result(name) for name in (OURS, ADDITIVE, TREES)}
    workers = min(len(splits), os.cpu_count() or 1)
    parts: list[Learned] = []
    _held.append(orders)
    # Forked workers find the orders where they lie; sent to them, a large file would be copied for every fold.
    with ProcessPoolExecutor(workers, get_context("fork")) as pool:
        for number, one in enumerate(pool.map(_learned, splits)):
            say(f"{OURS}: fold {number + 1} of {len(splits)} learned in {one.seconds:.0f} s")
            parts.append(one)
    _held.clear()
    for split, one in zip(splits, parts, strict=True):
        for name, probability in one.probability.items():
            found[name].folds.append(judged(orders, split, probability))
            found[name].fit_seconds.append(one.seconds)
        found[OURS].row_us.append(one.row_us)
    return [result for result in found.values() if len(result.folds) == len(splits)], parts


def judged(orders: Orders, split: Split, probability: Floats) -> Judged:
    """A fold's held-out rows with what a model thinks of them."""
    test = split.test
    return Judged(orders.label[test], probability, orders.total[test], orders.group[test])


def _learned(split: Split) -> Learned:
    orders = _held[-1]
    begin = time.perf_counter()
    lesson = lesson_of(orders, split.train)
    used, champion, challenger, contest = learn(lesson, order=orders.at[split.train] if orders.timed else None)
    seconds = time.perf_counter() - begin
    table = orders.rows(split.test).table
    logits = {OURS: used.logit(table), ADDITIVE: champion.logit(table)}
    if challenger is not None:
        logits[TREES] = challenger.logit(table)
    row_us, parity = _timed(used, {name: values[:ROWS_TIMED] for name, values in table.items()}, logits[OURS])
    return Learned({name: sigmoid(logit) for name, logit in logits.items()}, seconds, row_us, contest, parity)


def _timed(judge: Judge, table: dict[str, Values], logit: Floats) -> tuple[float, float]:
    """Microseconds for one row, reasons with it, and how well they add up."""
    graph, terms = judge.graph()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    rows = judge.numbers(table)
    names = ["probability", "contributions"]
    found = np.asarray(session.run(names, {"features": rows})[1], np.float64).sum(1) + terms.intercept
    each = []
    for row in rows:
        begin = time.perf_counter()
        session.run(names, {"features": row[None, :]})
        each.append(time.perf_counter() - begin)
    return float(np.median(each)) * 1e6, float(np.abs(found - logit[: len(rows)]).max())


def peer(orders: Orders, splits: Sequence[Split], say: Say) -> Result | None:
    """LightGBM, by another interpreter; None where there is none."""
    python = os.environ.get(PEERS_PYTHON, "")
    if not python:
        say(f"{PEER} left out: set {PEERS_PYTHON} to a Python that has it")
        return None
    with tempfile.TemporaryDirectory() as folder:
        given, rows, answer = (Path(folder) / name for name in ("in.npz", "rows.npy", "out.npz"))
        sides = {f"{side}_{n}": getattr(one, side) for n, one in enumerate(splits) for side in ("train", "test")}
        np.savez(given, categorical=_matrix(orders, rows), y=orders.label, **sides)
        script = Path(__file__).with_name("screening_lightgbm.py")
        called = [python, str(script), str(given), str(answer), str(rows)]
        done = subprocess.run(called, capture_output=True, check=False)
        if done.returncode:
            say(f"{PEER} left out: {done.stderr.decode(errors='replace').strip().splitlines()[-1]}")
            return None
        with np.load(answer) as held:
            found = dict(held)
    folds = [judged(orders, split, found[f"p_{number}"]) for number, split in enumerate(splits)]
    return Result(PEER, folds, found["seconds"].tolist(), found["row_us"].tolist())


def _matrix(orders: Orders, rows: Path) -> NDArray[np.bool_]:
    """Write (rows, columns) float32 to ``rows``; which of the columns are categories."""
    shape = (len(orders.label), len(orders.table))
    held = np.lib.format.open_memmap(rows, "w+", np.float32, shape)
    categorical = np.zeros(len(orders.table), bool)
    for place, values in enumerate(orders.table.values()):
        categorical[place] = values.dtype.kind == "O"
        held[:, place] = _codes(values) if categorical[place] else values
    held.flush()
    return categorical


def _codes(values: Values) -> Floats:
    """A number for each category; -1, which LightGBM takes for unknown, where there is none."""
    numbers: dict[str, int] = {}
    return np.array(
        [-1 if one is None else numbers.setdefault(str(one), len(numbers)) for one in values.tolist()], np.float64
    )
