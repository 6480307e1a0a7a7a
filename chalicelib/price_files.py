"""Files of unit costs and competitors' prices: read row by row, told from a slip of the pen, matched to goods.

::

    sku;cost                     barcode,title,price,currency,competitor,date
    85123A;1,45                  5012345678900,White T-light holder,3.10,GBP,Lantern Lane,2026-11-20

A row that cannot be used is named with its line and why; the others are taken.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from chalicelib.domain.catalogue import Product, Variant
from chalicelib.domain.ids import VariantId
from chalicelib.domain.money import Money
from chalicelib.domain.price_inputs import FRESH, Sighting
from chalicelib.errors import Rejected
from chalicelib.policies import Fault

MOST_BYTES, MOST_ROWS = 5_000_000, 50_000
FAR = 5
"""A competitor's price so many times ours, or a part of it, is another product or a slip of the pen."""
WORDS: Mapping[str, frozenset[str]] = {
    "variant": frozenset({"variant_id", "variant id", "variant", "id"}),
    "sku": frozenset({"sku", "variant sku", "article", "article number"}),
    "barcode": frozenset({"barcode", "ean", "gtin", "upc", "variant barcode"}),
    "cost": frozenset({"cost", "unit cost", "unit_cost", "cost per item", "purchase price"}),
    "price": frozenset({"price", "competitor_price", "competitor price"}),
    "title": frozenset({"title", "product", "name", "product name"}),
    "currency": frozenset({"currency"}),
    "competitor": frozenset({"competitor", "shop", "source", "seller"}),
    "date": frozenset({"date", "seen", "seen_at", "day"}),
}
"""Our name of a column, and what shops call it in their first line."""


class UnusableFile(Rejected):
    """Nothing of the file can be used; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file: its number, and its cells by our names."""

    line: int
    cells: Mapping[str, str]

    def cell(self, name: str) -> str:
        """A cell's text, empty where there is none."""
        return self.cells.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class Entry[T]:
    """What a good row says of one variant."""

    variant: VariantId
    value: T


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A competitor's product that no code of ours names: by its title a person may know it."""

    line: int
    title: str
    competitor: str
    sighting: Sighting


@dataclass(slots=True)
class Reading[T]:
    """A file read: what its good rows say, and what is wrong with the others."""

    entries: list[Entry[T]] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class Codes:
    """A shop's variants by what files may call them."""

    def __init__(self, products: Iterable[Product]) -> None:
        self.variants: dict[VariantId, tuple[Product, Variant]] = {}
        self._by: dict[str, defaultdict[str, list[VariantId]]] = {n: defaultdict(list) for n in ("sku", "barcode")}
        for product in products:
            for variant in product.variants:
                self.variants[variant.id] = (product, variant)
                for name, code in (("sku", variant.sku), ("barcode", variant.barcode)):
                    if _code(name, code):
                        self._by[name][_code(name, code)].append(variant.id)

    def named(self, row: Row) -> VariantId | None:
        """The variant that a row names by its id, barcode or SKU; None where it names none of ours.

        Raises:
            ValueError: the code belongs to several variants, in words.
        """
        if (wanted := VariantId(row.cell("variant"))) in self.variants:
            return wanted
        for name in ("barcode", "sku"):
            found = self._by[name].get(_code(name, row.cell(name)), [])
            if len(found) > 1:
                raise ValueError(f"{len(found)} variants share this {name}; give each its own, or its variant_id")
            if found:
                return found[0]
        return None


def _code(name: str, text: str) -> str:
    """Codes as they compare: case and white space aside, barcodes without leading zeros."""
    bare = "".join(text.split()).casefold()
    return bare.lstrip("0") if name == "barcode" else bare


def read_costs(data: bytes, products: Iterable[Product], currency: str) -> Reading[Money | None]:
    """Unit costs in the shop's currency; None forgets one. Raises UnusableFile."""
    codes, found = Codes(products), Reading[Money | None]()
    for row in _rows(data, "cost"):
        try:
            variant = codes.named(row)
            if variant is None:
                raise ValueError("no variant of this shop has that code")
            found.entries.append(Entry(variant, _cost(row, codes.variants[variant][1], currency)))
        except ValueError as error:
            found.faults.append(Fault(row.line, _names(row), str(error)))
    return found


def _cost(row: Row, variant: Variant, currency: str) -> Money | None:
    if row.cell("cost").casefold() in {"none", "-"}:
        return None
    cost = _money(row, "cost", currency)
    price = variant.price
    if price is not None and price.currency == currency and price.amount > 0:
        if cost.amount >= price.amount * FAR:
            raise ValueError(f"a cost of {cost} for a price of {price} looks like a slip of the decimal point")
        if cost.amount * 100 <= price.amount:
            raise ValueError(f"a cost of {cost} for a price of {price} looks a hundred times too small")
    return cost


def read_rivals(data: bytes, products: Iterable[Product], currency: str, now: datetime) -> Reading[Sighting]:
    """Competitors' prices; rows that no code matches are kept by their title. Raises UnusableFile."""
    codes, found = Codes(products), Reading[Sighting]()
    for row in _rows(data, "price"):
        try:
            sighting = Sighting(_day(row, now), _money(row, "price", currency))
            variant = codes.named(row)
            if variant is not None:
                check_plausible(sighting.price, codes.variants[variant][1].price)
                found.entries.append(Entry(variant, sighting))
            elif row.cell("title"):
                found.unmatched.append(Unmatched(row.line, row.cell("title")[:200], row.cell("competitor"), sighting))
            else:
                raise ValueError("no variant of this shop has that code, and there is no title to go by")
        except ValueError as error:
            found.faults.append(Fault(row.line, _names(row), str(error)))
    return found


def check_plausible(rival: Money, own: Money | None) -> None:
    """Raises ValueError, in words, for a competitor's price that cannot be of the same product."""
    if own is None or own.amount <= 0 or own.currency != rival.currency:
        return
    times = rival.amount / own.amount
    if times >= FAR or times * FAR <= 1:
        hint = "a hundredfold slip of the decimal point?" if times >= 50 or times * 50 <= 1 else "the same product?"
        raise ValueError(f"{rival} is too far from your price of {own} to be used: {hint}")


def _money(row: Row, name: str, currency: str) -> Money:
    word = row.cell("currency").upper() or currency
    if word != currency:
        raise ValueError(f"it is in {word}, but the shop sells in {currency}")
    money = Money(amount_of(row.cell(name), name), currency)
    if money.amount <= 0:
        raise ValueError(f"the {name} must be above zero")
    if money.rounded().amount == 0:
        raise ValueError(f"the {name} is less than the smallest coin of {currency}")
    return money


def amount_of(text: str, name: str) -> Decimal:
    """An amount with a point or a comma before its decimals. Raises ValueError where it could mean two things."""
    bare = text.replace(" ", "").replace("\u00a0", "").replace("'", "")
    if not bare:
        raise ValueError(f"the {name} is missing")
    point, comma = bare.rfind("."), bare.rfind(",")
    sign = "." if point > comma else ","
    whole, _, cents = bare.rpartition(sign) if max(point, comma) >= 0 else (bare, "", "")
    other = whole.replace("," if sign == "." else ".", "")
    alone = min(point, comma) < 0
    if sign in other or (alone and len(cents) == 3 and whole not in {"", "0"}):
        raise ValueError(f"{text} could mean two amounts: write it without a thousands sign, as 1234.50")
    try:
        found = Decimal(f"{other or 0}.{cents or 0}")
    except InvalidOperation:
        raise ValueError(f"{text[:30]!r} is not a number") from None
    return found


def _day(row: Row, now: datetime) -> datetime:
    """When a price was seen; today where the row does not say."""
    text = row.cell("date")
    if not text:
        return now
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:30]!r} is not a date such as 2026-11-20") from None
    day = day if day.tzinfo else day.replace(tzinfo=UTC)
    if day > now + timedelta(days=1):
        raise ValueError(f"{text} has not come yet")
    if day < now - 52 * FRESH:
        raise ValueError(f"{text} is more than two years ago")
    return min(day, now)


def _names(row: Row) -> str:
    """What a person calls the row: its first code, or its title."""
    return next((row.cell(name) for name in ("sku", "barcode", "variant", "title") if row.cell(name)), "this row")[:60]


def _rows(data: bytes, wanted: str) -> Iterator[Row]:
    """The rows of a file whose first line names a code (or a title) and what is wanted. Raises UnusableFile."""
    if len(data) > MOST_BYTES:
        raise UnusableFile(f"The file is larger than {MOST_BYTES // 1_000_000} MB; send it in parts.")
    text = _text(data)
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    places = _places(next(reader, []))
    if wanted not in places or not places.keys() & {"sku", "barcode", "variant", "title"}:
        raise UnusableFile(f"The first line must name the columns: sku (or barcode, variant_id), {wanted}, and so on.")
    try:
        for number, cells in enumerate(reader):
            if number >= MOST_ROWS:
                raise UnusableFile(f"More than {MOST_ROWS} rows; send the file in parts.")
            if any(cell.strip() for cell in cells):
                yield Row(reader.line_num, {n: cells[place] for n, place in places.items() if place < len(cells)})
    except csv.Error as error:
        raise UnusableFile(f"line {reader.line_num}: {error}") from error


def _text(data: bytes) -> str:
    """UTF-8 as it should be, or what spreadsheets write on Windows."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _places(header: Sequence[str]) -> dict[str, int]:
    names = {word: name for name, words in WORDS.items() for word in words}
    found: dict[str, int] = {}
    for place, title in enumerate(header):
        name = names.get(" ".join(title.strip().casefold().split()))
        if name is not None:
            found.setdefault(name, place)
    return found
