"""The shipped model, and a shop's own: when there is one, what it begins with, and what its card says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import numpy as np
import pytest

from chalicelib.contracts import Artifact, Material, Model, OrderOutcome
from chalicelib.domain.ids import ShopId
from chalicelib.domain.shop import Policy, Shop
from chalicelib.inference import Loaded
from functions.screening.deciding import Attention, Stake, decide
from functions.screening.scoring import MODEL, score, score_with
from functions.screening.train import LEAST_LABELS, ended, train
from model_artifacts.translation.shipped import load
from tests.unit.repricing.shop import history

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SHOP = Shop(id=ShopId("s"), marketplace="shopify", name="S", endpoint="https://s.example", currency="EUR")


class One:
    """Models with one of them."""

    def __init__(self, model: Model | None) -> None:
        self._model = model

    def get(self, name: str) -> Model | None:
        return self._model if name == MODEL else None


@pytest.fixture(scope="module")
def shipped() -> Model:
    found = load(MODEL)
    assert found is not None
    return found


def outcome(number: int, rng: np.random.Generator) -> OrderOutcome:
    """An order of a shop where everything that bears the signal ``bad`` is fraud."""
    fraud = bool(rng.random() < 0.08)
    row = {"units": float(rng.integers(1, 4)), "hour": float(rng.integers(0, 24)), "paid_with": "card",
           "signal_seen": "bad" if fraud and rng.random() < 0.9 else "good"}  # fmt: skip
    at = NOW - timedelta(days=200) + timedelta(hours=number)
    return OrderOutcome(order_id=str(number), at=at, features=row, label=fraud)


def material(outcomes: list[OrderOutcome], model: Model | None) -> Material:
    return Material(shop=SHOP, policy=Policy(), now=NOW, history=history(1, 2), catalogue={}, outcomes=outcomes,
                    current=One(model))  # fmt: skip


def opened(artifact: Artifact) -> Loaded:
    card = replace(artifact.card, sha256=sha256(artifact.graph).hexdigest())
    return Loaded(artifact.graph, card, artifact.assets)


def test_the_shipped_model_scores_with_reasons_and_says_that_it_is_simulated(shipped: Model) -> None:
    stolen = {"card_1h": 3.0, "cards_per_ip": 6.0, "emails_per_ip": 5.0, "avs": "no match", "failed_payments": 3.0,
              "amount_vs_shop": -2.5, "ip_1h": 8.0, "email_kind": "disposable", "paid_with": "card"}  # fmt: skip
    loyal = {"orders_before": 9.0, "account_days": 800.0, "address_familiar": 1.0, "ip_familiar": 1.0, "avs": "match",
             "cvv": "match", "new_marks": 0.0, "amount_vs_shop": 0.1, "paid_with": "card"}  # fmt: skip
    found = score(One(shipped), [stolen, loyal, {}])
    assert found is not None
    assert found.probability[0] > 0.5 > 0.05 > found.probability[1]
    logit = found.contributions.astype(np.float64).sum(1) + found.intercept
    assert np.abs(1 / (1 + np.exp(-logit)) - found.probability).max() < 1e-6
    assert len(decide(stolen, found, Stake(100, 15, 30, 3), Attention(9)).reasons) >= 3
    assert "imulated" in shipped.card.training_data + shipped.card.notes


def test_silence_counts_as_fine_after_ninety_days_unless_the_order_was_held() -> None:
    old, young = NOW - timedelta(days=120), NOW - timedelta(days=10)
    quiet = [
        OrderOutcome(order_id=str(n), at=at, features={}, label=label, held=held)
        for n, (at, label, held) in enumerate(
            [(old, None, False), (old, None, True), (young, None, False), (young, True, True)]
        )
    ]
    assert [(one.order_id, label) for one, label in ended(quiet, NOW)] == [("0", 0.0), ("3", 1.0)]


def test_too_few_ends_or_nothing_to_begin_with_and_the_shipped_model_stays(shipped: Model) -> None:
    rng = np.random.default_rng(0)
    told: list[str] = []
    few = [outcome(n, rng) for n in range(LEAST_LABELS - 1)]
    assert train(material(few, shipped), told.append) == ()
    enough = [outcome(n, rng) for n in range(LEAST_LABELS + 50)]
    assert train(material(enough, None), told.append) == ()
    assert all("the shipped model stays" in line for line in told)


@pytest.fixture(scope="module")
def artifact(shipped: Model) -> Artifact:
    rng = np.random.default_rng(1)
    (found,) = train(material([outcome(n, rng) for n in range(700)], shipped), lambda line: None)
    return found


def test_a_shop_learns_what_only_its_own_signal_shows(artifact: Artifact, shipped: Model) -> None:
    own = opened(artifact)
    assert artifact.card.metrics["rung"] == "corrected"
    row = {"units": 1.0, "hour": 12.0, "paid_with": "card"}
    found = score_with(own, [{**row, "signal_seen": "bad"}, {**row, "signal_seen": "good"}])
    assert found.probability[0] > 5 * found.probability[1]
    reason = decide({**row, "signal_seen": "bad"}, found, Stake(100, 15, 30, 3), Attention(9)).reasons[0]
    assert str(reason) == "Your signal “seen” is bad"
    assert artifact.assets["tables.json"] == shipped.assets["tables.json"]
