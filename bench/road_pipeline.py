"""The working path on the rehearsal's stage: how fast it is in memory, and what it asks of AWS (moto).

A merchant saves products: each save is a signed webhook, a proposal that is applied at once, and the echo of
our own write, which must change nothing. Or buyers buy: the stock falls, and nothing is to be decided.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from unittest import mock

from chalicelib.adapters.clients import Clients
from chalicelib.adapters.clocks import FrozenClock
from chalicelib.domain.catalogue import Product
from sandbox.bazaar import Stall
from sandbox.rehearsal import boards
from sandbox.rehearsal.boards import Boards, in_memory
from sandbox.rehearsal.stage import Play, Stage

PRODUCTS = 4
PAUSE = timedelta(minutes=5)
OF_LAMBDA = frozenset({"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"})
"""What Lambda's event source does for us, in batches; paid, but not waited for."""
OURS = ("records.", "blobs.", "queue.", "schedule.")


@dataclass(slots=True, kw_only=True)
class Busy:
    """What a stretch of work came to."""

    messages: int
    seconds: float
    """Processor time: on a busy machine the clock on the wall says little."""
    store_calls: int
    outcomes: Mapping[str, float]

    @property
    def per_second(self) -> float:
        """Messages through accepting and working."""
        return self.messages / self.seconds


@dataclass(slots=True)
class Bill:
    """Calls by name, and the units that DynamoDB asks money for."""

    calls: Counter[str] = field(default_factory=Counter)
    written: float = 0.0
    read: float = 0.0

    def clear(self) -> None:
        """Begin anew."""
        self.calls.clear()
        self.written = self.read = 0.0

    def see(self, **told: Any) -> None:
        """One call, before it is made (a listener of botocore's)."""
        params, model = told["params"], told["model"]
        self.calls[model.name] += 1
        if model.service_model.service_name == "dynamodb":
            written, read = _units(model.name, params)
            self.written += written
            self.read += read


def open_stage(shops: int, lay: Callable[[FrozenClock], Boards] = in_memory) -> Stage:
    """Shops that are connected and quiet."""
    stage = Stage(Play(seed=1, shops=shops, products=PRODUCTS), lay=lay)
    stage.open_shops()
    return stage


def save(stall: Stall, known: Product) -> None:
    """A merchant edits a product: its title counts its states."""
    stem, _, state = known.title.rpartition("-")
    stall.put_product(replace(known, title=f"{stem}-{int(state) + 1}"))


def sell(stall: Stall, known: Product) -> None:
    """A buyer takes one of a product."""
    variants = tuple(replace(one, stock=(one.stock or 0) - 1) for one in known.variants)
    stall.put_product(replace(known, variants=variants))


def busy(stage: Stage, times: int, happen: Callable[[Stall, Product], None] = save) -> Busy:
    """Things happen one after the other, and each is dealt with to the end."""
    names: Counter[str] = Counter()
    stage.hook = lambda name: names.update((name,))
    before, sent, stalls = dict(_outcomes(stage)), len(stage.sent), list(stage.bazaar.stalls.values())
    begin = time.process_time()
    for _ in range(times):
        stage.clock.advance(PAUSE)
        stall = stage.random.choice(stalls)
        happen(stall, stage.random.choice(list(stall.products.values())))
        _deal_with(stage, stall)
    spent = time.process_time() - begin
    stage.hook = None
    outcomes = {name: count - before.get(name, 0) for name, count in _outcomes(stage)}
    store = sum(count for name, count in names.items() if not name.startswith(OURS))
    return Busy(messages=len(stage.sent) - sent, seconds=spent, store_calls=store, outcomes=outcomes)


def _deal_with(stage: Stage, stall: Stall) -> None:
    """Deliver what one shop tells, and work, until it has nothing more to tell."""
    worked = True
    while worked:
        for request in stall.drain():
            stage.deliver(request)
        worked = stage.turn(stage.queue)


@contextmanager
def on_aws() -> Iterator[tuple[Callable[[FrozenClock], Boards], Bill]]:
    """The stage's AWS, and its bill."""
    bill = Bill()

    class Billed(Clients):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._session.register("before-parameter-build", bill.see)

    with mock.patch.object(boards, "Clients", Billed), boards.on_aws() as lay:
        yield lay, bill


def _outcomes(stage: Stage) -> Iterator[tuple[str, float]]:
    for name in ("applied", "proposed", "unchanged", "skipped", "refused", "duplicate", "problem"):
        yield name, stage.meter.total("outcome", outcome=name)


def _units(name: str, params: Mapping[str, Any]) -> tuple[float, float]:
    """(write units, read units) of one call, by "Read and write operations" of DynamoDB's developer guide.

    Sizes are those of the JSON that travels, which is a little more than DynamoDB counts; an update is taken
    to be as large as its expression's values, a read to be of one unit a key or, for a query, a page.
    """
    match name:
        case "PutItem":
            return _writes(params["Item"]), 0
        case "UpdateItem":
            return _writes(params.get("ExpressionAttributeValues", {})), 0
        case "DeleteItem":
            return 1, 0
        case "TransactWriteItems":
            return sum(2 * _of_transaction(item) for item in params["TransactItems"]), 0
        case "BatchWriteItem":
            requests = [one for several in params["RequestItems"].values() for one in several]
            return sum(_writes(one.get("PutRequest", {})) for one in requests), 0
        case "BatchGetItem":
            return 0, sum(len(table["Keys"]) * _strength(table) for table in params["RequestItems"].values())
        case _:
            return 0, _strength(params)


def _of_transaction(item: Mapping[str, Any]) -> float:
    (body,) = item.values()
    return _writes(body.get("Item") or body.get("ExpressionAttributeValues") or {})


def _writes(item: Mapping[str, Any]) -> float:
    return max(1, math.ceil(len(json.dumps(item, default=str)) / 1024))


def _strength(params: Mapping[str, Any]) -> float:
    return 1.0 if params.get("ConsistentRead") else 0.5
