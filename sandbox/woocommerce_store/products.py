"""The life of a product: made, changed, trashed, restored, deleted, and the events each causes."""

from typing import Any

from sandbox.woocommerce_store import languages
from sandbox.woocommerce_store.product_fields import WRITABLE, write
from sandbox.woocommerce_store.rest_errors import RestError, invalid_id
from sandbox.woocommerce_store.rows import Product
from sandbox.woocommerce_store.schema import clean
from sandbox.woocommerce_store.shop import Shop
from sandbox.woocommerce_store.slugs import free_slug


def find(shop: Shop, number: int, status: int = 404) -> Product:
    """Give a product or variation; raises ``woocommerce_rest_product_invalid_id``."""
    product = shop.products.get(number)
    if product is None:
        raise invalid_id("product", status)
    return product


def create(shop: Shop, given: dict[str, Any]) -> Product:
    """Add a product and announce ``product.created``."""
    if given.get("id"):
        raise RestError("woocommerce_rest_product_exists", "Cannot create existing product.", 400)
    fields = clean(WRITABLE, given)
    now = shop.now()
    product = Product(id=shop.number("post"), created_at=now, modified_at=now, name="Product")
    product.type = fields.get("type", "simple")
    write(shop, product, fields)
    shop.products[product.id] = product
    product.slug = free_slug(shop, product, fields.get("slug") or product.name)
    languages.place(shop, product, fields)
    product.categories = product.categories or [shop.term("product_cat", "Uncategorized", "uncategorized")]
    join_categories(shop, product)
    saved(shop, product, created=True)
    return product


def update(shop: Shop, product: Product, given: dict[str, Any], *, announce: bool = True) -> Product:
    """Change a product (not a variation) and announce ``product.updated``."""
    if product.type == "variation":
        message = (
            "To manipulate product variations you should use the "
            "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."
        )
        raise RestError("woocommerce_rest_invalid_product_id", message, 404)
    fields = clean(WRITABLE, given)
    product.type = fields.get("type", product.type)
    write(shop, product, fields)
    if fields.get("slug"):
        product.slug = free_slug(shop, product, fields["slug"])
    languages.place(shop, product, fields)
    saved(shop, product, announce=announce)
    return product


def saved(shop: Shop, product: Product, *, created: bool = False, announce: bool = True) -> None:
    """Stamp the product and announce it; saving a variation saves (and so announces) its parent too."""
    product.modified_at = shop.now()
    shop.changed()
    if announce:
        shop.announce("product.created" if created else "product.updated", product.id)
    parent = shop.products.get(product.parent_id) if product.type == "variation" else None
    if parent:
        _sync_parent(shop, parent)
        saved(shop, parent, announce=announce)


def trash(shop: Shop, product: Product) -> None:
    """Move a product to the trash; every variation goes with it, each with its own ``product.deleted``."""
    if product.status == "trash":
        raise RestError("woocommerce_rest_already_trashed", "The product has already been deleted.", 410)
    for row in (product, *(shop.products[child] for child in product.variations if child in shop.products)):
        row.status_before_trash, row.status = row.status, "trash"
        row.modified_at = shop.now()
        shop.announce("product.deleted", row.id)
    shop.changed()


def restore(shop: Shop, product: Product) -> None:
    """Take a product out of the trash; WordPress restores to draft."""
    for row in (product, *(shop.products[child] for child in product.variations if child in shop.products)):
        row.status = "draft" if row.type != "variation" else row.status_before_trash
        row.modified_at = shop.now()
        shop.announce("product.restored", row.id)
    shop.changed()


def delete(shop: Shop, product: Product) -> None:
    """Delete for good, unannounced: ``product.deleted`` hangs on ``wp_trash_post`` alone."""
    for number in (product.id, *product.variations):
        row = shop.products.pop(number, None)
        if row and shop.by_sku.get(row.sku) == number:
            del shop.by_sku[row.sku]
        if row:
            shop.slugs.pop(row.slug, None)
    parent = shop.products.get(product.parent_id)
    if parent and product.id in parent.variations:
        parent.variations.remove(product.id)
    shop.changed()


def join_categories(shop: Shop, product: Product) -> None:
    """List the product under its categories, for related products."""
    for term in product.categories:
        members = shop.members.setdefault(term.id, [])
        if product.id not in members[-1:]:
            members.append(product.id)


def _sync_parent(shop: Shop, parent: Product) -> None:
    rows = [shop.products[child] for child in parent.variations if child in shop.products]
    in_stock = any(row.stock_status == "instock" and row.status == "publish" for row in rows)
    parent.stock_status = "instock" if in_stock else "outofstock"
