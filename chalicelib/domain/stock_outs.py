"""On which days a variant was seen sold out: what was sold then says only what demand was at least.

No store tells its past stock, so it is written down in the shop's memory whenever stock is looked at anyway.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.catalogue import Variant
from chalicelib.domain.ids import VariantId

STOCK_OUTS = "stock|out|"
KEPT = 400
"""Days kept per variant, the newest ones: more than a year without a break."""


def stock_out_key(variant: VariantId) -> str:
    """Where a variant's days without stock are remembered."""
    return f"{STOCK_OUTS}{variant}"


def parsed_stock_outs(text: str | None) -> tuple[int, ...]:
    """Days since 1970-01-01 (UTC), oldest first; none where the text makes no sense."""
    try:
        days = json.loads(text or "[]")
        return tuple(sorted({int(day) for day in days}))
    except (ValueError, TypeError, OverflowError):
        return ()


def stock_outs_text(days: Sequence[int]) -> str:
    """Days as memory holds them, the newest ones."""
    return json.dumps(sorted(set(days))[-KEPT:], separators=(",", ":"))


def is_out(variant: Variant) -> bool:
    """Whether nobody can buy it for want of stock; what is sold on back-order is not out."""
    return not variant.sellable and variant.stock is not None and variant.stock <= 0


def day_of(moment: datetime) -> int:
    """Days since 1970-01-01, UTC."""
    return int(moment.timestamp() // 86_400)


def seen_out(text: str | None, now: datetime) -> str | None:
    """What to remember of a variant that is sold out now; None where today is known already."""
    days, today = parsed_stock_outs(text), day_of(now)
    return None if today in days else stock_outs_text([*days, today])
