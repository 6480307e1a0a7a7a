"""Measures and sizes for another market: a rule table, used only where the merchant asked for it.

Amounts of money are never converted; they are flagged. Factors are exact by definition (inch, pound:
international
yard and pound agreement 1959; US fluid ounce: 1/128 US gallon); shoe sizes follow ISO/TS 19407:2023's usual
adult
tables, to half sizes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

METRIC = frozenset({"de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da", "fi", "nb", "cs", "ja", "zh", "ko"})
"""Languages whose markets measure in metric units."""
COMMA = METRIC - {"ja", "zh", "ko"}
"""Of these, the ones that write a decimal comma."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Multiply by ``factor`` and call it ``unit``; ``places`` decimals are kept."""

    factor: Decimal
    unit: str
    places: int = 1
    offset: Decimal = Decimal(0)


RULES: Mapping[str, Rule] = {
    "in": Rule(Decimal("2.54"), "cm"),
    '"': Rule(Decimal("2.54"), "cm"),
    "″": Rule(Decimal("2.54"), "cm"),
    "ft": Rule(Decimal("0.3048"), "m", 2),
    "yd": Rule(Decimal("0.9144"), "m", 2),
    "oz": Rule(Decimal("28.349523125"), "g", 0),
    "lb": Rule(Decimal("0.45359237"), "kg", 2),
    "lbs": Rule(Decimal("0.45359237"), "kg", 2),
    "fl oz": Rule(Decimal("29.5735295625"), "ml", 0),
    "°F": Rule(Decimal(5) / Decimal(9), "°C", 0, Decimal(-32)),
}

WOMEN_US_TO_EU: Mapping[str, str] = {
    "5": "35.5", "5.5": "36", "6": "36.5", "6.5": "37", "7": "37.5", "7.5": "38", "8": "38.5", "8.5": "39",
    "9": "40", "9.5": "40.5", "10": "41", "10.5": "42", "11": "42.5", "12": "44",
}  # fmt: skip
MEN_US_TO_EU: Mapping[str, str] = {
    "6": "38.5", "6.5": "39", "7": "40", "7.5": "40.5", "8": "41", "8.5": "42", "9": "42.5", "9.5": "43",
    "10": "44", "10.5": "44.5", "11": "45", "11.5": "45.5", "12": "46", "13": "47.5",
}  # fmt: skip

_MEASURE = re.compile(r"(?P<numbers>[\d.,\s/x×*–—-]+?)\s?-?(?P<unit>fl\.?\s?oz|in|ft|yd|oz|lbs?|°\s?F|[\"″])\.?$")
_GROUPED = re.compile(r"(?<=\d)[,\u00a0](?=\d{3}(?!\d))")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?(?:\s?/\s?\d+)?")
_US_SIZE = re.compile(r"US\s?(\d{1,2}(?:\.5)?)$")


def converted(raw: str, language: str, *, sizes: Mapping[str, str]) -> str:
    """What a measure or size becomes in that language's markets, or the same where no rule holds.

    ``12 x 8 in`` -> ``30,5 x 20,3 cm``; ``US 9`` -> ``EU 42,5`` by the table given, and as it is without one.
    US and UK
    units only, so a comma before three digits groups thousands.
    """
    language = language.partition("-")[0].lower()
    if language not in METRIC:
        return raw
    size = _US_SIZE.match(raw)
    if size:
        found = sizes.get(size[1])
        return f"EU {_local(found, language)}" if found else raw
    measure = _MEASURE.match(raw)
    rule = RULES.get(re.sub(r"[.\s]+", " ", measure["unit"]).replace("° F", "°F").strip()) if measure else None
    if measure is None or rule is None:
        return raw
    numbers = _NUMBER.sub(
        lambda n: _local(_amount(n.group(), rule), language), _GROUPED.sub("", measure["numbers"].strip())
    )
    return f"{numbers} {rule.unit}"


def sizes_for(description: str) -> Mapping[str, str]:
    """Whose shoe sizes a product's words speak of; empty where they do not say."""
    words = set(re.findall(r"[a-z]+", description.casefold()))
    women, men = bool(words & {"women", "womens", "ladies"}), bool(words & {"men", "mens", "gentlemen"})
    if women == men:
        return {}
    return WOMEN_US_TO_EU if women else MEN_US_TO_EU


def _amount(number: str, rule: Rule) -> str:
    top, _, bottom = number.replace(",", ".").partition("/")
    value = Decimal(top.strip()) / Decimal(bottom.strip() or 1) if bottom.strip() != "0" else Decimal(top.strip())
    exact = (value + rule.offset) * rule.factor
    shown = exact.quantize(Decimal(1).scaleb(-rule.places), ROUND_HALF_UP)
    text = f"{shown:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _local(number: str, language: str) -> str:
    return number.replace(".", ",") if language in COMMA else number
