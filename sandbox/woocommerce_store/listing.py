"""Collections: filters, order and pages as WordPress' queries give them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from sandbox.woocommerce_store.schema import (
    BOOLEAN,
    DATE_TIME,
    INTEGER,
    INTEGERS,
    STRING,
    Kind,
    Schema,
    parse_date,
)
from sandbox.woocommerce_store.shop import Shop

ORDER_BY = ("date", "id", "include", "title", "slug", "modified")
COLLECTION: Schema = {
    "page": Kind("integer", low=1),
    "per_page": Kind("integer", low=1, high=100),
    "offset": INTEGER,
    "search": STRING,
    "order": Kind("string", ("asc", "desc")),
    "orderby": Kind("string", ORDER_BY),
    **dict.fromkeys(("after", "before", "modified_after", "modified_before"), DATE_TIME),
    "dates_are_gmt": BOOLEAN,
    **dict.fromkeys(("include", "exclude"), INTEGERS),
}


class Dated(Protocol):
    """A row that has an id and two dates."""

    id: int
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of ids, and how many there are in all."""

    ids: list[int]
    total: int
    pages: int


@dataclass(slots=True)
class Listings:
    """Remembers the last sorted answers, so that paging a million rows does not sort them every page."""

    _kept: dict[str, tuple[int, list[int]]] = field(default_factory=dict)

    def page(self, shop: Shop, name: str, params: dict[str, Any], query: Callable[[], list[int]]) -> Page:
        """Give one page of what ``query`` finds."""
        paging = {"page", "per_page", "offset"}
        key = f"{name}?{sorted((k, str(v)) for k, v in params.items() if k not in paging)}"
        revision, ids = self._kept.get(key, (-1, []))
        if revision != shop.revision:
            ids = query()
            if len(self._kept) > 7:
                self._kept.clear()
            self._kept[key] = (shop.revision, ids)
        return cut(ids, params)


def cut(ids: list[int], params: dict[str, Any]) -> Page:
    """Give the page that ``page``, ``per_page`` and ``offset`` ask for."""
    size = int(params.get("per_page", 10))
    start = int(params.get("offset") or (int(params.get("page", 1)) - 1) * size)
    return Page(ids[start : start + size], len(ids), -(-len(ids) // size))


def select[Row: Dated](shop: Shop, rows: Iterable[Row], params: dict[str, Any]) -> list[Row]:
    """Keep the rows that include, exclude and the date filters let through; dates are exclusive bounds."""
    found = list(rows)
    if params.get("include"):
        wanted = set(params["include"])
        found = [row for row in found if row.id in wanted]
    if params.get("exclude"):
        unwanted = set(params["exclude"])
        found = [row for row in found if row.id not in unwanted]
    for name, column, later in _DATE_FILTERS:
        if params.get(name):
            bound = moment(shop, params[name], gmt=bool(params.get("dates_are_gmt")))
            found = [row for row in found if _beyond(getattr(row, column), bound, later=later)]
    return found


def arrange[Row: Dated](rows: list[Row], params: dict[str, Any], titles: Callable[[Row], str]) -> list[int]:
    """Sort and give the ids; the default is newest first, equal dates by id."""
    by, descending = params.get("orderby", "date"), params.get("order", "desc") == "desc"
    keys: dict[str, Callable[[Row], Any]] = {
        "id": lambda row: row.id,
        "modified": lambda row: (row.modified_at, row.id),
        "title": lambda row: (titles(row).lower(), row.id),
        "slug": lambda row: (titles(row).lower(), row.id),
        "include": lambda row: params.get("include", [row.id]).index(row.id),
    }
    rows.sort(key=keys.get(by, lambda row: (row.created_at, row.id)), reverse=descending and by != "include")
    return [row.id for row in rows]


def moment(shop: Shop, text: str, *, gmt: bool) -> datetime:
    """Read a filter's date as WP_Date_Query does.

    A date without an offset is wall-clock time of the column asked for. One *with* an offset is turned
    into the shop's own zone first and then compared with the column as it stands, so ``…Z`` together with
    ``dates_are_gmt`` is off by the zone's offset; send GMT dates without ``Z``.
    """
    found = parse_date(text) or datetime.min.replace(tzinfo=UTC)
    if found.tzinfo:
        found = found.astimezone(shop.site.zone).replace(tzinfo=None)
    return found.replace(tzinfo=UTC if gmt else shop.site.zone)


_DATE_FILTERS = (
    ("after", "created_at", True),
    ("before", "created_at", False),
    ("modified_after", "modified_at", True),
    ("modified_before", "modified_at", False),
)


def _beyond(value: datetime, bound: datetime, *, later: bool) -> bool:
    return value > bound if later else value < bound
