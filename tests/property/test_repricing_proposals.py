"""Whatever the limits and the goods, what repricing proposes clears every guardrail that knows no clock."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.contracts import Answers
from chalicelib.domain.actions import SetPrice
from chalicelib.domain.catalogue import Product
from chalicelib.domain.ids import ProductId
from chalicelib.domain.shop import PriceLimits
from chalicelib.guardrails import Situation, check
from functions.repricing.account import Account, key, written
from functions.repricing.propose import FUNCTION
from tests.unit.repricing.shop import NOW, SHOP, context, loaded, money, product, variant


class Shelf:
    """One loaded model under every name."""

    def __init__(self, supply: float) -> None:
        self._supply = supply

    def get(self, name: str) -> Any:
        return loaded(self._supply)


def pct(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=1)


LIMITS = st.builds(
    PriceLimits, min_margin_pct=pct(0, 60), fee_pct=pct(0, 20), fee_fixed=pct(0, 2), max_increase_pct=pct(0, 60),
    max_step_pct=pct(0, 30), max_step_30d_pct=pct(0, 40), min_step_pct=pct(0, 5), explore=st.booleans(),
    default_margin_pct=st.none() | pct(0, 90), harm_tolerance_pct=pct(0, 100),
    charm_endings=st.sampled_from([(), (".99",), (".95", ".49"), ("9.90",), ("0",)]),
    minimum_advertised=st.dictionaries(st.sampled_from([ProductId("p0"), ProductId("p1")]), pct(15, 22), max_size=2),
)  # fmt: skip
GOODS = st.lists(
    st.tuples(pct(12, 35), st.none() | pct(-1, 30), st.none() | st.integers(-2, 500)), min_size=1, max_size=6,
)  # fmt: skip


SUPPLIES = st.sampled_from([np.inf, 0.0, 1.0, 6.0, 14.0, 1e4])

type Row = tuple[Decimal, Decimal | None, int | None]


def goods(rows: list[Row]) -> dict[ProductId, Product]:
    made = {}
    for number, (price, cost, stock) in enumerate(rows):
        form = replace(variant(number, str(price)), cost=None if cost is None else money(str(cost)), stock=stock)
        made[ProductId(f"p{number}")] = product(number, form)
    return made


@given(limits=LIMITS, rows=GOODS, days=st.floats(0.1, 365), index=st.integers(0, 120), supply=SUPPLIES)
@settings(max_examples=120, deadline=None)
def test_proposals_clear_the_guardrails(
    limits: PriceLimits, rows: list[Row], days: float, index: int, supply: float
) -> None:
    where = replace(context(limits, goods(rows)), memory={key("v0"): written(Account({index: days}, 20_000))})
    for made in FUNCTION.propose(where, Answers(), Shelf(supply)).proposals:
        assert isinstance(made.action, SetPrice)
        assert 0 <= made.confidence <= 1
        assert made.worth >= 0
        situation = Situation(shop=SHOP, policy=where.policy, now=NOW, current=made.before, catalogue=where.catalogue)
        assert [refusal.rule for refusal in check(made, situation)] == []
