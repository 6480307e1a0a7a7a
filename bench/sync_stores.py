"""Two very large stores for the first sync: rows of the strict sandbox stores, repeated under new ids.

``python -m bench.sync_stores shopify|woocommerce PRODUCTS ORDERS`` serves one and prints its address. It answers what a
first sync asks and nothing else; the sandbox stores themselves would need tens of gigabytes for as many objects.
"""

import json
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Request, Response

from integrations.shopify import operations
from sandbox.shopify_store import ShopifyStore, samples
from sandbox.woocommerce_store import WooCommerceStore, php_json
from sandbox.woocommerce_store.serving import listen

BASE = datetime(2025, 1, 1, tzinfo=UTC)
LINES = 3
PAGE = 100
KINDS = {"products": "1", "orders": "2"}
"""Shopify's exports by number."""


def main(arguments: list[str]) -> None:
    """Serve until the process is ended or nobody reads any more."""
    kind, products, orders = arguments[0], int(arguments[1]), int(arguments[2])
    made: Any = {"shopify": ExportingStore, "woocommerce": PagingStore}[kind](products, orders)
    with listen(made) as server:
        made.url = server.url
        print(server.url, flush=True)
        sys.stdin.read()


def _seed() -> Any:
    text = "<p>Blue.</p>" * 12
    goods = [
        samples.product(f"k{n}", f"Mug {n}", samples.variant(f"S{n}", "8.50"), description_html=text)
        for n in range(LINES)
    ]
    bought = samples.order("o1", *((f"S{n}", 2) for n in range(LINES)), at=BASE - timedelta(days=1))
    return samples.seed(products=goods, orders=[bought])


class ExportingStore:
    """Shopify: counts, exports and their files; each file lies on disk and is read by ranges."""

    def __init__(self, products: int, orders: int) -> None:
        self.url = ""
        self._counts = {"products": products, "orders": orders}
        self._folder = Path(tempfile.mkdtemp(prefix="bench-sync-"))
        lines = _shopify_rows()
        self._write("products", products, lambda n: _goods(lines["products"], n))
        self._write("orders", orders, lambda n: _sale(lines["orders"], n, products))

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        if request.path.startswith("/files/"):
            return self._file(request, environ, start_response)
        body = json.loads(request.get_data())
        return Response(json.dumps({"data": self._answer(body)}), mimetype="application/json")(environ, start_response)

    def _answer(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        match body.get("operationName"):
            case "Counts":
                return {f"{kind}Count": {"count": count} for kind, count in self._counts.items()}
            case "StartExport":
                kind = "orders" if re.search(r"\borders\s*\(", body["variables"]["query"]) else "products"
                started = {"id": f"gid://shopify/BulkOperation/{KINDS[kind]}", "status": "CREATED"}
                return {"bulkOperationRunQuery": {"bulkOperation": started, "userErrors": []}}
            case "Export":
                number = body["variables"]["id"].rpartition("/")[2]
                kind = next(kind for kind, known in KINDS.items() if known == number)
                url = f"{self.url}/files/{kind}.jsonl"
                return {"bulkOperation": {"id": body["variables"]["id"], "status": "COMPLETED", "url": url}}
        raise ValueError(f"a first sync does not ask {body.get('operationName')}")

    def _file(self, request: Request, environ: Any, start_response: Any) -> Any:
        path = self._folder / request.path.rpartition("/")[2]
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers["range"])
        begin, end = (int(found[1]), int(found[2])) if found else (0, 0)
        with path.open("rb") as file:
            file.seek(begin)
            data = file.read(end - begin + 1)
        headers = {"Content-Range": f"bytes {begin}-{begin + len(data) - 1}/{path.stat().st_size}"}
        return Response(data, 206 if data else 416, headers)(environ, start_response)

    def _write(self, kind: str, count: int, rows: Callable[[int], str]) -> None:
        with (self._folder / f"{kind}.jsonl").open("w") as file:
            file.writelines(rows(number) for number in range(count))


class PagingStore:
    """WooCommerce: products and orders a hundred at a time, oldest change first."""

    def __init__(self, products: int, orders: int) -> None:
        self.url = ""
        self._rows = {"products": products, "orders": orders}
        store = WooCommerceStore(
            _seed(), consumer_key="ck_b", consumer_secret="cs_b", clock=lambda: BASE, deliver="manual"  # noqa: S106
        )
        self._product = php_json.encode(store.product(store.product_id("k0"))).decode()
        self._order = php_json.encode(store.order(store.order_id("o1"))).decode()
        self._goods = [store.product_id(f"k{n}") for n in range(LINES)]
        self._ids = {"products": store.product_id("k0"), "orders": store.order_id("o1")}

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        kind = request.path.rpartition("/")[2]
        query = {name: values[0] for name, values in parse_qs(request.query_string.decode()).items()}
        after = query.get("modified_after")
        begin = 0
        if after:
            passed = datetime.fromisoformat(after).replace(tzinfo=UTC) - BASE
            begin = max(0, int(passed.total_seconds()) + 1)
        skipped = {int(one) for one in query.get("exclude", "").split(",") if one}
        numbers = (n for n in range(begin, self._rows[kind]) if n + 1 not in skipped)
        rows = [self._row(kind, number) for number, _ in zip(numbers, range(PAGE), strict=False)]
        return Response(f"[{','.join(rows)}]", mimetype="application/json")(environ, start_response)

    def _row(self, kind: str, number: int) -> str:
        """Changed in a second of its own; ids count from one."""
        at = (BASE + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S")
        text = self._product if kind == "products" else self._order
        text = re.sub(r'"id":\d+', f'"id":{number + 1}', text, count=1)
        text = re.sub(r'"date_modified_gmt":"[^"]*"', f'"date_modified_gmt":"{at}"', text)
        for place, known in enumerate(self._goods) if kind == "orders" else ():
            product = (number + place) % self._rows["products"] + 1
            text = text.replace(f'"product_id":{known}', f'"product_id":{product}', 1)
        return text


def _shopify_rows() -> Mapping[str, list[str]]:
    """One product with its variant and one order with its lines, as the sandbox store exports them."""
    store = ShopifyStore(_seed(), clock=lambda: BASE)
    found = {}
    for kind, name in (("products", "ExportedProducts"), ("orders", "ExportedOrders")):
        store.execute(operations.documents()["StartExport"], {"query": operations.inline(name)})
        (operation,) = store.run_bulk_operations()
        path = store.bulk_result(operation.token)
        found[kind] = path.read_text().splitlines() if path else []
    return found


def _goods(lines: list[str], number: int) -> str:
    """The first product and its variant under other ids."""
    return "".join(f"{_renamed(line, number)}\n" for line in lines[:2])


def _sale(lines: list[str], number: int, products: int) -> str:
    """The order under another id, its lines of other products."""
    rows = []
    for place, line in enumerate(lines):
        product = (number + place) % products
        mine = re.sub(r"gid://shopify/Product/\d+", f"gid://shopify/Product/{1_000_000 + product}", line)
        mine = re.sub(r"gid://shopify/ProductVariant/\d+", f"gid://shopify/ProductVariant/{1_000_000 + product}", mine)
        mine = re.sub(r"gid://shopify/LineItem/\d+", f"gid://shopify/LineItem/{number * 10 + place + 1}", mine)
        rows.append(re.sub(r"gid://shopify/Order/\d+", f"gid://shopify/Order/{1_000_000 + number}", mine) + "\n")
    return "".join(rows)


def _renamed(line: str, number: int) -> str:
    kinds = "Product|ProductVariant|InventoryItem"
    return re.sub(rf"gid://shopify/({kinds})/\d+", rf"gid://shopify/\g<1>/{1_000_000 + number}", line)


if __name__ == "__main__":
    main(sys.argv[1:])
