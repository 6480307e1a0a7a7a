"""What a function would have earned had it been allowed to write: kept per resource while it only watches."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from chalicelib.domain.ids import FunctionName

PREFIX = "whatif|"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One price that would stand in place of the merchant's; money in the shop's currency, days since 1970."""

    price: str
    """The price that would stand now."""
    real: str
    """The merchant's own, beside which gains are counted; another one begins anew."""
    first_day: int
    last_day: int
    changed_day: int
    """When it would have been changed last."""
    changes: int = 0
    gain: float = 0.0
    """Expected profit more than the merchant's price made, summed over the days."""
    low: float = 0.0
    high: float = 0.0
    """What holds 80 % of what is believed possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All what-ifs of one function in one shop."""

    resources: int
    changed: int
    """How many would have another price now."""
    changes: int
    days: int
    gain: float
    low: float
    high: float


def whatif_key(function: FunctionName, resource: str) -> str:
    """Where it is remembered."""
    return f"{PREFIX}{function}|{resource}"


def whatif_text(entry: WhatIf) -> str:
    """As memory holds it."""
    return json.dumps({name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(entry).items()})


def parsed_whatif(text: str | None) -> WhatIf | None:
    """From memory; None where there is none, or none that can be read."""
    try:
        return WhatIf(**json.loads(text)) if text else None
    except (ValueError, TypeError):
        return None


def summed(entries: Iterable[WhatIf]) -> Account | None:
    """One account of all; None where nothing was watched."""
    every = list(entries)
    if not every:
        return None
    return Account(
        resources=len(every), changed=sum(one.price != one.real for one in every),
        changes=sum(one.changes for one in every),
        days=max(one.last_day for one in every) - min(one.first_day for one in every) + 1,
        gain=sum(one.gain for one in every), low=sum(one.low for one in every), high=sum(one.high for one in every),
    )  # fmt: skip
