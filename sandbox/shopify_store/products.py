"""Products, variants, stock items: what Shopify's Admin API reads of them."""

import html
import re
from decimal import Decimal
from typing import Any

from sandbox.shopify_store.connections import by_id, connection
from sandbox.shopify_store.nodes import find, money
from sandbox.shopify_store.records import Image, InventoryItem, Option, Product, Variant, gid
from sandbox.shopify_store.registry import Call, resolves
from sandbox.shopify_store.search import Test, compile_query
from sandbox.shopify_store.seeding import variant_title
from sandbox.shopify_store.shop import LOCATION_NUMBER, location
from sandbox.shopify_store.state import State

READ = ("read_products",)
SORTS = {
    "ID": by_id,
    "RELEVANCE": by_id,
    "CREATED_AT": lambda p: p.created_at,
    "UPDATED_AT": lambda p: p.updated_at,
    "TITLE": lambda p: p.title.lower(),
    "VENDOR": lambda p: p.vendor.lower(),
    "PRODUCT_TYPE": lambda p: p.product_type.lower(),
    "INVENTORY_TOTAL": lambda p: total_inventory(p),
    "PUBLISHED_AT": lambda p: str(p.published_at or ""),
}
SEARCH = {
    "id": lambda p: p.number,
    "title": lambda p: p.title,
    "handle": lambda p: p.handle,
    "vendor": lambda p: p.vendor,
    "product_type": lambda p: p.product_type,
    "tag": lambda p: p.tags,
    "status": lambda p: p.status,
    "sku": lambda p: [v.sku for v in p.variants],
    "barcode": lambda p: [v.barcode for v in p.variants],
    "created_at": lambda p: p.created_at,
    "updated_at": lambda p: p.updated_at,
    "published_at": lambda p: p.published_at,
    "inventory_total": lambda p: total_inventory(p),
    "price": lambda p: [v.price for v in p.variants],
    "published_status": lambda p: "published" if p.published_at else "unpublished",
    "gift_card": lambda p: p.is_gift_card,
}
VARIANT_SEARCH = {
    "id": lambda v: v.number,
    "sku": lambda v: v.sku,
    "barcode": lambda v: v.barcode,
    "product_id": lambda v: v.product.number,
    "product_status": lambda v: v.product.status,
    "updated_at": lambda v: v.updated_at,
    "title": lambda v: variant_title(v),
    "vendor": lambda v: v.product.vendor,
    "inventory_quantity": lambda v: v.inventory_item.quantity,
}
VARIANT_SORTS = {
    "ID": by_id,
    "RELEVANCE": by_id,
    "SKU": lambda v: v.sku or "",
    "TITLE": variant_title,
    "POSITION": lambda v: v.position,
    "INVENTORY_QUANTITY": lambda v: v.inventory_item.quantity,
}


def product_test(query: str | None) -> Test:
    """The test of a product search text."""
    return compile_query(query, SEARCH, lambda p: f"{p.title} {p.product_type} {p.vendor} {' '.join(p.tags)}")


@resolves("QueryRoot.product", access=READ)
def product(_root: Any, call: Call, *, global_id: str) -> Product | None:
    """One product."""
    return find(call, global_id, "Product")  # type: ignore[no-any-return]


@resolves("QueryRoot.productVariant", access=READ)
def product_variant(_root: Any, call: Call, *, global_id: str) -> Variant | None:
    """One variant."""
    return find(call, global_id, "ProductVariant")  # type: ignore[no-any-return]


@resolves("QueryRoot.inventoryItem", access=("read_inventory", "read_products"))
def inventory_item(_root: Any, call: Call, *, global_id: str) -> InventoryItem | None:
    """One stock item."""
    return find(call, global_id, "InventoryItem")  # type: ignore[no-any-return]


@resolves("QueryRoot.products", access=READ)
def products(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """Products by page, search and sort key."""
    order = SORTS[arguments.get("sort_key") or "ID"]
    rows = call.state.view("Product", arguments.get("sort_key") or "ID", order)
    test = product_test(arguments.get("query"))
    return connection(call, [row for row in rows if test(row)], arguments, order)


@resolves("QueryRoot.productVariants", access=READ)
def product_variants(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """Variants of all products."""
    order = VARIANT_SORTS.get(arguments.get("sort_key") or "ID", by_id)
    rows = call.state.view("ProductVariant", arguments.get("sort_key") or "ID", order)
    test = compile_query(arguments.get("query"), VARIANT_SEARCH, lambda v: f"{v.sku} {v.product.title}")
    return connection(call, [row for row in rows if test(row)], arguments, order)


@resolves("QueryRoot.inventoryItems", access=("read_inventory", "read_products"))
def inventory_items(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """Stock items of all variants."""
    fields = {"id": lambda i: i.number, "sku": lambda i: i.variant.sku, "updated_at": lambda i: i.updated_at}
    test = compile_query(arguments.get("query"), fields, lambda i: i.variant.sku)
    rows = [row for row in call.state.view("InventoryItem", "ID", by_id) if test(row)]
    return connection(call, rows, arguments)


@resolves("QueryRoot.productsCount", access=READ)
def products_count(_root: Any, call: Call, *, query: str | None = None) -> dict[str, Any]:
    """How many products a search finds."""
    test = product_test(query)
    return count(sum(test(row) for row in call.state.products()))


@resolves("QueryRoot.productVariantsCount", access=READ)
def variants_count(_root: Any, call: Call, *, query: str | None = None) -> dict[str, Any]:
    """How many variants a search finds."""
    test = compile_query(query, VARIANT_SEARCH, lambda v: f"{v.sku} {v.product.title}")
    return count(sum(test(row) for row in call.state.all("ProductVariant")))


def count(number: int) -> dict[str, Any]:
    """A Count; small enough here to be exact always."""
    return {"count": number, "precision": "EXACT"}


def total_inventory(record: Product) -> int:
    """Stock of all tracked variants together."""
    return sum(v.inventory_item.quantity for v in record.variants if v.inventory_item.tracked)


def available(variant: Variant) -> bool:
    """Whether a buyer can put it into the cart."""
    item = variant.inventory_item
    in_stock = not item.tracked or item.quantity > 0 or variant.inventory_policy == "CONTINUE"
    return in_stock and on_sale(variant.product)


def on_sale(record: Product) -> bool:
    """Whether the storefront shows the product at all."""
    return record.status == "ACTIVE" and record.published_at is not None


resolves("Product.totalInventory")(lambda p, _c: total_inventory(p))
resolves("Product.tracksInventory")(lambda p, _c: any(v.inventory_item.tracked for v in p.variants))
resolves("Product.seo")(lambda p, _c: {"title": p.seo_title, "description": p.seo_description})
resolves("Product.giftCardTemplateSuffix", "Product.templateSuffix")(lambda _p, _c: None)
resolves("Product.requiresSellingPlan")(lambda _p, _c: False)
resolves("Product.hasOnlyDefaultVariant")(
    lambda p, _c: len(p.variants) == 1 and variant_title(p.variants[0]) == "Default Title"
)
resolves("Product.hasOutOfStockVariants")(lambda p, _c: any(not available(v) for v in p.variants))
resolves("Product.variantsCount")(lambda p, _c: count(len(p.variants)))
resolves("Product.mediaCount")(lambda p, _c: count(len(p.images)))
resolves("Product.featuredMedia")(lambda p, _c: p.images[0] if p.images else None)
resolves("Product.onlineStorePreviewUrl")(lambda p, c: _address(c, p))
resolves("Product.onlineStoreUrl")(lambda p, c: _address(c, p) if on_sale(p) else None)


def _address(call: Call, record: Product) -> str:
    return f"{call.base_url or f'https://{call.state.domain}'}/products/{record.handle}"


@resolves("Product.description")
def description(record: Product, _call: Call, *, truncate_at: int | None = None) -> str:
    """The description without its markup."""
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", record.description_html)).split())
    return text if truncate_at is None or len(text) <= truncate_at else f"{text[: truncate_at - 3]}..."


@resolves("Product.priceRangeV2")
def price_range(record: Product, call: Call) -> dict[str, Any]:
    """The lowest and the highest price among the variants."""
    prices = [v.price for v in record.variants] or [Decimal(0)]
    return {
        "minVariantPrice": money(call.state, min(prices)),
        "maxVariantPrice": money(call.state, max(prices)),
    }


@resolves("Product.options")
def options(record: Product, _call: Call, *, first: int | None = None) -> list[Option]:
    """The product's options in their order."""
    return record.options[:first]


@resolves("ProductOption.values")
def option_values(option: Option, _call: Call) -> list[str]:
    """The names of an option's values."""
    return [value.name for value in option.values]


resolves("ProductOption.optionValues")(lambda o, _c: o.values)
resolves("ProductOptionValue.hasVariants")(lambda _v, _c: True)


@resolves("Product.variants")
def variants(record: Product, call: Call, **arguments: Any) -> dict[str, Any]:
    """The product's variants in their order."""
    return connection(call, record.variants, arguments, lambda v: v.position)


@resolves("Product.media")
def media(record: Product, call: Call, **arguments: Any) -> dict[str, Any]:
    """The product's pictures."""
    return connection(call, record.images, arguments)


@resolves("ProductVariant.media")
def variant_media(_variant: Variant, call: Call, **arguments: Any) -> dict[str, Any]:
    """Pictures of one variant alone: the sandbox has none."""
    return connection(call, [], arguments)


resolves("MediaImage.mediaContentType")(lambda _i, _c: "IMAGE")
resolves("MediaImage.status")(lambda _i, _c: "READY")
resolves("MediaImage.updatedAt")(lambda i, _c: i.created_at)
resolves("MediaImage.preview")(lambda i, c: {"image": picture(i, c), "status": "READY"})


@resolves("MediaImage.image")
def picture(image: Image, call: Call) -> dict[str, Any]:
    """The picture file behind a medium, drawn by the storefront."""
    base = call.base_url or f"https://{call.state.domain}"
    address = f"{base}/images/{image.number}.svg"
    return {
        "id": gid("ImageSource", image.number),
        "altText": image.alt,
        "url": address,
        "width": 600,
        "height": 600,
    }


@resolves("Image.url")
def picture_address(image: dict[str, Any], _call: Call, **_: Any) -> str:
    """The picture's address; the sandbox draws one size."""
    return str(image["url"])


resolves("ProductVariant.title")(lambda v, _c: variant_title(v))
resolves("ProductVariant.displayName")(lambda v, _c: f"{v.product.title} - {variant_title(v)}")
resolves("ProductVariant.inventoryQuantity")(lambda v, _c: v.inventory_item.quantity)
resolves("ProductVariant.availableForSale")(lambda v, _c: available(v))
resolves("ProductVariant.selectedOptions")(
    lambda v, _c: [{"name": name, "value": value} for name, value in v.choices]
)


@resolves("ProductVariant.sellableOnlineQuantity")
def sellable(variant: Variant, _call: Call) -> int:
    """What can be sold online; 0 where stock is not tracked, as Shopify says it."""
    return max(0, variant.inventory_item.quantity) if variant.inventory_item.tracked else 0


@resolves("ProductVariant.unitPriceMeasurement")
def unit_price_measurement(variant: Variant, _call: Call) -> dict[str, Any]:
    """What the unit price refers to; zeros where none was set, as recorded."""
    nothing = {"measuredType": None, "quantityUnit": None, "referenceUnit": None}
    return {**nothing, "quantityValue": 0.0, "referenceValue": 0, **variant.unit_price_measurement}


resolves("InventoryItem.sku")(lambda i, _c: i.variant.sku)
resolves("InventoryItem.unitCost")(lambda i, c: None if i.unit_cost is None else money(c.state, i.unit_cost))


@resolves("InventoryItem.measurement")
def measurement(item: InventoryItem, _call: Call) -> dict[str, Any]:
    """The weight of one piece."""
    value, unit = item.weight
    return {"id": gid("InventoryItemMeasurement", item.number), "weight": {"value": value, "unit": unit}}


class _Level:
    """The stock of one item at the shop's one location."""

    kind = "InventoryLevel"

    def __init__(self, item: InventoryItem, state: State) -> None:
        self.number, self.item, self.location = item.number, item, location(state)
        self.is_active, self.created_at, self.updated_at = True, item.created_at, item.updated_at


@resolves("InventoryItem.inventoryLevels")
def inventory_levels(item: InventoryItem, call: Call, **arguments: Any) -> dict[str, Any]:
    """Where an item is stocked: at the shop's one location."""
    return connection(call, [_Level(item, call.state)], arguments)


@resolves("InventoryLevel.id")
def level_id(level: Any, _call: Call) -> str:
    """Shopify's id of a level names the location and the item."""
    return gid("InventoryLevel", f"{LOCATION_NUMBER}?inventory_item_id={level.item.number}")


@resolves("InventoryLevel.quantities")
def quantities(level: Any, _call: Call, *, names: list[str]) -> list[dict[str, Any]]:
    """The stock under each asked name; nothing is reserved or incoming in the sandbox."""
    stocked = ("available", "on_hand")
    return [
        {
            "id": gid("InventoryQuantity", f"{level.number}?name={name}"),
            "name": name,
            "quantity": level.item.quantity if name in stocked else 0,
            "updatedAt": level.updated_at,
        }
        for name in names
    ]
