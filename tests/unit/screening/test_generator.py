"""The order generator stays what it was when the first model saw it."""

import pytest

from sandbox.orders import frozen
from sandbox.orders.attacks import KEPT_ATTACKS
from sandbox.orders.records import OrderRecord
from sandbox.orders.stream import VALIDATION_END, all_orders, kept, shown


@pytest.fixture(scope="module")
def orders() -> list[OrderRecord]:
    return all_orders(seed=3, scale=0.1)


def test_the_generator_is_the_one_that_was_sealed() -> None:
    assert frozen.seal() == frozen.sealed()


def test_kept_attacks_and_months_are_out_of_sight(orders: list[OrderRecord]) -> None:
    seen = shown(orders)
    assert not KEPT_ATTACKS & {order.attack for order in seen}
    assert max(order.created_at for order in seen) < VALIDATION_END
    assert KEPT_ATTACKS & {order.attack for order in kept(orders)}


def test_orders_come_in_time_order_and_labels_late(orders: list[OrderRecord]) -> None:
    moments = [order.created_at for order in orders]
    assert moments == sorted(moments)
    assert all(order.label_at is not None and order.label_at > order.created_at for order in orders)


def test_stores_that_show_less_leave_fields_empty(orders: list[OrderRecord]) -> None:
    assert all(order.avs is None and order.card is None for order in orders if order.shop == "cosmetics")
    assert all(order.email is None and order.ip is None for order in orders if order.shop == "homeware")
    assert any(order.avs == "Y" for order in orders if order.shop == "electronics")


def test_equal_risk_makes_fraud_independent_of_the_country() -> None:
    orders = [o for o in all_orders(seed=5, scale=0.3, equal_risk=True) if o.shop == "electronics"]
    home = [o.is_fraud for o in orders if o.shipping_country == "US"]
    abroad = [o.is_fraud for o in orders if o.shipping_country != "US"]
    assert abs(sum(home) / len(home) - sum(abroad) / len(abroad)) < 0.02
