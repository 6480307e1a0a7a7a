"""Paging as Shopify does it: keyset cursors that hold the last id and the last sort value."""

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from sandbox.shopify_store.registry import Call

LARGEST_PAGE = 250

type Order = Callable[[Any], Any]


def by_id(record: Any) -> int:
    """The sort key ID."""
    return int(record.number)


def connection(
    call: Call, rows: Sequence[Any], arguments: dict[str, Any], order: Order = by_id
) -> dict[str, Any]:
    """One page of ``rows``, which are sorted ascending by (order, number)."""
    if call.bulk and arguments.get("first") is None:
        return _page(rows, 0, len(rows), rows, order, reverse=False)
    first, last = _size(arguments, "first"), _size(arguments, "last")
    if first is None and last is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    reverse = bool(arguments.get("reverse"))
    low, high = _window(rows, arguments, order, reverse)
    from_low = (first is not None) != reverse
    size = first if first is not None else last or 0
    start, end = (low, min(high, low + size)) if from_low else (max(low, high - size), high)
    return _page(rows[start:end], start, end, rows, order, reverse)


def _size(arguments: dict[str, Any], name: str) -> int | None:
    size = arguments.get(name)
    if size is not None and size > LARGEST_PAGE:
        raise GraphQLError(f"{name} cannot exceed {LARGEST_PAGE}", extensions={"code": "BAD_REQUEST"})
    if size is not None and size < 0:
        raise GraphQLError(f"{name} cannot be less than 0", extensions={"code": "BAD_REQUEST"})
    return None if size is None else int(size)


def _window(rows: Sequence[Any], arguments: dict[str, Any], order: Order, reverse: bool) -> tuple[int, int]:
    after, before = arguments.get("after"), arguments.get("before")
    if reverse:
        after, before = before, after
    numeric = bool(rows) and isinstance(order(rows[0]), int)
    low = bisect_right(rows, _decode(after, numeric), key=lambda r: _place(r, order)) if after else 0
    high = (
        bisect_left(rows, _decode(before, numeric), key=lambda r: _place(r, order)) if before else len(rows)
    )
    return low, max(low, high)


def _page(
    part: Sequence[Any], start: int, end: int, rows: Sequence[Any], order: Order, reverse: bool
) -> dict[str, Any]:
    nodes = list(reversed(part)) if reverse else list(part)
    cursors = [_encode(node, order) for node in (nodes[:1] + nodes[-1:])]
    ahead, behind = end < len(rows), start > 0
    return {
        "nodes": nodes,
        "edges": [{"node": node, "cursor": (node, order)} for node in nodes],
        "pageInfo": {
            "hasNextPage": behind if reverse else ahead,
            "hasPreviousPage": ahead if reverse else behind,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def cursor_of(edge: dict[str, Any]) -> str:
    """The cursor of one edge, written only when somebody asks for it."""
    node, order = edge["cursor"]
    return _encode(node, order)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.000000")
    return str(value)


def _place(record: Any, order: Order) -> tuple[Any, int]:
    value = order(record)
    return (value if isinstance(value, int) else _text(value), record.number)


def _encode(record: Any, order: Order) -> str:
    body = {"last_id": record.number, "last_value": _text(order(record))}
    return base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()


def _decode(cursor: str, numeric: bool) -> tuple[Any, int]:
    try:
        body = json.loads(base64.b64decode(cursor, validate=True))
        number, value = int(body["last_id"]), str(body["last_value"])
        return (int(value) if numeric else value, number)
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise GraphQLError(
            f"Invalid cursor for current pagination sort. ({cursor!r})", extensions={"code": "BAD_REQUEST"}
        ) from None
