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

LIKELIEST = 80
DRAWN = 30
ANSWERS = 3_000
"""Answers taken from one window, about."""
MOST_CASES, FEWEST_CASES = 1_000, 500
CHANNEL, PLAIN, CROSSED = 30.0, 300.0, 3_000.0
"""Ridges over the number of answers; see _ridge."""
REACHABLE, ROUNDS = 0.3, 1
"""An answer counts by the power REACHABLE of its own likelihood: what no list of ten could hold teaches little."""
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
    """``features`` (rows, columns), ``offset`` and ``answer`` (rows,), cut into cases at ``starts``.

    ``ridge`` (columns,): how strongly each coefficient is held at zero, the less the more answers there are.
    """

    features: Scores
    offset: Scores
    answer: Scores
    starts: Ints
    ridge: Floats


def fitted(windows: Sequence[Window], *, repeats: bool, seed: int = 0) -> Weights:
    """The weights under which the answers of these windows were likeliest."""
    random = np.random.default_rng(seed)
    size = max(1, _BLOCK_CELLS // windows[0].known.values.shape[1])
    samples = [
        _sample(window, block, repeats, random)
        for window in windows
        for block in window.cases.sample(_enough(window.cases), seed).blocks(size)
    ]
    return _weights(_newton(_joined(samples)), len(windows[0].tables), repeats)


def _ridge(channels: int, repeats: bool) -> Floats:
    """Little for channels, country and habits, more for product vectors, most for their products with tastes."""
    crossed = np.full((len(BUYER), len(PRODUCT)), CROSSED)
    crossed[BUYER.index("one")] = PLAIN
    rest = 1 + len(OWN) if repeats else 1
    return np.concatenate([np.full(2 * channels, CHANNEL), crossed.ravel(), np.full(rest, CHANNEL)])


def _enough(cases: Cases) -> int:
    """How many cases to learn from: more where each has few answers."""
    answers = max(1.0, len(cases.targets) / max(1, len(cases)))
    return int(np.clip(ANSWERS / answers, FEWEST_CASES, MOST_CASES))


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
        ridge=_ridge(len(window.tables), repeats),
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
    if not len(known.countries):
        return np.zeros(len(row), np.float32)
    match = cases.country[:, None] == known.countries
    place = np.where(match.any(1), match.argmax(1), -1)[row]
    value = known.values[len(PRODUCT) + np.maximum(place, 0), item]
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
        ridge=samples[0].ridge / max(1.0, float(sum(one.answer.sum() for one in samples))),
    )


def _newton(data: _Sample) -> Floats:
    """Coefficients of the columns, answers weighed anew ``ROUNDS`` times by how likely they have become."""
    row = np.repeat(np.arange(len(data.starts)), np.diff(np.append(data.starts, len(data.answer))))
    beta = np.zeros(data.features.shape[1])
    goal = _goal(data, row, np.ones(len(row), np.float32))
    for _ in range(ROUNDS):
        beta = _climbed(data, row, goal, beta)
        share = _loss(data, row, goal, beta)[1]
        goal = _goal(data, row, share**REACHABLE)
    return _climbed(data, row, goal, beta)


def _goal(data: _Sample, row: Ints, weight: Scores) -> Scores:
    """What each answer counts: its weight over its case's number of answers, one a case on average."""
    answers = np.maximum(np.add.reduceat(data.answer, data.starts), 1)
    goal = data.answer * weight / answers[row]
    return (goal * (len(data.starts) / max(float(goal.sum()), 1e-9))).astype(np.float32)


def _climbed(data: _Sample, row: Ints, goal: Scores, beta: Floats) -> Floats:
    """Newton's method from ``beta``; halves a step that does not improve."""
    counted = np.add.reduceat(goal, data.starts)
    loss, share = _loss(data, row, goal, beta)
    for _ in range(_STEPS):
        step = _direction(data, goal, share, counted, beta)
        size = 1.0
        while (better := _loss(data, row, goal, beta - size * step))[0] > loss and size > 1e-3:
            size /= 2
        gained, beta = loss - better[0], beta - size * step
        loss, share = better
        if gained < 1e-3:
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
    return float(loss + (data.ridge * beta) @ beta / 2), (share / total[row]).astype(np.float32)


def _direction(data: _Sample, goal: Scores, share: Scores, counted: Scores, beta: Floats) -> Floats:
    """Inverse Hessian times gradient."""
    count = len(data.starts)
    sizes = np.diff(np.append(data.starts, len(share)))
    pull = share * np.repeat(counted, sizes)
    gradient = data.features.T @ (pull - goal) / count + data.ridge * beta
    mean = np.add.reduceat(data.features * share[:, None], data.starts, axis=0)
    curvature = data.features.T @ (data.features * pull[:, None]) - mean.T @ (mean * counted[:, None])
    return np.linalg.solve(curvature.astype(np.float64) / count + np.diag(data.ridge), gradient)


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
