"""A graph that was trained on a shop's orders, asked at work: places for products, and a past read into its inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.contracts import Model as Loaded
from functions.recommendations.cases import Cases
from functions.recommendations.export import read_reading, reading_of
from functions.recommendations.models import Model, one_case
from functions.recommendations.sales import Ints

_PUT_LAST = -1e29


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Product ids by place, countries by number, and the model without its tables, which makes requests."""

    ids: Sequence[str]
    place: Mapping[str, int]
    countries: Mapping[str, int]
    reading: Model


def index_of(loaded: Loaded) -> Index:
    """The index of a loaded graph, read once."""
    return loaded.once("index", _read)


def index_assets(model: Model, ids: Sequence[str], countries: Sequence[str]) -> dict[str, bytes]:
    """What ``index_of`` reads, as files beside the graph."""
    named = {name: number for number, name in enumerate(countries)}
    return {
        "ids.json": json.dumps(list(ids)).encode(), "countries.json": json.dumps(named).encode(),
        "reading.npz": reading_of(model),
    }  # fmt: skip


def _read(assets: Mapping[str, bytes]) -> Index:
    ids = json.loads(assets["ids.json"])
    # Graphs trained before countries were told apart have no such file.
    countries = json.loads(assets.get("countries.json", b"{}"))
    place = {name: number for number, name in enumerate(ids)}
    return Index(ids=ids, place=place, countries=countries, reading=read_reading(assets["reading.npz"]))


def asked(loaded: Loaded, places: Ints, count: int) -> list[tuple[int, float]]:
    """(place, strength) of what goes best with these products together; the strongest is 1."""
    return asked_of(loaded, one_case(places.astype(np.int64)), count)


def asked_of(loaded: Loaded, past: Cases, count: int) -> list[tuple[int, float]]:
    """As ``asked``, for a past with ages and steps: one case."""
    index = index_of(loaded)
    answer = loaded.run(index.reading.request(past).inputs(min(count, len(index.ids))))
    found = [
        (int(place), float(score))
        for place, score in zip(answer["ids"].tolist(), answer["scores"].tolist(), strict=True)
        if score > _PUT_LAST
    ]
    # Scores are logarithms of odds where learnt so, and of no meaning alone; only their distances have one.
    top = found[0][1] if found else 0.0
    return [(place, float(np.exp(min(0.0, score - top)))) for place, score in found]
