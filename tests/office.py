"""The whole product over memory with its real marketplaces, behind one WSGI door: pages, webhooks, queues."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock
from typing import Any

from werkzeug.wrappers import Request, Response

from chalicelib import accepting, bootstrap, working
from chalicelib.accepting import Mouth
from chalicelib.adapters.memory import (
    LocalKeys,
    MemoryBlobs,
    MemoryMail,
    MemoryMeter,
    MemoryQueue,
    MemoryRecords,
)
from chalicelib.contracts import Function, RawRequest
from chalicelib.domain.ids import FunctionName
from chalicelib.pauses import HAND_OUTS, LONG_HAND_OUTS
from chalicelib.ports import Clock
from chalicelib.services import Services
from chalicelib.settings import Settings
from chalicelib.web.routes import respond
from integrations import MARKETPLACES
from integrations.http import Transport
from sandbox.woocommerce_store.serving import listen

CLIENT, SECRET = "client-of-tests", "shpss_of_tests_with_thirty_two_bytes"
MASTER = bytes(range(32))


class HandClock:
    """A clock that moves when it is told to; stores and the product can share it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **amount: float) -> None:
        self.at += timedelta(**amount)


@dataclass
class Office:
    """One deployment."""

    services: Services
    mouth: Mouth
    records: MemoryRecords
    blobs: MemoryBlobs
    queue: MemoryQueue
    schedule: MemoryQueue
    dead: MemoryQueue
    meter: MemoryMeter
    mail: MemoryMail
    shut: bool = False
    """While true webhooks are answered 503, as in an outage."""
    seen: list[Request] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)
    at_once: bool = True
    """Work off the queues at each page, so that a browser sees what became of its click."""

    def work(self, limit: int = 200_000) -> int:
        """Process everything that waits; says how many messages there were."""
        done = 0
        while done < limit:
            batches = [(queue, queue.take(10)) for queue in (self.queue, self.schedule)]
            for queue, batch in batches:
                for message in batch:
                    done += 1
                    if working.attempt(self.services, queue, message):
                        queue.delete(message)
            if not any(batch for _, batch in batches):
                return done
        raise AssertionError("the queues never run dry")

    def receive(self, marketplace: str, request: RawRequest) -> int:
        """One webhook; its status."""
        return 503 if self.shut else accepting.receive(marketplace, request, self.mouth).status

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pages and webhooks over HTTP."""
        request = Request(environ)
        raw = raw_of(request)
        with self.lock:
            self.seen.append(request)
            parts = request.path.strip("/").split("/")
            if parts[0] == "hooks":
                raw = replace(raw, account=parts[2] if len(parts) > 2 else "")
                return Response(status=self.receive(parts[1], raw))(environ, start_response)
            answer = respond(self.services, raw)
            if self.at_once:
                self.work()
        response = Response(answer.body, answer.status)
        response.headers.clear()
        for name, value in answer.headers.items():
            for one in value if isinstance(value, list) else [value]:
                response.headers.add(name, one)
        return response(environ, start_response)


def raw_of(request: Request) -> RawRequest:
    """A WSGI request as the product takes it."""
    return RawRequest(
        method=request.method, path=request.path, body=request.get_data(), query=request.args.to_dict(),
        headers={name.lower(): value for name, value in request.headers.items()},
    )  # fmt: skip


def found(
    clock: Clock, functions: Mapping[FunctionName, Function], *, base_url: str = "https://app.tradewind.example",
    stores: Mapping[str, str] | None = None, transport: Transport | None = None,
) -> Office:  # fmt: skip
    """An office; ``stores`` says where the stores of Shopify domains answer."""
    settings = Settings(
        master_key=MASTER, base_url=base_url, app_ids={"shopify": CLIENT}, app_secrets={"shopify": (SECRET,)},
        sandbox=True, stores=stores or {},
    )  # fmt: skip
    dead = MemoryQueue(clock, name="dead")
    queue = MemoryQueue(clock, name="work", dead=dead, max_receives=HAND_OUTS)
    schedule = MemoryQueue(clock, name="schedule", dead=dead, max_receives=LONG_HAND_OUTS)
    records, blobs, meter, mail = MemoryRecords(clock), MemoryBlobs(), MemoryMeter(), MemoryMail()
    ground = bootstrap.Ground(
        records=records, blobs=blobs, queue=queue, schedule=schedule, keys=LocalKeys(MASTER), mail=mail, clock=clock,
        meter=meter,
    )  # fmt: skip
    reach = transport or Transport(sandbox=True)
    services = bootstrap.build(settings, ground, functions, MARKETPLACES, (), reach)
    mouth = bootstrap.mouth(settings, MARKETPLACES, queue, clock, meter)
    return Office(services, mouth, records, blobs, queue, schedule, dead, meter, mail)


@contextmanager
def opened(
    clock: Clock, functions: Mapping[FunctionName, Function], *, stores: Mapping[str, str] | None = None
) -> Iterator[Office]:
    """An office that listens on this machine."""
    office = found(clock, functions, stores=stores)
    with listen(office) as server:
        settings = replace(office.services.settings, base_url=server.url)
        office.services = replace(office.services, settings=settings)
        yield office
