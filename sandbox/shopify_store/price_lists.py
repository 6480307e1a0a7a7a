"""Markets and their price lists: fixed prices, and the shop's own converted and adjusted."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.shopify_store.connections import by_id, connection
from sandbox.shopify_store.nodes import find, money
from sandbox.shopify_store.records import Catalog, Market, PriceList, Variant, gid
from sandbox.shopify_store.registry import Call, resolves
from sandbox.shopify_store.search import compile_query
from sandbox.shopify_store.state import State

READ = ("read_products",)
MARKETS = ("read_markets",)


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
