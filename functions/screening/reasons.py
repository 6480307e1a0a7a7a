"""Contributions in words that a merchant can repeat to a buyer."""

from collections.abc import Mapping, Sequence
from typing import Final

from chalicelib.domain.actions import Sentiment
from chalicelib.domain.evidence import Reason
from functions.screening.schema import Feature, feature

MOST: Final = 3
"""Reasons for, and as many against."""
LEAST: Final = 0.05
"""Log odds below which a term is not worth a word (five per cent of the odds)."""

type Row = Mapping[str, float | str | None]


def reasons(row: Row, terms: Sequence[tuple[str, ...]], contributions: Sequence[float]) -> tuple[Reason, ...]:
    """The strongest three against the order, then the strongest three for it, strongest first.

    What several features add together is told with the first of them of which there is something true to say in that
    direction, or else with the first that the order shows. Weights are log odds.
    """
    told: dict[str, float] = {}
    for term, weight in zip(terms, contributions, strict=True):
        name = _told_by(row, term, float(weight))
        told[name] = told.get(name, 0.0) + float(weight)
    ordered = sorted(told.items(), key=lambda item: -abs(item[1]))
    against = [_reason(row, name, weight) for name, weight in ordered if weight > LEAST]
    favour = [_reason(row, name, weight) for name, weight in ordered if weight < -LEAST]
    return (*_first(against), *_first(favour))


def _told_by(row: Row, term: Sequence[str], weight: float) -> str:
    shown = [name for name in term if row.get(name) is not None] or [term[0]]
    return next((name for name in shown if _text(feature(name), row.get(name), weight)), shown[0])


def _first(found: Sequence[Reason | None]) -> list[Reason]:
    return [reason for reason in found if reason is not None][:MOST]


def _reason(row: Row, name: str, weight: float) -> Reason | None:
    """None where there is no sentence for what the store shows, or does not show."""
    about, value = feature(name), row.get(name)
    text = _text(about, value, weight)
    if not text:
        return None
    return said(about, text, value, weight=weight, sentiment=Sentiment.NEGATIVE if weight > 0 else Sentiment.POSITIVE)


def said(
    about: Feature, text: str, value: float | str | None, *, sentiment: Sentiment, weight: float = 0.0
) -> Reason:
    """One of a feature's sentences, of one or of more."""
    shown = _shown(value)
    values = (("value", shown),) if "{value}" in text else ()
    if text != about.against or not about.against_one:
        return Reason(text=text, values=values, weight=weight, sentiment=sentiment)
    count = 1 if shown == "1" else 2 if isinstance(value, str) else max(2, round(float(value or 0.0)))
    one = about.against_one
    return Reason(text=one, plural=text, count=count, values=values, weight=weight, sentiment=sentiment)


def _text(about: Feature, value: float | str | None, weight: float) -> str:
    """The empty text where nothing sensible can be said: "no earlier orders" is no reason to trust anybody, and what is
    not so of this order is no reason at all."""
    if value is None:
        return about.missing if weight > 0 else ""
    if not isinstance(value, str) and value < about.least and (weight > 0 or about.counts):
        return about.none if weight > 0 else ""
    if about.name == "phone_given" and weight > 0:
        return "" if value else _NO_PHONE.text
    low, high = about.against_holds if weight > 0 else about.favour_holds
    if not isinstance(value, str) and not low <= value <= high:
        return ""
    if about.name.startswith("amount_vs_") and isinstance(value, float) and weight > 0:
        return _amount(about.name, value)
    return about.against if weight > 0 else about.favour


_AMOUNTS: Final[Mapping[str, tuple[float, Reason, Reason, Reason]]] = {
    "amount_vs_shop": (
        1.0,
        Reason(text="The total is far above what is usual in this shop"),
        Reason(text="The total is far below what is usual in this shop"),
        Reason(text="The total is unusual for this shop"),
    ),
    "amount_vs_buyer": (
        0.7,
        Reason(text="The total is far above what this buyer usually spends"),
        Reason(text="The total is far below what this buyer usually spends"),
        Reason(text="The total is unusual for this buyer"),
    ),
}
"""How far from the usual is far, and what is said above, below, and within that."""
_NO_PHONE: Final = Reason(text="No telephone number was given")


def _amount(name: str, value: float) -> str:
    far, above, below, within = _AMOUNTS[name]
    return (above if value > far else below if value < -far else within).text


def _shown(value: float | str | None) -> str:
    if isinstance(value, str):
        return value
    number = float(value or 0.0)
    return f"{number:,.0f}" if abs(number) >= 10 or number == round(number) else f"{number:.2g}"
