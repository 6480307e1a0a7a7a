"""What screening one order asks of AWS: simulated orders, one after the other, on moto."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bench import Row
from bench.road_pipeline import OF_LAMBDA, Bill, on_aws
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order
from chalicelib.domain.shop import Mode, OrderLimits
from functions.screening.propose import FUNCTION
from sandbox.orders.stream import all_orders
from sandbox.rehearsal.scenes import opened
from sandbox.rehearsal.stage import Stage
from sandbox.screening.rows import order_of

ORDERS: Final = 40
PAUSE: Final = timedelta(minutes=5)


def rows() -> Iterator[Row]:
    """Calls and units for an order that is told of once."""
    with on_aws() as (lay, bill):
        stage = opened(
            FUNCTION, mode=Mode.AUTOMATIC, policy=lambda known: replace(known, orders=OrderLimits(hold=True)), lay=lay
        )
        bill.clear()
        screened = _sold(stage)
    yield _row(bill, screened)


def _row(bill: Bill, screened: int) -> Row:
    made = {name: count / screened for name, count in bill.calls.items() if name not in OF_LAMBDA}
    told = ", ".join(f"{name} {count:.2f}" for name, count in sorted(made.items(), key=lambda one: -one[1]))
    return Row(
        name="screening.aws_calls_per_order", value=sum(made.values()), unit="calls",
        note=f"{told}; {bill.written / screened:.1f} write units, {bill.read / screened:.1f} read units; {screened} "
        "simulated orders on moto, with all that becomes of them",
    )  # fmt: skip


def _sold(stage: Stage) -> int:
    records = [one for one in all_orders(seed=11, scale=0.03) if one.card and one.ip and one.email][:ORDERS]
    stall = next(iter(stage.bazaar.stalls.values()))
    for record in records:
        stage.clock.advance(PAUSE)
        stall.put_order(_now(order_of(record), stage))
        worked = True
        while worked:
            for request in stall.drain():
                stage.deliver(request)
            worked = stage.turn(stage.queue)
    return len(records)


def _now(order: Order, stage: Stage) -> Order:
    """The same order, placed now, in the shop's currency."""
    now = stage.clock.now()
    since = order.customer_since_at
    return replace(
        order, created_at=now, updated_at=now, currency="EUR", total=Money(Decimal(order.total.amount), "EUR"),
        customer_since_at=None if since is None else now - (order.created_at - since),
    )  # fmt: skip
