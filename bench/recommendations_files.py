"""Order files as one table: our own columns, a Shopify orders export, a WooCommerce orders export, told by header.

What cannot be used is counted by reason and told ("412 refunds ignored"); nothing is dropped in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bench.recommendations_dates import moments

REQUIRED = ("order_id", "customer_id", "product_id", "quantity", "unit_price", "currency", "created_at")
OPTIONAL = ("country", "title", "status", "cancelled_at", "test")
LARGEST_ORDER = 2_000
"""Longer orders are counted by this many of their lines, evenly: they say nothing about any two products."""

_REFUNDED = ("refunded", "voided", "refund")
_CANCELLED = ("cancelled", "canceled", "failed", "trash", "checkout-draft")


class UnusableFile(Exception):
    """The file cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """``lines`` holds order_id, customer_id, product_id, quantity, unit_price, created_at (UTC), country, title.

    ``customer_id``, ``country`` and ``title`` may be null; ``unit_price`` is null where not in ``currency``.
    """

    lines: pl.DataFrame
    form: str
    currency: str
    ignored: Mapping[str, int]
    noted: Sequence[str]


def read(path: Path, handles: Mapping[str, str] | None = None) -> Orders:
    """Read and check a CSV or Parquet file; ``handles`` folds stock-keeping units into products.

    Raises UnusableFile.
    """
    frame = load(path)
    form, reader = _recognised(path, frame)
    return _checked(form, reader(frame, handles or {}))


def load(path: Path) -> pl.DataFrame:
    """A CSV (all columns as text) or Parquet file as it is. Raises UnusableFile."""
    kind = path.suffix.lower()
    try:
        if kind == ".parquet":
            return pl.read_parquet(path)
        if kind in {".csv", ".txt", ".tsv"}:
            frame = pl.read_csv(
                path, infer_schema=False, separator=_separator(path), encoding="utf8-lossy", truncate_ragged_lines=True
            )
            return frame.rename({name: name.strip().lstrip("\ufeff") for name in frame.columns})
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnusableFile(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    raise UnusableFile(f"{path.name}: give a .csv or .parquet file.")


def _separator(path: Path) -> str:
    with path.open("rb") as file:
        head = file.readline().decode("utf-8", "replace")
    return max(",;\t", key=head.count)


type _Reader = Callable[[pl.DataFrame, Mapping[str, str]], pl.DataFrame]


def _recognised(path: Path, frame: pl.DataFrame) -> tuple[str, _Reader]:
    """Which form a file has. Raises UnusableFile naming what is missing and what is there instead."""
    names = {name.casefold(): name for name in frame.columns}
    for form, marks, reader in _FORMS:
        if all(mark in names for mark in marks):
            return form, reader
    missing = [name for name in REQUIRED if name not in names]
    raise UnusableFile(
        f"{path.name} lacks {', '.join(missing)}. It has: {', '.join(frame.columns)}. Give "
        f"{', '.join(REQUIRED)} (and country, if known), or a Shopify or WooCommerce orders export as downloaded."
    )


def _column(frame: pl.DataFrame, *names: str) -> pl.Expr:
    """The first of these columns that the file has, whatever its case; null where it has none."""
    known = {name.casefold(): name for name in frame.columns}
    found = [pl.col(known[name]) for name in names if name in known]
    return found[0] if found else pl.lit(None, dtype=pl.String)


def _text(expression: pl.Expr) -> pl.Expr:
    """Trimmed text; empty is null. Whole numbers lose the ".0" that spreadsheets give them."""
    text = expression.cast(pl.String).str.strip_chars().str.replace(r"^(\d+)\.0$", "$1")
    return pl.when(text != "").then(text)


def _plain(frame: pl.DataFrame, handles: Mapping[str, str]) -> pl.DataFrame:
    product = _text(_column(frame, "product_id"))
    return frame.select(
        order_id=_text(_column(frame, "order_id")), customer_id=_text(_column(frame, "customer_id")),
        product_id=product.replace(handles) if handles else product,
        quantity=_column(frame, "quantity"), unit_price=_column(frame, "unit_price"),
        currency=_text(_column(frame, "currency")), created_at=_column(frame, "created_at"),
        **{name: _text(_column(frame, name)) for name in OPTIONAL},
    )  # fmt: skip


def _shopify(frame: pl.DataFrame, handles: Mapping[str, str]) -> pl.DataFrame:
    """Facts of an order stand on its first row alone; products have no id, so they are told by name."""
    order = _text(_column(frame, "name")).forward_fill()

    def once(*names: str) -> pl.Expr:
        return _text(_column(frame, *names)).forward_fill().over("order_id")

    lines = frame.with_columns(order_id=order)
    name, unit = _text(_column(frame, "lineitem name")), _text(_column(frame, "lineitem sku"))
    return lines.select(
        "order_id", customer_id=pl.coalesce(once("email"), once("phone"), once("billing name")).str.to_lowercase(),
        product_id=pl.coalesce(unit.replace_strict(handles, default=None, return_dtype=pl.String), _folded(name)),
        quantity=_column(frame, "lineitem quantity"), unit_price=_column(frame, "lineitem price"),
        currency=once("currency"), created_at=once("created at"),
        country=pl.coalesce(once("shipping country"), once("billing country")), title=_folded(name),
        status=once("financial status"), cancelled_at=once("cancelled at"),
        test=once("payment method").str.contains("(?i)bogus|for testing").cast(pl.String),
    )  # fmt: skip


def _folded(name: pl.Expr) -> pl.Expr:
    """"Shirt - M" and "Shirt - L" are one product; a name that stands alone before its dash stays whole."""
    stem = name.str.replace(r" - [^-]*$", "")
    return pl.when((stem != name) & (name.n_unique().over(stem) > 1)).then(stem).otherwise(name)


def _woocommerce(frame: pl.DataFrame, handles: Mapping[str, str]) -> pl.DataFrame:
    """One row a line item, as order exporters write it."""
    product = pl.coalesce(
        _text(_column(frame, "item_product_id", "product_id")), _text(_column(frame, "item_sku", "sku")),
        _text(_column(frame, "item_name", "product_name")),
    )  # fmt: skip
    quantity = _number(_column(frame, "item_quantity", "quantity"))
    total = _number(_column(frame, "item_subtotal", "item_total", "item_price"))
    return _woo_orders(frame).with_columns(
        product_id=product.replace(handles) if handles else product,
        quantity=quantity, unit_price=total / pl.when(quantity != 0).then(quantity),
        title=_text(_column(frame, "item_name", "product_name")),
    ).select(*REQUIRED, *OPTIONAL)  # fmt: skip


def _woo_orders(frame: pl.DataFrame) -> pl.DataFrame:
    customer = _text(_column(frame, "customer_id", "customer_user"))
    return frame.with_columns(
        order_id=_text(_column(frame, "order_id", "order_number")),
        customer_id=pl.coalesce(
            pl.when(customer != "0").then(customer),
            _text(_column(frame, "billing_email", "customer_email")).str.to_lowercase(),
        ),
        currency=_text(_column(frame, "order_currency", "currency")),
        created_at=_text(_column(frame, "order_date", "date", "date_created")),
        country=pl.coalesce(_text(_column(frame, "shipping_country")), _text(_column(frame, "billing_country"))),
        status=_text(_column(frame, "status", "order_status")).str.replace("^wc-", ""),
        cancelled_at=pl.lit(None, dtype=pl.String), test=pl.lit(None, dtype=pl.String),
    )  # fmt: skip


def _woocommerce_packed(frame: pl.DataFrame, handles: Mapping[str, str]) -> pl.DataFrame:
    """One row an order, its items packed into text: ``name:Mug|product_id:7|quantity:2|total:9.00``.

    Either all in ``line_items``, parted by semicolons, or one in each of ``line_item_1``, ``line_item_2`` …
    """
    packed = [name for name in frame.columns if name.casefold().startswith("line_item")]
    items = pl.concat_list([pl.col(name).cast(pl.String).fill_null("").str.split(";") for name in packed])
    lines = _woo_orders(frame).with_columns(item=items).explode("item").filter(pl.col("item").str.contains("[|]"))

    def part(*names: str) -> pl.Expr:
        found = [pl.col("item").str.extract(rf"(?:^|[|])\s*{name}:([^|]*)") for name in names]
        return _text(pl.coalesce(found))

    quantity = _number(part("quantity", "qty"))
    product = pl.coalesce(part("product_id"), part("sku"), part("name"))
    return lines.with_columns(
        product_id=product.replace(handles) if handles else product, quantity=quantity,
        unit_price=_number(part("sub_total", "subtotal", "total")) / pl.when(quantity != 0).then(quantity),
        title=part("name"),
    ).select(*REQUIRED, *OPTIONAL)  # fmt: skip


def _retail(frame: pl.DataFrame, handles: Mapping[str, str]) -> pl.DataFrame:
    """The UCI Online Retail file: invoices that begin with C are cancellations, other codes are no products."""
    code = _text(_column(frame, "stockcode")).str.to_uppercase()
    invoice = _text(_column(frame, "invoiceno", "invoice"))
    return frame.select(
        order_id=invoice, customer_id=_text(_column(frame, "customerid", "customer id")),
        product_id=pl.when(code.str.contains(r"^\d{5}[A-Z]*$")).then(code),
        quantity=_column(frame, "quantity"), unit_price=_column(frame, "unitprice", "price"),
        currency=pl.lit("GBP"), created_at=_column(frame, "invoicedate"), country=_text(_column(frame, "country")),
        title=_text(_column(frame, "description")),
        status=pl.when(invoice.str.starts_with("C")).then(pl.lit("refunded")),
        cancelled_at=pl.lit(None, dtype=pl.String), test=pl.lit(None, dtype=pl.String),
    )  # fmt: skip


_FORMS: Sequence[tuple[str, Sequence[str], _Reader]] = (
    ("own columns", REQUIRED, _plain),
    ("Shopify orders export", ("name", "lineitem name", "lineitem quantity", "created at"), _shopify),
    ("WooCommerce orders export", ("order_id", "order_date", "item_quantity"), _woocommerce),
    ("WooCommerce orders export", ("order_id", "order_date", "line_items"), _woocommerce_packed),
    ("WooCommerce orders export", ("order_id", "order_date", "line_item_1"), _woocommerce_packed),
    ("UCI Online Retail", ("stockcode", "quantity", "invoicedate", "description"), _retail),
)


def _number(expression: pl.Expr) -> pl.Expr:
    """Amounts as people write them: "$1,234.50", "1.234,50 €", "12"."""
    text = expression.cast(pl.String).str.replace_all(r"[^\d.,eE+-]", "")
    comma = text.str.contains(r",\d{1,2}$")
    decimal = pl.when(comma).then(text.str.replace_all(r"\.", "").str.replace(",", ".")).otherwise(
        text.str.replace_all(",", "")
    )  # fmt: skip
    return decimal.cast(pl.Float64, strict=False)


def _checked(form: str, raw: pl.DataFrame) -> Orders:
    """Drop what cannot be used, count why. Raises UnusableFile where nothing is left."""
    created, noted = moments(raw["created_at"])
    lines = raw.with_columns(
        created_at=created, quantity=_number(pl.col("quantity")).fill_null(1.0),
        unit_price=_number(pl.col("unit_price")),
    )  # fmt: skip
    ignored: Counter[str] = Counter()
    status = pl.col("status").str.to_lowercase()
    for what, bad in (
        ("test orders", pl.col("test").str.to_lowercase().is_in(["true", "1", "yes"])),
        ("refunds", status.is_in(_REFUNDED) | (pl.col("quantity") < 0)),
        ("lines of cancelled or failed orders", status.is_in(_CANCELLED) | pl.col("cancelled_at").is_not_null()),
        ("lines without an order", pl.col("order_id").is_null()),
        ("lines without a product", pl.col("product_id").is_null()),
        ("lines of no units", pl.col("quantity") == 0),
        ("lines whose date cannot be read", pl.col("created_at").is_null()),
        ("negative prices", pl.col("unit_price") < 0),
    ):
        kept = lines.filter(~bad.fill_null(False))
        ignored[what] += len(lines) - len(kept)
        lines = kept
    if not len(lines):
        raise UnusableFile(f"Nothing in the file can be used: {', '.join(_counts(ignored))}.")
    return _settled(form, lines, ignored, noted)


def _settled(form: str, lines: pl.DataFrame, ignored: Counter[str], noted: list[str]) -> Orders:
    """One currency for prices, buyers known, orders of a bearable length."""
    currencies = lines["currency"].drop_nulls().str.to_uppercase().value_counts(sort=True)
    currency = str(currencies["currency"][0]) if len(currencies) else ""
    foreign = (pl.col("currency").str.to_uppercase() != currency).fill_null(False)
    others = int(lines.select(foreign.sum()).item())
    if others:
        names = ", ".join(sorted(map(str, currencies["currency"][1:])))
        noted.append(f"{others:,} lines in {names} are taken without their prices; prices are in {currency}")
    lines = lines.with_columns(unit_price=pl.when(~foreign).then(pl.col("unit_price")))
    guests = int(lines["customer_id"].null_count())
    if 0 < guests < len(lines):
        ignored["lines without a customer"] += guests
        lines = lines.filter(pl.col("customer_id").is_not_null())
    place, size = pl.int_range(pl.len()).over("order_id"), pl.len().over("order_id")
    kept = (place * LARGEST_ORDER) // size != ((place - 1) * LARGEST_ORDER) // size
    short = lines.filter(kept | (size <= LARGEST_ORDER))
    ignored[f"lines of orders of more than {LARGEST_ORDER:,} lines"] += len(lines) - len(short)
    columns = ("order_id", "customer_id", "product_id", "quantity", "unit_price", "created_at", "country", "title")
    return Orders(
        lines=short.select(columns), form=form, currency=currency,
        ignored={what: count for what, count in ignored.items() if count}, noted=noted,
    )  # fmt: skip


def _counts(ignored: Mapping[str, int]) -> list[str]:
    return [f"{count:,} {what} ignored" for what, count in ignored.items() if count]


def summary(orders: Orders) -> list[str]:
    """What was read, what was not, in sentences."""
    lines = orders.lines
    buyers = lines["customer_id"].n_unique() - int(lines["customer_id"].null_count() > 0)
    first, last = lines["created_at"].min(), lines["created_at"].max()
    told = (
        f"{orders.form}: {len(lines):,} lines, {lines['order_id'].n_unique():,} orders, {buyers:,} customers, "
        f"{lines['product_id'].n_unique():,} products, {str(first)[:10]} to {str(last)[:10]}"
    )
    return [told, *_counts(orders.ignored), *orders.noted]
