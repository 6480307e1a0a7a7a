"""Reading the European Central Bank's daily file of reference rates.

The file is XML of one fixed form; a pattern reads it, so that no entity, namespace or nesting can do harm.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib import resources

LARGEST = 200_000
"""Bytes; the file has about two thousand."""
_DAY = re.compile(r"""<Cube\s+time=["'](\d{4}-\d{2}-\d{2})["']\s*>""")
_RATE = re.compile(r"""<Cube\s+currency=["']([A-Z]{3})["']\s+rate=["'](\d{1,9}(?:\.\d{1,9})?)["']\s*/>""")
PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Rates:
    """Units of each currency for one euro on one day."""

    day: date
    per_euro: Mapping[str, Decimal]

    def convert(self, base: str, currencies: Sequence[str]) -> Mapping[str, str]:
        """Units of each currency for one of ``base``, as decimal texts; unknown currencies are left out."""
        known = {"EUR": Decimal(1), **self.per_euro}
        if base not in known:
            return {}
        return {one: str((known[one] / known[base]).quantize(PLACES)) for one in currencies if one in known}


def parse(data: bytes) -> Rates:
    """The newest day of a daily file.

    Raises:
        ValueError: it is no such file.
    """
    if len(data) > LARGEST:
        raise ValueError("the exchange-rate file is far too large")
    text = data.decode("utf-8", "replace")
    days, rates = _DAY.findall(text), {name: Decimal(rate) for name, rate in _RATE.findall(text)}
    if len(days) != 1 or not rates or any(rate <= 0 for rate in rates.values()):
        raise ValueError("this is not the European Central Bank's daily file of rates")
    return Rates(date.fromisoformat(days[0]), rates)


def snapshot() -> Rates:
    """The rates that ship with the product, for runs without a network."""
    return parse(resources.files("integrations.exchange_rates").joinpath("snapshot.xml").read_bytes())
