"""What the demonstration prints: one table, the counting equation, and where to look."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from chalicelib.counting import Tally, tally
from chalicelib.domain.ids import FunctionName
from chalicelib.domain.journal import Deed, Entry
from chalicelib.domain.proposals import Status
from sandbox.demo.shops import DemoShop
from sandbox.platform import Platform
from sandbox.shopify_store import ShopifyStore


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the counters stood when the replay began."""

    deliveries: int
    accepted: int
    calls: int
    accepts: int
    outcomes: Counter[str]


def deliveries(shop: DemoShop) -> int:
    """Webhooks that a store has sent."""
    if isinstance(shop.store, ShopifyStore):
        return len(shop.store.outbox.attempts)
    counts = shop.store.outbox.counts
    return int(counts["sent"] + counts["duplicated"])


def mark(platform: Platform, shops: Sequence[DemoShop]) -> Mark:
    """Remember where everything stands."""
    return Mark(
        sum(deliveries(shop) for shop in shops), platform.meters.answers[200],
        sum(platform.meters.calls.values()), len(platform.meters.accept_s), _tally(platform, shops).outcomes,
    )  # fmt: skip


def table(console: Console, platform: Platform, shops: Sequence[DemoShop], before: Mark) -> int:
    """Print the table; 0 if the equation holds and no effect was applied twice."""
    counted = _tally(platform, shops)
    outcomes = counted.outcomes - before.outcomes
    accepted = platform.meters.answers[200] - before.accepted
    twice = _applied_twice(platform, shops)
    rows = Table(title="What became of the webhooks", show_header=False)
    rows.add_row("sent by the stores", str(sum(deliveries(shop) for shop in shops) - before.deliveries))
    rows.add_row("accepted (answered 200)", str(accepted))
    for word in ("applied", "proposed", "unchanged", "duplicate", "skipped", "refused", "problem", "dead"):
        rows.add_row(f"  {word}", str(outcomes[word]))
    rows.add_row("proposals so far", str(_count(platform, shops, None)))
    rows.add_row("applied so far", str(_count(platform, shops, Status.APPLIED)))
    rows.add_row("prices that wait for a person", str(_waiting_prices(platform, shops)))
    rows.add_row("effects applied twice", str(len(twice)))
    rows.add_row("accept p50 / p99", _latency(platform.meters.accept_s[before.accepts :]))
    calls = sum(platform.meters.calls.values()) - before.calls
    rows.add_row("AWS calls per accepted event", f"{calls / max(1, accepted):.1f}")
    console.print(rows)
    holds = _equation(console, outcomes, accepted, counted)
    return 0 if holds and not twice else 1


def _equation(console: Console, outcomes: Counter[str], accepted: int, counted: Tally) -> bool:
    done = sum(outcomes[word] for word in ("applied", "proposed", "unchanged"))
    rest = {word: outcomes[word] for word in ("duplicate", "skipped", "refused", "problem", "dead")}
    double = [delivery for delivery, times in counted.ended.items() if times != 1]
    holds = accepted == done + sum(rest.values()) and not double
    words = " + ".join(f"{count} {word}" for word, count in rest.items())
    sign, colour = ("=", "green") if holds else ("≠", "red")
    console.print(f"[{colour}]{accepted} accepted {sign} {done} done + {words}[/{colour}]")
    return holds


def addresses(console: Console, platform: Platform, shops: Sequence[DemoShop]) -> None:
    """Where to look."""
    console.print(f"\n[bold]Look at it[/bold]\n  pages       {platform.url}/")
    for shop in shops:
        console.print(f"  storefront  {shop.url}/  ({shop.label})")
    for shop in shops:
        console.print(f"  prices      {platform.url}/s/{shop.id}/review?function=repricing  ({shop.label})")
    console.print("  undo        tradewind journal; tradewind undo SHOP PROPOSAL")


def _tally(platform: Platform, shops: Sequence[DemoShop]) -> Tally:
    return tally(platform.services.records, [shop.id for shop in shops], platform.dead_letters())


def _count(platform: Platform, shops: Sequence[DemoShop], status: Status | None) -> int:
    every = (p for shop in shops for p in platform.services.proposals.every(shop.id))
    return sum(1 for proposal in every if status is None or proposal.status is status)


def _waiting_prices(platform: Platform, shops: Sequence[DemoShop]) -> int:
    proposals = platform.services.proposals
    return sum(1 for shop in shops for _ in proposals.waiting(shop.id, FunctionName("repricing")))


def _applied_twice(platform: Platform, shops: Sequence[DemoShop]) -> list[Entry]:
    """Journal entries that apply, at one target, the value that was applied there just before."""
    found: list[Entry] = []
    for shop in shops:
        last: dict[str, str] = {}
        entries = platform.services.journal.entries(shop.id, until=platform.services.clock.now())
        for entry in reversed([e for e in entries if e.deed in {Deed.APPLIED, Deed.UNDONE}]):
            digest = entry.after.digest if entry.after else ""
            if entry.deed is Deed.APPLIED and last.get(entry.target) == digest:
                found.append(entry)
            last[entry.target] = digest
    return found


def _latency(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return "too few"
    cuts = quantiles(seconds, n=100)
    return f"{cuts[49] * 1000:.1f} ms / {cuts[98] * 1000:.1f} ms"
