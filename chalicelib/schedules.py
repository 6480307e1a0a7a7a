"""What our own clock starts: first sync, reconciliation, training, proposing for the whole catalogue, jobs.

A Lambda lives fifteen minutes, so long work is done in slices: a slice ends by sending the message for the
next one, and a job record holds the cursor, so that a crash repeats one slice at most.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from chalicelib import alarms, connecting, deciding, notifying, price_inputs, runs, syncing
from chalicelib.contracts import Material
from chalicelib.domain.events import Schedule, StoreEvent, event_id, to_message
from chalicelib.domain.ids import FunctionName, ProductId, ProposalId, VariantId
from chalicelib.domain.journal import Outcome
from chalicelib.domain.shop import Mode, Shop
from chalicelib.domain.stock_outs import STOCK_OUTS, parsed_stock_outs
from chalicelib.errors import AppError, NotAllowed, Retryable
from chalicelib.services import Services
from chalicelib.storage.jobs import Job

DECISIONS = 50
"""Decisions that one slice of a bulk job takes."""

BATCH = 20
"""Products that one message asks functions about."""


def run(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Do one scheduled piece of work for one shop. Raises Retryable, NeedsMerchant."""
    assert isinstance(event.kind, Schedule)  # noqa: S101  KINDS holds nothing else
    return _RUNS[event.kind](services, shop, event)


def train(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Fold the history, let each function learn from it, publish what is better, then propose."""
    services.history.fold(shop.id)
    policy = services.shops.policy(shop.id)
    history = services.history.load(shop.id, shop.currency)
    material = Material(
        shop=shop, policy=policy, now=services.clock.now(), history=history,
        catalogue={product.id: product for product in services.catalogue.all(shop.id)},
        outcomes=tuple(services.outcomes.all(shop.id)),
        screenings=tuple(services.screenings.all(shop.id)), current=services.models(shop.id),
        rivals=price_inputs.rivals(services, shop.id), stock_outs=_stock_outs(services, shop),
    )  # fmt: skip
    running = [name for name in services.functions if policy.mode(name) is not Mode.OFF]
    for name in running:
        alarms.watch(services, services.functions[name], material)
    learned = [_learn(services, material, name) for name in running]
    services.memories.remember(shop.id, {syncing.LEARNT_LINES: str(len(history.order))})
    connecting.schedule(services, shop.id, Schedule.PROPOSE)
    return Outcome.APPLIED if any(learned) else Outcome.UNCHANGED


def _stock_outs(services: Services, shop: Shop) -> Mapping[VariantId, Sequence[int]]:
    found = services.memories.all(shop.id, STOCK_OUTS)
    return {VariantId(key.removeprefix(STOCK_OUTS)): parsed_stock_outs(text) for key, text in found}


def _learn(services: Services, material: Material, name: FunctionName) -> bool:
    count = 0
    for artifact in services.functions[name].train(material, lambda line: None):
        services.artifacts.publish(material.shop.id, artifact)
        count += 1
    services.meter.count("trained", count, function=name)
    return count > 0


def propose(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """Ask functions about the whole catalogue, some products per message on the work queue; what competitors ask
    is read first."""
    price_inputs.poll(services, shop)
    products = sorted(product.id for product in services.catalogue.all(shop.id))
    now = services.clock.now()
    for batch in _batches(products, BATCH):
        told = connecting.scheduled_event(
            shop.id, Schedule.PROPOSE, now, resource=",".join(batch), period=event.id
        )
        services.queue.send(to_message(told), group=shop.id)
    return Outcome.APPLIED if products else Outcome.UNCHANGED


def job(services: Services, shop: Shop, event: StoreEvent) -> Outcome:
    """One slice of long work that a person started."""
    work = services.jobs.get(shop.id, event.resource)
    if work.finished_at is not None:
        return Outcome.UNCHANGED
    if work.kind in runs.KINDS:
        return runs.go_on(services, shop, work)
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


_RUNS: Mapping[Schedule, Callable[[Services, Shop, StoreEvent], Outcome]] = {
    Schedule.SYNC: syncing.first_sync,
    Schedule.RECONCILE: syncing.reconcile,
    Schedule.TRAIN: train,
    Schedule.PROPOSE: propose,
    Schedule.JOB: job,
    Schedule.DIGEST: digest,
}

KINDS = frozenset(_RUNS)
