"""The closed set of things we can do in a store, and how each is undone.

A new action touches this module, guardrails, the marketplace adapters and a page; mypy's exhaustiveness
checks find the places.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.ids import Locale, MarketId, OrderId, ProductId, Target, VariantId
from chalicelib.domain.money import Money


class Slot(StrEnum):
    """A place where recommendations are shown."""

    COMPLEMENTARY = "complementary"
    RELATED = "related"


class Reversal(StrEnum):
    """What undoing an action means."""

    EXACT = "exact"
    COMPENSATING = "compensating"
    NONE = "none"


class RiskLevel(StrEnum):
    """How risky an order looks, in the words every store has."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    UNKNOWN = "unknown"


class Sentiment(StrEnum):
    """Whether a fact speaks for the buyer or against."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRecommendations:
    """Show these products, in this order, beside a product."""

    product_id: ProductId
    slot: Slot
    product_ids: tuple[ProductId, ...]

    @property
    def resource(self) -> str:
        return self.product_id

    @property
    def target(self) -> Target:
        return Target(f"product/{self.product_id}/recommendations/{self.slot}")

    @property
    def reversal(self) -> Reversal:
        return Reversal.EXACT


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPrice:
    """Ask this price for a variant, in the shop's currency or in one market's."""

    product_id: ProductId
    variant_id: VariantId
    price: Money
    compare_at: Money | None = None
    market: MarketId | None = None

    @property
    def resource(self) -> str:
        return self.product_id

    @property
    def target(self) -> Target:
        return Target(f"variant/{self.variant_id}/price/{self.market or 'base'}")

    @property
    def reversal(self) -> Reversal:
        return Reversal.EXACT


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedField:
    """One field in one language, and the digest of the source it was made from."""

    key: str
    value: str
    source_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishTranslation:
    """Publish these fields of a resource in one language."""

    resource_id: str
    locale: Locale
    fields: tuple[TranslatedField, ...]
    market: MarketId | None = None
    redirect_from: str = ""
    """The old handle, where the merchant asked for handles to be translated."""

    @property
    def resource(self) -> str:
        return self.resource_id

    @property
    def target(self) -> Target:
        return Target(f"resource/{self.resource_id}/translation/{self.locale}/{self.market or 'all'}")

    @property
    def reversal(self) -> Reversal:
        return Reversal.EXACT


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFact:
    """One sentence about an order and which way it points."""

    text: str
    sentiment: Sentiment


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessOrder:
    """Attach a risk level and its facts to an order."""

    order_id: OrderId
    risk: RiskLevel
    facts: tuple[RiskFact, ...] = ()

    @property
    def resource(self) -> str:
        return self.order_id

    @property
    def target(self) -> Target:
        return Target(f"order/{self.order_id}/assessment")

    @property
    def reversal(self) -> Reversal:
        return Reversal.COMPENSATING


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOrder:
    """Keep an order from being sent until a person has looked at it."""

    order_id: OrderId
    note: str
    """For the merchant; never shown to the buyer."""
    mails_buyer: bool = False
    """Whether this store tells the buyer (WooCommerce does of an unpaid order): such a hold is never automatic."""
    release_mails_buyer: bool = False
    """Whether this store tells the buyer once the hold is lifted again."""

    @property
    def resource(self) -> str:
        return self.order_id

    @property
    def target(self) -> Target:
        return Target(f"order/{self.order_id}/hold")

    @property
    def reversal(self) -> Reversal:
        return Reversal.NONE if self.mails_buyer else Reversal.COMPENSATING


@dataclass(frozen=True, slots=True, kw_only=True)
class TagOrder:
    """Add a tag to an order, so that the merchant's own rules can act on it."""

    order_id: OrderId
    tag: str

    @property
    def resource(self) -> str:
        return self.order_id

    @property
    def target(self) -> Target:
        return Target(f"order/{self.order_id}/tag/{self.tag}")

    @property
    def reversal(self) -> Reversal:
        return Reversal.EXACT


type Action = SetRecommendations | SetPrice | PublishTranslation | AssessOrder | HoldOrder | TagOrder

type Scalar = str | int | bool | None
type Value = Scalar | tuple[str, ...] | Mapping[str, "Value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the store holds (or held) at one target.

    ``value`` is comparable and JSON-ready: a tuple of product ids; ``{"price": "9.90", "compare_at": None,
    "currency": "EUR"}``; ``{field key: text}`` of one language; a risk level's name; whether it is held;
    whether the tag is there. None means that nothing is there.
    """

    value: Value
    version: str = ""
    """The store's own compare-and-set token, where it has one (Shopify's compareDigest)."""
    read_at: datetime
    detail: tuple[tuple[str, str], ...] = ()
    """What the adapter needs to undo (a hold's id, an earlier order status)."""

    @property
    def digest(self) -> str:
        """A short name of the value, for "is this what we wrote?"."""
        return digest_of(self.value)


def digest_of(value: Value) -> str:
    """Name a value: equal values, equal names."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def intended(action: Action) -> Value:
    """What a snapshot of the action's target holds once the action is done."""
    match action:
        case SetRecommendations():
            return tuple(action.product_ids)
        case SetPrice():
            return {
                "price": str(action.price.amount),
                "compare_at": None if action.compare_at is None else str(action.compare_at.amount),
                "currency": action.price.currency,
            }
        case PublishTranslation():
            return {field.key: field.value for field in action.fields}
        case AssessOrder():
            return str(action.risk)
        case HoldOrder() | TagOrder():
            return True
