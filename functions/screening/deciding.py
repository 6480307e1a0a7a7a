"""What to do with an order, by what each mistake would cost on this very order. It never says "cancel".

                 the buyer is honest                          the order is fraud
    approve      nothing                                      goods and fee
    review       somebody's time                              somebody's time, and what a look misses of goods and fee
    hold         somebody's time, and some buyers are lost    somebody's time, and what a hold misses of goods and fee

Expected losses in the shop's currency; the smallest wins. After Elkan (2001), "The foundations of cost-sensitive
learning", with losses that differ from order to order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from chalicelib.domain.actions import RiskLevel
from chalicelib.domain.evidence import Reason
from chalicelib.domain.orders import Order
from chalicelib.domain.proposals import RULES, ModelVersion
from chalicelib.domain.screening import Ruling
from chalicelib.domain.shop import OrderLimits
from functions.screening.reasons import reasons
from functions.screening.rules import rules
from functions.screening.scoring import Scored

REVIEW_MISSES: Final = 0.35
"""Share of fraud that a look misses, or comes too late for, while the order goes its way. Our assumption."""
HOLD_MISSES: Final = 0.15
"""Share of fraud that a person lets through although the order was held. Our assumption."""
HOLD_LOSES: Final = 0.10
"""Share of honest buyers that are lost because their order was held until somebody looked. Our assumption."""
HIGH, MEDIUM = 0.5, 0.1
"""Probabilities from which a risk is called high, or medium, where the store wants such a word."""


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake, in the shop's currency."""

    goods: float
    """What the goods cost the merchant."""
    fee: float
    lost_buyer: float
    review: float


@dataclass(frozen=True, slots=True)
class Attention:
    """How much looking the day still allows."""

    left: int
    """Reviews and holds that the day has left."""
    bar: float = 0.0
    """What looking must save at least, so that the day's capacity goes to the orders that need it most (``pace``)."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict with everything it rests on."""

    verdict: Ruling
    probability: float | None
    """Of fraud; None where no model could say."""
    losses: Mapping[Ruling, float] = field(default_factory=dict)
    """Expected, per thing to do."""
    saved: float = 0.0
    """What looking saves against approving, in expectation."""
    reasons: tuple[Reason, ...] = ()
    """Three against and three for, strongest first within each."""
    model: ModelVersion = RULES
    crowded_out: bool = False
    """Looking would have paid, but the day's capacity goes to other orders."""

    @property
    def risk(self) -> RiskLevel:
        """The word for the store; what needs a look is never called low."""
        if self.probability is None:
            return RiskLevel.UNKNOWN
        if self.verdict is Ruling.HOLD or self.probability >= HIGH:
            return RiskLevel.HIGH
        return RiskLevel.MEDIUM if self.verdict is Ruling.REVIEW or self.probability >= MEDIUM else RiskLevel.LOW


def stake(order: Order, limits: OrderLimits, cost: float | None = None) -> Stake:
    """From the order and the merchant's own figures; ``cost`` is what the goods cost, where that is known."""
    margin = min(max(float(limits.margin_pct) / 100, 0.0), 1.0)
    goods = cost if cost is not None and isfinite(cost) else max(float(order.total.amount), 0.0) * (1 - margin)
    return Stake(goods, float(limits.chargeback_fee), float(limits.lost_buyer_cost), float(limits.review_cost))


def losses(probability: float, at: Stake) -> Mapping[Ruling, float]:
    """Expected loss of each thing to do."""
    gone = probability * (at.goods + at.fee)
    return {
        Ruling.APPROVE: gone,
        Ruling.REVIEW: at.review + REVIEW_MISSES * gone,
        Ruling.HOLD: at.review + HOLD_MISSES * gone + (1 - probability) * HOLD_LOSES * at.lost_buyer,
    }


def choose(probability: float, at: Stake, attention: Attention) -> tuple[Ruling, Mapping[Ruling, float], bool]:
    """The verdict, the losses, and whether it was crowded out. Ties go to the lighter measure."""
    each = losses(probability, at)
    best = min(each, key=lambda verdict: (each[verdict], list(Ruling).index(verdict)))
    if best is Ruling.APPROVE:
        return best, each, False
    if attention.left < 1 or each[Ruling.APPROVE] - each[best] < attention.bar:
        return Ruling.APPROVE, each, True
    return best, each, False


def decide(
    row: Mapping[str, float | str | None], scored: Scored | None, at: Stake, attention: Attention, place: int = 0
) -> Decided:
    """Decide on the order in row ``place`` of what was scored.

    Without a usable score a person decides: verdict review, whatever the day's capacity, with the rules' reasons.
    """
    probability = float(scored.probability[place]) if scored else None
    if scored is None or probability is None or not isfinite(probability):
        return Decided(Ruling.REVIEW, None, reasons=rules(row))
    verdict, each, crowded = choose(probability, at, attention)
    why = reasons(row, scored.terms, scored.contributions[place].tolist())
    saved = each[Ruling.APPROVE] - min(each.values())
    return Decided(verdict, probability, each, saved, why, scored.model, crowded)
