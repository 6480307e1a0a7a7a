"""products, their variations, their batches."""

from typing import Any

from sandbox.woocommerce_store import batch, languages, listing, products, variations
from sandbox.woocommerce_store.call import Answer, Backroom, Call, Handler, created
from sandbox.woocommerce_store.pages import paged
from sandbox.woocommerce_store.product_view import render_product, render_variation
from sandbox.woocommerce_store.rest_errors import RestError, invalid_id
from sandbox.woocommerce_store.rows import Product
from sandbox.woocommerce_store.schema import INTEGER, STRING, Kind, Schema, clean
from sandbox.woocommerce_store.shop import Shop

_FILTERS: Schema = {
    **listing.COLLECTION,
    "status": Kind("string", ("any", "future", "trash", "draft", "pending", "private", "publish")),
    "orderby": Kind("string", (*listing.ORDER_BY, "price", "popularity", "rating", "menu_order")),
    "type": Kind("string", ("simple", "grouped", "external", "variable")),
    "stock_status": Kind("string", ("instock", "outofstock", "onbackorder")),
    **dict.fromkeys(("sku", "slug", "category", "tag", "lang"), STRING),
    "parent": INTEGER,
}


def index(room: Backroom, call: Call) -> Answer:
    """List products (variations only where a SKU is asked for, as in the real shop)."""
    params = clean(_FILTERS, call.query)
    page = room.listings.page(room.shop, "products", params, lambda: _query(room.shop, params))
    rows = [render_product(room.shop, room.shop.products[number]) for number in page.ids]
    return paged(room.shop, "products", call, page, rows)


def show(room: Backroom, call: Call) -> Answer:
    """Give one product or variation."""
    return Answer(render_product(room.shop, products.find(room.shop, call.ids[0])))


def create(room: Backroom, call: Call) -> Answer:
    """Add a product."""
    product = products.create(room.shop, call.params)
    return created(room, f"products/{product.id}", render_product(room.shop, product))


def update(room: Backroom, call: Call) -> Answer:
    """Change a product."""
    product = products.find(room.shop, call.ids[0], 400)
    return Answer(render_product(room.shop, products.update(room.shop, product, call.params)))


def remove(room: Backroom, call: Call) -> Answer:
    """Trash a product, or delete it with ``force``."""
    return Answer(_remove(room.shop, products.find(room.shop, call.ids[0]), force=call.force))


def batch_products(room: Backroom, call: Call) -> Answer:
    """Create, update and delete products in one call; deletions are forced."""
    shop = room.shop

    def change(item: dict[str, Any]) -> dict[str, Any]:
        return render_product(shop, products.update(shop, products.find(shop, _number(item), 400), item))

    return Answer(
        batch.run(
            call.body,
            lambda item: render_product(shop, products.create(shop, item)),
            change,
            lambda item: _remove(shop, products.find(shop, _number(item)), force=True),
        )
    )


def index_variations(room: Backroom, call: Call) -> Answer:
    """List a product's variations."""
    parent = _parent(room.shop, call.ids[0])
    params = clean(_FILTERS, call.query)
    rows = [room.shop.products[child] for child in parent.variations if child in room.shop.products]
    kept = listing.select(room.shop, [row for row in rows if row.status != "trash"], params)
    page = listing.cut(listing.arrange(kept, params, lambda row: row.name), params)
    path = f"products/{parent.id}/variations"
    bodies = [render_variation(room.shop, room.shop.products[number]) for number in page.ids]
    return paged(room.shop, path, call, page, bodies)


def show_variation(room: Backroom, call: Call) -> Answer:
    """Give one variation."""
    return Answer(render_variation(room.shop, variations.find(room.shop, call.ids[0], call.ids[1])))


def create_variation(room: Backroom, call: Call) -> Answer:
    """Add a variation."""
    parent = _parent(room.shop, call.ids[0])
    row = variations.create(room.shop, parent, call.params)
    return created(room, f"products/{parent.id}/variations/{row.id}", render_variation(room.shop, row))


def update_variation(room: Backroom, call: Call) -> Answer:
    """Change a variation."""
    return Answer(_update_variation(room.shop, call.ids[0], call.ids[1], call.params))


def remove_variation(room: Backroom, call: Call) -> Answer:
    """Delete a variation."""
    row = variations.find(room.shop, call.ids[0], call.ids[1])
    body = render_variation(room.shop, row)
    (products.delete if call.force else products.trash)(room.shop, row)
    return Answer(body)


def batch_variations(room: Backroom, call: Call) -> Answer:
    """Create, update and delete variations in one call."""
    shop, parent = room.shop, _parent(room.shop, call.ids[0])

    def delete(item: dict[str, Any]) -> dict[str, Any]:
        row = variations.find(shop, parent.id, _number(item))
        body = render_variation(shop, row)
        products.delete(shop, row)
        return body

    return Answer(
        batch.run(
            call.body,
            lambda item: render_variation(shop, variations.create(shop, parent, item)),
            lambda item: _update_variation(shop, parent.id, _number(item), item),
            delete,
        )
    )


def _update_variation(shop: Shop, parent_id: int, number: int, given: dict[str, Any]) -> dict[str, Any]:
    row = variations.find(shop, parent_id, number, 400)
    return render_variation(shop, variations.update(shop, row, _parent(shop, parent_id), given))


def _parent(shop: Shop, number: int) -> Product:
    parent = shop.products.get(number)
    if parent is None or parent.type == "variation":
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid product ID.", 404)
    return parent


def _remove(shop: Shop, product: Product, *, force: bool) -> dict[str, Any]:
    if product.type == "variation":
        raise invalid_id("product")
    body = render_product(shop, product)
    (products.delete if force else products.trash)(shop, product)
    return body


def _number(item: dict[str, Any]) -> int:
    try:
        return int(item.get("id") or 0)
    except (TypeError, ValueError):
        return 0


def _query(shop: Shop, params: dict[str, Any]) -> list[int]:
    by_sku = {part.strip() for part in params.get("sku", "").split(",") if part.strip()}
    rows = [row for row in shop.products.values() if by_sku or row.type != "variation"]
    rows = [row for row in rows if _wanted(shop, row, params, by_sku)]
    return listing.arrange(listing.select(shop, rows, params), params, lambda row: row.name)


def _wanted(shop: Shop, row: Product, params: dict[str, Any], by_sku: set[str]) -> bool:
    status, search = params.get("status", "any"), params.get("search", "").lower()
    return (
        (row.status not in {"trash", "auto-draft"} if status == "any" else row.status == status)
        and (not by_sku or row.sku in by_sku)
        and (not search or search in f"{row.name} {row.description} {row.short_description}".lower())
        and all(getattr(row, name) == params[name] for name in ("type", "slug", "stock_status") if name in params)
        and ("parent" not in params or row.parent_id == params["parent"])
        and _has_terms(row, params)
        and (row.type == "variation" or languages.visible(shop, row, params.get("lang", "")))
    )


def _has_terms(row: Product, params: dict[str, Any]) -> bool:
    for name, terms in (("category", row.categories), ("tag", row.tags)):
        wanted = {part for part in params.get(name, "").split(",") if part}
        if wanted and not wanted & {str(term.id) for term in terms}:
            return False
    return True


ROUTES: tuple[tuple[str, dict[str, Handler]], ...] = (
    (r"products", {"GET": index, "POST": create}),
    (r"products/batch", {"POST": batch_products, "PUT": batch_products, "PATCH": batch_products}),
    (
        r"products/(\d+)",
        {"GET": show, "PUT": update, "POST": update, "PATCH": update, "DELETE": remove},
    ),
    (r"products/(\d+)/variations", {"GET": index_variations, "POST": create_variation}),
    (
        r"products/(\d+)/variations/batch",
        {"POST": batch_variations, "PUT": batch_variations, "PATCH": batch_variations},
    ),
    (
        r"products/(\d+)/variations/(\d+)",
        {
            "GET": show_variation,
            "PUT": update_variation,
            "POST": update_variation,
            "PATCH": update_variation,
            "DELETE": remove_variation,
        },
    ),
)
