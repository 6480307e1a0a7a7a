"""Shops, what their merchants allow, and their sealed credentials."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from chalicelib.contracts import Credentials
from chalicelib.domain.ids import ShopId
from chalicelib.domain.shop import Policy, Shop, ShopState
from chalicelib.errors import Gone
from chalicelib.ports import Delete, Key, Keys, Put, Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.places import Kind

_ALL = "all#shops#0"


class Shops:
    """The register of connected shops."""

    def __init__(self, records: Records, keys: Keys) -> None:
        self._records = records
        self._keys = keys

    def get(self, shop: ShopId) -> Shop:
        """Raises Gone for a shop that was never connected or is erased."""
        record = self._records.get(_profile(shop))
        if record is None:
            raise Gone("This shop is not connected.")
        return replace(from_json(record.body, Shop), version=record.version)

    def with_policy(self, shop: ShopId) -> tuple[Shop, Policy]:
        """Both in one read. Raises Gone."""
        found = self._records.get_many([_profile(shop), _policy(shop)])
        profile = found.get(_profile(shop))
        if profile is None:
            raise Gone("This shop is not connected.")
        return replace(from_json(profile.body, Shop), version=profile.version), _read(
            found.get(_policy(shop))
        )

    def policy(self, shop: ShopId) -> Policy:
        """What the merchant allows; everything is off until somebody says otherwise."""
        return _read(self._records.get(_policy(shop)))

    def save(self, shop: Shop, expected: int | None = None) -> None:
        """Write the profile and list the shop. Raises Conflict when ``expected`` no longer holds."""
        profile = Record(key=_profile(shop.id), body=to_json(replace(shop, version=0)))
        listed = Record(key=Key(_ALL, shop.id), body={"state": str(shop.state)})
        self._records.transact([Put(profile, expected), Put(listed)])

    def save_policy(self, shop: ShopId, policy: Policy) -> Policy:
        """Write a policy that was read at ``policy.version``. Raises Conflict when somebody was faster."""
        record = Record(key=_policy(shop), body=to_json(replace(policy, version=0)))
        return replace(policy, version=self._records.put(record, policy.version).version)

    def all(self) -> Iterator[tuple[ShopId, ShopState]]:
        """Every shop that is listed, with its state."""
        for record in self._records.query(_ALL):
            yield ShopId(record.key.sort), ShopState(record.body["state"])

    def credentials(self, shop: ShopId) -> tuple[Credentials, int]:
        """The unsealed credentials and their record's version. Raises Gone."""
        record = self._records.get(_credentials(shop))
        if record is None:
            raise Gone("This shop has no credentials.")
        plain = self._keys.decrypt(base64.b64decode(record.body["sealed"]), {"shop": shop})
        data = json.loads(plain)
        expires = data["expires_at"]
        moment = None if expires is None else datetime.fromisoformat(expires)
        return Credentials(values=data["values"], expires_at=moment), record.version

    def save_credentials(self, shop: ShopId, credentials: Credentials, expected: int | None = None) -> None:
        """Seal and write. Raises Conflict when ``expected`` no longer holds."""
        expires = credentials.expires_at.isoformat() if credentials.expires_at else None
        plain = json.dumps({"values": dict(credentials.values), "expires_at": expires}).encode()
        sealed = base64.b64encode(self._keys.encrypt(plain, {"shop": shop})).decode()
        self._records.put(Record(key=_credentials(shop), body={"sealed": sealed}), expected)

    def drop_credentials(self, shop: ShopId) -> None:
        """Forget how to get in."""
        self._records.delete(_credentials(shop))

    def unlist(self, shop: ShopId) -> None:
        """Remove the shop from the register (its data is erased elsewhere)."""
        self._records.transact([Delete(_profile(shop)), Delete(Key(_ALL, shop))])


def _profile(shop: ShopId) -> Key:
    return places.key(shop, Kind.SHOP, "profile")


def _policy(shop: ShopId) -> Key:
    return places.key(shop, Kind.SHOP, "policy")


def _credentials(shop: ShopId) -> Key:
    return places.key(shop, Kind.SHOP, "credentials")


def _read(record: Record | None) -> Policy:
    return Policy() if record is None else replace(from_json(record.body, Policy), version=record.version)
