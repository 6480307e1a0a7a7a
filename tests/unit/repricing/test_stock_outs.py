"""Days without stock: written down when they are seen, told to the trainer, never held against a price."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from chalicelib.contracts import Answers, Context, Decision, Material
from chalicelib.domain.actions import SetPrice
from chalicelib.domain.catalogue import Product
from chalicelib.domain.events import EventKind
from chalicelib.domain.ids import FunctionName, ProductId, VariantId
from chalicelib.domain.shop import Mode, Policy
from chalicelib.domain.stock_outs import KEPT, is_out, parsed_stock_outs, seen_out, stock_out_key, stock_outs_text
from functions.repricing import account, choosing
from functions.repricing.curves import REFERENCE, tables
from functions.repricing.knowledge import read_knowledge
from functions.repricing.propose import FUNCTION
from functions.repricing.sales import sold_out_weeks, weekly
from functions.repricing.showing import profit_curve
from functions.repricing.train import train
from tests.unit.repricing.shop import LIMITS, NOW, SHOP, artifact, catalogue, context, history, loaded, variant
from tests.unit.repricing.test_proposing import Shelf, decide, overpriced, standing

TODAY = int(NOW.timestamp()) // 86_400
PLACE = stock_out_key(VariantId("v0"))


def emptied(goods: dict[ProductId, Product], *, sellable: bool = False, stock: int = 0) -> dict[ProductId, Product]:
    first = goods[ProductId("p0")]
    gone = replace(first.variants[0], sellable=sellable, stock=stock)
    return {**goods, first.id: replace(first, variants=(gone,))}


@pytest.mark.parametrize("text", [None, "", "x", "{", '{"a": 1}', '["x"]', "[null]", "3"])
def test_what_is_no_list_of_days_is_none(text: str | None) -> None:
    assert parsed_stock_outs(text) == ()


def test_days_are_kept_once_and_the_newest_ones() -> None:
    text = stock_outs_text([*range(KEPT + 5), 7])
    assert parsed_stock_outs(text) == tuple(range(5, KEPT + 5))
    assert seen_out(stock_outs_text([TODAY]), NOW) is None
    assert parsed_stock_outs(seen_out(stock_outs_text([3]), NOW)) == (3, TODAY)


@pytest.mark.parametrize(("sellable", "stock", "out"), [(False, 0, True), (True, -2, False), (False, 5, False)])
def test_back_orders_and_hidden_goods_are_not_sold_out(sellable: bool, stock: int, out: bool) -> None:
    assert is_out(replace(variant(), sellable=sellable, stock=stock)) is out
    assert not is_out(replace(variant(), sellable=False, stock=None))


def test_a_night_writes_down_what_is_sold_out() -> None:
    goods = emptied(dict(catalogue()))
    assert parsed_stock_outs(decide(context(LIMITS, goods)).remember[PLACE]) == (TODAY,)
    again = replace(context(LIMITS, goods), memory={PLACE: stock_outs_text([TODAY])})
    assert PLACE not in decide(again).remember
    assert PLACE not in decide(context(LIMITS)).remember
    assert PLACE in FUNCTION.reads(context(LIMITS, goods), Shelf()).memory


def watched(where: Context) -> Decision:
    policy = replace(where.policy, modes={FunctionName("repricing"): Mode.SHADOW})
    return FUNCTION.propose(replace(where, policy=policy), Answers(), Shelf())


def test_a_change_of_stock_writes_it_down_at_once_and_so_does_a_watcher() -> None:
    where = context(LIMITS, emptied(dict(catalogue())))
    event = replace(where.event, kind=EventKind.STOCK_CHANGED, resource="p0")
    assert PLACE in decide(replace(where, event=event)).remember
    assert PLACE in watched(replace(where, event=event)).remember
    assert PLACE in watched(where).remember


def test_days_become_weeks_of_the_right_variant() -> None:
    sales = weekly(history())
    assert sales is not None
    first = sales.first_week * 7
    days = {VariantId("v1"): (first - 1, first + 6, first + 7 * 3, first + 7 * 10_000), VariantId("v99"): (first,)}
    found = sold_out_weeks(sales, days)
    row = list(sales.variants).index("v1")
    assert np.flatnonzero(found[row]).tolist() == [0, 3]
    assert found.sum() == 2


def test_the_trainer_learns_supply_from_them() -> None:
    lines = history()
    sales = weekly(lines)
    assert sales is not None
    days = {VariantId("v0"): [(sales.first_week + week) * 7 + 3 for week in range(20, 40)]}
    material = Material(
        shop=SHOP, policy=Policy(), now=NOW, history=lines, catalogue=catalogue(), stock_outs=days,
    )  # fmt: skip
    made = train(material, lambda _line: None)[0]
    known = read_knowledge(made.assets)
    row = list(known.variants).index("v0")
    assert np.flatnonzero(np.isfinite(known.supply)).tolist() == [row]
    assert 5 < known.supply[row] < 40
    assert made.card.metrics["variants_seen_sold_out"] == 1
    plain = read_knowledge(artifact().assets)
    assert (known.weights[row] @ known.level[row]) > (plain.weights[row] @ plain.level[row])


class Limited(Shelf):
    """A model that has seen every shelf empty at so many units a week."""

    def __init__(self, supply: float) -> None:
        self.model = loaded(supply)


def stocked(stock: int | None) -> dict[ProductId, Product]:
    return {
        key: replace(one, variants=(replace(one.variants[0], stock=stock),)) for key, one in overpriced().items()
    }


def asked(decision: Decision) -> list[Decimal]:
    return [made.action.price.amount for made in decision.proposals if isinstance(made.action, SetPrice)]


def test_short_supply_is_not_made_cheaper_and_a_full_store_is() -> None:
    assert all(price > 20 for price in asked(decide(context(LIMITS, stocked(None)), Limited(6.0))))
    for stock, supply in ((None, 1e4), (500, 6.0)):
        prices = asked(decide(context(LIMITS, stocked(stock)), Limited(supply)))
        assert len(prices) >= 6
        assert all(price < 20 for price in prices)


def test_what_it_says_it_would_sell_is_what_there_is() -> None:
    found = choosing.chosen(context(replace(LIMITS, explore=True), stocked(None)), Limited(6.0))[0]
    assert found
    assert all(max(one.units) < 6.0 + 1e-5 for one in found)


def test_the_curve_shows_that_a_cut_sells_no_more() -> None:
    one = choosing.chosen(context(replace(LIMITS, explore=True), stocked(None)), Limited(6.0))[0][0]
    short, ample = (profit_curve(one.offer, one.price, read_knowledge(loaded(n).assets)) for n in (6.0, np.inf))
    assert short.x[int(np.argmax(short.y))] > 20 > ample.x[int(np.argmax(ample.y))]
    assert max(short.high) <= 6 * (max(short.x) - 6) + 1e-3


def test_models_of_before_know_no_limit() -> None:
    assets = dict(artifact().assets)
    with np.load(io.BytesIO(assets["knowledge.npz"])) as arrays:
        older = {name: arrays[name] for name in arrays.files if name not in {"supply", "caution"}}
    file = io.BytesIO()
    np.savez_compressed(file, **older)
    known = read_knowledge({**assets, "knowledge.npz": file.getvalue()})
    assert np.isinf(known.supply).all()
    assert (known.caution == 1).all()


def test_days_without_stock_are_not_held_against_a_price() -> None:
    where = standing(units=0)
    assert any("goes back" in str(reason) for made in decide(where).proposals for reason in made.reasons)
    out = stock_outs_text(range(TODAY - 12, TODAY))
    reasons = [str(r) for made in decide(replace(where, memory={PLACE: out})).proposals for r in made.reasons]
    assert not any("goes back" in reason for reason in reasons)


def test_a_cut_into_an_empty_shelf_is_entered_as_a_loss() -> None:
    stood = account.Account({REFERENCE - 5: 70.0}, TODAY)
    plain = account.ledger(stood, 0.6, tables(0.1).units)
    flat = account.ledger(stood, 0.6, np.ones_like(tables(0.1).units))
    assert (flat < 0).all()
    assert (plain > flat).all()


def test_the_clock_of_days_is_utc() -> None:
    late = datetime(2026, 11, 2, 23, 59, tzinfo=UTC)
    assert parsed_stock_outs(seen_out(None, late)) == (TODAY,)
    assert parsed_stock_outs(seen_out(None, late + timedelta(minutes=1))) == (TODAY + 1,)
