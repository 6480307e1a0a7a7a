"""Query strings as PHP reads them: the last of equal names wins, ``a[]`` and ``a[b]`` become arrays."""

import re
from typing import Any
from urllib.parse import parse_qsl

_BRACKETS = re.compile(r"([^\[]+)\[([^\]]*)\]")


def php_query(raw: bytes) -> dict[str, Any]:
    """Parse a query or form body like ``parse_str``, one level of brackets deep."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True):
        match = _BRACKETS.fullmatch(name)
        if match is None:
            found[name] = value
            continue
        outer, inner = match.groups()
        if not isinstance(found.get(outer), dict):
            found[outer] = {}
        found[outer][inner or str(len(found[outer]))] = value
    return found


def plain_arrays(query: dict[str, Any]) -> dict[str, Any]:
    """Give the query with ``a[]=…`` as lists, as PHP hands it to a handler."""
    return {
        name: list(value.values()) if isinstance(value, dict) and all(map(str.isdigit, value)) else value
        for name, value in query.items()
    }
