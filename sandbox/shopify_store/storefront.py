"""What buyers see: a listing with search, and a page per product with recommendations, in every language."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup, escape

from sandbox.shopify_store.markup import harmless
from sandbox.shopify_store.metafields import RECOMMENDATIONS
from sandbox.shopify_store.products import available, on_sale
from sandbox.shopify_store.records import Product, Variant, gid
from sandbox.shopify_store.state import State

PAGE = 48
SHOWN = 10
HEADINGS = (("Goes well with", "complementary_products"), ("You may also like", "related_products"))
SIGNS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=select_autoescape(default=True)
)


def render(state: State, template: str, *, locale: str | None = None, path: str = "", **values: Any) -> str:
    """One page in the shop's theme."""
    mine = locale or state.primary_locale
    published = [one for one in state.locales.values() if one.published]
    links = [{"locale": one.locale, "href": f"{prefix(state, one.locale)}{path}" or "/"} for one in published]
    return TEMPLATES.get_template(template).render(
        shop=state.name, locale=mine, prefix=prefix(state, mine), locales=links, **values
    )


def prefix(state: State, locale: str) -> str:
    """The path that a language's pages begin with; none for the shop's own language."""
    return "" if locale == state.primary_locale else f"/{locale}"


def translated(record: Any, locale: str, key: str, source: str, market: str | None = None) -> str:
    """The published translation of a text, the market's own before that of all markets, or the text itself."""
    found = record.translations.get((locale, key, market)) or record.translations.get((locale, key, None))
    return found.value if found else source


def data(product: Product) -> dict[str, Any]:
    """A product as a theme's script gets it (the AJAX API's ``/products/HANDLE.js``, of which this is a part)."""
    variant = next(iter(product.variants))
    return {
        "id": product.number, "title": product.title, "handle": product.handle, "url": f"/products/{product.handle}",
        "price": int(variant.price * 100), "featured_image": f"/images/{product.number}.svg",
        "available": any(available(one) for one in product.variants),
    }  # fmt: skip


def find(state: State, handle: str, locale: str) -> Product | None:
    """The product on sale under a handle or its translation."""
    product = state.products_by_handle.get(handle) or next(
        (one for one in state.products() if translated(one, locale, "handle", "") == handle), None
    )
    return product if product and on_sale(product) else None


def listing(state: State, locale: str, query: str, page: int) -> str:
    """Products on sale, searched by title, type and vendor."""
    words = query.lower().split()
    rows = [one for one in state.products() if on_sale(one) and _mentions(one, locale, words)]
    start = (page - 1) * PAGE
    return render(
        state,
        "listing.html",
        locale=locale,
        title="Products",
        products=[card(state, one, locale) for one in rows[start : start + PAGE]],
        total=len(rows),
        page=page,
        more=len(rows) > start + PAGE,
        q=query,
    )


def _mentions(product: Product, locale: str, words: list[str]) -> bool:
    title = translated(product, locale, "title", product.title)
    text = f"{title} {product.product_type} {product.vendor} {' '.join(product.tags)}".lower()
    return all(word in text for word in words)


def market_of(state: State, handle: str) -> str | None:
    """The global id of a market; Shopify tells a buyer's by their country."""
    return next((gid("Market", one.number) for one in state.all("Market") if one.handle == handle), None)


def page(state: State, product: Product, locale: str, market: str | None = None) -> str:
    """One product's page, as the buyers of a market see it."""
    body = translated(product, locale, "body_html", product.description_html, market)
    options = [
        {
            "name": translated(option, locale, "name", option.name, market),
            "choices": [translated(value, locale, "name", value.name, market) for value in option.values],
        }
        for option in product.options
        if [value.name for value in option.values] != ["Default Title"]
    ]
    shown = {
        **card(state, product, locale, market),
        "vendor": product.vendor,
        "type": translated(product, locale, "product_type", product.product_type),
        "options": options,
        "available": any(available(variant) for variant in product.variants),
        "description": Markup(harmless(body)),  # noqa: S704 - harmless() lets through bare tags alone
    }
    lists = [
        (heading, key, [card(state, one, locale) for one in recommended(state, product, key)])
        for heading, key in HEADINGS
    ]
    path = f"/products/{quote(product.handle)}"
    return render(
        state,
        "product.html",
        locale=locale,
        path=path,
        title=shown["title"],
        product=shown,
        recommendations=lists,
    )


def recommended(state: State, product: Product, key: str) -> list[Product]:
    """What Shopify's storefront shows of a recommendation metafield: ten at most, all of them buyable."""
    held = product.metafields.get((RECOMMENDATIONS, key))
    named: list[str] = json.loads(held.value) if held else []
    found = (state.find(one) for one in named)
    good = (one for one in found if isinstance(one, Product) and one is not product and _buyable(one))
    return list(_first(good, SHOWN))


def _first(rows: Iterable[Product], number: int) -> Iterable[Product]:
    for position, row in enumerate(rows):
        if position == number:
            return
        yield row


def _buyable(product: Product) -> bool:
    return on_sale(product) and any(available(v) and v.price > 0 for v in product.variants)


def card(state: State, product: Product, locale: str, market: str | None = None) -> dict[str, Any]:
    """What a product looks like in a list."""
    variant = _cheapest(product)
    image = product.images[0] if product.images else None
    compare_at = variant.compare_at_price
    handle = translated(product, locale, "handle", product.handle)
    title = translated(product, locale, "title", product.title, market)
    return {
        "id": gid("Product", product.number),
        "href": f"{prefix(state, locale)}/products/{quote(handle)}",
        "title": title,
        "image": f"/images/{image.number if image else product.number}.svg",
        "alt": translated(image, locale, "alt", image.alt, market) if image else title,
        "price": amount(state, variant.price),
        "compare_at": amount(state, compare_at) if compare_at and compare_at > variant.price else None,
    }


def _cheapest(product: Product) -> Variant:
    return min(product.variants, key=lambda variant: variant.price)


def amount(state: State, value: Any) -> str:
    """A price as a buyer reads it."""
    sign = SIGNS.get(state.currency)
    return f"{sign}{value:,}" if sign else f"{value:,} {state.currency}"


def picture(state: State, number: int) -> str | None:
    """A drawn stand-in for a product's picture: its initial on a colour of its own."""
    record = state.find(gid("MediaImage", number)) or state.find(gid("Product", number))
    if record is None:
        return None
    owner = record if isinstance(record, Product) else record.product
    words = owner.title if owner else record.alt
    hue = number * 47 % 360
    initial = escape((words.strip() or "?")[0].upper())
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" role="img">'
        f'<rect width="600" height="600" fill="hsl({hue} 28% 86%)"/>'
        f'<circle cx="300" cy="290" r="170" fill="hsl({hue} 30% 74%)"/>'
        f'<text x="300" y="350" font-family="Georgia, serif" font-size="170" text-anchor="middle" '
        f'fill="hsl({hue} 35% 30%)">{initial}</text></svg>'
    )
