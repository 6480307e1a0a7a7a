"""Removed products and languages: nothing waits for them any more, and what was paid for stays."""

from dataclasses import replace

import pytest

from chalicelib import cleaning, connecting, deciding, runs
from chalicelib.domain.catalogue import ledger_of
from chalicelib.domain.events import Schedule
from chalicelib.domain.ids import Locale, ProductId
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Mode, Policy
from functions.translation.propose import FUNCTION as TRANSLATION
from sandbox.rehearsal.scenes import deliver, edit, opened, set_policy, stall
from sandbox.rehearsal.stage import Stage
from tests.faults.test_translation_money import LATER, NAME, Engine


def _stage() -> Stage:
    stage = opened(TRANSLATION, products=2, mode=Mode.PROPOSE, engines=[Engine()])
    for product in ("p0", "p1"):
        deliver(stage, edit(stage, product=product))
    stage.settle()
    return stage


def _waiting(stage: Stage) -> list[str]:
    return sorted(p.action.resource for p in stage.services.proposals.waiting(stage.shops[0], NAME))


def _kept(stage: Stage, prefix: str) -> int:
    return sum(1 for _ in stage.services.memories.all(stage.shops[0], prefix))


def test_a_deleted_product_waits_for_nobody() -> None:
    stage = _stage()
    sentences = _kept(stage, "tm:")
    assert _waiting(stage) == ["p0", "p1"]
    assert _kept(stage, ledger_of("p0")) > 0
    stall(stage).delete_product(ProductId("p0"))
    stage.settle()
    assert _waiting(stage) == ["p1"]
    assert _kept(stage, ledger_of("p0")) == 0
    assert _kept(stage, ledger_of("p1")) > 0
    assert _kept(stage, "tm:") == sentences
    ended = [p for p in stage.services.proposals.every(stage.shops[0]) if p.status is Status.EXPIRED]
    assert [str(refusal.reason) for p in ended for refusal in p.refusals] == ["The product was deleted."]


def test_what_we_published_and_a_merchant_took_away_is_not_made_again() -> None:
    stage = _stage()
    (made,) = [p for p in stage.services.proposals.waiting(stage.shops[0], NAME) if p.action.resource == "p0"]
    deciding.approve(stage.services, stage.shops[0], made.id, "somebody@shop.example")
    stage.settle()
    stall(stage).edit(made.target, None)
    stage.settle()
    runs.start(stage.services, stage.services.shops.get(stage.shops[0]), runs.RUN, NAME, [Locale("de")], "somebody")
    stage.settle()
    assert _waiting(stage) == ["p1"]
    assert stall(stage).values[made.target] is None


def test_of_what_was_never_in_the_mirror_nothing_is_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A WPML shop tells of its translated products too; a search through the whole shop for each would be dear."""
    stage = _stage()
    cleaned: list[str] = []
    monkeypatch.setattr(cleaning, "product_gone", lambda services, shop, product: cleaned.append(product))
    for product in ("translated-post", "p0"):
        stall(stage).delete_product(ProductId(product))
        stall(stage).tell("goods.changed", product)
    stage.settle()
    assert cleaned == ["p0"]


def test_a_language_that_was_given_up_waits_for_nobody() -> None:
    stage = _stage()
    sentences = _kept(stage, "tm:")

    def into(*locales: str) -> None:
        def change(policy: Policy) -> Policy:
            chosen = tuple(Locale(locale) for locale in locales)
            return replace(policy, translations=replace(policy.translations, locales=chosen))

        set_policy(stage, stage.shops[0], change)
        stage.clock.advance(LATER)
        connecting.schedule(stage.services, stage.shops[0], Schedule.RECONCILE)
        stage.settle()

    into("de")
    assert _waiting(stage) == ["p0", "p1"]
    into("fr")
    assert all(p.action.locale == "fr" for p in stage.services.proposals.waiting(stage.shops[0], NAME))  # type: ignore[union-attr]
    assert _kept(stage, "tm:") >= sentences
