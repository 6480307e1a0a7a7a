"""JSON exactly as PHP's ``json_encode`` writes it, so that raw bodies and their signatures look real."""

import json
from decimal import Decimal
from typing import Any


def encode(value: Any) -> bytes:
    """Give ``value`` as ``wp_json_encode`` would: ASCII only, ``/`` escaped, no spaces."""
    text = json.dumps(_plain(value), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("/", "\\/").encode("ascii")


def _plain(value: Any) -> Any:
    """Turn decimals into numbers; PHP writes whole floats without a fraction."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal | float):
        return int(value) if value == int(value) else float(value)
    return value
