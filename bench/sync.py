"""The first sync of a very large store: how long, how many calls, how much memory; and what the trainer then loads.

The store is a process of its own (bench/sync_stores.py). The reader is another, so that its peak memory is its own: it
runs the product's slices as the Lambda does, against a table that keeps keys and stamps alone (DynamoDB keeps the rest)
and files on disk (S3).
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import Row
from bench.sync_stores import LINES
from chalicelib import bootstrap, connecting, working
from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.memory import LocalKeys, MemoryMail, MemoryMeter, MemoryQueue, MemoryRecords
from chalicelib.contracts import Credentials
from chalicelib.domain.events import Schedule
from chalicelib.domain.ids import shop_id
from chalicelib.domain.shop import Shop
from chalicelib.ports import Key, Record
from chalicelib.settings import Settings
from integrations import MARKETPLACES
from integrations.http import Transport

PRODUCTS, ORDER_LINES = 100_000, 1_000_000
SHARE = float(os.environ.get("TRADEWIND_BENCH_SHARE", "1"))
"""A smaller store where the whole one would take an hour of a busy machine; every note says what was read."""

LARGEST_MB = 3_000
"""What the scheduled function has (.chalice/config.json), rounded down."""

KEYS: Mapping[str, Mapping[str, str]] = {
    "shopify": {"access_token": "shpat_bench"},
    "woocommerce": {"consumer_key": "ck_bench", "consumer_secret": "cs_bench"},
}


def rows() -> Iterator[Row]:
    """Both stores, each in processes of its own."""
    for kind in KEYS:
        found = _read_in_its_own_process(kind, int(SHARE * PRODUCTS), -(-int(SHARE * ORDER_LINES) // LINES))
        for name, unit, value, note in _figures(found):
            limit = LARGEST_MB if unit == "MB" else None
            yield Row(
                name=f"sync.{kind}.{name}", value=value, unit=unit, peer="the function's memory" if limit else "",
                peer_value=limit, ratio=value / limit if limit else None, note=note,
            )  # fmt: skip


def _figures(found: Mapping[str, Any]) -> Iterator[tuple[str, str, float, str]]:
    what = f"{found['products']:,} products, {found['lines']:,} order lines in {found['orders']:,} orders"
    yield "seconds", "s", found["seconds"], f"{what}; processor time of the reader {found['cpu']:.0f} s"
    yield "store_calls", "calls", found["store_calls"], "HTTP requests to the store"
    yield "aws_calls", "calls", found["aws_calls"], found["aws"]
    yield "peak_mb", "MB", found["peak_mb"], f"{found['slices']} slices in one process, its libraries included"
    yield "load_seconds", "s", found["load_seconds"], "the whole history read for training"
    yield "load_peak_mb", "MB", found["load_peak_mb"], "the same process, so what the sync left is in it"


def _read_in_its_own_process(kind: str, products: int, orders: int) -> Mapping[str, Any]:
    serve = [sys.executable, "-m", "bench.sync_stores", kind, str(products), str(orders)]
    with subprocess.Popen(serve, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as store:
        assert store.stdout  # noqa: S101
        url = store.stdout.readline().strip()
        read = [sys.executable, "-m", "bench.sync", kind, url, str(products), str(orders)]
        done = subprocess.run(read, stdout=subprocess.PIPE, text=True, check=True)
        store.kill()
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


class Ledger(MemoryRecords):
    """A table that keeps of products and prices what a sync asks for again, and counts calls as DynamoDB bills them."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(clock)
        self.calls: Counter[str] = Counter()

    def put_many(self, records: Sequence[Record]) -> None:
        """In batches of 25."""
        self.calls["BatchWriteItem"] += -(-len(records) // 25)
        for one in records:
            super().put(replace(one, body=_stamp(one)))

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Record]:
        """In batches of 100."""
        self.calls["BatchGetItem"] += -(-len(keys) // 100)
        found = ((key, super(Ledger, self).get(key)) for key in keys)
        return {key: record for key, record in found if record is not None}

    def put(self, record: Record, expected: int | None = None) -> Record:
        """One write."""
        self.calls["PutItem"] += 1
        return super().put(record, expected)

    def get(self, key: Key) -> Record | None:
        """One read."""
        self.calls["GetItem"] += 1
        return super().get(key)


def _stamp(record: Record) -> Mapping[str, Any]:
    return {"updated_at": record.body["updated_at"]} if "#product#" in record.key.partition else {}


class DiskBlobs:
    """Files in a folder, counted."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.calls = folder, Counter[str]()

    def get(self, name: str) -> bytes | None:
        """One file."""
        self.calls["GetObject"] += 1
        path = self._path(name)
        return path.read_bytes() if path.exists() else None

    def put(self, name: str, data: bytes) -> None:
        """One file."""
        self.calls["PutObject"] += 1
        self._path(name).write_bytes(data)

    def list(self, prefix: str) -> Iterator[str]:
        """Names, in order."""
        names = (path.name.replace("%2F", "/") for path in self._folder.iterdir())
        return iter(sorted(name for name in names if name.startswith(prefix)))

    def delete(self, names: Sequence[str]) -> None:
        """Gone."""
        for name in names:
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / name.replace("/", "%2F")


def read(kind: str, url: str, products: int, orders: int) -> Mapping[str, Any]:
    """Sync one store as the Lambda does, then load its history; runs in a process of its own."""
    asked: Counter[str] = Counter()
    clock = SystemClock()
    records, queue, schedule = Ledger(clock), MemoryQueue(clock), MemoryQueue(clock)
    with tempfile.TemporaryDirectory(prefix="bench-sync-") as folder:
        blobs = DiskBlobs(Path(folder))
        ground = bootstrap.Ground(
            records=records, blobs=blobs, queue=queue, schedule=schedule, keys=LocalKeys(bytes(32)), mail=MemoryMail(),
            clock=clock, meter=MemoryMeter(),
        )  # fmt: skip
        settings = Settings(master_key=bytes(32), base_url=url, sandbox=True)
        transport = Transport(sandbox=True, observe=lambda what, status, seconds: asked.update([what]))
        services = bootstrap.build(settings, ground, {}, MARKETPLACES, (), transport)
        shop = Shop(
            id=shop_id(kind, "large"), marketplace=kind, name="Large", endpoint=url, currency="GBP", sandbox=True
        )
        services.shops.save(shop)
        services.shops.save_credentials(shop.id, Credentials(values=KEYS[kind]))
        began, cpu = time.monotonic(), time.process_time()
        connecting.schedule(services, shop.id, Schedule.SYNC)
        slices = 0
        while not any(job.finished_at for job in services.jobs.all(shop.id)):
            for message in schedule.take(1):
                slices += 1
                if not working.attempt(services, schedule, message):
                    raise RuntimeError("a slice failed")
                schedule.delete(message)
        seconds, spent, peak = time.monotonic() - began, time.process_time() - cpu, _peak_mb()
        calls = records.calls + blobs.calls
        began = time.monotonic()
        history = services.history.load(shop.id, "GBP")
        loaded = time.monotonic() - began
        held = sum(1 for part in records.partitions(f"{shop.id}#product") for _ in records.query(part))
    if held != products or len(history.order) != orders * LINES:
        raise RuntimeError(f"{held} products and {len(history.order)} lines arrived")
    return {
        "products": held, "orders": orders, "lines": len(history.order), "seconds": seconds, "cpu": spent,
        "store_calls": asked.total(), "aws_calls": calls.total(), "slices": slices, "peak_mb": peak,
        "aws": ", ".join(f"{name} {count}" for name, count in sorted(calls.items())),
        "load_seconds": loaded, "load_peak_mb": _peak_mb(),
    }  # fmt: skip


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
