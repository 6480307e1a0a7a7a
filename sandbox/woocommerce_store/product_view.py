"""A product as wc/v3 shows it; the field set and order are those of bodies captured from 9.9.5."""

from typing import Any
from urllib.parse import quote

from sandbox.woocommerce_store import pricing
from sandbox.woocommerce_store.rows import Attribute, Image, Product, Term
from sandbox.woocommerce_store.shop import Shop, render_meta
from sandbox.woocommerce_store.site import link, self_link


def render_product(shop: Shop, product: Product) -> dict[str, Any]:
    """Give the body of ``products/{id}``, which is also every product webhook's body."""
    return {
        **_identity(shop, product),
        **_prices(shop, product),
        **_selling(product),
        **_stock(product),
        **_shipping(product),
        **_relations(shop, product),
        **_tail(shop, product),
        **_language(shop, product),
        "_links": _links(shop, product),
    }


def render_variation(shop: Shop, row: Product) -> dict[str, Any]:
    """Give the body of ``products/{id}/variations/{id}``, whose fields differ from the product's."""
    whole = render_product(shop, row)
    names = (
        "id", "type", "date_created", "date_created_gmt", "date_modified", "date_modified_gmt", "description",
        "permalink", "sku", "global_unique_id", "price", "regular_price", "sale_price", "date_on_sale_from",
        "date_on_sale_from_gmt", "date_on_sale_to", "date_on_sale_to_gmt", "on_sale", "status", "purchasable",
        "virtual", "downloadable", "downloads", "download_limit", "download_expiry", "tax_status",
        "tax_class", "manage_stock", "stock_quantity", "stock_status", "backorders", "backorders_allowed",
        "backordered", "low_stock_amount", "weight", "dimensions", "shipping_class", "shipping_class_id",
    )  # fmt: skip
    path = f"products/{row.parent_id}/variations"
    return {
        **{name: whole[name] for name in names},
        "image": _image(shop, row, row.images[0]) if row.images else None,
        "attributes": [{"id": 0, "name": item.name, "option": item.options[0]} for item in row.attributes],
        "menu_order": row.menu_order,
        "meta_data": render_meta(row.meta_data),
        "name": ", ".join(item.options[0] for item in row.attributes),
        "parent_id": row.parent_id,
        "_links": {
            "self": self_link(shop.site, f"{path}/{row.id}"),
            "collection": link(shop.site, path),
            "up": link(shop.site, f"products/{row.parent_id}"),
        },
    }


def permalink(shop: Shop, product: Product) -> str:
    """Give the storefront address; a variation's is its parent's with the choice in the query."""
    if product.type != "variation":
        return f"{shop.site.url}/product/{product.slug}/"
    parent = shop.products.get(product.parent_id)
    chosen = "&".join(f"attribute_{quote(a.name.lower())}={quote(a.options[0])}" for a in product.attributes)
    return f"{shop.site.url}/product/{parent.slug if parent else product.slug}/?{chosen}"


def purchasable(shop: Shop, product: Product) -> bool:
    """Say whether a buyer can put it in the cart (WC_Product::is_purchasable)."""
    return product.status in {"publish", "private"} and pricing.price(shop, product) != ""


def _identity(shop: Shop, product: Product) -> dict[str, Any]:
    site = shop.site
    return {
        "id": product.id,
        "name": product.name,
        "slug": product.slug,
        "permalink": permalink(shop, product),
        "date_created": site.local(product.created_at),
        "date_created_gmt": site.gmt(product.created_at),
        "date_modified": site.local(product.modified_at),
        "date_modified_gmt": site.gmt(product.modified_at),
        "type": product.type,
        "status": product.status,
        "featured": product.featured,
        "catalog_visibility": product.catalog_visibility,
        "description": product.description,
        "short_description": product.short_description,
        "sku": product.sku,
    }


def _prices(shop: Shop, product: Product) -> dict[str, Any]:
    site = shop.site
    return {
        "price": pricing.price(shop, product),
        "regular_price": product.regular_price,
        "sale_price": product.sale_price,
        "date_on_sale_from": site.local(product.date_on_sale_from),
        "date_on_sale_from_gmt": site.gmt(product.date_on_sale_from),
        "date_on_sale_to": site.local(product.date_on_sale_to),
        "date_on_sale_to_gmt": site.gmt(product.date_on_sale_to),
        "on_sale": pricing.is_on_sale(shop, product),
        "purchasable": purchasable(shop, product),
    }


def _selling(product: Product) -> dict[str, Any]:
    return {
        # A variation's counter comes straight from the meta table, as a string; captured so from 9.9.5.
        "total_sales": str(product.total_sales) if product.type == "variation" else product.total_sales,
        "virtual": product.virtual,
        "downloadable": product.downloadable,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "external_url": product.external_url,
        "button_text": product.button_text,
        "tax_status": product.tax_status,
        "tax_class": product.tax_class,
    }


def _stock(product: Product) -> dict[str, Any]:
    return {
        "manage_stock": product.manage_stock,
        "stock_quantity": product.stock_quantity if product.manage_stock else None,
        "backorders": product.backorders,
        "backorders_allowed": product.backorders in {"yes", "notify"},
        "backordered": product.stock_status == "onbackorder",
        "low_stock_amount": product.low_stock_amount,
        "sold_individually": product.sold_individually,
    }


def _shipping(product: Product) -> dict[str, Any]:
    return {
        "weight": product.weight,
        "dimensions": {side: product.dimensions.get(side, "") for side in ("length", "width", "height")},
        "shipping_required": not product.virtual,
        "shipping_taxable": product.tax_status in {"taxable", "shipping"} and not product.virtual,
        "shipping_class": "",
        "shipping_class_id": 0,
        "reviews_allowed": product.reviews_allowed and product.type != "variation",
        "average_rating": "0.00",
        "rating_count": 0,
    }


def _relations(shop: Shop, product: Product) -> dict[str, Any]:
    return {
        "upsell_ids": product.upsell_ids,
        "cross_sell_ids": product.cross_sell_ids,
        "parent_id": product.parent_id,
        "purchase_note": product.purchase_note,
        "categories": _terms(product.categories),
        "brands": _terms(product.brands),
        "tags": _terms(product.tags),
        "images": [_image(shop, product, image) for image in product.images],
        "attributes": [_attribute(product, place, a) for place, a in enumerate(product.attributes)],
        "default_attributes": [{"id": 0, "name": a.name, "option": a.options[0]} for a in product.default_attributes],
        "variations": product.variations,
        "grouped_products": product.grouped_products,
    }


def _tail(shop: Shop, product: Product) -> dict[str, Any]:
    return {
        "menu_order": product.menu_order,
        "price_html": pricing.price_html(shop, product),
        "related_ids": _related(shop, product),
        "meta_data": render_meta(product.meta_data),
        "stock_status": product.stock_status,
        "has_options": product.type == "variable",
        "post_password": product.post_password,
        "global_unique_id": product.global_unique_id,
    }


def _language(shop: Shop, product: Product) -> dict[str, Any]:
    """Give the fields that WPML's or Polylang's REST part adds, where that plugin is active."""
    if not shop.site.multilingual or product.type == "variation":
        return {}
    fields: dict[str, Any] = {"lang": product.lang, "translations": translations(shop, product)}
    if shop.site.multilingual == "wpml" and product.translation_of:
        fields["translation_of"] = product.translation_of
    return fields


def translations(shop: Shop, product: Product) -> dict[str, int]:
    """Give language -> product id of everything that says the same."""
    original = product.translation_of or product.id
    family = [shop.products.get(number) for number in (original, *shop.families.get(original, ()))]
    return {row.lang: row.id for row in family if row and row.lang and row.status != "trash"}


def _terms(terms: list[Term]) -> list[dict[str, Any]]:
    return [{"id": term.id, "name": term.name, "slug": term.slug} for term in terms]


def _attribute(product: Product, place: int, item: Attribute) -> dict[str, Any]:
    if product.type == "variation":
        return {"id": 0, "name": item.name, "slug": item.name.lower(), "option": item.options[0]}
    return {
        "id": 0,
        "name": item.name,
        "slug": item.name,
        "position": place,
        "visible": item.visible,
        "variation": item.variation,
        "options": item.options,
    }


def _image(shop: Shop, product: Product, image: Image) -> dict[str, Any]:
    local, gmt = shop.site.local(product.created_at), shop.site.gmt(product.created_at)
    return {
        "id": image.id,
        "date_created": local,
        "date_created_gmt": gmt,
        "date_modified": local,
        "date_modified_gmt": gmt,
        "src": image.src,
        "name": image.name,
        "alt": image.alt,
        "srcset": "",
        "sizes": "",
        "thumbnail": image.src,
    }


def _related(shop: Shop, product: Product) -> list[int]:
    """Give up to five neighbours of the first category; the real shop shuffles, a sandbox must not."""
    if product.type == "variation" or not product.categories:
        return []
    members = shop.members.get(product.categories[0].id, [])
    around = members.index(product.id) if product.id in members else 0
    near = members[around + 1 : around + 6]
    near += members[: min(around, 5 - len(near))]
    return [number for number in near if number in shop.products]


def _links(shop: Shop, product: Product) -> dict[str, Any]:
    links: dict[str, Any] = {
        "self": self_link(shop.site, f"products/{product.id}"),
        "collection": link(shop.site, "products"),
    }
    if product.parent_id:
        links["up"] = link(shop.site, f"products/{product.parent_id}")
    return links
