"""The whole catalogue into two languages: what it would cost, the work, and what it did cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic, sleep

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from chalicelib import runs, schedules
from chalicelib.domain.ids import FunctionName, Locale
from chalicelib.domain.proposals import Status
from chalicelib.domain.shop import Policy
from chalicelib.storage.jobs import Job
from sandbox.demo.shops import DemoShop
from sandbox.demo.steps import begin
from sandbox.platform import Platform

NAME = FunctionName("translation")
INTO = (Locale("de"), Locale("fr"))
PATIENCE_S = 1800
BY = "demo"


@dataclass(frozen=True, slots=True)
class Told:
    """One shop's translation: the forecast, the run, and how many texts a person approved afterwards."""

    shop: DemoShop
    forecast: Job
    run: Job
    approved: Job | None


def translate(progress: Progress, platform: Platform, shops: Sequence[DemoShop]) -> list[Told]:
    """Forecast, run, and a person's bulk approval of what waits: pseudo-translations look wrong, and should."""
    for shop in shops:
        _want(platform, shop)
    forecasts = _follow(progress, platform, [_start(platform, shop, runs.FORECAST) for shop in shops], "forecast")
    done = _follow(progress, platform, [_start(platform, shop, runs.RUN) for shop in shops], "translated")
    approvals = [job for shop in shops if (job := _approve(platform, shop))]
    approved = {job.shop_id: job for job in _follow(progress, platform, approvals, "approved by a person")}
    return [
        Told(shop, forecast, run, approved.get(shop.id))
        for shop, forecast, run in zip(shops, forecasts, done, strict=True)
    ]


def _want(platform: Platform, shop: DemoShop) -> None:
    """The merchant's choice of languages: WPML names none before the first text is there."""
    policy = platform.services.shops.policy(shop.id)
    chosen = replace(policy, translations=replace(policy.translations, locales=INTO))
    platform.services.shops.save_policy(shop.id, chosen)


def _start(platform: Platform, shop: DemoShop, kind: str) -> Job:
    known = platform.services.shops.get(shop.id)
    return runs.start(platform.services, known, kind, NAME, INTO, BY)


def _approve(platform: Platform, shop: DemoShop) -> Job | None:
    services = platform.services
    waiting = [proposal.id for proposal in services.proposals.waiting(shop.id, NAME)]
    return schedules.start_job(services, services.shops.get(shop.id), "approve", waiting, BY) if waiting else None


def _follow(progress: Progress, platform: Platform, jobs: Sequence[Job], words: str) -> list[Job]:
    """Watch jobs until they end. Raises TimeoutError."""
    task = begin(progress, f"languages: {words}", total=sum(job.total for job in jobs))
    end = monotonic() + PATIENCE_S
    while monotonic() < end:
        now = [platform.services.jobs.get(job.shop_id, job.id) for job in jobs]
        progress.update(task, completed=sum(job.done + job.failed for job in now))
        if all(job.finished_at or job.note == runs.WAITS for job in now):
            return now
        sleep(0.3)
    raise TimeoutError(f"languages: {words}: not done in time")


def table(console: Console, platform: Platform, told: Sequence[Told]) -> None:
    """What was forecast, what was spent, and what buyers see now."""
    engine = "marked pseudo-translations of the sandbox's DeepL" if platform.deepl else "DeepL"
    rows = Table(title=f"Whole catalogue into {', '.join(INTO)} ({engine})")
    for name in ("shop", "products", "sentences", "forecast", "spent", "published", "by a person", "waiting"):
        rows.add_column(name, justify="left" if name == "shop" else "right")
    for one in told:
        policy = platform.services.shops.policy(one.shop.id)
        rows.add_row(
            one.shop.label, str(one.run.done), str(one.forecast.counts.get("sentences", 0)),
            _money(one.forecast, policy), _money(one.run, policy), str(_published(platform, one.shop)),
            str(one.approved.done if one.approved else 0), str(_waiting(platform, one.shop)),
        )  # fmt: skip
    console.print(rows)


def _money(job: Job, policy: Policy) -> str:
    characters = job.counts.get("characters", 0)
    return f"{characters:,} chars\n{runs.cost_of(characters, policy)} on the bill"


def _published(platform: Platform, shop: DemoShop) -> int:
    return sum(
        1 for proposal in platform.services.proposals.every(shop.id)
        if proposal.function == NAME and proposal.status is Status.APPLIED
    )  # fmt: skip


def _waiting(platform: Platform, shop: DemoShop) -> int:
    return sum(1 for _ in platform.services.proposals.waiting(shop.id, NAME))


def status(told: Sequence[Told]) -> int:
    """0 if every product was reached and it cost what was forecast."""
    good = all(
        one.run.finished_at is not None
        and one.run.done == one.run.total
        and one.run.counts.get("characters", 0) == one.forecast.counts.get("characters", 0)
        for one in told
    )
    return 0 if good else 1
