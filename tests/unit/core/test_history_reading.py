"""What trainers are told of a shop's orders, from files of any mixture."""

import numpy as np

from chalicelib.storage.history_reading import read_history

_TEXT = ("order", "customer", "product", "variant", "currency", "country")


def _file(rows):
    names = (*_TEXT, "at", "updated", "price", "quantity", "live")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return {name: np.array(values, np.str_ if name in _TEXT else None) for name, values in columns.items()}


def _line(order, product, *, customer="ann", variant="", at=10, updated=1, price=500, live=True, currency="EUR",
          country="DE"):  # fmt: skip
    return order, customer, product, variant, currency, country, at, updated, price, 2, live


def test_an_order_counts_in_its_newest_state_and_at_a_tie_in_the_later_files():
    first = _file([_line("a", "cup"), _line("a", "pot"), _line("b", "cup", at=5), _line("c", "jar", at=20)])
    later = _file([_line("b", "tin", at=5), _line("a", "old", updated=0), _line("c", "jar", updated=9, live=False)])
    history = read_history([first, later], "EUR")
    assert history.products == ["cup", "pot", "tin"]
    assert history.product.tolist() == [2, 0, 1], "b was first, and holds a tin now; c was cancelled"
    assert history.order.tolist() == [0, 1, 1]
    assert history.at.tolist() == [5, 10, 10]


def test_nobody_nowhere_and_no_variant_are_told_by_minus_one():
    history = read_history(
        [_file([_line("a", "cup", customer="", country=""), _line("b", "cup", variant="v1", at=11)])], "EUR"
    )
    assert history.customer.tolist() == [-1, 0]
    assert history.country.tolist() == [-1, 0]
    assert history.variant.tolist() == [-1, 0]
    assert (history.variants, history.countries) == (["v1"], ["DE"])


def test_other_currencies_are_left_out_with_their_products_and_nothing_is_no_error():
    pounds = _file([_line("a", "cup", currency="GBP")])
    history = read_history([pounds, _file([_line("b", "pot")])], "EUR")
    assert (history.products, history.product.tolist()) == (["pot"], [0])
    empty = read_history([], "EUR")
    assert len(empty.order) == 0
    assert empty.product.dtype == np.int32
    assert len(read_history([pounds], "EUR").products) == 0


def test_many_orders_in_many_files_are_what_adding_them_up_by_hand_gives():
    dice = np.random.default_rng(3)
    states, files = {}, []
    for number in range(40):
        rows = []
        for order in dice.permutation(60)[:10].tolist():
            updated, live = int(dice.integers(5)), bool(dice.random() < 0.8)
            goods = [f"p{g}" for g in dice.integers(0, 30, int(dice.integers(1, 5)))]
            lines = [
                _line(f"o{order}", p, customer=f"c{order % 7}", at=order, updated=updated, live=live) for p in goods
            ]
            rows += lines
            if (updated, number) >= states.get(order, ((-1, -1), None))[0]:
                states[order] = ((updated, number), lines)
        files.append(_file(rows))
    history = read_history(files, "EUR")
    wanted = [line for _, (_, lines) in sorted(states.items()) for line in lines if line[-1]]
    assert [history.products[p] for p in history.product.tolist()] == [line[2] for line in wanted]
    assert history.at.tolist() == [line[6] for line in wanted]
    buyers = {}
    for buyer, line in zip(history.customer.tolist(), wanted, strict=True):
        assert buyers.setdefault(line[1], buyer) == buyer
    assert len(set(buyers.values())) == 7
