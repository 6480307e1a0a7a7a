"""Siblings that take each other's buyers, tides that lift a whole shop, and competitors: seen where they are, and
not seen where they are not."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from chalicelib.domain.evidence import Curve
from chalicelib.domain.ids import VariantId
from chalicelib.domain.price_inputs import Sighting, rival_key, rivals_text
from chalicelib.domain.shop import PriceLimits
from functions.repricing.beliefs import shipped_prior, start
from functions.repricing.curves import Floats
from functions.repricing.kinship import ALONE, burden, kinship, siblings_mean, strength, taken
from functions.repricing.policy import Stance, choose
from functions.repricing.rivals import lift, weekly_rivals
from functions.repricing.sales import weekly
from functions.repricing.weeks import Observed, observe
from sandbox.market.simulate import open_market, play
from sandbox.market.tradewind import tradewind
from sandbox.market.worlds import WORLDS
from tests.unit.repricing.shop import NOW, context, history, money
from tests.unit.repricing.test_policy import EAGER, situation
from tests.unit.repricing.test_proposing import Shelf, decide, overpriced

PRIOR = shipped_prior(-2.6, 1.3)


def weeks(rng: np.random.Generator, theta: float, tide: Floats, products: int = 60) -> list[Observed]:
    """Sales of products in kinds of ten, whose prices jump now and then; a season moves all of them."""
    kin = kinship((np.arange(products) // 10)[None])
    found = []
    for lifted in tide:
        ratio = np.where(rng.uniform(size=(1, products)) < 0.3, rng.choice([0.8, 0.9, 1.1], (1, products)), 1.0)
        mean = 30 * ratio**-2.6 * np.exp(theta * siblings_mean(kin, np.log(ratio))) * lifted
        units = rng.poisson(mean * rng.gamma(8, 1 / 8, mean.shape)).astype(float)
        ones = np.ones_like(ratio)
        found.append(Observed(ratio=ratio, units=units, sold_out=0 * ones, rival_ratio=ones, known=ones))
    return found


@pytest.mark.parametrize("theta", [0.0, 1.5])
def test_substitution_is_found_where_it_is(theta: float) -> None:
    rng = np.random.default_rng(2)
    beliefs = start(np.full((1, 60), 30.0), PRIOR, kin=kinship((np.arange(60) // 10)[None]))
    for week in weeks(rng, theta, np.ones(40)):
        beliefs = observe(beliefs, week)
    found = float(strength(beliefs.kin)[0])
    assert found == pytest.approx(theta, abs=0.15 if theta == 0 else 0.5)


def test_a_season_lifts_levels_and_is_no_price_response() -> None:
    season = np.exp(0.4 * np.sin(np.arange(40) / 8))
    level, moved = [], []
    for tide in (np.ones(40), season):
        beliefs = start(np.full((1, 60), 30.0), PRIOR)
        for week in weeks(np.random.default_rng(7), 0.0, tide):
            beliefs = observe(beliefs, week)
        level.append(float(np.median(beliefs.level)) / 30 / tide[-1])
        moved.append(float(beliefs.tide_square[0]))
    assert moved[1] > 2 * moved[0]
    assert level == pytest.approx([1.0, 1.0], abs=0.2)


def test_a_week_without_sales_data_changes_no_tide() -> None:
    beliefs = start(np.full((1, 5), 30.0), PRIOR)
    ones = np.ones((1, 5))
    blank = Observed(ratio=ones, units=0 * ones, sold_out=0 * ones, rival_ratio=ones, known=0 * ones)
    after = observe(beliefs, blank)
    assert after.tide_square[0] == 0
    np.testing.assert_array_equal(after.level, beliefs.level)


def test_siblings_are_those_of_the_same_kind_and_shop() -> None:
    kin = kinship(np.array([[0, 0, 1, ALONE], [0, 1, 1, 1]]))
    mean = siblings_mean(kin, np.array([[1.0, 3.0, 5.0, 7.0], [2.0, 4.0, 6.0, 8.0]]))
    np.testing.assert_allclose(mean, [[3, 1, 0, 0], [0, 7, 6, 5]])


def test_a_cut_that_costs_siblings_more_than_it_brings_is_not_made() -> None:
    elastic = situation(-6.0)
    assert (choose(elastic, EAGER).ratio < 0.95).all()
    assert (choose(replace(elastic, burden=np.full(3, 60.0)), EAGER).ratio > 1).all()
    np.testing.assert_allclose(
        choose(replace(elastic, burden=np.full(3, 60.0)), replace(EAGER, kindness=0.0)).ratio,
        choose(elastic, EAGER).ratio,
    )


def test_the_burden_is_what_siblings_earn_and_the_ledger_counts_no_favours() -> None:
    kin = kinship(np.zeros((1, 3), np.int64))
    sure = replace(kin, moments=np.array([[100.0, 0.0, 100.0, 150.0, 0.0]]))
    theta = float(strength(sure)[0])
    assert theta == pytest.approx(1.5, abs=0.1)
    carried = burden(sure, np.array([[10.0, 20.0, 30.0]]), np.full((1, 3), 2.0))
    np.testing.assert_allclose(carried, theta * np.array([[25.0, 20.0, 15.0]]) / 2)
    np.testing.assert_allclose(taken(sure, np.array([[0.3, 0.0, -0.2]])), [[1, 1, np.exp(-0.2 * theta)]])


def test_the_logit_world_is_priced_as_a_whole() -> None:
    market = open_market(replace(WORLDS["logit"], weeks=26), [503])
    whole, alone = play(market, tradewind()), play(market, tradewind(Stance(kindness=0.0)))
    assert whole.profit.sum() > 1.02 * alone.profit.sum()


def test_competitors_enter_demand_beside_their_own_mean() -> None:
    sales = weekly(history())
    assert sales is not None
    days = [Sighting(NOW - timedelta(weeks=w), money("22.00" if w > 10 else "17.60")) for w in range(30)]
    ratio, mean = weekly_rivals({VariantId("v0"): sorted(days, key=lambda one: one.at)}, sales, "EUR")
    assert ratio[0, -1] < 1 < ratio[0, -20]
    assert (ratio[1:] == 1).all()
    assert mean[0] == pytest.approx(2050, abs=100)
    assert mean[1] == 0


def test_a_cheaper_competitor_tonight_lowers_what_is_expected_and_is_a_ceiling_where_wanted() -> None:
    shelf, goods = Shelf(), overpriced()
    shown = rivals_text([Sighting(NOW, money("18.00"))])
    where = context(PriceLimits(max_over_rival_pct=Decimal(0)), goods)
    told = replace(where, memory={rival_key(VariantId(f"v{i}")): shown for i in range(12)})
    for made in decide(told, shelf).proposals:
        curve = made.evidence[0]
        assert isinstance(curve, Curve)
        assert "the ceiling over competitors" in {mark.label for mark in curve.marks}
    assert lift(money("18.00").amount, 2000.0, "EUR") < 1 == lift(None, 2000.0, "EUR")
