"""The function whole: learned from order lines, run as a graph, proposing, or saying why not."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chalicelib.contracts import Answers, Context, Decision, FetchRates, History, Material, SalesDay
from chalicelib.domain.actions import SetPrice
from chalicelib.domain.catalogue import Product
from chalicelib.domain.events import EventKind, Schedule
from chalicelib.domain.evidence import Curve, Facts
from chalicelib.domain.ids import MarketId, ProductId, ProposalId, VariantId
from chalicelib.domain.journal import Written
from chalicelib.domain.price_inputs import Sighting
from chalicelib.domain.proposals import Proposal
from chalicelib.domain.shop import Market, Policy, PriceLimits
from chalicelib.domain.whatif import WhatIf
from chalicelib.guardrails import Situation, check
from chalicelib.inference import Loaded
from functions.repricing import account
from functions.repricing.account import Account
from functions.repricing.beliefs import Beliefs
from functions.repricing.curves import relative_units
from functions.repricing.kinship import Kinship
from functions.repricing.knowledge import MODEL, Knowledge, read_knowledge
from functions.repricing.lessons import Lessons
from functions.repricing.policy import Situation as PolicySituation
from functions.repricing.propose import FUNCTION
from functions.repricing.sales import Weekly, weekly
from functions.repricing.train import train
from functions.repricing.weeks import Observed
from tests.unit.repricing.shop import (
    LIMITS,
    NOW,
    SHOP,
    artifact,
    catalogue,
    context,
    held,
    history,
    money,
    product,
    variant,
)


class Shelf:
    """Models as a shop sees them, with one artifact loaded into a real session."""

    def __init__(self, *, flat: bool = False, broken: bool = False) -> None:
        made = artifact(flat=flat)
        self.model: Any = Loaded(made.graph, made.card, made.assets)
        if broken:
            self.model = _Broken(self.model)

    def get(self, name: str) -> Any:
        return self.model if name == MODEL else None


class _Broken:
    """A model whose answers are not numbers."""

    def __init__(self, model: Loaded) -> None:
        self.card, self.assets, self.once = model.card, model.assets, model.once

    def run(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"units": np.full(inputs["ratio"].shape, np.nan)}


class Nothing:
    def get(self, name: str) -> None:
        return None


def decide(where: Context, models: Any = None) -> Decision:
    return FUNCTION.propose(where, Answers(), models or Shelf())


def overpriced() -> dict[ProductId, Product]:
    """Goods whose cost is so low that their elasticity asks for less."""
    return {
        key: replace(one, variants=(replace(one.variants[0], cost=money("6.00")),)) for key, one in catalogue().items()
    }


def refusals(where: Context, made: Proposal) -> set[str]:
    situation = Situation(shop=SHOP, policy=where.policy, now=NOW, current=made.before, catalogue=where.catalogue)
    return {refusal.rule for refusal in check(made, situation)}


def test_proposes_lower_prices_for_elastic_goods_with_room() -> None:
    decision = decide(context(LIMITS, overpriced()))
    assert len(decision.proposals) >= 6
    for made in decision.proposals:
        assert isinstance(made.action, SetPrice)
        assert Decimal("19.00") <= made.action.price.amount < Decimal("20.00")
        assert made.worth > 0
        assert 0.5 < made.confidence <= 1
        assert not made.moot


def test_too_much_old_stock_is_priced_to_sell_sooner_and_new_stock_is_not() -> None:
    def price(weeks: int, limit: int) -> Decimal:
        goods = {
            key: replace(
                one, created_at=NOW - timedelta(weeks=weeks), variants=(replace(one.variants[0], stock=90_000),)
            )
            for key, one in catalogue().items()
        }
        made = decide(context(replace(LIMITS, clear_after_weeks=limit), goods)).proposals
        prices = [one.action.price.amount for one in made if isinstance(one.action, SetPrice)]
        return (sum(prices) + 20 * (len(goods) - len(prices))) / len(goods)

    assert price(weeks=100, limit=20) < price(weeks=4, limit=20) == price(weeks=100, limit=0)
    assert price(weeks=100, limit=20) >= 19


def test_what_it_proposes_clears_the_guardrails() -> None:
    where = context(replace(LIMITS, charm_endings=(".99", ".49")), overpriced())
    decision = decide(where)
    assert decision.proposals
    for made in decision.proposals:
        assert refusals(where, made) == set()


def test_evidence_shows_curve_interval_choice_and_limits() -> None:
    made = decide(context(LIMITS, overpriced())).proposals[0]
    curve, table = made.evidence[0], made.evidence[1]
    assert isinstance(curve, Curve)
    assert isinstance(table, Facts)
    assert {mark.kind for mark in curve.marks} == {"current", "chosen", "limit"}
    assert all(low <= middle <= high for low, middle, high in zip(curve.low, curve.y, curve.high, strict=True))
    assert "largest single change" in " ".join(fact.value for fact in table.facts)
    assert all("{" not in str(reason) for reason in made.reasons)


def test_price_history_is_shown_where_sales_are_known() -> None:
    where = context(LIMITS, overpriced())
    days = {key: (SalesDay("v" + key[1:], 20_000, 3, 2_000),) for key in where.catalogue}
    assert len(decide(replace(where, sales=days)).proposals[0].evidence) == 3


def test_reads_the_catalogue_first_and_then_only_what_would_change() -> None:
    where = context(LIMITS, overpriced())
    first = FUNCTION.reads(replace(where, catalogue={}), Shelf())
    assert first.catalogue == set(catalogue())
    assert not first.targets
    second = FUNCTION.reads(where, Shelf())
    assert len(second.targets) == len(decide(where).proposals)


def test_without_a_model_nothing_happens_and_that_is_said() -> None:
    decision = decide(context(), Nothing())
    assert not decision.proposals
    assert decision.notes


def one_good(one: Product | None = None, **changes: Any) -> dict[ProductId, Product]:
    made = one or product(0, replace(variant(0, cost="6.00"), **changes))
    return {made.id: made}


@pytest.mark.parametrize(
    ("goods", "word"),
    [
        (one_good(cost=None), "cost"),
        (one_good(cost=money("0")), "cost"),
        (one_good(cost=money("6", "USD")), "currency"),
        (one_good(price=money("20", "USD")), "currency"),
        (one_good(price=money("0")), "no price"),
        (one_good(price=None), "no price"),
        (one_good(price=money("2000")), "far from"),
        (one_good(stock=0), "sold out"),
        (one_good(compare_at=money("25")), "sale"),
        (one_good(cost=money("19.90")), "limits"),
        (one_good(product(0, gift_card=True)), "gift card"),
    ],
)
def test_bad_input_is_left_alone_with_the_reason(goods: dict[ProductId, Product], word: str) -> None:
    decision = decide(context(LIMITS, goods))
    assert not decision.proposals
    assert any(word in note for note in decision.notes)


def test_protected_products_are_left_alone() -> None:
    decision = decide(context(replace(LIMITS, protected=(ProductId("p0"),)), overpriced()))
    assert "p0" not in {made.action.resource for made in decision.proposals}


def test_one_price_ever_is_not_enough_unless_trying_is_allowed() -> None:
    decision = decide(context(LIMITS, overpriced()), Shelf(flat=True))
    assert not decision.proposals
    assert any("only one price" in note for note in decision.notes)
    assert decide(context(replace(LIMITS, explore=True), overpriced()), Shelf(flat=True)).proposals


def test_a_model_without_numbers_changes_nothing() -> None:
    decision = decide(context(LIMITS, overpriced()), Shelf(broken=True))
    assert not decision.proposals
    assert any("not a number" in note for note in decision.notes)


def test_scarce_goods_are_not_made_cheaper() -> None:
    assert not decide(context(LIMITS, one_good(stock=3))).proposals
    assert decide(context(LIMITS, one_good(stock=400))).proposals


def test_the_same_night_twice_gives_the_same_proposals() -> None:
    where = context(LIMITS, overpriced())
    assert [made.change for made in decide(where).proposals] == [made.change for made in decide(where).proposals]


def short(lines: History, keep: int) -> History:
    columns: dict[str, Any] = {f.name: getattr(lines, f.name) for f in fields(History)}
    cut: dict[str, Any] = {
        name: value[:keep] if isinstance(value, np.ndarray) else value for name, value in columns.items()
    }
    return History(**cut)


@pytest.mark.parametrize("keep", [0, 1, 10])
def test_ten_sales_teach_nothing(keep: int) -> None:
    material = Material(shop=SHOP, policy=Policy(), now=NOW, history=short(history(), keep), catalogue=catalogue())
    assert not train(material, lambda _line: None)


def test_graph_says_what_numpy_says() -> None:
    made = artifact()
    model = Loaded(made.graph, made.card, made.assets)
    known = model.once("knowledge", read_knowledge)
    ratio = np.linspace(0.8, 1.25, 9)[None].repeat(len(known.variants), axis=0)
    cost = np.full(len(known.variants), 0.6)
    outputs = model.run(
        {
            "product": np.arange(len(known.variants)),
            "ratio": ratio.astype(np.float32),
            "cost_ratio": cost.astype(np.float32),
        }
    )

    units = (relative_units(ratio) * (known.weights * known.level)[:, None, :]).sum(axis=-1)
    np.testing.assert_allclose(outputs["units"], units, rtol=2e-3)
    np.testing.assert_allclose(outputs["profit"], units * (ratio - 0.6), rtol=2e-3)
    assert (outputs["spread"] ** 2 > outputs["units"]).all()


PERSONAL = ("customer", "email", "address", "phone", "ip", "name", "country", "age", "gender", "session")


def test_no_personal_data_among_what_prices_are_made_of() -> None:
    """Changing every column of the history that speaks of a person, or could, changes nothing that is
    learned."""
    lines = history()
    rng = np.random.default_rng(3)
    size = len(lines.at)
    strangers = replace(
        lines,
        customer=rng.integers(0, 50, size).astype(np.int32),
        country=rng.integers(0, 5, size).astype(np.int16),
        countries=("DE", "FR", "US", "JP", "BR"),
        order=rng.permutation(size),
    )
    materials = [
        Material(shop=SHOP, policy=Policy(), now=NOW, history=one, catalogue=catalogue()) for one in (lines, strangers)
    ]
    plain, other = (train(one, lambda _line: None)[0] for one in materials)
    assert plain.graph == other.graph
    assert not any(word in name for name in plain.card.inputs for word in PERSONAL)


def test_reads_ask_for_no_orders_and_no_counters() -> None:
    asked = FUNCTION.reads(context(LIMITS, overpriced()), Shelf())
    assert not asked.orders
    assert not asked.counters
    assert not {f.name for f in fields(SalesDay)} & set(PERSONAL)


def abroad(rate: str | None, remembered: str | None) -> tuple[Context, Answers]:
    shop = replace(SHOP, markets=(Market(id=MarketId("jp"), name="Japan", currency="JPY"),))
    where = replace(context(LIMITS), shop=shop)
    probe = SetPrice(
        product_id=ProductId("p0"), variant_id=VariantId("v0"), price=money("1", "JPY"), market=MarketId("jp")
    )
    request = FetchRates(base="EUR", currencies=("JPY",))
    answers = Answers(rates={request: {"JPY": rate}}) if rate else Answers(failed={request: "No answer."})
    memory = {"repricing|rate|jp": remembered} if remembered else {}
    return replace(where, snapshots={**where.snapshots, probe.target: held("3200", "JPY")}, memory=memory), answers


@pytest.mark.parametrize(("rate", "last", "price"), [("165", "160", "3300"), ("162", "160", None), ("161", None, None)])
def test_local_prices_follow_the_rate_out_of_its_dead_band(rate: str, last: str | None, price: str | None) -> None:
    where, answers = abroad(rate, last)
    local = [m for m in FUNCTION.propose(where, answers, Shelf()).proposals if m.action.target.endswith("jp")]
    assert [str(m.action.price.amount) for m in local if isinstance(m.action, SetPrice)] == ([price] if price else [])


@pytest.mark.parametrize(("band", "prices"), [(0, ["3300"]), (3, []), (10, ["3040"])])
def test_purchasing_power_counts_within_the_merchants_band(band: int, prices: list[str]) -> None:
    """A yen buys more than the rate says: 3 % less than 3,300 is hardly a change, 10 % less is more than a
    step."""
    where, answers = abroad("165", "160")
    shop = replace(where.shop, country="DE", markets=(replace(where.shop.markets[0], countries=("JP",)),))
    where = replace(where, shop=shop, policy=Policy(prices=replace(LIMITS, power_band_pct=Decimal(band))))
    local = [m for m in FUNCTION.propose(where, answers, Shelf()).proposals if m.action.target.endswith("jp")]
    assert [str(m.action.price.amount) for m in local if isinstance(m.action, SetPrice)] == prices


@pytest.mark.parametrize("rate", [None, "0", "NaN", "-3", "x"])
def test_without_a_sane_rate_local_prices_stay(rate: str | None) -> None:
    where, answers = abroad(rate, "160")
    assert not [m for m in FUNCTION.propose(where, answers, Shelf()).proposals if m.action.target.endswith("jp")]


def test_default_limits_are_those_of_a_new_shop() -> None:
    assert context().policy.prices == PriceLimits()


def test_proposing_does_without_onnx() -> None:
    code = "import sys, functions.repricing.propose; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[3]).returncode == 0


def standing(units: int, days_ago: int = 15) -> Context:
    """A price of ours that has stood for two weeks, and what was sold a day since."""
    goods = one_good(price=money("19.00"))
    where = context(replace(LIMITS, explore=True), goods)
    target, held_now = next(iter(where.snapshots.items()))
    before = held("20.00")
    ours = Written(
        target=target,
        digest=held_now.digest,
        proposal_id=ProposalId("1"),
        at=NOW - timedelta(days=days_ago),
        original=before,
    )
    today = int(NOW.timestamp()) // 86_400
    days = tuple(SalesDay("v0", day, units, 1_900) for day in range(today - days_ago + 1, today))
    return replace(where, written={target: ours}, sales={ProductId("p0"): days})


def test_a_price_that_disappoints_goes_back() -> None:
    decision = decide(standing(units=0))
    made = decision.proposals[0]
    assert isinstance(made.action, SetPrice)
    assert Decimal("19.00") < made.action.price.amount <= Decimal("20.00")
    assert "goes back" in str(made.reasons[0])


@pytest.mark.parametrize(("units", "days"), [(2, 15), (0, 5)])
def test_one_that_sells_or_is_young_does_not(units: int, days: int) -> None:
    reasons = [str(reason) for made in decide(standing(units, days)).proposals for reason in made.reasons]
    assert not any("goes back" in reason for reason in reasons)


def test_the_ledger_remembers_our_nights() -> None:
    first = decide(standing(units=2)).remember["repricing|account|v0"]
    again = replace(standing(units=2), now=NOW + timedelta(days=3), memory={"repricing|account|v0": first})
    days = account.parsed(decide(again).remember["repricing|account|v0"]).days
    assert sum(days.values()) == pytest.approx(4, abs=0.1)
    assert not decide(context(LIMITS, overpriced())).remember


def test_a_ledger_in_the_red_sends_a_price_home() -> None:
    where = standing(units=2)
    spent = account.written(account.Account({75: 300.0}, int(NOW.timestamp()) // 86_400))
    decision = decide(replace(where, memory={"repricing|account|v0": spent}, policy=Policy(prices=LIMITS)))
    assert all(m.action.price.amount > 19 for m in decision.proposals if isinstance(m.action, SetPrice))


def test_a_price_that_was_just_changed_rests() -> None:
    assert not decide(standing(units=0, days_ago=2)).proposals


@pytest.mark.parametrize(
    ("kind", "resource", "names"),
    [
        (Schedule.PROPOSE, "", {f"p{i}" for i in range(12)}),
        (Schedule.PROPOSE, "p3,p5", {"p3", "p5"}),
        (EventKind.STOCK_CHANGED, "p7", {"p7"}),
        (EventKind.PRODUCT_CHANGED, "unheard-of", set()),
    ],
)
def test_reads_only_what_the_event_is_about(kind: Any, resource: str, names: set[str]) -> None:
    where = context(LIMITS, overpriced())
    where = replace(where, event=replace(where.event, kind=kind, resource=resource))
    assert FUNCTION.reads(replace(where, catalogue={}), Shelf()).catalogue == names
    assert {made.action.resource for made in decide(where).proposals} <= names


def test_a_bulk_buyers_discount_is_no_price_change() -> None:
    """Weekly prices are those of the middle order line, however many units a cheap one had."""
    weeks, day = 12, 86_400
    at = np.array([(week * 7 + day_of_week) * day for week in range(1, weeks + 2) for day_of_week in range(3)])
    lines = History(
        order=np.arange(len(at)),
        at=at,
        customer=np.full(len(at), -1, np.int32),
        product=np.zeros(len(at), np.int32),
        quantity=np.tile([1, 1, 900], weeks + 1).astype(np.int32),
        unit_price_minor=np.tile([2000, 2000, 1200], weeks + 1),
        country=np.full(len(at), -1, np.int16),
        variant=np.zeros(len(at), np.int32),
        products=["p"],
        variants=["v"],
        countries=(),
        currency="EUR",
    )
    sales = weekly(lines)
    assert sales is not None
    assert set(sales.price.ravel()) == {2000.0}
    assert set(sales.units.ravel()) == {902.0}


@pytest.mark.parametrize(
    "schema",
    [Weekly, Lessons, Observed, Beliefs, Knowledge, PolicySituation, SalesDay, Account, Kinship, Sighting, WhatIf],
)
def test_no_schema_of_the_repricer_has_a_place_for_personal_data(schema: type) -> None:
    words = {word for field in fields(schema) for word in field.name.split("_")}
    assert not words & set(PERSONAL)
