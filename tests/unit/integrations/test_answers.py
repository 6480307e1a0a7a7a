"""What stores answer, bent: any field null, empty or of another kind gives our form or one error."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.catalogue import Product
from chalicelib.domain.orders import Order
from chalicelib.errors import AppError, StoreUnavailable
from integrations.shopify import answers as shopify_answers
from integrations.shopify import mapping as shopify_mapping
from integrations.shopify import operations
from integrations.shopify.connection import parsed as shopify_parsed
from integrations.woocommerce import answers as woo_answers
from integrations.woocommerce import mapping as woo_mapping
from integrations.woocommerce.connection import parsed as woo_parsed
from sandbox.seed import Seed, SeedAddress, SeedLine, SeedOrder, SeedProduct, SeedVariant
from sandbox.shopify_store import ShopifyStore
from sandbox.shopify_store.records import gid
from sandbox.woocommerce_store import WooCommerceStore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def seed() -> Seed:
    tee = SeedProduct(
        key="tee",
        title="Tee",
        description_html="<p>Soft</p>",
        product_type="Shirts",
        tags=("soft",),
        image_alts=("A tee",),
        created_at=NOW - timedelta(days=3),
        variants=(SeedVariant(sku="tee", price=Decimal("9.90"), compare_at=Decimal(12), cost=Decimal(4), stock=3),),
    )
    order = SeedOrder(
        key="o",
        created_at=NOW - timedelta(days=1),
        lines=(SeedLine(sku="tee", quantity=2, unit_price=Decimal("9.90")),),
        email="buyer@example.com",
        billing=SeedAddress(first_name="A", last_name="B", city="Bonn", country="DE", postcode="53111"),
        ip="203.0.113.9",
        avs_result="Y",
        card_bin="424242",
        card_last4="4242",
    )
    return Seed(name="Tea", currency="EUR", country="DE", products=(tee,), orders=(order,))


def woo_product(body: Any) -> Product:
    found = woo_parsed(woo_answers.StoreProduct, body)
    return woo_mapping.product(found, [found], "EUR")


def woo_order(body: Any) -> Order:
    return woo_mapping.order(woo_parsed(woo_answers.StoreOrder, body), "EUR")


def shopify_product(body: Any) -> Product:
    return shopify_mapping.product(shopify_parsed(shopify_answers.StoreProduct, body), "EUR")


def shopify_order(body: Any) -> Order:
    return shopify_mapping.order(shopify_parsed(shopify_answers.StoreOrder, body), "EUR", "gid://shopify/App/1")


def bodies() -> dict[str, tuple[Callable[[Any], Product | Order], Any]]:
    """One good answer of each kind, from the sandbox stores."""
    woo = WooCommerceStore(seed(), consumer_key="ck_1", consumer_secret="cs_1", clock=lambda: NOW)
    tea = ShopifyStore(seed(), clock=lambda: NOW, access_token="shpat_x")
    order = gid("Order", tea.order(1001).number)
    product = gid("Product", tea.variant("tee").product.number)

    def ask(name: str, number: str, field: str) -> Any:
        return tea.execute(operations.documents()[name], {"id": number})["data"][field]

    return {
        "WooCommerce product": (woo_product, woo.product(woo.product_id("tee"))),
        "WooCommerce order": (woo_order, woo.order(woo.order_id("o"))),
        "Shopify product": (shopify_product, ask("Product", product, "product")),
        "Shopify order": (shopify_order, ask("Order", order, "order")),
    }


BODIES = bodies()
STRANGE: list[Any] = [
    None, "", [], {}, 0, -1, True, False, "NaN", "1e400", "-5", "text", 10**40, 1.5, [None], [[]],
    {"a": None},
    "2026-13-45T99:00:00", "2026-11-23T10:00:00", "\ud800", "gid://shopify/Product/", "\x00",
]  # fmt: skip


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    found = [at] if at else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += paths(inner, (*at, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += paths(inner, (*at, index))
    return found


def bent(value: Any, path: tuple[Any, ...], strange: Any) -> Any:
    """A copy with one place changed, if the place is still there."""
    made = copy.deepcopy(value)
    inner = made
    for step in path[:-1]:
        try:
            inner = inner[step]
        except (KeyError, IndexError, TypeError):
            return made
    try:
        inner[path[-1]] = strange
    except (IndexError, TypeError):
        return made
    return made


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_good_answer_reads(name: str) -> None:
    read, body = BODIES[name]
    assert read(body).id


@pytest.mark.parametrize("name", sorted(BODIES))
def test_every_field_may_be_null(name: str) -> None:
    read, body = BODIES[name]
    for path in paths(body):
        if path in {("id",)} or path[-1] in {"amount", "currencyCode", "id"}:
            continue
        found = read(bent(body, path, None))
        assert found.id


@pytest.mark.parametrize("name", sorted(BODIES))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_field_may_be_strange(name: str, data: st.DataObject) -> None:
    read, body = BODIES[name]
    places = paths(body)
    for _ in range(data.draw(st.integers(1, 3))):
        body = bent(body, data.draw(st.sampled_from(places)), data.draw(st.sampled_from(STRANGE)))
    assert outcome(read, body) in {"read", "refused"}


def outcome(read: Callable[[Any], Product | Order], body: Any) -> str:
    """Whether it was read; a refusal must be the one error that means "no sensible answer"."""
    try:
        found = read(body)
    except StoreUnavailable:
        return "refused"
    except AppError as error:
        return type(error).__name__
    assert found.updated_at.tzinfo is not None
    return "read"


@pytest.mark.parametrize("body", [None, [], "text", 7, {}, {"id": None}])
def test_what_is_no_object_is_no_answer(body: Any) -> None:
    for read, _ in BODIES.values():
        assert outcome(read, body) in {"refused", "read"}


def test_an_erased_buyer_leaves_an_order_that_reads() -> None:
    read, body = BODIES["Shopify order"]
    erased = {**body, "customer": None, "email": None, "phone": None, "billingAddress": None,
              "shippingAddress": None, "clientIp": None, "note": None}  # fmt: skip
    found = read(erased)
    assert isinstance(found, Order)
    assert (found.email, found.billing.country, found.customer_orders) == ("", "", None)
