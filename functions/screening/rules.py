"""What can be said of an order without a model: plain signs, each in words."""

from collections.abc import Mapping
from typing import Final

from chalicelib.domain.actions import Sentiment
from chalicelib.domain.evidence import Reason
from functions.screening.reasons import said
from functions.screening.schema import feature

NO_MODEL: Final = Reason(text="No model could judge this order, so please look at it")
_FROM: Final[tuple[tuple[str, float], ...]] = (
    ("offences_person", 1), ("offences_place", 1), ("card_1h", 2), ("ip_1h", 3), ("cards_per_email", 3),
    ("cards_per_ip", 3), ("failed_payments", 2), ("shipping_billing_km", 1_000), ("ip_billing_km", 3_000),
    ("provider_risk", 0.9), ("amount_vs_shop", 2.5), ("units", 20),
)  # fmt: skip
"""From which value on a number is a sign, strongest sign first."""
_WORDS: Final = (("avs", "no match"), ("cvv", "no match"), ("email_kind", "disposable"))


def rules(row: Mapping[str, float | str | None]) -> tuple[Reason, ...]:
    """Why a person should look, and the first three signs against the order."""
    found = [name for name, least in _FROM if _number(row.get(name)) >= least]
    found += [name for name, word in _WORDS if row.get(name) == word]
    about = [(feature(name), row[name]) for name in found[:3]]
    return (NO_MODEL, *(said(one, one.against, value, sentiment=Sentiment.NEGATIVE) for one, value in about))


def _number(value: float | str | None) -> float:
    return value if isinstance(value, float | int) else float("-inf")
