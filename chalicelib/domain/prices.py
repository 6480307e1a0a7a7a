"""What a price may be: floors, ceilings, steps, endings, and the lowest price of thirty days. All in
Decimal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from chalicelib.domain.money import decimals
from chalicelib.domain.shop import PriceLimits

REDUCTION_WINDOW = timedelta(days=30)
"""How far back an announced reduction looks for its reference (98/6/EC Art. 6a; C-330/23, Aldi Süd)."""
_HUNDRED = Decimal(100)


def floor(limits: PriceLimits, cost: Decimal) -> Decimal:
    """The least price that leaves the minimum margin, as a share of the price, after cost and fees.

    Raises:
        ValueError: fees and margin together eat the whole price.
    """
    kept = 1 - (limits.fee_pct + limits.min_margin_pct) / _HUNDRED
    if kept <= 0:
        raise ValueError("Payment fee and minimum margin together must be below 100 %.")
    return (cost + limits.fee_fixed) / kept


def ceiling(limits: PriceLimits, reference: Decimal) -> Decimal:
    """The highest price over the one that the merchant set."""
    return reference * (1 + limits.max_increase_pct / _HUNDRED)


def over_rival(rival: Decimal, pct: Decimal) -> Decimal:
    """The highest price over the lowest one seen at a competitor."""
    return rival * (1 + pct / _HUNDRED)


def within(price: Decimal, anchor: Decimal, pct: Decimal) -> bool:
    """Whether a price is at most so many per cent from another."""
    return abs(price - anchor) * _HUNDRED <= anchor * pct


def assumed_cost(limits: PriceLimits, reference: Decimal) -> Decimal | None:
    """A unit cost where the store knows none: from the merchant's default margin, or None without one."""
    if limits.default_margin_pct is None:
        return None
    return reference * (1 - limits.default_margin_pct / _HUNDRED)


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of prices, both ends allowed, and which rule set each end."""

    low: Decimal
    high: Decimal
    low_rule: str = ""
    high_rule: str = ""

    def raised(self, low: Decimal, rule: str) -> "Span":
        """With a floor that is at least so high."""
        return Span(low, self.high, rule, self.high_rule) if low > self.low else self

    def lowered(self, high: Decimal, rule: str) -> "Span":
        """With a ceiling that is at most so high."""
        return Span(self.low, high, self.low_rule, rule) if high < self.high else self

    @property
    def empty(self) -> bool:
        """Whether no price is left."""
        return self.low > self.high


def around(anchor: Decimal, pct: Decimal, rule: str) -> Span:
    """All prices at most so many per cent from one; a fall never reaches zero."""
    part = pct / _HUNDRED
    return Span(max(anchor * (1 - part), Decimal(0)), anchor * (1 + part), rule, rule)


def cut(spans: Sequence[Span]) -> Span:
    """What all of these allow."""
    found = spans[0]
    for span in spans[1:]:
        found = found.raised(span.low, span.low_rule).lowered(span.high, span.high_rule)
    return found


def has_ending(price: Decimal, currency: str, endings: Iterable[str]) -> bool:
    """Whether a price ends as the merchant likes; endings that this currency cannot show do not count."""
    possible = _possible(currency, endings)
    return not possible or any((price - value) % modulus == 0 for value, modulus in possible)


def fitting(price: Decimal, span: Span, currency: str, endings: Iterable[str]) -> Decimal | None:
    """The nearest price inside a span with the currency's decimals and a liked ending; None where there is
    none."""
    step = Decimal(1).scaleb(-decimals(currency))
    grids = _possible(currency, endings) or [(Decimal(0), step)]
    found = [one for value, modulus in grids for one in _on_grid(price, span, value, modulus)]
    inside = [one.quantize(step) for one in found if span.low <= one <= span.high and one > 0]
    return min(inside, key=lambda one: (abs(one - price), one), default=None)


def _on_grid(price: Decimal, span: Span, value: Decimal, modulus: Decimal) -> list[Decimal]:
    wanted = (((price - value) / modulus).to_integral_value(ROUND_HALF_EVEN)) * modulus + value
    lowest = (((span.low - value) / modulus).to_integral_value(ROUND_CEILING)) * modulus + value
    highest = (((span.high - value) / modulus).to_integral_value(ROUND_FLOOR)) * modulus + value
    return [wanted, lowest, highest]


def _possible(currency: str, endings: Iterable[str]) -> list[tuple[Decimal, Decimal]]:
    """(remainder, modulus) of each ending: ``.99`` is .99 of 1, ``9.95`` 9.95 of 10, ``80`` 80 of 100."""
    found = []
    for ending in endings:
        whole, _, fraction = ending.strip().partition(".")
        if (
            len(fraction) <= decimals(currency)
            and (whole + fraction).isdecimal()
            and (whole + fraction).isascii()
        ):
            found.append((Decimal(f"{whole or 0}.{fraction or 0}"), Decimal(10) ** len(whole)))
    return found


def lowest(
    history: Sequence[tuple[datetime, Decimal]], now: datetime, window: timedelta = REDUCTION_WINDOW
) -> Decimal | None:
    """The lowest price in force during a window that ends now; None until the history covers all of it.

    Args:
        history: every change of a price, oldest first; a price is in force until the next one.
        now: aware UTC, so that clock changes move nothing.
        window: thirty days by law.
    """
    opened = now - window
    before = [price for at, price in history if at <= opened]
    if not before:
        return None
    return min([before[-1], *(price for at, price in history if opened < at <= now)])
