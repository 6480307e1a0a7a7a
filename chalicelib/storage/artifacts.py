"""Models of each shop: files by version, and one pointer that names the current one and its predecessor."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.contracts import Artifact, ArtifactCard
from chalicelib.domain.ids import ShopId
from chalicelib.ports import ABSENT, Blobs, Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.places import Kind

GRAPH = "model.onnx"
CARD = "card.json"


class Artifacts:
    """Per-shop models."""

    def __init__(self, records: Records, blobs: Blobs) -> None:
        self._records = records
        self._blobs = blobs

    def publish(self, shop: ShopId, artifact: Artifact) -> ArtifactCard:
        """Store all files, then move the pointer in one write: readers see the old or the new, never half."""
        card = replace(artifact.card, sha256=hashlib.sha256(artifact.graph).hexdigest())
        folder = _folder(shop, artifact.name, card.version)
        self._blobs.put(f"{folder}{GRAPH}", artifact.graph)
        for name, data in artifact.assets.items():
            self._blobs.put(f"{folder}{name}", data)
        self._blobs.put(f"{folder}{CARD}", json.dumps(to_json(card)).encode())
        self._point(shop, artifact.name, card.version)
        return card

    def versions(self, shop: ShopId, name: str) -> tuple[str, ...]:
        """The current version and the one before it, best first."""
        record = self._records.get(places.key(shop, Kind.MODEL, name))
        if record is None:
            return ()
        return tuple(v for v in (record.body["current"], record.body.get("previous", "")) if v)

    def load(self, shop: ShopId, name: str, version: str) -> tuple[bytes, bytes, Mapping[str, bytes]] | None:
        """(graph, card, assets) as stored, or None where a file is missing; nothing is checked yet."""
        folder = _folder(shop, name, version)
        files = {path.removeprefix(folder): self._blobs.get(path) for path in self._blobs.list(folder)}
        graph, card = files.pop(GRAPH, None), files.pop(CARD, None)
        if graph is None or card is None:
            return None
        return graph, card, {path: data for path, data in files.items() if data is not None}

    def all(self, shop: ShopId) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every model name of a shop with its pointer."""
        for record in places.every(self._records, shop, Kind.MODEL):
            yield record.key.sort, record.body

    def _point(self, shop: ShopId, name: str, version: str) -> None:
        key = places.key(shop, Kind.MODEL, name)
        known = self._records.get(key)
        body = {"current": version}
        if known is not None:
            current = known.body["current"]
            body["previous"] = current if current != version else known.body.get("previous", "")
        self._records.put(Record(key=key, body=body), known.version if known else ABSENT)


def read_card(data: bytes) -> ArtifactCard:
    """A stored card. Raises ValueError, KeyError or cattrs' errors where it is none."""
    return from_json(json.loads(data), ArtifactCard)


def _folder(shop: ShopId, name: str, version: str) -> str:
    return f"{shop}/models/{name}/{version}/"
