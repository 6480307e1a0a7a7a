"""Every night: have the inputs shifted, and are honest buyers of one country held up more often than others?

What is kept of the last weeks is looked at; no model and no label is needed, though known fraud is left out of the
question of fairness.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from chalicelib.contracts import Alarm, Material, OrderOutcome, Watched
from chalicelib.domain import fairness
from chalicelib.domain.fairness import Group
from chalicelib.domain.screening import Ruling, Screening
from functions.screening.schema import feature

DRIFT: Final = "screening_drift"
GAP: Final = "screening_gap"
CODES: Final = frozenset({DRIFT, GAP})
MITIGATION_KEY: Final = "screening/mitigation"
RECENT: Final = timedelta(days=14)
BEFORE: Final = timedelta(days=90)
LOOKED_BACK: Final = timedelta(days=90)
SHIFTED: Final = 0.25
"""From this population stability index on, an input is called shifted (the usual rule of credit scoring)."""
FEWEST: Final = 200
"""Orders on each side, below which a shift is noise."""
BINS: Final = 10

type Floats = NDArray[np.float64]


def watch(material: Material) -> Watched:
    """What is amiss, and how the bar is raised where a country's buyers are held too often."""
    held_up = [one for one in material.screenings if one.at >= material.now - LOOKED_BACK]
    fraud = {one.order_id for one in material.outcomes if one.label}
    fine = [one for one in held_up if one.order_id not in fraud]
    bound = float(material.policy.orders.max_country_gap_pct) / 100
    bars = mitigation(fine, bound)
    alarms = [*_drift(material), *_gaps(fine, bound, bars)]
    return Watched(alarms=alarms, remember={MITIGATION_KEY: json.dumps(bars, sort_keys=True)})


def bars_of(text: str) -> Mapping[str, float]:
    """By country, what a look must save at least there; what cannot be read raises no bar."""
    try:
        return {str(name): float(bar) for name, bar in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def mitigation(fine: Sequence[Screening], bound: float) -> dict[str, float]:
    """Per country whose honest buyers are held up more often than the others' by more than the bound: what looking
    at an order must save at least there, so that the gap comes down to the bound.

    The model knows no country; this is a threshold, laid open, and taken back as soon as it is not needed.
    """
    found = {}
    for group in _wronged(fine, bound):
        saved = sorted((one.saved for one in fine if one.country == group.name), reverse=True)
        allowed = int((group.others.value + bound) * len(saved))
        bar = saved[allowed] if allowed < len(saved) else 0.0
        if bar > 0:
            found[group.name] = round(bar * 1.000001 + 0.0001, 4)
    return found


def held(screening: Screening) -> bool:
    """Whether it would have been looked at, had it depended on cost alone: raising the bar must not hide the gap."""
    return screening.ruling is not Ruling.APPROVE or screening.why == "fairness"


def _wronged(fine: Sequence[Screening], bound: float) -> list[Group]:
    every = fairness.groups((one.country, held(one)) for one in fine)
    return [group for group in every if group.exceeds(bound)]


def _gaps(fine: Sequence[Screening], bound: float, bars: Mapping[str, float]) -> Iterator[Alarm]:
    for group in _wronged(fine, bound):
        low, high = (100 * end for end in group.gap_interval)
        then = "The bar for a look was raised there." if group.name in bars else "Please look into it."
        yield Alarm(
            code=GAP,
            subject=group.name,
            message=f"Honest orders to {group.name} are held up more often than others: "
            f"{100 * group.share.value:.0f} % against {100 * group.others.value:.0f} % "
            f"(gap {low:.0f} to {high:.0f} points). {then}",
        )


def _drift(material: Material) -> Iterator[Alarm]:
    begin = material.now - RECENT
    recent = [one for one in material.outcomes if one.at >= begin]
    before = [one for one in material.outcomes if begin - BEFORE <= one.at < begin]
    if min(len(recent), len(before)) < FEWEST:
        return
    for name in sorted({name for one in (*recent, *before) for name in one.features}):
        index = stability(_column(before, name), _column(recent, name))
        if index > SHIFTED:
            label = feature(name).label
            message = f"“{label}” of new orders is not what it was (stability index {index:.2f})."
            after = "Screening may be less sure until it has relearned."
            yield Alarm(code=DRIFT, subject=name, message=f"{message} {after}")


def _column(outcomes: Sequence[OrderOutcome], name: str) -> list[float | str | None]:
    return [one.features.get(name) for one in outcomes]


def stability(before: Sequence[float | str | None], after: Sequence[float | str | None]) -> float:
    """The population stability index of two samples, less what chance alone makes of it.

    Numbers are cut at the deciles of the earlier sample, what is missing is a class of its own, and so is every
    word. Sum over classes of (a - b) ln(a / b), with half a count added to each; its expectation where nothing has
    changed is about (classes - 1) (1/n + 1/m).
    """
    edges = _edges([value for value in before if isinstance(value, float | int)])
    one, other = _classes(before, edges), _classes(after, edges)
    names = sorted(one.keys() | other.keys())
    a = np.array([one.get(name, 0) + 0.5 for name in names])
    b = np.array([other.get(name, 0) + 0.5 for name in names])
    a, b = a / a.sum(), b / b.sum()
    chance = (len(names) - 1) * (1 / max(len(before), 1) + 1 / max(len(after), 1))
    return float(((a - b) * np.log(a / b)).sum() - chance)


def _edges(values: Sequence[float]) -> Floats:
    if not values:
        return np.empty(0)
    return np.unique(np.quantile(np.asarray(values, dtype=np.float64), np.linspace(0, 1, BINS + 1)[1:-1]))


def _classes(values: Sequence[float | str | None], edges: Floats) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in values:
        name = "" if value is None else f"={value}" if isinstance(value, str) else str(np.searchsorted(edges, value))
        found[name] = found.get(name, 0) + 1
    return found
