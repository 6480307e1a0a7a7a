"""Order files of every recognised form, and what is bad in them, told."""

import json
from pathlib import Path

import polars as pl
import pytest

import cli
from bench.backtest_recommendations import as_sales
from bench.recommendations_catalogue import Wording, read_catalogue
from bench.recommendations_dates import moments
from bench.recommendations_files import LARGEST_ORDER, Orders, UnusableFile, read, summary
from tests.unit.recommendations.shops import sequences

OWN = "order_id,customer_id,product_id,quantity,unit_price,currency,created_at"
SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Currency,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem sku,Billing Country,Shipping Country,Cancelled at,Payment Method,Refunded Amount,Id"
)


def _written(folder: Path, *lines: str, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _rows(orders: Orders, *columns: str) -> list[tuple[object, ...]]:
    return orders.lines.select(columns).rows()


def test_own_columns_in_any_order_and_case_with_a_byte_order_mark(tmp_path):
    path = _written(
        tmp_path, "\ufeffCreated_at;Order_ID;customer_id;product_id;quantity;unit_price;currency;country",
        "2026-01-02T10:00:00+02:00;7;c;p1;2;1.234,50;EUR;DE",
    )
    orders = read(path)
    found = _rows(orders, "order_id", "product_id", "quantity", "unit_price", "country")
    assert found == [("7", "p1", 2.0, 1234.5, "DE")]
    assert str(orders.lines["created_at"][0]) == "2026-01-02 08:00:00+00:00"


def test_missing_columns_are_named_and_so_is_what_the_file_has(tmp_path):
    with pytest.raises(UnusableFile, match=r"lacks customer_id, unit_price, created_at. It has: order_id, product_id"):
        read(_written(tmp_path, "order_id,product_id,quantity,currency,when", "1,p,1,EUR,2026-01-01"))


def test_what_cannot_be_used_is_counted_by_reason(tmp_path):
    path = _written(
        tmp_path, OWN + ",status,test",
        "1,a,p,1,5,EUR,2026-01-01,paid,", "2,a,p,-1,5,EUR,2026-01-02,paid,", "3,a,p,1,5,EUR,2026-01-03,refunded,",
        "4,a,p,1,5,EUR,2026-01-04,cancelled,", "5,a,p,1,5,EUR,2026-01-05,paid,true", "6,a,,1,5,EUR,2026-01-06,paid,",
        "7,a,p,0,5,EUR,2026-01-07,paid,", "8,a,p,1,5,EUR,someday,paid,", "9,,q,1,5,EUR,2026-01-09,paid,",
        "10,a,q,1,9,USD,2026-01-10,paid,", "11,a,q,1,6,EUR,2026-01-11,paid,",
    )  # fmt: skip
    orders = read(path)
    assert orders.ignored == {
        "refunds": 2, "lines of cancelled or failed orders": 1, "test orders": 1, "lines without a product": 1,
        "lines of no units": 1, "lines whose date cannot be read": 1, "lines without a customer": 1,
    }  # fmt: skip
    assert "2 refunds ignored" in summary(orders)
    assert "1 lines in USD are taken without their prices; prices are in EUR" in summary(orders)
    assert _rows(orders, "order_id", "unit_price") == [("1", 5.0), ("10", None), ("11", 6.0)]


def test_nothing_left_says_why(tmp_path):
    with pytest.raises(UnusableFile, match="2 refunds ignored"):
        read(_written(tmp_path, OWN, "1,a,p,-1,5,EUR,2026-01-01", "2,a,p,-2,5,EUR,2026-01-01"))


def test_shops_where_nobody_has_an_account_keep_their_orders(tmp_path):
    orders = read(_written(tmp_path, OWN, "1,,p,1,5,EUR,2026-01-01", "1,,q,1,5,EUR,2026-01-01"))
    assert len(orders.lines) == 2
    assert as_sales(orders)[0].customer.tolist() == [-1, -1]


def test_an_order_of_two_hundred_thousand_lines_is_thinned_and_told(tmp_path):
    frame = pl.DataFrame({
        "order_id": ["1"] * 200_000, "customer_id": "a", "product_id": [f"p{i}" for i in range(200_000)], "quantity": 1,
        "unit_price": 1.0, "currency": "EUR", "created_at": "2026-01-01",
    })  # fmt: skip
    frame.write_parquet(tmp_path / "orders.parquet")
    orders = read(tmp_path / "orders.parquet")
    assert len(orders.lines) == LARGEST_ORDER
    assert orders.ignored == {"lines of orders of more than 2,000 lines": 198_000}


def test_a_shopify_export_repeats_no_order_facts(tmp_path):
    path = _written(
        tmp_path, SHOPIFY,
        "#1001,Ann@Example.com,paid,2026-03-01 10:15:00 -0500,USD,2026-03-01 10:14:00 -0500,2,Shirt - M,16.00,SH-M,"
        "US,CA,,Shopify Payments,0.00,55501",
        "#1001,Ann@Example.com,,,,2026-03-01 10:14:00 -0500,1,Tote - Big,20.00,TOTE,,,,,,",
        "#1002,bo@example.com,refunded,,USD,2026-03-02 10:14:00 -0500,1,Shirt - L,16.00,SH-L,"
        "US,US,,Shopify Payments,16.00,55502",
        "#1003,bo@example.com,paid,,USD,2026-03-03 10:14:00 -0500,1,Shirt - L,16.00,SH-L,US,,,Bogus,0.00,55503",
        "#1004,bo@example.com,paid,,USD,2026-03-04 10:14:00 -0500,1,Shirt - L,16.00,SH-L,US,,,manual,0.00,55504",
        "#1005,bo@example.com,paid,,USD,2026-03-05 10:14:00 -0500,1,Shirt - L,16.00,SH-L,"
        "US,,2026-03-06,manual,0.00,55505",
    )  # fmt: skip
    orders = read(path)
    assert orders.form == "Shopify orders export"
    assert _rows(orders, "order_id", "customer_id", "product_id", "quantity", "unit_price", "country") == [
        ("#1001", "ann@example.com", "Shirt", 2.0, 16.0, "CA"),
        ("#1001", "ann@example.com", "Tote - Big", 1.0, 20.0, "CA"),
        ("#1004", "bo@example.com", "Shirt", 1.0, 16.0, "US"),
    ]
    assert str(orders.lines["created_at"][0]) == "2026-03-01 15:14:00+00:00"
    assert orders.ignored == {"refunds": 1, "test orders": 1, "lines of cancelled or failed orders": 1}


def test_a_shopify_product_export_folds_variants_by_their_units(tmp_path):
    goods = _written(
        tmp_path, "Handle,Title,Body (HTML),Vendor,Type,Tags,Variant SKU",
        "shirt,Linen Shirt,<p>Soft</p>,Acme,Shirts,summer,SH-M", "shirt,,,,,,SH-L", name="products.csv",
    )  # fmt: skip
    catalogue = read_catalogue(goods)
    assert catalogue.handles == {"SH-M": "shirt", "SH-L": "shirt"}
    assert "Linen Shirt" in catalogue.texts["shirt"]
    line = "#1,a@b.c,paid,,USD,2026-03-01 10:14:00 -0500,1,Linen - L,16,SH-L,US,US,,manual,0,1"
    path = _written(tmp_path, SHOPIFY, line)
    assert _rows(read(path, catalogue.handles), "product_id") == [("shirt",)]


def test_woocommerce_exports_by_line_and_packed(tmp_path):
    by_line = read(_written(
        tmp_path, "order_id,order_number,order_date,status,order_currency,customer_id,billing_email,billing_country,"
        "item_product_id,item_name,item_quantity,item_total",
        "12,12,2026-02-03 09:00:00,completed,GBP,0,guest@x.org,GB,77,Mug,2,9.00",
        "13,13,2026-02-04 09:00:00,wc-refunded,GBP,5,e@x.org,GB,77,Mug,1,4.50",
    ))  # fmt: skip
    columns = ("order_id", "customer_id", "product_id", "quantity", "unit_price", "country", "title")
    assert _rows(by_line, *columns) == [("12", "guest@x.org", "77", 2.0, 4.5, "GB", "Mug")]
    assert by_line.ignored == {"refunds": 1}
    packed = read(_written(
        tmp_path, "order_id,order_date,status,order_currency,customer_id,billing_email,billing_country,line_items",
        "12,9/13/2026 6:29:00,processing,GBP,5,e@x.org,GB,"
        "id:1|name:Mug|product_id:77|quantity:2|total:9.00;id:2|name:Cup|product_id:78|quantity:1|total:3.00",
    ))  # fmt: skip
    assert _rows(packed, *columns) == [
        ("12", "5", "77", 2.0, 4.5, "GB", "Mug"), ("12", "5", "78", 1.0, 3.0, "GB", "Cup"),
    ]  # fmt: skip
    assert str(packed.lines["created_at"][0]) == "2026-09-13 06:29:00+00:00"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T10:00:00Z", "2026-03-01 10:00:00"),
        ("2026-03-01T10:00:00.250+02:00", "2026-03-01 08:00:00.250000"),
        ("2026-03-01 10:00:00 -0500", "2026-03-01 15:00:00"),
        ("2026-03-01 10:00", "2026-03-01 10:00:00"),
        ("2026-03-01", "2026-03-01 00:00:00"),
        ("01.03.2026 10:00", "2026-03-01 10:00:00"),
        ("Mar 1, 2026", "2026-03-01 00:00:00"),
        ("03/13/2026 1:05:00", "2026-03-13 01:05:00"),
        ("13/03/2026 1:05", "2026-03-13 01:05:00"),
        ("1767225600", "2026-01-01 00:00:00"),
        ("1767225600000", "2026-01-01 00:00:00"),
    ],
)
def test_moments_in_many_forms_and_zones(text, moment):
    found, _ = moments(pl.Series([text, "nonsense"]))
    assert str(found[0]) == f"{moment}+00:00"
    assert found[1] is None


def test_forms_may_be_mixed_in_one_file():
    texts = [
        "2026-03-01T10:00:00Z", "2026-03-01 12:00:00 +0200", "03/01/2026 10:00", "1772359200", "2026-03-01 10:00:00",
    ]  # fmt: skip
    found, noted = moments(pl.Series(texts))
    assert {str(one) for one in found} == {"2026-03-01 10:00:00+00:00"}
    assert noted == ["dates with slashes are read as month/day/year"]


def test_titles_of_later_lines_are_not_known_before(tmp_path):
    orders = read(_written(
        tmp_path, OWN + ",title", "1,a,p,1,5,EUR,2026-01-01,Red lamp", "2,a,q,1,5,EUR,2026-02-01,Blue lamp",
    ))  # fmt: skip
    wording = Wording(orders, ["p", "q"], None)
    early = wording(orders.lines["created_at"].dt.epoch("us")[0] / 86_400e6 + 1)
    assert early is not None
    assert abs(early[0]).sum() > 0
    assert abs(early[1]).sum() == 0
    assert wording(0.0) is None


def _sequence_file(folder: Path) -> Path:
    history = sequences(customers=150, items=80)
    rows = [
        f"{place},c{customer},p{item},1,9.00,USD,{int(day * 86_400) + 1_300_000_000}"
        for place, (customer, item, day) in enumerate(zip(history.customer, history.item, history.day, strict=True))
    ]
    return _written(folder, OWN, *rows)


def test_the_command_writes_figures_and_a_page(tmp_path, capsys):
    path, out, page = _sequence_file(tmp_path), tmp_path / "out.json", tmp_path / "out.html"
    code = cli.main([
        "backtest", "recommendations", "--orders", str(path), "--protocol", "leave-one-out", "--json", str(out),
        "--report", str(page), "--k", "5",
    ])  # fmt: skip
    assert code == 0
    models = json.loads(out.read_text())["models"]
    keys = {"model", "ndcg", "recall", "hr", "mrr", "coverage", "fit_seconds", "query_us", "chosen"}
    assert all(set(one) == keys for one in models)
    assert sum(one["chosen"] for one in models) == 1
    assert all(0 <= one[name] <= 1 for one in models for name in ("ndcg", "recall", "hr", "mrr", "coverage"))
    told = capsys.readouterr()
    assert "<- chosen" in told.out
    assert "chosen on validation" in told.err
    assert "<svg role=img" in page.read_text()


@pytest.mark.parametrize(
    ("lines", "options", "words"),
    [
        (["1,a,p,1,5,EUR,2026-01-01", "2,b,p,1,5,EUR,2026-02-01"], [], "one product"),
        ([f"{i},c{i},p{i % 3},1,5,EUR,2026-01-{i + 1:02}" for i in range(20)], [], "no repeat customers"),
        ([f"{i},c{i},p{i % 3},1,5,EUR,2026-01-{i + 1:02}" for i in range(20)], ["--protocol", "basket"], "two or more"),
        ([f"{i},c,p{i % 3},1,5,EUR,2026-01-{i + 1:02}" for i in range(20)],
         ["--validation-from", "2026-01-10", "--test-from", "2026-01-05"], "before --test-from"),
        ([f"{i},c,p{i % 3},1,5,EUR,2026-01-{i + 1:02}" for i in range(20)], ["--test-from", "soon"], "no date"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_judged_say_so(tmp_path, capsys, lines, options, words):
    path = _written(tmp_path, OWN, *lines)
    assert cli.main(["backtest", "recommendations", "--orders", str(path), *options]) == 2
    assert words in capsys.readouterr().err
