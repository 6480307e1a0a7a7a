"""More of the last look at simulated orders: few labels in a new shop, countries, and bursts of card testing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.screening_figures import average_precision, by_cost
from functions.screening import bursts
from functions.screening.adapting import climb
from functions.screening.boosting import sigmoid
from functions.screening.columns import Floats, Ints, Values
from functions.screening.fairness import Gap, Rate, gap, offsets, rates
from functions.screening.judging import Judge
from functions.screening.train import LEAST_FRAUDS
from sandbox.orders.records import OrderRecord
from sandbox.orders.stream import VALIDATION_END
from sandbox.screening.lessons import Simulated
from sandbox.screening.rows import Tally, order_of

NEW_SHOPS: Final = ("electronics", "sports")
"""One that shows everything, one that shows what WooCommerce does; the base for this look never saw them."""
FEW, TIMES, SHARE = 500, 5, 0.03
PAUSE_S: Final = 7_200
"""Card-testing orders of a shop further apart than this are two campaigns."""

type Fold = tuple[Ints, Ints]


def few_folds(year: Simulated) -> list[Fold]:
    """``TIMES`` draws a shop: 500 rows of its first eight months (whole weeks), and its last three months."""
    shop = np.array([record.shop for record in year.records])
    train, last, group = year.months("train"), year.months("last"), year.group
    found = []
    for name in NEW_SHOPS:
        rows, test = np.flatnonzero(train & (shop == name)), np.flatnonzero(last & (shop == name))
        for draw in range(TIMES):
            rank = np.random.default_rng(draw).permutation(int(group.max()) + 1)[group[rows]]
            found.append((np.sort(rows[np.argsort(rank, kind="stable")[:FEW]]), test))
    return found


def few_labels(year: Simulated, base: Judge, folds: Sequence[Fold]) -> tuple[list[float], list[float]]:
    """Average precision per fold: of the base as it comes, and of what a shop makes of it with 500 labels."""
    at = np.array([record.created_at.timestamp() for record in year.records])
    label, table = year.label, year.table
    as_it_comes, adapted = [], []
    for rows, test in folds:
        mask = np.zeros(len(label), bool)
        mask[rows] = True
        part: Mapping[str, Values] = {name: values[test] for name, values in table.items()}
        enough = label[rows].sum() >= LEAST_FRAUDS
        own = climb(base, year.lesson(mask), at[mask], lambda text: None)[0] if enough else base
        ones = np.ones(len(test))
        as_it_comes.append(average_precision(label[test], base.logit(part), ones))
        adapted.append(average_precision(label[test], own.logit(part), ones))
    return as_it_comes, adapted


def countries(year: Simulated, base: Judge) -> dict[str, Any]:
    """Hold rates of honest orders by shipping country where every country has the same true risk.

    A common threshold that flags ``SHARE`` of the honest orders of months 1 to 9, then with thresholds per country
    learned on those months; both judged on months 10 to 12. ``by chance`` is the gap with countries shuffled.
    """
    logit, honest = base.logit(year.table), year.label == 0
    where = [record.shipping_country or "" for record in year.records]
    early = np.array([record.created_at < VALIDATION_END for record in year.records])
    bar = float(np.quantile(logit[early & honest], 1 - SHARE))
    moved = offsets(
        logit[early], honest[early], [c for c, one in zip(where, early.tolist(), strict=True) if one], SHARE
    )
    mended = logit - np.array([moved.get(country, 0.0) for country in where])
    judged = honest & ~early
    names = [country for country, one in zip(where, judged.tolist(), strict=True) if one]
    alone, after = (logit > bar)[judged], (mended > bar)[judged]
    total = np.array([record.total for record in year.records])[judged]
    by_price = by_cost(sigmoid(logit[judged]), total) > 0
    by_price_after = by_cost(sigmoid(mended[judged]), total) > 0
    return {
        "model alone": _told(alone, names),
        "after thresholds": _told(after, names),
        "decided by cost, model alone": _told(by_price, names),
        "decided by cost, after thresholds": _told(by_price_after, names),
        "by chance": _shuffled(alone, names),
        "offsets": {country: round(value, 2) for country, value in moved.items()},
    }


def _told(held: NDArray[np.bool_], names: Sequence[str]) -> dict[str, Any]:
    found: tuple[Rate, ...] = rates(held.tolist(), names)
    apart: Gap | None = gap(found)
    shown = {one.group: f"{one.rate:.3f} ({one.low:.3f} to {one.high:.3f}) of {one.orders}" for one in found}
    if apart is None:
        return {"rates": shown}
    points = f"{apart.points:.3f} ({apart.low:.3f} to {apart.high:.3f}), {apart.most} over {apart.least}"
    return {"gap": points, "rates": shown}


def _shuffled(held: NDArray[np.bool_], names: Sequence[str]) -> str:
    rng = np.random.default_rng(0)
    each = []
    for _ in range(100):
        apart = gap(rates(held[rng.permutation(len(held))].tolist(), names))
        each.append(apart.points if apart else 0.0)
    return f"{float(np.mean(each)):.3f} ({np.quantile(each, 0.025):.3f} to {np.quantile(each, 0.975):.3f})"


def burst_alarms(year: Simulated) -> dict[str, Any]:
    """At which order of a card-testing campaign, and after how long, the alarm came; and alarms without a campaign."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    campaigns: dict[str, list[list[tuple[OrderRecord, bool]]]] = defaultdict(list)
    false_alarms: set[tuple[str, str]] = set()
    for record, row in zip(year.records, year.rows, strict=True):
        order, tally = order_of(record), tallies[record.shop]
        added = bursts.updates(order, row)
        tally.add(added)
        alarm = bool(added) and bursts.burst(tally.read(bursts.keys(), order.created_at)) is not None
        if record.attack == "card_testing":
            _into(campaigns[record.shop], record, alarm)
        elif alarm and not _under_attack(campaigns[record.shop], record):
            false_alarms.add((record.shop, f"{record.created_at:%Y-%m-%d %H}"))
    every = [one for shop in campaigns.values() for one in shop]
    first = [_first_alarm(one) for one in every]
    caught = [one for one in first if one]
    return {
        "campaigns": len(every),
        "flagged within 20 orders": sum(1 for number, _ in caught if number <= 20),
        "order of the alarm, median": float(np.median([number for number, _ in caught])) if caught else None,
        "order of the alarm, latest": max((number for number, _ in caught), default=None),
        "seconds since the first order, median": float(np.median([s for _, s in caught])) if caught else None,
        "false alarms (shop-hours in six shop-years)": len(false_alarms),
        "missed": [len(one) for one, found in zip(every, first, strict=True) if not found],
    }


def _into(shop: list[list[tuple[OrderRecord, bool]]], record: OrderRecord, alarm: bool) -> None:
    if not shop or (record.created_at - shop[-1][-1][0].created_at).total_seconds() > PAUSE_S:
        shop.append([])
    shop[-1].append((record, alarm))


def _under_attack(shop: list[list[tuple[OrderRecord, bool]]], record: OrderRecord) -> bool:
    return bool(shop) and (record.created_at - shop[-1][-1][0].created_at).total_seconds() < bursts.WINDOW


def _first_alarm(campaign: list[tuple[OrderRecord, bool]]) -> tuple[int, float] | None:
    for number, (record, alarm) in enumerate(campaign, 1):
        if alarm:
            return number, (record.created_at - campaign[0][0].created_at).total_seconds()
    return None


def differences(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Mean difference over folds with a 95 % interval (draws of folds)."""
    each = np.array(ours) - np.array(theirs)
    rng = np.random.default_rng(0)
    drawn = [float(rng.choice(each, len(each)).mean()) for _ in range(1_000)]
    return f"{each.mean():.4f} ({np.quantile(drawn, 0.025):.4f} to {np.quantile(drawn, 0.975):.4f})"


def means(each: Sequence[float] | Floats) -> str:
    """Mean over folds, and the range."""
    return f"{float(np.mean(each)):.4f} (folds {min(each):.3f} to {max(each):.3f})"
