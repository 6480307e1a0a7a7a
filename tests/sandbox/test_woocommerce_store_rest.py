"""The shop's REST API, asked by the client library and by hand; and what orders and products do inside."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from woocommerce.api import API

from sandbox.woocommerce_store import RunningServer, WooCommerceStore, sample, serve
from sandbox.woocommerce_store.slugs import slugify

CLIENT: Any = API


class Clock:
    """The real time plus what a test adds (OAuth wants the real time)."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> WooCommerceStore:
    return WooCommerceStore(sample.seed(), consumer_key="ck", consumer_secret="cs", clock=clock, deliver="manual")


@pytest.fixture
def running(store: WooCommerceStore) -> Iterator[RunningServer]:
    with serve(store) as server:
        yield server


@pytest.fixture
def api(running: RunningServer) -> Any:
    return CLIENT(running.url, "ck", "cs", timeout=10)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_products_are_listed_newest_first_with_totals(api: Any) -> None:
    answer = api.get("products", params={"per_page": 2, "page": 1})

    assert [row["name"] for row in answer.json()] == ["Spoon", "Mug <b>& more</b>"]
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("3", "2")
    assert 'rel="next"' in answer.headers["Link"]
    assert [row["name"] for row in api.get("products", params={"per_page": 2, "page": 2}).json()] == [
        "Größe Tee – 日本"
    ]


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"search": "spo"}, ["Spoon"]),
        ({"sku": "MUG"}, ["Mug <b>& more</b>"]),
        ({"sku": "TEA-S"}, ["Größe Tee – 日本 - S"]),
        ({"status": "draft"}, []),
        ({"type": "variable"}, ["Größe Tee – 日本"]),
        ({"orderby": "title", "order": "asc"}, ["Größe Tee – 日本", "Mug <b>& more</b>", "Spoon"]),
        ({"orderby": "id", "order": "asc", "per_page": "1"}, ["Größe Tee – 日本"]),
    ],
)
def test_filters_and_order(api: Any, params: dict[str, str], names: list[str]) -> None:
    assert [row["name"] for row in api.get("products", params=params).json()] == names


def test_include_keeps_only_the_asked(api: Any, store: WooCommerceStore) -> None:
    wanted = [store.product_id("spoon"), store.product_id("mug")]

    found = api.get("products", params={"include": ",".join(map(str, wanted)), "orderby": "include"}).json()

    assert [row["id"] for row in found] == wanted


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"per_page": 101}, "per_page"),
        ({"per_page": 0}, "per_page"),
        ({"page": 0}, "page"),
        ({"order": "up"}, "order"),
        ({"orderby": "colour"}, "orderby"),
        ({"status": "lost"}, "status"),
        ({"modified_after": "yesterday"}, "modified_after"),
        ({"include": "a,b"}, "include"),
    ],
)
def test_bad_parameters_are_named(api: Any, params: dict[str, Any], name: str) -> None:
    answer = api.get("products", params=params)

    assert code(answer) == (400, "rest_invalid_param")
    assert name in answer.json()["data"]["params"]


def test_modified_after_is_exclusive_and_to_the_second(api: Any, store: WooCommerceStore, clock: Clock) -> None:
    clock.ahead = timedelta(minutes=5)
    store.update_product(store.product_id("mug"), menu_order=1)
    moment = datetime.fromisoformat(store.product(store.product_id("mug"))["date_modified_gmt"])

    def changed_since(when: datetime) -> list[int]:
        clock.ahead = timedelta()
        params = {"modified_after": when.isoformat(), "dates_are_gmt": "true"}
        return [row["id"] for row in api.get("products", params=params).json()]

    assert changed_since(moment - timedelta(seconds=1)) == [store.product_id("mug")]
    assert changed_since(moment) == []


def test_a_date_with_an_offset_meets_the_gmt_column_in_shop_time(clock: Clock) -> None:
    store = WooCommerceStore(
        sample.seed(timezone="Asia/Tokyo"), consumer_key="ck", consumer_secret="cs", clock=clock, deliver="manual"
    )
    store.update_product(store.product_id("mug"), menu_order=1)
    moment = datetime.now(UTC) - timedelta(hours=1)
    with serve(store) as server:
        api = CLIENT(server.url, "ck", "cs", timeout=10)
        naive = {"modified_after": f"{moment:%Y-%m-%dT%H:%M:%S}", "dates_are_gmt": "true"}
        aware = {"modified_after": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "dates_are_gmt": "true"}

        assert len(api.get("products", params=naive).json()) == 1
        assert api.get("products", params=aware).json() == []


def test_recommendations_are_stored_as_given(api: Any, store: WooCommerceStore) -> None:
    mug, spoon = store.product_id("mug"), store.product_id("spoon")

    answer = api.put(f"products/{mug}", {"cross_sell_ids": [spoon, 0, -3, 99999], "upsell_ids": [str(spoon)]})

    assert answer.json()["cross_sell_ids"] == [spoon, 99999]
    assert answer.json()["upsell_ids"] == [spoon]
    assert api.put(f"products/{mug}", {"cross_sell_ids": []}).json()["cross_sell_ids"] == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"regular_price": 12.5}, "regular_price"),
        ({"cross_sell_ids": ["x"]}, "cross_sell_ids"),
        ({"cross_sell_ids": {"a": 1}}, "cross_sell_ids"),
        ({"stock_quantity": "many"}, "stock_quantity"),
        ({"manage_stock": "perhaps"}, "manage_stock"),
        ({"status": "live"}, "status"),
        ({"name": 5}, "name"),
        ({"meta_data": ["x"]}, "meta_data"),
    ],
)
def test_wrong_types_are_refused_and_change_nothing(
    api: Any, store: WooCommerceStore, change: dict[str, Any], name: str
) -> None:
    mug = store.product_id("mug")
    before = store.product(mug)

    answer = api.put(f"products/{mug}", change)

    assert code(answer) == (400, "rest_invalid_param")
    assert list(answer.json()["data"]["params"]) == [name]
    assert store.product(mug) == before


def test_null_is_not_given(api: Any, store: WooCommerceStore) -> None:
    assert api.put(f"products/{store.product_id('mug')}", {"name": None}).json()["name"] == "Mug <b>& more</b>"


def test_unknown_ids(api: Any) -> None:
    assert code(api.get("products/99999")) == (404, "woocommerce_rest_product_invalid_id")
    assert code(api.put("products/99999", {})) == (400, "woocommerce_rest_product_invalid_id")
    assert code(api.delete("products/99999")) == (404, "woocommerce_rest_product_invalid_id")
    assert code(api.get("orders/99999")) == (404, "woocommerce_rest_shop_order_invalid_id")
    assert code(api.get("customers/99999")) == (404, "woocommerce_rest_invalid_id")
    assert code(api.get("nothing")) == (404, "rest_no_route")


def test_the_price_follows_the_sale_window(api: Any, store: WooCommerceStore, clock: Clock) -> None:
    mug = store.product_id("mug")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    row = api.put(f"products/{mug}", {"sale_price": "4,50", "date_on_sale_to_gmt": tomorrow}).json()
    assert (row["price"], row["on_sale"], row["regular_price"]) == ("4.50", True, "7.00")
    assert "<del" in row["price_html"]

    clock.ahead = timedelta(days=2)
    assert (store.product(mug)["price"], store.product(mug)["on_sale"]) == ("7.00", False)


def test_a_variable_product_has_no_price_of_its_own(api: Any, store: WooCommerceStore) -> None:
    tea, small = store.product_id("tea"), store.product_id("TEA-S")

    parent = api.put(f"products/{tea}", {"regular_price": "1"}).json()
    child = api.put(f"products/{tea}/variations/{small}", {"regular_price": "18.00"}).json()

    assert (parent["regular_price"], parent["price"]) == ("", "19.90")
    assert child["price"] == "18.00"
    assert store.product(tea)["price"] == "18.00"
    refused = api.put(f"products/{small}", {"regular_price": "1"})
    assert code(refused) == (404, "woocommerce_rest_invalid_product_id")
    assert code(api.get(f"products/{tea}/variations/{tea}"))[0] == 404
    assert {row["id"] for row in api.get(f"products/{tea}/variations").json()} == set(parent["variations"])


def test_products_are_made_trashed_and_deleted(api: Any, store: WooCommerceStore) -> None:
    made = api.post("products", {"name": "Spoon", "regular_price": "3", "sku": "NEW", "tags": [{"name": "Gift"}]})
    number = made.json()["id"]
    assert (made.status_code, made.json()["slug"], made.json()["price"]) == (201, "spoon-2", "3")
    assert made.headers["Location"].endswith(f"/products/{number}")
    assert code(api.post("products", {"name": "Other", "sku": "NEW"})) == (400, "product_invalid_sku")

    assert api.delete(f"products/{number}").status_code == 200
    assert code(api.delete(f"products/{number}")) == (410, "woocommerce_rest_already_trashed")
    assert api.delete(f"products/{number}", params={"force": True}).status_code == 200
    assert api.get(f"products/{number}").status_code == 404


def test_batches(api: Any, store: WooCommerceStore) -> None:
    mug = store.product_id("mug")
    answer = api.post(
        "products/batch", {"update": [{"id": mug, "menu_order": 4}, {"id": 99999}], "delete": [99999]}
    ).json()

    assert answer["update"][0]["menu_order"] == 4
    assert answer["update"][1]["error"]["code"] == "woocommerce_rest_product_invalid_id"
    assert answer["delete"][0]["error"]["data"] == {"status": 404}
    full = {"update": [{"id": mug}] * 101}
    assert code(api.post("products/batch", full)) == (413, "woocommerce_rest_request_entity_too_large")


def test_meta_data_is_merged_by_key_and_removed_by_null(api: Any, store: WooCommerceStore) -> None:
    path = f"products/{store.product_id('spoon')}"
    api.put(path, {"meta_data": [{"key": "_a", "value": "1"}, {"key": "_b", "value": {"x": 2}}]})
    row = api.put(path, {"meta_data": [{"key": "_a", "value": "3"}, {"key": "_b", "value": None}]}).json()

    assert [(item["key"], item["value"]) for item in row["meta_data"]] == [("_a", "3")]


def test_an_order_over_rest(api: Any, store: WooCommerceStore) -> None:
    body = {
        "set_paid": True,
        "billing": {"first_name": "Ada", "email": "ada@example.com"},
        "line_items": [{"product_id": store.product_id("mug"), "quantity": 2}],
    }
    made = api.post("orders", body)

    row = made.json()
    assert (made.status_code, row["status"], row["total"], row["created_via"]) == (
        201,
        "processing",
        "10.00",
        "rest-api",
    )
    assert store.product(store.product_id("mug"))["stock_quantity"] == 8
    assert code(api.post("orders", {"billing": {"email": "nobody"}}))[0] == 400
    assert code(api.post("orders", {"line_items": [{"quantity": 1}]})) == (
        400,
        "woocommerce_rest_required_product_reference",
    )


def test_orders_are_found_by_status_and_customer(api: Any, store: WooCommerceStore) -> None:
    order_id = store.place_order(sample.order("new", ("SPOON", 1, "2.5"), email="eve@example.com"))
    customer = store.order(order_id)["customer_id"]

    assert [row["id"] for row in api.get("orders", params={"status": "processing"}).json()] == [order_id]
    assert [row["id"] for row in api.get("orders", params={"customer": customer}).json()] == [order_id]
    assert len(api.get("orders", params={"product": store.product_id("spoon")}).json()) == 2
    assert api.get("orders", params={"status": "lost"}).status_code == 400


def test_holding_mails_the_buyer_only_where_woocommerce_does(api: Any, store: WooCommerceStore) -> None:
    paid = store.place_order(sample.order("paid", ("SPOON", 1, "2.5")))
    unpaid = store.place_order(sample.order("unpaid", ("SPOON", 1, "2.5"), gateway="bank"), paid=False)
    for number in (paid, unpaid):
        assert api.put(f"orders/{number}", {"status": "on-hold"}).json()["status"] == "on-hold"

    held = [mail for mail in store.sent_mails if mail.kind == "customer_on_hold_order"]
    assert [(mail.order_id, mail.to) for mail in held] == [(unpaid, "ada@example.com")]
    assert api.put(f"orders/{paid}", {"status": "held"}).status_code == 400


def test_cancelling_gives_the_stock_back(store: WooCommerceStore) -> None:
    order_id = store.place_order(sample.order("new", ("MUG", 4, "5")))
    assert store.product(store.product_id("mug"))["stock_quantity"] == 6

    store.cancel_order(order_id)

    assert store.product(store.product_id("mug"))["stock_quantity"] == 10
    assert "Order status changed from Processing to Cancelled." in store.notes(order_id)


def test_notes_and_refunds(api: Any, store: WooCommerceStore) -> None:
    path = f"orders/{store.order_id('past')}"
    note = api.post(f"{path}/notes", {"note": "Looks odd", "customer_note": False}).json()
    assert [row["id"] for row in api.get(f"{path}/notes").json()] == [note["id"]]
    assert not store.sent_mails
    assert code(api.post(f"{path}/notes", {})) == (400, "rest_missing_callback_param")

    assert code(api.post(f"{path}/refunds", {"amount": "99"}))[0] == 500
    api.post(f"{path}/refunds", {"amount": "2.50", "reason": "Broken"})
    assert api.get(path).json()["refunds"][0]["total"] == "-2.50"
    api.post(f"{path}/refunds", {"amount": "10"})
    assert api.get(path).json()["status"] == "refunded"


def test_an_order_forgets_its_buyer(store: WooCommerceStore) -> None:
    order_id = store.order_id("past")

    store.anonymise_order(order_id)

    text = str(store.order(order_id))
    assert not any(word in text for word in ("Ada", "Lovelace", "ada@example.com", "203.0.113.9", "Str. 1"))
    assert store.order(order_id)["billing"]["email"] == "deleted@site.invalid"


def test_a_deleted_customer_leaves_the_orders(api: Any, store: WooCommerceStore) -> None:
    number = store.order(store.order_id("past"))["customer_id"]

    assert code(api.delete(f"customers/{number}")) == (501, "woocommerce_rest_trash_not_supported")
    store.delete_customer(number)

    assert store.order(store.order_id("past"))["customer_id"] == 0
    assert api.get("customers").json() == []


def test_webhooks_over_rest(api: Any) -> None:
    address = "http://127.0.0.1:9/hook"
    made = api.post("webhooks", {"topic": "order.created", "delivery_url": address, "name": "n"}).json()

    assert (made["resource"], made["event"], made["hooks"]) == ("order", "created", ["woocommerce_new_order"])
    refused = api.post("webhooks", {"topic": "stock.changed", "delivery_url": address})
    assert code(refused) == (400, "woocommerce_rest_shop_webhook_invalid_topic")
    refused = api.post("webhooks", {"topic": "order.updated", "delivery_url": "ftp://x"})
    assert code(refused) == (400, "woocommerce_rest_shop_webhook_invalid_delivery_url")
    assert api.put(f"webhooks/{made['id']}", {"status": "paused"}).json()["status"] == "paused"
    assert api.get("webhooks", params={"status": "active"}).json() == []
    assert code(api.delete(f"webhooks/{made['id']}")) == (501, "woocommerce_rest_trash_not_supported")
    assert api.delete(f"webhooks/{made['id']}", params={"force": True}).status_code == 200


def test_the_shop_says_what_it_is(api: Any) -> None:
    status = api.get("system_status").json()
    general = {row["id"]: row["value"] for row in api.get("settings/general").json()}

    assert status["environment"]["version"] == "9.9.5"
    assert status["settings"]["currency"] == general["woocommerce_currency"] == "EUR"
    assert [row["name"] for row in status["active_plugins"]] == ["WooCommerce"]


@pytest.mark.parametrize("plugin", ["wpml", "polylang"])
def test_a_translation_is_a_product_of_its_own(clock: Clock, plugin: str) -> None:
    store = WooCommerceStore(
        sample.seed(locales=("en", "fr")), consumer_key="ck", consumer_secret="cs", clock=clock,
        multilingual=plugin, deliver="manual",
    )  # fmt: skip
    mug = store.product_id("mug")
    with serve(store) as server:
        api = CLIENT(server.url, "ck", "cs", timeout=10)
        place = {"translation_of": mug} if plugin == "wpml" else {"translations": {"en": mug}}
        french = api.post("products", {"name": "Tasse", "lang": "fr", **place}).json()

        assert french["lang"] == "fr"
        assert api.get(f"products/{mug}").json()["translations"] == {"en": mug, "fr": french["id"]}
        assert [row["id"] for row in api.get("products", params={"lang": "fr"}).json()] == [french["id"]]
        assert api.post("products", {"name": "Again", "lang": "fr", **place}).status_code == 400
        assert api.post("products", {"name": "x", "lang": "xx"}).status_code == 400
        assert len(api.get("system_status").json()["active_plugins"]) == 3


def test_without_a_plugin_languages_are_ignored(api: Any, store: WooCommerceStore) -> None:
    row = api.put(f"products/{store.product_id('mug')}", {"lang": "fr"}).json()

    assert "lang" not in row


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Größe Tee – 日本", "grose-tee-%e6%97%a5%e6%9c%ac"), ("Mug <b>& more</b>", "mug-b-more-b"), ("!!!", "")],
)
def test_slugs(title: str, slug: str) -> None:
    assert slugify(title) == slug
