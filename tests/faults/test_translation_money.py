"""What translating costs: counted before it is spent, never paid twice, stopped at the allowance, taken up later."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from chalicelib import connecting, runs
from chalicelib.asking import spent_in
from chalicelib.contracts import EngineRequest, TranslateTexts
from chalicelib.domain.events import Schedule
from chalicelib.domain.ids import EventId, FunctionName, Locale, ProductId, ShopId, Target
from chalicelib.domain.shop import Mode, Policy
from chalicelib.errors import AnswerLost, QuotaReached, StoreUnavailable
from chalicelib.storage.jobs import Job
from functions.translation.propose import FUNCTION as TRANSLATION
from sandbox.rehearsal.scenes import Breaking, deliver, edit, opened, set_policy, stall, work
from sandbox.rehearsal.stage import Stage

NAME, GERMAN, LATER = FunctionName("translation"), Locale("de"), timedelta(minutes=1)


@dataclass
class Engine:
    """Marks what it is given and counts every character it would bill."""

    billed: int = 0
    asked: list[str] = field(default_factory=list)
    fails: Callable[[], None] = lambda: None

    def answers(self, request: EngineRequest) -> bool:
        return isinstance(request, TranslateTexts)

    def ask(self, request: EngineRequest, shop: ShopId, event: EventId) -> tuple[str, ...]:
        assert isinstance(request, TranslateTexts)
        self.fails()
        self.billed += request.characters
        self.asked += request.texts
        return tuple(f"Ü {text}" for text in request.texts)


def _stage(engine: Engine, products: int = 6, allowed: int = 500_000) -> Stage:
    def bounded(policy: Policy) -> Policy:
        return replace(policy, translations=replace(policy.translations, characters_per_month=allowed))

    return opened(TRANSLATION, products=products, mode=Mode.PROPOSE, engines=[engine], policy=bounded)


def _start(stage: Stage, kind: str) -> Job:
    shop = stage.services.shops.get(stage.shops[0])
    stage.clock.advance(LATER)
    job = runs.start(stage.services, shop, kind, NAME, [GERMAN], "somebody@shop.example")
    stage.settle()
    return stage.services.jobs.get(shop.id, job.id)


def _reconcile(stage: Stage) -> None:
    stage.clock.advance(LATER)
    connecting.schedule(stage.services, stage.shops[0], Schedule.RECONCILE)
    stage.settle()


def _spent(stage: Stage) -> int:
    return stage.services.counters.total(stage.shops[0], spent_in(stage.clock.now()))


def _titles(stage: Stage) -> set[str]:
    return {product.title for product in stall(stage).products.values()}


def test_a_forecast_is_exactly_what_the_run_then_costs() -> None:
    engine = Engine()
    stage = _stage(engine)
    told = _start(stage, runs.FORECAST)
    assert told.finished_at is not None
    assert (told.done, engine.billed, _spent(stage)) == (6, 0, 0)
    done = _start(stage, runs.RUN)
    assert done.finished_at is not None
    assert done.counts["characters"] == told.counts["characters"] == engine.billed == _spent(stage) > 0
    assert told.counts["into de"] == told.counts["characters"]
    again = _start(stage, runs.RUN)
    assert again.done == 6
    assert again.counts.get("characters", 0) == 0
    assert _start(stage, runs.FORECAST).counts.get("characters", 0) == 0


def test_one_sentence_in_many_products_is_forecast_once() -> None:
    engine = Engine()
    stage = _stage(engine, products=3)
    for product in list(stall(stage).products.values()):
        stall(stage).put_product(replace(product, description_html="<p>Sent within two days.</p>"))
    stall(stage).drain()
    told = _start(stage, runs.FORECAST)
    assert told.counts["characters"] == sum(map(len, _titles(stage))) + len("Sent within two days.")


def test_the_allowance_ends_whole_and_the_rest_is_taken_up_when_there_is_room() -> None:
    engine = Engine()
    stage = _stage(engine, allowed=20)
    shop = stage.shops[0]
    job = _start(stage, runs.RUN)
    assert job.note == runs.WAITS
    assert 0 < engine.billed == _spent(stage) <= 20
    assert [p.code for p in stage.services.problems.all(shop)] == ["quota_reached"]
    _reconcile(stage)
    assert engine.billed <= 20, "nothing is asked while there is no room"
    set_policy(stage, shop, lambda p: replace(p, translations=replace(p.translations, characters_per_month=900)))
    _reconcile(stage)
    finished = stage.services.jobs.get(shop, job.id)
    assert finished.finished_at is not None
    assert finished.note == ""
    assert sorted(engine.asked) == sorted(_titles(stage)), "each sentence was paid for once"
    _reconcile(stage)
    assert list(stage.services.problems.all(shop)) == []


@pytest.mark.parametrize("error", [QuotaReached(), None], ids=["456", "our own limit"])
def test_an_event_that_met_the_end_is_taken_up_later(error: Exception | None) -> None:
    engine = Engine()
    stage = _stage(engine, products=1, allowed=500 if error else 3)

    def refuses() -> None:
        if error:
            raise error

    engine.fails = refuses
    deliver(stage, edit(stage))
    stage.settle()
    shop = stage.shops[0]
    assert list(stage.services.proposals.waiting(shop, NAME)) == []
    assert engine.billed == _spent(stage) == 0
    engine.fails = lambda: None
    set_policy(stage, shop, lambda p: replace(p, translations=replace(p.translations, characters_per_month=500)))
    _reconcile(stage)
    assert [p.action.fields[0].value for p in stage.services.proposals.waiting(shop, NAME)] == [  # type: ignore[union-attr]
        f"Ü {stall(stage).products[ProductId('p0')].title}"
    ]
    assert list(stage.services.problems.all(shop)) == []


def test_a_worker_that_dies_anywhere_after_the_answer_was_kept_pays_nothing_again() -> None:
    paid = set()
    for at in range(1, 60):
        engine = Engine()
        stage = _stage(engine, products=1)
        deliver(stage, edit(stage))
        died = not work(stage, Breaking(at))
        stage.settle()
        title = stall(stage).products[ProductId("p0")].title
        assert set(engine.asked) == {title}
        assert len(engine.asked) <= 2
        paid.add(len(engine.asked))
        assert _spent(stage) >= engine.billed, "counted before it is spent"
        if not died:
            break
    else:
        pytest.fail("it never ran to its end")
    assert 1 in paid


def test_only_the_very_next_write_after_an_answer_can_cost_it_again() -> None:
    def counted(at: int) -> tuple[int, list[str]]:
        engine, hand = Engine(), Breaking(at)
        stage = _stage(engine, products=1)
        deliver(stage, edit(stage))
        work(stage, hand)
        stage.settle()
        return len(engine.asked), hand.calls

    twice = [at for at in range(1, 60) if counted(at)[0] > 1]
    assert len(twice) <= 2, "one write, before or after it happened"


@pytest.mark.parametrize(("error", "counts"), [(StoreUnavailable(), False), (AnswerLost(), True)])
def test_what_an_engine_did_not_do_is_given_back(error: Exception, counts: bool) -> None:
    engine = Engine()
    stage = _stage(engine, products=1)

    def fails() -> None:
        engine.fails = lambda: None
        raise error

    engine.fails = fails
    deliver(stage, edit(stage))
    stage.settle()
    assert _spent(stage) == engine.billed * (2 if counts else 1)
    assert Target("resource/p0/translation/de/all") not in stall(stage).values
