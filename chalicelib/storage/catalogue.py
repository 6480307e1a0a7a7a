"""Our mirror of each shop's catalogue: no buyer data, minutes old, never overwritten by an older state."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chalicelib.domain.actions import digest_of
from chalicelib.domain.catalogue import Product
from chalicelib.domain.ids import ProductId, ShopId
from chalicelib.ports import ABSENT, Key, Record, Records
from chalicelib.storage import places
from chalicelib.storage.codec import from_json, to_json
from chalicelib.storage.places import Kind, put_newest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Mirrored:
    """One product as last seen, and the digest of what functions decide on."""

    product: Product | None
    fingerprint: str
    version: int


class Catalogue:
    """Products of all shops as last seen."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def get(self, shop: ShopId, product: ProductId) -> Mirrored | None:
        """The product as last seen; its ``product`` is None once deleted."""
        record = self._records.get(_place(shop, product))
        return None if record is None else _read(record)

    def many(self, shop: ShopId, products: Sequence[ProductId]) -> Mapping[ProductId, Product]:
        """Those that exist."""
        found = self._records.get_many([_place(shop, product) for product in products])
        read = (_read(record).product for record in found.values())
        return {product.id: product for product in read if product is not None}

    def see(
        self, shop: ShopId, product: Product, *, decided: bool = True, expected: int = ABSENT
    ) -> bool:
        """Take in a state read from the store; False if a newer one is known already.

        ``decided=False`` keeps the state but not its fingerprint, so that the next event is looked at anew.
        ``expected`` is the version known from an earlier look, which saves two calls when it still holds.
        """
        body = _body(product) if decided else {**_body(product), "fingerprint": ""}
        record = Record(key=_place(shop, product.id), body=body)
        return put_newest(self._records, record, "updated_at", expected=expected)

    def see_many(self, shop: ShopId, products: Sequence[Product]) -> None:
        """Take in a page of a first sync; states newer than the page's are kept."""
        found = self._records.get_many([_place(shop, product.id) for product in products])
        known = {key: record.body["updated_at"] for key, record in found.items()}
        fresh = [Record(key=_place(shop, product.id), body=_body(product)) for product in products]
        self._records.put_many([r for r in fresh if known.get(r.key, "") <= r.body["updated_at"]])

    def drop(self, shop: ShopId, product: ProductId, at: str) -> None:
        """The store deleted it: keep a tombstone, so that a late update does not bring it back."""
        body = {"updated_at": at, "fingerprint": "", "product": None}
        self._records.put(Record(key=_place(shop, product), body=body))

    def page(self, shop: ShopId, cursor: str, size: int) -> tuple[Mapping[ProductId, str], str]:
        """Up to ``size`` products with the stamp of their last change, and where to go on (empty at the end)."""
        bucket, _, after = cursor.partition("|")
        for number, partition in enumerate(places.partitions(shop, Kind.PRODUCT)):
            if number < int(bucket or 0):
                continue
            found = list(self._records.query(partition, after=after or None, limit=size))
            after = ""
            if found:
                known = {ProductId(r.key.sort): str(r.body["updated_at"]) for r in found if r.body["product"]}
                return known, f"{number}|{found[-1].key.sort}"
        return {}, ""

    def all(self, shop: ShopId) -> Iterator[Product]:
        """Every product as last seen, in no order."""
        for record in places.every(self._records, shop, Kind.PRODUCT):
            product = _read(record).product
            if product is not None:
                yield product


def fingerprint(product: Product) -> str:
    """What of a product functions decide on: everything but how many are left and when it was touched.

    A store tells us of a change after each sale and after each of our own writes; while this digest stays the
    same, nothing needs deciding again.
    """
    variants = tuple(replace(variant, stock=None) for variant in product.variants)
    decisive = replace(product, variants=variants, updated_at=_EPOCH, created_at=None)
    return digest_of(to_json(decisive))


def _body(product: Product) -> Mapping[str, object]:
    return {
        "updated_at": product.updated_at.isoformat(),
        "fingerprint": fingerprint(product),
        "product": to_json(product),
    }


def _read(record: Record) -> Mirrored:
    raw = record.body["product"]
    product = None if raw is None else from_json(raw, Product)
    return Mirrored(product, record.body["fingerprint"], record.version)


def _place(shop: ShopId, product: ProductId) -> Key:
    return places.key(shop, Kind.PRODUCT, product)
