"""A model's tables as an asset, so that a shop's own model can begin where the shipped one ends."""

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from chalicelib.errors import ArtifactMismatch
from functions.screening.columns import Column
from functions.screening.export import Axis, Table
from functions.screening.judging import Judge

ASSET: Final = "tables.json"
VERSION: Final = 1


def write_tables(judge: Judge) -> bytes:
    """Columns, tables and intercept as JSON; trees are not kept, for they are not built upon."""
    data = {
        "version": VERSION,
        "intercept": judge.intercept,
        "columns": [
            {"name": one.name, "cuts": one.cuts.tolist(), "categories": one.categories, "direction": one.direction}
            for one in judge.columns
        ],
        "tables": [
            {
                "axes": [{"column": axis.column, "cuts": list(axis.cuts)} for axis in one.axes],
                "values": np.round(one.values, 6).tolist(),
            }
            for one in judge.tables
            if one.values.any()
        ],
    }
    return json.dumps(data, separators=(",", ":")).encode()


def read_tables(assets: Mapping[str, bytes]) -> Judge:
    """What ``write_tables`` wrote. Raises ArtifactMismatch."""
    try:
        data = json.loads(assets[ASSET])
        if data["version"] != VERSION:
            raise ArtifactMismatch(f"{ASSET} is of version {data['version']}, not {VERSION}")
        columns, tables = tuple(map(_column, data["columns"])), tuple(map(_table, data["tables"]))
        return Judge(columns=columns, tables=tables, intercept=float(data["intercept"]), left_out=np.zeros(0))
    except (KeyError, ValueError, TypeError) as error:
        raise ArtifactMismatch(f"{ASSET} of the screening model cannot be read: {type(error).__name__}") from error


def _column(data: Mapping[str, Any]) -> Column:
    categories = data["categories"]
    return Column(
        str(data["name"]), np.array(data["cuts"], np.float32),
        None if categories is None else tuple(map(str, categories)), int(data["direction"]),
    )  # fmt: skip


def _table(data: Mapping[str, Any]) -> Table:
    axes = tuple(Axis(str(axis["column"]), tuple(map(float, axis["cuts"]))) for axis in data["axes"])
    return Table(axes, np.array(data["values"], np.float64))
