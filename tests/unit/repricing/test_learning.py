"""Beliefs: what they recover, how far they trust themselves, and what must not move them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from functions.repricing.beliefs import (
    Learning,
    centre,
    dispersion,
    elasticity,
    evidence,
    posterior,
    shipped_prior,
    start,
    temperature,
)  # fmt: skip
from functions.repricing.curves import (
    ELASTICITIES,
    LATTICE,
    REFERENCE,
    SHAPES,
    STATES,
    lattice_index,
    relative_units,
    tables,
)  # fmt: skip
from functions.repricing.lessons import Lessons, learn
from functions.repricing.sharing import reweigh
from functions.repricing.weeks import Observed, observe
from sandbox.market.simulate import open_market
from sandbox.market.worlds import WORLDS

PRIOR = shipped_prior(-2.9, 1.1)


def taught(world: str, learning: Learning | None = None, seed: int = 11):  # type: ignore[no-untyped-def]
    past = open_market(WORLDS[world], [seed]).past
    base = past.base_price[..., None]
    lessons = Lessons(
        ratio=past.price / base, units=past.units, sold_out=past.sold_out, rival_ratio=past.rival / base,
        known=np.ones_like(past.price),
    )  # fmt: skip
    return learn(lessons, PRIOR, learning or Learning()), lessons


def truth(world: str, seed: int = 11):  # type: ignore[no-untyped-def]
    market = open_market(WORLDS[world], [seed])
    return market.draws.elasticity[..., market.world.history_weeks]


def test_every_state_sells_one_at_the_reference_and_less_above() -> None:
    units = relative_units(LATTICE)
    np.testing.assert_allclose(units[REFERENCE], 1.0)
    assert units.shape == (len(LATTICE), STATES)
    assert (np.diff(units, axis=0) <= 0).all()
    assert (units > 0).all()


def test_elasticity_at_the_reference_is_the_states_own() -> None:
    step = 1e-6
    slope = (relative_units(np.array(1.0)) - relative_units(np.array(1 - step))) / step
    smooth = [i for i, shape in enumerate(SHAPES) if shape != "kinked"]
    by_shape = slope.reshape(len(SHAPES), -1)[smooth]
    np.testing.assert_allclose(by_shape, np.tile(ELASTICITIES, (len(smooth), 1)), rtol=1e-4)


@pytest.mark.parametrize("ratio", [0.75, 0.9, 1.0, 1.08, 1.4])
def test_the_walk_home_ends_there(ratio: float) -> None:
    table, index = tables(0.1), int(lattice_index(np.array([ratio]))[0])
    weeks = table.walk_weeks[index]
    assert weeks == max(0, np.ceil(abs(np.log(ratio)) / np.log(1.1 if ratio < 1 else 1 / 0.9) - 1e-9) - 1)


def test_posteriors_are_calibrated_in_the_matched_world() -> None:
    beliefs, _ = taught("promotions")
    mean, sd = elasticity(posterior(beliefs))
    off = (truth("promotions") - mean) / sd
    assert 0.75 < (off**2).mean() < 1.35
    assert np.corrcoef(mean.ravel(), truth("promotions").ravel())[0, 1] > 0.4


def test_a_likelihood_that_claims_too_much_is_noticed() -> None:
    honest, loud = taught("promotions")[0], taught("promotions", Learning(power=4.0))[0]
    assert temperature(honest)[0] > 0.8
    assert temperature(loud)[0] < 0.45


def test_shops_do_not_learn_from_each_other() -> None:
    past = open_market(WORLDS["promotions"], [3, 4]).past
    base = past.base_price[..., None]

    def lessons(rows: slice) -> Lessons:
        return Lessons(
            ratio=(past.price / base)[rows], units=past.units[rows], sold_out=past.sold_out[rows],
            rival_ratio=(past.rival / base)[rows], known=np.ones_like(past.price[rows]),
        )  # fmt: skip

    both, alone = learn(lessons(slice(0, 2)), PRIOR), learn(lessons(slice(1, 2)), PRIOR)
    np.testing.assert_allclose(posterior(both)[1], posterior(alone)[0], atol=1e-9)


@pytest.mark.parametrize(("world", "sign"), [("chasing", 1), ("holiday", -1)])
def test_prices_that_followed_demand_are_seen_through(world: str, sign: int) -> None:
    slants = [sign * float(taught(world, seed=seed)[0].slant[0]) for seed in (11, 12, 13)]
    assert min(slants) >= 0
    assert max(slants) > 0.4


def test_honest_promotions_are_not_suspected() -> None:
    assert abs(float(taught("promotions")[0].slant[0])) < 0.4


def test_the_shape_of_a_shops_demand_is_learned() -> None:
    linear = taught("linear")[0].shared.reshape(len(SHAPES), -1).sum(axis=1)
    constant = taught("promotions")[0].shared.reshape(len(SHAPES), -1).sum(axis=1)
    assert linear[SHAPES.index("linear")] > constant[SHAPES.index("linear")]


def test_a_wrong_prior_lets_go() -> None:
    past = open_market(WORLDS["promotions"], [11]).past
    base = past.base_price[..., None]
    lessons = Lessons(
        ratio=past.price / base, units=past.units, sold_out=past.sold_out, rival_ratio=past.rival / base,
        known=np.ones_like(past.price),
    )  # fmt: skip
    mean, _ = elasticity(posterior(learn(lessons, shipped_prior(-4.8, 0.3))))
    assert -4.2 < float(mean.mean()) < -2.0


def week(**fields: float) -> Observed:
    values = {"ratio": 1.1, "units": 6.0, "sold_out": 0.0, "rival_ratio": 1.0, "known": 1.0} | fields
    columns: dict[str, Any] = {name: np.full((1, 1), value) for name, value in values.items()}
    return Observed(**columns)


def fresh() -> tuple:  # type: ignore[type-arg]
    beliefs = start(np.full((1, 1), 10.0), PRIOR)
    return beliefs, posterior(beliefs)


def test_a_week_that_was_not_there_teaches_nothing() -> None:
    beliefs, before = fresh()
    after = observe(beliefs, week(known=0.0))
    np.testing.assert_array_equal(posterior(after), before)
    np.testing.assert_array_equal(after.level, beliefs.level)


def test_poor_sales_at_a_high_price_make_demand_look_steeper() -> None:
    beliefs, before = fresh()
    after = posterior(observe(beliefs, week(ratio=1.3, units=1.0)))
    assert elasticity(after)[0] < elasticity(before)[0]


def test_a_sold_out_week_is_a_lower_bound() -> None:
    beliefs, before = fresh()
    few = posterior(observe(beliefs, week(units=1.0, sold_out=1.0)))
    np.testing.assert_allclose(few, before, atol=1e-3)
    left = posterior(observe(beliefs, week(units=1.0)))
    assert np.abs(few - before).max() < 0.5 * np.abs(left - before).max()
    many = observe(beliefs, week(units=40.0, sold_out=1.0))
    assert (many.level >= beliefs.level).all()


def test_levels_follow_sales_at_an_unchanged_price() -> None:
    beliefs, before = fresh()
    for _ in range(12):
        beliefs = observe(beliefs, week(ratio=1.0, units=30.0))
    assert 20 < float((posterior(beliefs) * beliefs.level).sum()) < 31
    np.testing.assert_allclose(posterior(beliefs), before, atol=0.02)
    assert abs(float(centre(beliefs, posterior(beliefs))[0, 0])) < 0.01


def test_dispersion_is_found() -> None:
    found = dispersion(taught("dispersed")[0]).mean()
    assert found > 2 * dispersion(taught("promotions")[0]).mean()


def test_the_shared_prior_stays_a_distribution() -> None:
    beliefs = reweigh(taught("thin")[0])
    np.testing.assert_allclose(beliefs.shared.sum(axis=1), 1.0)
    assert (beliefs.shared > 0).all()


def test_a_slant_moves_only_what_was_inherited() -> None:
    beliefs, _ = taught("promotions")
    straight = replace(beliefs, slant=np.array([-0.9]))
    assert not np.allclose(evidence(beliefs), evidence(straight))
    own = replace(beliefs, inherited=np.zeros_like(beliefs.inherited), likelihood=beliefs.inherited)
    np.testing.assert_array_equal(evidence(own), evidence(replace(own, slant=np.array([-0.9]))))
