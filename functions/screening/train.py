"""A shop's own screening model, nightly: how its orders ended moves the shipped one, as far as that pays.

Labels come late, and not for every order. An order that nobody complained about counts as fine once it is ninety
days old, unless it was held: what became of a held order is known only from a person's word, so the others are left
out, and the model is never taught that holding was right because it was done.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from chalicelib.contracts import Artifact, ArtifactCard, Material, Model, OrderOutcome
from chalicelib.errors import ArtifactMismatch
from functions.screening import keeping, scoring
from functions.screening.adapting import Climb, climb
from functions.screening.columns import Floats, Values
from functions.screening.judging import Judge
from functions.screening.learning import Lesson
from functions.screening.schema import BY_NAME, DIRECTIONS, FEATURES, SIGNAL
from functions.screening.scoring import MODEL, Terms

QUIET: Final = timedelta(days=90)
"""Chargebacks are rare after that long."""
LEAST_LABELS, LEAST_FRAUDS = 200, 5
WEEK_S: Final = 7 * 86_400


def train(material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
    """The shop's own model, or none while too few of its orders have ended, or there is nothing to begin with."""
    told = sorted(ended(material.outcomes, material.now), key=lambda pair: pair[0].at)
    frauds = sum(label for _, label in told)
    current = material.current.get(MODEL) if material.current else None
    if len(told) < LEAST_LABELS or frauds < LEAST_FRAUDS or current is None:
        progress(f"screening: {len(told)} orders have ended, {frauds:.0f} of them as fraud: the shipped model stays")
        return ()
    try:
        base = current.once("tables", keeping.read_tables)
    except ArtifactMismatch as error:
        progress(f"screening: {error}")
        return ()
    lesson, order = lesson_of(told)
    judge, reached = climb(base, lesson, order, progress)
    return (_artifact(material, current, judge, reached, lesson),)


def ended(outcomes: Sequence[OrderOutcome], now: datetime) -> list[tuple[OrderOutcome, float]]:
    """Orders whose end is known, or as good as known, with 1 for fraud."""
    found = []
    for one in outcomes:
        if one.label is not None:
            found.append((one, float(one.label)))
        elif not one.held and now - one.at >= QUIET:
            found.append((one, 0.0))
    return found


def lesson_of(told: Sequence[tuple[OrderOutcome, float]]) -> tuple[Lesson, Floats]:
    """Labelled rows, weeks as the units that are kept together, and when each order was placed."""
    rows = [outcome.features for outcome, _ in told]
    signals = sorted({name for row in rows for name in row if name.startswith(SIGNAL)})
    names = [*(feature.name for feature in FEATURES), *signals]
    table = {name: _column(name, [row.get(name) for row in rows]) for name in names}
    at = np.array([outcome.at.timestamp() for outcome, _ in told])
    label = np.array([label for _, label in told])
    return Lesson(table=table, label=label, group=(at // WEEK_S).astype(np.int64), directions=DIRECTIONS), at


def _column(name: str, values: Sequence[float | str | None]) -> Values:
    known = BY_NAME.get(name)
    text = known.kind == "category" if known else any(isinstance(value, str) for value in values)
    if text:
        return np.array(values, object)
    return np.array([value if isinstance(value, int | float) else np.nan for value in values], np.float64)


def _artifact(material: Material, current: Model, judge: Judge, reached: Climb, lesson: Lesson) -> Artifact:
    graph, terms = judge.graph()
    assets = {
        scoring.ASSET: terms.write(),
        keeping.ASSET: current.assets[keeping.ASSET],  # the next night begins with what was shipped, too
    }
    return Artifact(name=MODEL, graph=graph, card=_card(material, terms, reached, lesson, judge), assets=assets)


def _card(material: Material, terms: Terms, reached: Climb, lesson: Lesson, judge: Judge) -> ArtifactCard:
    return ArtifactCard(
        name=MODEL,
        version=f"{material.now:%Y%m%dT%H%M%S}",
        sha256="",
        inputs={"features": ("float32", ("rows", len(terms.inputs)))},
        outputs={
            "probability": ("float32", ("rows", 1)),
            "contributions": ("float32", ("rows", len(terms.terms))),
        },
        units={"probability": "of fraud, 0 to 1", "contributions": "log odds, by the terms of terms.json"},
        thresholds={},
        training_data=f"{len(lesson.label)} of this shop's own orders, {lesson.label.sum():.0f} of them fraud, on top "
        "of the shipped model (simulated orders)",
        metrics=_metrics(reached),
        licence="the shop's own",
        created_at=material.now,
        notes=EXACT if not judge.trees or reached.rung != "own" else TOLD_APART,
    )


EXACT: Final = "Contributions and intercept add up to the logit; each term's part is exactly what it adds."
TOLD_APART: Final = (
    "Boosted trees take part. Contributions and intercept add up to the logit exactly; how much of it each feature "
    "gets follows the splits on an order's path (Saabas): two that only count together may share it unevenly."
)


def _metrics(reached: Climb) -> dict[str, Any]:
    return {
        "rung": reached.rung,
        "log_loss_on_later_orders": {name: round(value, 5) for name, value in reached.loss.items()},
        "saved_nats_against_level": round(reached.saved, 5),
        "standard_error": round(reached.error, 5),
    }
