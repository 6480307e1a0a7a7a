"""Shopify's search syntax, as much of it as the sandbox's callers use.

Terms are joined by a space or AND, groups by OR; a term is ``field:value`` with <, <=, >, >= before the
value, ``-`` or ``NOT`` before the term, quotes around a value, ``*`` at its end for a prefix; a bare word
searches the text.
Source: Shopify's documentation of the API search syntax.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

type Reader = Callable[[Any], Any]
type Test = Callable[[Any], bool]

TERM = re.compile(
    r"""\s*(?P<not>-|NOT\s+)?(?:(?P<field>[a-z_]+):(?P<op><=|>=|<|>|=)?\s*)?"""
    r"""(?P<value>'[^']*'|"[^"]*"|[^\s]+)"""
)


def compile_query(text: str | None, fields: Mapping[str, Reader], words: Reader) -> Test:
    """The test that a search text means; an unknown field is an error here, where Shopify only warns."""
    groups = [
        [_term(match, fields, words) for match in TERM.finditer(re.sub(r"\bAND\b", " ", part))]
        for part in re.split(r"\bOR\b", text or "")
        if part.strip()
    ]
    if not groups:
        return lambda record: True
    return lambda record: any(all(test(record) for test in group) for group in groups)


def _term(match: re.Match[str], fields: Mapping[str, Reader], words: Reader) -> Test:
    value = match["value"].strip("'\"()")
    name = match["field"]
    if name and name not in fields:
        known = ", ".join(sorted(fields))
        raise GraphQLError(f"The sandbox cannot search by {name!r}; it knows {known}")
    test = _compare(fields[name], match["op"] or "=", value) if name else _contains(words, value)
    if match["not"]:
        return lambda record: not test(record)
    return test


def _contains(words: Reader, value: str) -> Test:
    wanted = value.lower().strip("*")
    return lambda record: wanted in str(words(record)).lower()


def _compare(read: Reader, operator: str, value: str) -> Test:
    def test(record: Any) -> bool:
        have = read(record)
        values = have if isinstance(have, list | tuple) else [have]
        return any(_matches(one, operator, value) for one in values)

    return test


def _matches(have: Any, operator: str, value: str) -> bool:
    if have is None:
        return False
    if operator == "=" and isinstance(have, str):
        return _same_text(have, value)
    mine, theirs = _pair(have, value)
    outcome: dict[str, bool] = {
        "=": mine == theirs,
        "<": mine < theirs,
        "<=": mine <= theirs,
        ">": mine > theirs,
        ">=": mine >= theirs,
    }
    return outcome[operator]


def _same_text(have: str, value: str) -> bool:
    have, value = have.lower(), value.lower()
    return have.startswith(value[:-1]) if value.endswith("*") else have == value


def _pair(have: Any, value: str) -> tuple[Any, Any]:
    try:
        if isinstance(have, bool):
            return have, value.lower() == "true"
        if isinstance(have, datetime):
            moment = datetime.fromisoformat(value)
            return have, moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(have, int | Decimal):
            return have, type(have)(value.rsplit("/", 1)[-1])
    except (ValueError, ArithmeticError):
        raise GraphQLError(f"Invalid search value {value!r}") from None
    return str(have).lower(), value.lower()
