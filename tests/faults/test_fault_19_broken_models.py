"""Fault 19: a model file missing, corrupt, of another schema, with NaN, or not there: fall back, and say so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from onnx import TensorProto, helper

from chalicelib.contracts import Artifact, ArtifactCard
from chalicelib.domain.actions import AssessOrder, RiskLevel
from chalicelib.domain.ids import FunctionName
from chalicelib.domain.screening import Ruling
from functions import FUNCTIONS
from sandbox.rehearsal import checks
from sandbox.rehearsal.players import Scorer
from sandbox.rehearsal.scenes import an_order, deliver, edit, opened, shown
from sandbox.rehearsal.stage import Stage

NAME = "scorer"


def _artifact(version: str, value: float = 0.5, *, shape: int = 2) -> Artifact:
    """A graph that answers one number, whatever it is asked."""
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0])
    answer = helper.make_tensor("answer", TensorProto.FLOAT, [1], [value])
    graph = helper.make_graph(
        [
            helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
            helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
            helper.make_node("Add", ["nothing", "answer"], ["y"]),
        ],
        "scorer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
        [zero, answer],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    card = ArtifactCard(
        name=NAME, version=version, sha256="", inputs={"x": ("float32", ("n", 2))},
        outputs={"y": ("float32", (1,))}, units={}, thresholds={}, training_data="none", metrics={},
        licence="Apache-2.0", created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return Artifact(name=NAME, graph=model.SerializeToString(), card=card)


def _with(*artifacts: Artifact) -> Stage:
    stage = opened(Scorer())
    for artifact in artifacts:
        stage.services.artifacts.publish(stage.shops[0], artifact)
    return stage


def _decided(stage: Stage) -> str:
    """The version of the model that the next change is decided with."""
    deliver(stage, edit(stage))
    stage.settle()
    assert shown(stage) == ("state-2",), "a broken model stops no queue"
    assert checks.orderly(stage) == []
    every = stage.services.proposals.every(stage.shops[0])
    (made,) = [one for one in every if one.action.product_ids == ("state-2",)]
    return made.model.version


def _blob(stage: Stage, version: str, name: str) -> str:
    return f"{stage.shops[0]}/models/{NAME}/{version}/{name}"


def _problems(stage: Stage) -> list[str]:
    return [p.message for p in stage.services.problems.all(stage.shops[0]) if p.code == "model_broken"]


def test_the_current_model_decides_and_its_version_is_recorded() -> None:
    stage = _with(_artifact("v1"), _artifact("v2"))
    assert _decided(stage) == "v2"
    assert _problems(stage) == []


def _missing(stage: Stage) -> None:
    stage.blobs.delete([_blob(stage, "v2", "model.onnx")])


def _corrupt(stage: Stage) -> None:
    stage.blobs.put(_blob(stage, "v2", "model.onnx"), b"\x08\x09not a graph")


def _half_card(stage: Stage) -> None:
    stage.blobs.put(_blob(stage, "v2", "card.json"), b'{"name": "scorer", ')


def _foreign(stage: Stage) -> None:
    """A file of another model under this one's name."""
    stage.blobs.put(_blob(stage, "v2", "model.onnx"), _artifact("v2", 0.9).graph)


@pytest.mark.parametrize("harm", [_missing, _corrupt, _half_card, _foreign])
def test_a_broken_file_falls_back_to_the_last_good_one_and_is_named(harm: Callable[[Stage], None]) -> None:
    stage = _with(_artifact("v1"), _artifact("v2"))
    harm(stage)
    assert _decided(stage) == "v1"
    (message,) = _problems(stage)
    assert f"{NAME}/v2" in message


@pytest.mark.parametrize(
    "bad", [_artifact("v2", shape=3), _artifact("v2", float("nan"))], ids=["another schema", "NaN output"]
)
def test_a_model_that_fails_its_card_or_at_work_falls_back_and_is_named(bad: Artifact) -> None:
    stage = _with(_artifact("v1"), bad)
    assert _decided(stage) == "v1"
    (message,) = _problems(stage)
    assert f"{NAME}/v2" in message


def test_with_no_good_model_at_all_the_function_decides_without_one() -> None:
    stage = _with(_artifact("v1", float("nan")), _artifact("v2", float("nan")))
    assert _decided(stage) == "1", "the version of the rules"
    assert len(_problems(stage)) == 2
    (proposal, *_) = stage.services.proposals.every(stage.shops[0])
    assert proposal.model.name == "rules"
    assert np.isfinite(proposal.confidence)


def test_screening_without_a_usable_model_says_review() -> None:
    """I9: what cannot be decided is for a person; nothing is approved silently."""
    screening = FUNCTIONS[FunctionName("screening")]
    stage = opened(screening)
    place = stage.bazaar.stalls["stall0"]
    place.put_order(an_order(place.clock()))
    deliver(stage, place.drain())
    stage.services.artifacts.publish(stage.shops[0], replace(_artifact("v1", float("nan")), name="screening"))
    stage.settle()
    assert stage.dead.take() == []
    proposals = list(stage.services.proposals.every(stage.shops[0]))
    assert [p.action for p in proposals if isinstance(p.action, AssessOrder)], "the store hears of it"
    for proposal in proposals:
        if isinstance(proposal.action, AssessOrder):
            assert proposal.action.risk is not RiskLevel.LOW or proposal.review
    assert {one.ruling for one in stage.services.screenings.all(stage.shops[0])} == {Ruling.REVIEW}
