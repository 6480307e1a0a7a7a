"""A shop's credentials, always fresh, refreshed by one worker at a time.

::

    expired ──► take the lock ──► ask for new ones ──► store both in one conditional write ──► free the lock
        └─ lock taken ──► wait for what the holder stores

The lock is a record that expires by itself, so a worker that died in the middle holds up nobody for long. The
pair before the new one is kept inside the credentials until the new one has worked (the marketplace's adapter
decides what it needs for that).
"""

import time
from collections.abc import Callable
from datetime import timedelta

from chalicelib.contracts import Credentials
from chalicelib.domain.ids import ShopId
from chalicelib.errors import Conflict, StoreUnavailable
from chalicelib.ports import Clock, Key, Record, Records
from chalicelib.storage import places
from chalicelib.storage.places import Kind
from chalicelib.storage.shops import Shops

LEASE = timedelta(seconds=30)
"""How long one refresh may take before another worker may try."""

WAITS = 60
PAUSE_S = 0.5


class StoredCredentials:
    """One shop's credentials as stored; the source that a store client asks."""

    def __init__(
        self, shop: ShopId, shops: Shops, records: Records, clock: Clock,
        refresh: Callable[[Credentials], Credentials] | None, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._shop, self._shops, self._records, self._clock = shop, shops, records, clock
        self._refresh, self._sleep = refresh, sleep
        self._known: Credentials | None = None

    def current(self) -> Credentials:
        """What was stored last, read once per event. Raises Gone."""
        if self._known is None:
            self._known = self._shops.credentials(self._shop)[0]
        return self._known

    def refreshed(self, stale: Credentials) -> Credentials:
        """New credentials in place of ``stale``: our own refresh, or another worker's.

        Raises:
            AccessRevoked: the store no longer lets us in.
            StoreUnavailable: another worker's refresh takes too long.
        """
        for _ in range(WAITS):
            stored, version = self._shops.credentials(self._shop)
            if stored.values != stale.values:
                self._known = stored
                return stored
            if self._refresh is None:
                return stale
            if self._locked():
                return self._renew(stored, version, self._refresh)
            self._sleep(PAUSE_S)
        raise StoreUnavailable(detail="a refresh of the credentials takes too long")

    def _renew(
        self, stored: Credentials, version: int, refresh: Callable[[Credentials], Credentials]
    ) -> Credentials:
        try:
            fresh = refresh(stored)
            self._shops.save_credentials(self._shop, fresh, expected=version)
        except Conflict:
            fresh = self._shops.credentials(self._shop)[0]
        finally:
            self._records.delete(self._lock())
        self._known = fresh
        return fresh

    def _locked(self) -> bool:
        until = self._clock.now() + LEASE
        return places.put_new(self._records, Record(key=self._lock(), body={"held": True}, expires_at=until))

    def _lock(self) -> Key:
        return places.key(self._shop, Kind.SHOP, "refresh")


class GivenCredentials:
    """Credentials that are not stored yet, to see whether they work."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def current(self) -> Credentials:
        return self._credentials

    def refreshed(self, stale: Credentials) -> Credentials:
        """There are none but these."""
        return stale
