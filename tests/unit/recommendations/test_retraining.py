"""When models are trained again, and when a new one stays out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from chalicelib import syncing
from chalicelib.contracts import History, Material
from chalicelib.domain.ids import shop_id
from chalicelib.domain.shop import Policy, Shop
from functions.recommendations.companions import COMPANIONS, pairs_of
from functions.recommendations.questions import CART, CUSTOMER, train_questions
from functions.recommendations.sales import Sales
from functions.recommendations.train import of_history
from tests.unit.recommendations.shops import random_shop

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _history(bought: Sales) -> History:
    """The shop's days moved so that the last ends now."""
    at = (NOW.timestamp() - (bought.last_day - bought.day) * 86_400).astype(np.int64)
    count = len(bought)
    return History(
        order=bought.basket, at=at, customer=bought.customer.astype(np.int32), product=bought.item.astype(np.int32),
        quantity=np.ones(count, np.int32), unit_price_minor=np.full(count, 500), country=np.zeros(count, np.int16),
        variant=np.full(count, -1, np.int32), products=[f"p{i}" for i in range(bought.items)], variants=[],
        countries=["DE"], currency="EUR",
    )


def _material(bought: Sales, current=None) -> Material:
    shop = Shop(id=shop_id("bazaar", "x"), marketplace="bazaar", name="X", endpoint="bazaar://x", currency="EUR")
    return Material(
        shop=shop, policy=Policy(), now=NOW, history=_history(bought), catalogue={},
        current=None if current is None else SimpleNamespace(get=lambda name: current if name == COMPANIONS else None),
    )


@pytest.fixture(scope="module")
def shop():
    return random_shop(baskets=1_500, customers=150)


@pytest.fixture(scope="module")
def artifact(shop):
    return _trained(_material(shop))[COMPANIONS]


def _trained(material, heard=lambda line: None):
    return {one.name: one for one in train_questions(material, of_history(material.history), heard)}


class _Used:
    """A model in use that answers from a table of its own."""

    def __init__(self, artifact, created_at, answer):
        self.card = replace(artifact.card, created_at=created_at)
        self._assets = artifact.assets
        self._answer = answer

    def once(self, name, make):
        return make(self._assets)

    def run(self, inputs):
        ids = np.array(self._answer(int(inputs["items"][0])))[: int(inputs["k"][0])]
        return {"ids": ids, "scores": -np.arange(len(ids), dtype=np.float32)}


def _foresight(shop, since):
    """What will really be bought along, which no honest model can know."""
    late = shop.where(shop.day >= since)
    along: dict[int, list[int]] = {}
    for basket in np.unique(late.basket):
        items = late.item[late.basket == basket].tolist()
        for item in items:
            along.setdefault(item, []).extend(other for other in items if other != item)
    def answer(item):
        others = along.get(item, [0])
        return sorted(set(others), key=lambda other: -others.count(other))

    return answer


def test_a_worse_model_does_not_replace_the_one_in_use(shop, artifact):
    since = NOW - timedelta(days=60)
    better = _Used(artifact, since, _foresight(shop, shop.last_day - 60))
    heard: list[str] = []
    assert COMPANIONS not in _trained(_material(shop, better), heard.append)
    assert any("kept" in line for line in heard)


def test_a_better_model_does(shop, artifact):
    poor = _Used(artifact, NOW - timedelta(days=60), lambda item: [(item + 31) % 60, (item + 33) % 60])
    assert COMPANIONS in _trained(_material(shop, poor))


def test_the_card_says_who_stood_for_choice_and_counts_are_true(shop, artifact):
    names = [row["model"] for row in artifact.card.metrics["candidates"]]
    assert {"popularity", "item-knn", "ease", "blend"} <= set(names)
    assert artifact.card.metrics["chosen"] in names
    pairs = SimpleNamespace(once=lambda name, make: make(artifact.assets))
    index = pairs_of(pairs)
    held = np.zeros((shop.baskets, shop.items), bool)
    held[shop.basket, shop.item] = True
    for other in index.items[5]:
        if other >= 0:
            assert index.bought(5, int(other)) == ((held[:, 5] & held[:, other]).sum(), held[:, 5].sum())


def test_too_few_baskets_teach_nothing():
    assert _trained(_material(random_shop(baskets=20))) == {}


def test_each_slot_is_chosen_by_its_own_question(shop):
    made = _trained(_material(shop))
    assert set(made) == {COMPANIONS, CART, CUSTOMER}
    judged = {name: one.card.metrics["judged"] for name, one in made.items()}
    assert len(set(judged.values())) == 3
    for one in made.values():
        rows = one.card.metrics["candidates"]
        assert sum(row["chosen"] for row in rows) == 1
        assert all(row["ndcg_low"] <= row["ndcg"] <= row["ndcg_high"] for row in rows)
        assert len({row["cases"] for row in rows}) == 1
    assert "ease, recency and titles" in {row["model"] for row in made[CART].card.metrics["candidates"]}


def test_a_shop_where_nobody_comes_back_has_no_model_for_those_who_do(shop):
    strangers = replace(shop, customer=np.full(len(shop), -1, np.int64))
    assert set(_trained(_material(strangers))) == {COMPANIONS, CART}


@pytest.mark.parametrize(
    ("learnt", "waiting", "grown"), [(None, 50, False), ("1000", 99, False), ("1000", 100, True), ("0", 0, False)]
)
def test_a_tenth_of_new_lines_is_too_much_to_wait_for_the_night(learnt, waiting, grown):
    known = {} if learnt is None else {"learnt_order_lines": learnt}
    services = SimpleNamespace(
        memories=SimpleNamespace(recall=lambda shop, keys: known), history=SimpleNamespace(lines=lambda shop: waiting)
    )
    assert syncing._grown(services, SimpleNamespace(id="x")) is grown
