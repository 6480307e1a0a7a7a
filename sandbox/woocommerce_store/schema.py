"""Parameter types as WordPress' ``rest_validate_value_from_schema`` checks them, in its own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.woocommerce_store.rest_errors import invalid_params


@dataclass(frozen=True, slots=True)
class Kind:
    """One parameter's type: ``any_of`` is an enum, ``low`` and ``high`` bound, ``item`` types an array."""

    type: str
    any_of: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    item: str = ""


STRING, BOOLEAN, INTEGER = Kind("string"), Kind("boolean"), Kind("integer")
INTEGERS, OBJECTS, OBJECT = Kind("array", item="integer"), Kind("array", item="object"), Kind("object")
MIXED, DATE_TIME = Kind("mixed"), Kind("date-time")

Schema = Mapping[str, Kind]


def clean(schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the known, non-null parameters, sanitised; raises ``rest_invalid_param`` naming each bad one.

    WordPress neither validates nor sees a parameter that is JSON null (``isset`` is false for it).
    """
    failures: dict[str, tuple[str, str]] = {}
    cleaned: dict[str, Any] = {}
    for name, kind in schema.items():
        if given.get(name) is None:
            continue
        failure = check(name, given[name], kind)
        if failure:
            failures[name] = failure
        else:
            cleaned[name] = sanitise(given[name], kind)
    if failures:
        raise invalid_params(failures)
    return cleaned


def check(name: str, value: Any, kind: Kind) -> tuple[str, str] | None:
    """Give WordPress' (code, sentence) where ``value`` is not of ``kind``."""
    if kind.type == "array":
        return _check_array(name, value, kind)
    if kind.type == "date-time":
        return None if parse_date(value) else ("rest_invalid_date", "Invalid date.")
    if not _is(value, kind.type):
        return "rest_invalid_type", f"{name} is not of type {kind.type}."
    if kind.any_of and value not in kind.any_of:
        return "rest_not_in_enum", f"{name} is not one of {listed(kind.any_of)}."
    return _check_bounds(name, value, kind)


def sanitise(value: Any, kind: Kind) -> Any:
    """Turn a valid value into its PHP type."""
    if kind.type == "boolean":
        return value in (True, 1, "1", "true", "TRUE", "True")
    if kind.type == "integer":
        return int(float(value)) if not isinstance(value, int) else int(value)
    if kind.type == "array":
        return [sanitise(item, Kind(kind.item)) for item in _as_list(value)]
    return value


def listed(words: tuple[str, ...]) -> str:
    """Join words as ``wp_sprintf('%l')`` does."""
    if len(words) < 3:
        return " and ".join(words)
    return f"{', '.join(words[:-1])}, and {words[-1]}"


def parse_date(value: Any) -> datetime | None:
    """Read an RFC 3339 moment; a naive one stays naive (the caller knows which zone it means)."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _check_array(name: str, value: Any, kind: Kind) -> tuple[str, str] | None:
    if isinstance(value, dict) or (not isinstance(value, list) and not isinstance(value, str | int)):
        return "rest_invalid_type", f"{name} is not of type array."
    for place, item in enumerate(_as_list(value)):
        if kind.item and not _is(item, kind.item):
            return "rest_invalid_type", f"{name}[{place}] is not of type {kind.item}."
    return None


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [part.strip() for part in str(value).split(",") if part.strip()]


def _check_bounds(name: str, value: Any, kind: Kind) -> tuple[str, str] | None:
    if kind.low is None and kind.high is None:
        return None
    number = float(value)
    if kind.low is not None and kind.high is not None and not kind.low <= number <= kind.high:
        text = f"{name} must be between {kind.low} (inclusive) and {kind.high} (inclusive)"
        return "rest_out_of_bounds", text
    if kind.low is not None and number < kind.low:
        return "rest_out_of_bounds", f"{name} must be greater than or equal to {kind.low}"
    return None


def _is(value: Any, kind: str) -> bool:
    if kind == "mixed":
        return True
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return value in (True, False, "", "0", "1", "true", "false", "TRUE", "FALSE", "True", "False")
    if kind == "integer":
        return not isinstance(value, bool | list | dict) and _whole(value)
    return isinstance(value, dict) or value in ("", [])


def _whole(value: Any) -> bool:
    try:
        return float(value) == int(float(value))
    except (TypeError, ValueError, OverflowError):
        return False
