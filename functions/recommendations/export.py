"""A trained model as an ONNX graph, and what reading a buyer's past into it needs beside the graph."""

from __future__ import annotations

from chalicelib.graphs.item_scores import Channel, ItemScores, Table, item_scores
from functions.recommendations.models import Model


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
