"""Questions with known answers hold nothing of the future."""

import numpy as np
import pytest

from functions.recommendations.cases import baskets, companions, leave_one_out, time_split
from functions.recommendations.sales import sales
from tests.unit.recommendations.shops import random_shop, sequences


def _of(cases, flat, starts, row):
    return flat[starts[row] : starts[row + 1]].tolist()


def test_time_split_asks_for_what_is_new_and_shows_the_past_alone():
    shop = sales(
        basket=np.array([0, 0, 1, 2, 2, 3]), customer=np.array([7, 7, 7, 7, 7, 8]), item=np.array([0, 1, 2, 1, 3, 0]),
        day=np.array([1.0, 1, 5, 9, 9, 9]), quantity=np.ones(6), country=np.zeros(6, int), items=4,
    )
    new = time_split(shop, 8.0, 20.0, repeats=False)
    assert len(new) == 1, "customer 8 was not known before"
    assert new.items.tolist() == [0, 1, 2]
    assert new.age.tolist() == [7.0, 7.0, 3.0]
    assert new.step.tolist() == [1, 1, 0]
    assert new.targets.tolist() == [3]
    assert new.blocked.tolist() == [0, 1, 2]
    again = time_split(shop, 8.0, 20.0, repeats=True)
    assert again.targets.tolist() == [1, 3]
    assert again.blocked.tolist() == []


@pytest.mark.parametrize("repeats", [True, False])
def test_no_line_of_a_time_split_lies_after_the_cut(repeats):
    shop = random_shop()
    cases = time_split(shop, 200.0, 250.0, repeats=repeats)
    assert len(cases) > 20
    assert (cases.age > 0).all()
    past = shop.before(200.0)
    assert len(cases.items) <= len(past)
    for row in range(len(cases)):
        asked = set(_of(cases, cases.targets, cases.target_starts, row))
        assert asked
        if not repeats:
            assert not asked & set(_of(cases, cases.items, cases.starts, row))


def test_leave_one_out_hides_the_last_row_and_for_validation_the_one_before():
    shop = sales(
        basket=np.arange(7), customer=np.array([0, 0, 0, 0, 1, 1, 2]), item=np.array([3, 1, 2, 0, 1, 2, 3]),
        day=np.array([1.0, 2, 2, 2, 1, 2, 1]), quantity=np.ones(7), items=4,
    )
    learn, test = leave_one_out(shop, 1)
    assert test.targets.tolist() == [0], "of one day the last in the file's order; customers of two rows are not asked"
    assert test.items.tolist() == [3, 1, 2]
    assert test.step.tolist() == [2, 1, 0]
    assert len(learn) == 6
    learn, validation = leave_one_out(shop, 2)
    assert validation.targets.tolist() == [2]
    assert validation.items.tolist() == [3, 1]
    assert len(learn) == 5
    assert len(leave_one_out(shop, 3)[0]) == 4


def test_rows_held_back_for_validation_and_test_are_never_learnt_from():
    shop = sequences(customers=50)
    for held in (1, 2, 3):
        learn, cases = leave_one_out(shop, held)
        assert len(shop) - len(learn) == 50 * held
        assert len(cases) == 50


def test_a_basket_hides_one_of_its_products():
    shop = random_shop()
    cases = baskets(shop, 200.0, 250.0)
    for row in range(len(cases)):
        rest = _of(cases, cases.items, cases.starts, row)
        assert rest
        assert _of(cases, cases.targets, cases.target_starts, row)[0] not in rest
    alone = companions(shop, 200.0, 250.0)
    assert np.diff(alone.starts).tolist() == [1] * len(cases)
    assert alone.targets.tolist() == cases.items.tolist()


def test_parts_and_samples_keep_each_case_whole():
    cases = time_split(random_shop(), 200.0, 250.0, repeats=False)
    some = cases.take(np.array([3, 1]))
    assert _of(some, some.items, some.starts, 1) == _of(cases, cases.items, cases.starts, 1)
    assert _of(some, some.targets, some.target_starts, 0) == _of(cases, cases.targets, cases.target_starts, 3)
    assert len(cases.sample(5)) == 5
    assert cases.sample(5).targets.tolist() == cases.sample(5).targets.tolist()
