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
from functions.recommendations.companions import COMPANIONS, read_companions, train_companions
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
    material = _material(shop)
    (made,) = train_companions(material, of_history(material.history), lambda line: None)
    return made


class _Used:
    """A model in use that answers from a table of its own."""

    def __init__(self, artifact, created_at, answer):
        self.card = replace(artifact.card, created_at=created_at)
        self._index = read_companions(artifact.assets)
        self._answer = answer

    def once(self, name, make):
        return self._index

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
    material = _material(shop, better)
    assert train_companions(material, of_history(material.history), heard.append) == []
    assert any("kept" in line for line in heard)


def test_a_better_model_does(shop, artifact):
    poor = _Used(artifact, NOW - timedelta(days=60), lambda item: [(item + 31) % 60, (item + 33) % 60])
    material = _material(shop, poor)
    assert len(train_companions(material, of_history(material.history), lambda line: None)) == 1


def test_the_card_says_who_stood_for_choice_and_counts_are_true(shop, artifact):
    names = [row["model"] for row in artifact.card.metrics["candidates"]]
    assert {"popularity", "item-knn", "ease", "blend"} <= set(names)
    assert artifact.card.metrics["chosen"] in names
    index = read_companions(artifact.assets)
    held = np.zeros((shop.baskets, shop.items), bool)
    held[shop.basket, shop.item] = True
    for other in index.items[5]:
        if other >= 0:
            assert index.bought(5, int(other)) == ((held[:, 5] & held[:, other]).sum(), held[:, 5].sum())


def test_too_few_baskets_teach_nothing():
    few = random_shop(baskets=20)
    material = _material(few)
    assert train_companions(material, of_history(material.history), lambda line: None) == []


@pytest.mark.parametrize(
    ("learnt", "waiting", "grown"), [(None, 50, False), ("1000", 99, False), ("1000", 100, True), ("0", 0, False)]
)
def test_a_tenth_of_new_lines_is_too_much_to_wait_for_the_night(learnt, waiting, grown):
    known = {} if learnt is None else {"learnt_order_lines": learnt}
    services = SimpleNamespace(
        memories=SimpleNamespace(recall=lambda shop, keys: known), history=SimpleNamespace(lines=lambda shop: waiting)
    )
    assert syncing._grown(services, SimpleNamespace(id="x")) is grown
