"""Local prices: the base price by exchange rate and purchasing power, rounded as each currency is.

Rates move every day and prices should not: a local price follows only when the rate has left a dead band
around the one it was last set with, and then all the way (hysteresis).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources

from chalicelib.contracts import Answers, Context, Decision, FetchRates
from chalicelib.domain.actions import SetPrice, Snapshot
from chalicelib.domain.catalogue import Product, Variant
from chalicelib.domain.events import Schedule
from chalicelib.domain.evidence import Fact, Facts, Reason
from chalicelib.domain.ids import FunctionName, ProposalId
from chalicelib.domain.money import Money
from chalicelib.domain.prices import Span, around, fitting
from chalicelib.domain.proposals import RULES, Proposal
from chalicelib.domain.shop import Market, PriceLimits, Shop

NAME = FunctionName("repricing")


def requests(shop: Shop) -> Sequence[FetchRates]:
    """One request for all foreign currencies the shop sells in; none where there are none."""
    wanted = tuple(sorted({market.currency for market in shop.markets} - {shop.currency}))
    return (FetchRates(base=shop.currency, currencies=wanted),) if wanted else ()


def memory_keys(shop: Shop) -> Iterator[str]:
    """Where the rate is remembered with which each market was last priced."""
    return (_key(market) for market in shop.markets if market.currency != shop.currency)


def _key(market: Market) -> str:
    return f"repricing|rate|{market.id}"


def probes(context: Context) -> Iterator[SetPrice]:
    """What to ask the store for at night: the prices that stand in foreign markets."""
    if context.event.kind is not Schedule.PROPOSE:
        return
    for market in context.shop.markets:
        if market.currency != context.shop.currency:
            for product in context.catalogue.values():
                for variant in product.variants:
                    yield _probe(market, product, variant)


def _probe(market: Market, product: Product, variant: Variant) -> SetPrice:
    """An action whose target is a variant's price in a market; its own price says nothing."""
    return SetPrice(
        product_id=product.id,
        variant_id=variant.id,
        price=Money(Decimal(1), market.currency),
        market=market.id,
    )


def settled_rate(current: Decimal, last: Decimal | None, band_pct: Decimal) -> Decimal:
    """The rate to price with: the last one while the current lies inside its dead band, else the current
    one."""
    if last is None or last <= 0:
        return current
    return last if abs(current - last) * 100 <= last * band_pct else current


def power_factor(local: Decimal, home: Decimal, band_pct: Decimal) -> Decimal:
    """How far a local price may follow local purchasing power, as a factor inside the merchant's band.

    Args:
        local: local money per home money at which goods cost the same (purchasing power parity).
        home: local money per home money as exchanged.
        band_pct: the merchant's band; 0 leaves prices as the exchange rate makes them.
    """
    band = band_pct / 100
    if local <= 0 or home <= 0:
        return Decimal(1)
    return min(max(local / home, 1 - band), 1 + band)


def power_of(shop: Shop, market: Market, rate: Decimal, band_pct: Decimal) -> Decimal:
    """The purchasing-power factor of a market, 1 where the merchant wants none or the countries are
    unknown."""
    table = _parity()
    here, there = table.get(shop.country), table.get(market.countries[0] if market.countries else "")
    if not band_pct or here is None or there is None:
        return Decimal(1)
    return power_factor(there / here, rate, band_pct)


def tax_shown(market: Market, limits: PriceLimits) -> Decimal:
    """By how much a market's prices are shown higher because its buyers see tax in them, as a factor."""
    taxes = [pct for name, pct in limits.market_tax_pct.items() if market.called(name)]
    return 1 + (taxes[0] if taxes else Decimal(0)) / 100


@cache
def _parity() -> Mapping[str, Decimal]:
    """Local currency per international dollar, by country (World Bank)."""
    text = resources.files("functions.repricing").joinpath("parity.json").read_text(encoding="utf-8")
    return {country: Decimal(factor) for country, factor in json.loads(text)["factors"].items()}


def local_price(
    base: Money,
    rate: Decimal,
    currency: str,
    limits: PriceLimits,
    present: Decimal | None,
    factor: Decimal = Decimal(1),
) -> Decimal | None:
    """A base price in another currency, with its decimals and the merchant's endings, at most one step from
    now."""
    wanted = base.amount * rate * factor
    span = Span(wanted * Decimal("0.9"), wanted * Decimal("1.1"))
    if present is not None:
        span = around(present, limits.max_step_pct, "step")
    held = min(max(wanted, span.low), span.high)
    return fitting(held, span, currency, limits.charm_endings)


def decided(context: Context, answers: Answers) -> Decision:
    """Local prices that should follow their rate, and which rate each market is now priced with."""
    notes, remember, proposals, considered = [], {}, [], 0
    for request in requests(context.shop):
        rates = answers.rates.get(request)
        if rates is None:
            if request in answers.failed:
                notes.append(f"Local prices: {answers.failed[request]} They stay as they are.")
            continue
        for market in context.shop.markets:
            rate = _rate(rates.get(market.currency))
            if market.currency == context.shop.currency or rate is None:
                continue
            last = _rate(context.memory.get(_key(market)))
            use = settled_rate(rate, last, context.policy.prices.rate_hysteresis_pct)
            remember[_key(market)] = str(use)
            found = list(_market_proposals(context, market, use, moved=use != last))
            proposals += found
            considered += len(found)
    return Decision(proposals=proposals, remember=remember, considered=considered, notes=notes)


def _rate(text: str | None) -> Decimal | None:
    """A rate that is one, or None."""
    try:
        rate = Decimal(text) if text else None
    except InvalidOperation:
        return None
    return rate if rate is not None and rate.is_finite() and rate > 0 else None


def _market_proposals(context: Context, market: Market, rate: Decimal, *, moved: bool) -> Iterator[Proposal]:
    if not moved:
        return
    for product in context.catalogue.values():
        for variant in product.variants:
            found = _local(context, market, product, variant, rate)
            if found is not None:
                yield found


def _local(context: Context, market: Market, product: Product, variant: Variant, rate: Decimal) -> Proposal | None:
    """A proposal for one variant in one market, where the store holds a price there that should move."""
    if variant.price is None or variant.price.amount <= 0 or variant.price.currency != context.shop.currency:
        return None
    if product.gift_card or product.id in context.policy.prices.protected:
        return None
    before = context.snapshots.get(_probe(market, product, variant).target)
    present = _held(before)
    if before is None or present is None:
        return None
    factor = power_of(context.shop, market, rate, context.policy.prices.power_band_pct)
    factor *= tax_shown(market, context.policy.prices)
    price = local_price(variant.price, rate, market.currency, context.policy.prices, present, factor)
    if price is None or abs(price - present) * 100 < present * context.policy.prices.min_step_pct:
        return None
    action = SetPrice(
        product_id=product.id, variant_id=variant.id, price=Money(price, market.currency), market=market.id
    )
    name = hashlib.sha256(f"{context.shop.id}\x1f{action.target}\x1f{price}\x1f{context.event.id}".encode())
    return Proposal(
        id=ProposalId(name.hexdigest()[:24]),
        shop_id=context.shop.id,
        function=NAME,
        action=action,
        before=before,
        reasons=(Reason(text="The exchange rate to {currency} has moved.", values=(("currency", market.currency),)),),
        evidence=(
            Facts(
                title="Exchange rate",
                facts=(Fact(label=f"One {context.shop.currency}", value=f"{rate} {market.currency}"),),
            ),
        ),
        confidence=1.0,
        model=RULES,
        title=f"{product.title} ({market.name})",
        event_id=context.event.id,
        created_at=context.now,
    )


def _held(before: Snapshot | None) -> Decimal | None:
    value = before.value if before is not None else None
    return _rate(str(value["price"])) if isinstance(value, Mapping) and value.get("price") else None
