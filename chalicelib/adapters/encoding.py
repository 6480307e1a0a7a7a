"""How records become text and whole seconds, the same in memory and in DynamoDB.

Bodies are kept as JSON text even in memory: the C encoder is as fast as a structural copy in Python, nobody
can reach into the store through a shared list, and what DynamoDB would refuse is refused by the tests too.
"""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib import ports

_dump = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode
_load = json.JSONDecoder().decode


def encode_body(body: Mapping[str, Any]) -> str:
    """JSON text in ASCII, so that lone surrogates survive. Raises TypeError or ValueError (NaN)."""
    return _dump(body if type(body) is dict else dict(body))


def decode_body(text: str) -> dict[str, Any]:
    """A fresh body that shares nothing with any other reader's."""
    return _load(text)  # type: ignore[no-any-return]


def expiry_seconds(expires_at: datetime) -> int:
    """Whole seconds since 1970, rounded up: DynamoDB's TTL knows no fractions, and early would be a lie."""
    return math.ceil(expires_at.timestamp())


def expiry_moment(seconds: int) -> datetime:
    """The aware moment of ``expiry_seconds``."""
    return datetime.fromtimestamp(seconds, UTC)


def check_key(key: ports.Key) -> None:
    """Raises ValueError for a key with an empty half, which DynamoDB cannot hold."""
    if not (key.partition and key.sort):
        raise ValueError(f"both halves of a key must say something: {key}")


def check_writes(writes: Sequence[ports.Put | ports.Delete], most: int) -> None:
    """Raises ValueError for a transaction that DynamoDB would refuse as a whole."""
    if len(writes) > most:
        raise ValueError(f"{len(writes)} writes in one transaction; at most {most} fit, split them")
    keys = [write.record.key if isinstance(write, ports.Put) else write.key for write in writes]
    if len(set(keys)) != len(keys):
        raise ValueError("a transaction may write each key once")
    for key in keys:
        check_key(key)
