"""Models at work: found, checked against their cards, loaded once, run. The only place that uses onnxruntime.

A shop's own model comes first, then the one before it, then the shipped base: whatever is broken is named in
``faults`` and passed over, so that a bad file never stops a queue.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

import model_artifacts
from chalicelib.contracts import ArtifactCard
from chalicelib.domain.ids import ShopId
from chalicelib.errors import ArtifactMismatch
from chalicelib.storage.artifacts import CARD, GRAPH, Artifacts, read_card

LARGEST = 256 * 2**20
"""No graph is larger, in bytes."""

_ELEMENT = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16",
    "tensor(int64)": "int64", "tensor(int32)": "int32", "tensor(int8)": "int8", "tensor(uint8)": "uint8",
    "tensor(bool)": "bool", "tensor(string)": "object",
}  # fmt: skip

ort.set_default_logger_severity(3)


class Loaded:
    """One artifact, ready to run."""

    def __init__(self, graph: bytes, card: ArtifactCard, assets: Mapping[str, bytes]) -> None:
        self.card = card
        self.assets = assets
        self.size = len(graph) + sum(len(data) for data in assets.values())
        self.fault = ""
        """Why it is not to be used any more: it loaded, and then failed at work."""
        self._session = _session(graph, card)
        self._made: dict[str, Any] = {}
        self._making = threading.Lock()
        self._turn = threading.Lock()
        """A run needs room of its own and a whole processor: side by side they would be no faster, only larger."""

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Score. Raises ArtifactMismatch when inputs do not fit the card or an output is not a number."""
        names = list(self.card.outputs)
        try:
            with self._turn:
                outputs = self._session.run(names, dict(inputs))
        except Exception as error:  # onnxruntime raises many kinds; each means that the inputs do not fit
            raise self._failed(type(error).__name__) from error
        result = {name: np.asarray(values) for name, values in zip(names, outputs, strict=True)}
        for name, values in result.items():
            if values.dtype.kind == "f" and np.isnan(values).any():
                raise self._failed(f"{name} holds NaN")
        return result

    def _failed(self, why: str) -> ArtifactMismatch:
        self.fault = f"{self.card.name} {self.card.version}: {why}"
        return ArtifactMismatch(self.fault)

    def once[T](self, name: str, make: Callable[[Mapping[str, bytes]], T]) -> T:
        """Make something of the assets once per loaded model, however many ask at the same time."""
        with self._making:
            if name not in self._made:
                self._made[name] = make(self.assets)
            made: T = self._made[name]
        return made


class Cache:
    """Loaded models of one container, by content, least recently used out first under a cap in bytes."""

    def __init__(self, cap: int = 512 * 2**20) -> None:
        self._cap = cap
        self._held: OrderedDict[str, Loaded] = OrderedDict()
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}

    def get(self, name: str, load: Callable[[], Loaded]) -> Loaded:
        """The loaded model of that name; ``load`` may raise. It runs once, however many ask at the same time: a
        worker that is at ten messages has no memory for ten copies."""
        with self._lock:
            loading = self._loading.setdefault(name, threading.Lock())
        with loading:
            found = self._found(name)
            return found if found is not None else self._keep(name, load())

    def _found(self, name: str) -> Loaded | None:
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
            return self._held.get(name)

    def _keep(self, name: str, fresh: Loaded) -> Loaded:
        with self._lock:
            self._held[name] = fresh
            while len(self._held) > 1 and sum(model.size for model in self._held.values()) > self._cap:
                self._loading.pop(self._held.popitem(last=False)[0], None)
        return fresh


class ShopModels:
    """The artifacts of one shop, for the length of one event (so that one event sees one version)."""

    def __init__(self, shop: ShopId, artifacts: Artifacts, cache: Cache) -> None:
        self._shop = shop
        self._artifacts = artifacts
        self._cache = cache
        self._seen: dict[str, Loaded | None] = {}
        self.faults: list[str] = []

    def get(self, name: str) -> Loaded | None:
        """The current artifact of that name, or None; one that failed at work is passed over too."""
        known = self._seen.get(name)
        if name not in self._seen or (known is not None and known.fault):
            self._seen[name] = known = self._first_good(name)
        return known

    def _first_good(self, name: str) -> Loaded | None:
        for place, load in self._candidates(name):
            try:
                found = self._cache.get(place, load)
            except (ArtifactMismatch, ValueError, KeyError, OSError) as error:
                self._blame(f"{place}: {error}")
                continue
            if not found.fault:
                return found
            self._blame(f"{place}: {found.fault}")
        return None

    def _blame(self, fault: str) -> None:
        if fault not in self.faults:
            self.faults.append(fault)

    def _candidates(self, name: str) -> Iterator[tuple[str, Callable[[], Loaded]]]:
        for version in self._artifacts.versions(self._shop, name):
            yield f"{self._shop}/{name}/{version}", partial(self._own, name, version)
        base = shipped(name)
        if base is not None:
            yield f"shipped/{name}/{base.name}", partial(_from_folder, base)

    def _own(self, name: str, version: str) -> Loaded:
        files = self._artifacts.load(self._shop, name, version)
        if files is None:
            raise ArtifactMismatch(f"{name} {version}: a file is missing")
        graph, card, assets = files
        return check(graph, card, assets)


def check(graph: bytes, card: bytes, assets: Mapping[str, bytes]) -> Loaded:
    """Load an artifact if it is what its card says. Raises ArtifactMismatch."""
    try:
        read = read_card(card)
    except Exception as error:  # a card can be wrong in as many ways as a JSON file can
        raise ArtifactMismatch(f"the card cannot be read: {type(error).__name__}") from error
    if len(graph) > LARGEST:
        raise ArtifactMismatch(f"{read.name} {read.version} is larger than {LARGEST} bytes")
    if hashlib.sha256(graph).hexdigest() != read.sha256:
        raise ArtifactMismatch(f"{read.name} {read.version} is not the file its card names (sha256)")
    return Loaded(graph, read, assets)


def shipped(name: str) -> Path | None:
    """The newest shipped version of an artifact, or None."""
    roots = [Path(place) / name for place in model_artifacts.__path__]
    folders = [path.parent for root in roots for path in root.glob(f"*/{GRAPH}")]
    versions = [folder for folder in folders if (folder / CARD).is_file()]
    return max(versions, key=lambda folder: (len(folder.name), folder.name), default=None)


def shipped_names() -> Sequence[str]:
    """The artifacts that every shop has."""
    found = (path for place in model_artifacts.__path__ for path in Path(place).iterdir() if path.is_dir())
    return sorted({path.name for path in found if shipped(path.name) is not None})


def _from_folder(folder: Path) -> Loaded:
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    return check(files.pop(GRAPH), files.pop(CARD), files)


def _session(graph: bytes, card: ArtifactCard) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        # From bytes: a graph that points to data outside itself cannot be loaded at all.
        session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many kinds; each means that it is no usable graph
        raise ArtifactMismatch(f"{card.name} {card.version} is not a usable graph") from error
    _compare(card, "input", card.inputs, session.get_inputs())
    _compare(card, "output", card.outputs, session.get_outputs())
    return session


def _compare(card: ArtifactCard, side: str, said: Mapping[str, Any], found: Sequence[Any]) -> None:
    real = {node.name: (_ELEMENT.get(node.type, node.type), len(node.shape)) for node in found}
    claimed = {name: (element, len(shape)) for name, (element, shape) in said.items()}
    missing = {name: shape for name, shape in claimed.items() if real.get(name) != shape}
    if missing or (side == "input" and set(real) != set(claimed)):
        raise ArtifactMismatch(f"{card.name} {card.version}: {side}s are {real}, the card says {claimed}")
