"""Translation on the whole road: workers that take turns and die, webhooks lost, doubled and late."""

from pathlib import Path

import pytest

from chalicelib.contracts import EngineRequest, TranslateTexts
from chalicelib.domain.ids import EventId, FunctionName, ShopId, Target
from functions.translation.propose import FUNCTION
from sandbox.rehearsal.checks import orderly
from sandbox.rehearsal.stage import Play, Stage

BUILT = Path(__file__).parents[2] / "model_artifacts" / "text_encoder" / "1" / "model.onnx"


class Echo:
    """An engine that marks what it was given."""

    def answers(self, request: EngineRequest) -> bool:
        return isinstance(request, TranslateTexts)

    def ask(self, request: EngineRequest, shop: ShopId, event: EventId) -> tuple[str, ...]:
        assert isinstance(request, TranslateTexts)
        return tuple(f"Ü {text}" for text in request.texts)


@pytest.mark.skipif(not BUILT.is_file(), reason="the encoder is not built, so everything waits for review")
@pytest.mark.parametrize("seed", range(3))
def test_every_title_ends_up_translated_and_nothing_is_left_lying(seed: int) -> None:
    stage = Stage(
        Play(seed=seed, shops=1, products=3, events=60),
        functions={FunctionName("translation"): FUNCTION}, engines=[Echo()],
    )  # fmt: skip
    stage.open_shops()
    stage.run()
    for stall in stage.bazaar.stalls.values():
        for product_id, product in stall.products.items():
            held = stall.values.get(Target(f"resource/{product_id}/translation/de/all"))
            assert held in (None, {"title": f"Ü {product.title}"})
        assert any("translation" in target for target in stall.values)
    assert orderly(stage) == []
