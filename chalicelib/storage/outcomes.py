"""How orders ended, for learning: features as they were at screening, and a label once known."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.contracts import OrderOutcome
from chalicelib.domain.ids import ShopId
from chalicelib.errors import Conflict
from chalicelib.ports import ABSENT, Key, Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.places import Kind

KEEP = timedelta(days=400)
"""A chargeback can come months later; a year of labels is what refits need."""

WEIGHT = {
    "": 0, "released": 2, "released_store": 2, "dismissed": 2, "cleared": 2, "cancelled_fraud": 3,
    "cancelled_told": 3, "dispute_fraud": 4, "dispute_won": 4,
}  # fmt: skip
"""Whose word counts more, by source: a bank's over the merchant's, a deed's over a first look. What is not listed
counts 1: it says that the end is not known."""


class Outcomes:
    """Labelled orders of all shops; no personal data, only what the model saw."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def note(self, shop: ShopId, outcomes: Sequence[OrderOutcome]) -> None:
        """Remember what an order looked like, or how it ended.

        An outcome without features only tells an end: of an order that was never screened it is not kept. A
        label is replaced only by one whose source weighs as much. Once an end is known, what the order looked
        like before stays: features of later would know too much.
        """
        for fresh in outcomes:
            # Most orders are new.
            if not (fresh.features and places.put_new(self._records, _record(shop, fresh))):
                self._again(shop, fresh)

    def _again(self, shop: ShopId, fresh: OrderOutcome) -> None:
        while True:
            known = self._records.get(_place(shop, fresh.order_id))
            merged = _merged(fresh, known)
            if not merged.features:
                return
            try:
                self._records.put(_record(shop, merged), known.version if known else ABSENT)
                return
            except Conflict:
                continue

    def label(self, shop: ShopId, order: str, label: bool | None, source: str) -> bool:
        """An order's end became known; False where the order was never screened."""
        record = self._records.get(_place(shop, order))
        if record is None:
            return False
        known = _read(record.body)
        told = replace(known, features={}, label=label, source=source)
        self._records.put(_record(shop, _merged(told, record)))
        return True

    def get(self, shop: ShopId, order: str) -> OrderOutcome | None:
        """One order's, if it was screened."""
        record = self._records.get(_place(shop, order))
        return None if record is None else _read(record.body)

    def all(self, shop: ShopId) -> Iterator[OrderOutcome]:
        """Everything remembered, in no order."""
        return (_read(record.body) for record in places.every(self._records, shop, Kind.OUTCOME))


def _merged(fresh: OrderOutcome, known: Record | None) -> OrderOutcome:
    if known is None:
        return fresh
    before = _read(known.body)
    told = fresh if _weight(fresh.source) >= _weight(before.source) else before
    looked = fresh if fresh.features and not before.source else before
    return replace(
        looked, label=told.label, source=told.source, held=before.held or fresh.held, at=min(before.at, fresh.at)
    )


def _weight(source: str) -> int:
    return WEIGHT.get(source, 1)


def _record(shop: ShopId, outcome: OrderOutcome) -> Record:
    body = {**to_json(replace(outcome, features={})), "features": dict(outcome.features)}
    return Record(key=_place(shop, outcome.order_id), body=body, expires_at=outcome.at + KEEP)


def _read(body: Any) -> OrderOutcome:
    plain = from_json({**body, "features": {}}, OrderOutcome)
    return replace(plain, features=body["features"])


def _place(shop: ShopId, order: str) -> Key:
    return places.key(shop, Kind.OUTCOME, order)
