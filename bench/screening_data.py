"""A merchant's labelled orders as a table to learn from: checked, recognised, in time order.

Columns with the product's own names, of Shopify's order export and of WooCommerce's exports are recognised, whatever
their spelling; ``signal_*`` columns enter as they are. Counters (velocity, links) are replayed in time order.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench.screening_replay import replay
from functions.screening.columns import Floats, Ints, Values
from functions.screening.schema import SIGNAL

NOTHING: Final = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]
TRUE: Final = frozenset({"1", "1.0", "true", "t", "yes", "y", "fraud", "fraudulent", "chargeback", "bad"})
FALSE: Final = frozenset({"0", "0.0", "false", "f", "no", "n", "legit", "legitimate", "genuine", "ok", "fine",
                         "good"})  # fmt: skip
MOSTLY: Final = 0.95
"""A column of text is one of numbers, or of moments, if so many of its values can be read as such."""
SAMPLE: Final = 200
SPELLING: Final = frozenset({"email_digits", "email_kind", "phone_given"})
"""What an e-mail address shows by its looks."""
OLDEST_LATEST: Final = (0.0, 4e9)
"""Seconds since 1970 within which a moment is believed."""
WAYS: Final = (
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%m/%d/%y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p",
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
    "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%b %d, %Y %H:%M:%S", "%b %d, %Y", "%d %b %Y %H:%M:%S", "%d %b %Y", "%d%b%Y", "%a %b %d %H:%M:%S %Y",
)  # fmt: skip
"""How exports write moments, beside ISO 8601."""
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "order_id": ("order_number", "name", "id", "order", "order_no"),
    "created_at": ("order_date", "date", "date_created", "date_created_gmt", "created", "timestamp", "date_gmt"),
    "total": ("order_total", "total_amount", "amount", "total_sales", "net_revenue", "n_revenue"),
    "currency": ("order_currency", "currency_code"),
    "email": ("billing_email", "customer_email", "contact_email", "email_address"),
    "ip": ("customer_ip_address", "customer_ip", "browser_ip", "client_ip", "ip_address"),
    "ip_country": ("customer_ip_country",),
    "customer_id": ("customer_user", "customer", "user_id"),
    "billing_country": ("billing_country_code",),
    "shipping_country": ("shipping_country_code", "ship_country"),
    "billing_address": ("billing_address1", "billing_address_1", "billing_street"),
    "shipping_address": ("shipping_address1", "shipping_address_1", "shipping_street"),
    "billing_postcode": ("billing_zip", "billing_postal_code"),
    "shipping_postcode": ("shipping_zip", "shipping_postal_code"),
    "phone": ("billing_phone", "customer_phone"),
    "gateway": ("payment_method", "payment_gateway", "payment_method_title"),
    "avs": ("avs_result", "avs_result_code"),
    "cvv": ("cvv_result", "cvv_result_code"),
    "card_bin": ("credit_card_bin", "bin"),
    "card_last4": ("credit_card_number", "last4", "card_number"),
    "card_expiry": ("expiry",),
    "discount": ("discount_amount", "cart_discount", "discount_total"),
    "channel": ("source", "source_name", "created_via"),
    "customer_orders": ("orders_count", "customer_orders_count"),
    "risk": ("risk_level",),
    "units": ("items_sold", "quantity"),
    "lines": ("line_count",),
    "express": (),
    "failed_payments": (),
}  # fmt: skip
"""Our name -> what exports call it (in lower case, with underscores)."""


class UnusableFile(Exception):
    """The file cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Labelled orders in time order."""

    table: Mapping[str, Values]
    label: Floats
    group: Ints
    at: Floats
    """Seconds since 1970; the row's number where the file has no time."""
    total: Floats
    timed: bool
    source: str
    """What the file was recognised as."""
    ignored: tuple[str, ...]
    unlabelled: int

    def rows(self, chosen: NDArray[Any]) -> "Orders":
        """Some of them."""
        table = {name: values[chosen] for name, values in self.table.items()}
        return replace(self, table=table, label=self.label[chosen], group=self.group[chosen], at=self.at[chosen],
                       total=self.total[chosen])  # fmt: skip


def read(path: Path, label: str, group: str | None) -> Orders:
    """Read and check a CSV or Parquet file. Raises UnusableFile."""
    frame = _frame(path)
    plain = {_plain(name): name for name in frame.columns}
    wanted = _wanted(plain, label, "--label", path)
    grouped = _wanted(plain, group, "--group", path) if group else ""
    frame, source = _one_row_per_order(frame, plain)
    known = _recognised(plain, {wanted, grouped} - {""})
    labels = _labels(frame[wanted], label)
    at, timed = _moments(frame, known)
    order = np.argsort(at, kind="stable")
    frame, labels, at = frame[order.tolist()], labels[order], at[order]
    signals = [name for key, name in plain.items() if key.startswith(SIGNAL) and name not in (wanted, grouped)]
    total = _numbers(frame[known["total"]]) if "total" in known else np.full(frame.height, np.nan)
    buyer = grouped if timed and not {"email", "customer_id"} & known.keys() else ""
    table = {**_own(frame, known, buyer, at, timed), **{_plain(name): _signal(frame[name]) for name in signals}}
    if "total" in known:
        table["total"] = total
    used = {*known.values(), *signals, wanted, grouped}
    seen = np.isfinite(labels)
    found = Orders(
        table=table, label=labels, group=_groups(frame, grouped, known), at=at, total=np.nan_to_num(total), timed=timed,
        source=source, ignored=tuple(name for name in frame.columns if name not in used),
        unlabelled=int((~seen).sum()),
    )  # fmt: skip
    return _checked(found.rows(seen), path)


def _checked(found: Orders, path: Path) -> Orders:
    bad, all_ = int(found.label.sum()), len(found.label)
    if not found.table:
        raise UnusableFile(f"{path.name} has no column to learn from: give total, email … or signal_* columns.")
    if bad < 5 or all_ - bad < 5:
        raise UnusableFile(
            f"{path.name} has {bad} fraudulent and {all_ - bad} honest orders; five of each are the least."
        )
    return found


def _frame(path: Path) -> pl.DataFrame:
    kind = path.suffix.lower()
    if kind not in {".csv", ".parquet"}:
        raise UnusableFile(f"{path.name}: give a .csv or .parquet file.")
    try:
        if kind == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema_length=None, null_values=NOTHING, truncate_ragged_lines=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnusableFile(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _wanted(plain: Mapping[str, str], name: str, option: str, path: Path) -> str:
    if found := plain.get(_plain(name)):
        return found
    raise UnusableFile(
        f"{path.name} has no column {name!r} ({option}); it has {', '.join(list(plain.values())[:20])} …"
    )


def _recognised(plain: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """Our name -> the file's name."""
    found = {}
    for ours, others in NAMES.items():
        name = next((plain[one] for one in (ours, *others) if one in plain and plain[one] not in taken), None)
        if name is not None:
            found[ours] = name
            taken = {*taken, name}
    return found


def _one_row_per_order(frame: pl.DataFrame, plain: dict[str, str]) -> tuple[pl.DataFrame, str]:
    """Shopify's export has one row per line item, and the order's own columns on the first of them."""
    if "lineitem_quantity" in plain and "name" in plain:
        name, quantity = plain["name"], plain["lineitem_quantity"]
        rest = [one for one in frame.columns if one != name]
        amount = pl.col(quantity).cast(pl.Float64, strict=False).sum().alias("units")
        firsts = [pl.col(one).drop_nulls().first() for one in rest if one not in ("units", "lines")]
        whole = frame.group_by(name, maintain_order=True).agg(*firsts, amount, pl.len().alias("lines"))
        plain |= {"units": "units", "lines": "lines"}
        plain.pop("id", None)
        return whole, "Shopify's order export"
    if plain.keys() & {"billing_email", "customer_ip_address", "order_currency", "customer_user"}:
        return frame, "a WooCommerce export"
    return frame, "orders"


def _labels(column: pl.Series, label: str) -> Floats:
    """1 fraud, 0 fine, NaN not known."""
    text = column.cast(pl.String).str.strip_chars().str.to_lowercase().to_list()
    found = np.array([np.nan if one is None else 1.0 if one in TRUE else 0.0 if one in FALSE else -1.0 for one in text])
    if (found == -1).any():
        odd = next(one for one, value in zip(text, found, strict=True) if value == -1)
        raise UnusableFile(
            f"The label column {label!r} holds {odd!r}; give 0 and 1, or true and false; empty is unknown."
        )
    return found


def _moments(frame: pl.DataFrame, known: Mapping[str, str]) -> tuple[Floats, bool]:
    if "created_at" not in known:
        return np.arange(frame.height, dtype=np.float64), False
    column = frame[known["created_at"]]
    at = _numbers(column) if column.dtype.is_numeric() else _parsed(column)
    largest = np.nanmax(at, initial=0.0)
    at = at / (1e9 if largest > 1e17 else 1e6 if largest > 1e14 else 1e3 if largest > 1e11 else 1.0)
    if not np.isfinite(at).all():
        at = np.where(np.isfinite(at), at, np.nanmin(at) if np.isfinite(at).any() else 0.0)
    at = np.clip(at, *OLDEST_LATEST)
    return at, bool(np.ptp(at) > 0)


def _parsed(column: pl.Series) -> Floats:
    """Seconds since 1970; NaN where nothing can be read."""
    if column.dtype.is_temporal():
        return column.cast(pl.Datetime("us")).dt.timestamp("ms").cast(pl.Float64).fill_null(np.nan).to_numpy() / 1_000
    text = column.cast(pl.String).str.strip_chars()
    found = np.array([_moment(one) for one in text.to_list()])
    if np.isfinite(found).sum() >= MOSTLY * (len(text) - text.null_count()):
        return found
    tried = [found, *(_read_as(text, way) for way in WAYS)]
    return max(tried, key=lambda at: (int(np.isfinite(at).sum()), _forward(at)))


def _read_as(text: pl.Series, way: str) -> Floats:
    read = text.str.strptime(pl.Datetime("us"), way, strict=False, exact=True)
    return read.dt.timestamp("ms").cast(pl.Float64).fill_null(np.nan).to_numpy() / 1_000


def _forward(at: Floats) -> float:
    """How often time runs forward from row to row: what tells 3/4 in April from 3/4 in March."""
    return float((np.diff(at[np.isfinite(at)]) >= 0).mean()) if np.isfinite(at).sum() > 1 else 0.0


def _moment(text: str | None) -> float:
    if not text:
        return np.nan
    tidy = re.sub(r" (UTC|GMT)$", "+00:00", text)
    tidy = re.sub(r" ([+-]\d{2}):?(\d{2})$", r"\1:\2", tidy)
    try:
        found = datetime.fromisoformat(tidy)
    except ValueError:
        return np.nan
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _numbers(column: pl.Series) -> Floats:
    if column.dtype == pl.String:
        column = column.str.replace_all(r"[^0-9eE.+-]", "")
    found = column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().astype(np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def _signal(column: pl.Series) -> Values:
    """Numbers as numbers (float32, as the model takes them), moments as days, everything else as categories."""
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        return _small(column.cast(pl.Float64).fill_null(np.nan).to_numpy())
    if column.dtype.is_temporal():
        return _days(column)
    text = column.cast(pl.String).str.strip_chars()
    text = text.set(text.str.len_chars() == 0, None)
    known = len(text) - text.null_count()
    numbers = text.cast(pl.Float64, strict=False)
    if len(text) - numbers.null_count() >= MOSTLY * known:
        return _small(numbers.fill_null(np.nan).to_numpy())
    some = text.drop_nulls().head(SAMPLE)
    if np.isfinite(_parsed(some)).sum() >= MOSTLY * len(some):
        return _days(text)
    names = text.drop_nulls().unique().sort()
    each = np.array([*names.to_list(), None], object)  # one text in memory, however often it comes
    codes = text.cast(pl.Enum(names)).to_physical().cast(pl.Int64).fill_null(len(names)).to_numpy()
    return np.asarray(each[codes])


def _days(column: pl.Series) -> Values:
    return _small(_parsed(column) / 86_400)


def _small(values: Floats) -> Values:
    with np.errstate(over="ignore"):
        found = values.astype(np.float32)
    return np.where(np.isfinite(found), found, np.float32(np.nan))


def _groups(frame: pl.DataFrame, grouped: str, known: Mapping[str, str]) -> Ints:
    """Identities; a row without one is one of its own."""
    name = grouped or next((known[one] for one in ("customer_id", "email") if one in known), "")
    if not name:
        return np.arange(frame.height)
    text = [f"#{row}" if one is None else one for row, one in enumerate(frame[name].cast(pl.String).to_list())]
    return np.unique(np.array(text), return_inverse=True)[1].astype(np.int64)


def _own(frame: pl.DataFrame, known: Mapping[str, str], buyer: str, at: Floats, timed: bool) -> dict[str, Values]:
    """The product's own features, as far as the file's columns give them. ``buyer`` names the column that tells whose
    an order is, where no e-mail address does: how often, and what for, somebody has ordered before needs no label."""
    columns = {ours: frame[theirs].to_list() for ours, theirs in known.items()}
    if buyer:
        columns["email"] = (frame[buyer].cast(pl.String) + "@buyer").to_list()
    rows = replay(columns, at.tolist(), timed)
    kept = {name: values for name, values in rows.items() if _any(values)}
    return {name: values for name, values in kept.items() if not buyer or name not in SPELLING}


def _any(values: Values) -> bool:
    """Whether anything is known."""
    if values.dtype.kind == "O":
        return any(one is not None for one in values.tolist())
    return bool(np.isfinite(values).any())
