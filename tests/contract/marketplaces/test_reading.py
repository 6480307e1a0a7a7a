"""Reads: products and orders in our own form, long lists page by page, what changed since a moment."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.domain.catalogue import ProductStatus
from chalicelib.domain.events import EventKind
from chalicelib.domain.ids import OrderId, ProductId
from chalicelib.domain.money import Money
from chalicelib.domain.orders import PaymentState
from chalicelib.errors import Gone
from tests.contract.marketplaces.worlds import CANARY, GOODS, World, texts_of


def test_facts_name_the_shop_and_its_money(world: World) -> None:
    facts = world.client.facts()
    assert facts.currency == "EUR"
    assert facts.account
    assert facts.account in world.shop.endpoint or facts.account in world.shop.id


def test_a_product_in_our_form(world: World) -> None:
    product = world.client.product(world.goods[3])
    assert product.id == world.goods[3]
    assert product.title.startswith("Tea")
    assert product.status is ProductStatus.PUBLISHED
    assert product.updated_at.utcoffset() == timedelta(0)
    assert product.recommendable
    (variant,) = product.variants
    assert variant.id == world.variants[product.id]
    assert (variant.price, variant.compare_at, variant.stock) == (Money(Decimal("9.90"), "EUR"), None, 25)


def test_an_order_in_our_form_keeps_its_buyer_out_of_repr(world: World) -> None:
    order = world.client.order(world.order)
    assert order.total == Money(Decimal("9.90"), "EUR")
    assert order.payment_state is PaymentState.PAID
    assert [line.quantity for line in order.lines] == [1]
    assert order.lines[0].product_id in world.goods
    assert order.email == CANARY
    assert "canary" not in repr(order).lower()


def test_what_does_not_exist_is_gone(world: World) -> None:
    for name in ("999999999", "0", "no such", "1/../2", "٣"):
        with pytest.raises(Gone):
            world.client.product(ProductId(name))
        with pytest.raises(Gone):
            world.client.order(OrderId(name))


def test_products_by_id_are_those_that_exist(world: World) -> None:
    wanted = [world.goods[1], ProductId("999999999"), world.varied, world.goods[2]]
    found = world.client.products(wanted)
    assert set(found) == {world.goods[1], world.varied, world.goods[2]}
    assert len(found[world.varied].variants) == 2
    assert world.client.products([]) == {}


def test_every_product_is_on_exactly_one_page(world: World) -> None:
    seen: list[str] = []
    changed: list[datetime] = []
    cursor: str | None = None
    while True:
        page = world.client.product_page(since=None, cursor=cursor)
        seen += [product.id for product in page.items]
        changed += [product.updated_at for product in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted([*world.goods, world.varied])
    assert changed == sorted(changed)


def test_a_long_read_goes_on_where_it_was_killed(world: World) -> None:
    first = world.client.product_page(since=None, cursor=None)
    again = world.client.product_page(since=None, cursor=first.cursor)
    resumed = world.client.product_page(since=None, cursor=first.cursor)
    assert [p.id for p in resumed.items] == [p.id for p in again.items]
    assert not {p.id for p in first.items} & {p.id for p in again.items}


def test_a_change_in_mid_read_loses_nothing(world: World) -> None:
    page = world.client.product_page(since=None, cursor=None)
    seen = {product.id for product in page.items}
    world.reprice(page.items[0].id, Decimal("11.11"))
    while page.cursor is not None:
        page = world.client.product_page(since=None, cursor=page.cursor)
        seen |= {product.id for product in page.items}
    assert seen == {*world.goods, world.varied}


def test_pages_since_a_moment_hold_what_changed(world: World) -> None:
    moment = datetime.now(UTC) - timedelta(seconds=2)
    world.reprice(world.goods[7], Decimal("12.00"))
    page = world.client.product_page(since=moment, cursor=None)
    assert world.goods[7] in {product.id for product in page.items}
    assert world.goods[8] not in {product.id for product in page.items}


def test_orders_are_paged_too(world: World) -> None:
    page = world.client.order_page(since=None, cursor=None)
    assert world.order in {order.id for order in page.items}
    later = world.client.order_page(since=datetime.now(UTC) + timedelta(minutes=5), cursor=None)
    assert list(later.items) == []
    assert later.cursor is None


def test_what_changed_since_then_in_order(world: World) -> None:
    moment = datetime.now(UTC) - timedelta(seconds=5)
    world.reprice(world.goods[4], Decimal("12.00"))
    found = list(world.client.changed_since(moment))
    assert (EventKind.PRODUCT_CHANGED, world.goods[4]) in {(ref.kind, ref.id) for ref in found}
    assert world.goods[5] not in {ref.id for ref in found}
    assert [ref.updated_at for ref in found] == sorted(ref.updated_at for ref in found)
    everything = list(world.client.changed_since(datetime(2020, 1, 1, tzinfo=UTC)))
    assert sum(ref.kind is EventKind.PRODUCT_CHANGED for ref in everything) == GOODS + 1


def test_texts_come_with_digests_that_follow_the_source(world: World) -> None:
    texts = texts_of(world.client, world.goods[0], world.locale)
    assert {text.key for text in texts.source} >= {"title"}
    assert all(text.digest for text in texts.source)
    assert texts.existing == ()
