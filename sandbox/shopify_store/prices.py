"""Prices: of variants in the shop's own currency, and fixed ones in the price lists of markets."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.shopify_store import metafields
from sandbox.shopify_store.connections import by_id, connection
from sandbox.shopify_store.nodes import find, money
from sandbox.shopify_store.records import Catalog, FixedPrice, Market, PriceList, Product, Variant, gid
from sandbox.shopify_store.registry import Call, resolves, user_error
from sandbox.shopify_store.search import compile_query
from sandbox.shopify_store.state import State

WRITE = ("write_products",)
READ = ("read_products",)
MARKETS = ("read_markets",)
MOST_FIXED_PRICES = 10_000


@dataclass(slots=True)
class ListedPrice:
    """What one variant costs in one price list."""

    number: int
    variant: Variant
    amount: Decimal
    compare_at: Decimal | None
    currency: str
    origin: str


def add_market(
    state: State, name: str, currency: str, *, rate: Decimal, adjustment_pct: Decimal = Decimal(0)
) -> PriceList:
    """A market with a catalogue and a price list; ``rate`` is list currency per shop currency."""
    market = Market(number=state.new_number(), name=name, handle=name.lower().replace(" ", "-"))
    made = PriceList(
        number=state.new_number(),
        name=f"{name} prices",
        currency=currency,
        market=market,
        catalog_number=state.new_number(),
        adjustment_pct=adjustment_pct,
        rate=rate,
    )
    market.price_list = made
    state.add(market)
    state.add(Catalog(number=made.catalog_number, price_list=made))
    state.add(made)
    return made


def listed(state: State, record: PriceList, variant: Variant) -> ListedPrice:
    """The price that a market's buyers see: the fixed one, or the shop's own converted and adjusted."""
    fixed = record.fixed.get(variant.number)
    if fixed:
        amount, compare_at, origin = fixed.price, fixed.compare_at_price, "FIXED"
    else:
        factor = record.rate * (1 + record.adjustment_pct / 100)
        amount, origin = state.money(variant.price * factor, record.currency), "RELATIVE"
        base = variant.compare_at_price
        compare_at = None if base is None else state.money(base * factor, record.currency)
    return ListedPrice(variant.number, variant, amount, compare_at, record.currency, origin)


resolves("PriceListPrice.price")(lambda p, c: money(c.state, p.amount, p.currency))
resolves("PriceListPrice.compareAtPrice")(
    lambda p, c: None if p.compare_at is None else money(c.state, p.compare_at, p.currency)
)
resolves("PriceListPrice.originType")(lambda p, _c: p.origin)


@resolves("QueryRoot.priceList", access=READ)
def price_list(_root: Any, call: Call, *, global_id: str) -> PriceList | None:
    """One price list."""
    return find(call, global_id, "PriceList")  # type: ignore[no-any-return]


@resolves("QueryRoot.priceLists", access=READ)
def price_lists(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """All price lists."""
    return connection(call, call.state.view("PriceList", "ID", by_id), arguments)


@resolves("PriceList.fixedPricesCount")
def fixed_prices_count(record: PriceList, _call: Call) -> int:
    """How many variants have a fixed price."""
    return len(record.fixed)


resolves("PriceList.catalog")(lambda p, c: c.state.find(gid("MarketCatalog", p.catalog_number)))
resolves("PriceList.parent")(lambda p, _c: _parent(p))


def _parent(record: PriceList) -> dict[str, Any]:
    kind = "PERCENTAGE_DECREASE" if record.adjustment_pct < 0 else "PERCENTAGE_INCREASE"
    adjustment = {"type": kind, "value": float(abs(record.adjustment_pct))}
    return {"adjustment": adjustment, "settings": {"compareAtMode": "ADJUSTED"}}


@resolves("PriceList.prices")
def prices(
    record: PriceList, call: Call, *, query: str | None = None, origin_type: str | None = None, **paging: Any
) -> dict[str, Any]:
    """Prices of the list's variants, by product or variant id, fixed or relative."""
    fields = {
        "product_id": lambda p: p.variant.product.number,
        "variant_id": lambda p: p.variant.number,
    }
    test = compile_query(query, fields, lambda p: p.variant.sku)
    variants = (
        [fixed.variant for fixed in record.fixed.values()]
        if origin_type == "FIXED"
        else call.state.all("ProductVariant")
    )
    rows = [row for row in (listed(call.state, record, one) for one in variants) if test(row)]
    rows = [row for row in rows if origin_type in (None, row.origin)]
    return connection(call, sorted(rows, key=by_id), paging)


resolves("MarketCatalog.title")(lambda c, _call: c.price_list.market.name)
resolves("MarketCatalog.status", "Market.status")(lambda _c, _call: "ACTIVE")
resolves("Market.type")(lambda _m, _c: "REGION")
resolves("MarketCatalog.markets")(
    lambda c, call, **a: connection(
        call, [c.price_list.market], {"first": a.get("first"), "last": a.get("last")}
    )
)


@resolves("Market.catalogs")
def market_catalogs(record: Market, call: Call, **arguments: Any) -> dict[str, Any]:
    """A market's catalogues: one."""
    number = record.price_list.catalog_number if record.price_list else 0
    rows = [row for row in call.state.all("MarketCatalog") if row.number == number]
    return connection(call, rows, arguments)


@resolves("QueryRoot.catalogs", access=READ)
def catalogs(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """Catalogues of all markets."""
    wanted = arguments.get("type") in (None, "MARKET")
    return connection(call, call.state.view("MarketCatalog", "ID", by_id) if wanted else [], arguments)


@resolves("QueryRoot.market", access=MARKETS)
def market(_root: Any, call: Call, *, global_id: str) -> Market | None:
    """One market."""
    return find(call, global_id, "Market")  # type: ignore[no-any-return]


@resolves("QueryRoot.markets", access=MARKETS)
def markets(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """All markets."""
    return connection(call, call.state.view("Market", "ID", by_id), arguments)


# --- fixed prices of a list


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


# --- prices of variants


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
