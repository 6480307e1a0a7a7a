"""Bodies about products and stock."""

from datetime import UTC

from sandbox.shopify_store.payloads.amounts import Body, stamp
from sandbox.shopify_store.records import InventoryItem, Product, Variant, gid
from sandbox.shopify_store.seeding import variant_title
from sandbox.shopify_store.shop import LOCATION_NUMBER
from sandbox.shopify_store.state import State

MANY_VARIANTS = 100


def product(state: State, record: Product) -> Body:
    """products/create and products/update; above 100 variants only their ids are sent."""
    full = len(record.variants) <= MANY_VARIANTS
    images = [_image(state, record, position) for position in range(len(record.images))]
    return {
        "admin_graphql_api_id": gid("Product", record.number),
        "body_html": record.description_html,
        "created_at": stamp(state, record.created_at),
        "handle": record.handle,
        "id": record.number,
        "product_type": record.product_type,
        "published_at": stamp(state, record.published_at),
        "template_suffix": None,
        "title": record.title,
        "updated_at": stamp(state, record.updated_at),
        "vendor": record.vendor,
        "status": record.status.lower(),
        "published_scope": "web",
        "tags": ", ".join(record.tags),
        "variants": [_variant(state, one) for one in record.variants] if full else [],
        "options": [_option(record, position) for position in range(len(record.options))],
        "images": images,
        "image": images[0] if images else None,
        "media": [_medium(state, record, position) for position in range(len(record.images))],
        "variant_gids": [
            {
                "admin_graphql_api_id": gid("ProductVariant", one.number),
                "updated_at": one.updated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            }
            for one in record.variants
        ],
        "has_variants_that_requires_components": False,
        "category": None,
    }


def _variant(state: State, variant: Variant) -> Body:
    choices = [value for _, value in variant.choices] + [None, None, None]
    return {
        "admin_graphql_api_id": gid("ProductVariant", variant.number),
        "barcode": variant.barcode,
        "compare_at_price": None if variant.compare_at_price is None else str(variant.compare_at_price),
        "created_at": stamp(state, variant.created_at),
        "id": variant.number,
        "inventory_policy": variant.inventory_policy.lower(),
        "position": variant.position,
        "price": str(variant.price),
        "product_id": variant.product.number,
        "sku": variant.sku,
        "taxable": variant.taxable,
        "title": variant_title(variant),
        "updated_at": stamp(state, variant.updated_at),
        "option1": choices[0],
        "option2": choices[1],
        "option3": choices[2],
        "image_id": None,
        "inventory_item_id": variant.inventory_item.number,
        "inventory_quantity": variant.inventory_item.quantity,
        "old_inventory_quantity": variant.inventory_item.quantity,
    }


def _option(record: Product, position: int) -> Body:
    option = record.options[position]
    return {
        "name": option.name,
        "id": option.number,
        "product_id": record.number,
        "position": option.position,
        "values": [value.name for value in option.values],
    }


def _image(state: State, record: Product, position: int) -> Body:
    image = record.images[position]
    return {
        "id": image.number,
        "product_id": record.number,
        "position": position + 1,
        "alt": image.alt,
        "width": 600,
        "height": 600,
        "src": f"https://{state.domain}/images/{image.number}.svg",
        "variant_ids": [],
        "created_at": stamp(state, image.created_at),
        "updated_at": stamp(state, image.created_at),
        "admin_graphql_api_id": gid("MediaImage", image.number),
    }


def _medium(state: State, record: Product, position: int) -> Body:
    picture = _image(state, record, position)
    kept = ("id", "product_id", "position", "alt", "created_at", "updated_at", "admin_graphql_api_id")
    preview = {key: picture[key] for key in ("width", "height", "src")}
    return {
        **{key: picture[key] for key in kept},
        "media_content_type": "IMAGE",
        "status": "READY",
        "preview_image": {**preview, "status": "READY"},
        "variant_ids": [],
    }


def inventory_level(state: State, item: InventoryItem) -> Body:
    """inventory_levels/update."""
    return {
        "inventory_item_id": item.number,
        "location_id": LOCATION_NUMBER,
        "available": item.quantity if item.tracked else None,
        "updated_at": stamp(state, item.updated_at),
        "admin_graphql_api_id": gid("InventoryLevel", f"{LOCATION_NUMBER}?inventory_item_id={item.number}"),
    }


def inventory_item(state: State, item: InventoryItem) -> Body:
    """inventory_items/update."""
    return {
        "id": item.number,
        "sku": item.variant.sku or "",
        "created_at": stamp(state, item.created_at),
        "updated_at": stamp(state, item.updated_at),
        "requires_shipping": item.requires_shipping,
        "cost": None if item.unit_cost is None else str(item.unit_cost),
        "country_code_of_origin": item.country_code_of_origin,
        "province_code_of_origin": item.province_code_of_origin,
        "harmonized_system_code": item.harmonized_system_code,
        "tracked": item.tracked,
        "country_harmonized_system_codes": [],
        "weight_value": item.weight[0],
        "weight_unit": "kg",
        "admin_graphql_api_id": gid("InventoryItem", item.number),
    }
