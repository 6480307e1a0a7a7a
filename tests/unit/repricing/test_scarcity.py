"""Sold-out goods: what their sales say of demand, and what prices may be asked where supply is limited."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.repricing_supply import by_expected_sales
from functions.repricing.beliefs import dispersion, elasticity, posterior, start
from functions.repricing.censored import served, tail
from functions.repricing.curves import LATTICE, REFERENCE, SLOPES, STATES, lattice_index, tables
from functions.repricing.ledger import Tolerance, entered
from functions.repricing.policy import Situation, Stance, choose
from functions.repricing.scarcity import Shelf, gained, relative_sold, ways_home
from functions.repricing.weeks import observe
from sandbox.market.demand import mean_units, sold
from sandbox.market.draws import RIVAL_PERSISTENCE
from sandbox.market.peers import PEERS
from sandbox.market.simulate import clairvoyant, open_market, play
from sandbox.market.tradewind import tradewind
from sandbox.market.worlds import WORLDS
from tests.unit.repricing.test_learning import PRIOR, taught, truth, week
from tests.unit.repricing.test_policy import EAGER, situation

CASES = [(1, 0.05, 0.3), (1, 4.0, 0.3), (3, 40.0, 0.02), (12, 9.0, 0.4), (40, 4.0, 0.1), (150, 160.0, 1.5)]


def summed(bound: int, mean: float, noise: float) -> tuple[float, float, float, float]:
    """Probability of reaching the bound, mean and variance beyond it, and E[min], by plain summation."""
    size, units = 1 / noise, np.arange(20_000.0)
    odds = mean / (size + mean)
    steps = np.log((units[:-1] + size) / (units[:-1] + 1) * odds)
    chance = np.exp(np.concatenate([[0.0], np.cumsum(steps)]) + size * np.log1p(-odds))
    above = chance[bound:] / chance[bound:].sum()
    beyond = float(above @ units[bound:])
    variance = float(above @ (units[bound:] - beyond) ** 2)
    return float(chance[bound:].sum()), beyond, variance, float(chance @ np.minimum(units, bound))


@pytest.mark.parametrize(("bound", "mean", "noise"), CASES)
def test_the_tail_is_that_of_a_negative_binomial(bound: int, mean: float, noise: float) -> None:
    found = tail(np.array([float(bound)]), np.array([mean]), np.array([noise]))
    reached, beyond, variance, sales = summed(bound, mean, noise)
    assert float(found.log_probability[0]) == pytest.approx(np.log(reached), rel=1e-6, abs=1e-9)
    assert float(found.mean[0]) == pytest.approx(beyond, rel=1e-7)
    assert float(found.variance[0]) == pytest.approx(variance, rel=1e-4, abs=1e-6)
    sold = served(np.array([mean]), np.array([float(bound)]), np.array([noise]))
    assert float(sold[0]) == pytest.approx(sales, rel=1e-6)


def test_every_demand_reaches_an_empty_shelf() -> None:
    found = tail(np.zeros(1), np.full(1, 5.0), np.full(1, 0.3))
    assert (float(found.log_probability[0]), float(found.mean[0])) == (0.0, 5.0)
    assert float(found.variance[0]) == pytest.approx(5 + 0.3 * 25)


@pytest.mark.parametrize("bound", [1.0, 1e4])
@pytest.mark.parametrize("mean", [1e-3, 1e4])
def test_extremes_stay_numbers(bound: float, mean: float) -> None:
    found = tail(np.array([bound]), np.array([mean]), np.array([0.02]))
    assert np.isfinite([found.log_probability, found.mean, found.variance]).all()
    assert float(found.mean[0]) >= bound


def test_elasticities_are_found_although_promotions_sell_out() -> None:
    """Nine sold-out weeks of 26 hide what promotions bring; taken at their sales they would look inelastic."""
    beliefs, lessons = taught("stock_outs")
    mean, sd = elasticity(posterior(beliefs))
    assert lessons.sold_out.mean() > 0.25
    assert abs(float((mean - truth("stock_outs")).mean())) < 0.3
    assert float(np.sqrt(((mean - truth("stock_outs")) ** 2).mean())) < 1.2 * float(sd.mean())
    market = open_market(WORLDS["stock_outs"], [11])
    levels = (posterior(beliefs) * beliefs.level).sum(axis=-1) / market.draws.level
    assert float(np.median(levels)) == pytest.approx(1.0, abs=0.1)
    assert float(dispersion(beliefs).mean()) == pytest.approx(0.3, abs=0.08)


def test_supply_is_what_sold_out_weeks_sold_or_more() -> None:
    beliefs = start(np.full((1, 1), 10.0), PRIOR)
    seen = []
    for units, out in ((7.0, 0.0), (8.0, 1.0), (0.0, 1.0), (12.0, 1.0), (15.0, 0.0)):
        beliefs = observe(beliefs, week(units=units, sold_out=out))
        seen.append(float(beliefs.supply[0, 0]))
    assert seen == [np.inf, 8.0, 8.0, 10.0, 15.0]


def test_a_week_that_opened_empty_says_nothing_of_prices_or_levels() -> None:
    beliefs = start(np.full((1, 1), 10.0), PRIOR)
    after = observe(beliefs, week(units=0.0, sold_out=1.0))
    np.testing.assert_allclose(posterior(after), posterior(beliefs), atol=1e-9)
    np.testing.assert_allclose(after.level, beliefs.level)
    assert float(after.seen[0, 0]) == pytest.approx(0.0, abs=1e-6)


def limited(slope: float | None, supply: float, **fields: Any) -> Situation:
    return situation(slope, supply=np.full(3, supply), **fields)


def test_a_shelf_that_empties_anyway_is_not_made_cheaper() -> None:
    assert (choose(situation(-6.0), EAGER).ratio < 0.95).all()
    assert (choose(limited(-6.0, 10.0), EAGER).ratio >= 1.0).all()


def test_what_there_is_too_little_of_becomes_dearer() -> None:
    assert (choose(limited(-6.0, 4.0), EAGER).ratio > 1.05).all()
    assert (choose(limited(-6.0, 4.0), Stance(curiosity=0.0)).ratio > 1.05).all()


def test_no_limit_and_one_far_away_change_nothing() -> None:
    plain = choose(situation(), Stance())
    np.testing.assert_array_equal(choose(limited(None, np.inf), Stance()).ratio, plain.ratio)
    far = choose(limited(None, 1e5), Stance())
    np.testing.assert_array_equal(far.ratio, plain.ratio)
    np.testing.assert_allclose(far.units, plain.units, rtol=1e-3)
    np.testing.assert_allclose(far.harm, plain.harm, atol=0.02)


def test_only_the_limited_rows_are_treated_so() -> None:
    mixed = situation(-6.0, supply=np.array([np.inf, 10.0, np.inf]))
    found = choose(mixed, EAGER).ratio
    assert found[1] >= 1.0 > found[0] == found[2]


def test_sales_are_counted_by_the_account_that_likes_them_less() -> None:
    shelf = Shelf(level=np.full((1, STATES), 10.0), supply=np.full(1, 11.0), noise=np.full(1, 0.3))
    relative, home = relative_sold(shelf, tables(0.1).units)
    np.testing.assert_allclose(home, 10.0, rtol=1e-6)
    steep = int(np.argmin(np.abs(SLOPES + 3.0)))
    cheap, dear = (int(lattice_index(np.array([ratio]))[0]) for ratio in (0.9, 1.1))
    here = np.array([10.0])
    before, after = (
        float(served(here * tables(0.1).units[at, steep], np.array([11.0]), np.array([0.3]))[0]) for at in (60, cheap)
    )
    assert float(relative[0, cheap, steep]) == pytest.approx(min(after / before, 1.1), rel=2e-3)
    assert float(relative[0, dear, steep]) == pytest.approx(float(tables(0.1).units[dear, steep]), rel=1e-5)
    np.testing.assert_allclose(relative[0, REFERENCE], 1.0)


def test_the_way_home_adds_up() -> None:
    shelf = Shelf(level=np.full((1, STATES), 10.0), supply=np.full(1, 1e6), noise=np.full(1, 0.3))
    relative, _ = relative_sold(shelf, tables(0.1).units)
    start_at = lattice_index(np.array([0.8]))
    way, walked = ways_home(0.1)
    weeks = LATTICE[way[start_at[0]]][walked[start_at[0]] > 0]
    ledger = np.zeros((1, STATES))
    for ratio in weeks:
        ledger = entered(ledger, np.array([ratio]), np.array([0.7]))
    found = gained(relative, start_at[None], np.array([0.7]), 0.1)[0, 0]
    np.testing.assert_allclose(found, ledger[0], rtol=1e-3, atol=1e-4)


def test_a_market_that_sells_out_is_hardly_harmed() -> None:
    """A small one on seeds that nothing was tuned or judged on; the bench has the figures."""
    market = open_market(replace(WORLDS["stock_outs"], products=60), [501, 502])
    best, kept, ours = clairvoyant(market), play(market, PEERS["keep"]), play(market, tradewind())
    assert ours.harmed(kept).mean() < 0.1 < play(market, PEERS["thompson"]).harmed(kept).mean()
    assert ours.share(best).mean() > kept.share(best).mean()


def test_a_strict_ledger_holds_what_may_not_be_limited() -> None:
    strict = Stance(tolerance=Tolerance(probability=0.0, loss=0.0), curiosity=0.0)
    np.testing.assert_allclose(choose(limited(-6.0, 10.0), strict).ratio, 1.0)


def test_expected_sales_are_what_the_market_sells_and_less_than_it_counts() -> None:
    market = open_market(WORLDS["stock_outs"], [501, 502])
    kept, draws, history = play(market, PEERS["keep"]), market.draws, market.world.history_weeks
    expected = by_expected_sales(market, kept).profit.sum()
    rival, earned = market.rival, 0.0
    for at in range(history, history + market.world.weeks):
        rival = RIVAL_PERSISTENCE * rival + draws.rival_noise[..., at]
        mean = mean_units(
            market.world, draws, at, draws.base_price, draws.base_price, draws.base_price * np.exp(rival)
        )
        earned += float((sold(market.world, draws, at, mean) * (draws.base_price - draws.cost[..., at])).sum())
    assert expected == pytest.approx(earned, rel=0.02)
    assert expected < 0.92 * kept.profit.sum()
