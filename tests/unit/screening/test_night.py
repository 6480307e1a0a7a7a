"""What is found at night: inputs that shifted, countries whose honest buyers are held too often, and what follows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from chalicelib import connecting
from chalicelib.contracts import OrderOutcome
from chalicelib.domain import fairness
from chalicelib.domain.events import Schedule
from chalicelib.domain.fairness import Group, Share
from chalicelib.domain.ids import OrderId
from chalicelib.domain.screening import Ruling, Screening
from functions.screening import night
from sandbox.rehearsal.stage import START, Stage
from tests.unit.screening.counter_hall import counter, order, place, scripted_model, verdict

__all__ = ["scripted_model"]


def screened(number: int, country: str, *, held: bool, saved: float = 10.0) -> Screening:
    costs = {"approve": saved + 5.0, "review": 5.0} if held else {"approve": 1.0, "review": 5.0}
    return Screening(
        order_id=OrderId(f"{country}{number}"), at=START, ruling=Ruling.HOLD if held else Ruling.APPROVE,
        probability=0.5, costs=costs, country=country,
    )  # fmt: skip


def some(country: str, orders: int, held: int) -> list[Screening]:
    return [screened(n, country, held=n < held, saved=10.0 + n) for n in range(orders)]


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 10, 0.0, 0.278), (5, 10, 0.237, 0.763), (81, 263, 0.255, 0.366)]
)
def test_wilsons_interval(hits: int, of: int, low: float, high: float) -> None:
    """The last is an example of Newcombe's own paper."""
    assert Share(hits, of).interval == pytest.approx((low, high), abs=0.001)


def test_newcombes_interval() -> None:
    """56 of 70 against 48 of 80: his example, method 10, gives .0524 to .3339."""
    assert Group("x", Share(56, 70), Share(48, 80)).gap_interval == pytest.approx((0.0524, 0.3339), abs=0.0002)


def test_only_a_gap_that_chance_does_not_explain_is_one() -> None:
    few = fairness.groups([("NL", True)] * 3 + [("NL", False)] * 27 + [("DE", False)] * 100)
    many = fairness.groups([("NL", True)] * 30 + [("NL", False)] * 270 + [("DE", False)] * 1000)
    assert [group.name for group in many] == ["NL", "DE"]
    assert many[0].exceeds(0.05)
    assert not many[0].exceeds(0.2)
    assert not many[1].exceeds(0.05)
    assert not fairness.groups([("NL", True)] * 4 + [("NL", False)] * 8 + [("DE", False)] * 100)[0].exceeds(0.05)
    assert few[0].share.value == pytest.approx(0.1)


def test_the_bar_brings_the_gap_down_to_the_bound_and_no_further() -> None:
    fine = some("NL", 200, 60) + some("DE", 800, 40)
    bars = night.mitigation(fine, 0.05)
    assert set(bars) == {"NL"}
    still = [one for one in fine if one.country == "NL" and night.held(one)
             and one.costs["approve"] - min(one.costs.values()) >= bars["NL"]]  # fmt: skip
    assert len(still) == 20, "5 % of the others, and the bound of 5 points"
    assert night.mitigation(fine, 0.5) == {}


def outcomes(days: Sequence[int], value: float, rng: Random) -> list[OrderOutcome]:
    return [
        OrderOutcome(
            order_id=f"{day}-{n}", at=START - timedelta(days=day), label=None,
            features={"units": value * rng.random(), "email_kind": "free provider", "avs": None},
        )
        for day in days for n in range(20)
    ]  # fmt: skip


def test_drift_is_named_by_feature_and_chance_is_no_drift() -> None:
    stage = counter()
    rng = Random(4)
    quiet = [*outcomes(range(15, 60), 10, rng), *outcomes(range(14), 10, rng)]
    moved = [*outcomes(range(15, 60), 10, rng), *outcomes(range(14), 25, rng)]
    assert [alarm.subject for alarm in night.watch(material(stage, quiet)).alarms] == []
    assert [alarm.subject for alarm in night.watch(material(stage, moved)).alarms] == ["units"]


@pytest.mark.usefixtures("scripted_model")
def test_drift_is_a_problem_the_next_morning_and_none_once_that_is_how_orders_are() -> None:
    stage = counter()
    shop, services, rng = stage.shops[0], stage.services, Random(4)
    services.outcomes.note(shop, [*outcomes(range(15, 60), 10, rng), *outcomes(range(14), 25, rng)])

    def night_after(days: int) -> list[str]:
        stage.clock.advance(timedelta(days=days, hours=1))
        connecting.schedule(services, shop, Schedule.TRAIN)
        stage.settle()
        return [one.message for one in services.problems.all(shop) if one.code == night.DRIFT]

    (message,) = night_after(0)
    assert "“Number of pieces” of new orders is not what it was" in message
    later = [replace(one, order_id=OrderId(f"later {one.order_id}"), at=one.at + timedelta(days=110))
             for one in outcomes(range(14), 25, rng)]  # fmt: skip
    before = [replace(one, order_id=OrderId(f"then {one.order_id}"), at=one.at + timedelta(days=80))
              for one in outcomes(range(40), 25, rng)]  # fmt: skip
    services.outcomes.note(shop, [*later, *before])
    assert night_after(110) == []


def material(stage: Stage, known: Sequence[OrderOutcome]):
    from chalicelib.contracts import Material

    shop, policy = stage.services.shops.with_policy(stage.shops[0])
    history = stage.services.history.load(shop.id, shop.currency)
    return Material(shop=shop, policy=policy, now=START, history=history, catalogue={}, outcomes=known)


def test_words_count_too() -> None:
    assert night.stability(["a", "b"] * 300, ["a", "b"] * 300) < 0.01
    assert night.stability(["a", "b"] * 300, ["a"] * 500 + [None] * 100) > night.SHIFTED


@pytest.mark.usefixtures("scripted_model")
def test_a_country_is_warned_of_and_its_bar_raised_the_next_day_and_both_end_by_themselves() -> None:
    stage = counter(reviews_per_day=10**6)
    shop = stage.shops[0]
    stage.services.screenings.note(shop, some("NL", 200, 60) + some("FR", 800, 40))
    stage.clock.advance(timedelta(hours=1))
    connecting.schedule(stage.services, shop, Schedule.TRAIN)
    stage.settle()
    (problem,) = [p for p in stage.services.problems.all(shop) if p.code == night.GAP]
    assert problem.subject == "NL"
    assert "30 % against 5 %" in problem.message
    dutch = order(stage, "dutch", p=0.3)
    dutch = replace(dutch, shipping=replace(dutch.shipping, country="NL"))
    place(stage, dutch)
    place(stage, order(stage, "german", p=0.3))
    assert verdict(stage, "german").ruling is not Ruling.APPROVE
    assert (verdict(stage, "dutch").ruling, verdict(stage, "dutch").why) == (Ruling.APPROVE, "fairness")
    assert "the bar is higher" in str(verdict(stage, "dutch").reasons[-1])
    stage.clock.advance(timedelta(days=120))
    connecting.schedule(stage.services, shop, Schedule.TRAIN)
    stage.settle()
    assert [p for p in stage.services.problems.all(shop) if p.code == night.GAP] == []
