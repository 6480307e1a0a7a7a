"""The Admin API's rules: paging, search, compare-and-set, atomicity, scopes, cost, limits."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.shopify_store import ShopifyStore, samples
from sandbox.shopify_store.records import gid

RECOMMENDATIONS = "shopify--discovery--product_recommendation"
SET = """mutation S($metafields: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $metafields) {
  metafields { id compareDigest value } userErrors { field message code } } }"""


@pytest.fixture
def clock() -> samples.HandClock:
    return samples.HandClock()


@pytest.fixture
def store(clock: samples.HandClock) -> ShopifyStore:
    return ShopifyStore(samples.seed(), clock=clock)


def many(number: int) -> ShopifyStore:
    """A shop of many products, several of which changed within the same second."""
    products = tuple(
        samples.product(
            str(n),
            f"Thing {n:03}",
            samples.variant(f"T{n}", "1.00"),
            created_at=samples.START - timedelta(days=200) + timedelta(seconds=n // 7),
        )
        for n in range(number)
    )
    return ShopifyStore(samples.seed(products=products, orders=()), clock=samples.HandClock())


def pages(store: ShopifyStore, size: int, **arguments: str) -> list[str]:
    titles: list[str] = []
    cursor = None
    extra = "".join(f", {name}: {value}" for name, value in arguments.items())
    query = f"""query P($after: String) {{ products(first: {size}, after: $after{extra}) {{
      nodes {{ title }} pageInfo {{ hasNextPage endCursor }} }} }}"""
    while True:
        page = store.execute(query, {"after": cursor})["data"]["products"]
        titles += [node["title"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return titles
        cursor = page["pageInfo"]["endCursor"]


@settings(max_examples=25, deadline=None)
@given(
    number=st.integers(0, 40),
    size=st.integers(1, 17),
    sort=st.sampled_from(["ID", "UPDATED_AT", "TITLE", "CREATED_AT", "INVENTORY_TOTAL"]),
    reverse=st.booleans(),
)
def test_pages_hold_everything_once_in_order(number: int, size: int, sort: str, reverse: bool) -> None:
    expected = [f"Thing {n:03}" for n in range(number)]
    found = pages(many(number), size, sortKey=sort, reverse=str(reverse).lower())
    assert found == (expected[::-1] if reverse else expected)


def test_a_page_survives_changes_between_calls() -> None:
    """Keyset paging by id misses and repeats nothing when earlier rows go away."""
    store = many(9)
    query = """query P($after: String) { products(first: 3, after: $after) {
      nodes { title } pageInfo { endCursor } } }"""
    first = store.execute(query)["data"]["products"]
    store.delete_product(store.product("thing-000"))
    second = store.execute(query, {"after": first["pageInfo"]["endCursor"]})["data"]["products"]
    assert [node["title"] for node in second["nodes"]] == ["Thing 003", "Thing 004", "Thing 005"]


def test_changed_since(store: ShopifyStore, clock: samples.HandClock) -> None:
    clock.forward(hours=1)
    store.update_product(store.product("tea-pot"), title="Big Tea Pot")
    found = pages(store, 2, query="\"updated_at:>'2026-03-02T09:30:00Z'\"", sortKey="UPDATED_AT")
    assert found == ["Big Tea Pot"]
    assert pages(store, 2, query='"updated_at:>=2026-03-02T10:00:00Z AND status:active"') == ["Big Tea Pot"]
    assert pages(store, 2, query='"updated_at:>2026-03-02T10:00:00Z"') == []


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("sku:TEE-M", ["Plain Tee"]),
        ("title:tea*", ["Tea Pot", "Tea Cosy"]),
        ("-title:tea*", ["Blue Mug", "Plain Tee", "Free Card"]),
        ("product_type:Clothes OR sku:MUG", ["Blue Mug", "Plain Tee"]),
        ("tag:kitchen", ["Blue Mug"]),
        ("pot", ["Tea Pot"]),
        ("price:>=20 NOT sku:POT", ["Plain Tee"]),
    ],
)
def test_search(store: ShopifyStore, query: str, titles: list[str]) -> None:
    assert pages(store, 10, query=json.dumps(query)) == titles


def errors(store: ShopifyStore, query: str, **variables: Any) -> list[dict[str, Any]]:
    return store.execute(query, variables)["errors"]  # type: ignore[no-any-return]


def test_wrong_queries_are_refused_as_on_shopify(store: ShopifyStore) -> None:
    [missing] = errors(store, "{ products(first: 1) { nodes { colour } } }")
    assert missing["message"] == "Field 'colour' doesn't exist on type 'Product'"
    assert missing["extensions"]["code"] == "undefinedField"
    [unpaged] = errors(store, "{ products { nodes { id } } }")
    assert unpaged["message"] == "you must provide one of first or last"
    [large] = errors(store, "{ products(first: 251) { nodes { id } } }")
    assert large["message"] == "first cannot exceed 250"
    [cursor] = errors(store, '{ products(first: 1, after: "nonsense") { nodes { id } } }')
    assert "cursor" in cursor["message"]
    [identity] = errors(store, '{ product(id: "7") { id } }')
    assert identity["message"] == "Invalid global id '7'"
    [syntax] = errors(store, "{ products(")
    assert syntax["message"].startswith("syntax error")
    answer = store.execute("query Q($id: ID!) { product(id: $id) { id } }")
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    assert errors(store, "query A { shop { id } } query B { shop { id } }")


def test_nodes_of_every_kind(store: ShopifyStore) -> None:
    order = store.order(1001)
    ids = [gid("Product", store.product("blue-mug").number), gid("Product", 1), gid("Order", order.number)]
    answer = store.execute("query N($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", {"ids": ids})
    assert [one and one["__typename"] for one in answer["data"]["nodes"]] == ["Product", None, "Order"]


def recommend(store: ShopifyStore, handle: str, others: list[str], **extra: Any) -> dict[str, Any]:
    value = json.dumps([gid("Product", store.product(one).number) for one in others])
    entry = {
        "ownerId": gid("Product", store.product(handle).number),
        "namespace": RECOMMENDATIONS,
        "key": "related_products",
        "type": "list.product_reference",
        "value": value,
        **extra,
    }
    return store.execute(SET, {"metafields": [entry]})["data"]["metafieldsSet"]  # type: ignore[no-any-return]


def test_compare_and_set(store: ShopifyStore) -> None:
    first = recommend(store, "blue-mug", ["tea-pot"], compareDigest=None)
    digest = first["metafields"][0]["compareDigest"]
    assert (
        recommend(store, "blue-mug", ["tea-cosy"], compareDigest=None)["userErrors"][0]["code"]
        == "STALE_OBJECT"
    )
    second = recommend(store, "blue-mug", ["tea-cosy"], compareDigest=digest)
    assert second["userErrors"] == []
    assert (
        recommend(store, "blue-mug", ["plain-tee"], compareDigest=digest)["userErrors"][0]["code"]
        == "STALE_OBJECT"
    )
    back = recommend(store, "blue-mug", ["tea-pot"], compareDigest=second["metafields"][0]["compareDigest"])
    assert back["metafields"][0]["compareDigest"] == digest


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"value": '["gid://shopify/Product/1"]'}, "INVALID_VALUE"),
        ({"value": "not json"}, "INVALID_VALUE"),
        ({"value": ""}, "BLANK"),
        ({"type": "single_line_text_field"}, "INVALID_TYPE"),
        ({"type": "no_such_type"}, "INVALID_TYPE"),
        ({"key": "x"}, "TOO_SHORT"),
        ({"key": "x" * 65}, "TOO_LONG"),
        ({"ownerId": "gid://shopify/Product/1"}, "INVALID"),
        ({"namespace": "custom", "type": None}, "BLANK"),
        ({"namespace": "custom", "type": "no_such_type"}, "INCLUSION"),
    ],
)
def test_bad_metafields_write_nothing_at_all(store: ShopifyStore, change: dict[str, Any], code: str) -> None:
    owner = gid("Product", store.product("blue-mug").number)
    good = {"ownerId": owner, "namespace": "custom", "key": "fine", "type": "json", "value": "{}"}
    bad = {
        "ownerId": owner,
        "namespace": RECOMMENDATIONS,
        "key": "related_products",
        "type": "list.product_reference",
        "value": "[]",
        **change,
    }
    answer = store.execute(SET, {"metafields": [good, bad]})["data"]["metafieldsSet"]
    assert [error["code"] for error in answer["userErrors"]] == [code]
    assert answer["metafields"] == []
    assert store.product("blue-mug").metafields == {}


def test_metafields_delete(store: ShopifyStore) -> None:
    recommend(store, "blue-mug", ["tea-pot"])
    owner = gid("Product", store.product("blue-mug").number)
    query = """mutation D($metafields: [MetafieldIdentifierInput!]!) { metafieldsDelete(metafields:
    $metafields) {
      deletedMetafields { ownerId namespace key } userErrors { message } } }"""
    names = {"ownerId": owner, "namespace": RECOMMENDATIONS}
    wanted = [{**names, "key": "related_products"}, {**names, "key": "complementary_products"}]
    answer = store.execute(query, {"metafields": wanted})["data"]["metafieldsDelete"]
    assert answer["deletedMetafields"] == [wanted[0], None]
    assert store.product("blue-mug").metafields == {}


def test_app_namespace_is_the_apps_own(store: ShopifyStore) -> None:
    owner = gid("Product", store.product("blue-mug").number)
    entry = {"ownerId": owner, "namespace": "$app:notes", "key": "made", "type": "json", "value": "{}"}
    store.execute(SET, {"metafields": [entry]})
    read = """query R($id: ID!) { product(id: $id) {
      a: metafield(namespace: "$app:notes", key: "made") { namespace jsonValue }
      b: metafield(namespace: "app--347082227713--notes", key: "made") { value } } }"""
    product = store.execute(read, {"id": owner})["data"]["product"]
    assert product["a"] == {"namespace": "app--347082227713--notes", "jsonValue": {}}
    assert product["b"] == {"value": "{}"}


PRICES = """mutation P($id: ID!, $variants: [ProductVariantsBulkInput!]!, $some: Boolean) {
  productVariantsBulkUpdate(productId: $id, variants: $variants, allowPartialUpdates: $some) {
    productVariants { id price } userErrors { field code } } }"""


@pytest.mark.parametrize("some", [False, True])
def test_partial_price_updates(store: ShopifyStore, some: bool) -> None:
    tee = store.product("plain-tee")
    good, bad, foreign = tee.variants[0], tee.variants[1], store.variant("MUG")
    variants = [
        {"id": gid("ProductVariant", good.number), "price": "18.00"},
        {"id": gid("ProductVariant", bad.number), "price": "-1"},
        {"id": gid("ProductVariant", foreign.number), "price": "1"},
    ]
    variables = {"id": gid("Product", tee.number), "variants": variants, "some": some}
    answer = store.execute(PRICES, variables)["data"]["productVariantsBulkUpdate"]
    codes = [error["code"] for error in answer["userErrors"]]
    assert codes == ["GREATER_THAN_OR_EQUAL_TO", "PRODUCT_VARIANT_DOES_NOT_EXIST"]
    assert str(good.price) == ("18.00" if some else "20.00")
    assert str(bad.price) == "20.00"
    assert str(foreign.price) == "8.50"


def test_yen_have_no_pence() -> None:
    store = ShopifyStore(samples.seed(currency="JPY", orders=()), clock=samples.HandClock())
    mug = store.variant("MUG")
    variants = [{"id": gid("ProductVariant", mug.number), "price": "1234.4"}]
    answer = store.execute(PRICES, {"id": gid("Product", mug.product.number), "variants": variants})
    assert answer["data"]["productVariantsBulkUpdate"]["productVariants"][0]["price"] == "1234"


def test_market_prices(store: ShopifyStore) -> None:
    from decimal import Decimal

    prices = store.add_market("Europe", "EUR", rate=Decimal("1.2"), adjustment_pct=Decimal(10))
    mug = gid("ProductVariant", store.variant("MUG").number)
    read = """query R($id: ID!) { priceList(id: $id) { prices(first: 1) {
      nodes { originType price { amount currencyCode } } } } priceLists(first: 5) { nodes { catalog { title
      } } } }"""
    identity = gid("PriceList", prices.number)
    data = store.execute(read, {"id": identity})["data"]
    assert data["priceLists"]["nodes"] == [{"catalog": {"title": "Europe"}}]
    [price] = data["priceList"]["prices"]["nodes"]
    assert price == {"originType": "RELATIVE", "price": {"amount": "11.22", "currencyCode": "EUR"}}
    add = """mutation A($id: ID!, $prices: [PriceListPriceInput!]!) {
      priceListFixedPricesAdd(priceListId: $id, prices: $prices) {
        prices { price { amount } } userErrors { field code } } }"""
    wrong = [{"variantId": mug, "price": {"amount": "9.99", "currencyCode": "GBP"}}]
    answer = store.execute(add, {"id": identity, "prices": wrong})["data"]["priceListFixedPricesAdd"]
    assert answer["userErrors"][0]["code"] == "PRICE_LIST_CURRENCY_MISMATCH"
    good = [{"variantId": mug, "price": {"amount": "9.99", "currencyCode": "EUR"}}]
    answer = store.execute(add, {"id": identity, "prices": good})["data"]["priceListFixedPricesAdd"]
    assert answer == {"prices": [{"price": {"amount": "9.99"}}], "userErrors": []}
    delete = """mutation D($id: ID!, $ids: [ID!]!) { priceListFixedPricesDelete(priceListId: $id,
    variantIds: $ids) {
      deletedFixedPriceVariantIds userErrors { code } } }"""
    gone = store.execute(delete, {"id": identity, "ids": [mug]})["data"]["priceListFixedPricesDelete"]
    assert gone == {"deletedFixedPriceVariantIds": [mug], "userErrors": []}
    again = store.execute(delete, {"id": identity, "ids": [mug]})["data"]["priceListFixedPricesDelete"]
    assert again["userErrors"] == [{"code": "PRICE_NOT_FIXED"}]


ASSESS = """mutation A($input: OrderRiskAssessmentCreateInput!) { orderRiskAssessmentCreate(
  orderRiskAssessmentInput: $input) { orderRiskAssessment { riskLevel facts { description } }
  userErrors { field code } } }"""


def assess(store: ShopifyStore, **changes: Any) -> list[dict[str, Any]]:
    facts = [{"description": "Card and address differ", "sentiment": "NEGATIVE"}]
    order = gid("Order", store.order(1001).number)
    wanted = {"orderId": order, "riskLevel": "HIGH", "facts": facts, **changes}
    answer = store.execute(ASSESS, {"input": wanted})
    return answer["data"]["orderRiskAssessmentCreate"]["userErrors"]  # type: ignore[no-any-return]


def test_risk_assessments(store: ShopifyStore) -> None:
    fact = {"description": "x", "sentiment": "NEUTRAL"}
    assert assess(store, facts=[fact] * 21)[0]["code"] == "TOO_MANY_FACTS"
    assert assess(store, facts=[{**fact, "description": "x" * 257}])[0]["code"] == "INVALID"
    assert assess(store, orderId="gid://shopify/Order/1")[0]["code"] == "NOT_FOUND"
    assert store.order(1001).assessments == []
    assert assess(store) == []
    assert assess(store, riskLevel="LOW") == []
    [latest] = store.order(1001).assessments
    assert latest.risk_level == "LOW"
    store.fulfill(store.order(1001))
    assert assess(store)[0]["code"] == "ORDER_ALREADY_FULFILLED"


def test_hold_limits(store: ShopifyStore) -> None:
    hold = """mutation H($id: ID!, $hold: FulfillmentOrderHoldInput!) {
      fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) { userErrors { code } } }"""
    waiting = gid("FulfillmentOrder", store.order(1001).fulfillment_orders[0].number)

    def place(handle: str) -> list[dict[str, str]]:
        wanted = {"reason": "HIGH_RISK_OF_FRAUD", "handle": handle}
        answer = store.execute(hold, {"id": waiting, "hold": wanted})
        return answer["data"]["fulfillmentOrderHold"]["userErrors"]  # type: ignore[no-any-return]

    assert [place(f"h{n}") for n in range(10)] == [[]] * 10
    assert place("h10") == [{"code": "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED"}]
    other = ShopifyStore(samples.seed(), clock=samples.HandClock())
    waiting = gid("FulfillmentOrder", other.order(1001).fulfillment_orders[0].number)
    store = other
    assert place("same") == []
    assert place("same") == [{"code": "DUPLICATE_FULFILLMENT_HOLD_HANDLE"}]


def test_translations_become_outdated_and_go(store: ShopifyStore) -> None:
    mug = gid("Product", store.product("blue-mug").number)
    read = """query R($id: ID!) { translatableResource(resourceId: $id) {
      translatableContent { key digest } translations(locale: "de") { key value outdated }
      nestedTranslatableResources(first: 9, resourceType: MEDIA_IMAGE) { nodes { translatableContent { key
      value } } } } }"""
    resource = store.execute(read, {"id": mug})["data"]["translatableResource"]
    digest = next(one["digest"] for one in resource["translatableContent"] if one["key"] == "title")
    assert resource["nestedTranslatableResources"]["nodes"] == [
        {"translatableContent": [{"key": "alt", "value": "A blue mug"}]}
    ]
    register = """mutation T($id: ID!, $t: [TranslationInput!]!) { translationsRegister(resourceId: $id,
      translations: $t) { userErrors { field code } } }"""
    entry = {"locale": "de", "key": "title", "value": "Blaue Tasse", "translatableContentDigest": digest}
    wrong = [
        {**entry, "locale": "it"},
        {**entry, "locale": "en"},
        {**entry, "value": ""},
        {**entry, "marketId": "gid://shopify/Market/1"},
        {**entry, "key": "handle", "value": "blaue tasse!"},
    ]
    answer = store.execute(register, {"id": mug, "t": wrong})["data"]["translationsRegister"]
    codes = [error["code"] for error in answer["userErrors"]]
    assert codes[:4] == [
        "INVALID_LOCALE_FOR_SHOP",
        "INVALID_LOCALE_FOR_SHOP",
        "BLANK",
        "MARKET_DOES_NOT_EXIST",
    ]
    assert (
        store.execute(register, {"id": mug, "t": [entry]})["data"]["translationsRegister"]["userErrors"] == []
    )
    store.update_product(store.product("blue-mug"), title="Navy Mug")
    translations = store.execute(read, {"id": mug})["data"]["translatableResource"]["translations"]
    assert translations == [{"key": "title", "value": "Blaue Tasse", "outdated": True}]
    remove = """mutation T($id: ID!) { translationsRemove(resourceId: $id, translationKeys: ["title"],
      locales: ["de"]) { translations { key } userErrors { code } } }"""
    assert store.execute(remove, {"id": mug})["data"]["translationsRemove"]["translations"] == [
        {"key": "title"}
    ]
    assert store.execute(read, {"id": mug})["data"]["translatableResource"]["translations"] == []


def test_scopes_are_checked_field_by_field(clock: samples.HandClock) -> None:
    store = ShopifyStore(samples.seed(), clock=clock, scopes=("read_products",))
    assert store.execute("{ products(first: 1) { nodes { id } } }")["data"]["products"]["nodes"]
    [denied] = errors(store, "{ orders(first: 1) { nodes { id } } }")
    assert denied["extensions"]["code"] == "ACCESS_DENIED"
    assert "read_orders" in denied["message"]
    owner = gid("Product", store.product("blue-mug").number)
    entry = {"ownerId": owner, "namespace": "custom", "key": "fine", "type": "json", "value": "{}"}
    answer = store.execute(SET, {"metafields": [entry]})
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert answer["data"] == {"metafieldsSet": None}
    assert store.product("blue-mug").metafields == {}


def test_the_bucket_empties_and_fills(clock: samples.HandClock) -> None:
    store = ShopifyStore(samples.seed(), clock=clock, cost_limit=25, cost_restore_rate=5)
    tag = 'mutation { tagsAdd(id: "gid://shopify/Product/1", tags: ["x"]) { userErrors { message } } }'
    costs = [store.execute(tag)["extensions"]["cost"] for _ in range(2)]
    assert [one["throttleStatus"]["currentlyAvailable"] for one in costs] == [15, 5]
    answer = store.execute(tag)
    assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "data" not in answer
    assert answer["extensions"]["cost"]["actualQueryCost"] is None
    clock.forward(seconds=1)
    assert "data" in store.execute(tag)
    clock.forward(hours=1)
    assert store.execute(tag)["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 15
    assert store.counters.throttled == 1


def test_input_arrays_have_a_limit(store: ShopifyStore) -> None:
    answer = store.execute(
        "query N($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [gid("Product", 1)] * 251}
    )
    assert answer["errors"][0]["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"


def test_bulk_export(store: ShopifyStore) -> None:
    start = """mutation B($query: String!) { bulkOperationRunQuery(query: $query) {
      bulkOperation { id status } userErrors { code message } } }"""

    def run(query: str) -> dict[str, Any]:
        return store.execute(start, {"query": query})["data"]["bulkOperationRunQuery"]  # type: ignore[no-any-return]

    assert run("{ shop { id } }")["userErrors"][0]["code"] == "INVALID"
    assert run("{ nonsense }")["userErrors"][0]["code"] == "INVALID"
    query = "{ products { edges { node { title variants { edges { node { id sku } } } } } } }"
    operation = run(query)["bulkOperation"]
    assert operation["status"] == "CREATED"
    store.base_url = "http://shop"
    [done] = store.run_bulk_operations()
    path = store.bulk_result(done.token)
    assert path is not None
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    products = [row for row in rows if "__parentId" not in row]
    assert [row["title"] for row in products] == ["Blue Mug", "Tea Pot", "Plain Tee", "Tea Cosy", "Free Card"]
    tee = gid("Product", store.product("plain-tee").number)
    assert [row["sku"] for row in rows if row.get("__parentId") == tee] == ["TEE-S", "TEE-M", "TEE-L"]
    status = "query S($id: ID!) { node(id: $id) { ... on BulkOperation { status objectCount url } } }"
    answer = store.execute(status, {"id": operation["id"]})["data"]["node"]
    assert answer == {
        "status": "COMPLETED",
        "objectCount": "12",
        "url": f"http://shop/bulk/{done.token}.jsonl",
    }


def test_bulk_export_pages_through_more_than_one_page() -> None:
    store = many(600)
    start = """mutation { bulkOperationRunQuery(query: "{ products { nodes { title } } }") {
      userErrors { code } } }"""
    store.execute(start)
    [done] = store.run_bulk_operations()
    path = store.bulk_result(done.token)
    assert path is not None
    assert [json.loads(line)["title"] for line in path.read_text().splitlines()] == [
        f"Thing {n:03}" for n in range(600)
    ]


def test_bulk_operations_have_a_limit_and_can_be_cancelled(store: ShopifyStore) -> None:
    start = """mutation { bulkOperationRunQuery(query: "{ products { nodes { title } } }") {
      bulkOperation { id } userErrors { code } } }"""
    answers = [store.execute(start)["data"]["bulkOperationRunQuery"] for _ in range(6)]
    assert answers[5]["userErrors"] == [{"code": "LIMIT_REACHED"}]
    cancel = """mutation C($id: ID!) { bulkOperationCancel(id: $id) {
      bulkOperation { status } userErrors { message } } }"""
    first = {"id": answers[0]["bulkOperation"]["id"]}
    answer = store.execute(cancel, first)["data"]["bulkOperationCancel"]
    assert answer == {"bulkOperation": {"status": "CANCELED"}, "userErrors": []}
    assert len(store.run_bulk_operations()) == 4
    assert store.execute(cancel, first)["data"]["bulkOperationCancel"]["userErrors"]


def test_billing(store: ShopifyStore, clock: samples.HandClock) -> None:
    create = """mutation C($items: [AppSubscriptionLineItemInput!]!) { appSubscriptionCreate(name: "Pro",
      returnUrl: "https://app.example/back", lineItems: $items) {
        appSubscription { id status lineItems { id } } confirmationUrl userErrors { message } } }"""
    usage = {"cappedAmount": {"amount": "20", "currencyCode": "USD"}, "terms": "1 per 1000 orders"}
    price = {"price": {"amount": "10", "currencyCode": "USD"}, "interval": "EVERY_30_DAYS"}
    items = [{"plan": {"appRecurringPricingDetails": price}}, {"plan": {"appUsagePricingDetails": usage}}]
    made = store.execute(create, {"items": items})["data"]["appSubscriptionCreate"]["appSubscription"]
    read = """{ currentAppInstallation { accessScopes { handle } activeSubscriptions { name
    currentPeriodEnd lineItems {
      plan { pricingDetails { ... on AppRecurringPricing { price { amount } } ... on AppUsagePricing {
        balanceUsed { amount } } } } } } } }"""
    assert store.execute(read)["data"]["currentAppInstallation"]["activeSubscriptions"] == []
    store.approve_plan(store.state.find(made["id"]))
    use = """mutation U($id: ID!, $amount: Decimal!) { appUsageRecordCreate(subscriptionLineItemId: $id,
      price: {amount: $amount, currencyCode: USD}, description: "orders", idempotencyKey: "k") {
        appUsageRecord { id } userErrors { message } } }"""
    metered = made["lineItems"][1]["id"]
    records = [
        store.execute(use, {"id": metered, "amount": "3"})["data"]["appUsageRecordCreate"] for _ in range(2)
    ]
    assert records[0] == records[1]
    [plan] = store.execute(read)["data"]["currentAppInstallation"]["activeSubscriptions"]
    assert plan["lineItems"][1]["plan"]["pricingDetails"]["balanceUsed"] == {"amount": "3.0"}
    assert plan["currentPeriodEnd"] == "2026-04-01T09:00:00Z"


def test_redirects_follow_a_moved_handle(store: ShopifyStore) -> None:
    change = """mutation C($id: ID!) { productUpdate(product: {id: $id, handle: "Navy Mug",
    redirectNewHandle: true}) {
      product { handle } userErrors { message } } }"""
    answer = store.execute(change, {"id": gid("Product", store.product("blue-mug").number)})
    assert answer["data"]["productUpdate"]["product"] == {"handle": "navy-mug"}
    [redirect] = store.execute("{ urlRedirects(first: 5) { nodes { path target } } }")["data"][
        "urlRedirects"
    ]["nodes"]
    assert redirect == {"path": "/products/blue-mug", "target": "/products/navy-mug"}
    taken = """mutation { urlRedirectCreate(urlRedirect: {path: "/products/blue-mug", target: "/"}) {
      urlRedirect { id } userErrors { field message } } }"""
    answer = store.execute(taken)["data"]["urlRedirectCreate"]
    assert answer["userErrors"][0]["message"] == "Path has already been taken"
