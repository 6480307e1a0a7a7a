"""Moments as shops write them, in whatever form and zone, as UTC."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

UTC = pl.Datetime("us", "UTC")
_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z", "%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%z")
_NAIVE = (
    "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%b %d, %Y %H:%M:%S", "%b %d, %Y %I:%M %p", "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
)  # fmt: skip
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%Y%m%d")
_SLASHED = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_FIRST_SECONDS, _FIRST_MILLIS = 100_000_000, 100_000_000_000
"""Numbers from here on are seconds, or milliseconds, since 1970 (a date of 1973 in either)."""


def moments(column: pl.Series) -> tuple[pl.Series, list[str]]:
    """Moments in UTC, null where they cannot be read, and what had to be assumed.

    Moments without a zone are taken as UTC; 03/04/2026 is March 4th unless some first number is above 12.
    """
    if isinstance(column.dtype, pl.Datetime):
        known = column.dt.replace_time_zone("UTC") if column.dtype.time_zone is None else column
        return known.dt.convert_time_zone("UTC").cast(UTC), []
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), []
    if column.dtype.is_numeric():
        return _numbers(column.cast(pl.Float64)), []
    return _texts(column.cast(pl.String))


def _numbers(column: pl.Series) -> pl.Series:
    """Seconds or milliseconds since 1970."""
    value = pl.col("n")
    seconds = pl.when(value >= _FIRST_MILLIS).then(value / 1000).when(value >= _FIRST_SECONDS).then(value)
    micros = (seconds * 1_000_000).cast(pl.Int64, strict=False)
    return pl.DataFrame({"n": column}).select(micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))["n"]


def _texts(column: pl.Series) -> tuple[pl.Series, list[str]]:
    text = column.str.strip_chars().str.replace(r"\s*(Z|UTC|GMT)$", "+00:00").str.replace(r"([+-]\d\d):(\d\d)$", "$1$2")
    frame = pl.DataFrame({"t": text})
    slashed = text.str.contains(r"^\d{1,2}/\d{1,2}/\d{4}")
    first = text.str.extract(r"^(\d{1,2})/\d{1,2}/\d{4}").cast(pl.Int64)
    day_first = bool((first > 12).any())
    noted = []
    if bool(slashed.any()):
        order = "day/month/year" if day_first else "month/day/year"
        noted.append(f"dates with slashes are read as {order}")
    plain = text.str.replace(r"\+0000$", "")
    found = frame.with_columns(plain=plain).select(pl.coalesce([*_parsers("%d/%m/%Y" if day_first else "%m/%d/%Y")]))
    moment = found.to_series()
    numbers = _numbers(text.cast(pl.Float64, strict=False))
    return moment.zip_with(moment.is_not_null(), numbers), noted


def _parsers(slashes: str) -> Iterator[pl.Expr]:
    for form in _ZONED:
        yield pl.col("t").str.to_datetime(form, strict=False, time_unit="us").dt.convert_time_zone("UTC")
    slashed = [f"{slashes} {clock}" for clock in _SLASHED]
    for form in (*_NAIVE, *slashed):
        naive = pl.col("plain").str.to_datetime(form, strict=False, time_unit="us")
        yield naive.dt.replace_time_zone("UTC")
    for form in (*_DATES, slashes):
        day = pl.col("plain").str.to_date(form, strict=False)
        yield day.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
