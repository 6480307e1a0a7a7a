"""Simulated orders as labelled tables: what may be learned from, what is chosen by, and the last look."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from functions.screening.columns import Floats, Ints, Values
from functions.screening.features import Row
from functions.screening.learning import Lesson
from functions.screening.schema import DIRECTIONS, FEATURES
from sandbox.orders.attacks import KEPT_ATTACKS
from sandbox.orders.records import OrderRecord
from sandbox.orders.stream import TRAIN_END, VALIDATION_END, all_orders
from sandbox.screening.rows import rows_of

WEEK: Final = 7 * 86_400
HIDDEN: Final = 0.05
"""Each group of features is hidden in so many of the rows learned from: stores differ in what they show."""
GROUPS: Final[tuple[tuple[str, ...], ...]] = (
    ("avs", "cvv"), ("card_",), ("provider_risk",), ("failed_payments",), ("express",), ("item_risk",),
    ("ip_", "emails_per_ip", "cards_per_ip"), ("email",), ("account_days", "orders_before"), ("amount_vs_shop",),
    ("amount_vs_buyer",), ("digital_share",), ("address_", "emails_per_address"), ("paid_with",),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated year, screened in time order."""

    records: Sequence[OrderRecord]
    rows: Sequence[Row]

    @property
    def label(self) -> Floats:
        """1 fraud, 0 fine."""
        return np.array([float(record.is_fraud) for record in self.records])

    @property
    def table(self) -> dict[str, Values]:
        """Columns by feature name."""
        return table_of(self.rows)

    @property
    def group(self) -> Ints:
        """One shop's week: campaigns and buyers' habits stay on one side."""
        weeks = [f"{record.shop} {int(record.created_at.timestamp() // WEEK)}" for record in self.records]
        return np.unique(weeks, return_inverse=True)[1].astype(np.int64)

    def months(self, which: Literal["train", "last"]) -> NDArray[np.bool_]:
        """``train`` (months 1 to 8, without the kept attacks) or ``last`` (10 to 12)."""
        if which == "last":
            return np.array([record.created_at >= VALIDATION_END for record in self.records])
        return np.array([one.created_at < TRAIN_END and one.attack not in KEPT_ATTACKS for one in self.records])

    def lesson(self, chosen: NDArray[np.bool_]) -> Lesson:
        """Some of the rows, to learn from."""
        table = {name: values[chosen] for name, values in self.table.items()}
        return Lesson(table=table, label=self.label[chosen], group=self.group[chosen], directions=DIRECTIONS)


def simulated(
    seed: int = 20250101, scale: float = 1.0, equal_risk: bool = False, kept: Path | None = None
) -> Simulated:
    """Generate and screen; ``kept`` holds the rows of an earlier run of the same call, or will."""
    records = all_orders(seed=seed, scale=scale, equal_risk=equal_risk)
    if kept is not None and kept.is_file():
        return Simulated(records, json.loads(kept.read_text(encoding="utf-8")))
    rows: list[Row] = []
    for row in rows_of(records):
        rows.append(row)
        if len(rows) % 20_000 == 0:
            sys.stderr.write(f"screened {len(rows):,} of {len(records):,} simulated orders\n")
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(rows), encoding="utf-8")
    return Simulated(records, rows)


def table_of(rows: Sequence[Row]) -> dict[str, Values]:
    """Rows as columns: float64 with NaN, or objects for categories."""
    table: dict[str, Values] = {}
    for feature in FEATURES:
        values = [row.get(feature.name) for row in rows]
        text = feature.kind == "category"
        table[feature.name] = np.array(values, object) if text else np.array(
            [np.nan if value is None else value for value in values], np.float64
        )  # fmt: skip
    return table


def hidden(lesson: Lesson, seed: int) -> Lesson:
    """With groups of features hidden here and there."""
    rng = np.random.default_rng(seed)
    table = {name: values.copy() for name, values in lesson.table.items()}
    for group in GROUPS:
        away = rng.random(len(lesson.label)) < HIDDEN
        for name, values in table.items():
            if name.startswith(group):
                values[away] = None if values.dtype.kind == "O" else np.nan
    return Lesson(table=table, label=lesson.label, group=lesson.group, directions=lesson.directions)
