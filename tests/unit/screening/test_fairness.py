"""Rates per country with intervals, the gap between them, and thresholds that even it out."""

import numpy as np

from functions.screening.fairness import gap, offsets, rates, wilson


def test_rates_come_with_intervals_and_small_groups_are_left_out() -> None:
    found = rates([True] * 10 + [False] * 190 + [False] * 50, ["DE"] * 200 + ["FR"] * 50)
    assert [(rate.group, rate.rate) for rate in found] == [("DE", 0.05)]
    assert found[0].low < 0.05 < found[0].high
    assert gap(found) is None


def test_a_gap_by_chance_is_not_called_one() -> None:
    rng = np.random.default_rng(0)
    held = (rng.random(4_000) < 0.03).tolist()
    even = gap(rates(held, ["DE", "FR"] * 2_000))
    assert even is not None
    assert not even.exceeds(0.02)
    uneven = gap(rates([True] * 200 + [False] * 800 + [False] * 1_000, ["NG"] * 1_000 + ["DE"] * 1_000))
    assert uneven is not None
    assert (uneven.most, uneven.least) == ("NG", "DE")
    assert uneven.exceeds(0.05)


def test_thresholds_even_out_what_the_model_alone_does_not() -> None:
    rng = np.random.default_rng(1)
    groups = np.where(rng.random(8_000) < 0.3, "NG", "DE")
    logit = rng.normal(-4, 1, 8_000) + 1.0 * (groups == "NG")
    honest = np.ones(8_000, bool)
    bar = float(np.quantile(logit, 0.95))
    before = gap(rates((logit > bar).tolist(), groups.tolist()))
    moved = offsets(logit, honest, groups.tolist(), 0.05)
    mended = logit - np.array([moved[group] for group in groups.tolist()])
    after = gap(rates((mended > bar).tolist(), groups.tolist()))
    assert before is not None
    assert after is not None
    assert after.points < before.points / 3


def test_wilson_stays_within_bounds() -> None:
    assert wilson(0, 50)[0] == 0
    assert wilson(50, 50)[1] > 0.999
