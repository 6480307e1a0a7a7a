"""The blend: how much each table, product vector and habit counts, learnt from what buyers chose before.

A softmax over products for each case (a listwise loss: Cao et al. 2007; several answers share its weight), fitted by
Newton's method with a ridge. Products are sampled: every answer, the likeliest by a plain sum, and some of the rest
at random, whose scores are raised by ln(rest / drawn) so that they stand for all of it. Taking the likeliest alone
teaches that good candidates are bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from functions.recommendations.batch import Reading, spread
from functions.recommendations.cases import Cases
from functions.recommendations.models import Weights, lifted, scaled
from functions.recommendations.sales import Floats, Ints, Scores
from functions.recommendations.tables import Table
from functions.recommendations.vectors import BUYER, OWN, PRODUCT, Vectors, buyers, own

LIKELIEST = 100
DRAWN = 40
CASES = 600
"""Cases taken from one window."""
RIDGE = 1e-3
_STEPS = 8
_BLOCK_CELLS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What was known at one moment, and what was bought after it."""

    tables: Sequence[Table]
    readings: Sequence[Reading]
    known: Vectors
    cases: Cases


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """``features`` (rows, columns), ``offset`` and ``answer`` (rows,), cut into cases at ``starts``."""

    features: Scores
    offset: Scores
    answer: Scores
    starts: Ints


def fitted(windows: Sequence[Window], *, repeats: bool, seed: int = 0) -> Weights:
    """The weights under which the answers of these windows were likeliest."""
    random = np.random.default_rng(seed)
    samples = [
        _sample(window, block, repeats, random)
        for window in windows
        for block in window.cases.sample(CASES, seed).blocks(max(1, _BLOCK_CELLS // window.known.values.shape[1]))
    ]
    return _weights(_newton(_joined(samples)), len(windows[0].tables), repeats)


def _sample(window: Window, cases: Cases, repeats: bool, random: np.random.Generator) -> _Sample:
    channels = []
    for table, reading in zip(window.tables, window.readings, strict=True):
        value = scaled(spread(table, cases, reading.weights(cases)))
        channels += [value, lifted(value)]
    chosen, offset, answer = _drawn(window, cases, channels, random)
    row, item = np.nonzero(chosen)
    values, mine = window.known.values, buyers(window.known, cases)
    crossed = mine[row][:, :, None] * values[: len(PRODUCT), item].T[:, None, :]
    columns = [channel[row, item][:, None] for channel in channels]
    columns += [crossed.reshape(len(row), -1), _local(window.known, cases, row, item)[:, None]]
    if repeats:
        columns.append(_habit(window.known, cases, row, item))
    return _Sample(
        features=np.concatenate(columns, axis=1).astype(np.float32), offset=offset[row, item],
        answer=answer[row, item].astype(np.float32), starts=np.searchsorted(row, np.arange(len(cases))),
    )  # fmt: skip


def _drawn(
    window: Window, cases: Cases, channels: Sequence[Scores], random: np.random.Generator
) -> tuple[np.ndarray, Scores, np.ndarray]:
    """Which products stand in the sample of each case, what each stands for in ln, and which are answers."""
    known = window.known
    gate = known.row("demand_30") + known.row("first_14") + sum(channels[::2]) / max(1, len(channels) // 2)
    gate = np.broadcast_to(gate, (len(cases), known.values.shape[1])).copy()
    allowed, answer = np.ones(gate.shape, bool), np.zeros(gate.shape, bool)
    allowed[cases.blocked_row, cases.blocked] = False
    answer[cases.target_row, cases.targets] = True
    gate[~allowed] = -np.inf
    count = min(LIKELIEST, gate.shape[1] - 1)
    near = answer.copy()
    np.put_along_axis(near, np.argpartition(-gate, count, axis=1)[:, :count], True, axis=1)
    near[cases.row, cases.items] = True
    near &= allowed
    rest = (allowed & ~near).sum(1, keepdims=True)
    share = np.minimum(1.0, DRAWN / np.maximum(rest, 1))
    far = allowed & ~near & (random.random(gate.shape, np.float32) < share)
    offset = np.where(far, -np.log(share), 0.0).astype(np.float32)
    return near | far, offset, answer & allowed


def _local(known: Vectors, cases: Cases, row: Ints, item: Ints) -> Scores:
    """Demand in the buyer's own country."""
    match = cases.country[:, None] == known.countries
    place = np.where(match.any(1), match.argmax(1), -1)[row]
    value = known.values[len(PRODUCT) + np.maximum(place, 0), item] if len(known.countries) else np.zeros(len(row))
    return np.where(place >= 0, value, 0.0).astype(np.float32)


def _habit(known: Vectors, cases: Cases, row: Ints, item: Ints) -> Scores:
    """The features of having bought a product before."""
    features = own(known, cases)
    newest = np.flatnonzero(features[:, 0])
    keys = cases.row[newest] * known.values.shape[1] + cases.items[newest]
    order = np.argsort(keys)
    wanted = row * known.values.shape[1] + item
    place = np.minimum(np.searchsorted(keys[order], wanted), max(len(keys) - 1, 0))
    found = np.zeros((len(row), len(OWN)), np.float32)
    if len(keys):
        hit = keys[order][place] == wanted
        found[hit] = features[newest[order[place[hit]]]]
    return found


def _joined(samples: Sequence[_Sample]) -> _Sample:
    sizes = np.cumsum([0, *(len(one.answer) for one in samples)])
    return _Sample(
        features=np.concatenate([one.features for one in samples]),
        offset=np.concatenate([one.offset for one in samples]),
        answer=np.concatenate([one.answer for one in samples]),
        starts=np.concatenate([one.starts + begin for one, begin in zip(samples, sizes[:-1], strict=True)]),
    )


def _newton(data: _Sample) -> Floats:
    """Coefficients of the columns; halves a step that does not improve."""
    row = np.repeat(np.arange(len(data.starts)), np.diff(np.append(data.starts, len(data.answer))))
    answers = np.add.reduceat(data.answer, data.starts)
    goal = data.answer / np.maximum(answers, 1)[row] * (answers > 0)[row]
    beta = np.zeros(data.features.shape[1])
    loss, share = _loss(data, row, goal, beta)
    for _ in range(_STEPS):
        step = _direction(data, goal, share * (answers > 0)[row].astype(np.float32), beta)
        size = 1.0
        while (better := _loss(data, row, goal, beta - size * step))[0] > loss and size > 1e-3:
            size /= 2
        gained, beta = loss - better[0], beta - size * step
        loss, share = better
        if gained < 1e-4:
            break
    return beta


def _loss(data: _Sample, row: Ints, goal: Scores, beta: Floats) -> tuple[float, Scores]:
    """Mean negative log likelihood with the ridge, and each row's share of its case."""
    score = data.features @ beta.astype(np.float32) + data.offset
    peak = np.maximum.reduceat(score, data.starts)
    share = np.exp(score - peak[row])
    total = np.add.reduceat(share, data.starts)
    counted = np.add.reduceat(goal, data.starts)
    loss = (counted @ (np.log(total) + peak) - goal @ score) / len(data.starts)
    return float(loss + RIDGE / 2 * (beta @ beta)), share / total[row]


def _direction(data: _Sample, goal: Scores, share: Scores, beta: Floats) -> Floats:
    """Inverse Hessian times gradient."""
    count = len(data.starts)
    gradient = data.features.T @ (share - goal) / count + RIDGE * beta
    weighted = data.features * share[:, None]
    mean = np.add.reduceat(weighted, data.starts, axis=0)
    curvature = (data.features.T @ weighted - mean.T @ mean).astype(np.float64) / count
    return np.linalg.solve(curvature + RIDGE * np.eye(len(beta)), gradient)


def _weights(beta: Floats, channels: int, repeats: bool) -> Weights:
    """Columns back into their places: channels, crossed vectors, country, habits."""
    crossed = len(BUYER) * len(PRODUCT)
    pairs = beta[: 2 * channels].reshape(-1, 2)
    mixing = beta[2 * channels : 2 * channels + crossed].reshape(len(BUYER), len(PRODUCT))
    rest = beta[2 * channels + crossed :]
    return Weights(
        channels=[(float(linear), float(log)) for linear, log in pairs], mixing=mixing.astype(np.float32),
        country=float(rest[0]), own=(rest[1:] if repeats else np.zeros(len(OWN))).astype(np.float32),
    )  # fmt: skip
