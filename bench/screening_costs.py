"""What decisions by cost spend, on kept months of shop-years by which nothing was chosen: ``python -m
bench.screening_costs``.

Eight more simulated years (other seeds than the model's: other shops, buyers and campaigns), months 10 to 12 with the
kept attacks. The shipped model meets them as it is; LightGBM learned from the same rows as it did. Each policy has
``LOOKS`` a shop and day. Thresholds, and whether to hold or to review above them, are the best in hindsight for all
these orders together; ours knows nothing of them. Differences are taken order by order, and whole shops are drawn
again for the intervals.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.screening import session
from bench.screening_figures import Judged, ends, paid
from bench.screening_simulated import best_fixed, decided, gains, peer, shipped
from functions.screening.columns import Floats, Ints
from functions.screening.deciding import bar_for
from functions.screening.judging import Judge
from sandbox.orders.stream import MONTH, START, all_orders
from sandbox.screening.lessons import simulated, table_of
from sandbox.screening.rows import rows_of

SEEDS: Final = tuple(range(5001, 5009))
LOOKS: Final = 20
LAST, BEFORE = 10, 9
"""Months that are judged, and the one before, of which the bar for a look is learned."""
DRAWS: Final = 2_000
KEPT: Final = Path(".local/screening")


@dataclass(frozen=True, slots=True)
class Year:
    """Months 9 to 12 of six shops; ``x`` as the graph takes it."""

    x: NDArray[np.float32]
    label: Floats
    total: Floats
    shop: Ints
    at: Floats

    @property
    def month(self) -> Ints:
        """1 to 12."""
        return ((self.at - START.timestamp()) // MONTH.total_seconds()).astype(np.int64) + 1

    @property
    def day(self) -> Ints:
        """One number per shop and day."""
        return self.shop * 400 + ((self.at - START.timestamp()) // 86_400).astype(np.int64)


def year_of(seed: int, base: Judge) -> Year:
    """Simulate and screen a year, or read what an earlier run kept."""
    kept = KEPT / f"costs-{seed}.npz"
    if not kept.is_file():
        records = all_orders(seed=seed)
        table = table_of(list(rows_of(records)))
        at = np.array([one.created_at.timestamp() for one in records])
        late = at >= (START + (BEFORE - 1) * MONTH).timestamp()
        x = np.stack([one.numbers(table[one.name]) for one in base.columns], axis=1)
        shops = np.unique([one.shop for one in records], return_inverse=True)[1]
        label, total = np.array([float(one.is_fraud) for one in records]), np.array([one.total for one in records])
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, x=x[late], label=label[late], total=total[late], shop=shops[late], at=at[late])
        sys.stderr.write(f"year {seed} screened\n")
    with np.load(kept) as held:
        return Year(**{name: held[name] for name in ("x", "label", "total", "shop", "at")})


def joined(years: Sequence[Year]) -> Year:
    """As if all shops were on one street."""
    shop = [one.shop + 10 * place for place, one in enumerate(years)]
    return Year(
        np.concatenate([one.x for one in years]), np.concatenate([one.label for one in years]),
        np.concatenate([one.total for one in years]), np.concatenate(shop), np.concatenate([one.at for one in years]),
    )  # fmt: skip


def ours(x: NDArray[np.float32]) -> Floats:
    """Probabilities by the shipped graph."""
    found = session().run(["probability"], {"features": x})[0]
    return np.asarray(found, np.float64)[:, 0]


def lightgbm(base: Judge, x: NDArray[np.float32]) -> Floats | None:
    """LightGBM's probabilities, learned from the rows that the shipped model learned from."""
    year = simulated(kept=KEPT / "rows.json")
    learned = year.months("train")
    first = np.stack([one.numbers(year.table[one.name][learned]) for one in base.columns], axis=1)
    both = np.concatenate([first, x]).astype(np.float64)
    label = np.concatenate([year.label[learned], np.zeros(len(x))])
    text = np.array([one.categories is not None for one in base.columns])
    found = peer(both, text, label, [(np.arange(len(first)), np.arange(len(first), len(both)))])
    return None if found is None else found[0]


def spent(street: Year, probability: Floats, theirs: Floats | None) -> dict[str, Floats]:
    """Cost of each order of the months judged, by policy."""
    month, late = street.month, street.month >= LAST
    saved = gains(probability, street.total)
    bar = np.zeros(len(late))
    for shop in np.unique(street.shop).tolist():
        before = (street.shop == shop) & (month == BEFORE)
        bar[street.shop == shop] = bar_for(saved[before].tolist(), float(before.sum()) / 30, LOOKS)
    y, total, days, group = street.label[late], street.total[late], street.day[late], street.shop[late]
    verdicts = {
        "ours": decided(probability[late], total, days, bar[late], LOOKS),
        "best fixed threshold": best_fixed(Judged(y, probability[late], total, group), days, LOOKS),
        "approve all": np.zeros(len(y), np.int64),
    }
    if theirs is not None:
        verdicts["LightGBM's best threshold"] = best_fixed(Judged(y, theirs[late], total, group), days, LOOKS)
    return {name: paid(verdict, y, total) for name, verdict in verdicts.items()}


def shops_drawn(each: Floats, shop: Ints) -> tuple[float, float, float]:
    """Mean over orders, and the ends of its interval over draws of whole shops."""
    names, place = np.unique(shop, return_inverse=True)
    total, count = np.bincount(place, each), np.bincount(place)
    drawn = np.random.default_rng(0).integers(0, len(names), (DRAWS, len(names)))
    return (float(each.mean()), *ends((total[drawn].sum(1) / count[drawn].sum(1)).tolist()))


def told(costs: Mapping[str, Floats], shop: Ints) -> Iterator[str]:
    """Lines for people."""
    for name, each in costs.items():
        yield "{}: {:.4f} ({:.4f} to {:.4f}) an order".format(name, *shops_drawn(each, shop))
        if name not in ("ours", "approve all"):
            yield "  ours saves {:.4f} ({:.4f} to {:.4f})".format(*shops_drawn(each - costs["ours"], shop))


def main() -> int:
    """Print what each policy spends."""
    base = shipped()
    street = joined([year_of(seed, base) for seed in SEEDS])
    late = street.month >= LAST
    costs = spent(street, ours(street.x), lightgbm(base, street.x))
    shops, frauds = len(np.unique(street.shop)), int(street.label[late].sum())
    print(f"{int(late.sum()):,} orders of {shops} shop-quarters, {frauds:,} frauds, {LOOKS} looks a shop and day")
    for line in told(costs, street.shop[late]):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
