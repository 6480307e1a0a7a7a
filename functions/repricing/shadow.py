"""Repricing that only watches: each night it moves a price of its own beside the merchant's, and counts what that
would have brought by what it believes of demand. Nothing is proposed and nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

import numpy as np

from chalicelib.contracts import Context
from chalicelib.domain.catalogue import Variant
from chalicelib.domain.ids import FunctionName
from chalicelib.domain.money import Money
from chalicelib.domain.shop import Mode
from chalicelib.domain.stock_outs import day_of
from chalicelib.domain.whatif import WhatIf, parsed_whatif, whatif_key, whatif_text
from functions.repricing.account import LONGEST_GAP
from functions.repricing.knowledge import Knowledge
from functions.repricing.offers import Offer, weekly_units

NAME = FunctionName("repricing")
QUANTILES = (0.1, 0.9)


def watching(context: Context) -> bool:
    """Whether the merchant lets it watch and no more."""
    return context.policy.mode(NAME) is Mode.SHADOW


def entry(context: Context, variant: Variant) -> WhatIf | None:
    """What was kept of a variant, if the merchant's price is still the one it was kept beside."""
    kept = parsed_whatif(context.memory.get(whatif_key(NAME, variant.id)))
    real = None if variant.price is None else str(variant.price.amount)
    return kept if kept is not None and kept.real == real else None


def shadowed(context: Context, variant: Variant) -> Variant:
    """The variant at the price that would stand."""
    kept = entry(context, variant)
    if kept is None or variant.price is None:
        return variant
    try:
        return replace(variant, price=Money(Decimal(kept.price), variant.price.currency))
    except (InvalidOperation, ValueError):
        return variant


def resting(context: Context, one: Offer) -> bool:
    """Whether we only watch, and the price that would stand was changed too lately to be changed again."""
    kept = parsed_whatif(context.memory.get(whatif_key(NAME, one.variant.id))) if watching(context) else None
    if kept is None or kept.changes == 0:
        return False
    return (day_of(context.now) - kept.changed_day) * 24 < context.policy.prices.cooldown_hours


def remembered(
    context: Context, variants: Mapping[str, Variant], offers: Sequence[Offer], chosen: Mapping[str, Decimal],
    knowledge: Knowledge,
) -> Mapping[str, str]:  # fmt: skip
    """Tonight's entries: the days since the last one counted, then the price that would stand from now on.

    Args:
        context: what is known.
        variants: as the store has them, by their ids.
        offers: what was looked at, at the prices that would stand.
        chosen: new prices, by the variants' ids.
        knowledge: what was learned of demand.
    """
    found = {}
    for one in offers:
        real = variants[one.variant.id]
        if real.price is not None and real.price.amount > 0:
            kept = entry(context, real) or _begun(context, real.price)
            found[whatif_key(NAME, real.id)] = whatif_text(_onward(context, kept, one, real.price, chosen, knowledge))
    return found


def _begun(context: Context, price: Money) -> WhatIf:
    today = day_of(context.now)
    return WhatIf(
        price=str(price.amount), real=str(price.amount), first_day=today, last_day=today, changed_day=today
    )


def _onward(
    context: Context, kept: WhatIf, one: Offer, real: Money, chosen: Mapping[str, Decimal], knowledge: Knowledge
) -> WhatIf:
    today = day_of(context.now)
    passed = min(max(today - kept.last_day, 0), LONGEST_GAP)
    gain, low, high = (part * passed / 7 for part in _weekly_gain(one, real, knowledge))
    counted = replace(
        kept, last_day=max(today, kept.last_day), gain=kept.gain + gain, low=kept.low + low, high=kept.high + high
    )
    price = chosen.get(one.variant.id)
    if price is None:
        return counted
    return replace(counted, price=str(price), changes=kept.changes + 1, changed_day=today)


def _weekly_gain(one: Offer, real: Money, knowledge: Knowledge) -> tuple[float, float, float]:
    """Expected profit a week at our price over that at the merchant's, and the interval of 80 %."""
    weights, prices = knowledge.weights[one.row], (one.price, real.amount)
    sold = weekly_units(one, knowledge, np.array([float(price / one.base) for price in prices]))
    ours, theirs = sold * np.array([[float(price - one.cost)] for price in prices])
    gain = ours - theirs
    order = np.argsort(gain)
    mass = np.cumsum(weights[order])
    low, high = (float(gain[order][min(int((mass < share).sum()), len(gain) - 1)]) for share in QUANTILES)
    return float(weights @ gain), low, high
