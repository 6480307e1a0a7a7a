"""A function over a whole catalogue, begun by a person: first what it would cost, then the work itself.

A forecast plans every product and asks no engine. A run does what an event would do, product by product. Both
go in slices; the job's cursor is the last product that was finished, so that a crash repeats one product, whose
sentences are remembered by then. Where an engine's allowance ends, the run stops there and goes on by itself
once there is room again.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_UP, Decimal
from functools import partial
from hashlib import sha256
from itertools import islice
from uuid import uuid4

from chalicelib import billing, connecting
from chalicelib.asking import ENGINE, spent_in
from chalicelib.contracts import Context, Function, StoreClient, TranslateTexts
from chalicelib.domain.events import Schedule, StoreEvent, event_id
from chalicelib.domain.ids import FunctionName, Locale, ShopId
from chalicelib.domain.journal import Outcome
from chalicelib.domain.shop import Mode, Policy, Shop
from chalicelib.errors import NotAllowed
from chalicelib.gathering import gather_all
from chalicelib.inference import ShopModels
from chalicelib.running import relying, run_function, waiting, waiting_name
from chalicelib.services import Services
from chalicelib.storage import places
from chalicelib.storage.jobs import Job
from chalicelib.storage.places import Kind

FORECAST, RUN, CATCH_UP = "forecast", "run", "catch_up"
KINDS = frozenset({FORECAST, RUN, CATCH_UP})
SLICE = 50
"""Products that one message works on: about a minute with new texts, far from a Lambda's end."""
WAITS = "The allowance is used up; the rest waits and goes on by itself."


@dataclass(frozen=True, slots=True)
class _Scene:
    """What every product of one slice has in common."""

    services: Services
    shop: Shop
    policy: Policy
    function: Function
    client: StoreClient
    models: ShopModels
    job: Job

    def context(self, resource: str) -> Context:
        """As if an event had named this product; the job's name makes a repeated slice the same event."""
        services, now = self.services, self.services.clock.now()
        event = StoreEvent(
            id=event_id("run", self.job.id, resource), shop_id=self.shop.id, kind=Schedule.PROPOSE,
            resource=resource, occurred_at=now, received_at=now, delivery=f"{self.job.id}/{resource}",
        )  # fmt: skip
        return Context(
            shop=self.shop, policy=self.policy, event=event, now=now,
            abilities=services.marketplaces[self.shop.marketplace].abilities(self.shop),
            identify=lambda kind, value: services.identities.identify(self.shop.id, kind, value),
        )  # fmt: skip


def start(
    services: Services, shop: Shop, kind: str, function: FunctionName, locales: Sequence[Locale], by: str
) -> Job:
    """Begin a forecast or a run into these languages. Raises NotAllowed, in words."""
    policy = services.shops.policy(shop.id)
    if kind == RUN and (policy.mode(function) is Mode.OFF or policy.paused):
        raise NotAllowed("It is switched off or stopped for this shop. Switch it on in the settings first.")
    if not locales:
        raise NotAllowed("Choose at least one language.")
    total = sum(1 for record in places.every(services.records, shop.id, Kind.PRODUCT) if record.body["product"])
    return _begin(services, shop, Job(
        id=uuid4().hex[:16], shop_id=shop.id, kind=kind, function=function, total=total, by=by,
        locales=tuple(locales), started_at=services.clock.now(),
    ))  # fmt: skip


def go_on(services: Services, shop: Shop, work: Job) -> Outcome:
    """One slice of a job. Raises Retryable, NeedsMerchant from the store."""
    scene = _scene(services, shop, work)
    if scene.policy.paused:
        return Outcome.REFUSED
    step: Callable[[_Scene, Sequence[str]], Job] = _forecast if work.kind == FORECAST else _run
    products = list(islice(_after(services, work), SLICE))
    work = step(scene, products)
    if work.note == WAITS:
        return Outcome.PROBLEM
    if len(products) < SLICE:
        _end(services, work)
    else:
        connecting.schedule(services, shop.id, Schedule.JOB, resource=work.id, detail=work.cursor)
    return Outcome.APPLIED


@dataclass(frozen=True, slots=True)
class Bill:
    """What a job costs, in characters, money, and monthly allowances. Amounts are in the currency of the
    engine's bill."""

    characters: int
    sentences: int
    cost: Decimal
    into: Mapping[str, int]
    """Characters per language."""
    left: int
    """What is left of this month's allowance."""
    months: int
    """How many monthly allowances the characters take, this month's counted; 0 where the allowance is 0."""


def bill(services: Services, job: Job, policy: Policy) -> Bill:
    """What a forecast foretells, or what a run has cost so far."""
    limits = policy.translations
    characters = job.counts.get("characters", 0)
    spent = services.counters.total(job.shop_id, spent_in(services.clock.now()))
    left, most = max(0, limits.characters_per_month - spent), limits.characters_per_month
    beyond = max(0, characters - left)
    return Bill(
        characters, job.counts.get("sentences", 0), cost_of(characters, policy),
        {name.removeprefix(_INTO): count for name, count in job.counts.items() if name.startswith(_INTO)},
        left, 1 + -(-beyond // most) if most else 0,
    )  # fmt: skip


def cost_of(characters: int, policy: Policy) -> Decimal:
    """What the engine's bill says of them, rounded up to two places."""
    exact = policy.translations.price_per_million * characters / 1_000_000
    return exact.quantize(Decimal("0.01"), ROUND_UP)


_INTO = "into "


def catch_up(services: Services, shop: Shop) -> Sequence[Job]:
    """Go on with what an engine's allowance left waiting, where there may be room again."""
    if not any(problem.subject == ENGINE for problem in services.problems.all(shop.id)):
        return []
    policy = services.shops.policy(shop.id)
    spent = services.counters.total(shop.id, spent_in(services.clock.now()))
    if policy.paused or spent >= policy.translations.characters_per_month:
        return []
    stopped = [job for job in services.jobs.all(shop.id) if job.kind in KINDS and job.note == WAITS]
    for job in stopped:
        _begin(services, shop, replace(job, note=""))
    begun = (_catch_up(services, shop, policy, name) for name in services.functions)
    return stopped or [job for job in begun if job is not None]


def _catch_up(services: Services, shop: Shop, policy: Policy, name: FunctionName) -> Job | None:
    left = waiting(services, shop.id, name) if policy.mode(name) is not Mode.OFF else ()
    if not left:
        return None
    return _begin(services, shop, Job(
        id=uuid4().hex[:16], shop_id=shop.id, kind=CATCH_UP, function=name,
        subjects=tuple(left[:_MOST_CAUGHT_UP]), total=min(len(left), _MOST_CAUGHT_UP),
        started_at=services.clock.now(),
    ))  # fmt: skip


_MOST_CAUGHT_UP = 2_000
"""Products of one catching-up: their names must fit into one record; the next hour takes the next ones."""


def _begin(services: Services, shop: Shop, job: Job) -> Job:
    services.jobs.save(job)
    connecting.schedule(services, shop.id, Schedule.JOB, resource=job.id, detail=f"{job.cursor}|{job.done}")
    return job


def _scene(services: Services, shop: Shop, job: Job) -> _Scene:
    policy = billing.bounded(services.functions, shop, services.shops.policy(shop.id), services.clock.now())
    if job.locales:
        policy = replace(policy, translations=replace(policy.translations, locales=job.locales))
    function = services.functions[FunctionName(job.function)]
    return _Scene(services, shop, policy, function, services.open_store(shop), services.models(shop.id), job)


def _run(scene: _Scene, products: Sequence[str]) -> Job:
    """What an event would do, product by product, until an allowance ends."""
    services, job = scene.services, scene.job
    for product in products:
        ran = run_function(services, scene.function, scene.context(product), scene.client, scene.models)
        found = {str(ran.outcome): 1, "characters": ran.characters}
        if ran.stopped:
            counts = _plus(job.counts, {"characters": ran.characters})
            return services.jobs.save(replace(job, counts=counts, note=WAITS))
        if job.kind == CATCH_UP:
            services.memories.forget(scene.shop.id, [waiting_name(scene.function.name, product)])
        job = _step(services, job, product, found)
    return job


def _forecast(scene: _Scene, products: Sequence[str]) -> Job:
    """What would be asked of an engine; a sentence that stands in several products is paid for once."""
    services, job = scene.services, scene.job
    blob = seen_in(job)
    seen = set(json.loads(services.blobs.get(blob) or b"[]"))
    for product, requests in zip(products, relying(partial(_planned, scene, products)), strict=True):
        job = _step(services, job, product, _priced(requests, seen))
    services.blobs.put(blob, json.dumps(sorted(seen)).encode())
    return job


def _planned(scene: _Scene, products: Sequence[str]) -> Sequence[Sequence[TranslateTexts]]:
    """What each product would ask of an engine; the store is read for all of them together."""
    events = [scene.context(product) for product in products]
    known = gather_all(scene.services, scene.function, events, scene.client, scene.models)
    plans = (scene.function.plan(one, scene.models) for one in known)
    return [[request for request in plan if isinstance(request, TranslateTexts)] for plan in plans]


def _priced(requests: Iterable[TranslateTexts], seen: set[str]) -> Mapping[str, int]:
    """Characters and sentences that are new, over all and per language."""
    found: dict[str, int] = {}
    for request in requests:
        fresh = {name: text for text in request.texts if (name := _short(request, text)) not in seen}
        seen.update(fresh)
        priced = replace(request, texts=tuple(fresh.values()))
        found = dict(_plus(found, {
            "characters": priced.characters, "sentences": len(fresh), f"{_INTO}{request.target}": priced.characters,
        }))  # fmt: skip
    return {**found, "products": 1} if found else {}


def _short(request: TranslateTexts, text: str) -> str:
    return sha256(f"{request.target}\x1f{text}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _step(services: Services, job: Job, product: str, found: Mapping[str, int]) -> Job:
    return services.jobs.save(
        replace(job, done=job.done + 1, cursor=product, counts=_plus(job.counts, found))
    )


def _plus(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *(n for n in other if n not in one))}


def _end(services: Services, job: Job) -> None:
    services.jobs.save(replace(job, finished_at=services.clock.now()))
    services.blobs.delete([seen_in(job)])
    if job.kind != FORECAST and not waiting(services, job.shop_id, FunctionName(job.function)):
        for problem in list(services.problems.all(job.shop_id)):
            if problem.subject == ENGINE:
                services.problems.clear(job.shop_id, problem.code, ENGINE)


def seen_in(job: Job) -> str:
    """Where a forecast keeps which sentences it has counted."""
    return f"{prefix(job.shop_id)}{job.id}.json"


def prefix(shop: ShopId) -> str:
    """Under which the objects of a shop's runs are."""
    return f"{shop}/runs/"


def _after(services: Services, job: Job) -> Iterator[str]:
    """Products behind the cursor, in the order in which the mirror keeps them."""
    if job.subjects:
        yield from job.subjects[job.done :]
        return
    begun = places.key(job.shop_id, Kind.PRODUCT, job.cursor).partition if job.cursor else ""
    for partition in places.partitions(job.shop_id, Kind.PRODUCT):
        if partition < begun:
            continue
        after = job.cursor if partition == begun else None
        for record in services.records.query(partition, after=after):
            if record.body["product"]:
                yield record.key.sort
