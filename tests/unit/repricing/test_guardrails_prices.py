"""Every rule for prices, alone: what it refuses, what it lets pass, and who may overrule it."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.catalogue import ProductStatus
from chalicelib.domain.ids import MarketId
from chalicelib.domain.proposals import Proposal
from chalicelib.domain.shop import Market, PriceLimits
from chalicelib.guardrails import Situation, check
from tests.unit.repricing.shop import (
    NOW,
    PRODUCT,
    SHOP,
    held,
    money,
    point,
    product,
    proposal,
    situation,
    variant,
)  # fmt: skip


def rules(wanted: Proposal, where: Situation) -> set[str]:
    return {refusal.rule for refusal in check(wanted, where)}


def test_a_modest_change_passes() -> None:
    assert rules(proposal("20.90"), situation()) == set()


def test_every_refusal_speaks_in_words() -> None:
    for refusal in check(proposal("99.999", compare_at="1.00"), situation()):
        assert len(str(refusal.reason)) > 15
        assert "{" not in str(refusal.reason)


@pytest.mark.parametrize(
    ("price", "limits", "rule"),
    [
        ("13.00", {"max_step_pct": Decimal(90)}, "floor"),
        ("25.01", {"max_step_pct": Decimal(90), "max_step_30d_pct": Decimal(90)}, "ceiling"),
        ("21.01", {}, "step"),
        ("20.10", {}, "worth"),
        ("20.905", {}, "decimals"),
        ("0.00", {}, "amount"),
        ("19.50", {"minimum_advertised": {PRODUCT: Decimal("19.60")}}, "advertised"),
        ("20.90", {"protected": (PRODUCT,)}, "protected"),
        ("20.90", {"charm_endings": (".99", ".95")}, "ending"),
        ("20.90", {"fee_pct": Decimal(60), "min_margin_pct": Decimal(50)}, "floor"),
        ("20.90", {"quiet_from": time(2), "quiet_until": time(6)}, "quiet"),
        ("20.90", {"quiet_from": time(22), "quiet_until": time(6)}, "quiet"),
        ("20.90", {"max_changes_per_day": 0}, "daily"),
    ],
)
def test_limit(price: str, limits: dict[str, Any], rule: str) -> None:
    assert rule in rules(proposal(price), situation(limits=PriceLimits(**limits)))


@pytest.mark.parametrize("price", ["20.99", "20.95"])
def test_liked_endings_pass(price: str) -> None:
    assert rules(proposal(price), situation(limits=PriceLimits(charm_endings=(".99", ".95")))) == set()


def test_floor_counts_fees_and_margin() -> None:
    limits = PriceLimits(fee_pct=Decimal(0), min_margin_pct=Decimal(10), max_step_pct=Decimal(50))
    goods = product(one=variant(cost="9.00", price="10.40"))
    where = situation(limits=limits, goods=goods, current="10.40")
    assert "floor" not in rules(proposal("10.00"), where)
    assert "floor" in rules(proposal("9.99"), where)


def test_unknown_cost_means_no_change_unless_a_margin_is_assumed() -> None:
    goods = product(one=variant(cost=None))
    assert "cost" in rules(proposal("20.90"), situation(goods=goods))
    assumed = PriceLimits(default_margin_pct=Decimal(40))
    assert rules(proposal("20.90"), situation(goods=goods, limits=assumed)) == set()


@pytest.mark.parametrize("cost", ["0", "-3"])
def test_a_cost_of_nothing_is_no_cost(cost: str) -> None:
    assert "cost" in rules(proposal("20.90"), situation(goods=product(one=variant(cost=cost))))


def test_cost_in_another_currency_is_no_cost() -> None:
    goods = product(one=replace(variant(), cost=money("12", "USD")))
    assert "cost" in rules(proposal("20.90"), situation(goods=goods))


def test_currency() -> None:
    assert "currency" in rules(proposal("20.90", currency="USD"), situation())


def test_market_has_its_own_currency() -> None:
    shop = replace(SHOP, markets=(Market(id=MarketId("us"), name="US", currency="USD"),))
    wanted = proposal("23.00", currency="USD")
    wanted = replace(wanted, action=replace(wanted.action, market=MarketId("us")))  # type: ignore[arg-type]
    where = replace(situation(shop=shop), current=held("22.50", "USD"))
    assert rules(wanted, where) == set()
    gone = replace(wanted, action=replace(wanted.action, market=MarketId("mars")))  # type: ignore[arg-type]
    assert "market" in rules(gone, where)


def test_goods_that_are_not_for_us() -> None:
    assert "gift_card" in rules(proposal("20.90"), situation(goods=product(gift_card=True)))
    assert "hidden" in rules(proposal("20.90"), situation(goods=product(status=ProductStatus.HIDDEN)))
    assert "unknown" in rules(proposal("20.90"), replace(situation(), catalogue={}))


@pytest.mark.parametrize("value", [None, {}, {"price": None}, {"price": "NaN"}, {"price": "-1"}, {"price": "x"}])
def test_without_a_price_to_start_from(value: Any) -> None:
    where = situation()
    assert "no_price" in rules(proposal("20.90"), replace(where, current=replace(where.current, value=value)))


def test_thirty_days_together() -> None:
    steps = [point(90, "20.00"), point(20, "21.00", ours=True), point(10, "22.00", ours=True)]
    where = situation(current="22.00", history=steps)
    assert "month" not in rules(proposal("22.90"), where)
    assert "month" in rules(proposal("23.05"), where)


def test_a_merchants_own_change_starts_the_month_anew() -> None:
    steps = [point(90, "20.00"), point(8, "30.00")]
    assert "month" not in rules(proposal("30.90"), situation(current="30.00", history=steps))


def test_ceiling_is_over_the_merchants_price_not_ours() -> None:
    steps = [point(200, "20.00"), point(60, "24.50", ours=True)]
    assert "ceiling" in rules(proposal("25.20"), situation(current="24.50", history=steps))


def test_rest_after_a_change() -> None:
    steps = [point(90, "20.00"), point(2, "20.40", ours=True)]
    where = situation(current="20.40", history=steps)
    assert "rest" in rules(proposal("20.90"), where)
    assert "rest" not in rules(proposal("20.90"), replace(where, by_person=True))
    assert "rest" not in rules(proposal("20.90"), replace(where, now=NOW + timedelta(days=2)))


def test_quiet_hours_are_the_shops() -> None:
    limits = PriceLimits(quiet_from=time(8), quiet_until=time(20))
    where = situation(limits=limits, shop=replace(SHOP, timezone="Asia/Tokyo"))
    assert "quiet" in rules(proposal("20.90"), replace(where, now=datetime(2026, 11, 2, 3, tzinfo=UTC)))
    assert "quiet" not in rules(proposal("20.90"), replace(where, now=datetime(2026, 11, 2, 12, tzinfo=UTC)))


def test_people_overrule_pace_but_not_safety() -> None:
    limits = PriceLimits(protected=(PRODUCT,), max_changes_per_day=0, quiet_from=time(0), quiet_until=time(23))
    where = situation(limits=limits, by_person=True)
    assert rules(proposal("20.90"), where) == set()
    assert "step" in rules(proposal("29.00"), where)


REDUCING = PriceLimits(announce_reductions=True)


def test_reduction_needs_thirty_days_of_history() -> None:
    wanted = proposal("19.20", compare_at="20.00")
    assert "reduction" in rules(wanted, situation(limits=REDUCING, history=[point(29, "20.00")]))
    assert rules(wanted, situation(limits=REDUCING, history=[point(31, "20.00")])) == set()
    assert "reduction" in rules(wanted, situation(history=[point(31, "20.00")]))


def test_reduction_starts_at_the_lowest_price_of_thirty_days() -> None:
    dipped = [point(90, "20.00"), point(20, "19.50"), point(15, "20.00")]
    where = situation(limits=REDUCING, history=dipped)
    assert "reduction" in rules(proposal("19.20", compare_at="20.00"), where)
    assert rules(proposal("19.20", compare_at="19.50"), where) == set()
    assert "reduction" in rules(proposal("19.60", compare_at="19.50"), where)


def test_the_price_in_force_when_the_window_opens_counts() -> None:
    history = [point(90, "18.00"), point(29.9, "20.00")]
    assert "reduction" in rules(proposal("19.20", compare_at="20.00"), situation(limits=REDUCING, history=history))


def test_a_merchants_sale_is_left_alone() -> None:
    where = replace(situation(), current=held("20.00", compare_at="25.00"))
    assert "sale" in rules(proposal("20.90"), where)


def test_eu_rule_over_a_year_of_promotions_and_clock_changes() -> None:
    """Hour by hour in Berlin: whatever reduction passes starts at the lowest price of the 30 days before."""
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 1, 1, 9, tzinfo=zone)
    changes = [(start + timedelta(days=11 * i), 20 - (i * 7 % 5) / 2) for i in range(34)]
    points = [replace(point(0, f"{price:.2f}"), at=at.astimezone(UTC)) for at, price in changes]
    for day in range(1, 365, 3):
        now = (start + timedelta(days=day)).astimezone(UTC)
        past = [one for one in points if one.at <= now]
        current = past[-1].price.amount
        for compare_at in {one.price.amount for one in past if one.price.amount > current}:
            price = (current * Decimal("0.97")).quantize(Decimal("0.01"))
            where = situation(limits=REDUCING, history=past, current=str(current), now=now)
            passed = "reduction" not in rules(proposal(str(price), compare_at=str(compare_at)), where)
            window = [one.price.amount for one in past if one.at > now - timedelta(days=30)]
            before = [one.price.amount for one in past if one.at <= now - timedelta(days=30)]
            assert passed == bool(before and compare_at <= min([*window, before[-1]]))


def test_a_struck_price_that_equals_the_price_announces_nothing() -> None:
    where = replace(situation(), current=held("20.00", compare_at="20.00"))
    assert rules(proposal("20.90"), where) == set()
