"""The stage: shops with webhooks to send, workers that take turns at every I/O call, and a random hand that
kills them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

from chalicelib import accepting, bootstrap, connecting, working
from chalicelib.accepting import Mouth
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.adapters.memory import MemoryMail, MemoryMeter
from chalicelib.contracts import Credentials, Engine, Function, RawRequest
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.ids import FunctionName, ProductId, ShopId, VariantId, shop_id
from chalicelib.domain.money import Money
from chalicelib.domain.shop import Mode, Shop
from chalicelib.errors import Retryable
from chalicelib.ports import Blobs, Queue, Records
from chalicelib.services import Services
from chalicelib.settings import Settings
from sandbox.bazaar import Bazaar, Stall, marketplace
from sandbox.rehearsal.boards import MASTER, Boards, TimedQueue, in_memory
from sandbox.rehearsal.players import NAME, Witness

START = datetime(2026, 1, 1, tzinfo=UTC)


class Killed(BaseException):
    """The worker died at this very call. Not an Exception: nothing in the product may catch it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What is to happen."""

    seed: int
    events: int = 1000
    shops: int = 3
    products: int = 12
    workers: int = 3
    duplicates: float = 0.05
    reordered: float = 0.10
    kills: float = 0.002
    """Chance of dying per I/O call."""
    deleted: float = 0.0
    """Share of the merchant's deeds that throw a product away."""
    currency: str = "EUR"
    price: Decimal = Decimal(10)
    """Of the first product; each further one costs one more."""
    lost: float = 0.0
    """Share of webhooks that the store never sends."""
    whole_seconds: bool = False
    """Whether stores tell time as real ones do, so that several states bear the same one."""


class Watched:
    """A port whose every call passes the stage before and after it takes effect."""

    def __init__(self, port: Any, name: str, pass_by: Callable[[str], None]) -> None:
        self._port, self._name, self._pass_by = port, name, pass_by

    def __getattr__(self, method: str) -> Any:
        real = getattr(self._port, method)
        if not callable(real):
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            self._pass_by(f"{self._name}.{method}")
            result = real(*args, **kwargs)
            self._pass_by(f"{self._name}.{method} done")
            return result

        return call


@dataclass(slots=True)
class Stage:
    """One run in progress: the world, and what has happened so far."""

    play: Play
    functions: Mapping[FunctionName, Function] = field(default_factory=lambda: {NAME: Witness()})
    engines: Sequence[Engine] = ()
    begins: datetime = START
    lay: Callable[[FrozenClock], Boards] = in_memory
    """Makes the ground that the play stands on."""
    hook: Callable[[str], None] | None = None
    """While set, it alone decides what happens at an I/O call, in place of the random hand."""
    random: Random = field(init=False)
    clock: FrozenClock = field(init=False)
    bazaar: Bazaar = field(init=False)
    queue: TimedQueue = field(init=False)
    schedule: TimedQueue = field(init=False)
    dead: TimedQueue = field(init=False)
    records: Records = field(init=False)
    blobs: Blobs = field(init=False)
    mail: MemoryMail = field(init=False)
    meter: MemoryMeter = field(init=False)
    services: Services = field(init=False)
    mouth: Mouth = field(init=False)
    sent: list[str] = field(default_factory=list)
    """Bodies that the work queue really holds or held."""
    buried: list[str] = field(default_factory=list)
    """Dead letters that a check has taken out of their queue."""
    kills: int = 0
    quiet: bool = True
    """While true nobody is killed and nobody takes turns: the opening and the end."""

    def __post_init__(self) -> None:
        self.random = Random(self.play.seed)
        self.clock = FrozenClock(self.begins)
        self.bazaar = Bazaar(self._store_time, self._io)
        boards = self.lay(self.clock)
        self.records, self.blobs = boards.records, boards.blobs
        self.queue, self.schedule, self.dead = boards.queue, boards.schedule, boards.dead
        self.mail, self.meter = MemoryMail(), MemoryMeter()
        self._build(boards)

    def _store_time(self) -> datetime:
        now = self.clock.now()
        return now.replace(microsecond=0) if self.play.whole_seconds else now

    def _build(self, boards: Boards) -> None:
        settings = Settings(master_key=MASTER, base_url="https://tradewind.example")
        watched: Callable[[Any, str], Any] = lambda port, name: Watched(port, name, self._io)  # noqa: E731
        ground = bootstrap.Ground(
            records=watched(boards.records, "records"), blobs=watched(boards.blobs, "blobs"),
            queue=watched(_Noted(boards.queue, self.sent), "queue"),
            schedule=watched(boards.schedule, "schedule"),
            keys=boards.keys, mail=self.mail, clock=self.clock, meter=self.meter,
        )  # fmt: skip
        places = {"bazaar": marketplace(self.bazaar)}
        self.services = bootstrap.build(settings, ground, self.functions, places, self.engines, None)
        self.mouth = bootstrap.mouth(settings, places, ground.queue, self.clock, self.meter)

    def open_shops(self, modes: Mapping[FunctionName, Mode] | None = None) -> None:
        """Connect the shops with their goods, and let the first sync and its proposals through."""
        for number in range(self.play.shops):
            stall = self.bazaar.open(f"stall{number}", currency=self.play.currency)
            for index in range(self.play.products):
                stall.put_product(product(stall, index, 1, self.play.price))
            draft = Shop(
                id=shop_id("bazaar", stall.account), marketplace="bazaar", name=stall.account,
                endpoint=f"bazaar://{stall.account}", currency=stall.currency,
            )  # fmt: skip
            modes = modes or dict.fromkeys(self.functions, Mode.AUTOMATIC)
            connecting.connect(self.services, draft, Credentials(values={"key": "k"}), by="test", modes=modes)
        self.settle()

    @property
    def shops(self) -> list[ShopId]:
        """All shops, connected or not."""
        return [shop_id("bazaar", account) for account in self.bazaar.stalls]

    def change_something(self) -> None:
        """A merchant edits a random product, or throws it away."""
        stall = self.random.choice(list(self.bazaar.stalls.values()))
        known = self.random.choice(list(stall.products.values()))
        if self.play.deleted and len(stall.products) > 1 and self.random.random() < self.play.deleted:
            stall.delete_product(known.id)
            return
        state = int(known.title.rpartition("-")[2]) + 1
        stall.put_product(replace(known, title=f"{known.title.rpartition('-')[0]}-{state}"))

    def settle(self, limit: int = 100_000) -> None:
        """Deliver and process everything, without faults, until nothing is left to do."""
        self.quiet = True
        for _ in range(limit):
            self.deliver_all()
            if not (self.turn(self.queue) or self.turn(self.schedule)) and not self.skip_ahead():
                return
        raise AssertionError(f"seed {self.play.seed}: it never settles")

    def deliver_all(self) -> None:
        """Every store sends what it has to tell, in order and once."""
        for stall in self.bazaar.stalls.values():
            while stall.outbox:
                self.deliver(stall.outbox.pop(0))

    def deliver(self, request: RawRequest) -> None:
        """One webhook reaches us; a store whose call failed sends it again."""
        for _ in range(8):
            try:
                answer = accepting.receive("bazaar", request, self.mouth)
            except (Killed, Retryable):
                self.kills += 1
                continue
            if answer.status != 200:
                raise AssertionError(f"a good webhook was answered {answer.status}")
            return

    def turn(self, queue: TimedQueue) -> bool:
        """One worker's life: take a batch, work on it, perhaps die."""
        batch = queue.take(10)
        for message in batch:
            if working.attempt(self.services, queue, message):
                queue.delete(message)
        return bool(batch)

    def skip_ahead(self) -> bool:
        """Move the clock to when the next message wakes; False when none sleeps."""
        wakes = [at for queue in (self.queue, self.schedule) if (at := queue.wakes_at()) is not None]
        if not wakes:
            return False
        self.clock.move_to(max(min(wakes), self.clock.now() + timedelta(milliseconds=1)))
        return True

    def run(self) -> None:
        """The whole play: changes, disordered deliveries, workers that take turns and die; a calm end."""
        self.quiet = False
        actors = [greenlet(self._worker) for _ in range(self.play.workers)]
        late: list[RawRequest] = []
        for _ in range(self.play.events):
            self.change_something()
            self.clock.advance(timedelta(milliseconds=self.random.randrange(1, 2000)))
            self._send_some(late)
            for index, actor in enumerate(actors):
                if actor.dead:
                    actors[index] = actor = greenlet(self._worker)
                if self.random.random() < 0.6:
                    actor.switch()
        self._finish(actors, late)

    def _finish(self, actors: list[greenlet], late: list[RawRequest]) -> None:
        self.quiet = True
        for request in late:
            self.deliver(request)
        for actor in actors:
            while not actor.dead:
                actor.switch(True)
        self.settle()

    def _send_some(self, late: list[RawRequest]) -> None:
        """Deliver new webhooks: some twice, some later than younger ones, some never."""
        for stall in self.bazaar.stalls.values():
            while stall.outbox:
                request = stall.outbox.pop(0)
                chance = self.random.random()
                if chance < self.play.lost:
                    continue
                if self.random.random() < self.play.duplicates:
                    late.append(request)
                if self.random.random() < self.play.reordered:
                    late.append(request)
                else:
                    self.deliver(request)
        if late and self.random.random() < 0.3:
            self.deliver(late.pop(self.random.randrange(len(late))))

    def _worker(self, end: bool = False) -> None:
        """Works until it dies; between batches it gives way."""
        while not end:
            try:
                self.turn(self.queue)
                self.turn(self.schedule)
            except Killed:
                self.kills += 1
                return
            stage = getcurrent().parent
            end = stage is None or bool(stage.switch())

    def _io(self, name: str) -> None:
        """Every I/O call passes here, before and after."""
        if self.hook is not None:
            self.hook(name)
            return
        if self.quiet:
            return
        if self.random.random() < self.play.kills:
            raise Killed(name)
        current = getcurrent()
        if current.parent is not None and self.random.random() < 0.05:
            current.parent.switch()


class _Noted:
    """The work queue, noting what it really took in."""

    def __init__(self, queue: Queue, sent: list[str]) -> None:
        self._queue, self._sent = queue, sent

    def send(self, body: str, **options: Any) -> None:
        self._queue.send(body, **options)
        self._sent.append(body)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)


def product(stall: Stall, index: int, state: int, first: Decimal = Decimal(10)) -> Product:
    """A product whose title counts its states."""
    price = Money(first + index, stall.currency)
    return Product(
        id=ProductId(f"p{index}"), handle=f"p{index}", title=f"product {index} state-{state}",
        status=ProductStatus.PUBLISHED, updated_at=stall.clock(),
        variants=(Variant(id=VariantId(f"v{index}"), price=price, stock=9),),
    )  # fmt: skip


def drawn(seed: int, events: int) -> Play:
    """A play whose every circumstance follows from its seed, so that many seeds see many kinds of trouble."""
    draw = Random(f"play {seed}").choice
    return Play(
        seed=seed, events=events, shops=draw((1, 2, 3, 5)), products=draw((3, 6, 12, 24)),
        workers=draw((1, 2, 3, 5)), duplicates=draw((0.0, 0.05, 0.2)), reordered=draw((0.0, 0.1, 0.3)),
        kills=draw((0.0005, 0.002, 0.01)), deleted=draw((0.0, 0.0, 0.03)), whole_seconds=draw((False, True)),
    )  # fmt: skip


def rehearse(play: Play) -> Stage:
    """Run a play from opening to end."""
    stage = Stage(play)
    stage.open_shops()
    stage.run()
    return stage
