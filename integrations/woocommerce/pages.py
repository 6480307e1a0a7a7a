"""Long reads of a WooCommerce store: oldest change first, resumable at any page, safe while things change.

Page numbers shift when a row changes in mid-read, so a cursor names a second instead: everything changed
after it, less what was already seen in that very second (wc/v3 filters by whole seconds, exclusively).
And reads of what is known by its number, a page of numbers at a time.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.contracts import Page
from chalicelib.errors import Gone
from integrations.woocommerce.answers import StoreOrder, StoreProduct
from integrations.woocommerce.connection import LARGEST_PAGE, Connection, parsed
from integrations.woocommerce.drafts import number
from integrations.woocommerce.mapping import changed_at

_SECOND = timedelta(seconds=1)
_MOST_NAMED = 150
"""More ids of one second than this are skipped by count: a URL has an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a long read stands."""

    after: datetime | None
    seen: tuple[int, ...] = ()
    skip: int = 0

    def text(self) -> str:
        """The cursor that callers keep."""
        return json.dumps([self.after.isoformat() if self.after else None, self.seen, self.skip])


def place(since: datetime | None, cursor: str | None) -> Place:
    """Where to start: at a cursor, or at the moment (inclusive, so one second earlier)."""
    if cursor is None:
        return Place(after=None if since is None else since.replace(microsecond=0) - _SECOND)
    after, seen, skip = json.loads(cursor)
    return Place(after=datetime.fromisoformat(after) if after else None, seen=tuple(seen), skip=skip)


def fetch[T: (StoreProduct, StoreOrder)](
    connection: Connection, path: str, kind: type[T], start: Place, fields: str = "", **filters: str
) -> Page[T]:
    """One page of a collection by last change; of ``filters`` (lang, status) those that say something are sent."""
    params: dict[str, str | int] = {"per_page": LARGEST_PAGE, "orderby": "modified", "order": "asc"}
    if start.after is not None:
        params |= {"modified_after": f"{start.after:%Y-%m-%dT%H:%M:%S}", "dates_are_gmt": "true"}
    if start.seen:
        params["exclude"] = ",".join(str(one) for one in start.seen)
    if start.skip:
        params["offset"] = start.skip
    if fields:
        params["_fields"] = fields
    params |= {name: value for name, value in filters.items() if value}
    rows = parsed(list[kind], connection.get(path, **params).data)  # type: ignore[valid-type]
    following = _next(start, rows) if len(rows) == LARGEST_PAGE else None
    return Page(rows, following.text() if following else None)


def included[T: (StoreProduct, StoreOrder)](
    connection: Connection, path: str, kind: type[T], ids: Iterable[str], **filters: str
) -> dict[int, T]:
    """Rows of a collection by number, a hundred a call; those in the bin count as gone."""
    numbers = sorted({named(one) for one in ids} - {0})
    found: dict[int, T] = {}
    for start in range(0, len(numbers), LARGEST_PAGE):
        include = ",".join(str(one) for one in numbers[start : start + LARGEST_PAGE])
        answer = connection.get(path, include=include, per_page=LARGEST_PAGE, **filters)
        rows: list[T] = parsed(list[kind], answer.data)  # type: ignore[valid-type]
        found |= {row.id: row for row in rows if row.status != "trash"}
    return found


def named(text: str) -> int:
    """A WooCommerce id, or 0 for what has never been one."""
    try:
        return number(text)
    except Gone:
        return 0


def _next(start: Place, rows: Sequence[StoreProduct] | Sequence[StoreOrder]) -> Place:
    last = changed_at(rows[-1]).replace(microsecond=0)
    after = last - _SECOND
    tied = tuple(row.id for row in rows if changed_at(row).replace(microsecond=0) == last)
    same_second = start.after == after
    seen = (*start.seen, *tied) if same_second else tied
    skip = start.skip if same_second else 0
    if skip or len(seen) > _MOST_NAMED:
        return Place(after=after, skip=skip + (len(tied) if skip else len(seen)))
    return Place(after=after, seen=seen)
