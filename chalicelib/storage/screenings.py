"""Verdicts on orders, kept for the merchant, for an appeal and for looking back. One record per order: a verdict
on an edited order takes the place of the one before, which stays as a line of its history."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.ids import OrderId, ShopId
from chalicelib.domain.screening import Override, Screening
from chalicelib.errors import Conflict
from chalicelib.ports import ABSENT, Key, Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.places import Kind

KEEP = timedelta(days=400)
"""As long as outcomes: a chargeback, and an appeal against a verdict, can come months later."""

_MOST_EARLIER = 20


class Screenings:
    """Verdicts of all shops."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def note(self, shop: ShopId, screenings: Sequence[Screening]) -> None:
        """Keep fresh verdicts; what a person decided about the same state of the order stays with it."""
        for fresh in screenings:
            # Most verdicts are an order's first.
            if not places.put_new(self._records, _record(shop, fresh)):
                self._change(shop, fresh.order_id, lambda known, fresh=fresh: _succeeding(fresh, known))  # type: ignore[misc]

    def get(self, shop: ShopId, order: OrderId) -> Screening | None:
        """The verdict that stands, if the order was screened."""
        record = self._records.get(_place(shop, order))
        return None if record is None else from_json(record.body, Screening)

    def many(self, shop: ShopId, orders: Sequence[OrderId]) -> Mapping[OrderId, Screening]:
        """Those that were screened."""
        found = self._records.get_many([_place(shop, order) for order in orders])
        return {one.order_id: one for one in (from_json(record.body, Screening) for record in found.values())}

    def waiting(self, shop: ShopId, *, limit: int) -> Iterator[Screening]:
        """What somebody should look at, first where it saves most."""
        found = self._records.queued(_waiting_place(shop), limit=limit)
        return (from_json(record.body, Screening) for record in found)

    def override(self, shop: ShopId, order: OrderId, override: Override) -> None:
        """A person decided; an order that was never screened has nothing to override."""
        self._change(shop, order, lambda known: known and replace(known, override=override))

    def all(self, shop: ShopId) -> Iterator[Screening]:
        """Everything kept, in no order."""
        return (from_json(record.body, Screening) for record in places.every(self._records, shop, Kind.SCREENING))

    def erase(self, shop: ShopId, order: OrderId) -> bool:
        """Forget one order; says whether it was known."""
        known = self._records.get(_place(shop, order)) is not None
        self._records.delete(_place(shop, order))
        return known

    def _change(self, shop: ShopId, order: OrderId, change: Callable[[Screening | None], Screening | None]) -> None:
        """Read, change, write, and again where another worker wrote in between."""
        while True:
            record = self._records.get(_place(shop, order))
            fresh = change(None if record is None else from_json(record.body, Screening))
            if fresh is None:
                return
            try:
                self._records.put(_record(shop, fresh), record.version if record else ABSENT)
                return
            except Conflict:
                continue


def _succeeding(fresh: Screening, known: Screening | None) -> Screening:
    """The fresh verdict with the history of those before it; an older one does not displace a newer."""
    if known is None:
        return fresh
    if known.at > fresh.at:
        return known
    if known.decided_on == fresh.decided_on:
        return replace(fresh, override=known.override or fresh.override, earlier=known.earlier)
    line = f"{known.at.isoformat()} {known.ruling} {_share(known.probability)} {known.model.name}/{known.model.version}"
    return replace(fresh, earlier=(*known.earlier, line)[-_MOST_EARLIER:])


def _share(probability: float | None) -> str:
    return "unknown" if probability is None else f"{probability:.4f}"


def _record(shop: ShopId, screening: Screening) -> Record:
    return Record(
        key=_place(shop, screening.order_id), body=to_json(screening), expires_at=screening.at + KEEP,
        index=(_waiting_place(shop), _rank(screening)) if screening.waits else None,
    )  # fmt: skip


def _waiting_place(shop: ShopId) -> str:
    """The index partition of orders that wait for a look."""
    return f"{shop}#looks"


def _rank(screening: Screening) -> str:
    return f"{min(max(screening.saved, 0.0), 1e12):018.4f}#{screening.order_id}"


def _place(shop: ShopId, order: OrderId) -> Key:
    return places.key(shop, Kind.SCREENING, order)
