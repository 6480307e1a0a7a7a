"""Addresses of products: titles made fit for a URL, and unique."""

import re
import unicodedata
from urllib.parse import quote

from sandbox.woocommerce_store.rows import Product
from sandbox.woocommerce_store.shop import Shop


def free_slug(shop: Shop, product: Product, text: str) -> str:
    """Claim the sanitised title as slug, numbered where another product already has it."""
    wanted = slugify(text) or f"product-{product.id}"
    slug, number = wanted, 2
    while shop.slugs.get(slug, product.id) != product.id:
        slug, number = f"{wanted}-{number}", number + 1
    if product.slug and product.slug != slug:
        shop.slugs.pop(product.slug, None)
    shop.slugs[slug] = product.id
    return slug


def slugify(text: str) -> str:
    """Make a URL part as ``sanitize_title`` does: accents off, other scripts percent-encoded."""
    plain = "".join(map(_plain_letter, text.lower()))
    words = re.sub(r"[^\w\s-]", "", plain)
    return quote(re.sub(r"[-\s]+", "-", words).strip("-")).lower()


def _plain_letter(letter: str) -> str:
    if letter in "–—/":
        return "-"
    first = unicodedata.normalize("NFKD", letter)[0]
    return "s" if letter == "ß" else first if first.isascii() else letter
