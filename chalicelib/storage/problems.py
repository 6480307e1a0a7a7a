"""Problems: what needs the merchant. They open by themselves and clear by themselves."""

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.ids import ShopId
from chalicelib.domain.journal import Problem
from chalicelib.errors import Conflict
from chalicelib.ports import ABSENT, Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.places import Kind


class Problems:
    """Open problems of all shops."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def open(self, problem: Problem) -> bool:
        """Open it, or count it once more; True when it is new."""
        key = places.key(problem.shop_id, Kind.PROBLEM, f"{problem.code}|{problem.subject}")
        while True:
            known = self._records.get(key)
            fresh = problem
            if known is not None:
                before = from_json(known.body, Problem)
                fresh = replace(problem, opened_at=before.opened_at, count=before.count + 1)
            try:
                self._records.put(Record(key=key, body=to_json(fresh)), known.version if known else ABSENT)
                return known is None
            except Conflict:
                continue

    def clear(self, shop: ShopId, code: str, subject: str = "") -> None:
        """It is mended (or never was)."""
        self._records.delete(places.key(shop, Kind.PROBLEM, f"{code}|{subject}"))

    def all(self, shop: ShopId) -> Iterator[Problem]:
        """What is open now."""
        for record in places.every(self._records, shop, Kind.PROBLEM):
            yield from_json(record.body, Problem)
