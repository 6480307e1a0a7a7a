"""What a merchant sees of a price: the profit curve with its interval, the chosen price, what bound it, the
past."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from chalicelib.contracts import SalesDay
from chalicelib.domain.evidence import Curve, Fact, Facts, Mark, Timeline
from chalicelib.domain.money import Money, decimals
from functions.repricing.curves import Floats
from functions.repricing.knowledge import Knowledge
from functions.repricing.offers import Offer, weekly_units

RULES = {
    "step": "the largest single change",
    "month": "the largest change in 30 days",
    "floor": "the floor from cost, fees and margin",
    "ceiling": "the ceiling over your own price",
    "advertised": "the minimum advertised price",
    "rival": "the ceiling over competitors",
}
POINTS = 25
DAY = timedelta(days=1)


def profit_curve(offer: Offer, chosen: Decimal, knowledge: Knowledge) -> Curve:
    """Expected weekly profit over price, as far as the supply goes, with the interval that holds 80 % of what is
    believed possible."""
    low, high = float(min(offer.span.low, offer.price)) * 0.9, float(max(offer.span.high, offer.price)) * 1.1
    prices = np.linspace(low, high, POINTS)
    weights = knowledge.weights[offer.row]
    profit = weekly_units(offer, knowledge, prices / float(offer.base)) * (prices - float(offer.cost))[:, None]
    lower, upper = (_quantile(profit, weights, share) for share in (0.1, 0.9))
    return Curve(
        title="Expected profit per week",
        finding="A forecast from past sales, not a promise: prices that were not set at random prove little.",
        x_label=f"Price ({offer.currency})",
        y_label=f"Profit per week ({offer.currency})",
        x=tuple(prices.tolist()),
        y=tuple((profit @ weights).tolist()),
        low=lower,
        high=upper,
        marks=(
            Mark(label="Now", x=float(offer.price), kind="current"),
            Mark(label="Proposed", x=float(chosen), kind="chosen"),
            Mark(label=RULES.get(offer.span.low_rule, "lowest allowed"), x=float(offer.span.low), kind="limit"),
            Mark(
                label=RULES.get(offer.span.high_rule, "highest allowed"),
                x=float(offer.span.high),
                kind="limit",
            ),
        ),
    )


def _quantile(values: Floats, weights: Floats, share: float) -> tuple[float, ...]:
    """A weighted quantile over states, per row."""
    order = np.argsort(values, axis=1)
    mass = np.cumsum(weights[order], axis=1)
    column = (mass < share).sum(axis=1).clip(0, values.shape[1] - 1)
    return tuple(np.take_along_axis(np.take_along_axis(values, order, 1), column[:, None], 1)[:, 0].tolist())


def facts(offer: Offer, chosen: Decimal, elasticity: float, spread: float, units: tuple[float, float]) -> Facts:
    """The figures behind a proposal, and which guardrail bound it."""
    now, then = units
    return Facts(
        title="Why this price",
        facts=(
            Fact(
                label="Price elasticity",
                value=f"{elasticity:.1f} ({elasticity - 1.6 * spread:.1f} to "
                f"{min(elasticity + 1.6 * spread, 0.0):.1f})",
            ),
            Fact(label="Expected units per week", value=f"{now:.1f} → {then:.1f}"),
            Fact(label="Unit cost", value=str(Money(offer.cost, offer.currency))),
            Fact(
                label="Allowed now",
                value=f"{Money(offer.span.low, offer.currency)} to {Money(offer.span.high, offer.currency)}",
            ),
            Fact(
                label="Bound by",
                value=binding(offer, chosen) or "nothing: the best price lies inside the limits",
            ),
        ),
    )


def binding(offer: Offer, chosen: Decimal) -> str:
    """The guardrail at which the chosen price stands, in words; empty where it stands free."""
    step = Decimal(1).scaleb(-decimals(offer.currency)) + offer.price / 100
    if offer.span.high - chosen <= step:
        return RULES.get(offer.span.high_rule, "")
    return RULES.get(offer.span.low_rule, "") if chosen - offer.span.low <= step else ""


def price_history(offer: Offer, days: Sequence[SalesDay]) -> Timeline | None:
    """What the variant was sold at; None where nothing is known."""
    own = [day for day in days if day.variant == offer.variant.id]
    if not own:
        return None
    minor = Decimal(10) ** decimals(offer.currency)
    return Timeline(
        title="Prices so far",
        finding="Each day that something was sold.",
        y_label=f"Price ({offer.currency})",
        at=tuple(datetime(1970, 1, 1, tzinfo=UTC) + DAY * day.day for day in own),
        y=tuple(float(day.price_minor / minor) for day in own),
        lower=float(offer.span.low),
        upper=float(offer.span.high),
    )
