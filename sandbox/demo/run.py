"""Load, connect, train, replay, count: the whole road once, with real orders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from time import monotonic, sleep

from rich.console import Console
from rich.progress import Progress

from chalicelib import connecting
from chalicelib.domain.events import Schedule
from chalicelib.domain.ids import FunctionName
from chalicelib.domain.shop import Mode
from sandbox import retail
from sandbox.demo import languages, report, screened
from sandbox.demo.shops import SHOPIFY_SECRET, DemoShop, connect, open_shops
from sandbox.demo.steps import bars, begin
from sandbox.demo.suspects import countries, seed_order, suspects
from sandbox.orders.records import OrderRecord
from sandbox.platform import Platform
from sandbox.seed import SeedOrder

HISTORY_FROM = datetime(2011, 8, 1, tzinfo=UTC)
PATIENCE_S = 900
SEEDS = (1, 2)
"""One world of simulated buyers per store."""
PAST = timedelta(minutes=40)
"""How long ago the first of them orders."""
WEEK = timedelta(days=7)
MOST_PENDING = 20
BATCH = 10
"""Messages that one worker is at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asks for."""

    webhooks: int = 300
    """How many webhooks the stores send, about; 0 replays the whole last quarter."""
    once: bool = False
    """End after the table instead of staying up."""
    goods: int = 60
    since: datetime = HISTORY_FROM
    """From when on the stores have a past; the data begins on 2010-12-01."""
    port: int = 8910
    noise: float = 0.05
    workers: int = 3


def run(options: Options) -> int:
    """The demonstration; exit status 0 only if every delivery is accounted for and nothing happened twice."""
    console = Console()
    console.print("[bold]Tradewind[/bold]: a store event becomes proposals, guardrails sift them, …")
    simulated = [suspects(seed, datetime.now(UTC) - PAST) for seed in SEEDS]
    table = Path(mkdtemp()) / "ip-countries.csv"
    table.write_text(countries(one for records in simulated for one in records))
    platform = Platform(
        port=0 if options.once else options.port,
        environment={"TRADEWIND_APP_SECRETS": f"shopify={SHOPIFY_SECRET}", "TRADEWIND_IP_COUNTRIES": str(table)},
    )
    try:
        year = retail.load(goods=options.goods, since=options.since, ends_at=datetime.now(UTC))
        shops = open_shops(year, platform, noise=options.noise)
        status = _play(console, platform, shops, options, simulated)
        if not options.once:
            report.addresses(console, platform, shops)
            _stay(console)
        return status
    finally:
        platform.close()
        rmtree(table.parent)


def _play(
    console: Console, platform: Platform, shops: Sequence[DemoShop], options: Options,
    simulated: Sequence[Sequence[OrderRecord]],
) -> int:  # fmt: skip
    platform.start_workers(options.workers)
    modes = _modes(platform)
    with bars(console) as progress:
        _learn(progress, platform, shops, modes)
        told = languages.translate(progress, platform, shops)
        _drain(progress, platform, shops)
        before = report.mark(platform, shops)
        _replay(progress, platform, shops, options)
        _drain(progress, platform, shops)
        _suspect(progress, platform, shops, options, simulated)
        _drain(progress, platform, shops)
    looked = [screened.release_one(platform, shop) for shop in shops]
    _settled(platform, shops)
    languages.table(console, platform, told)
    well = [report.table(console, platform, shops, before), languages.status(told)]
    return max(*well, screened.table(console, platform, shops, looked))


def _modes(platform: Platform) -> dict[FunctionName, Mode]:
    """Recommendations, translations and verdicts on orders go out by themselves where they clear their limits; prices
    wait."""
    modes = dict.fromkeys(platform.services.functions, Mode.OFF)
    modes[FunctionName("recommendations")] = Mode.AUTOMATIC
    modes[FunctionName("repricing")] = Mode.PROPOSE
    modes[FunctionName("screening")] = Mode.AUTOMATIC
    modes[languages.NAME] = Mode.AUTOMATIC
    return modes


def _learn(
    progress: Progress, platform: Platform, shops: Sequence[DemoShop], modes: dict[FunctionName, Mode]
) -> None:
    """Connect both shops; first sync, training and the first proposals follow by themselves."""
    task = begin(progress, "connect, first sync, training", total=None)
    for shop in shops:
        connect(platform, shop, modes)
    if not _settled(platform, shops):
        raise TimeoutError("the first sync and training did not end in time")
    progress.update(task, total=1, completed=1)


def _replay(progress: Progress, platform: Platform, shops: Sequence[DemoShop], options: Options) -> None:
    """Orders by time, alternating between the shops, each as its buyer placed it; retraining every week."""
    wanted = options.webhooks or 10**9
    task = begin(progress, "orders replayed as signed webhooks", total=options.webhooks or None)
    begun = _sent(shops)
    week: datetime | None = None
    for shop, order in _merged(shops):
        week = week or order.created_at
        if order.created_at - week >= WEEK:
            week = order.created_at
            for one in shops:
                connecting.schedule(platform.services, one.id, Schedule.TRAIN)
        shop.place(order)
        _keep_pace(platform, shops, options.workers)
        progress.update(task, completed=min(wanted, _sent(shops) - begun))
        if _sent(shops) - begun >= wanted:
            break


def _suspect(
    progress: Progress, platform: Platform, shops: Sequence[DemoShop], options: Options,
    simulated: Sequence[Sequence[OrderRecord]],
) -> None:  # fmt: skip
    """Simulated buyers, some of them with stolen cards, order in both stores."""
    orders = [
        (shop, seed_order(f"simulated-{shop.label}-{number}", record, shop.goods))
        for shop, records in zip(shops, simulated, strict=True)
        for number, record in enumerate(records)
    ]
    task = begin(progress, "simulated suspicious orders", total=len(orders))
    for shop, order in orders:
        shop.place(order)
        _keep_pace(platform, shops, options.workers)
        progress.advance(task)


def _merged(shops: Sequence[DemoShop]) -> Iterator[tuple[DemoShop, SeedOrder]]:
    every = [(order.created_at, index, order) for index, shop in enumerate(shops) for order in shop.coming]
    for _, index, order in islice(sorted(every, key=lambda item: item[:2]), None):
        yield shops[index], order


def _keep_pace(platform: Platform, shops: Sequence[DemoShop], workers: int) -> None:
    """A real shop's buyers do not wait for us; a demonstration on two cores does, a little.

    What is not finished may be what the workers are at, and one batch more. A longer line is worked off no faster,
    and all it would show is itself: each verdict on an order would come later by as much as the line takes.
    """
    while sum(len(shop.store.pending_deliveries()) for shop in shops) > MOST_PENDING:
        sleep(0.05)
    while platform.backlog() > BATCH * (workers + 1):
        sleep(0.05)


def _drain(progress: Progress, platform: Platform, shops: Sequence[DemoShop]) -> None:
    task = begin(progress, "workers finish", total=None)
    if not _settled(platform, shops):
        progress.console.print("[yellow]the queues did not run dry in time[/yellow]")
    progress.update(task, total=1, completed=1)


def _settled(platform: Platform, shops: Sequence[DemoShop]) -> bool:
    """Until stores have nothing to tell and queues are empty, for a little while."""
    end = monotonic() + PATIENCE_S
    calm = 0
    while monotonic() < end:
        quiet = platform.idle() and not any(shop.store.pending_deliveries() for shop in shops)
        calm = calm + 1 if quiet else 0
        if calm >= 4:
            return True
        sleep(0.25)
    return False


def _sent(shops: Sequence[DemoShop]) -> int:
    return sum(report.deliveries(shop) for shop in shops)


def _stay(console: Console) -> None:
    console.print("Press Ctrl+C to end.")
    try:
        while True:
            sleep(3600)
    except KeyboardInterrupt:
        console.print("Bye.")

