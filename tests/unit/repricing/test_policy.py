"""The policy: inside its limits, obedient to the ledger, and worth having in a small market."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from functions.repricing.beliefs import shipped_prior
from functions.repricing.curves import SLOPES, STATES
from functions.repricing.ledger import Tolerance, caution, entered, tolerance
from functions.repricing.policy import Situation, Stance, choose, perfect_information
from sandbox.market.peers import PEERS
from sandbox.market.simulate import clairvoyant, open_market, play
from sandbox.market.tradewind import tradewind
from sandbox.market.worlds import MATCHED, WORLDS

EAGER = Stance(curiosity=0.0, tolerance=Tolerance(probability=1.0))


def situation(slope: float | None = None, products: int = 3, **fields: Any) -> Situation:
    """Products of one known elasticity, or of the shipped belief."""
    weights = shipped_prior(-2.9, 1.1) if slope is None else np.exp(-50 * (SLOPES - slope) ** 2) + 1e-12
    ones = np.ones(products)
    return replace(
        Situation(
            weights=np.tile(weights / weights.sum(), (products, 1)), level=np.full((products, STATES), 10.0),
            ledger=np.zeros((products, STATES)), ratio=ones, cost_ratio=0.7 * ones, lower=0.75 * ones,
            upper=1.5 * ones, dispersion=0.3 * ones, centre=0 * ones, weeks_left=52,
        ),
        **fields,
    )  # fmt: skip


def test_elastic_goods_get_cheaper_and_inelastic_ones_dearer() -> None:
    assert (choose(situation(-6.0), EAGER).ratio < 0.95).all()
    assert (choose(situation(-1.5), EAGER).ratio > 1.05).all()


@pytest.mark.parametrize("step", [0.02, 0.05, 0.1])
def test_no_step_is_too_large(step: float) -> None:
    for slope in (-6.0, -1.3):
        moved = choose(situation(slope), replace(EAGER, step=step)).ratio
        assert (np.abs(moved - 1) <= step + 1e-9).all()


def test_limits_hold() -> None:
    tight = situation(-1.3, lower=np.full(3, 0.99), upper=np.full(3, 1.02))
    assert (choose(tight, EAGER).ratio <= 1.02).all()
    assert (choose(replace(tight, weights=situation(-6.0).weights), EAGER).ratio >= 0.99).all()


def test_a_used_up_ledger_sends_a_product_home() -> None:
    spent = situation(-6.0, ledger=np.full((3, STATES), -5.0), ratio=np.full(3, 1.2))
    moved = choose(spent, Stance(curiosity=0.0)).ratio
    assert (moved < 1.2).all()
    assert (moved >= 1.2 * 0.9 - 1e-9).all()


def test_no_tolerance_means_no_experiments() -> None:
    strict = Stance(tolerance=Tolerance(probability=0.0, loss=0.0))
    np.testing.assert_allclose(choose(situation(), strict).ratio, 1.0)


def test_curiosity_moves_what_profit_alone_would_not() -> None:
    even = situation()
    assert np.abs(np.log(choose(even, Stance(curiosity=3.0)).ratio)).max() > 0.05


def test_the_ledger_counts_what_a_state_says() -> None:
    after = entered(np.zeros((1, STATES)), np.array([1.2]), np.array([0.7]))[0]
    steep, flat = int(np.argmin(SLOPES)), int(np.argmax(SLOPES))
    assert after[steep] < 0 < after[flat]
    np.testing.assert_allclose(entered(np.zeros((1, STATES)), np.ones(1), np.array([0.7])), 0.0, atol=1e-12)


def test_the_merchants_dial_is_monotone() -> None:
    assert tolerance(1).probability < tolerance(4).probability < tolerance(12).probability <= 1


def test_a_likelihood_that_claimed_too_much_is_allowed_less() -> None:
    np.testing.assert_array_equal(caution(np.array([0.7, 0.9, 1.0])), 1.0)
    assert 0.8 < float(caution(np.array(0.3))) < float(caution(np.array(0.6))) < 1
    lost = np.full((3, STATES), -1.4)
    doubtful = choose(situation(ledger=lost), Stance())
    careful = choose(situation(ledger=lost, caution=np.array([1.0, 0.6, 0.0])), Stance())
    np.testing.assert_array_equal(careful.open[0], doubtful.open[0])
    assert careful.open[1].sum() < doubtful.open[1].sum()
    assert careful.open[2].sum() < doubtful.open[2].sum()


def test_knowing_is_worth_something_only_to_the_unsure() -> None:
    assert (perfect_information(situation()) > 10 * perfect_information(situation(-3.0))).all()


def test_it_earns_more_than_standing_still_and_harms_few() -> None:
    """A small market on seeds that nothing was tuned or judged on; the bench has the figures."""
    market = open_market(replace(MATCHED, products=100), [501, 502, 503])
    best, kept, ours = clairvoyant(market), play(market, PEERS["keep"]), play(market, tradewind())
    assert ours.share(best).mean() > kept.share(best).mean() + 0.03
    assert ours.harmed(kept).mean() < 0.5 * play(market, PEERS["thompson"]).harmed(kept).mean()


@pytest.mark.parametrize("name", ["stock_outs", "exchange_rate", "logit", "reacting", "overconfident"])
def test_it_plays_every_kind_of_world_within_the_rules(name: str) -> None:
    market = open_market(replace(WORLDS[name], products=20, weeks=12), [7])
    prices = play(market, tradewind()).prices
    assert np.isfinite(prices).all()
    assert (prices <= 1.6 * market.draws.base_price[..., None] + 1e-9).all()


def test_prices_are_the_same_every_time() -> None:
    market = open_market(replace(MATCHED, products=20, weeks=8), [9])
    np.testing.assert_array_equal(play(market, tradewind()).prices, play(market, tradewind()).prices)
