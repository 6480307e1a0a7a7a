"""What our own clock starts: first sync, reconciliation, training, proposing for the whole catalogue, jobs.

A Lambda lives fifteen minutes, so long work is done in slices: a slice ends by sending the message for the
next one, and a job record holds the cursor, so that a crash repeats one slice at most.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from chalicelib import connecting, deciding, notifying, upkeep
from chalicelib.contracts import Material, StoreClient
from chalicelib.domain.events import Schedule, StoreEvent, event_id, to_message
from chalicelib.domain.ids import FunctionName, ProductId, ProposalId
from chalicelib.domain.journal import Outcome
from chalicelib.domain.shop import Mode, Shop
from chalicelib.errors import AppError, NotAllowed, Retryable
from chalicelib.services import Services
from chalicelib.storage.jobs import Job

PAGES = 40
"""Pages that one slice of a sync reads."""

DECISIONS = 50
"""Decisions that one slice of a bulk job takes."""

BATCH = 20
"""Products that one message asks functions about."""

GROWTH = 10
"""One part in so many new order lines, and models are trained again before the night."""

OVERLAP = timedelta(minutes=30)
"""How far before the last reconciliation the next one begins: clocks differ, and stores commit late."""


def run(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Do one scheduled piece of work for one shop. Raises Retryable, NeedsMerchant."""
    assert isinstance(event.kind, Schedule)  # noqa: S101  KINDS holds nothing else
    return _RUNS[event.kind](services, shop, event)


def first_sync(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Read the whole catalogue and all orders, slice by slice, then train."""
    job = _job(services, shop, event, "sync")
    client = services.open_store(shop)
    part, _, cursor = (job.cursor or "products|").partition("|")
    for _ in range(PAGES):
        count, following = _PARTS[part](services, shop, client, cursor or None)
        part, cursor = _advance(part, following)
        job = services.jobs.advance(job, done=count, cursor=f"{part}|{cursor}")
        if part == "done":
            _close(services, job)
            services.memories.remember(shop.id, {_RECONCILED: job.started_at.isoformat()})
            connecting.schedule(services, shop.id, Schedule.TRAIN)
            return Outcome.APPLIED
    connecting.schedule(services, shop.id, Schedule.SYNC, resource=job.id, detail=job.cursor)
    return Outcome.APPLIED


def _read_products(
    services: Services, shop: Shop, client: StoreClient, cursor: str | None
) -> tuple[int, str | None]:
    page = client.product_page(since=None, cursor=cursor)
    services.catalogue.see_many(shop.id, page.items)
    services.prices.begin(shop.id, [point for product in page.items for point in upkeep.prices_of(product)])
    return len(page.items), page.cursor


def _read_orders(
    services: Services, shop: Shop, client: StoreClient, cursor: str | None
) -> tuple[int, str | None]:
    page = client.order_page(since=None, cursor=cursor)
    services.history.append(
        shop.id,
        [(order, upkeep.customer_of(services, shop.id, order)) for order in page.items],
        page=cursor or "first",
    )
    return len(page.items), page.cursor


_PARTS: Mapping[str, Callable[[Services, Shop, StoreClient, str | None], tuple[int, str | None]]] = {
    "products": _read_products,
    "orders": _read_orders,
}


def _advance(part: str, following: str | None) -> tuple[str, str]:
    if following is not None:
        return part, following
    return ("orders", "") if part == "products" else ("done", "")


def reconcile(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Ask the store what changed since we last asked, and treat each change as if its webhook had come."""
    started = services.clock.now()
    known = services.memories.recall(shop.id, [_RECONCILED]).get(_RECONCILED)
    since = started - timedelta(days=2) if known is None else started.fromisoformat(known)
    mended = connecting.subscribe(services, shop)
    if mended:
        services.trouble(
            shop.id, "webhooks_mended", "Webhooks had stopped and were mended: " + ", ".join(mended)
        )
    else:
        services.problems.clear(shop.id, "webhooks_mended")
    for ref in services.open_store(shop).changed_since(since - OVERLAP):
        name = event_id("reconcile", shop.id, str(ref.kind), ref.id, ref.updated_at.isoformat())
        told = StoreEvent(
            id=name, shop_id=shop.id, kind=ref.kind, resource=ref.id, occurred_at=ref.updated_at,
            received_at=started, delivery=f"{event.id}{name}", topic="reconcile",
        )  # fmt: skip
        services.queue.send(to_message(told), group=shop.id)
    services.memories.remember(shop.id, {_RECONCILED: started.isoformat()})
    if _grown(services, shop):
        connecting.schedule(services, shop.id, Schedule.TRAIN)
    return Outcome.APPLIED


def _grown(services: Services, shop: Shop) -> bool:
    """Whether a tenth of what was last learnt from has come in since: too much to wait for the night."""
    learnt = services.memories.recall(shop.id, [_LEARNT_LINES]).get(_LEARNT_LINES)
    waiting = services.history.lines(shop.id)
    return learnt is not None and waiting > 0 and waiting * GROWTH >= int(learnt)


def train(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Fold the history, let each function learn from it, publish what is better, then propose."""
    services.history.fold(shop.id)
    policy = services.shops.policy(shop.id)
    history = services.history.load(shop.id, shop.currency)
    material = Material(
        shop=shop, policy=policy, now=services.clock.now(), history=history,
        catalogue={product.id: product for product in services.catalogue.all(shop.id)},
        outcomes=tuple(services.outcomes.all(shop.id)), current=services.models(shop.id),
    )  # fmt: skip
    learned = [
        _learn(services, material, name) for name in services.functions if policy.mode(name) is not Mode.OFF
    ]
    services.memories.remember(shop.id, {_LEARNT_LINES: str(len(history.order))})
    connecting.schedule(services, shop.id, Schedule.PROPOSE)
    return Outcome.APPLIED if any(learned) else Outcome.UNCHANGED


def _learn(services: Services, material: Material, name: FunctionName) -> bool:
    artifacts = services.functions[name].train(material, lambda line: None)
    for artifact in artifacts:
        services.artifacts.publish(material.shop.id, artifact)
    services.meter.count("trained", len(artifacts), function=name)
    return bool(artifacts)


def propose(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Ask functions about the whole catalogue, some products per message on the work queue."""
    products = sorted(product.id for product in services.catalogue.all(shop.id))
    now = services.clock.now()
    for batch in _batches(products, BATCH):
        told = connecting.scheduled_event(
            shop.id, Schedule.PROPOSE, now, resource=",".join(batch), period=event.id
        )
        services.queue.send(to_message(told), group=shop.id)
    return Outcome.APPLIED if products else Outcome.UNCHANGED


def job(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """One slice of a bulk decision that a person started."""
    work = services.jobs.get(shop.id, event.resource)
    if work.finished_at is not None:
        return Outcome.UNCHANGED
    begin = work.done + work.failed
    for subject in work.subjects[begin : begin + DECISIONS]:
        work = _decide(services, work, subject)
    if work.done + work.failed >= len(work.subjects):
        _close(services, work)
    else:
        connecting.schedule(
            services, shop.id, Schedule.JOB, resource=work.id, detail=str(work.done + work.failed)
        )
    return Outcome.APPLIED


def _decide(services: Services, work: Job, subject: str) -> Job:
    try:
        _DECISIONS[work.kind](services, work.shop_id, ProposalId(subject), work.by)
    except Retryable:
        raise
    except AppError as error:
        return services.jobs.advance(work, failed=1, note=error.merchant_message)
    return services.jobs.advance(work, done=1)


_DECISIONS = {"approve": deciding.approve, "dismiss": deciding.dismiss, "undo": deciding.undo}


def start_job(services: Services, shop: Shop, kind: str, subjects: Sequence[str], by: str) -> Job:
    """Begin a bulk decision; its progress is the job's. Raises NotAllowed for a kind that there is not."""
    if kind not in _DECISIONS:
        raise NotAllowed(f"There is no bulk {kind}.")
    now = services.clock.now()
    name = event_id("job", shop.id, kind, by, now.isoformat())[:16]
    work = services.jobs.save(
        Job(
            id=name,
            shop_id=shop.id,
            kind=kind,
            subjects=tuple(subjects),
            total=len(subjects),
            by=by,
            started_at=now,
        )
    )
    connecting.schedule(services, shop.id, Schedule.JOB, resource=work.id)
    return work


def _job(services: Services, shop: Shop, event: StoreEvent, kind: str) -> Job:
    """The job that a slice belongs to; the first slice begins it."""
    if event.resource:
        return services.jobs.get(shop.id, event.resource)
    begun = Job(id=event.id, shop_id=shop.id, kind=kind, started_at=services.clock.now())
    try:
        return services.jobs.get(shop.id, event.id)
    except AppError:
        return services.jobs.save(begun)


def _close(services: Services, work: Job) -> None:
    services.jobs.save(replace(work, finished_at=services.clock.now()))


def _batches(items: Iterable[ProductId], size: int) -> Iterator[Sequence[ProductId]]:
    rest = iter(items)
    while batch := tuple(islice(rest, size)):
        yield batch


def digest(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """The day's mail to the shop's members, and what cannot wait."""
    sent = notifying.urgent(services, shop) + notifying.digest(services, shop)
    return Outcome.APPLIED if sent else Outcome.UNCHANGED


_RECONCILED = "reconciled_at"
_LEARNT_LINES = "learnt_order_lines"

_RUNS: Mapping[Schedule, Callable[[Services, Shop, StoreEvent], Outcome]] = {
    Schedule.SYNC: first_sync,
    Schedule.RECONCILE: reconcile,
    Schedule.TRAIN: train,
    Schedule.PROPOSE: propose,
    Schedule.JOB: job,
    Schedule.DIGEST: digest,
}

KINDS = frozenset(_RUNS)
