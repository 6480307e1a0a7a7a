"""Shipped models by name, for recipes and measurements that run without a shop."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.contracts import ArtifactCard
from chalicelib.errors import ArtifactMismatch
from chalicelib.inference import Loaded, shipped


def load(name: str) -> Loaded | None:
    """The newest shipped version of a model, or None.

    Raises:
        ArtifactMismatch: the file is not the one that its card names.
    """
    folder = shipped(name)
    if folder is None:
        return None
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    card, graph = card_of(json.loads(files.pop("card.json"))), files.pop("model.onnx")
    if hashlib.sha256(graph).hexdigest() != card.sha256:
        raise ArtifactMismatch(f"{name} {card.version} is not the file its card names (sha256)")
    return Loaded(graph, card, files)


def card_of(data: Mapping[str, Any]) -> ArtifactCard:
    """A card as its JSON file holds it."""
    shapes = {
        side: {name: (element, tuple(shape)) for name, (element, shape) in data[side].items()}
        for side in ("inputs", "outputs")
    }
    return ArtifactCard(**{**data, **shapes, "created_at": datetime.fromisoformat(data["created_at"])})
