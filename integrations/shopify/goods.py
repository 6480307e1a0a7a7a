"""Reads a Shopify store's products."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chalicelib.contracts import Page
from chalicelib.domain.catalogue import Product
from chalicelib.domain.ids import ProductId
from chalicelib.errors import Gone
from integrations.shopify import mapping
from integrations.shopify.answers import StoreProduct, StoreVariant
from integrations.shopify.connection import Connection, following, nodes, parsed, part

_READ = 20
_NAMED = 250
_ITEM = "gid://shopify/InventoryItem/"


def one(connection: Connection, product_id: str, currency: str) -> Product:
    """One product. Raises Gone."""
    if product_id.startswith(_ITEM):
        item = connection.run("ProductOfInventoryItem", id=product_id).get("inventoryItem") or {}
        found = ((item.get("variant") or {}).get("product")) if isinstance(item, dict) else None
    else:
        found = connection.run("Product", id=mapping.gid("Product", product_id)).get("product")
    if not isinstance(found, dict):
        raise Gone
    return _product(connection, found, currency)


def several(connection: Connection, ids: Sequence[ProductId], currency: str) -> Mapping[ProductId, Product]:
    """Those that exist."""
    names = [mapping.gid("Product", one) for one in dict.fromkeys(ids) if one.isdigit()]
    found: dict[ProductId, Product] = {}
    for start in range(0, len(names), _READ):
        for node in nodes(connection.run("ProductsByIds", ids=names[start : start + _READ])):
            if "id" in node:
                product = _product(connection, node, currency)
                found[product.id] = product
    return found


def missing(connection: Connection, ids: Sequence[ProductId]) -> frozenset[ProductId]:
    """Those that exist no more."""
    names = {mapping.gid("Product", one): one for one in ids if one.isdigit()}
    gone = set(names)
    for start in range(0, len(names), _NAMED):
        data = connection.run("Existing", ids=list(names)[start : start + _NAMED])
        gone -= {str(node["id"]) for node in nodes(data) if "id" in node}
    return frozenset(names[name] for name in gone)


def page(connection: Connection, since: datetime | None, cursor: str | None, currency: str) -> Page[Product]:
    """One page by last change."""
    data = connection.run("ProductPage", after=cursor, query=since_text(since))
    found = part(data, "products")
    return Page([_product(connection, node, currency) for node in nodes(found)], following(found))


def since_text(moment: datetime | None) -> str | None:
    """A search for what changed since a moment, in Shopify's own words."""
    return None if moment is None else f"updated_at:>='{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def _product(connection: Connection, node: Mapping[str, Any], currency: str) -> Product:
    """A product with all its variants: those beyond the first page are fetched."""
    product = mapping.product(parsed(StoreProduct, dict(node)), currency)
    variants = list(product.variants)
    after = following(node.get("variants") or {})
    while after is not None:
        data = connection.run("ProductVariants", id=node["id"], after=after)
        found = part(part(data, "product"), "variants")
        variants += [mapping.variant(parsed(StoreVariant, row), currency) for row in nodes(found)]
        after = following(found)
    return replace(product, variants=tuple(variants))
