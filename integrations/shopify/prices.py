"""Prices on Shopify: of variants in the shop's own currency, and fixed ones in the price lists of markets."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from chalicelib.contracts import Receipt
from chalicelib.domain.actions import SetPrice, Snapshot
from chalicelib.domain.ids import MarketId, Target
from chalicelib.domain.shop import Market
from chalicelib.errors import AppError, UnsupportedAction
from integrations.shopify import mapping
from integrations.shopify.answers import StoreVariant
from integrations.shopify.changes import Todo, wanted
from integrations.shopify.connection import Connection, meaning, nodes, parsed, part, user_errors

_READ = 100
_SEARCH = 40
"""Variants named in one search text."""

type Lists = Mapping[MarketId, tuple[str, str]]
"""Per market: its price list's global id and currency."""


def markets(connection: Connection) -> tuple[Sequence[Market], Lists]:
    """The markets that have a price list of their own."""
    found: dict[MarketId, Market] = {}
    lists: dict[MarketId, tuple[str, str]] = {}
    for page in connection.pages("PriceLists", "priceLists"):
        for row in page:
            for market in nodes((row.get("catalog") or {}).get("markets") or {}):
                name = MarketId(mapping.number(market["id"]))
                found[name] = Market(id=name, name=market.get("name") or "", currency=row["currency"])
                lists[name] = (row["id"], row["currency"])
    return tuple(found.values()), lists


def everywhere(connection: Connection, currency: str) -> Sequence[Market]:
    """All markets; one without a price list of its own pays in the shop's currency."""
    priced = {market.id: market for market in markets(connection)[0]}
    found = dict(priced)
    for page in connection.pages("Markets", "markets"):
        for row in page:
            name = MarketId(mapping.number(row["id"]))
            found.setdefault(name, Market(id=name, name=row.get("name") or "", currency=currency))
    return tuple(found.values())


def read(connection: Connection, actions: Sequence[SetPrice], currency: str) -> Mapping[Target, Snapshot]:
    """Prices in the shop's own currency, a hundred variants a call."""
    ids = list(dict.fromkeys(mapping.gid("ProductVariant", action.variant_id) for action in actions))
    found: dict[str, Snapshot] = {}
    for start in range(0, len(ids), _READ):
        for node in nodes(connection.run("PricesOf", ids=ids[start : start + _READ])):
            if "price" in node:
                found[node["id"]] = _snapshot(node, currency)
    return {
        action.target: found[name]
        for action in actions
        if (name := mapping.gid("ProductVariant", action.variant_id)) in found
    }


def write(connection: Connection, todos: Sequence[Todo[SetPrice]], currency: str) -> dict[int, Receipt | AppError]:
    """One call per product; a variant that is refused does not stop its siblings."""
    answers: dict[int, Receipt | AppError] = {}
    by_product: dict[str, list[Todo[SetPrice]]] = defaultdict(list)
    for todo in todos:
        if todo.action.price.currency != currency:
            answers[todo.place] = UnsupportedAction(f"This shop's prices are in {currency}.")
        else:
            by_product[todo.action.product_id].append(todo)
    for product_id, group in by_product.items():
        variants = [_variant(todo.action, wanted(todo.action, currency)) for todo in group]
        answers |= _send(connection, product_id, group, variants, currency)
    return answers


def put_back(connection: Connection, todo: Todo[SetPrice], before: Snapshot, currency: str) -> Receipt | AppError:
    """Restore one variant's price."""
    variants = [_variant(todo.action, before.value)]
    return _send(connection, todo.action.product_id, [todo], variants, currency)[todo.place]


def read_market(connection: Connection, actions: Sequence[SetPrice], lists: Lists) -> Mapping[Target, Snapshot]:
    """Fixed prices of markets; a variant without one has a price that follows the shop's, so None."""
    found: dict[Target, Snapshot] = {}
    by_market: dict[MarketId, list[SetPrice]] = defaultdict(list)
    for action in actions:
        if action.market is not None and action.market in lists:
            by_market[action.market].append(action)
    for market, group in by_market.items():
        for start in range(0, len(group), _SEARCH):
            found |= _search(connection, group[start : start + _SEARCH], lists[market][0])
    return found


def write_market(
    connection: Connection, todos: Sequence[Todo[SetPrice]], lists: Lists
) -> dict[int, Receipt | AppError]:
    """One call per price list; where it is refused, which it is as a whole, each is tried alone."""
    answers: dict[int, Receipt | AppError] = {}
    by_list: dict[str, list[Todo[SetPrice]]] = defaultdict(list)
    for todo in todos:
        price_list, currency = lists[todo.action.market or MarketId("")]
        if todo.action.price.currency != currency:
            answers[todo.place] = UnsupportedAction(f"This market's prices are in {currency}.")
        else:
            by_list[price_list].append(todo)
    for price_list, group in by_list.items():
        if not (refused := _fix(connection, price_list, group)):
            answers |= {todo.place: _done(todo, wanted(todo.action, "")) for todo in group}
        elif len(group) == 1:
            answers[group[0].place] = refused
        else:
            for todo in group:
                error = _fix(connection, price_list, [todo])
                answers[todo.place] = error or _done(todo, wanted(todo.action, ""))
    return answers


def put_back_market(connection: Connection, todo: Todo[SetPrice], before: Snapshot, lists: Lists) -> Receipt | AppError:
    """Restore one market's fixed price, or its absence."""
    price_list, _ = lists[todo.action.market or MarketId("")]
    variant = mapping.gid("ProductVariant", todo.action.variant_id)
    if before.value is None:
        connection.change(
            "RemoveMarketPrices", "priceListFixedPricesDelete", priceListId=price_list, variantIds=[variant]
        )
        return _done(todo, None)
    prices = [_fixed(todo.action, before.value)]
    connection.change("SetMarketPrices", "priceListFixedPricesAdd", priceListId=price_list, prices=prices)
    return _done(todo, before.value)


def _send(
    connection: Connection,
    product_id: str,
    group: Sequence[Todo[SetPrice]],
    variants: Sequence[Mapping[str, Any]],
    currency: str,
) -> dict[int, Receipt | AppError]:
    try:
        data = connection.run("SetPrices", productId=mapping.gid("Product", product_id), variants=variants)
        payload = part(data, "productVariantsBulkUpdate")
    except AppError as error:
        return {todo.place: error for todo in group}
    errors = _by_index(user_errors(payload), len(group))
    rows = payload.get("productVariants") or []
    written = {row["id"]: _snapshot(row, currency) for row in rows if isinstance(row, dict)}
    answers: dict[int, Receipt | AppError] = {}
    for index, todo in enumerate(group):
        after = written.get(mapping.gid("ProductVariant", todo.action.variant_id))
        refused = errors.get(index) or UnsupportedAction("Shopify did not change this price.")
        answers[todo.place] = refused if index in errors or after is None else Receipt(after=after)
    return answers


def _by_index(errors: Sequence[Mapping[str, Any]], count: int) -> dict[int, AppError]:
    """Errors by the variant they speak of; one that names none speaks of all."""
    found: dict[int, AppError] = {}
    for error in errors:
        path = error.get("field")
        index = str(path[1]) if isinstance(path, list) and len(path) > 1 else ""
        places = [int(index)] if index.isdigit() else range(count)
        found |= {place: meaning(error) for place in places}
    return found


def _fix(connection: Connection, price_list: str, group: Sequence[Todo[SetPrice]]) -> AppError | None:
    prices = [_fixed(todo.action, wanted(todo.action, "")) for todo in group]
    try:
        connection.change("SetMarketPrices", "priceListFixedPricesAdd", priceListId=price_list, prices=prices)
    except AppError as error:
        return error
    return None


def _search(connection: Connection, group: Sequence[SetPrice], price_list: str) -> Mapping[Target, Snapshot]:
    text = " OR ".join(f"variant_id:{mapping.number(action.variant_id)}" for action in group)
    found = part(connection.run("MarketPricesOf", id=price_list, query=text), "priceList")
    rows = {row["variant"]["id"]: row for row in nodes(found.get("prices") or {}) if row.get("variant")}
    now = datetime.now(UTC)
    return {
        action.target: Snapshot(
            value=_market_value(rows.get(mapping.gid("ProductVariant", action.variant_id))), read_at=now
        )
        for action in group
    }


def _market_value(row: Any) -> dict[str, str | None] | None:
    if row is None:
        return None
    price, strike = row["price"], row.get("compareAtPrice")
    currency = str(price["currencyCode"])
    return {
        "price": mapping.amount_text(Decimal(str(price["amount"])), currency),
        "compare_at": mapping.amount_text(Decimal(str(strike["amount"])), currency) if strike else None,
        "currency": currency,
    }


def _variant(action: SetPrice, value: Any) -> Mapping[str, Any]:
    name = mapping.gid("ProductVariant", action.variant_id)
    return {"id": name, "price": value["price"], "compareAtPrice": value["compare_at"]}


def _fixed(action: SetPrice, value: Any) -> Mapping[str, Any]:
    def money(amount: str) -> Mapping[str, str]:
        return {"amount": amount, "currencyCode": str(value["currency"])}

    fixed: dict[str, Any] = {
        "variantId": mapping.gid("ProductVariant", action.variant_id),
        "price": money(value["price"]),
    }
    if value["compare_at"] is not None:
        fixed["compareAtPrice"] = money(value["compare_at"])
    return fixed


def _snapshot(node: Mapping[str, Any], currency: str) -> Snapshot:
    found = parsed(StoreVariant, dict(node))
    if found.price is None:
        return Snapshot(value=None, read_at=datetime.now(UTC))
    strike = None if found.compare_at is None else mapping.amount_text(found.compare_at, currency)
    price = mapping.amount_text(found.price, currency)
    return Snapshot(value={"price": price, "compare_at": strike, "currency": currency}, read_at=datetime.now(UTC))


def _done(todo: Todo[SetPrice], value: Any) -> Receipt:
    return Receipt(after=Snapshot(value=value, read_at=datetime.now(UTC)))
