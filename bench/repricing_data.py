"""A merchant's sales file as arrays: checked, sorted into series, split by time."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from functions.repricing.demand import Floats, Panel

REQUIRED = ("product_id", "period", "price", "units")
HELD_OUT = 0.2
SCHEMA_ROWS = 100_000
DAYS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y", "%m/%d/%y", "%d.%m.%Y")
NO_PROMOTION = ["", "0", "no", "n", "false", "none", "null", "na", "nan"]
STEADY = 0.01
"""A series whose log price varied by no more than this teaches nothing about price."""


class UnusableFile(Exception):
    """The file cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """One file. Series are products, or products in stores; arrays are (series, period[, feature])."""

    products: list[str]
    """The product of each series."""
    panel: Panel
    """Training and held-out periods together."""
    test: npt.NDArray[np.bool_]
    """(period,): the last fifth."""
    features: list[str]
    mean_log_price: Floats
    cost: Floats
    """(series,): last known unit cost, NaN where none."""
    dropped: int
    """Rows that could not be used."""
    steady: int
    """Series without price changes, left out."""

    def train(self) -> Panel:
        """What models may see."""
        return replace(self.panel, known=self.panel.known * ~self.test)

    def held_out(self) -> npt.NDArray[np.bool_]:
        """Cells that models are judged on: (series, period)."""
        found: npt.NDArray[np.bool_] = (self.panel.in_stock().known > 0) & self.test
        return found


def read(path: Path) -> Sales:
    """Read and check a CSV or Parquet file. Raises UnusableFile."""
    frame = _clean(_frame(path))
    return _sales(frame)


def _frame(path: Path) -> pl.DataFrame:
    kind = path.suffix.lower()
    if kind not in {".csv", ".parquet"}:
        raise UnusableFile(f"{path.name}: give a .csv or .parquet file.")
    try:
        frame: pl.DataFrame = (
            pl.read_csv(path, infer_schema_length=SCHEMA_ROWS, null_values=["NA", "NaN", ""]) if kind == ".csv"
            else pl.read_parquet(path)
        )  # fmt: skip
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnusableFile(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise UnusableFile(
            f"{path.name} lacks the column(s) {', '.join(missing)}; needed are {', '.join(REQUIRED)}."
        )
    return frame


def _clean(frame: pl.DataFrame) -> pl.DataFrame:
    """Numbers as numbers, impossible rows away, one row per series and period."""
    numbers = [
        c
        for c in frame.columns
        if c in {"price", "units", "competitor_price", "cost", "stock"} or _promotes(c)
    ]
    store = pl.col("store_id").cast(pl.String) if "store_id" in frame.columns else pl.lit("")
    rows, frame = frame.height, frame.with_columns(_in_order(frame["period"]))
    frame = frame.with_columns(
        *(_number(frame, name) for name in numbers),
        pl.col("product_id").cast(pl.String), store.alias("store_id"),
        pl.col("period").rank("dense").cast(pl.Int64).sub(1).alias("place"),
    )  # fmt: skip
    frame = frame.filter(
        pl.col("place").is_not_null()
        & pl.col("price").is_finite()
        & (pl.col("price") > 0)
        & pl.col("units").is_finite()
        & (pl.col("units") >= 0)
    ).unique(["product_id", "store_id", "period"], keep="first", maintain_order=True)
    if frame.is_empty():
        raise UnusableFile("No row has a price above zero and units of zero or more.")
    return frame.with_columns(pl.lit(rows - frame.height).alias("dropped"))


def _in_order(period: pl.Series) -> pl.Series:
    """Periods that sort as time does: numbers, dates, or words with a number such as ``week 7``."""
    if period.dtype != pl.String:
        return period
    for form in DAYS:
        day = period.str.to_datetime(form, strict=False)
        if day.null_count() == period.null_count():
            return day
    number = period.str.extract(r"^\D*(\d+)$").cast(pl.Int64, strict=False)
    return number if number.null_count() == period.null_count() else period


def _number(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A column as numbers; a promotion that is told in words or codes ("yes", "B") is 1 wherever it says so."""
    column = frame[name]
    if _promotes(name) and column.dtype == pl.String and column.cast(pl.Float64, strict=False).is_null().any():
        word = pl.col(name).str.strip_chars().str.to_lowercase().fill_null("")
        return (~word.is_in(NO_PROMOTION)).cast(pl.Float64).alias(name)
    return pl.col(name).cast(pl.Float64, strict=False)


def _promotes(name: str) -> bool:
    return name.startswith("promotion")


def _sales(frame: pl.DataFrame) -> Sales:
    periods = int(frame["place"].to_numpy().max()) + 1
    if periods < 10:
        raise UnusableFile("Ten periods are the least from which a fifth can be held out.")
    keys = frame.select("product_id", "store_id").unique(maintain_order=True).with_row_index("series")
    frame = frame.join(keys, on=["product_id", "store_id"], how="left", maintain_order="left")
    at = (frame["series"].to_numpy().astype(np.int64), frame["place"].to_numpy())
    shape = (keys.height, periods)
    names = ["competitor_price"] * ("competitor_price" in frame.columns) + [
        c for c in frame.columns if _promotes(c)
    ]
    test = np.arange(periods) >= int(periods * (1 - HELD_OUT))
    seen, price = _spread(frame["price"], at, shape, 0.0) > 0, _spread(frame["price"], at, shape, 1.0)
    sold_out = _sold_out(frame, at, shape)
    known = seen if sold_out is None else seen & ~sold_out
    columns, mean = _features(frame, names, at, shape, price, seen & ~test)
    enough = (_sd(np.log(price), seen & ~test) > STEADY) & ((known & ~test).sum(axis=1) >= 4)
    if not enough.any():
        raise UnusableFile(
            "No product changed its price in the first four fifths of the periods: nothing to learn."
        )
    products = keys["product_id"].to_list()
    group = (
        np.unique(np.array(products), return_inverse=True)[1] if _stores(keys) else np.zeros(len(products))
    )
    panel = Panel(
        units=_spread(frame["units"], at, shape, 0.0)[enough], features=columns[enough],
        known=seen[enough].astype(float), group=np.unique(group[enough], return_inverse=True)[1],
        sold_out=None if sold_out is None else sold_out[enough].astype(float),
    )  # fmt: skip
    return Sales(
        products=[p for p, kept in zip(products, enough, strict=True) if kept], panel=panel, test=test,
        features=["one", "price", *names], mean_log_price=mean[enough], cost=_costs(frame, at, shape)[enough],
        dropped=int(frame["dropped"][0]), steady=int((~enough).sum()),
    )  # fmt: skip


def _stores(keys: pl.DataFrame) -> bool:
    """Whether products have several series each, so that they can be populations of their own."""
    return bool(keys["product_id"].n_unique() * 3 <= keys.height)


def _spread(
    column: pl.Series, at: tuple[npt.NDArray[np.int64], ...], shape: tuple[int, int], empty: float
) -> Floats:
    values = np.full(shape, empty)
    values[at] = column.fill_null(empty).to_numpy()
    return values


def _sd(values: Floats, where: npt.NDArray[np.bool_]) -> Floats:
    count = np.maximum(where.sum(axis=1), 1)
    mean = (values * where).sum(axis=1) / count
    return np.asarray(np.sqrt(((values - mean[:, None]) ** 2 * where).sum(axis=1) / count))


def _sold_out(
    frame: pl.DataFrame, at: tuple[npt.NDArray[np.int64], ...], shape: tuple[int, int]
) -> npt.NDArray[np.bool_] | None:
    """Periods whose sales are only a lower bound of demand, for the stock was gone; None where the file tells no
    stock. Models that cannot use a bound do without them, and nobody is judged by them."""
    if "stock" not in frame.columns:
        return None
    found: npt.NDArray[np.bool_] = _spread(frame["stock"], at, shape, 1.0) <= 0
    return found


def _features(
    frame: pl.DataFrame, names: list[str], at: tuple[npt.NDArray[np.int64], ...], shape: tuple[int, int],
    price: Floats, seen: npt.NDArray[np.bool_],
) -> tuple[Floats, Floats]:  # fmt: skip
    """A one, log price and log competitor price about their training means, promotions; and the mean log
    price."""
    own, mean = _centred(np.log(price), seen)
    columns = [np.ones(shape), own]
    for name in names:
        values = _spread(frame[name], at, shape, np.nan)
        if name == "competitor_price":
            values = np.log(np.where(values > 0, values, np.nan))
            values = _centred(np.where(np.isnan(values), np.log(price), values), seen)[0]
        columns.append(np.nan_to_num(values))
    return np.stack(columns, axis=-1), mean


def _centred(values: Floats, where: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    mean = (values * where).sum(axis=1) / np.maximum(where.sum(axis=1), 1)
    return values - mean[:, None], mean


def _costs(frame: pl.DataFrame, at: tuple[npt.NDArray[np.int64], ...], shape: tuple[int, int]) -> Floats:
    if "cost" not in frame.columns:
        return np.full(shape[0], np.nan)
    costs = _spread(frame["cost"], at, shape, np.nan)
    last = [row[np.isfinite(row) & (row > 0)][-1:] for row in costs]
    return np.array([float(one[0]) if len(one) else np.nan for one in last])
