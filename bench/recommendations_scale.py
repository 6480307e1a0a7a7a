"""Recommendations as shops grow: training from 1,000 to 1,000,000 products, and what one product update costs.

Baskets follow a power law in size and in products, 20 lines a product. Each training runs in a process of its
own, ours and implicit's by turns; both use every core. Times are processor seconds, which a loaded machine
stretches less than the clock's; the clock's are in the notes. Products get made-up titles.

``scale`` is the companions alone, as implicit's item-kNN is; ``night`` is all that a night runs for the largest shop,
from the stored order files to the stored models. ``update`` is one list as the app makes it: two dozen candidates with
their reasons in words, where ``similar_items`` gives ten bare numbers.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from bench import Row, recommendations_night
from chalicelib.contracts import Artifact, Context, History, Material, Models
from chalicelib.domain.actions import Slot
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.events import EventKind, StoreEvent
from chalicelib.domain.ids import EventId, ProductId, ShopId, VariantId
from chalicelib.domain.money import Money
from chalicelib.domain.shop import Policy, Shop, ShopState
from chalicelib.inference import Loaded, check, shipped
from chalicelib.storage.codec import to_json
from chalicelib.texts import ENCODER
from functions.recommendations import content
from functions.recommendations.candidates import candidates
from functions.recommendations.train import train

HERE = Path(__file__).parent
PEERS_PYTHON = "TRADEWIND_PEERS_PYTHON"
NIGHT_FOLDER = "TRADEWIND_BENCH_NIGHT"
"""A folder that keeps the largest shop's order files from one run to the next: writing them takes minutes."""
SIZES = (1_000, 10_000, 100_000, 1_000_000)
SHOPS = (5_000, 50_000)
LINES = 20
LARGEST_BASKET = 200
UPDATES = 200
_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_SHOP = ShopId("bench:one")


def rows() -> Iterator[Row]:
    """Scaling, then updates."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _scaling(Path(folder))
        yield from _updates(Path(folder))
    yield from _reading()
    yield from _night()


def baskets(products: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Basket and product of each line, int32, by basket; no product twice in a basket; LINES a product."""
    random = np.random.default_rng(seed)
    wanted = LINES * products
    size = np.minimum(random.pareto(1.5, wanted // 2) + 2, LARGEST_BASKET).astype(np.int64)
    basket = np.repeat(np.arange(len(size)), size)[: int(1.3 * wanted)]
    share = np.cumsum(np.arange(1, products + 1) ** -0.8)
    rank = np.searchsorted(share, random.random(len(basket)) * share[-1])
    item = random.permutation(products)[np.minimum(rank, products - 1)]
    pair = np.unique(basket * products + item)[:wanted]
    return (pair // products).astype(np.int32), (pair % products).astype(np.int32)


def _scaling(folder: Path) -> Iterator[Row]:
    ours: list[Mapping[str, float]] = []
    for products in SIZES:
        file = _written(folder, products)
        ours.append(_run([sys.executable, "-m", "bench.recommendations_neighbours", str(file)]))
        yield from _beside(products, ours[-1], _implicit(file))
    times = [figure["cpu_s"] for figure in ours]
    slope = float(np.polyfit(np.log(SIZES), np.log(times), 1)[0])
    ends = float(np.log(times[-1] / times[0]) / np.log(SIZES[-1] / SIZES[0]))
    yield Row(
        name="recommendations.scale.slope", value=slope, unit="log time by log products",
        note=f"{SIZES[0]:,} to {SIZES[-1]:,} products, least squares; from the first to the last {ends:.3f}",
    )  # fmt: skip


def _written(folder: Path, products: int) -> Path:
    file = folder / f"{products}.npz"
    basket, item = baskets(products)
    np.savez(file, basket=basket, item=item)
    return file


def _beside(products: int, ours: Mapping[str, float], peer: Mapping[str, float]) -> Iterator[Row]:
    name = f"recommendations.scale.{products}_products"
    note = f"{LINES * products:,} lines, top 50, every core; by the clock ours {ours['wall_s']:.2f} s"
    if peer:
        apart = abs(ours["sum"] / peer["sum"] - 1)
        note += f", implicit's {peer['wall_s']:.2f} s; the kept cosines add up to the same but for {apart:.1e}"
    for figure, unit in (("cpu_s", "s of processor time"), ("rss_mb", "MB at most")):
        yield Row(
            name=f"{name}.{figure}", value=ours[figure], unit=unit, peer="implicit item-kNN" if peer else "",
            peer_value=peer.get(figure), ratio=ours[figure] / peer[figure] if peer else None, note=note,
        )  # fmt: skip


def _run(command: Sequence[str]) -> Mapping[str, float]:
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=True)
    figures: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _implicit(file: Path, queries: int = 0) -> Mapping[str, float]:
    python = os.environ.get(PEERS_PYTHON, "")
    if not python:
        print(f"  implicit left out: set {PEERS_PYTHON} to a Python that has it (bench/recommendations_peers.txt)")
        return {}
    return _run([python, "-W", "ignore", str(HERE / "recommendations_implicit.py"), str(file), str(queries)])


def _night() -> Iterator[Row]:
    """The whole training of the largest shop, in a process of its own."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(os.environ.get(NIGHT_FOLDER, made))
        if not any(folder.glob("*.npz")):
            recommendations_night.write_orders(folder, *baskets(SIZES[-1]))
        found = _run([sys.executable, "-m", "bench.recommendations_night", str(folder)])
    note = f"{found['lines']:,} lines of {found['products']:,} products: order files read "
    note += f"({found['load_s']:.0f} s, {found['load_rss_mb']:,.0f} MB), companions and trend trained, exported, stored"
    note += "; without the catalogue's mirror and what is made of it, without other functions"
    yield Row(name="recommendations.night.cpu_s", value=found["cpu_s"], unit="s of processor time", note=note)
    yield Row(
        name="recommendations.night.rss_mb", value=found["rss_mb"], unit="MB at most", peer="the limit: 2 GB",
        peer_value=2048.0, ratio=found["rss_mb"] / 2048, note=note,
    )  # fmt: skip


class _Shelf(Models):
    """Trained artifacts, loaded."""

    def __init__(self, artifacts: Iterable[Artifact]) -> None:
        self._loaded = {artifact.name: _loaded(artifact) for artifact in artifacts}

    def get(self, name: str) -> Loaded | None:
        return self._loaded.get(name)


def _loaded(artifact: Artifact) -> Loaded:
    import hashlib

    card = replace(artifact.card, sha256=hashlib.sha256(artifact.graph).hexdigest())
    return check(artifact.graph, json.dumps(to_json(card)).encode(), artifact.assets)


def _updates(folder: Path) -> Iterator[Row]:
    for products in SHOPS:
        goods = _goods(products)
        begin = time.process_time()
        models = _Shelf(train(_material(goods), lambda line: None))
        trained = time.process_time() - begin
        peer = _implicit(_written(folder, products), UPDATES)
        yield from _update_rows(products, goods, models, peer, trained)


def _update_rows(
    products: int, goods: Mapping[ProductId, Product], models: Models, peer: Mapping[str, float], trained: float
) -> Iterator[Row]:
    some = [ProductId(str(i)) for i in np.random.default_rng(5).integers(0, products, UPDATES)]
    for slot, unit in ((Slot.COMPLEMENTARY, "goes with it"), (Slot.RELATED, "resembles it")):
        took = _timed(lambda p, slot=slot: candidates(_context(goods, p), models, p, slot), some)  # type: ignore[misc]
        query = peer.get("query_us")
        yield Row(
            name=f"recommendations.update.{products}_products.{slot}", value=took, unit="microseconds",
            peer="implicit similar_items" if query else "", peer_value=query, ratio=took / query if query else None,
            note=f"one product's 24 candidates of what {unit}, with reasons, graph and all, median of {UPDATES}, "
            f"one thread, its text read before, beside ten bare numbers; the shop's training took {trained:.1f} s of "
            "processor time",
        )  # fmt: skip


def _timed(work: Callable[[ProductId], object], products: Sequence[ProductId]) -> float:
    work(products[0])
    took = []
    for product in products:
        begin = time.process_time()
        work(product)
        took.append(time.process_time() - begin)
    return float(np.median(took)) * 1e6


def _context(goods: Mapping[ProductId, Product], product: ProductId) -> Context:
    shop = Shop(
        id=_SHOP, marketplace="bench", name="One", endpoint="", currency="EUR", state=ShopState.CONNECTED
    )
    event = StoreEvent(
        id=EventId("1"), shop_id=_SHOP, kind=EventKind.PRODUCT_CHANGED, resource=product, occurred_at=_NOW,
        received_at=_NOW, delivery="1", topic="",
    )  # fmt: skip
    return Context(shop=shop, policy=Policy(), event=event, now=_NOW, catalogue=goods)


_COLOURS = ["red", "blue", "green", "yellow", "white", "black", "pink", "ivory", "gold", "silver"]
_STYLES = ["retro", "floral", "striped", "rustic", "modern", "vintage", "dotted", "plain", "woven", "painted"]
_THINGS = ["lamp", "cup", "bowl", "frame", "towel", "clock", "basket", "candle", "cushion", "tray", "vase", "box"]


def _goods(products: int) -> Mapping[ProductId, Product]:
    random = np.random.default_rng(9)
    goods = {}
    for number in range(products):
        thing = _THINGS[int(random.integers(len(_THINGS)))]
        title = f"{random.choice(_COLOURS)} {random.choice(_STYLES)} {thing} no {number % 97}"
        name = ProductId(str(number))
        price = Money(Decimal(int(random.integers(100, 9_000))) / 100, "EUR")
        goods[name] = Product(
            id=name, handle=name, title=title, status=ProductStatus.PUBLISHED, updated_at=_NOW, product_type=thing,
            variants=(Variant(id=VariantId(name), price=price),),
        )  # fmt: skip
    return goods


def _material(goods: Mapping[ProductId, Product]) -> Material:
    """A shop of these products with LINES order lines each, over 300 days."""
    basket, item = baskets(len(goods))
    lines = len(basket)
    last = int(_NOW.timestamp())
    history = History(
        order=basket.astype(np.int64), at=last - 300 * 86_400 + basket.astype(np.int64) * (300 * 86_400 // basket[-1]),
        customer=(basket % 1_000).astype(np.int32), product=item, quantity=np.ones(lines, np.int32),
        unit_price_minor=np.full(lines, 500, np.int64), country=np.zeros(lines, np.int16),
        variant=np.full(lines, -1, np.int32), products=list(goods), variants=(), countries=("DE",), currency="EUR",
    )  # fmt: skip
    context = _context(goods, ProductId("0"))
    return Material(shop=context.shop, policy=context.policy, now=_NOW, history=history, catalogue=goods)


def _reading() -> Iterator[Row]:
    """What a text that was never read adds to an update."""
    folder = shipped(ENCODER)
    if folder is None:
        return
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    encoder = check(files.pop("model.onnx"), files.pop("card.json"), files)
    texts = [product.title for product in list(_goods(40).values())]
    took = _timed(lambda text: content.meanings(encoder, [text]), [ProductId(text) for text in texts])
    yield Row(
        name="recommendations.update.reading_a_new_title", value=took, unit="microseconds",
        note="the text encoder on one thread, once per changed text; median of 40 titles",
    )  # fmt: skip
