"""Turning the neutral seed into WooCommerce rows; nothing is announced and nobody is mailed."""

from datetime import UTC, datetime
from typing import Any

from sandbox.seed import Seed, SeedAddress, SeedOrder, SeedProduct, SeedVariant
from sandbox.woocommerce_store import customers, orders, product_fields, products, slugs
from sandbox.woocommerce_store.rows import Attribute, Image, Order, Product
from sandbox.woocommerce_store.shop import Shop

GATEWAYS = {
    "card": ("stripe", "Credit / Debit Card"),
    "paypal": ("ppcp-gateway", "PayPal"),
    "cod": ("cod", "Cash on delivery"),
    "bank": ("bacs", "Direct bank transfer"),
}


def load(shop: Shop, seed: Seed) -> None:
    """Fill an empty shop with the seed's products and its past orders (completed)."""
    for product in seed.products:
        add_product(shop, product)
    for order in seed.orders:
        row = add_order(shop, order)
        row.status = "completed"
        row.paid_at = row.completed_at = row.modified_at = row.created_at
        for line in row.lines:
            shop.products[line.variation_id or line.product_id].total_sales += line.quantity
    shop.changed()


def add_product(shop: Shop, seed: SeedProduct) -> Product:
    """Add one product of the seed with its variations."""
    row = _row(shop, seed.title, seed.created_at)
    row.description = seed.description_html
    row.status = "publish" if seed.published else "draft"
    kind = seed.product_type or "Uncategorized"
    row.categories = [shop.term("product_cat", kind, slugs.slugify(kind))]
    row.tags = [shop.term("product_tag", tag, slugs.slugify(tag)) for tag in seed.tags]
    if seed.vendor:
        row.brands = [shop.term("product_brand", seed.vendor, slugs.slugify(seed.vendor))]
    row.images = [_image(shop, row, place, alt) for place, alt in enumerate(seed.image_alts)]
    if len(seed.variants) == 1 and not seed.variants[0].options:
        _price(shop, row, seed.variants[0])
    else:
        _vary(shop, row, seed)
    if shop.site.multilingual:
        row.lang = shop.site.language
    products.join_categories(shop, row)
    shop.by_seed_key[seed.key] = row.id
    return row


def add_order(shop: Shop, seed: SeedOrder) -> Order:
    """Add one order of the seed as pending; its lines must name SKUs that the shop has."""
    method, title = GATEWAYS.get(seed.gateway, (seed.gateway, seed.gateway.title()))
    created_at = seed.created_at.astimezone(UTC).replace(microsecond=0)
    order = Order(
        id=shop.number("post"), created_at=created_at, modified_at=created_at, currency=shop.site.currency,
        customer_id=_customer(shop, seed, created_at), payment_method=method, payment_method_title=title,
        customer_ip_address=seed.ip, customer_user_agent=seed.user_agent,
        billing={**_address(seed.billing), "email": seed.email}, shipping=_address(seed.shipping),
    )  # fmt: skip
    order.order_key = f"wc_order_{order.id:013x}"
    for line in seed.lines:
        row = shop.products[shop.by_sku[line.sku]]
        order.lines.append(orders.line_for(shop, row, line.quantity, line.unit_price))
    order.meta_data = [shop.meta(key, value) for key, value in _payment_meta(seed) if value]
    shop.orders[order.id] = order
    shop.by_seed_key[seed.key] = order.id
    return order


def _payment_meta(seed: SeedOrder) -> list[tuple[str, Any]]:
    return [
        ("_avs_result", seed.avs_result),
        ("_cvv_result", seed.cvv_result),
        ("_card_bin", seed.card_bin),
        ("_card_last4", seed.card_last4),
        ("_buyer_locale", seed.locale),
        ("_test_order", "yes" if seed.test else ""),
    ]


def _row(shop: Shop, title: str, created_at: datetime) -> Product:
    moment = created_at.astimezone(UTC).replace(microsecond=0)
    row = Product(id=shop.number("post"), created_at=moment, modified_at=moment, name=title)
    row.slug = slugs.free_slug(shop, row, title)
    shop.products[row.id] = row
    return row


def _image(shop: Shop, row: Product, place: int, alt: str) -> Image:
    name = f"{row.slug[:60]}-{place + 1}"
    return Image(shop.number("post"), f"{shop.site.url}/wp-content/uploads/{name}.svg", name, alt)


def _price(shop: Shop, row: Product, variant: SeedVariant) -> None:
    regular = variant.compare_at if variant.compare_at and variant.compare_at > variant.price else variant.price
    row.regular_price = shop.site.amount(regular)
    row.sale_price = shop.site.amount(variant.price) if regular != variant.price else ""
    row.sku, row.global_unique_id = variant.sku, variant.barcode
    shop.by_sku[variant.sku] = row.id
    if variant.stock is not None:
        row.manage_stock, row.stock_quantity = True, variant.stock
        product_fields.settle_stock_status(row)
    if variant.cost is not None:
        row.meta_data.append(shop.meta("_wc_cog_cost", shop.site.amount(variant.cost)))


def _vary(shop: Shop, parent: Product, seed: SeedProduct) -> None:
    parent.type = "variable"
    names = list(dict.fromkeys(name for variant in seed.variants for name, _ in variant.options))
    for name in names:
        values = dict.fromkeys(value for variant in seed.variants for n, value in variant.options if n == name)
        parent.attributes.append(Attribute(name, list(values)))
    for variant in seed.variants:
        chosen = ", ".join(value for _, value in variant.options) or variant.sku
        row = _row(shop, f"{parent.name} - {chosen}", seed.created_at)
        row.type, row.parent_id, row.status = "variation", parent.id, "publish"
        row.attributes = [Attribute(name, [value]) for name, value in variant.options]
        _price(shop, row, variant)
        parent.variations.append(row.id)


def _customer(shop: Shop, seed: SeedOrder, created_at: datetime) -> int:
    """Give the buyer's account; a buyer without a key checked out as a guest."""
    if not seed.customer_key or not seed.email:
        return 0
    known = shop.customer_ids.get(seed.email)
    if known:
        return known
    address = _address(seed.billing)
    row = customers.create(
        shop, {"email": seed.email, "first_name": seed.billing.first_name,
               "last_name": seed.billing.last_name,
               "billing": {**address, "email": seed.email}, "shipping": _address(seed.shipping)},
    )  # fmt: skip
    row.created_at = row.modified_at = created_at
    row.is_paying_customer = True
    return row.id


def _address(seed: SeedAddress) -> dict[str, str]:
    names = ("first_name", "last_name", "address_1", "city", "postcode", "country")
    return {name: getattr(seed, name) for name in names}
