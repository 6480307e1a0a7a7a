"""What functions remember from one event to the next: translation memory, ledgers. Exact look-ups only."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from chalicelib.domain.ids import ShopId
from chalicelib.ports import Record, Records
from chalicelib.storage import places
from chalicelib.storage.places import Kind


class Memories:
    """Memories of all shops; a function puts its name before its keys."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def recall(self, shop: ShopId, keys: Iterable[str]) -> Mapping[str, str]:
        """Those that are remembered."""
        found = self._records.get_many([places.key(shop, Kind.MEMORY, key) for key in keys])
        return {place.sort: record.body["value"] for place, record in found.items()}

    def remember(self, shop: ShopId, values: Mapping[str, str], *, until: datetime | None = None) -> None:
        """Write, for ever or until a moment; the newest wins."""
        self._records.put_many(
            [
                Record(key=places.key(shop, Kind.MEMORY, key), body={"value": value}, expires_at=until)
                for key, value in values.items()
            ]
        )

    def forget(self, shop: ShopId, keys: Iterable[str]) -> None:
        """Delete; what is not there is no error."""
        for key in keys:
            self._records.delete(places.key(shop, Kind.MEMORY, key))

    def forget_all(self, shop: ShopId, prefix: str) -> int:
        """Delete everything under a prefix and say how much that was; slow."""
        found = [key for key, _ in self.all(shop, prefix)]
        self.forget(shop, found)
        return len(found)

    def all(self, shop: ShopId, prefix: str) -> Iterator[tuple[str, str]]:
        """Everything under a prefix, for exports; slow."""
        for partition in places.partitions(shop, Kind.MEMORY):
            for record in self._records.query(partition, prefix=prefix):
                yield record.key.sort, record.body["value"]
