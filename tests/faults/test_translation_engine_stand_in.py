"""Every fault that the stand-in for DeepL knows, on the whole road: the source text stays, the event ends, a reason is
there, and what is offered or published holds every token once.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from chalicelib.domain.actions import PublishTranslation
from chalicelib.domain.ids import ProductId, Target
from chalicelib.domain.proposals import Proposal
from functions.translation.propose import FUNCTION as TRANSLATION
from integrations.deepl.engine import connect
from sandbox.deepl_server import DeepLServer, Fault, FaultKind, serve
from sandbox.rehearsal.scenes import deliver, opened, stall, work
from sandbox.rehearsal.stage import Stage

KEY = "standin:fx"
PLACE = Target("resource/p0/translation/de/all")
TITLE = "A blue lamp for 12 people"
HTML = "<p>A blue lamp of 250 ml with {{ size }} and <b>warm light</b>. It burns for 40 hours.</p>"
SILENT = {
    FaultKind.TOO_MANY, FaultKind.QUOTA, FaultKind.FORBIDDEN, FaultKind.SERVER_ERROR, FaultKind.HANG, FaultKind.RESET,
    FaultKind.TRUNCATED, FaultKind.HTML, FaultKind.PARTIAL, FaultKind.TOO_LARGE,
}  # fmt: skip
"""Faults after which there is no answer that could be used."""
MERCHANT = {FaultKind.QUOTA, FaultKind.FORBIDDEN}
"""Of these, the ones that only the merchant can mend."""
WRONG = {FaultKind.SWAPPED, FaultKind.UNTRANSLATED, FaultKind.CUT, FaultKind.WRONG_NUMBER}
"""Answers that are whole and say something else."""


def _open(server_url: str) -> Stage:
    stage = opened(TRANSLATION, engines=[connect(KEY, server_url)])
    place = stall(stage)
    place.put_product(replace(place.products[ProductId("p0")], title=TITLE, description_html=HTML))
    deliver(stage, place.drain())
    return stage


def _texts(stage: Stage) -> list[Mapping[str, str]]:
    """What stands in the store, and what is offered to a person."""
    held = stall(stage).values.get(PLACE)
    actions = [one.action for one in _proposals(stage)]
    offered = [{f.key: f.value for f in a.fields} for a in actions if isinstance(a, PublishTranslation)]
    return [*([held] if isinstance(held, dict) else []), *offered]


def _proposals(stage: Stage) -> list[Proposal]:
    return list(stage.services.proposals.every(stage.shops[0]))


def _sound(texts: Mapping[str, str]) -> None:
    for key, source in (("title", TITLE), ("description", HTML)):
        if key in texts:
            for pattern in (r"\{\{.*?\}\}", r"</?\w+>", r"\d+(?: ml)?"):
                assert re.findall(pattern, texts[key]) == re.findall(pattern, source), texts[key]


@pytest.mark.parametrize("kind", list(FaultKind))
def test_a_fault_ends_in_nothing_or_in_something_sound(kind: FaultKind, monkeypatch: pytest.MonkeyPatch) -> None:
    account = DeepLServer(auth_key=KEY, character_limit=200_000)
    with serve(account) as server:
        account.faults.add(Fault(kind, hang_s=2.0), calls=40)
        stage = _open(server.url)
        monkeypatch.setattr("deepl.http_client.max_network_retries", 0)
        monkeypatch.setattr("deepl.http_client.min_connection_timeout", 0.5)
        work(stage)
        assert account.faults.met[kind] > 0
        for texts in _texts(stage):
            _sound(texts)
        if kind in SILENT:
            assert _texts(stage) == [], "nothing is published or offered by halves"
        if kind in MERCHANT:
            assert list(stage.services.problems.all(stage.shops[0])), "the merchant is told"
        if kind in WRONG:
            assert PLACE not in stall(stage).values, "nobody published that without a look"
        account.faults.clear()
        stage.settle()
        for texts in _texts(stage):
            _sound(texts)
