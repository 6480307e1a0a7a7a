"""A neutral seed becomes a Shopify shop: products with options and stock, buyers, orders, markets."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from sandbox.seed import Seed, SeedAddress, SeedLine, SeedOrder, SeedProduct, SeedVariant
from sandbox.shopify_store.records import (
    Address,
    Customer,
    FulfillmentLine,
    FulfillmentOrder,
    Image,
    InventoryItem,
    LineItem,
    Locale,
    Option,
    OptionValue,
    Order,
    Product,
    Transaction,
    Variant,
)
from sandbox.shopify_store.state import State

FIRST_ORDER = 1001


def fill(state: State, seed: Seed) -> None:
    """Puts a whole seed into an empty shop; orders older than the shop's clock arrive as history."""
    for position, locale in enumerate(seed.locales):
        state.locales[locale] = Locale(locale=locale, primary=position == 0, published=True)
    for product in seed.products:
        add_product(state, product)
    for order in seed.orders:
        add_order(state, order, at=order.created_at)


def handle_of(title: str) -> str:
    """A title as a path of the storefront, the way Shopify writes it."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "product"


def free_handle(state: State, wanted: str) -> str:
    """A handle that no product has: a number is added where it is taken."""
    handle, number = wanted, 1
    while handle in state.products_by_handle:
        handle, number = f"{wanted}-{number}", number + 1
    return handle


def add_product(state: State, seed: SeedProduct) -> Product:
    """One seed product with its variants, stock and pictures."""
    at = seed.created_at.replace(microsecond=0)
    product = Product(
        number=state.new_number(),
        handle=free_handle(state, handle_of(seed.title)),
        title=seed.title,
        description_html=seed.description_html,
        product_type=seed.product_type,
        vendor=seed.vendor or state.name,
        tags=sorted(set(seed.tags), key=str.lower),
        status="ACTIVE",
        published_at=at if seed.published else None,
        created_at=at,
        updated_at=at,
    )
    product.images = [Image(number=state.new_number(), alt=alt, created_at=at) for alt in seed.image_alts]
    for image in product.images:
        image.product = product
    product.options = _options(state, seed.variants)
    for position, variant in enumerate(seed.variants, start=1):
        add_variant(state, product, variant, position, at)
    state.products_by_handle[product.handle] = product
    for part in (*product.images, *product.options, *(v for o in product.options for v in o.values)):
        state.add(part)
    state.add(product)
    return product


def _options(state: State, variants: Iterable[SeedVariant]) -> list[Option]:
    names: dict[str, dict[str, None]] = {}
    for variant in variants:
        for name, value in variant.options or (("Title", "Default Title"),):
            names.setdefault(name, {})[value] = None
    return [
        Option(
            number=state.new_number(),
            name=name,
            position=position,
            values=[OptionValue(number=state.new_number(), name=value) for value in values],
        )
        for position, (name, values) in enumerate(names.items(), start=1)
    ]


def add_variant(state: State, product: Product, seed: SeedVariant, position: int, at: datetime) -> Variant:
    """One variant with its inventory item; a stock of None is not tracked."""
    variant = Variant(
        number=state.new_number(),
        product=product,
        sku=seed.sku or None,
        barcode=seed.barcode or None,
        price=state.money(seed.price),
        compare_at_price=None if seed.compare_at is None else state.money(seed.compare_at),
        position=position,
        choices=seed.options or (("Title", "Default Title"),),
        created_at=at,
        updated_at=at,
    )
    variant.inventory_item = InventoryItem(
        number=state.new_number(),
        variant=variant,
        unit_cost=seed.cost,
        tracked=seed.stock is not None,
        quantity=seed.stock or 0,
        created_at=at,
        updated_at=at,
    )
    product.variants.append(variant)
    state.add(variant.inventory_item)
    if variant.sku:
        state.variants_by_sku[variant.sku] = variant
    state.add(variant)
    return variant


def add_order(state: State, seed: SeedOrder, *, at: datetime) -> Order:
    """One order at the end of the book, paid, with one fulfillment order; KeyError names an unknown SKU."""
    at = at.replace(microsecond=0)
    billing, shipping = _address(state, seed.billing), _address(state, seed.shipping)
    customer = _customer(state, seed, shipping or billing, at)
    order = Order(
        number=state.new_number(),
        order_number=FIRST_ORDER + len(state.records.get("Order", {})),
        email=seed.email or None,
        customer=customer,
        line_items=[_line(state, line) for line in seed.lines],
        billing_address=billing,
        shipping_address=shipping,
        client_ip=seed.ip or None,
        user_agent=seed.user_agent,
        gateway=seed.gateway,
        customer_locale=seed.locale,
        test=seed.test,
        created_at=at,
        updated_at=at,
    )
    for line in order.line_items:
        line.order = order
    order.transactions = [_payment(state, seed, order, at)]
    order.fulfillment_orders = [_fulfillment_order(state, order, at)]
    if customer:
        customer.orders.append(order)
    state.add(order)
    return order


def _address(state: State, seed: SeedAddress) -> Address | None:
    if seed == SeedAddress():
        return None
    return Address(
        number=state.new_number(),
        first_name=seed.first_name,
        last_name=seed.last_name,
        address1=seed.address_1,
        city=seed.city,
        zip=seed.postcode,
        country_code=seed.country,
    )


def _customer(state: State, seed: SeedOrder, address: Address | None, at: datetime) -> Customer | None:
    key = seed.customer_key or seed.email
    if not key:
        return None
    known = state.customers_by_key.get(key)
    if known is not None:
        known.updated_at = max(known.updated_at, at)
        return known  # type: ignore[no-any-return]
    customer = Customer(
        number=state.new_number(),
        email=seed.email or None,
        first_name=address.first_name if address else "",
        last_name=address.last_name if address else "",
        locale=seed.locale,
        created_at=at,
        updated_at=at,
        default_address=address,
    )
    state.customers_by_key[key] = customer
    state.add(customer)
    return customer


def _line(state: State, seed: SeedLine) -> LineItem:
    variant = state.variants_by_sku[seed.sku]
    title = variant_title(variant)
    return LineItem(
        number=state.new_number(),
        title=variant.product.title,
        variant_title=None if title == "Default Title" else title,
        sku=variant.sku,
        vendor=variant.product.vendor,
        quantity=seed.quantity,
        unit_price=state.money(seed.unit_price),
        product=variant.product,
        variant=variant,
    )


def variant_title(variant: Variant) -> str:
    """Shopify names a variant by its choices."""
    return " / ".join(value for _, value in variant.choices)


def _payment(state: State, seed: SeedOrder, order: Order, at: datetime) -> Transaction:
    return Transaction(
        number=state.new_number(),
        transaction_kind="SALE",
        status="SUCCESS",
        gateway=seed.gateway,
        amount=sum(
            (line.unit_price * line.quantity for line in order.line_items), start=state.money(Decimal(0))
        ),
        test=seed.test,
        created_at=at,
        avs_result=seed.avs_result,
        cvv_result=seed.cvv_result,
        card_bin=seed.card_bin,
        card_last4=seed.card_last4,
    )


def _fulfillment_order(state: State, order: Order, at: datetime) -> FulfillmentOrder:
    lines = [
        FulfillmentLine(
            number=state.new_number(),
            line_item=line,
            total_quantity=line.quantity,
            remaining_quantity=line.quantity,
        )
        for line in order.line_items
    ]
    waiting = FulfillmentOrder(
        number=state.new_number(),
        order=order,
        status="OPEN",
        lines=lines,
        fulfill_at=at.replace(minute=0, second=0),
        created_at=at,
        updated_at=at,
    )
    for line in lines:
        state.add(line)
    state.add(waiting)
    return waiting
