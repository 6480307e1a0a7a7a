"""Variations: written through their parent's address, and saved together with it."""

from typing import Any

from sandbox.woocommerce_store import product_fields, products, slugs
from sandbox.woocommerce_store.rest_errors import RestError, invalid_id
from sandbox.woocommerce_store.rows import Attribute, Product
from sandbox.woocommerce_store.schema import OBJECT, Schema, clean
from sandbox.woocommerce_store.shop import Shop

_NAMES = (
    "description", "sku", "global_unique_id", "regular_price", "sale_price", "date_on_sale_from",
    "date_on_sale_from_gmt", "date_on_sale_to", "date_on_sale_to_gmt", "status", "virtual", "downloadable",
    "tax_status", "tax_class", "manage_stock", "stock_quantity", "stock_status", "backorders",
    "low_stock_amount", "weight", "dimensions", "menu_order", "meta_data", "attributes",
)  # fmt: skip
WRITABLE: Schema = {**{name: product_fields.WRITABLE[name] for name in _NAMES}, "image": OBJECT}


def find(shop: Shop, parent_id: int, number: int, status: int = 404) -> Product:
    """Give a variation of that parent; raises ``woocommerce_rest_product_variation_invalid_id``."""
    row = shop.products.get(number)
    if row is None or row.type != "variation" or row.parent_id != parent_id:
        raise invalid_id("product_variation", status)
    return row


def create(shop: Shop, parent: Product, given: dict[str, Any]) -> Product:
    """Add a variation and announce it (``product.created`` with ``type`` variation) and its parent."""
    if given.get("id"):
        raise RestError("woocommerce_rest_product_variation_exists", "Cannot create existing variation.", 400)
    fields = clean(WRITABLE, given)
    now = shop.now()
    row = Product(id=shop.number("post"), created_at=now, modified_at=now, type="variation", parent_id=parent.id)
    write(shop, row, parent, fields)
    shop.products[row.id] = row
    parent.variations.append(row.id)
    rename(shop, row, parent)
    products.saved(shop, row, created=True)
    return row


def update(shop: Shop, row: Product, parent: Product, given: dict[str, Any], *, announce: bool = True) -> Product:
    """Change a variation and announce it and its parent."""
    write(shop, row, parent, clean(WRITABLE, given))
    rename(shop, row, parent)
    products.saved(shop, row, announce=announce)
    return row


def write(shop: Shop, row: Product, parent: Product, fields: dict[str, Any]) -> None:
    """Set the given fields; attributes that the parent does not vary by are dropped."""
    chosen = fields.pop("attributes", None)
    image = fields.pop("image", None)
    product_fields.write(shop, row, {**fields, **({"images": [image]} if image else {})})
    if chosen is not None:
        varied = {a.name.lower(): a for a in parent.attributes if a.variation}
        row.attributes = [
            Attribute(varied[str(item["name"]).lower()].name, [str(item.get("option", ""))])
            for item in chosen
            if str(item.get("name", "")).lower() in varied
        ]


def rename(shop: Shop, row: Product, parent: Product) -> None:
    """Name a variation as WooCommerce does: the parent's name and what was chosen."""
    options = ", ".join(item.options[0] for item in row.attributes)
    row.name = f"{parent.name} - {options}" if options else parent.name
    row.slug = row.slug or slugs.free_slug(shop, row, row.name)
    row.parent_id = parent.id
