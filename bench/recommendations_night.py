"""A very large shop's whole training in a process of its own: ``python -m bench.recommendations_night FOLDER``.

What a night runs: the stored history read, every graph trained, exported and stored. Order files and models lie on
disk, as they do in S3. The catalogue is not there (its mirror is the night's, not the training's), so the graphs of
what products are called are not part of it.
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.recommendations_neighbours import peak_mb
from bench.sync import DiskBlobs
from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.memory import MemoryRecords
from chalicelib.contracts import Material
from chalicelib.domain.ids import ShopId
from chalicelib.domain.shop import Policy, Shop, ShopState
from chalicelib.storage.artifacts import Artifacts
from chalicelib.storage.history import COLUMNS, Histories
from functions.recommendations.train import train

SHOP = ShopId("bench:one")
FILE_LINES = 200_000
NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 300
_FIRST_ID = 7_000_000_000_000


def write_orders(folder: Path, basket: np.ndarray, item: np.ndarray) -> None:
    """Order files of these lines as a first sync leaves them: thirteen-digit ids, buyers as 24-digit hashes."""
    begin = int(NOW.timestamp()) - DAYS * 86_400
    for number, first in enumerate(range(0, len(basket), FILE_LINES)):
        part = slice(first, first + FILE_LINES)
        orders, lines = basket[part].astype(np.int64), len(basket[part])
        at = begin + orders * (DAYS * 86_400) // (int(basket[-1]) + 1)
        buyers = (orders % (int(basket[-1]) // 4 + 1)).astype("<U24")
        columns = {
            "order": (_FIRST_ID + orders).astype(str), "customer": np.char.zfill(buyers, 24),
            "product": (_FIRST_ID + item[part].astype(np.int64)).astype(str),
            "variant": (2 * _FIRST_ID + item[part].astype(np.int64)).astype(str),
            "currency": np.full(lines, "EUR"), "country": np.where(orders % 5, "DE", "AT"), "at": at,
            "updated": at * 1_000, "price": np.full(lines, 500), "quantity": np.ones(lines, np.int32),
            "live": np.ones(lines, np.bool_),
        }  # fmt: skip
        path = folder / f"{SHOP}/orders/page-{number:08}.npz".replace("/", "%2F")
        np.savez_compressed(path, allow_pickle=False, **{name: columns[name] for name in COLUMNS})


def main(folder: str) -> None:
    """Train once and print one JSON line."""
    records, blobs = MemoryRecords(SystemClock()), DiskBlobs(Path(folder))
    begin = time.process_time()
    history = Histories(records, blobs).load(SHOP, "EUR")
    loaded, held = time.process_time() - begin, peak_mb()
    shop = Shop(id=SHOP, marketplace="bench", name="One", endpoint="", currency="EUR", state=ShopState.CONNECTED)
    material = Material(shop=shop, policy=Policy(), now=NOW, history=history, catalogue={})
    models = Artifacts(records, blobs)
    figures: dict[str, object] = {"lines": len(history.order), "products": len(history.products)}
    figures |= {"load_s": loaded, "load_rss_mb": held}
    for artifact in train(material, lambda line: print(f"  {line} ({peak_mb():,.0f} MB)", file=sys.stderr, flush=True)):
        models.publish(SHOP, artifact)
        figures[artifact.name] = {
            "mb": (len(artifact.graph) + sum(map(len, artifact.assets.values()))) / 1e6,
            "hit_rate": artifact.card.metrics.get("hit_rate_at_10"),
        }
    figures |= {"cpu_s": time.process_time() - begin, "rss_mb": peak_mb()}
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
