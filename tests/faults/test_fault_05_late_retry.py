"""Fault 5: a retry four hours late with the old body. Only the present state counts (I3, I4)."""

from datetime import timedelta
from decimal import Decimal

from chalicelib.domain.ids import ProductId, Target
from chalicelib.domain.money import Money
from sandbox.rehearsal import checks
from sandbox.rehearsal.players import Pricer
from sandbox.rehearsal.scenes import deliver, edit, effects, opened, shown, stall
from tests.faults.prices import free, repriced, with_cost


def raised(price: Money) -> Money:
    return (price * Decimal("1.04")).rounded()


def test_old_news_after_four_hours_changes_nothing() -> None:
    stage = opened()
    old = edit(stage)
    stage.clock.advance(timedelta(minutes=1))
    deliver(stage, edit(stage))
    stage.settle()
    done = list(effects(stage))
    stage.clock.advance(timedelta(hours=4))
    deliver(stage, old)
    stage.settle()
    assert effects(stage) == done
    assert shown(stage) == ("state-3",)
    assert checks.judge(stage).complaints == []


def test_a_late_retry_prices_by_the_present_price_and_within_its_limits() -> None:
    """The message was of 10.00; meanwhile the merchant asks 10.50, so that is what is moved."""
    stage = opened(Pricer(raised), policy=free)
    place = stall(stage)
    with_cost(place)
    told = place.drain()
    repriced(place, Money(Decimal("10.50"), "EUR"))
    place.drain()
    stage.clock.advance(timedelta(hours=4))
    deliver(stage, told)
    stage.settle()
    (effect,) = effects(stage)
    assert effect.target == Target("variant/v0/price/base")
    assert effect.value["price"] == "10.92"
    assert place.products[ProductId("p0")].price == Money(Decimal("10.92"), "EUR")
    assert checks.orderly(stage) == []


def test_the_same_price_is_not_raised_again_by_its_own_echo() -> None:
    stage = opened(Pricer(raised), policy=free)
    with_cost(stall(stage))
    stage.settle()
    assert len(effects(stage)) == 1
