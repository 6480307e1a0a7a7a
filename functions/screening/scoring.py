"""From rows of features to a probability and what each term added to it, in one call of one graph.

    probability = 1 / (1 + exp(-(intercept + contributions added up)))

The model's asset ``terms.json`` names its inputs, the codes of categories, and its terms (one feature, or a pair).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from chalicelib.contracts import Model, Models
from chalicelib.domain.proposals import ModelVersion
from chalicelib.errors import ArtifactMismatch

MODEL: Final = "screening"
ASSET: Final = "terms.json"
TRIES: Final = 3
"""A model that fails at work is passed over by ``Models``; so often the next one is asked for."""

type Floats = NDArray[np.float32]
type Row = Mapping[str, float | str | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a graph takes and gives: input columns in order, and the features of each output term."""

    inputs: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    """Per categorical input: its values; a value's place is its code. Others are told apart from none of them."""
    terms: tuple[tuple[str, ...], ...]
    intercept: float

    def write(self) -> bytes:
        """As the artifact's asset."""
        return json.dumps(
            {"inputs": self.inputs, "categories": self.categories, "terms": self.terms, "intercept": self.intercept},
            indent=1,
        ).encode()


@dataclass(frozen=True, slots=True)
class Scored:
    """What a model thinks of some rows."""

    probability: NDArray[np.float64]
    """(rows,): of fraud."""
    contributions: Floats
    """(rows, terms), in log odds."""
    intercept: float
    terms: tuple[tuple[str, ...], ...]
    model: ModelVersion


def read_terms(assets: Mapping[str, bytes]) -> Terms:
    """The asset. Raises ArtifactMismatch where it is missing or not what it should be."""
    try:
        data = json.loads(assets[ASSET])
        return Terms(
            tuple(map(str, data["inputs"])),
            {str(name): tuple(map(str, values)) for name, values in data["categories"].items()},
            tuple(tuple(map(str, term)) for term in data["terms"]),
            float(data["intercept"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ArtifactMismatch(f"{ASSET} of the screening model cannot be read: {type(error).__name__}") from error


def score(models: Models, rows: Sequence[Row]) -> Scored | None:
    """Score rows, or None where no model can: then rules and people decide."""
    for _ in range(TRIES):
        model = models.get(MODEL)
        if model is None:
            return None
        try:
            return score_with(model, rows)
        except ArtifactMismatch:
            continue
    return None


def score_with(model: Model, rows: Sequence[Row]) -> Scored:
    """Score rows with one model. Raises ArtifactMismatch."""
    terms = model.once("terms", read_terms)
    found = model.run({"features": encode(terms, rows)})
    contributions, probability = found["contributions"], found["probability"].reshape(-1)
    if contributions.shape[-1] != len(terms.terms):
        raise ArtifactMismatch(f"the screening model has {contributions.shape[-1]} terms, {ASSET} {len(terms.terms)}")
    card = model.card
    version = ModelVersion(card.name, card.version, card.sha256[:12])
    return Scored(probability.astype(np.float64), contributions, terms.intercept, terms.terms, version)


def encode(terms: Terms, rows: Sequence[Row]) -> Floats:
    """Rows as the graph takes them: float32 (rows, inputs), NaN for what is not known, codes for categories."""
    table = np.full((len(rows), len(terms.inputs)), np.nan, np.float32)
    codes = {name: {value: code for code, value in enumerate(values)} for name, values in terms.categories.items()}
    for place, row in enumerate(rows):
        for column, name in enumerate(terms.inputs):
            table[place, column] = _cell(row.get(name), codes.get(name))
    return table


def _cell(value: float | str | None, codes: Mapping[str, int] | None) -> float:
    if value is None:
        return np.nan
    if codes is not None:
        return float(codes.get(str(value), len(codes)))
    if isinstance(value, str):
        return np.nan
    return float(value) if isfinite(value) and abs(value) < 1e30 else np.nan
