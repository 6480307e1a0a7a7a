"""What a WooCommerce store holds at the places that actions name, read in as few calls as it allows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.domain.actions import (
    Action,
    AssessOrder,
    HoldOrder,
    PublishTranslation,
    SetPrice,
    SetRecommendations,
    Snapshot,
    TagOrder,
    Value,
)
from chalicelib.domain.ids import Target
from chalicelib.domain.shop import Shop
from chalicelib.errors import Gone
from integrations.woocommerce import drafts, mapping
from integrations.woocommerce.answers import StoreOrder, StoreProduct
from integrations.woocommerce.connection import Connection
from integrations.woocommerce.pages import included, named
from integrations.woocommerce.translations import Translator


@dataclass(frozen=True, slots=True)
class _Found:
    """What was fetched, by number; translations by where they are written."""

    products: Mapping[int, StoreProduct]
    variations: Mapping[int, StoreProduct]
    orders: Mapping[int, StoreOrder]
    texts: Mapping[Target, Snapshot]


class Snapshots:
    """Reads one store's targets."""

    def __init__(self, shop: Shop, connection: Connection, translator: Translator) -> None:
        self._shop, self._connection, self._translator = shop, connection, translator

    def read(self, actions: Sequence[Action]) -> Mapping[Target, Snapshot]:
        """Snapshots by target; a target that is gone, or that this store cannot have, is absent."""
        own = [a for a in actions if isinstance(a, SetRecommendations) or drafts.simple(a)]
        varied = [a for a in actions if isinstance(a, SetPrice) and not drafts.simple(a)]
        ordered = [a for a in actions if isinstance(a, AssessOrder | HoldOrder)]
        found = _Found(
            self.products(action.resource for action in own),
            self._variations(varied),
            included(self._connection, "orders", StoreOrder, (action.resource for action in ordered)),
            self._translator.read([action for action in actions if isinstance(action, PublishTranslation)]),
        )
        taken = ((action.target, self._snapshot(action, found)) for action in actions)
        return {target: snapshot for target, snapshot in taken if snapshot is not None}

    def present(self, action: Action) -> Snapshot:
        """One target now. Raises Gone."""
        found = self.read([action]).get(action.target)
        if found is None:
            raise Gone
        return found

    def products(self, ids: Iterable[str]) -> dict[int, StoreProduct]:
        """Products by number, those that exist."""
        return included(self._connection, "products", StoreProduct, ids)

    def _snapshot(self, action: Action, found: _Found) -> Snapshot | None:
        match action:
            case SetRecommendations():
                product = found.products.get(named(action.product_id))
                return _taken(mapping.recommendations(product, action.slot)) if product else None
            case SetPrice():
                if action.market is not None:
                    return None
                return self._priced(action, found)
            case AssessOrder():
                order = found.orders.get(named(action.order_id))
                return _taken(mapping.risk_of(order)) if order else None
            case HoldOrder():
                order = found.orders.get(named(action.order_id))
                return _taken(order.status == "on-hold", (("status", order.status),)) if order else None
            case PublishTranslation():
                return found.texts.get(action.target)
            case TagOrder():
                return None

    def _priced(self, action: SetPrice, found: _Found) -> Snapshot | None:
        rows = found.products if drafts.simple(action) else found.variations
        held = rows.get(named(action.variant_id))
        if held is None:
            return None
        return _taken(mapping.price_value(held, self._shop.currency), mapping.price_detail(held))

    def _variations(self, actions: Sequence[SetPrice]) -> dict[int, StoreProduct]:
        by_product: dict[int, list[str]] = defaultdict(list)
        for action in actions:
            by_product[named(action.product_id)].append(action.variant_id)
        found: dict[int, StoreProduct] = {}
        for product, ids in by_product.items():
            try:
                found |= included(self._connection, f"products/{product}/variations", StoreProduct, ids)
            except Gone:
                continue
        return found


def _taken(value: Value, detail: tuple[tuple[str, str], ...] = ()) -> Snapshot:
    return Snapshot(value=value, read_at=datetime.now(UTC), detail=detail)
