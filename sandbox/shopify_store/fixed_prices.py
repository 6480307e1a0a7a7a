"""Fixed prices of variants in a market's price list; errors of the update by product as recorded."""

from typing import Any

from sandbox.shopify_store.price_lists import listed
from sandbox.shopify_store.records import FixedPrice, PriceList, Product, Variant
from sandbox.shopify_store.registry import Call, resolves, user_error
from sandbox.shopify_store.state import State

WRITE = ("write_products",)


def _listed_or_error(call: Call, global_id: str, message: str, code: str) -> PriceList | dict[str, Any]:
    record = call.state.find(global_id)
    return record if isinstance(record, PriceList) else user_error(["priceListId"], message, code)


@resolves("Mutation.priceListFixedPricesAdd", access=WRITE)
def add_fixed(_root: Any, call: Call, *, price_list_id: str, prices: list[dict[str, Any]]) -> dict[str, Any]:
    """Fixes prices of variants, all or none."""
    record = _listed_or_error(call, price_list_id, "Price list not found.", "PRICE_LIST_NOT_FOUND")
    if isinstance(record, dict):
        return {"prices": None, "userErrors": [record]}
    checks = (_check_price(call, record, index, wanted) for index, wanted in enumerate(prices))
    errors = [error for error in checks if error]
    if errors:
        return {"prices": None, "userErrors": errors}
    for wanted in prices:
        _fix(call.state, record, call.state.find(wanted["variantId"]), wanted)
    made = [listed(call.state, record, call.state.find(wanted["variantId"])) for wanted in prices]
    return {"prices": made, "userErrors": []}


def _check_price(call: Call, record: PriceList, index: int, wanted: dict[str, Any]) -> dict[str, Any] | None:
    path = ["prices", str(index)]
    if not isinstance(call.state.find(wanted["variantId"]), Variant):
        return user_error([*path, "variantId"], "Variant not found.", "VARIANT_NOT_FOUND")
    if not _in_currency(record, wanted):
        message = "The specified currency does not match the price list's currency."
        return user_error([*path, "price", "currencyCode"], message, "PRICE_LIST_CURRENCY_MISMATCH")
    if wanted["price"]["amount"] < 0:
        return user_error([*path, "price", "amount"], "Price must be greater than or equal to 0", "BLANK")
    return None


def _in_currency(record: PriceList, wanted: dict[str, Any]) -> bool:
    sums = [wanted["price"], *([wanted["compareAtPrice"]] if wanted.get("compareAtPrice") else [])]
    return all(one["currencyCode"] == record.currency for one in sums)


def _fix(state: State, record: PriceList, variant: Variant, wanted: dict[str, Any]) -> None:
    compare_at = wanted.get("compareAtPrice")
    record.fixed[variant.number] = FixedPrice(
        variant=variant,
        price=state.money(wanted["price"]["amount"], record.currency),
        compare_at_price=state.money(compare_at["amount"], record.currency) if compare_at else None,
    )
    state.touch()


@resolves("Mutation.priceListFixedPricesDelete", access=WRITE)
def delete_fixed(_root: Any, call: Call, *, price_list_id: str, variant_ids: list[str]) -> dict[str, Any]:
    """Lets variants follow the list's adjustment again, all or none."""
    record = _listed_or_error(call, price_list_id, "Price list not found.", "PRICE_LIST_NOT_FOUND")
    if isinstance(record, dict):
        return {"deletedFixedPriceVariantIds": None, "userErrors": [record]}
    variants = [call.state.find(one) for one in variant_ids]
    errors = [
        user_error(["variantIds", str(index)], "Only fixed prices can be deleted.", "PRICE_NOT_FIXED")
        for index, variant in enumerate(variants)
        if not isinstance(variant, Variant) or variant.number not in record.fixed
    ]
    if errors:
        return {"deletedFixedPriceVariantIds": None, "userErrors": errors}
    for variant in variants:
        if variant:
            del record.fixed[variant.number]
    return {"deletedFixedPriceVariantIds": variant_ids, "userErrors": []}


@resolves("Mutation.priceListFixedPricesByProductUpdate", access=WRITE)
def update_by_product(
    _root: Any,
    call: Call,
    *,
    price_list_id: str,
    prices_to_add: list[dict[str, Any]] | None = None,
    prices_to_delete_by_product_ids: list[str] | None = None,
) -> dict[str, Any]:
    """Fixes or frees the prices of all variants of products, all or none; errors as recorded."""
    added, freed = prices_to_add or [], prices_to_delete_by_product_ids or []
    record = _listed_or_error(call, price_list_id, "Price list does not exist.", "PRICE_LIST_DOES_NOT_EXIST")
    errors = [record] if isinstance(record, dict) else _check_products(call, record, added, freed)
    if errors or isinstance(record, dict):
        nothing = dict.fromkeys(("priceList", "pricesToAddProducts", "pricesToDeleteProducts"))
        return {**nothing, "userErrors": errors}
    for wanted in added:
        for variant in call.state.find(wanted["productId"]).variants:
            _fix(call.state, record, variant, wanted)
    products = [call.state.find(one) for one in freed]
    for product in products:
        for variant in product.variants if product else ():
            record.fixed.pop(variant.number, None)
    return {
        "priceList": record,
        "pricesToAddProducts": [call.state.find(wanted["productId"]) for wanted in added],
        "pricesToDeleteProducts": products,
        "userErrors": [],
    }


def _check_products(
    call: Call, record: PriceList, added: list[dict[str, Any]], freed: list[str]
) -> list[dict[str, Any]]:
    if not added and not freed:
        message = "No update operations specified: `pricesToAdd` and `pricesToDeleteByProductIds` are empty."
        return [user_error(None, message, "NO_UPDATE_OPERATIONS_SPECIFIED")]
    errors = []
    for index, wanted in enumerate(added):
        path = ["pricesToAdd", str(index)]
        if not isinstance(call.state.find(wanted["productId"]), Product):
            message = f"Product {wanted['productId']} in `pricesToAdd` does not exist."
            errors.append(user_error([*path, "productId"], message, "PRODUCT_DOES_NOT_EXIST"))
        elif not _in_currency(record, wanted):
            message = "The currency of the price must match the currency of the price list."
            errors.append(user_error(path, message, "PRICES_TO_ADD_CURRENCY_MISMATCH"))
    for index, one in enumerate(freed):
        if not isinstance(call.state.find(one), Product):
            message = f"Product {one} in `pricesToDeleteByProductIds` does not exist."
            path = ["pricesToDeleteByProductIds", str(index)]
            errors.append(user_error(path, message, "PRODUCT_DOES_NOT_EXIST"))
    both = {wanted["productId"] for wanted in added} & set(freed)
    if both:
        message = "IDs must be mutually exclusive across all operations."
        errors.append(user_error(["pricesToAdd"], message, "ID_MUST_BE_MUTUALLY_EXCLUSIVE"))
    return errors
