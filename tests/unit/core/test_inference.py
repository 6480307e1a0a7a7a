"""Models at work: loaded once, checked against their cards, never from outside themselves, under a cap."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from onnx import TensorProto, external_data_helper, helper, numpy_helper

from chalicelib import inference
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryRecords
from chalicelib.contracts import Artifact, ArtifactCard
from chalicelib.domain.ids import ShopId
from chalicelib.errors import ArtifactMismatch
from chalicelib.inference import Cache, Loaded, ShopModels, check
from chalicelib.storage.artifacts import Artifacts

SHOP = ShopId("bazaar:a")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _graph(weight: float = 2.0, *, outside: bool = False) -> bytes:
    """y = x · weight."""
    tensor = numpy_helper.from_array(np.full((1,), weight, np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["y"])], "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])], [tensor],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if outside:
        external_data_helper.set_external_data(model.graph.initializer[0], location="../../etc/hostname")
        model.graph.initializer[0].ClearField("raw_data")
    return model.SerializeToString()


def _card(version: str = "1", **more: object) -> ArtifactCard:
    card = ArtifactCard(
        name="doubling", version=version, sha256="", inputs={"x": ("float32", ("n",))},
        outputs={"y": ("float32", ("n",))}, units={"y": "1"}, thresholds={}, training_data="none", metrics={},
        licence="Apache-2.0", created_at=NOW,
    )  # fmt: skip
    return replace(card, **more)


def _shop(*artifacts: Artifact, cache: Cache | None = None) -> ShopModels:
    store = Artifacts(MemoryRecords(FrozenClock(NOW)), MemoryBlobs())
    for artifact in artifacts:
        store.publish(SHOP, artifact)
    return ShopModels(SHOP, store, cache or Cache())


def _made(version: str = "1", weight: float = 2.0, assets: Mapping[str, bytes] | None = None) -> Artifact:
    return Artifact(name="doubling", graph=_graph(weight), card=_card(version), assets=assets or {})


def test_it_scores_what_its_graph_says() -> None:
    model = _shop(_made()).get("doubling")
    assert model is not None
    assert model.run({"x": np.float32([1, 2])})["y"].tolist() == [2, 4]


@pytest.mark.parametrize(
    "inputs",
    [{}, {"z": np.float32([1])}, {"x": np.float64([1])}, {"x": np.float32([[1]])}, {"x": np.float32([np.nan])}],
    ids=["none", "another name", "another element", "another rank", "NaN"],
)
def test_inputs_that_do_not_fit_and_outputs_that_are_no_numbers_are_a_mismatch(inputs: dict) -> None:
    model = _shop(_made()).get("doubling")
    with pytest.raises(ArtifactMismatch, match="doubling 1"):
        model.run(inputs)


def test_a_model_that_failed_is_passed_over_for_the_one_before_and_named_once() -> None:
    models = _shop(_made("1"), _made("2", float("nan")))
    with pytest.raises(ArtifactMismatch):
        models.get("doubling").run({"x": np.float32([1])})
    assert models.get("doubling").card.version == "1"
    assert models.get("doubling").card.version == "1"
    (fault,) = models.faults
    assert "doubling/2" in fault


def test_a_graph_that_points_outside_of_itself_cannot_be_loaded() -> None:
    models = _shop(replace(_made(), graph=_graph(outside=True)))
    assert models.get("doubling") is None
    assert "usable graph" in models.faults[0]


def test_another_file_than_the_card_names_is_refused() -> None:
    with pytest.raises(ArtifactMismatch, match="sha256"):
        check(_graph(), b'{"name": "doubling", "version": "1", "sha256": "00", "inputs": {}, "outputs": {}, '
              b'"units": {}, "thresholds": {}, "training_data": "", "metrics": {}, "licence": "", '
              b'"created_at": "2026-01-01T00:00:00+00:00"}', {})  # fmt: skip


def test_a_card_that_claims_other_tensors_is_refused() -> None:
    wrong = replace(_made(), card=_card(outputs={"y": ("int64", ("n",))}))
    models = _shop(wrong)
    assert models.get("doubling") is None
    assert "outputs are" in models.faults[0]


def test_a_graph_over_the_cap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "LARGEST", 10)
    models = _shop(_made())
    assert models.get("doubling") is None
    assert "larger than" in models.faults[0]


def test_an_artifact_that_nobody_has_is_none_without_a_fault() -> None:
    models = _shop()
    assert models.get("never-made") is None
    assert models.faults == []


def test_a_model_is_loaded_once_per_container_and_its_assets_parsed_once() -> None:
    cache, parsed = Cache(), []
    store = Artifacts(MemoryRecords(FrozenClock(NOW)), MemoryBlobs())
    store.publish(SHOP, _made(assets={"items.txt": b"a b"}))

    def parse(assets: Mapping[str, bytes]) -> list[bytes]:
        parsed.append(1)
        return assets["items.txt"].split()

    first, second = (ShopModels(SHOP, store, cache).get("doubling") for _ in range(2))
    assert first is second
    assert [model.once("items", parse) for model in (first, second)] == [[b"a", b"b"]] * 2
    assert parsed == [1]


def test_the_least_recently_used_leaves_first_when_the_cap_is_reached() -> None:
    asset = {"pad": bytes(1000)}
    loads: list[str] = []

    def load(name: str) -> Loaded:
        loads.append(name)
        return Loaded(_graph(), _card(), asset)

    cache = Cache(cap=3000)
    for name in ("a", "b", "a", "c", "a", "b"):
        cache.get(name, lambda name=name: load(name))
    assert loads == ["a", "b", "c", "b"], "b was the least recently used when c came"


def test_however_many_ask_at_once_a_model_is_loaded_and_its_assets_are_parsed_once() -> None:
    """A worker is at ten messages at once, and has no memory for ten copies."""
    cache, loads, parsed, running, most = Cache(), [], [], [0], [0]

    def load() -> Loaded:
        loads.append(1)
        time.sleep(0.05)
        return Loaded(_graph(), _card(), {})

    def parse(assets: Mapping[str, bytes]) -> int:
        parsed.append(1)
        time.sleep(0.05)
        return 7

    class Session:
        def run(self, names: list[str], inputs: object) -> list[np.ndarray]:
            running[0] += 1
            most[0] = max(most[0], running[0])
            time.sleep(0.005)
            running[0] -= 1
            return [np.float32([1])]

    def ask(_: int) -> int:
        model = cache.get("one", load)
        model._session = Session()
        model.run({"x": np.float32([1])})
        return model.once("seven", parse)

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(ask, range(10))) == [7] * 10
    assert (loads, parsed, most) == ([1], [1], [1])


def test_a_load_that_fails_may_be_tried_again() -> None:
    cache = Cache()

    def fails() -> Loaded:
        raise ArtifactMismatch("broken")

    for _ in range(2):
        with pytest.raises(ArtifactMismatch):
            cache.get("one", fails)
    assert cache.get("one", lambda: Loaded(_graph(), _card(), {})).card.name == "doubling"


def test_one_shops_model_is_never_anothers() -> None:
    store, cache = Artifacts(MemoryRecords(FrozenClock(NOW)), MemoryBlobs()), Cache()
    store.publish(SHOP, _made(weight=2.0))
    store.publish(ShopId("bazaar:b"), _made(weight=3.0))
    answers = [
        ShopModels(shop, store, cache).get("doubling").run({"x": np.float32([1])})["y"].tolist()
        for shop in (SHOP, ShopId("bazaar:b"))
    ]
    assert answers == [[2], [3]]
    assert ShopModels(ShopId("bazaar:c"), store, cache).get("doubling") is None
