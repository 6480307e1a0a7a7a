"""Orders in files: whoever reads them, trainers or people, sees each order as it stood last."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryRecords
from chalicelib.domain.ids import OrderId, ProductId, ShopId
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order, OrderLine
from chalicelib.storage.history import Histories

SHOP = ShopId("shopify:one")
START = datetime(2026, 1, 1, tzinfo=UTC)

type State = tuple[int, int, tuple[int, ...]]
"""Which order, the second of its change, and pieces per line."""


def order(state: State) -> Order:
    name, changed, pieces = state
    lines = tuple(
        OrderLine(
            product_id=ProductId(f"p{place}"), variant_id=None, quantity=quantity,
            unit_price=Money(Decimal("9.50"), "EUR"),
        )
        for place, quantity in enumerate(pieces)
    )  # fmt: skip
    return Order(
        id=OrderId(f"o{name}"), created_at=START + timedelta(hours=name),
        updated_at=START + timedelta(days=1, seconds=changed), currency="EUR", total=Money(Decimal(10), "EUR"),
        lines=lines,
    )  # fmt: skip


def empty() -> Histories:
    return Histories(MemoryRecords(FrozenClock(START)), MemoryBlobs())


STATES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.lists(st.integers(0, 3), max_size=3).map(tuple)), max_size=5
)


@given(pages=st.lists(STATES, max_size=4), told=STATES, folded=st.booleans())
def test_both_readers_see_the_newest_state_of_each_order(
    pages: Sequence[Sequence[State]], told: Sequence[State], folded: bool
) -> None:
    history = empty()
    newest: dict[int, State] = {}
    for number, page in enumerate(pages):
        once = {state[0]: state for state in page}
        history.append(SHOP, [(order(state), f"buyer{state[0]}") for state in once.values()], page=f"{number}")
    by_file = sorted(range(len(pages)), key=lambda number: file_of(f"{number}"))
    for number in by_file:
        for name, state in {state[0]: state for state in pages[number]}.items():
            if name not in newest or state[1] >= newest[name][1]:
                newest[name] = state
    waiting: dict[int, State] = {}
    for state in told:
        if history.note(SHOP, order(state), f"buyer{state[0]}"):
            waiting[state[0]] = state
    for name, state in waiting.items():
        if name not in newest or state[1] >= newest[name][1]:
            newest[name] = state
    if folded:
        history.fold(SHOP)
    expected = sorted(
        (f"o{name}", f"p{at}", n) for name, _, lines in newest.values() for at, n in enumerate(lines) if n
    )
    people = history.lines_of(SHOP, [f"buyer{name}" for name in range(4)])
    assert sorted((row["order"], row["product"], row["quantity"]) for row in people) == expected
    read = history.load(SHOP, "EUR")
    trainers = sorted((read.products[p], q) for p, q in zip(read.product.tolist(), read.quantity.tolist(), strict=True))
    assert trainers == sorted((product, quantity) for _, product, quantity in expected)


def file_of(page: str) -> str:
    """Files are read in the order of their names."""
    return hashlib.sha256(page.encode()).hexdigest()[:16]


@pytest.mark.parametrize("folded", [True, False])
def test_an_order_from_which_everything_was_taken_sold_nothing(folded: bool) -> None:
    history = empty()
    history.append(SHOP, [(order((1, 1, (2, 1))), "buyer1")], page="1")
    history.note(SHOP, order((1, 2, (0, 0))), "buyer1")
    if folded:
        history.fold(SHOP)
    assert len(history.load(SHOP, "EUR").product) == 0
    assert not history.lines_of(SHOP, ["buyer1"])
