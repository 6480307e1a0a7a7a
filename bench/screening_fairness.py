"""Are honest buyers of one country held up more often than others, when fraud is as frequent everywhere? Simulated.

The sealed generator draws a year in which each shipping country has the same share of fraud (``equal_risk``), from
another seed than the shipped model was trained on. Months 7 to 9 are the nights' look back, months 10 to 12 are judged.
Every order is decided by cost with the default limits and without a daily limit of looks, so that nothing but the model
and the bars stands between a country and a hold.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from bench import Row
from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryRecords
from chalicelib.domain import fairness
from chalicelib.domain.fairness import Group, Share
from chalicelib.domain.ids import OrderId, ShopId
from chalicelib.domain.screening import Ruling, Screening
from chalicelib.domain.shop import OrderLimits
from chalicelib.inference import Cache, ShopModels
from chalicelib.storage.artifacts import Artifacts
from functions.screening import night
from functions.screening.deciding import Attention, decide, stake
from functions.screening.scoring import Scored, score
from sandbox.orders.stream import MONTH, START, VALIDATION_END
from sandbox.orders.world import SHOPS
from sandbox.screening.lessons import Simulated, simulated
from sandbox.screening.rows import order_of

SEED, SCALE = 77, 0.4
KEPT: Final = Path(".local/screening/equal.json")
"""The same year as that of the model's own figures by country."""
LOOK_BACK: Final = START + 6 * MONTH
LIMITS: Final = OrderLimits()
BOUND: Final = float(LIMITS.max_country_gap_pct) / 100
ANYBODY: Final = Attention(left=10**9)
BATCH: Final = 1000
NOTE: Final = (
    "simulated, equal true risk, months 10-12, honest orders of six shops; default limits, no daily limit; "
    "interval 95 %: {low:+.1f} to {high:+.1f} points"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One honest order and what would have been done with it."""

    shop: str
    at: datetime
    abroad: bool
    screening: Screening


def rows() -> Iterator[Row]:
    """The gap between parcels abroad and at home, and the warnings, by the model alone and with the bars."""
    year = simulated(seed=SEED, scale=SCALE, equal_risk=True, kept=KEPT)
    every = list(_honest(year, _scored(year)))
    before = [one for one in every if LOOK_BACK <= one.at < VALIDATION_END]
    last = [one for one in every if one.at >= VALIDATION_END]
    bars = {shop.name: _bars(before, shop.name) for shop in SHOPS}
    alone = [(one, night.held(one.screening)) for one in last]
    fair = [(one, hit and one.screening.saved >= bars[one.shop].get(one.screening.country, 0.0)) for one, hit in alone]
    yield from _abroad("alone", alone)
    yield from _abroad("with_bars", fair)
    raised = ", ".join(f"{shop}: {', '.join(sorted(found))}" for shop, found in bars.items() if found) or "none"
    for name, judged in (("alone", alone), ("with_bars", fair)):
        over = _over(judged)
        worst = max(over, key=lambda item: item[1].gap, default=None)
        said = "" if worst is None else f"; the largest {worst[0]} {worst[1].name} {100 * worst[1].gap:+.1f} points"
        note = f"shop and country pairs over {100 * BOUND:.0f} points, not by chance{said}; bars raised for {raised}"
        yield Row(name=f"screening.country_warnings.{name}", value=len(over), unit="pairs", note=note)


def _abroad(name: str, judged: Sequence[tuple[Judged, bool]]) -> Iterator[Row]:
    """Honest parcels that leave the shop's own country beside those that stay."""
    abroad, home = ([hit for one, hit in judged if one.abroad is away] for away in (True, False))
    group = Group("abroad", Share(sum(abroad), len(abroad)), Share(sum(home), len(home)))
    low, high = (100 * end for end in group.gap_interval)
    note = f"{NOTE.format(low=low, high=high)}; held abroad {100 * group.share.value:.1f} %, at home "
    note += f"{100 * group.others.value:.1f} % of {len(abroad)} and {len(home)}"
    yield Row(name=f"screening.country_gap.{name}", value=100 * group.gap, unit="points", note=note)


def _over(judged: Sequence[tuple[Judged, bool]]) -> list[tuple[str, Group]]:
    by_shop: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for one, hit in judged:
        by_shop[one.shop].append((one.screening.country, hit))
    return [
        (shop, group) for shop, pairs in by_shop.items() for group in fairness.groups(pairs) if group.exceeds(BOUND)
    ]


def _bars(before: Sequence[Judged], shop: str) -> Mapping[str, float]:
    return night.mitigation([one.screening for one in before if one.shop == shop], BOUND)


def _scored(year: Simulated) -> Iterator[Scored]:
    """By the shipped model, some rows at a time. Raises RuntimeError where there is none."""
    clock = SystemClock()
    models = ShopModels(ShopId("bench"), Artifacts(MemoryRecords(clock), MemoryBlobs()), Cache())
    for begin in range(0, len(year.rows), BATCH):
        found = score(models, year.rows[begin : begin + BATCH])
        if found is None:
            raise RuntimeError("the shipped screening model is missing: python -m sandbox.screening.build")
        yield found


def _honest(year: Simulated, scored: Iterator[Scored]) -> Iterator[Judged]:
    """Every honest order from the look back on, decided by cost."""
    homes = {shop.name: shop.home for shop in SHOPS}
    batch: Scored | None = None
    for place, (record, row) in enumerate(zip(year.records, year.rows, strict=True)):
        if place % BATCH == 0:
            batch = next(scored)
        if record.created_at < LOOK_BACK or record.is_fraud:
            continue
        decided = decide(row, batch, stake(order_of(record), LIMITS), ANYBODY, place % BATCH)
        country = record.shipping_country or ""
        kept = Screening(
            order_id=OrderId(record.order_id), at=record.created_at, ruling=Ruling(decided.verdict.value),
            probability=decided.probability, country=country,
            costs={verdict.value: loss for verdict, loss in decided.losses.items()},
        )  # fmt: skip
        yield Judged(record.shop, record.created_at, country != homes[record.shop], kept)
