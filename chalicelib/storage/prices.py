"""The price history of every variant in every market: append-only, for guardrails, the EU rule and demand."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from chalicelib.domain.ids import MarketId, ShopId, VariantId
from chalicelib.domain.money import Money
from chalicelib.guardrails import PricePoint
from chalicelib.ports import Key, Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.places import Kind

KEEP = timedelta(days=800)
"""Two seasons and the EU rule's 30 days."""


class Prices:
    """Price histories of all shops."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def saw(
        self, shop: ShopId, variant: VariantId, price: Money, at: datetime, *, market: MarketId | None = None,
        ours: bool = False,
    ) -> bool:  # fmt: skip
        """Append a price unless the latest one is the same; True when it was appended."""
        latest = self.latest(shop, variant, market)
        if latest is not None and (latest.price == price or latest.at >= at):
            return False
        point = PricePoint(variant_id=variant, at=at, price=price, ours=ours)
        self._records.put(_record(shop, point, market))
        return True

    def begin(self, shop: ShopId, points: Sequence[PricePoint]) -> None:
        """The first prices of a page of products, in few writes; reading the page again changes nothing."""
        self._records.put_many([_record(shop, point, None) for point in points])

    def latest(self, shop: ShopId, variant: VariantId, market: MarketId | None = None) -> PricePoint | None:
        """The newest price known."""
        return next(self._rows(shop, variant, market, reverse=True, limit=1), None)

    def history(
        self, shop: ShopId, variant: VariantId, market: MarketId | None = None
    ) -> Sequence[PricePoint]:
        """All prices known, oldest first; each was valid from its moment to the next one's."""
        return tuple(self._rows(shop, variant, market))

    def _rows(
        self, shop: ShopId, variant: VariantId, market: MarketId | None, *, reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[PricePoint]:  # fmt: skip
        stem = _stem(variant, market)
        partition = places.key(shop, Kind.PRICE, stem, by=stem).partition
        for record in self._records.query(partition, prefix=stem, reverse=reverse, limit=limit):
            yield from_json(record.body, PricePoint)


def _record(shop: ShopId, point: PricePoint, market: MarketId | None) -> Record:
    stem = _stem(point.variant_id, market)
    place = places.key(shop, Kind.PRICE, stem, by=stem)
    key = Key(place.partition, f"{stem}{point.at.isoformat(timespec='milliseconds')}")
    return Record(key=key, body=to_json(point), expires_at=point.at + KEEP)


def _stem(variant: VariantId, market: MarketId | None) -> str:
    return f"{variant}|{market or 'base'}|"
