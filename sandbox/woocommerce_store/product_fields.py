"""What the REST API and the product editor may change on a product, with WooCommerce's setters' checks."""

from datetime import UTC, datetime
from typing import Any

from sandbox.woocommerce_store import pricing
from sandbox.woocommerce_store.rest_errors import RestError
from sandbox.woocommerce_store.rows import Attribute, Image, Product, Term
from sandbox.woocommerce_store.schema import (
    BOOLEAN,
    INTEGER,
    INTEGERS,
    MIXED,
    OBJECT,
    OBJECTS,
    STRING,
    Kind,
    Schema,
    parse_date,
)
from sandbox.woocommerce_store.shop import Shop, update_meta
from sandbox.woocommerce_store.slugs import slugify

STATUSES = ("draft", "pending", "private", "publish", "future", "auto-draft", "trash")

WRITABLE: Schema = {
    **dict.fromkeys(
        ("name", "slug", "description", "short_description", "sku", "global_unique_id", "regular_price",
         "sale_price", "weight", "purchase_note", "tax_class", "external_url", "button_text",
         "post_password"),
        STRING,
    ),
    **dict.fromkeys(
        ("featured", "virtual", "downloadable", "manage_stock", "sold_individually", "reviews_allowed"),
        BOOLEAN,
    ),
    **dict.fromkeys(("stock_quantity", "parent_id", "menu_order", "low_stock_amount"), INTEGER),
    **dict.fromkeys(("upsell_ids", "cross_sell_ids", "grouped_products"), INTEGERS),
    **dict.fromkeys(
        ("categories", "tags", "brands", "images", "attributes", "default_attributes", "meta_data"), OBJECTS
    ),
    **dict.fromkeys(
        ("date_on_sale_from", "date_on_sale_from_gmt", "date_on_sale_to", "date_on_sale_to_gmt"), MIXED
    ),
    "type": Kind("string", ("simple", "grouped", "external", "variable")),
    "status": Kind("string", STATUSES),
    "catalog_visibility": Kind("string", ("visible", "catalog", "search", "hidden")),
    "tax_status": Kind("string", ("taxable", "shipping", "none")),
    "stock_status": Kind("string", ("instock", "outofstock", "onbackorder")),
    "backorders": Kind("string", ("no", "notify", "yes")),
    "dimensions": OBJECT,
    "lang": STRING,
    "translation_of": INTEGER,
    "translations": OBJECT,
}  # fmt: skip

_PLAIN = (
    "name", "description", "short_description", "status", "featured", "catalog_visibility", "virtual",
    "downloadable", "tax_status", "tax_class", "weight", "dimensions", "reviews_allowed", "purchase_note",
    "menu_order", "post_password", "external_url", "button_text", "sold_individually", "parent_id",
    "global_unique_id", "grouped_products",
)  # fmt: skip


def write(shop: Shop, product: Product, fields: dict[str, Any]) -> None:
    """Set the given fields, in the order and with the checks of WooCommerce's setters."""
    _set_sku(shop, product, fields)
    for name in _PLAIN:
        if name in fields:
            setattr(product, name, fields[name])
    _set_attributes(product, fields)
    _set_prices(shop, product, fields)
    _set_stock(product, fields)
    for name in ("upsell_ids", "cross_sell_ids"):
        if name in fields:  # ids that do not exist are stored all the same; only those below 1 are dropped
            setattr(product, name, [number for number in fields[name] if number > 0])
    _set_terms(shop, product, fields)
    _set_images(shop, product, fields)
    if "meta_data" in fields:
        update_meta(shop, product.meta_data, fields["meta_data"])


def _set_sku(shop: Shop, product: Product, fields: dict[str, Any]) -> None:
    sku = fields.get("sku")
    if sku is None or sku == product.sku:
        return
    holder = shop.by_sku.get(sku)
    if sku and holder not in (None, product.id):
        raise RestError(
            "product_invalid_sku",
            "Invalid or duplicated SKU.",
            400,
            resource_id=holder,
            unique_sku=f"{sku}-1",
        )
    shop.by_sku.pop(product.sku, None)
    product.sku = sku
    if sku:
        shop.by_sku[sku] = product.id


def _set_attributes(product: Product, fields: dict[str, Any]) -> None:
    for name in ("attributes", "default_attributes"):
        if name in fields:
            setattr(product, name, [a for a in map(_attribute, fields[name]) if a])


def _attribute(given: dict[str, Any]) -> Attribute | None:
    name, options = str(given.get("name") or ""), given.get("options", given.get("option"))
    if not name or options is None:
        return None
    values = options if isinstance(options, list) else str(options).split("|")
    words = [str(value).strip() for value in values]
    return Attribute(name, words, bool(given.get("variation")), bool(given.get("visible")))


def _set_prices(shop: Shop, product: Product, fields: dict[str, Any]) -> None:
    if product.type in {"variable", "grouped"}:
        product.regular_price = product.sale_price = ""
        product.date_on_sale_from = product.date_on_sale_to = None
        return
    for name in ("regular_price", "sale_price"):
        if name in fields:
            setattr(product, name, pricing.format_decimal(fields[name]))
    for name in ("date_on_sale_from", "date_on_sale_to"):
        if name in fields:
            setattr(product, name, _moment(fields[name], shop.site.zone))
        if f"{name}_gmt" in fields:
            setattr(product, name, _moment(fields[f"{name}_gmt"], UTC))


def _moment(text: Any, zone: Any) -> datetime | None:
    """Read a date; like ``strtotime``, what cannot be read is no date at all."""
    found = parse_date(text)
    return found and (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _set_stock(product: Product, fields: dict[str, Any]) -> None:
    product.manage_stock = fields.get("manage_stock", product.manage_stock)
    product.backorders = fields.get("backorders", product.backorders)
    product.stock_status = fields.get("stock_status", product.stock_status)
    if not product.manage_stock:
        product.stock_quantity = product.low_stock_amount = None
        return
    product.stock_quantity = fields.get("stock_quantity", product.stock_quantity)
    product.low_stock_amount = fields.get("low_stock_amount", product.low_stock_amount)
    settle_stock_status(product)


def settle_stock_status(product: Product) -> None:
    """Derive the stock status from the quantity (WC_Product::validate_props)."""
    if not product.manage_stock or product.type == "variable":
        return
    if (product.stock_quantity or 0) > 0:
        product.stock_status = "instock"
    else:
        product.stock_status = "outofstock" if product.backorders == "no" else "onbackorder"


def _set_terms(shop: Shop, product: Product, fields: dict[str, Any]) -> None:
    for name, taxonomy in (
        ("categories", "product_cat"),
        ("tags", "product_tag"),
        ("brands", "product_brand"),
    ):
        if name in fields:
            found = [_term(shop, taxonomy, given) for given in fields[name]]
            setattr(product, name, [term for term in found if term])


def _term(shop: Shop, taxonomy: str, given: dict[str, Any]) -> Term | None:
    """Give an existing term by id; a tag may also be made by name, a category may not."""
    if given.get("id"):
        rows = (term for (kind, _), term in shop.terms.items() if kind == taxonomy)
        return next((term for term in rows if term.id == given["id"]), None)
    if taxonomy == "product_tag" and given.get("name"):
        return shop.term(taxonomy, str(given["name"]), slugify(str(given["name"])))
    return None


def _set_images(shop: Shop, product: Product, fields: dict[str, Any]) -> None:
    if "images" not in fields:
        return
    known = {image.id: image for image in product.images}
    images = [_image(shop, known, given) for given in fields["images"]]
    product.images = images


def _image(shop: Shop, known: dict[int, Image], given: dict[str, Any]) -> Image:
    number = int(given.get("id") or 0)
    if number and number not in known:
        raise RestError("woocommerce_product_invalid_image_id", f"#{number} is an invalid image ID.", 400)
    image = known.get(number) or Image(shop.number("post"), str(given.get("src") or ""), "", "")
    image.alt = str(given.get("alt") or image.alt)
    image.name = str(given.get("name") or image.name)
    return image
