"""Where each kind of record lives: ``shop#kind#bucket``, so that a shop can be enumerated and erased.

One DynamoDB partition bears about 1,000 writes a second; kinds that a burst of webhooks writes are spread
over buckets by a hash of their sort key, kinds that people write are not.
"""

import zlib
from collections.abc import Collection, Iterator
from enum import StrEnum

from chalicelib.domain.ids import ShopId
from chalicelib.errors import Conflict
from chalicelib.ports import ABSENT, Key, Record, Records


class Kind(StrEnum):
    """Every kind of record that a shop has. docs/privacy.md says of each what it holds and for how long."""

    SHOP = "shop"
    CLAIM = "claim"
    PROPOSAL = "proposal"
    TARGET = "target"
    BLOCKED = "blocked"
    JOURNAL = "journal"
    PRODUCT = "product"
    ORDER = "order"
    PURCHASE = "purchase"
    PRICE = "price"
    COUNTER = "counter"
    MEMORY = "memory"
    OUTCOME = "outcome"
    SCREENING = "screening"
    PROBLEM = "problem"
    JOB = "job"
    MODEL = "model"


_SPREAD = frozenset({
    Kind.CLAIM, Kind.PROPOSAL, Kind.TARGET, Kind.BLOCKED, Kind.PRODUCT, Kind.ORDER, Kind.PRICE,
    Kind.COUNTER, Kind.MEMORY, Kind.OUTCOME, Kind.PURCHASE, Kind.SCREENING,
})  # fmt: skip
BUCKETS = 8
JOURNAL_MONTHS = 36


def key(shop: ShopId, kind: Kind, sort: str, *, by: str = "") -> Key:
    """Where one record is. ``by`` replaces the sort key in choosing the bucket, to keep records together."""
    bucket = zlib.crc32((by or sort).encode("utf-8", "surrogatepass")) % BUCKETS if kind in _SPREAD else 0
    return Key(f"{shop}#{kind}#{bucket}", sort)


def partitions(shop: ShopId, kind: Kind) -> Iterator[str]:
    """Every partition that one kind of a shop's records may be in."""
    count = JOURNAL_MONTHS if kind is Kind.JOURNAL else BUCKETS if kind in _SPREAD else 1
    for bucket in range(count):
        yield f"{shop}#{kind}#{bucket}"


def month(shop: ShopId, year: int, month_of_year: int) -> str:
    """The journal's partition of a month; they come round after three years, before which entries expire."""
    return f"{shop}#{Kind.JOURNAL}#{(year * 12 + month_of_year) % JOURNAL_MONTHS}"


def every(records: Records, shop: ShopId, kind: Kind) -> Iterator[Record]:
    """All records of one kind of one shop."""
    for partition in partitions(shop, kind):
        yield from records.query(partition)


def erase(records: Records, shop: ShopId, *, but: Collection[Key] = ()) -> int:
    """Delete all records of a shop but those that are named, and say how many there were."""
    found = [record.key for kind in Kind for record in every(records, shop, kind)]
    gone = [one for one in found if one not in but]
    for one in gone:
        records.delete(one)
    return len(gone)


def put_new(records: Records, record: Record) -> bool:
    """Write what is not there yet, in one call; False where something is."""
    try:
        records.put(record, ABSENT)
    except Conflict:
        return False
    return True


def put_newest(records: Records, record: Record, stamp: str, *, expected: int = ABSENT) -> bool:
    """Write a state unless a newer one is kept, by the body's ``stamp``; False if there was one.

    ``expected`` is the version known from an earlier look, which saves two calls when it still holds.
    """
    while True:
        try:
            records.put(record, expected)
            return True
        except Conflict:
            known = records.get(record.key)
            if known is not None and known.body[stamp] > record.body[stamp]:
                return False
            expected = known.version if known else ABSENT
