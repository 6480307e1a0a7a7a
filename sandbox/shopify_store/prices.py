"""Variants changed through the API: prices, stock keeping, measures, custom values."""

from typing import Any

from sandbox.shopify_store import metafields
from sandbox.shopify_store.records import Product, Variant
from sandbox.shopify_store.registry import Call, resolves, user_error
from sandbox.shopify_store.state import State

WRITE = ("write_products",)


@resolves("Mutation.productVariantsBulkUpdate", access=WRITE)
def update_variants(
    _root: Any,
    call: Call,
    *,
    product_id: str,
    variants: list[dict[str, Any]],
    allow_partial_updates: bool = False,
) -> dict[str, Any]:
    """Changes variants of one product: all or none, or the good ones where partial updates are allowed."""
    product = call.state.find(product_id)
    if not isinstance(product, Product):
        error = user_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return {"product": None, "productVariants": None, "userErrors": [error]}
    checks = [_check_variant(call, product, index, wanted) for index, wanted in enumerate(variants)]
    errors = [error for error in checks if error]
    if errors and not allow_partial_updates:
        return {"product": product, "productVariants": None, "userErrors": errors}
    good = [wanted for wanted, error in zip(variants, checks, strict=True) if not error]
    changed = [_change(call, wanted) for wanted in good]
    return {"product": product, "productVariants": changed, "userErrors": errors}


def _check_variant(call: Call, product: Product, index: int, wanted: dict[str, Any]) -> dict[str, Any] | None:
    path = ["variants", str(index)]
    if not wanted.get("id"):
        message = "Product variant is missing ID attribute"
        return user_error([*path, "id"], message, "PRODUCT_VARIANT_ID_MISSING")
    variant = call.state.find(wanted["id"])
    if not isinstance(variant, Variant) or variant.product is not product:
        message = "Product variant does not exist"
        return user_error([*path, "id"], message, "PRODUCT_VARIANT_DOES_NOT_EXIST")
    if "price" in wanted and wanted["price"] is None:
        return user_error([*path, "price"], "Price can't be blank", "BLANK")
    for name, title in (("price", "Price"), ("compareAtPrice", "Compare at price")):
        amount = wanted.get(name)
        if amount is not None and amount < 0:
            message = f"{title} must be greater than or equal to 0"
            return user_error([*path, name], message, "GREATER_THAN_OR_EQUAL_TO")
    return None


PLAIN = {
    "barcode": "barcode",
    "taxable": "taxable",
    "taxCode": "tax_code",
    "inventoryPolicy": "inventory_policy",
    "requiresComponents": "requires_components",
    "showUnitPrice": "show_unit_price",
    "unitPriceMeasurement": "unit_price_measurement",
}


def _change(call: Call, wanted: dict[str, Any]) -> Variant:
    state = call.state
    variant: Variant = state.find(wanted["id"])
    if "price" in wanted:
        variant.price = state.money(wanted["price"])
    if "compareAtPrice" in wanted:
        amount = wanted["compareAtPrice"]
        variant.compare_at_price = None if amount is None else state.money(amount)
    for name, attribute in PLAIN.items():
        if name in wanted:
            setattr(variant, attribute, wanted[name])
    if wanted.get("inventoryItem"):
        _change_item(state, variant, wanted["inventoryItem"])
    for entry in wanted.get("metafields") or ():
        _write_metafield(call, variant, entry)
    variant.updated_at = call.now()
    state.touch()
    call.touched.append(variant)
    return variant


ITEM = {
    "tracked": "tracked",
    "requiresShipping": "requires_shipping",
    "countryCodeOfOrigin": "country_code_of_origin",
    "provinceCodeOfOrigin": "province_code_of_origin",
}


def _change_item(state: State, variant: Variant, wanted: dict[str, Any]) -> None:
    item = variant.inventory_item
    for name, attribute in ITEM.items():
        if name in wanted:
            setattr(item, attribute, wanted[name])
    if "cost" in wanted:
        item.unit_cost = wanted["cost"]
    if "harmonizedSystemCode" in wanted:
        item.harmonized_system_code = (wanted["harmonizedSystemCode"] or "").replace(".", "") or None
    if "sku" in wanted:
        state.variants_by_sku.pop(variant.sku or "", None)
        variant.sku = wanted["sku"] or None
        state.variants_by_sku[variant.sku or ""] = variant
    weight = (wanted.get("measurement") or {}).get("weight")
    if weight:
        item.weight = (weight["value"], weight["unit"])


def _write_metafield(call: Call, variant: Variant, entry: dict[str, Any]) -> None:
    space = metafields.namespace_of(call, entry.get("namespace"))
    key = entry.get("key") or ""
    held = variant.metafields.get((space, key))
    kind = entry.get("type") or (held.type if held else "single_line_text_field")
    metafields.write(call, metafields.Wish(variant, space, key, kind, entry.get("value") or ""))
