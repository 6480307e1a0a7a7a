"""How orders ended, for learning: features as they were at screening, and a label once known."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.contracts import OrderOutcome
from chalicelib.domain.ids import ShopId
from chalicelib.ports import Key, Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.places import Kind

KEEP = timedelta(days=400)
"""A chargeback can come months later; a year of labels is what refits need."""


class Outcomes:
    """Labelled orders of all shops; no personal data, only what the model saw."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def note(self, shop: ShopId, outcomes: Sequence[OrderOutcome]) -> None:
        """Remember what an order looked like; a label that is known already is kept."""
        if not outcomes:
            return
        known = self._records.get_many([_place(shop, one.order_id) for one in outcomes])
        merged = [_merged(one, known.get(_place(shop, one.order_id))) for one in outcomes]
        self._records.put_many([_record(shop, one) for one in merged])

    def label(self, shop: ShopId, order: str, label: bool, source: str) -> bool:
        """An order's end became known; False where the order was never screened."""
        record = self._records.get(_place(shop, order))
        if record is None:
            return False
        self._records.put(_record(shop, replace(_read(record.body), label=label, source=source)))
        return True

    def all(self, shop: ShopId) -> Iterator[OrderOutcome]:
        """Everything remembered, in no order."""
        return (_read(record.body) for record in places.every(self._records, shop, Kind.OUTCOME))


def _merged(fresh: OrderOutcome, known: Record | None) -> OrderOutcome:
    if known is None or fresh.label is not None:
        return fresh
    before = _read(known.body)
    return replace(fresh, label=before.label, source=before.source)


def _record(shop: ShopId, outcome: OrderOutcome) -> Record:
    body = {**to_json(replace(outcome, features={})), "features": dict(outcome.features)}
    return Record(key=_place(shop, outcome.order_id), body=body, expires_at=outcome.at + KEEP)


def _read(body: Any) -> OrderOutcome:
    plain = from_json({**body, "features": {}}, OrderOutcome)
    return replace(plain, features=body["features"])


def _place(shop: ShopId, order: str) -> Key:
    return places.key(shop, Kind.OUTCOME, order)
