"""`tradewind serve` and the operator's commands, as processes of their own, with a WooCommerce shop over http.

A gate stands between the shop and us, so that the road from the shop can be closed for a while.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pytest
import urllib3
from werkzeug import Request, Response

from chalicelib.adapters.clients import Clients
from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.dynamodb import DynamoRecords
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.domain.ids import ProductId, ShopId
from chalicelib.storage.catalogue import Catalogue
from chalicelib.storage.history import Histories
from sandbox.seed import Seed, SeedLine, SeedOrder, SeedProduct, SeedVariant
from sandbox.woocommerce_store import WooCommerceStore, serve
from sandbox.woocommerce_store.serving import listen

ROOT = Path(__file__).parent.parent.parent
KEY, SECRET = "ck_serve", "cs_serve"
GOODS, ORDERS = 30, 120
HAND_MADE, CHOICE = "good-7", ("good-20", "good-21")
FAILURES = 7
"""After so many in a row WooCommerce disables a webhook."""


def moment(day: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(days=ORDERS - day + 1)


def goods() -> list[SeedProduct]:
    return [
        SeedProduct(
            key=f"good-{n}", title=f"{('Lantern', 'Candle', 'Wick')[n % 3]} number {n}", created_at=moment(-300),
            product_type=("lamps", "candles", "spares")[n % 3],
            variants=(SeedVariant(sku=f"sku-{n}", price=Decimal(10 + n), stock=1000),),
        )
        for n in range(GOODS)
    ]  # fmt: skip


def order(n: int) -> SeedOrder:
    """Neighbours by three are bought together, again and again."""
    first = n % GOODS
    lines = tuple(SeedLine(sku=f"sku-{(first + d) % GOODS}", quantity=1, unit_price=Decimal(10)) for d in (0, 1, 2))
    return SeedOrder(
        key=f"order-{n}", created_at=moment(n), lines=lines, customer_key=f"b{n % 40}", email=f"b{n % 40}@example.com"
    )


@dataclass(slots=True)
class Gate:
    """Passes on what it gets, or answers 503 while it is closed."""

    behind: str = ""
    open: bool = True
    refused: int = 0
    pool: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        if not self.open:
            self.refused += 1
            return Response("closed", 503)(environ, start_response)
        answer = self.pool.request(
            request.method, self.behind + request.path, body=request.get_data(), headers=dict(request.headers)
        )
        return Response(answer.data, answer.status)(environ, start_response)


@dataclass(slots=True)
class Operator:
    """Somebody at a terminal."""

    environment: Mapping[str, str]
    shop: str = ""

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *words], cwd=ROOT, env=dict(self.environment), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *words: str) -> str:
        return self.end(self.start(*words))

    def end(self, process: "subprocess.Popen[str]", status: int = 0) -> str:
        said, _ = process.communicate(timeout=80)
        assert process.returncode == status, said
        return said


def wait(until: Callable[[], bool], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.2)


def children(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def first_line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


@pytest.fixture(scope="module")
def store() -> Iterator[WooCommerceStore]:
    seed = Seed(
        name="Wick and Lantern", currency="EUR", country="DE", products=goods(),
        orders=[order(n) for n in range(ORDERS)],
    )  # fmt: skip
    made = WooCommerceStore(seed, consumer_key=KEY, consumer_secret=SECRET, clock=lambda: datetime.now(UTC))
    chosen = [made.product_id(key) for key in CHOICE]
    made.update_product(made.product_id(HAND_MADE), cross_sell_ids=chosen)
    with serve(made):
        yield made


@pytest.fixture(scope="module")
def gate() -> Iterator[tuple[Gate, str]]:
    made = Gate()
    with listen(made) as server:
        yield made, server.url


@pytest.fixture(scope="module")
def operator(gate: tuple[Gate, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """The platform runs, and afterwards nothing of it is left."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEWIND_", "AWS_"))}
    state = tmp_path_factory.mktemp("platform") / "platform.json"
    person = Operator({**kept, "TRADEWIND_PLATFORM": str(state), "COLUMNS": "250", "OMP_NUM_THREADS": "1"})
    too_early = person.start("shops", "list")
    assert "tradewind serve" in person.end(too_early, status=1)
    platform = person.start("serve", "--port", "0", "--public-url", gate[1])
    try:
        said = first_line(platform.stdout)
        found = re.search(r"runs at (\S+)/ ", said)
        assert found, said
        gate[0].behind = found[1]
        helpers = children(platform.pid)
        assert helpers, "AWS's stand-in is a process of its own"
        yield person
    finally:
        platform.terminate()
        assert platform.wait(timeout=30) == 0, platform.stdout and platform.stdout.read()
    wait(lambda: not any(map(running, helpers)), "AWS's stand-in ends with the platform", 10)
    assert not state.exists()


@dataclass(frozen=True, slots=True)
class Memory:
    """What the platform believes of the shop: its goods, and its orders as trainers see them."""

    catalogue: Catalogue
    history: Histories

    def titles(self, shop: str, products: Sequence[int]) -> list[str]:
        found = self.catalogue.many(ShopId(shop), [ProductId(str(number)) for number in products])
        return [found[ProductId(str(number))].title for number in products if ProductId(str(number)) in found]

    def units(self, shop: str) -> int:
        """Pieces sold so far."""
        return int(self.history.load(ShopId(shop), "EUR").quantity.sum())


@pytest.fixture(scope="module")
def memory(operator: Operator) -> Memory:
    """Looks past the platform into what it has stored."""
    settings = json.loads(Path(operator.environment["TRADEWIND_PLATFORM"]).read_text())
    patch = pytest.MonkeyPatch()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.setenv(name, settings[name])
    clients = Clients(region=settings["TRADEWIND_REGION"], endpoint_url=settings["TRADEWIND_ENDPOINT_URL"])
    records = DynamoRecords(clients.dynamodb, "tradewind", SystemClock())
    assert clients.dynamodb.list_tables()["TableNames"] == ["tradewind"]  # the clients are made with these keys
    history = Histories(records, S3Blobs(clients.s3, "tradewind"))
    patch.undo()
    return Memory(Catalogue(records), history)


def cross_sells(store: WooCommerceStore) -> dict[int, list[int]]:
    ids = [store.product_id(f"good-{n}") for n in range(GOODS)]
    return {number: store.product(number)["cross_sell_ids"] for number in ids}


def quiet(store: WooCommerceStore) -> None:
    """Until the shop has told all and the lists have stopped changing."""
    known, since = cross_sells(store), time.monotonic()
    end = since + 60
    while time.monotonic() - since < 2.5:
        assert time.monotonic() < end, "the lists never stop changing"
        time.sleep(0.25)
        if store.pending_deliveries() or cross_sells(store) != known:
            known, since = cross_sells(store), time.monotonic()


def test_a_shop_is_connected_by_one_command(operator: Operator, store: WooCommerceStore) -> None:
    connect = ("shops", "connect", "woocommerce", "--url", store.url, "--key", KEY)
    plain_http = operator.start(*connect, "--secret", SECRET)
    wrong_secret = operator.start(*connect, "--secret", "cs_no", "--sandbox")
    assert "https://" in operator.end(plain_http, status=1)
    assert "Not connected" in operator.end(wrong_secret, status=1)
    said = operator.run(*connect, "--secret", SECRET, "--sandbox", "--mode", "off")
    found = re.search(r"as (woocommerce:\S+) \(EUR\)", said)
    assert found, said
    operator.shop = found[1]
    assert SECRET not in said
    listed = operator.run("shops", "list")
    assert "connected" in listed
    assert operator.shop in listed


def test_five_products_saved_in_one_second_are_all_seen(
    operator: Operator, store: WooCommerceStore, memory: Memory
) -> None:
    five = [store.product_id(f"good-{n}") for n in range(10, 15)]
    time.sleep(1 - time.time() % 1)  # the names of deliveries hold the second
    for number in five:
        store.update_product(number, name=f"Renamed {number}")
    assert store.outbox.wait_until_idle(30)
    told = [sent for sent in store.outbox.log if sent.topic == "product.updated" and sent.argument in five]
    assert len(told) == 5
    names = [dict(sent.headers)["X-WC-Webhook-Delivery-ID"] for sent in told]
    assert len(set(names)) < 5, "the shop repeats its Delivery-ID within a second"
    wanted = [f"Renamed {number}" for number in five]
    wait(lambda: memory.titles(operator.shop, five) == wanted, "all five in our mirror")


def test_what_was_missed_while_webhooks_were_disabled_is_caught_up(
    operator: Operator, store: WooCommerceStore, memory: Memory, gate: tuple[Gate, str]
) -> None:
    """Products saved, products thrown away, and orders placed: of each more than the failures that disable."""
    renamed = [store.product_id(f"good-{n}") for n in range(15, 15 + FAILURES + 2)]
    binned = store.product_id(f"good-{GOODS - 1}")
    sold = memory.units(operator.shop)
    gate[0].open = False
    for number in renamed:
        store.update_product(number, name=f"Missed {number}")
        assert store.outbox.wait_until_idle(30)
    assert gate[0].refused == FAILURES, "after the seventh failure the shop sends no more"
    placed = [store.place_order(order(ORDERS + n)) for n in range(FAILURES + 2)]
    store.trash_product(binned)
    assert store.outbox.wait_until_idle(30)
    silent = {hook.topic for hook in store.shop.webhooks.values() if hook.status == "disabled"}
    assert {"product.updated", "order.created", "order.updated"} <= silent
    assert memory.units(operator.shop) == sold
    gate[0].open = True
    operator.run("shops", "reconcile", operator.shop)
    wanted = [f"Missed {number}" for number in renamed]
    wait(lambda: memory.titles(operator.shop, renamed) == wanted, "all products that were missed in our mirror")
    pieces = sum(line["quantity"] for number in placed for line in store.order(number)["line_items"])
    assert pieces == 3 * len(placed)
    wait(lambda: memory.units(operator.shop) == sold + pieces, "all orders that were missed in our history")
    wait(lambda: memory.titles(operator.shop, [binned]) == [], "what was thrown away is gone from our mirror")
    assert {hook.status for hook in store.shop.webhooks.values()} == {"active"}
    store.update_product(renamed[0], name="Heard again")
    store.place_order(order(ORDERS))
    wait(lambda: memory.titles(operator.shop, renamed[:1]) == ["Heard again"], "the webhook works again")
    wait(lambda: memory.units(operator.shop) == sold + pieces + 3, "orders are heard again, each once")
    store.restore_product(binned)
    wait(lambda: len(memory.titles(operator.shop, [binned])) == 1, "what was fetched back is known again")


def test_recommendations_arrive_and_undo_takes_them_back(operator: Operator, store: WooCommerceStore) -> None:
    before = cross_sells(store)
    mine = store.product_id(HAND_MADE)
    assert [number for number, ids in before.items() if ids] == [mine]
    assert "recommendations is automatic" in operator.run(
        "shops", "mode", operator.shop, "recommendations", "automatic"
    )
    wait(lambda: all(cross_sells(store).values()), "recommendations beside every product")
    quiet(store)
    shown = cross_sells(store)
    assert shown[mine] == before[mine], "a list that somebody made by hand stays"
    first = store.product_id("good-1")
    assert store.product_id("good-2") in shown[first], "what is bought together stands together"
    assert all(number not in ids for number, ids in shown.items()), "nothing recommends itself"
    taken = operator.run("undo", operator.shop)
    assert "0 left alone" in taken
    quiet(store)
    assert cross_sells(store) == before
    said = operator.run("journal", operator.shop, "--lines", "500")
    assert said.count("applied") == said.count("undone") == len(re.findall(r"(?m)^undone:", taken))


def test_a_shop_that_leaves_is_left_alone(operator: Operator, store: WooCommerceStore) -> None:
    assert "disconnected" in operator.run("shops", "disconnect", operator.shop)
    assert not store.shop.webhooks
    listed = operator.start("shops", "list")
    nobody = operator.start("shops", "disconnect", "woocommerce:nobody")
    assert "uninstalled" in operator.end(listed)
    assert "not connected" in operator.end(nobody, status=1)
