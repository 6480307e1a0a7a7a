"""What a product costs now: sale windows, the derived ``price``, and WooCommerce's price markup."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation

from sandbox.woocommerce_store.rows import Product
from sandbox.woocommerce_store.shop import Shop
from sandbox.woocommerce_store.site import Site


def format_decimal(text: str) -> str:
    """Clean a price as ``wc_format_decimal`` does: what is no number at all becomes the empty string."""
    kept = re.sub(r"[^0-9.\-]", "", text.replace(",", "."))
    try:
        return kept if kept and Decimal(kept).is_finite() else ""
    except InvalidOperation:
        return ""


def on_sale(product: Product, now: datetime) -> bool:
    """Say whether the sale price applies now (WC_Product::is_on_sale)."""
    if not product.sale_price or not product.regular_price:
        return False
    if Decimal(product.regular_price) <= Decimal(product.sale_price):
        return False
    if product.date_on_sale_from and product.date_on_sale_from > now:
        return False
    return not (product.date_on_sale_to and product.date_on_sale_to < now)


def own_price(product: Product, now: datetime) -> str:
    """Give the price a buyer pays for a simple product or a variation; empty where none is set."""
    return product.sale_price if on_sale(product, now) else product.regular_price


def sold_variations(shop: Shop, product: Product) -> list[Product]:
    """Give the published variations that have a price."""
    rows = [shop.products[child] for child in product.variations if child in shop.products]
    return [row for row in rows if row.status == "publish" and row.regular_price]


def price(shop: Shop, product: Product) -> str:
    """Give the derived ``price``: a variable product shows its cheapest variation's."""
    now = shop.now()
    if product.type != "variable":
        return own_price(product, now)
    return min((own_price(row, now) for row in sold_variations(shop, product)), key=Decimal, default="")


def is_on_sale(shop: Shop, product: Product) -> bool:
    """Say whether the product, or any of its variations, is on sale."""
    now = shop.now()
    if product.type == "variable":
        return any(on_sale(row, now) for row in sold_variations(shop, product))
    return on_sale(product, now)


def price_html(shop: Shop, product: Product) -> str:
    """Give WooCommerce's markup of the price, with the old one struck through."""
    now = shop.now()
    if product.type == "variable":
        prices = [Decimal(own_price(row, now)) for row in sold_variations(shop, product)]
        return _range(shop.site, prices)
    if not product.regular_price:
        return ""
    if on_sale(product, now):
        return _reduced(shop.site, Decimal(product.regular_price), Decimal(product.sale_price))
    return amount_html(shop.site, Decimal(product.regular_price))


def amount_html(site: Site, amount: Decimal) -> str:
    """Give one amount in WooCommerce's markup."""
    sign = f'<span class="woocommerce-Price-currencySymbol">{site.symbol_entity}</span>'
    return f'<span class="woocommerce-Price-amount amount"><bdi>{sign}{site.amount(amount)}</bdi></span>'


def _range(site: Site, prices: list[Decimal]) -> str:
    if not prices:
        return ""
    if min(prices) == max(prices):
        return amount_html(site, prices[0])
    return f"{amount_html(site, min(prices))} &ndash; {amount_html(site, max(prices))}"


def _reduced(site: Site, before: Decimal, after: Decimal) -> str:
    old, new = f"{site.symbol_entity}{site.amount(before)}", f"{site.symbol_entity}{site.amount(after)}"
    return (
        f'<del aria-hidden="true">{amount_html(site, before)}</del> '
        f'<span class="screen-reader-text">Original price was: {old}.</span>'
        f'<ins aria-hidden="true">{amount_html(site, after)}</ins>'
        f'<span class="screen-reader-text">Current price is: {new}.</span>'
    )
