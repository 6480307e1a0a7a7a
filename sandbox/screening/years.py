"""Simulated years as columns: drawn and screened once, then read from disk."""

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from os import cpu_count
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from functions.screening.columns import Floats, Ints, Values
from functions.screening.learning import Lesson
from functions.screening.schema import DIRECTIONS
from sandbox.orders.attacks import KEPT_ATTACKS
from sandbox.orders.stream import MONTH, START, all_orders
from sandbox.orders.world import SHOPS
from sandbox.screening.lessons import WEEK, table_of
from sandbox.screening.rows import rows_of

KEPT: Final = Path(".local/screening")
MOST_WEEKS: Final = 60
_FEATURE: Final = "feature_"


@dataclass(frozen=True, slots=True)
class Year:
    """Orders of six shops, or of six for each year that was joined, in time order within each shop."""

    table: Mapping[str, Values]
    """By feature name."""
    label: Floats
    """1 fraud, 0 fine."""
    total: Floats
    """In the shop's own currency."""
    at: Floats
    """Seconds since 1970."""
    shop: Ints
    shown: NDArray[np.bool_]
    """Whether a model may learn from it: it is no attack of those that are kept for the last look."""

    @property
    def month(self) -> Ints:
        """1 to 12."""
        return ((self.at - START.timestamp()) // MONTH.total_seconds()).astype(np.int64) + 1

    def rows(self, chosen: NDArray[np.bool_]) -> "Year":
        """Some of them."""
        table = {name: values[chosen] for name, values in self.table.items()}
        label, total, at = self.label[chosen], self.total[chosen], self.at[chosen]
        return Year(table, label, total, at, self.shop[chosen], self.shown[chosen])

    def lesson(self) -> Lesson:
        """To learn from; a shop's week stays on one side, with its campaigns and its buyers' habits."""
        week = ((self.at - START.timestamp()) // WEEK).astype(np.int64)
        group = self.shop * MOST_WEEKS + week
        return Lesson(table=self.table, label=self.label, group=group, directions=DIRECTIONS)


def years(seeds: Sequence[int], folder: Path = KEPT) -> list[Year]:
    """One per seed, those that are not kept yet drawn side by side (half a minute each)."""
    missing = [seed for seed in seeds if not _file(folder, seed).is_file()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(min(len(missing), cpu_count() or 1)) as pool:
            for number, seed in enumerate(pool.map(partial(_draw, folder), missing), 1):
                sys.stderr.write(f"simulated year {seed}: drawn and screened, {number} of {len(missing)}\n")
    return [_read(_file(folder, seed)) for seed in seeds]


def joined(several: Sequence[Year]) -> Year:
    """As if all shops were on one street."""
    table = {name: np.concatenate([one.table[name] for one in several]) for name in several[0].table}
    shop = np.concatenate([one.shop + place * len(SHOPS) for place, one in enumerate(several)])
    label, total, at = (
        np.concatenate(parts) for parts in zip(*((one.label, one.total, one.at) for one in several), strict=True)
    )
    return Year(table, label, total, at, shop, np.concatenate([one.shown for one in several]))


def _file(folder: Path, seed: int) -> Path:
    return folder / f"year-{seed}.npz"


def _draw(folder: Path, seed: int) -> int:
    records = all_orders(seed=seed)
    table = table_of(list(rows_of(records)))
    names = [shop.name for shop in SHOPS]
    columns: dict[str, Any] = {
        _FEATURE + name: values.astype(np.float32) if values.dtype.kind == "f" else _text(values)
        for name, values in table.items()
    }
    part = _file(folder, seed).with_suffix(".part.npz")
    np.savez(
        part,
        label=np.array([float(one.is_fraud) for one in records]), total=np.array([float(one.total) for one in records]),
        at=np.array([one.created_at.timestamp() for one in records]),
        shop=np.array([names.index(one.shop) for one in records]),
        shown=np.array([one.attack not in KEPT_ATTACKS for one in records]),
        **columns,
    )  # fmt: skip
    part.rename(_file(folder, seed))
    return seed


def _text(values: Values) -> NDArray[np.str_]:
    """What is not known as the empty text, which the model takes as such."""
    return np.array(["" if value is None else str(value) for value in values.tolist()])


def _read(path: Path) -> Year:
    with np.load(path) as held:
        table = {
            name.removeprefix(_FEATURE): held[name].astype(np.float64 if held[name].dtype.kind == "f" else object)
            for name in held.files
            if name.startswith(_FEATURE)
        }
        return Year(table, held["label"], held["total"], held["at"], held["shop"], held["shown"])
