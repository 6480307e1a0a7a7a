"""What decisions by cost spend, on kept months of shop-years by which nothing was chosen: ``python -m
bench.screening_costs``.

Twenty-four more simulated years (other seeds than the model's: other shops, buyers and campaigns), months 10 to 12
with the kept attacks. The shipped model meets them as it is; LightGBM learned from the same rows as it did. Each policy
has the same looks a shop and day. Thresholds, and whether to hold or to review above them, are the best in hindsight
for all these orders together; ours knows nothing of them. Differences are taken order by order, and whole shops are
drawn again for the intervals.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.screening import session
from bench.screening_figures import Judged, average_precision, calibration_error, ends, paid
from bench.screening_simulated import best_fixed, decided, lightgbm, shipped, shop_days
from functions.screening.columns import Floats, Ints
from sandbox.screening.years import Year, joined, years

SEEDS: Final = tuple(range(5101, 5125))
LOOKS: Final = (20, 5, 1)
"""A shop and day; 20 is what a shop begins with."""
LAST, BEFORE = 10, 9
"""Months that are judged, and the one before, which the shop remembers."""
DRAWS: Final = 2_000


def ours(x: NDArray[np.float32]) -> Floats:
    """Probabilities by the shipped graph."""
    found = session().run(["probability"], {"features": x})[0]
    return np.asarray(found, np.float64)[:, 0]


def verdicts(orders: Year, probability: Floats, theirs: Floats | None, looks: int) -> dict[str, Ints]:
    """What each policy does with the orders of the months judged; ``theirs`` is for those alone."""
    late = orders.month >= LAST
    last = orders.rows(late)
    days = shop_days(last.shop, last.at)
    found = {
        "ours": decided(probability, orders.total, orders.at, orders.shop, late, looks)[late],
        "best fixed threshold": best_fixed(Judged(last.label, probability[late], last.total, last.shop), days, looks),
        "approve all": np.zeros(len(days), np.int64),
    }
    if theirs is not None:
        found["LightGBM's best threshold"] = best_fixed(Judged(last.label, theirs, last.total, last.shop), days, looks)
    most = int(np.bincount(days[found["ours"] > 0]).max(initial=0))
    if most > looks:
        raise RuntimeError(f"{most} looks in one shop's day, where {looks} are allowed")
    return found


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


def ranked(name: str, label: Floats, probability: Floats) -> str:
    """A line on how well it tells them apart, and how honest its word is."""
    ones = np.ones(len(label))
    precision = average_precision(label, probability, ones)
    return f"{name}: AP {precision:.4f}, calibration error {calibration_error(label, probability, ones):.4f}"


def main() -> int:
    """Print what each policy spends."""
    base = shipped()
    orders = joined([one.rows(one.month >= BEFORE) for one in years(SEEDS)])
    x, late = base.numbers(orders.table), orders.month >= LAST
    last = orders.rows(late)
    probability, theirs = ours(x), lightgbm(base, x[late])
    print(f"{len(last.label):,} orders of {len(np.unique(last.shop))} shop-quarters, {int(last.label.sum()):,} frauds")
    print(ranked("ours", last.label, probability[late]))
    if theirs is not None:
        print(ranked("LightGBM", last.label, theirs))
    for looks in LOOKS:
        print(f"{looks} looks a shop and day", flush=True)
        spent = verdicts(orders, probability, theirs, looks)
        costs = {name: paid(verdict, last.label, last.total) for name, verdict in spent.items()}
        for line in told(costs, last.shop):
            print("  " + line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
