"""What may stand in a list, whatever a model says."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.actions import Slot
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import ProductId, VariantId
from chalicelib.domain.money import Money
from chalicelib.domain.shop import RecommendationLimits
from functions.recommendations import reasons
from functions.recommendations.candidates import Candidate
from functions.recommendations.merchandising import fitting


def product(name: str, *, price: str = "5", sellable: bool = True, **more: object) -> Product:
    variant = Variant(id=VariantId(f"v{name}"), price=Money(Decimal(price), "EUR"), sellable=sellable)
    made = Product(
        id=ProductId(name), handle=name, title=name, status=ProductStatus.PUBLISHED, variants=(variant,),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def listed(goods: list[Product], *, slot: Slot = Slot.RELATED, own: str = "own", **limits: object) -> list[str]:
    known = {one.id: one for one in goods}
    found = [Candidate(one.id, 0.5, Reason(text="because")) for one in goods]
    allowed = RecommendationLimits(**{"per_product": 4, **limits})  # type: ignore[arg-type]
    return [one.product for one in fitting(known, known[ProductId(own)], found, slot, allowed)]


OWN, A, B, C = product("own"), product("a"), product("b"), product("c")


@pytest.mark.parametrize("unfit", [
    product("x", status=ProductStatus.HIDDEN), product("x", sellable=False), product("x", price="0"),
    product("x", gift_card=True), product("x", variants=()),
])
def test_what_cannot_be_bought_is_never_shown(unfit):
    assert listed([OWN, unfit, A, B]) == ["a", "b"]


def test_a_variation_stands_for_the_product_that_buyers_see_and_that_once():
    red, blue = product("red", parent=ProductId("a")), product("blue", parent=ProductId("a"))
    assert listed([OWN, red, blue, A, B]) == ["a", "b"]
    assert listed([OWN, product("lost", parent=ProductId("gone")), B]) == ["b"]
    assert listed([red, A, B], own="red") == ["b"], "beside a variation its own product is not shown"


def test_one_bundle_is_enough_but_pins_are_the_merchants():
    kits = [product(name, bundle=True) for name in ("kit1", "kit2")]
    assert listed([OWN, *kits, A]) == ["kit1", "a"]
    assert listed([OWN, *kits, A], pins={ProductId("own"): ("kit1", "kit2")}) == ["kit1", "kit2", "a"]


def test_pins_come_first_in_their_order_and_excluded_ones_never():
    assert listed([OWN, A, B, C], pins={ProductId("own"): ("c", "b")}) == ["c", "b", "a"]
    assert listed([OWN, A, B, C], excluded=("b",)) == ["a", "c"]
    assert listed([OWN, A, B, C], pins={ProductId("own"): ("b",)}, excluded=("b",)) == ["a", "c"]


def test_goods_that_go_along_are_of_more_than_one_type():
    lamps = [product(f"lamp{i}", product_type="lamp") for i in range(4)]
    shown = listed([OWN, *lamps, A, B], slot=Slot.COMPLEMENTARY)
    assert shown == ["lamp0", "lamp1", "a", "b"]
    assert listed([OWN, *lamps, A, B]) == ["lamp0", "lamp1", "lamp2", "lamp3"], "substitutes may be all lamps"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.booleans(), st.booleans()), max_size=20), st.data())
def test_no_list_ever_breaks_a_rule(rows, data):
    goods = {ProductId("own"): OWN}
    for number, sellable, bundle, hidden in rows:
        status = ProductStatus.HIDDEN if hidden else ProductStatus.PUBLISHED
        goods[ProductId(str(number))] = product(str(number), sellable=sellable, bundle=bundle, status=status)
    excluded = tuple(data.draw(st.lists(st.sampled_from(sorted(goods)), max_size=3)))
    pins = tuple(data.draw(st.lists(st.sampled_from(sorted(goods)), max_size=3)))
    names = data.draw(st.lists(st.sampled_from(sorted(goods)), max_size=15))
    limits = RecommendationLimits(per_product=4, excluded=excluded, pins={ProductId("own"): pins})
    found = [Candidate(name, 0.1, Reason(text="because")) for name in names]
    kept = fitting(goods, OWN, found, Slot.RELATED, limits)
    shown = [one.product for one in kept]
    assert len(set(shown)) == len(shown) <= 4
    assert not set(shown) & {"own", *excluded}
    assert all(goods[name].recommendable for name in shown)
    assert [one.product for one in kept if one.reason.text == reasons.PINNED] == shown[: sum(
        one.reason.text == reasons.PINNED for one in kept
    )], "pins lead"
