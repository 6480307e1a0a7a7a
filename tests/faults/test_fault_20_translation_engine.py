"""Fault 20: the translation engine limits us, is out of quota, silent, partial, or mangles what it got: the
source text stays, nothing is half-written, and once it recovers the translation comes."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from chalicelib.contracts import EngineRequest, TranslateTexts
from chalicelib.domain.ids import EventId, ProductId, ShopId, Target
from chalicelib.domain.shop import Policy
from chalicelib.errors import QuotaReached, RateLimited, StoreUnavailable
from functions.translation.propose import FUNCTION as TRANSLATION
from sandbox.rehearsal import checks
from sandbox.rehearsal.scenes import deliver, opened, stall, work
from sandbox.rehearsal.stage import Stage

HTML = "<p>A blue lamp with {{ size }} and <b>warm light</b>.</p>"
PLACE = Target("resource/p0/translation/de/all")


def _german(text: str) -> str:
    """Another wording outside of elements, as an engine that keeps its tags gives it."""
    parts = re.split(r"(<[^>]*>|&\w+;)", text)
    return "".join(part if i % 2 else part.replace("a", "ä").replace("o", "ö") for i, part in enumerate(parts))


@dataclass
class Engine:
    """Answers as it is told to."""

    answer: Callable[[tuple[str, ...]], tuple[str, ...]]
    asked: int = 0

    def answers(self, request: EngineRequest) -> bool:
        return isinstance(request, TranslateTexts)

    def ask(self, request: EngineRequest, shop: ShopId, event: EventId) -> tuple[str, ...]:
        assert isinstance(request, TranslateTexts)
        self.asked += 1
        return self.answer(request.texts)


def _well(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_german(text) for text in texts)


def _raises(error: Exception) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    def answer(texts: tuple[str, ...]) -> tuple[str, ...]:
        raise error

    return answer


def _opened(engine: Engine) -> Stage:
    def whatever_its_quality(policy: Policy) -> Policy:
        return replace(policy, translations=replace(policy.translations, publish_quality=0))

    return opened(TRANSLATION, engines=[engine], policy=whatever_its_quality)


def _described(stage: Stage) -> None:
    place = stall(stage)
    known = place.products[ProductId("p0")]
    place.put_product(replace(known, title="A blue lamp", description_html=HTML))
    deliver(stage, place.drain())


def _complete(stage: Stage) -> bool:
    held = stall(stage).values.get(PLACE)
    return isinstance(held, dict) and {"title", "description"} <= set(held)


def test_a_good_answer_is_published_whole() -> None:
    stage = _opened(Engine(_well))
    _described(stage)
    stage.settle()
    assert _complete(stage)
    assert "{{ size }}" in stall(stage).values[PLACE]["description"]
    assert checks.orderly(stage) == []


@pytest.mark.parametrize(
    "error", [RateLimited(after=60), QuotaReached(), StoreUnavailable()], ids=["429", "456", "no answer"]
)
def test_a_failing_engine_leaves_the_source_text_alone(error: Exception) -> None:
    engine = Engine(_raises(error))
    stage = _opened(engine)
    _described(stage)
    work(stage)
    work(stage)
    assert PLACE not in stall(stage).values
    assert checks.orderly(stage) == [] or isinstance(error, RateLimited | StoreUnavailable)
    if isinstance(error, QuotaReached):
        assert "quota_reached" in {p.code for p in stage.services.problems.all(stage.shops[0])}
        return
    engine.answer = _well
    stage.settle()
    assert _complete(stage), "what waited is translated once the engine answers"
    assert checks.orderly(stage) == []


MANGLED: dict[str, Callable[[str], str]] = {
    "placeholders lost": lambda text: re.sub(r"<x[^>]*/?>(</x>)?", "", text),
    "placeholders doubled": lambda text: re.sub(r"(<x[^>]*/>)", r"\1\1", text),
    "elements unclosed": lambda text: text.replace("</", "<"),
    "nothing": lambda text: "",
}


@pytest.mark.parametrize("mangle", MANGLED.values(), ids=MANGLED)
def test_a_mangled_answer_is_never_published_with_a_broken_placeholder(mangle: Callable[[str], str]) -> None:
    stage = _opened(Engine(lambda texts: tuple(mangle(_german(text)) for text in texts)))
    _described(stage)
    stage.settle()
    held = stall(stage).values.get(PLACE) or {}
    described = held.get("description", HTML)
    assert described.count("{{ size }}") == 1
    assert described.count("<b>") == described.count("</b>") == 1
    assert all(value.strip() for value in held.values())
