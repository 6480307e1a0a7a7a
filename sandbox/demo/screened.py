"""What the demonstration says of screened orders: how many, how fast, and one that a person lets go in each store."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from chalicelib import looking
from chalicelib.domain.proposals import Status
from chalicelib.domain.screening import Screening
from sandbox.demo.shops import DemoShop
from sandbox.platform import Platform

PERSON = "ann@harbour.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One order that was held, and what became of it once a person had looked."""

    screening: Screening | None = None
    held: bool = False
    """The store itself kept it back."""
    released: bool = False
    """Afterwards the store no longer did."""


def release_one(platform: Platform, shop: DemoShop) -> Looked:
    """A person opens the held order that is worth most, and lets it go."""
    services = platform.services
    for one in services.screenings.waiting(shop.id, limit=100):
        hold = looking.hold_of(services, shop.id, one.order_id)
        if hold is None or hold.status is not Status.APPLIED:
            continue
        held = shop.on_hold(one.order_id)
        looking.fine(services, shop.id, one.order_id, PERSON)
        return Looked(screening=one, held=held, released=not shop.on_hold(one.order_id))
    return Looked()


def table(console: Console, platform: Platform, shops: Sequence[DemoShop], looked: Sequence[Looked]) -> int:
    """Print what was screened; 0 if in each store an order was held, and gone from hold once a person said so."""
    rows = Table(title="Orders screened (the suspicious ones are simulated)")
    for name in ("store", "screened", "let go", "look", "hold", "webhook to verdict p50 / p95"):
        rows.add_column(name)
    for shop in shops:
        kept = list(platform.services.screenings.all(shop.id))
        rulings = Counter(str(one.ruling) for one in kept)
        counts = [str(rulings[word]) for word in ("approve", "review", "hold")]
        rows.add_row(shop.label, str(len(kept)), *counts, _pace([one.waited_s for one in kept]))
    console.print(rows)
    for shop, one in zip(shops, looked, strict=True):
        _tell(console, shop, one)
    return 0 if all(one.held and one.released for one in looked) else 1


def _tell(console: Console, shop: DemoShop, one: Looked) -> None:
    if one.screening is None:
        console.print(f"[red]{shop.label}: no order was held[/red]")
        return
    kept = one.screening
    became = "held, then released by a person: the hold is gone" if one.held and one.released else "NOT as it should be"
    share = "unknown" if kept.probability is None else f"{min(kept.probability, 0.99):.0%}"
    name = kept.number or kept.order_id
    console.print(f"[bold]{shop.label}[/bold] order {name}, probability of fraud {share}: {became}")
    for reason in kept.reasons:
        console.print(f"  {'+' if reason.sentiment == 'positive' else '−'} {reason}")
    if kept.letter is not None:
        console.print(f"  to the buyer ({kept.letter.locale}): {kept.letter.text.splitlines()[0]} …")
    console.print(f"  in the store: {shop.order_page(kept.number, kept.order_id)}")


def _pace(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return "too few"
    cuts = quantiles(seconds, n=20)
    return f"{cuts[9]:.2f} s / {cuts[18]:.2f} s"
