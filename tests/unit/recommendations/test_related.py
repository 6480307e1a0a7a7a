"""What counts as standing in a product's place, and how the share of meaning is chosen."""

import numpy as np

from functions.recommendations.related import SHARES, alternatives, compared, named
from functions.recommendations.sales import sales


def _taps_and_towels():
    """Buyers of two families choose among five taps (0 to 4, 5 to 9), another at each visit; the towel that belongs to
    a tap (10 to 19) comes along, but at times is fetched at the next visit."""
    dice = np.random.default_rng(1)
    rows = []
    for buyer in range(300):
        taps, owed = dice.permutation(5) + 5 * (buyer % 2), []
        for visit in range(4):
            order, day = buyer * 4 + visit, visit * 25 + float(dice.uniform(0, 20))
            goods, owed = [int(taps[visit]), *owed], []
            (goods if dice.random() < 0.7 else owed).append(10 + int(taps[visit]))
            rows += [(order, buyer, one, day) for one in goods]
    basket, customer, item, day = (np.array(column) for column in zip(*rows, strict=True))
    return sales(
        basket=basket, customer=customer, item=item, day=day, quantity=np.ones(len(item)), items=20
    )


def test_another_tap_replaces_a_tap_and_the_towel_that_belongs_to_it_does_not():
    cases = alternatives(_taps_and_towels())
    taps = [(int(case.items[0]), case.targets.tolist()) for case in cases.blocks(1) if case.items[0] < 10]
    assert len(taps) > 50
    for own, right in taps:
        assert own + 10 not in right, "it is fetched later at times, but mostly bought along"
        assert all(other % 10 // 5 == own // 5 for other in right), "the other family's buyers are others"
    assert sum(any(other < 10 for other in right) for _, right in taps) > len(taps) / 2


def test_what_tells_alternatives_is_chosen_and_what_does_not_is_not():
    bought = _taps_and_towels()
    family = np.eye(2, dtype=np.float32)[np.arange(20) % 10 // 5]
    misleading = np.eye(10, dtype=np.float32)[np.arange(20) % 10]
    found, beside = compared((family, misleading), bought)
    by_name = {one.name: one.ndcg for one in found}
    assert set(by_name) == {named(share) for share in SHARES}
    assert by_name[named(1.0)] > 1.2 * by_name[named(0.0)]
    assert beside is not None
    assert len(beside.ndcg) == len(found[0].judged.ndcg)


def test_without_returning_buyers_or_meaning_less_is_compared():
    bought = _taps_and_towels()
    views = (np.zeros((20, 2), np.float32), np.eye(20, dtype=np.float32))
    assert [one.name for one in compared(views, bought)[0]] == [named(0.0)]
    strangers = sales(
        basket=np.arange(20), customer=np.full(20, -1), item=np.arange(20) % 8, day=np.arange(20.0),
        quantity=np.ones(20), items=8,
    )
    assert compared(views, strangers) == ([], None)
