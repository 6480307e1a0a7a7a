"""How an order was screened, as it is kept: for the merchant, for an appeal, and for looking back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.evidence import Letter, Reason
from chalicelib.domain.ids import OrderId
from chalicelib.domain.proposals import RULES, ModelVersion


class Ruling(StrEnum):
    """What screening advises. There is no "cancel": that is for people."""

    APPROVE = "approve"
    REVIEW = "review"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What a person decided instead, or in confirmation."""

    by: str
    """A member's address, or ``the store`` where it was done there."""
    deed: str
    """``released``, ``held``, ``dismissed``, ``cleared`` or ``fraud``."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """One verdict on one order. Personal inputs are keyed hashes or derived values, never the values themselves."""

    order_id: OrderId
    number: str = ""
    """The order's name in the store, for people."""
    at: datetime
    ruling: Ruling
    probability: float | None = None
    """Of fraud, calibrated; None where nothing could be computed."""
    why: str = ""
    """What the ruling rests on: ``cost``, ``rules``, ``undecided``, ``budget``."""
    model: ModelVersion = RULES
    inputs: Mapping[str, float | str | None] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)
    """Keyed hashes of who ordered, by kind (``email``, ``card`` …): what to erase when they want to be forgotten."""
    reasons: tuple[Reason, ...] = ()
    """Strongest first, for and against."""
    costs: Mapping[str, float] = field(default_factory=dict)
    """Expected cost of each course, in the order's currency."""
    decided_on: str = ""
    """A name for what of the order was decided on, so that an edited order is screened anew."""
    currency: str = ""
    country: str = ""
    """Shipping country, else billing country."""
    language: str = ""
    letter: Letter | None = None
    """What the merchant may write to the buyer, where the order deserves a look."""
    waited_s: float = 0.0
    """Seconds from accepting the webhook to the verdict."""
    age_s: float = 0.0
    """Seconds from the order's own time to the verdict."""
    closed_at: datetime | None = None
    """When we heard that the order was sent, cancelled or paid back: a look comes too late then."""
    override: Override | None = None
    earlier: tuple[str, ...] = ()
    """Verdicts on earlier states of the order, oldest first, as ``time ruling probability model``."""

    @property
    def waits(self) -> bool:
        """Whether somebody should still look at it."""
        return self.ruling is not Ruling.APPROVE and self.override is None and self.closed_at is None

    @property
    def saved(self) -> float:
        """What looking at it saves in expectation, in the order's currency; beyond measure where nobody could say."""
        if self.probability is None:
            return float("inf")
        return self.costs[Ruling.APPROVE] - min(self.costs.values()) if self.costs else 0.0
