"""Limits as form fields: what stands in a field for a value, and what a field's text means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any, get_args, get_origin

from chalicelib.domain.shop import Policy
from chalicelib.limits import Limit

_SEPARATORS = re.compile(r"[,\n]")


@dataclass(frozen=True, slots=True)
class Field:
    """One limit as a form shows it."""

    limit: Limit
    value: str
    wrong: str = ""

    @property
    def name(self) -> str:
        return self.limit.path

    @property
    def id(self) -> str:
        return self.limit.path.replace(".", "-")

    @property
    def kind(self) -> str:
        """``flag``, ``number``, ``time``, ``lines`` or ``text``."""
        kinds = {self.limit.kind, *get_args(self.limit.kind)}
        if get_origin(self.limit.kind) in {tuple, Mapping} or _is_mapping(self.limit.kind):
            return "lines"
        for kind, word in ((bool, "flag"), (time, "time"), (int, "number"), (Decimal, "number")):
            if kind in kinds:
                return word
        return "text"

    @property
    def pattern(self) -> str:
        """How a mapping's or a list's lines look."""
        if not _is_mapping(self.limit.kind):
            return "one per line"
        return "de: candle = Kerze" if _nested(self.limit.kind) else "name = value"


def field_of(limit: Limit, policy: Policy) -> Field:
    """A limit with its present value."""
    return Field(limit, shown(limit.of(policy)))


def shown(value: Any) -> str:
    """A value as a field's text."""
    match value:
        case None | False:
            return ""
        case True:
            return "1"
        case time():
            return value.isoformat(timespec="minutes")
        case Decimal():
            return f"{value:f}"
        case tuple():
            return "\n".join(str(item) for item in value)
        case Mapping():
            return "\n".join(_lines(value))
        case _:
            return str(value)


def raw(limit: Limit, text: str) -> Any:
    """A field's text as the limit's reader takes it. Raises ValueError in words."""
    if limit.kind is bool:
        return text == "1"
    if get_origin(limit.kind) is tuple:
        return [part.strip() for part in _SEPARATORS.split(text) if part.strip()]
    if _is_mapping(limit.kind):
        return _table(limit.kind, text)
    return text


def _lines(value: Mapping[str, Any]) -> list[str]:
    found = []
    for key, item in value.items():
        if isinstance(item, Mapping):
            found += [f"{key}: {term} = {said}" for term, said in item.items()]
        else:
            found.append(f"{key} = {', '.join(item) if isinstance(item, tuple) else item}")
    return found


def _table(kind: Any, text: str) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for number, line in enumerate((line for line in text.splitlines() if line.strip()), 1):
        left, sign, right = line.partition("=")
        if not sign or not left.strip():
            raise ValueError(
                f"line {number} must look like “{'de: candle = Kerze' if _nested(kind) else 'name = value'}”"
            )
        key, value = left.strip(), right.strip()
        if _nested(kind):
            locale, colon, term = key.partition(":")
            if not colon:
                raise ValueError(f"line {number} must begin with a language and a colon")
            table.setdefault(locale.strip(), {})[term.strip()] = value
        else:
            table[key] = [part.strip() for part in value.split(",")] if _lists(kind) else value
    return table


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return origin is not None and isinstance(origin, type) and issubclass(origin, Mapping)


def _nested(kind: Any) -> bool:
    return _is_mapping(get_args(kind)[1])


def _lists(kind: Any) -> bool:
    return get_origin(get_args(kind)[1]) is tuple
