"""Announced reductions: a simulated year of promotions, refunds and clock changes, against the EU's rule as an
independent reader of the store's prices would check it."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from chalicelib import connecting, deciding
from chalicelib.domain.actions import SetPrice
from chalicelib.domain.events import Schedule
from chalicelib.domain.ids import OrderId
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order, OrderLine, PaymentState
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Mode, PriceLimits
from chalicelib.errors import NotAllowed
from functions.repricing.propose import FUNCTION
from sandbox.rehearsal.stage import Play, Stage
from tests.unit.repricing.shop import NOW, artifact, context, product, variant
from tests.unit.repricing.test_proposing import Shelf, decide, overpriced

BERLIN = ZoneInfo("Europe/Berlin")
GOODS = 2


@dataclass(frozen=True)
class Shown:
    """What the shop window showed from a moment on."""

    at: datetime
    price: Decimal
    struck: Decimal | None


def open_shop(limits: PriceLimits) -> Stage:
    stage = Stage(
        play=Play(seed=3, shops=1, products=0),
        functions={FUNCTION.name: FUNCTION},
        begins=datetime(2026, 1, 5, 3, tzinfo=UTC),
    )
    stage.open_shops({FUNCTION.name: Mode.AUTOMATIC})
    for number in range(GOODS):
        goods = replace(product(number, variant(number, cost="6.00")), updated_at=stage.clock.now())
        stage.bazaar.stalls["stall0"].put_product(goods)
    stage.settle()
    stage.services.artifacts.publish(stage.shops[0], artifact())
    policy = stage.services.shops.policy(stage.shops[0])
    stage.services.shops.save_policy(stage.shops[0], replace(policy, prices=limits))
    return stage


def window(stage: Stage, number: int) -> tuple[Decimal, Decimal | None]:
    one = stage.bazaar.stalls["stall0"].products[product(number).id].variants[0]
    assert one.price is not None
    struck = one.compare_at.amount if one.compare_at and one.compare_at.amount > one.price.amount else None
    return one.price.amount, struck


def nights(days: int) -> Iterator[datetime]:
    """Three in the morning by the shop's own clock, whatever the clocks did that night."""
    first = datetime(2026, 1, 6, 3, tzinfo=BERLIN)
    for day in range(days):
        yield (first + timedelta(days=day)).astimezone(UTC)


def merchant(stage: Stage, number: int, price: str) -> None:
    """The merchant sets a price by hand: a promotion, or its end. The store tells us so."""
    stall = stage.bazaar.stalls["stall0"]
    goods = stall.products[product(number).id]
    one = replace(goods.variants[0], price=Money(Decimal(price), "EUR"), compare_at=None)
    stall.put_product(replace(goods, variants=(one,), updated_at=stage.clock.now()))
    stage.settle()


def refund(stage: Stage, number: int) -> None:
    """A buyer buys one and gets the money back: what a sale came to must not pass for a price on show."""
    stall = stage.bazaar.stalls["stall0"]
    one = stall.products[product(number).id].variants[0]
    assert one.price is not None
    order = Order(
        id=OrderId(f"o{len(stall.orders)}"), created_at=stage.clock.now(), updated_at=stage.clock.now(), currency="EUR",
        total=one.price,
        lines=(OrderLine(product_id=product(number).id, variant_id=one.id, quantity=1, unit_price=one.price),),
    )  # fmt: skip
    stall.put_order(order)
    stall.put_order(replace(order, refunded=one.price, payment_state=PaymentState.REFUNDED))
    stage.settle()


def take_one_back(stage: Stage, hand: Random) -> None:
    """Somebody undoes a change that still stands."""
    applied = [p for p in stage.services.proposals.every(stage.shops[0]) if p.status is Status.APPLIED]
    if applied:
        with suppress(NotAllowed):
            deciding.undo(stage.services, stage.shops[0], hand.choice(applied).id, "owner@shop.example")


def check_the_rule(shown: list[Shown], connected: datetime) -> int:
    """Every struck-through price against the lowest price in force in the 30 days before it was first shown."""
    announced = 0
    for place, now in enumerate(shown):
        before = shown[place - 1] if place else None
        if now.struck is None or (before is not None and before.struck == now.struck and before.price == now.price):
            continue
        announced += 1
        opened = now.at - timedelta(days=30)
        assert connected <= opened, "announced before there were 30 days of history"
        past = shown[:place]
        in_force = [one.price for one in past if one.at > opened] + [one.price for one in past if one.at <= opened][-1:]
        assert now.struck <= min(in_force), f"{now} against {min(in_force)}"
        assert now.price < now.struck
    return announced


def test_the_eu_rule_holds_over_a_year_of_promotions_refunds_and_clock_changes() -> None:
    limits = PriceLimits(
        announce_reductions=True, accepted_before_automatic=0, cooldown_hours=24, max_step_30d_pct=Decimal(20),
        min_margin_pct=Decimal(5), explore=True,
    )  # fmt: skip
    stage, hand = open_shop(limits), Random(5)
    connected = stage.services.shops.get(stage.shops[0]).connected_at
    assert connected is not None
    shown: dict[int, list[Shown]] = {
        number: [Shown(stage.clock.now(), *window(stage, number))] for number in range(GOODS)
    }
    for night in nights(365):
        stage.clock.move_to(max(night, stage.clock.now()))
        for number in range(GOODS):
            if hand.random() < 0.03:  # a weekend promotion, its end, a new season's price
                merchant(stage, number, hand.choice(["16.00", "18.00", "20.00", "22.00", "24.50"]))
                shown[number].append(Shown(stage.clock.now(), *window(stage, number)))
        stage.clock.advance(timedelta(minutes=5))
        connecting.schedule(stage.services, stage.shops[0], Schedule.PROPOSE)
        stage.settle()
        if night.day % 9 == 0:
            refund(stage, night.day % GOODS)
        if hand.random() < 0.05:
            take_one_back(stage, hand)
        for number in range(GOODS):
            shown[number].append(Shown(stage.clock.now(), *window(stage, number)))
    assert sum(check_the_rule(moments, connected) for moments in shown.values()) >= 5


def test_nothing_is_announced_without_thirty_days_of_history_or_against_the_merchants_wish() -> None:
    goods, probes = overpriced(), {one.variants[0].id: [] for one in overpriced().values()}
    limits = PriceLimits(announce_reductions=True)
    for past in ([(NOW - timedelta(days=29), Decimal(20))], []):
        where = replace(context(limits, goods), pasts=dict.fromkeys(probes, past))
        assert all(
            made.action.compare_at is None for made in decide(where).proposals if isinstance(made.action, SetPrice)
        )
    known = {key: [(NOW - timedelta(days=31), Decimal(20))] for key in probes}
    announced = [made.action for made in decide(replace(context(limits, goods), pasts=known)).proposals]
    assert {one.compare_at for one in announced if isinstance(one, SetPrice)} >= {Money(Decimal(20), "EUR")}
    silent = [made.action for made in decide(replace(context(PriceLimits(), goods), pasts=known)).proposals]
    assert all(one.compare_at is None for one in silent if isinstance(one, SetPrice))


def test_history_is_asked_for_only_where_reductions_are_announced() -> None:
    for wanted in (True, False):
        where = context(PriceLimits(announce_reductions=wanted), overpriced())
        assert bool(FUNCTION.reads(where, Shelf()).pasts) is wanted
