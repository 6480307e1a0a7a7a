"""What an HTTP answer is, and the one table that says what it means for us."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from chalicelib.errors import (
    AccessRevoked,
    AppError,
    Gone,
    RateLimited,
    ScopeMissing,
    StaleState,
    StoreUnavailable,
    UnsupportedAction,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: header names in lower case, the body decoded when it is JSON."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    data: Any = field(default=None, repr=False)
    """The decoded JSON, or None when the body is none."""


def told_at(answer: Answer) -> datetime | None:
    """The moment that the other side's clock showed (the Date header), where it says."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None


type Explain = Callable[[Answer], AppError | None]
"""An adapter's own reading of an answer (a 400 that means "no such product"); None leaves it to the table."""


_TABLE: Mapping[int, type[AppError]] = {
    401: AccessRevoked, 402: AccessRevoked, 403: ScopeMissing, 404: Gone, 410: Gone,
    409: StaleState, 412: StaleState, 408: StoreUnavailable, 423: StoreUnavailable, 425: StoreUnavailable,
}  # fmt: skip
_OFTEN_A_FIREWALL = frozenset({403, 404, 410})


def error_of(answer: Answer) -> AppError | None:
    """The one table from HTTP statuses to our errors; None for a success.

    A page of HTML in place of an API's answer comes from a proxy, a firewall or a broken site: try later.
    """
    status, detail = answer.status, f"HTTP {answer.status}"
    if 200 <= status < 300:
        return None
    if status in {429, 430}:
        return RateLimited(after=retry_after(answer) or 1.0, detail=detail)
    if status in _OFTEN_A_FIREWALL and _is_page(answer):
        return StoreUnavailable(detail=f"{detail} with a web page")
    if status in _TABLE:
        return _TABLE[status](detail=detail)
    if 300 <= status < 400:
        return StoreUnavailable("The store's address redirects; use its final address.", detail=detail)
    if 400 <= status < 500:
        return UnsupportedAction("The store refused the request.", detail=detail)
    return StoreUnavailable(detail=detail)


def retry_after(answer: Answer) -> float | None:
    """Seconds the answer asks us to wait, at most a day (RFC 9110 section 10.2.3: a number or a date)."""
    value = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(value) if value[:1].isdigit() else _until(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), 86_400.0)


def _until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()


def _is_page(answer: Answer) -> bool:
    return "html" in answer.headers.get("content-type", "").lower() or answer.body[:512].lstrip()[:1] == b"<"


def decoded(body: bytes) -> Any:
    """The JSON value with exact decimals, or None; deep nesting and NaN are no reason to fall over."""
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse) if text else None
        return _mended(value) if b"\\ud" in body or b"\\uD" in body else value
    except (ValueError, RecursionError, InvalidOperation):
        return None


def _mended(value: Any) -> Any:
    """Text without half characters: JSON can escape what UTF-8 cannot hold, and it would fail much later."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mended(inner) for inner in value]
    if isinstance(value, dict):
        return {_mended(name): _mended(inner) for name, inner in value.items()}
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
