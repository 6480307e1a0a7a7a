"""What WPML and Polylang add to products over REST: a language each, and which product says the same."""

from dataclasses import replace
from typing import Any

from sandbox.woocommerce_store.rest_errors import RestError
from sandbox.woocommerce_store.rows import Image, Product
from sandbox.woocommerce_store.shop import Shop

PLUGINS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "": (),
    "wpml": (
        ("sitepress-multilingual-cms/sitepress.php", "WPML Multilingual CMS", "4.7.6", "OnTheGoSystems"),
        ("woocommerce-multilingual/wpml-woocommerce.php", "WPML Multilingual & Multicurrency for WooCommerce",
         "5.5.1", "OnTheGoSystems"),
    ),
    "polylang": (
        ("polylang-pro/polylang.php", "Polylang Pro", "3.7.3", "WP SYNTEX"),
        ("polylang-wc/polylang-wc.php", "Polylang for WooCommerce", "2.1.3", "WP SYNTEX"),
    ),
}  # fmt: skip


def place(shop: Shop, product: Product, fields: dict[str, Any]) -> None:
    """Set a product's language and its place among its translations.

    Sources: WPML's REST documentation (``lang``, ``translation_of``) and Polylang's (``lang``,
    ``translations``). Without either plugin WordPress ignores the fields, and so do we.
    """
    if not shop.site.multilingual:
        return
    lang = fields.get("lang") or product.lang or shop.site.language
    if lang not in shop.site.languages:
        raise RestError("rest_invalid_param", "Invalid parameter(s): lang", 400, params={"lang": "Invalid"})
    product.lang = lang
    original = _original(shop, product, fields)
    if original and original != product.id:
        _join(shop, product, original)


def _original(shop: Shop, product: Product, fields: dict[str, Any]) -> int:
    if shop.site.multilingual == "wpml":
        return int(fields.get("translation_of") or 0)
    others = [int(number) for number in (fields.get("translations") or {}).values()]
    rows = [shop.products[number] for number in others if number in shop.products and number != product.id]
    return next((row.translation_of or row.id for row in rows), 0)


def _join(shop: Shop, product: Product, original: int) -> None:
    if original not in shop.products:
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid ID.", 400)
    family = shop.families.setdefault(original, [])
    taken = [shop.products[number] for number in (original, *family) if number in shop.products]
    if any(row.lang == product.lang and row.id != product.id and row.status != "trash" for row in taken):
        message = f"A translation in this language already exists: {product.lang}."
        raise RestError("woocommerce_rest_translation_exists", message, 400)
    product.translation_of = original
    if not product.images:
        product.images = [_picture(shop, image) for image in shop.products[original].images]
    if product.id not in family:
        family.append(product.id)


def _picture(shop: Shop, image: Image) -> Image:
    """The original's picture, or a copy of it as WPML Media Translation and Polylang's media translation make one."""
    return replace(image, id=shop.number("post")) if shop.site.own_media else image


def visible(shop: Shop, product: Product, lang: str) -> bool:
    """Say whether a listing asked for ``lang`` shows the product; WPML defaults to the shop's language."""
    if not shop.site.multilingual or lang == "all":
        return True
    if not lang:
        return shop.site.multilingual == "polylang" or product.lang in ("", shop.site.language)
    return product.lang == lang
