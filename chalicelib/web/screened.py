"""Pictures of screening: what probabilities orders get, who is held how often, how fast, where the bar was raised."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from statistics import quantiles

from chalicelib.domain import fairness
from chalicelib.domain.evidence import Curve, Mark
from chalicelib.domain.fairness import Group, Share
from chalicelib.domain.screening import Ruling, Screening
from chalicelib.web import charts, languages
from chalicelib.web.charts import Chart
from chalicelib.web.rendering import translate
from chalicelib.web.visit import Visit

SCANNED = 20_000
LOOKED_BACK = timedelta(days=90)
CUTS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Classes of probability: most orders lie far below one per cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One country or language beside the others, in shares of 1."""

    name: str
    orders: int
    held: Share
    gap: float
    low: float
    high: float
    over: bool
    """Over the merchant's bound, and not for chance alone."""
    bar: float | None = None
    """What a look must save at least there, where the bar was raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What the insights page shows of screening; ``orders`` is 0 where nothing was screened."""

    orders: int
    flagged: int
    pictures: Sequence[Chart]
    countries: Sequence[Row]
    spoken: Sequence[Row]
    wrong: Sequence[Row]
    """Countries again, of orders that a person or time has shown to be fine."""
    waited: tuple[float, float] | None
    """Seconds from the webhook to the verdict: half of all orders within, and 95 of a hundred."""
    overruled: int


def overview(visit: Visit) -> Screened:
    """The last 90 days."""
    kept = list(islice(visit.services.screenings.all(visit.the_shop.id), SCANNED))
    recent = [one for one in kept if one.at >= visit.now - LOOKED_BACK]
    labels = {one.order_id: one.label for one in visit.services.outcomes.all(visit.the_shop.id)} if recent else {}
    fine = [one for one in recent if labels.get(one.order_id) is not True]
    proven = [one for one in recent if labels.get(one.order_id) is False]
    flagged = sum(one.ruling is not Ruling.APPROVE for one in recent)
    return Screened(
        orders=len(recent), flagged=flagged, pictures=[c for c in (_scores(visit, recent), _days(visit, recent)) if c],
        countries=_rows(visit, fine, lambda one: one.country), spoken=_rows(visit, fine, lambda one: one.language),
        wrong=_rows(visit, proven, lambda one: one.country), waited=_waited(recent),
        overruled=sum(one.override is not None and one.override.deed != "held" for one in recent),
    )  # fmt: skip


def _rows(visit: Visit, orders: Sequence[Screening], by: Callable[[Screening], str]) -> list[Row]:
    bound = float(visit.the_policy.orders.max_country_gap_pct) / 100
    bars = _bars(visit)
    found = fairness.groups((by(one), one.ruling is not Ruling.APPROVE) for one in orders)
    return [_row(group, bound, bars) for group in found]


def _row(group: Group, bound: float, bars: Mapping[str, float]) -> Row:
    low, high = group.gap_interval
    return Row(
        name=group.name, orders=group.share.of, held=group.share, gap=group.gap, low=low, high=high,
        over=group.exceeds(bound), bar=bars.get(group.name),
    )  # fmt: skip


MITIGATION = "screening/mitigation"
"""Where the night keeps, per country, what a look must save at least."""


def _bars(visit: Visit) -> Mapping[str, float]:
    kept = visit.services.memories.recall(visit.the_shop.id, [MITIGATION]).get(MITIGATION, "{}")
    return {str(name): float(bar) for name, bar in json.loads(kept).items()}


def _scores(visit: Visit, recent: Sequence[Screening]) -> Chart | None:
    """How many orders lie in each class of probability, and from where on orders were flagged."""
    known = [one for one in recent if one.probability is not None]
    if len(known) < 2:
        return None
    say = partial(translate, visit)
    counts = [sum(low <= (one.probability or 0.0) < high for one in known) for low, high in _classes()]
    lowest = min((one.probability or 0.0 for one in known if one.ruling is not Ruling.APPROVE), default=None)
    finding = say("{flagged} of {orders} orders deserved a look.")
    words = finding.replace("{flagged}", str(sum(one.ruling is not Ruling.APPROVE for one in known)))
    words = words.replace("{orders}", str(len(known)))
    if lowest is not None:
        words += " " + say("The lowest probability among them was {lowest}: what is at stake decides too.").replace(
            "{lowest}", languages.percent(round(lowest, 3), visit.language)
        )
    values = [(_named(visit, low, high), float(count)) for (low, high), count in zip(_classes(), counts, strict=True)]
    columns = (say("Probability of fraud"), say("Orders"))
    return charts.draw_bars(say("Probabilities of the last 90 days"), words, columns, values, _number(visit))


def _classes() -> Iterator[tuple[float, float]]:
    ends = (*CUTS[1:-1], 1.0001)
    yield from zip(CUTS[:-1], ends, strict=True)


def _named(visit: Visit, low: float, high: float) -> str:
    ends = (f"{languages.number(round(100 * end, 1), visit.language)}" for end in (low, min(high, 1.0)))
    return " – ".join(ends) + " %"


def _days(visit: Visit, recent: Sequence[Screening]) -> Chart | None:
    """What looking saves, from most to least, with the place where the day's looks end."""
    saved = sorted((min(one.saved, 1e6) for one in recent if one.costs and one.saved > 0), reverse=True)
    if len(saved) < 5:
        return None
    say = partial(translate, visit)
    days = max((max(one.at for one in recent) - min(one.at for one in recent)) / timedelta(days=1), 1.0)
    allowed = visit.the_policy.orders.reviews_per_day * days
    step = max(1, len(saved) // 60)
    xs = tuple(float(place + 1) for place in range(0, len(saved), step))
    marks = (Mark(label=say("your looks end"), x=allowed, kind="limit"),) if allowed < len(saved) else ()
    curve = Curve(
        title=say("What a look saves"),
        finding=say("In expectation, and simulated until your own outcomes are learned from."),
        x_label=say("Orders, first where a look saves most"), y_label=say("Saved per look"), x=xs,
        y=tuple(saved[int(x) - 1] for x in xs), marks=marks,
    )  # fmt: skip
    return charts.draw_curve(curve, _number(visit))


def _waited(recent: Sequence[Screening]) -> tuple[float, float] | None:
    times = [one.waited_s for one in recent]
    if len(times) < 2:
        return (times[0], times[0]) if times else None
    cuts = quantiles(times, n=20)
    return cuts[9], cuts[18]


def _number(visit: Visit) -> Callable[[float], str]:
    return lambda value: languages.number(round(value, 1), visit.language)
