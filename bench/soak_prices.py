"""A long run over random shops: `python -m bench.soak_prices [cases] [seed]`; prints its seed and every
breach.

Each case is one variant with random limits, currency, history and cost, and a wish for a price from anywhere
(sensible, wild, negative, not a number). The product's own road is taken: limits, rounding, guardrails. Then
the price is checked once more by arithmetic that shares nothing with the product's.
"""

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np

from chalicelib.domain.actions import SetPrice, Snapshot
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.ids import FunctionName, ProductId, ProposalId, ShopId, VariantId
from chalicelib.domain.money import Money, decimals
from chalicelib.domain.prices import Span, around, ceiling, cut, fitting, floor, over_rival
from chalicelib.domain.proposals import RULES, Proposal
from chalicelib.domain.shop import Policy, PriceLimits, Shop
from chalicelib.guardrails import PricePoint, Situation, check
from chalicelib.guardrails_prices import month_anchor, reference

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "KRW", "KWD", "BHD", "TND", "CLF", "INR", "ISK", "HUF")
ENDINGS = ((), (".99",), (".95", ".49"), ("9.90",), ("90",), ("5",))
FREE = frozenset({"kept", "none", "refused"})
"""What may become of a case: a price inside every limit, no price, or one that the guardrails refused."""
PRODUCT, VARIANT = ProductId("p"), VariantId("v")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One variant, its limits, and the price that somebody wishes for."""

    currency: str
    price: Decimal
    cost: Decimal | None
    step: Decimal
    month: Decimal
    increase: Decimal
    margin: Decimal
    fee: Decimal
    advertised: Decimal | None
    endings: tuple[str, ...]
    history: tuple[PricePoint, ...]
    uploaded: bool
    """Whether the cost comes from the merchant's file, beside a wrong one in the store."""
    rival: Decimal | None
    over_rival: Decimal | None
    wish: float


def random_case(rng: np.random.Generator) -> Case:
    """Anything that a shop might hold."""
    currency = str(rng.choice(CURRENCIES))
    scale = Decimal(1).scaleb(-decimals(currency))
    price = _money(float(np.exp(rng.normal(3, 2))), scale)
    cost = None if rng.uniform() < 0.05 else _money(float(price) * rng.uniform(-0.05, 1.3), scale)
    wild = rng.choice([np.nan, np.inf, -np.inf, 0.0, -5.0, 1e30, 100.0, 0.01])
    return Case(
        currency=currency,
        price=price,
        cost=cost,
        step=_pct(rng, 0, 60),
        month=_pct(rng, 0, 90),
        increase=_pct(rng, 0, 200),
        margin=_pct(rng, -5, 80),
        fee=_pct(rng, 0, 40),
        advertised=_money(float(price) * rng.uniform(0.5, 1.2), scale) if rng.uniform() < 0.2 else None,
        endings=ENDINGS[int(rng.integers(len(ENDINGS)))],
        history=_history(rng, price, currency, scale),
        uploaded=bool(rng.uniform() < 0.3),
        rival=_money(float(price) * rng.uniform(0.6, 1.4), scale) if rng.uniform() < 0.3 else None,
        over_rival=_pct(rng, 0, 30) if rng.uniform() < 0.7 else None,
        wish=float(wild if rng.uniform() < 0.15 else float(price) * np.exp(rng.normal(0, 0.4))),
    )


def _money(value: float, scale: Decimal) -> Decimal:
    return max(Decimal(repr(value)).quantize(scale), scale) if value > 0 else Decimal(repr(value)).quantize(scale)


def _pct(rng: np.random.Generator, low: float, high: float) -> Decimal:
    return Decimal(repr(float(rng.uniform(low, high)))).quantize(Decimal("0.1"))


def _history(rng: np.random.Generator, price: Decimal, currency: str, scale: Decimal) -> tuple[PricePoint, ...]:
    """Earlier prices, a few days to months old; the last one is the present price."""
    ages = sorted((float(age) for age in rng.uniform(4, 120, int(rng.integers(0, 6)))), reverse=True)
    points = []
    for place, age in enumerate(ages):
        amount = price if place == len(ages) - 1 else _money(float(price) * float(np.exp(rng.normal(0, 0.2))), scale)
        points.append(
            PricePoint(
                variant_id=VARIANT,
                at=NOW - timedelta(days=age),
                price=Money(amount, currency),
                ours=bool(rng.uniform() < 0.6),
            )
        )
    return tuple(points)


def judge(case: Case) -> str:
    """What became of a case: one of FREE, or which limit was breached."""
    situation = _situation(case)
    price = _priced(case, situation)
    if price is None:
        return "none"
    if check(_proposal(case, price, situation), situation):
        return "refused"
    return _breach(case, price, situation) or "kept"


def _situation(case: Case) -> Situation:
    cost = None if case.cost is None else Money(case.cost, case.currency)
    stored = Money(case.price / 1000, case.currency) if case.uploaded else cost
    form = Variant(id=VARIANT, price=Money(case.price, case.currency), cost=stored)
    goods = Product(id=PRODUCT, handle="p", title="P", status=ProductStatus.PUBLISHED, updated_at=NOW, variants=(form,))
    limits = PriceLimits(
        min_margin_pct=case.margin,
        fee_pct=case.fee,
        max_increase_pct=case.increase,
        max_step_pct=case.step,
        max_step_30d_pct=case.month,
        charm_endings=case.endings,
        minimum_advertised={} if case.advertised is None else {PRODUCT: case.advertised},
        max_over_rival_pct=case.over_rival,
    )
    held = {"price": str(case.price), "compare_at": None, "currency": case.currency}
    return Situation(
        shop=Shop(id=ShopId("soak:1"), marketplace="soak", name="", endpoint="", currency=case.currency),
        policy=Policy(prices=limits),
        now=NOW,
        current=Snapshot(value=held, read_at=NOW),
        catalogue={PRODUCT: goods},
        price_history=case.history,
        cost=cost if case.uploaded else None,
        rival=case.rival,
    )


def _priced(case: Case, situation: Situation) -> Decimal | None:
    """The product's road from a wish to a price: limits, then rounding into them."""
    limits, own = situation.policy.prices, reference(situation)
    if case.cost is None or case.cost <= 0 or own is None or not np.isfinite(case.wish):
        return None
    try:
        least = floor(limits, case.cost)
        wanted = Decimal(repr(case.wish))
    except (ValueError, InvalidOperation):
        return None
    spans = [around(case.price, case.step, "step"), Span(least, ceiling(limits, own))]
    anchor = month_anchor(case.history, NOW)
    if anchor is not None:
        spans.append(around(anchor, case.month, "month"))
    if case.rival is not None and case.over_rival is not None:
        spans.append(Span(Decimal(0), max(over_rival(case.rival, case.over_rival), case.price)))
    span = cut(spans)
    return None if span.empty else fitting(min(max(wanted, span.low), span.high), span, case.currency, case.endings)


def _proposal(case: Case, price: Decimal, situation: Situation) -> Proposal:
    return Proposal(
        id=ProposalId("1"),
        shop_id=situation.shop.id,
        function=FunctionName("repricing"),
        before=situation.current,
        action=SetPrice(product_id=PRODUCT, variant_id=VARIANT, price=Money(price, case.currency)),
        reasons=(),
        confidence=1.0,
        model=RULES,
        created_at=NOW,
    )


def _breach(case: Case, price: Decimal, situation: Situation) -> str:
    """Every limit once more, in fractions."""
    new, old, cost = Fraction(price), Fraction(case.price), Fraction(case.cost or 0)
    own = [point.price.amount for point in case.history if not point.ours]
    mine = Fraction(own[-1]) if own else old
    scale = Fraction(10) ** decimals(case.currency)
    limits = {
        "positive": new > 0,
        "decimals": (new * scale).denominator == 1,
        "floor": new * (100 - Fraction(case.fee) - Fraction(case.margin)) >= cost * 100,
        "ceiling": new * 100 <= mine * (100 + Fraction(case.increase)),
        "step": abs(new - old) * 100 <= old * Fraction(case.step),
        "month": _within_month(case, new),
        "advertised": case.advertised is None or new >= Fraction(case.advertised),
        "rival": _under_rival(case, new),
    }
    return next((name for name, held in limits.items() if not held), "")


def _under_rival(case: Case, new: Fraction) -> bool:
    """Not further above competitors than allowed, unless it comes down from even further above."""
    if case.rival is None or case.over_rival is None:
        return True
    return new * 100 <= Fraction(case.rival) * (100 + Fraction(case.over_rival)) or new <= Fraction(case.price)


def _within_month(case: Case, new: Fraction) -> bool:
    """Against the price of thirty days ago, or the merchant's own since then, or the first one known."""
    if not case.history:
        return True
    opened = NOW - timedelta(days=30)
    anchor = case.history[0]
    for point in case.history:
        if point.at <= opened or not point.ours:
            anchor = point
    before = Fraction(anchor.price.amount)
    return abs(new - before) * 100 <= before * Fraction(case.month)


def main(cases: int = 1_000_000, seed: int = 0) -> int:
    """Run; the number of breaches is the exit status, at most 100."""
    seed = seed or int(time.time())
    print(f"seed {seed}, {cases} cases", flush=True)
    rng, found, begun = np.random.default_rng(seed), dict[str, int](), time.monotonic()
    for number in range(cases):
        state = rng.bit_generator.state
        what = judge(random_case(rng))
        found[what] = found.get(what, 0) + 1
        if what not in FREE:
            print(f"case {number} breached {what}; generator state {state}", flush=True)
        if (number + 1) % 100_000 == 0:
            print(f"{number + 1} cases in {time.monotonic() - begun:.0f} s: {found}", flush=True)
    return min(sum(count for what, count in found.items() if what not in FREE), 100)


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:3])))
