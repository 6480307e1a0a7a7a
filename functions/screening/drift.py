"""Whether orders still look like those a model learned from: the population stability index, feature by feature.

PSI = sum over bins of (now - then) * ln(now / then), with the bins of the model. By the usual reading below .1 is
calm, above .25 is a change that somebody should look at (Siddiqi 2006, "Credit Risk Scorecards").
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from chalicelib.errors import ArtifactMismatch
from functions.screening.columns import Column, Floats, Values
from functions.screening.features import Row

ASSET: Final = "shares.json"
MOVED: Final = 0.25
LEAST_SHARE: Final = 0.05
LEAST_ROWS: Final = 200
"""Fewer orders say nothing about drift."""
_FLOOR: Final = 1e-3


def write_shares(columns: Sequence[Column], table: Mapping[str, Values]) -> bytes:
    """What share of the training rows fell into each bin, with the cuts that make them."""
    found = {
        one.name: {
            "cuts": one.cuts.tolist(),
            "categories": one.categories,
            "shares": np.round(_shares(one, table[one.name]), 5).tolist(),
        }
        for one in (_coarse(one, table[one.name]) for one in columns)
    }
    return json.dumps(found, separators=(",", ":")).encode()


def drift(assets: Mapping[str, bytes], rows: Sequence[Row]) -> Mapping[str, float]:
    """PSI by feature, largest first; nothing where there are too few rows. Raises ArtifactMismatch."""
    if len(rows) < LEAST_ROWS:
        return {}
    try:
        kept = json.loads(assets[ASSET])
        found = {name: _index(name, held, [row.get(name) for row in rows]) for name, held in kept.items()}
    except (KeyError, ValueError, TypeError) as error:
        raise ArtifactMismatch(f"{ASSET} of the screening model cannot be read: {type(error).__name__}") from error
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def psi(then: Floats, now: Floats) -> float:
    """Of two lists of shares over the same bins; empty bins count as one in a thousand."""
    a, b = np.maximum(then, _FLOOR), np.maximum(now, _FLOOR)
    return float(((b - a) * np.log(b / a)).sum())


def _index(name: str, held: Mapping[str, object], values: Sequence[object]) -> float:
    categories = held["categories"]
    text = isinstance(categories, list)
    column = Column(
        name, np.array(held["cuts"], np.float32), tuple(map(str, categories)) if isinstance(categories, list) else None
    )
    known = np.array(values, object) if text else np.array([v if isinstance(v, float) else np.nan for v in values])
    return psi(np.array(held["shares"], np.float64), _shares(column, known))


def _coarse(column: Column, values: Values) -> Column:
    """Neighbours put together until each bin holds a twentieth, or PSI would measure noise."""
    if column.categories is not None:
        return column
    below = np.cumsum(_shares(column, values)[1:])[:-1]
    kept, last = [], 0.0
    for cut, share in zip(column.cuts.tolist(), below.tolist(), strict=True):
        if share - last >= LEAST_SHARE:
            kept.append(cut)
            last = share
    return replace(column, cuts=np.array(kept, np.float32))


def _shares(column: Column, values: Values) -> Floats:
    count = np.bincount(column.binned(column.numbers(values)), minlength=column.bins)
    return np.asarray(count / max(1.0, float(count.sum())))
