"""Attempts to connect a store: who began, for which store, and the keys until they are proven.

The nonce that names an attempt is known to its merchant and to the store alone, and is good for one answer;
what is kept under it is gone within the hour.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.contracts import Credentials
from chalicelib.domain.ids import ShopId
from chalicelib.errors import Gone
from chalicelib.ports import ABSENT, Key, Keys, Record, Records
from chalicelib.storage.codec import from_json, to_json

LIFE = timedelta(hours=1)


class Stage(StrEnum):
    """How far an attempt is."""

    BEGUN = "begun"
    GRANTED = "granted"
    CONNECTED = "connected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One merchant's attempt to connect one store."""

    nonce: str = field(repr=False)
    shop: ShopId
    endpoint: str
    by: str
    """The member's e-mail address; empty where a shop's own admin asked."""
    account: str = ""
    """The account that is to look after the shop; empty for the member's first."""
    began_at: datetime
    stage: Stage = Stage.BEGUN
    said: str = ""
    """Why it failed, in words."""
    sealed: str = field(default="", repr=False)
    version: int = 0


class Attempts:
    """Attempts of a deployment."""

    def __init__(self, records: Records, keys: Keys) -> None:
        self._records, self._keys = records, keys

    def get(self, nonce: str) -> Attempt:
        """Raises Gone for one that there never was, or that is over."""
        record = self._records.get(_place(nonce))
        if record is None:
            raise Gone("This attempt to connect is over. Begin again.")
        return replace(from_json(record.body, Attempt), nonce=nonce, version=record.version)

    def begin(self, attempt: Attempt) -> None:
        """Write a new one."""
        self._put(attempt, ABSENT)

    def grant(self, attempt: Attempt, credentials: Credentials) -> None:
        """Keep the keys until they are proven. Raises Conflict when an answer came already."""
        plain = json.dumps(dict(credentials.values)).encode()
        sealed = base64.b64encode(self._keys.encrypt(plain, {"shop": attempt.shop})).decode()
        self._put(replace(attempt, stage=Stage.GRANTED, sealed=sealed), attempt.version)

    def credentials(self, attempt: Attempt) -> Credentials:
        """The keys that came."""
        plain = self._keys.decrypt(base64.b64decode(attempt.sealed), {"shop": attempt.shop})
        return Credentials(values=json.loads(plain))

    def end(self, attempt: Attempt, stage: Stage, said: str = "") -> None:
        """Say how it ended, and forget the keys."""
        self._put(replace(attempt, stage=stage, said=said, sealed=""), None)

    def _put(self, attempt: Attempt, expected: int | None) -> None:
        body = to_json(replace(attempt, nonce="", version=0))
        record = Record(key=_place(attempt.nonce), body=body, expires_at=attempt.began_at + LIFE)
        self._records.put(record, expected)


def _place(nonce: str) -> Key:
    """The nonce itself is not kept: who can read the table cannot answer for a store."""
    return Key("connecting#attempt#0", hashlib.sha256(nonce.encode("utf-8", "surrogatepass")).hexdigest()[:40])
