"""Policies as configuration text (TOML 1.0): what differs from the defaults, in a stable order."""

import json
from collections.abc import Iterator, Mapping
from datetime import time
from decimal import Decimal
from typing import Any

from chalicelib import limits
from chalicelib.domain.ids import ShopId
from chalicelib.domain.shop import Mode, Policy


def shop_text(shop: ShopId, policy: Policy) -> str:
    """One shop's table."""
    return "\n".join([f"[shops.{quoted(shop)}]", *lines(policy)]) + "\n"


def lines(policy: Policy) -> Iterator[str]:
    """What a policy says beyond the defaults, one value a line."""
    if policy.paused:
        yield "paused = true"
    for name, mode in sorted(policy.modes.items()):
        if mode is not Mode.OFF:
            yield f"modes.{_key(name)} = {quoted(mode)}"
    plain = Policy()
    for limit in limits.every():
        if limit.of(policy) != limit.of(plain):
            yield f"{limit.path} = {_value(limit.of(policy))}"


def _value(value: Any) -> str:
    match value:
        case None:
            return '""'
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case time():
            return value.isoformat(timespec="seconds")
        case tuple():
            return f"[{', '.join(_value(item) for item in value)}]"
        case Mapping():
            return "{" + ", ".join(f"{quoted(k)} = {_value(v)}" for k, v in sorted(value.items())) + "}"
        case _:
            return quoted(value)


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else quoted(name)


def quoted(text: str) -> str:
    """A basic string: JSON's escapes are TOML's too, but for DEL, which JSON leaves as it is."""
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")
