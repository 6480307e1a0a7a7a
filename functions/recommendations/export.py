"""A trained model as an ONNX graph, and what reading a buyer's past into it needs beside the graph."""

from __future__ import annotations

import io

import numpy as np

from chalicelib.graphs.item_scores import Channel, ItemScores, Table, item_scores
from functions.recommendations.batch import Reading
from functions.recommendations.models import Model, Weights
from functions.recommendations.vectors import Vectors


def graph_of(model: Model) -> bytes:
    """The graph's bytes; one run answers one request."""
    scorer = model.scorer()
    return item_scores(ItemScores(
        tables=[Table(items=table.items, weights=table.weights) for table in scorer.tables],
        channels=[
            Channel(table=one.table, linear=one.linear, log=one.log, raw=one.raw) for one in scorer.channels
        ],
        vectors=scorer.vectors, floor=scorer.floor,
    ))  # fmt: skip


def reading_of(model: Model) -> bytes:
    """All that turns a buyer's past into the graph's inputs: a model without its tables, as bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, values=model.known.values, countries=model.known.countries, mixing=model.weights.mixing,
        own=model.weights.own, country=np.array([model.weights.country]),
        readings=np.array([[one.half_life or np.inf, one.fade] for one in model.readings]).reshape(-1, 2),
        channels=np.array(model.weights.channels).reshape(-1, 2),
    )  # fmt: skip
    return buffer.getvalue()


def read_reading(data: bytes) -> Model:
    """The model without tables: it makes requests, and cannot score."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        held = {name: file[name] for name in file.files}
    weights = Weights(
        channels=[(float(linear), float(log)) for linear, log in held["channels"]], mixing=held["mixing"],
        own=held["own"], country=float(held["country"][0]),
    )  # fmt: skip
    readings = [
        Reading(half_life=None if np.isinf(half) else float(half), fade=float(fade)) for half, fade in held["readings"]
    ]
    known = Vectors(values=held["values"], countries=held["countries"])
    return Model(name="reading", tables=(), readings=readings, weights=weights, known=known)
