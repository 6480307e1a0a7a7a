"""Our picture of a store: read whole at first, then kept equal to the store whatever webhooks were lost.

::

    first sync    SYNC ─► pages of products, then of orders ─► SYNC … ─► TRAIN
                  a slice ends by sending the next; the job holds the cursor, so a crash repeats one page
    every hour    RECONCILE ─► webhooks mended ─► what changed since, as if its webhook had come
                            └► part of our mirror held against the store: what is gone there, goes here

An export that the store is still writing is looked at again after a minute, or as soon as the store says that it
is done. Then two messages may ask for the same slice: the job names the one that counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from chalicelib import billing, cleaning, connecting, notifying, runs, upkeep
from chalicelib.contracts import StoreClient
from chalicelib.domain.events import EventKind, Schedule, StoreEvent, event_id, to_message
from chalicelib.domain.journal import Outcome
from chalicelib.domain.shop import Shop
from chalicelib.errors import AppError
from chalicelib.services import Services
from chalicelib.storage.jobs import Job

PAGES = 40
"""Pages that one slice of a sync reads."""

PATIENCE = 5
"""Looks at an export that is still being written (some seconds apart), before it is left alone for a while."""

LOOK_AGAIN = timedelta(minutes=1)
"""How long an export that is still being written is left alone."""

GROWTH = 10
"""One part in so many new order lines, and models are trained again before the night."""

OVERLAP = timedelta(minutes=30)
"""How far before the last reconciliation the next one begins: clocks differ, and stores commit late."""

SWEPT, SWEEP_BATCHES = 250, 20
"""Products per question whether they still exist, and questions per reconciliation (5,000 products an hour)."""

RECONCILED, SWEEP, LEARNT_LINES = "reconciled_at", "sweep_at", "learnt_order_lines"


def first_sync(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Read the whole catalogue and all orders, slice by slice, then train."""
    job = _job(services, shop, event)
    if job.finished_at is not None or job.turn not in {"", event.id, event.detail}:
        return Outcome.UNCHANGED  # another message has this slice
    job = services.jobs.save(replace(job, turn=event.id))
    client, patience = services.open_store(shop), PATIENCE
    for _ in range(PAGES):
        before = job.cursor
        job = _read_page(services, shop, client, job)
        if job.cursor.startswith(_DONE):
            return _finish(services, shop, job)
        patience = patience - 1 if job.cursor == before else PATIENCE
        if not patience:
            return _go_on(services, shop, event, job, LOOK_AGAIN)
    return _go_on(services, shop, event, job, timedelta(0))


def export_finished(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """The store has written an export: a sync that waits for it goes on now."""
    for job in services.jobs.all(shop.id):
        if job.kind == "sync" and job.finished_at is None and f":{event.resource}:" in job.cursor:
            connecting.schedule(services, shop.id, Schedule.SYNC, resource=job.id, detail=job.turn)
            return Outcome.APPLIED
    return Outcome.SKIPPED


def reconcile(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Ask the store what changed since we last asked, and treat each change as if its webhook had come."""
    started = services.clock.now()
    known = services.memories.recall(shop.id, [RECONCILED]).get(RECONCILED)
    since = started - timedelta(days=2) if known is None else started.fromisoformat(known)
    _mend(services, shop)
    client = services.open_store(shop)
    for ref in client.changed_since(since - OVERLAP):
        name = event_id("reconcile", shop.id, str(ref.kind), ref.id, ref.updated_at.isoformat())
        told = StoreEvent(
            id=name, shop_id=shop.id, kind=ref.kind, resource=ref.id, occurred_at=ref.updated_at,
            received_at=started, delivery=f"{event.id}{name}", topic="reconcile",
        )  # fmt: skip
        services.queue.send(to_message(told), group=shop.id)
    _sweep(services, shop, client, event)
    billing.review(services, services.shops.get(shop.id))
    policy = services.shops.policy(shop.id)
    cleaning.languages_gone(services, shop, policy)
    cleaning.markets_gone(services, shop, policy)
    runs.catch_up(services, shop)
    services.memories.remember(shop.id, {RECONCILED: started.isoformat()})
    if _grown(services, shop):
        connecting.schedule(services, shop.id, Schedule.TRAIN)
    notifying.urgent(services, shop)  # what came within minutes of an earlier mail, and was held back for that
    return Outcome.APPLIED


def _grown(services: Services, shop: Shop) -> bool:
    """Whether a tenth of what was last learnt from has come in since: too much to wait for the night."""
    learnt = services.memories.recall(shop.id, [LEARNT_LINES]).get(LEARNT_LINES)
    waiting = services.history.lines(shop.id)
    return learnt is not None and waiting > 0 and waiting * GROWTH >= int(learnt)


def _mend(services: Services, shop: Shop) -> None:
    """Webhooks that a store removed or switched off are there again, and the merchant is told."""
    mended = connecting.subscribe(services, shop)
    if mended:
        message = "Webhooks had stopped and were mended: " + ", ".join(mended)
        services.trouble(shop.id, "webhooks_mended", message)
    else:
        services.problems.clear(shop.id, "webhooks_mended")


def _sweep(services: Services, shop: Shop, client: StoreClient, event: StoreEvent) -> None:
    """Hold a part of our mirror against the store: a deletion that nobody told us of leaves no trace to ask for."""
    now, cursor = services.clock.now(), services.memories.recall(shop.id, [SWEEP]).get(SWEEP, "")
    for _ in range(SWEEP_BATCHES):
        stamps, cursor = services.catalogue.page(shop.id, cursor, SWEPT)
        for product in sorted(client.missing(list(stamps))):
            name = event_id("sweep", shop.id, product, stamps[product])
            told = StoreEvent(
                id=name, shop_id=shop.id, kind=EventKind.PRODUCT_DELETED, resource=product, occurred_at=now,
                received_at=now, delivery=f"{event.id}{name}", topic="reconcile",
            )  # fmt: skip
            services.queue.send(to_message(told), group=shop.id)
        if not cursor:
            break
    services.memories.remember(shop.id, {SWEEP: cursor})


def _read_page(services: Services, shop: Shop, client: StoreClient, job: Job) -> Job:
    part, _, cursor = (job.cursor or f"{_PRODUCTS}|").partition("|")
    count, following = _PARTS[part](services, shop, client, cursor or None)
    if following is not None:
        return services.jobs.advance(job, done=count, cursor=f"{part}|{following}")
    return services.jobs.advance(job, done=count, cursor=f"{_FOLLOWING[part]}|")


def _finish(services: Services, shop: Shop, job: Job) -> Outcome:
    services.jobs.save(replace(job, finished_at=services.clock.now()))
    services.memories.remember(shop.id, {RECONCILED: job.started_at.isoformat()})
    connecting.schedule(services, shop.id, Schedule.TRAIN)
    return Outcome.APPLIED


def _go_on(services: Services, shop: Shop, event: StoreEvent, job: Job, delay: timedelta) -> Outcome:
    """Send the message for the next slice, unless another message took this one over meanwhile."""
    if services.jobs.get(shop.id, job.id).turn == event.id:
        connecting.schedule(services, shop.id, Schedule.SYNC, resource=job.id, detail=event.id, delay=delay)
    return Outcome.APPLIED


def _read_products(services: Services, shop: Shop, client: StoreClient, cursor: str | None) -> tuple[int, str | None]:
    page = client.product_page(since=None, cursor=cursor)
    services.catalogue.see_many(shop.id, page.items)
    services.prices.begin(shop.id, [point for product in page.items for point in upkeep.prices_of(product)])
    return len(page.items), page.cursor


def _read_orders(services: Services, shop: Shop, client: StoreClient, cursor: str | None) -> tuple[int, str | None]:
    page = client.order_page(since=None, cursor=cursor)
    bought = [(order, upkeep.customer_of(services, shop.id, order)) for order in page.items]
    services.history.append(shop.id, bought, page=cursor or "first")
    upkeep.note_purchases(services, shop.id, bought)
    return len(page.items), page.cursor


_PRODUCTS, _ORDERS, _DONE = "products", "orders", "done"
_FOLLOWING = {_PRODUCTS: _ORDERS, _ORDERS: _DONE}
_PARTS: Mapping[str, Callable[[Services, Shop, StoreClient, str | None], tuple[int, str | None]]] = {
    _PRODUCTS: _read_products,
    _ORDERS: _read_orders,
}


def _job(services: Services, shop: Shop, event: StoreEvent) -> Job:
    """The job that a slice belongs to; the first slice begins it."""
    if event.resource:
        return services.jobs.get(shop.id, event.resource)
    try:
        return services.jobs.get(shop.id, event.id)
    except AppError:
        begun = Job(id=event.id, shop_id=shop.id, kind="sync", started_at=services.clock.now())
        return services.jobs.save(begun)
