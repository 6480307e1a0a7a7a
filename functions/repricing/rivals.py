"""Competitors' prices in the demand model: what sales owe to them is not laid at our own prices' door.

They enter relative to their own mean, so that weeks in which nobody looked count as ordinary ones. A rival's
price scales demand at all of our prices alike; it therefore moves expectations and the watch over our own
prices, and the choice only through what was learned and through the merchant's ceiling.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from chalicelib.contracts import Context
from chalicelib.domain.ids import VariantId
from chalicelib.domain.money import decimals
from chalicelib.domain.price_inputs import Sighting, parsed_rivals, rival_key, standing
from functions.repricing.beliefs import Learning
from functions.repricing.curves import Floats
from functions.repricing.sales import Weekly

FEWEST_WEEKS = 4
"""Weeks with a sighting below which a variant's competitors teach nothing."""
WIDEST = 1.5
"""A competitor further than this from its own mean counts as this far."""


def weekly_rivals(
    sightings: Mapping[VariantId, Sequence[Sighting]], sales: Weekly, currency: str
) -> tuple[Floats, Floats]:
    """Competitors' prices relative to their mean, 1 where nobody looked: (variant, week); and the means in minor
    units, 0 where there are too few: (variant,)."""
    ratio, mean = np.ones_like(sales.units), np.zeros(len(sales.variants))
    weeks = [sales.first_week + column + 1 for column in range(sales.units.shape[1])]
    ends = [datetime.fromtimestamp(week * 7 * 86_400, UTC) - timedelta(seconds=1) for week in weeks]
    for row, variant in enumerate(sales.variants):
        own = sightings.get(VariantId(variant), ())
        if len(own) < FEWEST_WEEKS:
            continue
        found = [standing([one for one in own if one.at <= end], end, currency) for end in ends]
        known = np.array([one is not None for one in found])
        if known.sum() < FEWEST_WEEKS:
            continue
        price = np.array([float(one or 0) for one in found])
        usual = float(price[known].mean())
        ratio[row] = np.where(known, np.clip(price / usual, 1 / WIDEST, WIDEST), 1.0)
        mean[row] = usual * 10 ** decimals(currency)
    return ratio, mean


def rival_tonight(context: Context, variant: VariantId) -> Decimal | None:
    """What competitors ask for a variant now; None where nobody has looked of late."""
    sightings = parsed_rivals(context.memory.get(rival_key(variant)))
    return standing(sightings, context.now, context.shop.currency)


def lift(rival: Decimal | None, mean_minor: float, currency: str) -> float:
    """What tonight's competitors do to expected sales, beside their mean."""
    if rival is None or mean_minor <= 0:
        return 1.0
    ratio = float(rival) * 10 ** decimals(currency) / mean_minor
    return float(np.clip(ratio, 1 / WIDEST, WIDEST) ** Learning().rival_pull)
