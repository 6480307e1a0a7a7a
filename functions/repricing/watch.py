"""Whether a price of ours sells less than it was expected to: then it goes back, step by step, to the
merchant's own."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from chalicelib.contracts import Context, SalesDay
from chalicelib.domain.stock_outs import day_of, parsed_stock_outs, stock_out_key
from functions.repricing.curves import relative_units
from functions.repricing.knowledge import Knowledge
from functions.repricing.offers import Offer
from functions.repricing.rivals import lift

FEWEST_DAYS = 7
"""A price is not judged by less than a week of sales."""
BELOW = 1.645
"""Standard deviations under the expectation: one price in twenty is sent home by bad luck alone."""


def ours(context: Context, one: Offer) -> bool:
    """Whether the store still holds the price that we wrote."""
    written, held = context.written.get(one.action.target), context.snapshots.get(one.action.target)
    return written is not None and held is not None and written.digest == held.digest


def resting(context: Context, one: Offer) -> bool:
    """Whether our last change is so recent that the price is left alone; the guardrails would refuse it
    anyway."""
    written = context.written.get(one.action.target)
    rest = timedelta(hours=context.policy.prices.cooldown_hours)
    return written is not None and context.now - written.at < rest


def fallen(context: Context, one: Offer, knowledge: Knowledge) -> bool:
    """Whether sales since our change lie below the interval that was expected of them; days on which it was seen
    sold out are not held against the price."""
    if not ours(context, one):
        return False
    first = day_of(context.written[one.action.target].at) + 1
    out = parsed_stock_outs(context.memory.get(stock_out_key(one.variant.id)))
    days = day_of(context.now) - first - sum(day >= first for day in out)
    if days < FEWEST_DAYS:
        return False
    sold = _sold(context.sales.get(one.product.id, ()), one.variant.id, first)
    drawn = lift(one.rival, float(knowledge.rival_minor[one.row]), one.currency)
    units = knowledge.level[one.row] * relative_units(np.array(float(one.price / one.base))) * drawn * days / 7
    weights = knowledge.weights[one.row]
    mean = float(weights @ units)
    burst = float(knowledge.dispersion[one.row]) * 7 / days
    variance = float(weights @ units**2) * (1 + burst) - mean**2 + mean
    return sold < mean - BELOW * float(np.sqrt(variance))


def _sold(days: Sequence[SalesDay], variant: str, first: int) -> int:
    return sum(day.units for day in days if day.variant == variant and day.day >= first)
