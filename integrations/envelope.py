"""What every webhook reader needs: strict JSON, signatures, moments. Standard library only.

The accepting path imports this module; strangers write what it reads.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from chalicelib.errors import InvalidSignature, MalformedPayload

_TOPIC = re.compile(r"[^A-Za-z0-9_./-]")
_WORD = re.compile(r"[A-Za-z0-9_./-]{1,40}")
_WHOLE = re.compile(r"[0-9]{1,20}")
_LARGEST_ID = 2**63


def check_signature(body: bytes, given: str | None, secrets: Sequence[bytes]) -> None:
    """Compare a base64 HMAC-SHA256 over the raw body with each secret, in constant time.

    Raises InvalidSignature; an empty secret never counts, for anybody could sign with it.
    """
    if given is None or not given.isascii():
        raise InvalidSignature
    presented = given.encode("ascii")
    for secret in secrets:
        expected = base64.b64encode(hmac.digest(secret, body, "sha256"))
        if secret and hmac.compare_digest(expected, presented):
            return
    raise InvalidSignature


def parse_object(body: bytes) -> Mapping[str, Any]:
    """Read a JSON object strictly: UTF-8, no NaN, no name twice, nothing nested beyond the interpreter.

    Raises MalformedPayload and nothing else.
    """
    try:
        value = _STRICT.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise MalformedPayload(detail=type(error).__name__) from None
    if not isinstance(value, dict):
        raise MalformedPayload(detail="not an object")
    return value


def whole(value: object) -> str:
    """A store's numeric id as text. Raises MalformedPayload for anything that is not a positive integer."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LARGEST_ID:
        raise MalformedPayload(detail="an id that is not a positive integer")
    return str(value)


def moment(value: object) -> datetime | None:
    """An ISO 8601 moment as aware UTC (times without a zone are UTC), or None when it is not one."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def word(value: object) -> str:
    """A short machine word (a status), or nothing when it is not one: free text may hold buyer data."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def topic_word(value: str) -> str:
    """A topic as people may read it in a log: plain characters, at most 100."""
    return _TOPIC.sub("?", value[:100])


def text_of(value: object) -> str:
    """A value for naming an event: text as it is, anything else as nothing."""
    return value if isinstance(value, str) else ""


def fingerprint(body: bytes) -> str:
    """What was said, as a name."""
    return hashlib.sha256(body).hexdigest()


def delivery_name() -> str:
    """A fresh name for one accepted delivery: stores repeat theirs on retries and within a second."""
    return os.urandom(12).hex()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


_STRICT = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_unique)
"""Made once: json.loads would make a decoder, and its scanner, for every body."""
