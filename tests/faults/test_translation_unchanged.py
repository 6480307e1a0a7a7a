"""What an unchanged catalogue costs, and what one edited sentence does, through the strict stand-in for DeepL."""

import random
from dataclasses import replace

import pytest

from chalicelib import runs
from chalicelib.domain.catalogue import Product
from chalicelib.domain.ids import Locale, ProductId
from chalicelib.domain.shop import Mode
from functions.translation import propose
from functions.translation.propose import FUNCTION as TRANSLATION
from integrations.deepl.engine import connect
from sandbox.deepl_server import DeepLServer, serve
from sandbox.rehearsal.scenes import opened, stall
from sandbox.rehearsal.stage import Stage
from tests.faults.test_translation_money import LATER, NAME

KEY = "unchanged:fx"
SHAPES = ("Lamp", "Bowl", "Scarf", "Candle", "Basket", "Frame", "Clock", "Kettle")
WORDS = ("quiet", "warm", "narrow", "blue", "woven", "heavy", "gentle", "bright", "plain", "old", "small", "tall")


def _describe(stage: Stage, number: int, edited: bool) -> Product:
    """Three sentences of its own each; an edit changes the second and nothing else."""
    place = stall(stage)
    known = place.products[ProductId(f"p{number}")]
    rng = random.Random(number)
    shape, (one, two, three) = rng.choice(SHAPES), rng.sample(WORDS, 3)
    middle = f"Now {three} again and good for evening {number}" if edited else f"It stays {two} for evening {number}"
    html = f"<p>A {one} {shape.lower()} of series {number}.</p><p>{middle}. Sent within two days.</p>"
    return place.put_product(replace(known, title=f"{shape} number {number}", description_html=html))


def _run(stage: Stage) -> int:
    """A run over the whole catalogue into German; what DeepL billed for it."""
    stage.clock.advance(LATER)
    shop = stage.services.shops.get(stage.shops[0])
    job = runs.start(stage.services, shop, runs.RUN, NAME, [Locale("de")], "somebody@shop.example")
    stage.settle()
    done = stage.services.jobs.get(shop.id, job.id)
    assert done.finished_at is not None
    assert done.done == done.total
    return done.counts.get("characters", 0)


@pytest.mark.parametrize(
    ("products", "edited"), [(60, 12), pytest.param(5_000, 100, marks=pytest.mark.soak)], ids=["small", "5000"]
)
def test_an_unchanged_catalogue_costs_nothing_and_an_edit_costs_its_sentence(
    products: int, edited: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(propose, "estimator", lambda models: None)  # what is sent does not hang on estimates
    server = DeepLServer(auth_key=KEY, character_limit=10_000_000)
    with serve(server) as running:
        stage = opened(TRANSLATION, products=products, mode=Mode.PROPOSE, engines=[connect(KEY, running.url)])
        for number in range(products):
            _describe(stage, number, edited=False)
        stall(stage).drain()
        first = _run(stage)
        assert first == server.character_count > 0
        calls = len(server.calls)
        assert _run(stage) == 0
        assert (server.character_count, len(server.calls)) == (first, calls), "not even a call was made"
        chosen = random.Random(5).sample(range(products), edited)
        for number in chosen:
            _describe(stage, number, edited=True)
        stall(stage).drain()
        sentences = [_middle(stage, number) for number in chosen]
        spent = _run(stage)
        assert spent == server.character_count - first == sum(map(len, sentences))


def _middle(stage: Stage, number: int) -> str:
    html = stall(stage).products[ProductId(f"p{number}")].description_html
    return html.partition("</p><p>")[2].partition(" Sent")[0]
