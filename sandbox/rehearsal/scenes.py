"""Scenes that tests begin with: one or more open shops, an edit, a webhook, a worker with a fault in its path."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from greenlet import getcurrent, greenlet

from chalicelib.contracts import Function, RawRequest
from chalicelib.domain.ids import FunctionName, OrderId, ProductId, ShopId, Target, VariantId
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Address, Order, OrderLine, PaymentState
from chalicelib.domain.shop import Mode, Policy
from sandbox.bazaar import Effect, Stall
from sandbox.rehearsal.players import NAME, Witness
from sandbox.rehearsal.stage import Killed, Play, Stage

SHOWN = "product/{}/recommendations/related"


def opened(
    *functions: Function, shops: int = 1, products: int = 1, mode: Mode = Mode.AUTOMATIC,
    policy: Callable[[Policy], Policy] = lambda policy: policy, currency: str = "EUR", price: str = "10",
    **more: Any,
) -> Stage:  # fmt: skip
    """A stage whose shops are connected, synced and quiet."""
    cast: Mapping[FunctionName, Function] = {f.name: f for f in functions} or {NAME: Witness()}
    play = Play(seed=0, shops=shops, products=products, currency=currency, price=Decimal(price))
    stage = Stage(play, functions=cast, **more)
    stage.open_shops(dict.fromkeys(cast, mode))
    for shop in stage.shops:
        set_policy(stage, shop, policy)
    return stage


def set_policy(stage: Stage, shop: ShopId, change: Callable[[Policy], Policy]) -> None:
    """The merchant changes what we may do."""
    stage.services.shops.save_policy(shop, change(stage.services.shops.policy(shop)))


def stall(stage: Stage, index: int = 0) -> Stall:
    """One of the shops, from the store's side."""
    return list(stage.bazaar.stalls.values())[index]


def edit(stage: Stage, index: int = 0, product: str = "p0") -> list[RawRequest]:
    """The merchant saves a product in its next state; the webhooks that tell of it."""
    place = stall(stage, index)
    known = place.products[ProductId(product)]
    stem, _, state = known.title.rpartition("-")
    place.put_product(replace(known, title=f"{stem}-{int(state) + 1}"))
    return place.drain()


def shown(stage: Stage, index: int = 0, product: str = "p0") -> Any:
    """What buyers see beside a product."""
    return stall(stage, index).values.get(Target(SHOWN.format(product)))


def effects(stage: Stage, index: int = 0) -> list[Effect]:
    """Every write of ours that really happened in a shop."""
    return stall(stage, index).effects


def deliver(stage: Stage, requests: Sequence[RawRequest]) -> None:
    """All of them reach us, in this order."""
    for request in requests:
        stage.deliver(request)


CANARIES = {
    "email": "canary.buyer@leak.example", "name": "Canaria Birdsong", "street": "17 Canary Row",
    "postcode": "CN4 9RY", "city": "Canaryville", "ip": "203.0.113.77", "note": "canary note for the courier",
    "customer": "canary-customer-4711", "agent": "CanaryBrowser/7.7",
}  # fmt: skip
"""Personal values that must be found nowhere but in the store and in the worker's memory."""


def an_order(at: datetime, name: str = "o1", product: str = "p0") -> Order:
    """An order whose every personal field is a canary."""
    address = Address(
        name=CANARIES["name"], line_1=CANARIES["street"], city=CANARIES["city"], country="DE",
        postcode=CANARIES["postcode"],
    )  # fmt: skip
    paid = Money(Decimal(10), "EUR")
    line = OrderLine(
        product_id=ProductId(product), variant_id=VariantId("v" + product[1:]), quantity=1, unit_price=paid
    )
    return Order(
        id=OrderId(name), created_at=at, updated_at=at, currency="EUR", total=paid, lines=(line,),
        payment_state=PaymentState.PAID, email=CANARIES["email"], customer_id=CANARIES["customer"],
        billing=address, shipping=address, ip=CANARIES["ip"], note=CANARIES["note"],
        user_agent=CANARIES["agent"],
    )  # fmt: skip


@dataclass(slots=True)
class Breaking:
    """A hand that raises at the k-th I/O call, once, and counts the calls."""

    at: int
    error: Callable[[], BaseException] = Killed
    matching: str = ""
    """Only calls whose name contains it are counted."""
    calls: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        if self.matching in name:
            self.calls.append(name)
            if len(self.calls) == self.at:
                raise self.error()


def work(stage: Stage, hook: Callable[[str], None] | None = None) -> bool:
    """One worker takes what waits, under a hook; False where it died."""
    stage.hook = hook
    try:
        stage.turn(stage.queue)
    except Killed:
        return False
    finally:
        stage.hook = None
    return True


def calls_of_one_event(make: Callable[[], Stage]) -> int:
    """How many I/O calls a worker makes for one edited product, so that tests can break each."""
    stage, counting = make(), Breaking(0)
    deliver(stage, edit(stage))
    work(stage, counting)
    return len(counting.calls)


@dataclass(slots=True)
class Turns:
    """Two workers on one event: the first stops at its i-th call, the second at its j-th, then both go on."""

    stage: Stage
    stops: tuple[int, int]
    meanwhile: Callable[[], None] = lambda: None
    """Happens once, when the first has stopped."""
    counts: list[int] = field(default_factory=lambda: [0, 0])
    workers: list[greenlet] = field(default_factory=list)

    def play(self) -> None:
        """Until both are done."""
        main = getcurrent()
        self.workers = [greenlet(lambda: self.stage.turn(self.stage.queue), main) for _ in range(2)]
        self.stage.hook = self._pass
        try:
            self.workers[0].switch()
            self.meanwhile()
            for worker in (self.workers[1], *self.workers):
                if not worker.dead:
                    worker.switch()
        finally:
            self.stage.hook = None

    def _pass(self, name: str) -> None:
        current = getcurrent()
        if current not in self.workers or current.parent is None:
            return
        who = self.workers.index(current)
        self.counts[who] += 1
        if self.counts[who] == self.stops[who]:
            current.parent.switch()
