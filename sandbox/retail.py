"""A real shop's year as seeds for the sandbox stores: UCI Online Retail (CC0), moved to end today.

What the data has not got is made up openly: every product's cost is 60 % of its usual price, addresses carry
the country alone, and card facts are empty.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl

from sandbox.seed import SeedAddress, SeedLine, SeedOrder, SeedProduct, SeedVariant

FILE = Path(__file__).parent / "data" / "online_retail.parquet"
REPLAY_FROM = datetime(2011, 10, 1, tzinfo=UTC)
CODE = r"^\d{5}[A-Za-z]*$"
COST_SHARE = Decimal("0.60")
STOCK = 500

COUNTRIES: Mapping[str, str] = {
    "United Kingdom": "GB", "EIRE": "IE", "Germany": "DE", "France": "FR", "Netherlands": "NL", "Spain": "ES",
    "Belgium": "BE", "Switzerland": "CH", "Portugal": "PT", "Australia": "AU", "Norway": "NO", "Italy": "IT",
    "Channel Islands": "JE", "Finland": "FI", "Cyprus": "CY", "Sweden": "SE", "Austria": "AT",
    "Denmark": "DK", "Japan": "JP", "Poland": "PL", "Israel": "IL", "USA": "US", "Hong Kong": "HK",
    "Singapore": "SG", "Iceland": "IS", "Canada": "CA", "Greece": "GR", "Malta": "MT", "Lebanon": "LB",
    "Lithuania": "LT",
    "United Arab Emirates": "AE", "Bahrain": "BH", "Saudi Arabia": "SA", "Czech Republic": "CZ",
    "Brazil": "BR", "RSA": "ZA",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Retail:
    """Order lines of the real shop, cleaned, with every date moved by ``shift``."""

    lines: pl.DataFrame
    shift: timedelta

    def products(self, created_at: datetime) -> list[SeedProduct]:
        """The goods, best sellers first."""
        goods = (
            self.lines.group_by("code")
            .agg(pl.col("title").mode().sort().first(), pl.col("price").median(), pl.len().alias("sold"))
            .sort("sold", "code", descending=[True, False])
        )
        return [_product(row, created_at) for row in goods.iter_rows(named=True)]

    def orders(self, half: int | None = None) -> Iterator[SeedOrder]:
        """Orders by time; ``half`` 0 or 1 gives those of every second buyer."""
        lines = self.lines if half is None else self.lines.filter(pl.col("half") == half)
        for (key,), rows in lines.sort("at", "order").group_by(["order"], maintain_order=True):
            yield _order(str(key), rows, self.shift)


def load(*, goods: int, since: datetime, ends_at: datetime, file: Path = FILE) -> Retail:
    """Read the year, keep the ``goods`` best-selling products and orders from ``since``; the last ends at
    ``ends_at``.

    Cancellations, returns, gifts and postage lines are left out, as the benchmarks do.
    """
    lines = (
        pl.read_parquet(file)
        .filter(~pl.col("InvoiceNo").str.starts_with("C"))
        .filter((pl.col("Quantity") > 0) & (pl.col("UnitPrice") > 0))
        .filter(pl.col("StockCode").str.contains(CODE) & pl.col("Description").is_not_null())
        .select(
            order="InvoiceNo", code=pl.col("StockCode").str.to_uppercase(),
            title=pl.col("Description").str.strip_chars().str.to_titlecase(),
            quantity=pl.col("Quantity").cast(pl.Int64), price="UnitPrice",
            at=pl.col("InvoiceDate").dt.replace_time_zone("UTC"),
            buyer=pl.col("CustomerID").cast(pl.Int64).cast(pl.String), country="Country",
        )
        .with_columns(half=pl.coalesce("buyer", "order").hash(7) % 2)
    )  # fmt: skip
    best = lines.group_by("code").len().sort("len", "code", descending=[True, False]).head(goods)["code"]
    kept = lines.filter(pl.col("code").is_in(best.implode()) & (pl.col("at") >= since))
    last = kept["at"].max()
    assert isinstance(last, datetime)  # noqa: S101  an empty year would be a broken file
    return Retail(kept, ends_at - last)


def _product(row: Mapping[str, object], created_at: datetime) -> SeedProduct:
    price = Decimal(str(row["price"])).quantize(Decimal("0.01"))
    title, code = str(row["title"]), str(row["code"])
    variant = SeedVariant(
        sku=code, price=price, cost=(price * COST_SHARE).quantize(Decimal("0.01")), stock=STOCK
    )
    return SeedProduct(
        key=code, title=title, variants=(variant,), product_type=title.split()[-1], vendor="Online Retail",
        description_html=f"<p><strong>{title}</strong>. Article {code}, sent within two days.</p>",
        created_at=created_at,
    )  # fmt: skip


def _order(key: str, rows: pl.DataFrame, shift: timedelta) -> SeedOrder:
    first = rows.row(0, named=True)
    buyer, country = first["buyer"] or "", COUNTRIES.get(first["country"], "")
    address = SeedAddress(country=country)
    return SeedOrder(
        key=key, created_at=first["at"] + shift, lines=_lines(rows), customer_key=buyer,
        email=f"buyer{buyer}@shop.example" if buyer else "", billing=address, shipping=address,
    )  # fmt: skip


def _lines(rows: pl.DataFrame) -> tuple[SeedLine, ...]:
    """One line per product, as a cart has it."""
    merged: dict[str, SeedLine] = {}
    for row in rows.iter_rows(named=True):
        known = merged.get(row["code"])
        price = Decimal(str(row["price"])).quantize(Decimal("0.01"))
        quantity = int(row["quantity"]) + (known.quantity if known else 0)
        merged[row["code"]] = SeedLine(sku=row["code"], quantity=quantity, unit_price=price)
    return tuple(merged.values())


def split(orders: Sequence[SeedOrder], at: datetime) -> tuple[list[SeedOrder], list[SeedOrder]]:
    """What was ordered before a moment, and what from then on."""
    return [o for o in orders if o.created_at < at], [o for o in orders if o.created_at >= at]
