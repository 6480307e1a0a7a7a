"""Measures and sizes for another market: a rule table, used only where the merchant asked for it.

Amounts of money are never converted; they are flagged. Factors are exact by definition (inch, foot, pound:
international yard and pound agreement 1959; US fluid ounce: 1/128 US gallon). Shoe sizes are those of ISO/TS
19407:2023's usual adult tables, to half sizes; women's clothes US + 30 and men's suits US + 10, as the German
numbers that shops call EU.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from chalicelib.domain.shop import Units

METRIC = frozenset({"de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da", "fi", "nb", "cs", "ja", "zh", "ko"})
"""Languages whose markets measure in metric units."""
COMMA = METRIC - {"ja", "zh", "ko"}
"""Of these, the ones that write a decimal comma."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Add ``offset``, multiply by ``factor`` and call it ``unit``; ``places`` decimals are kept."""

    factor: Decimal
    unit: str
    places: int = 1
    offset: Decimal = Decimal(0)


_INCH, _FOOT, _YARD = Decimal("2.54"), Decimal("0.3048"), Decimal("0.9144")
_OUNCE, _POUND, _FLUID = Decimal("28.349523125"), Decimal("0.45359237"), Decimal("29.5735295625")
RULES: Mapping[Units, Mapping[str, Rule]] = {
    Units.AS_WRITTEN: {},
    Units.METRIC: {
        "in": Rule(_INCH, "cm"), "ft": Rule(_FOOT, "m", 2), "yd": Rule(_YARD, "m", 2),
        "oz": Rule(_OUNCE, "g", 0), "lb": Rule(_POUND, "kg", 2), "fl oz": Rule(_FLUID, "ml", 0),
        "°F": Rule(Decimal(5) / 9, "°C", 0, Decimal(-32)),
    },
    Units.US: {
        "mm": Rule(1 / (10 * _INCH), "in", 2), "cm": Rule(1 / _INCH, "in"), "m": Rule(1 / _FOOT, "ft"),
        "g": Rule(1 / _OUNCE, "oz"), "kg": Rule(1 / _POUND, "lb"), "ml": Rule(1 / _FLUID, "fl oz"),
        "cl": Rule(10 / _FLUID, "fl oz"), "l": Rule(1000 / _FLUID, "fl oz"),
        "°C": Rule(Decimal(9) / 5, "°F", 0, Decimal(160) / 9),
    },
}  # fmt: skip
"""Per system that is wanted: what becomes of the other's units."""

SPELLED: Mapping[str, str] = {
    '"': "in", "″": "in", "”": "in", "inch": "in", "inches": "in", "zoll": "in", "pouces": "in", "pulgadas": "in",
    "lbs": "lb", "ounces": "oz", "yards": "yd", "fluid ounces": "fl oz",
    "millimeters": "mm", "millimetres": "mm", "millimeter": "mm", "centimeters": "cm", "centimetres": "cm",
    "zentimeter": "cm", "centimètres": "cm", "centímetros": "cm", "meters": "m", "metres": "m", "meter": "m",
    "mètres": "m", "metros": "m", "grams": "g", "gramm": "g", "grammes": "g", "gramos": "g", "kilograms": "kg",
    "kilogramm": "kg", "kilogrammes": "kg", "kilogramos": "kg", "milliliters": "ml", "millilitres": "ml",
    "milliliter": "ml", "liters": "l", "litres": "l", "liter": "l", "litros": "l",
}  # fmt: skip
"""Other spellings. Pounds and feet are not among them: the words also name money and parts of furniture."""
WORDS = tuple(sorted((word for word in SPELLED if len(word) > 3), key=len, reverse=True))
"""Spellings that are words, which are measures only where they are to be converted."""

WOMEN_US_TO_EU: Mapping[str, str] = {
    "5": "35.5", "5.5": "36", "6": "36.5", "6.5": "37", "7": "37.5", "7.5": "38", "8": "38.5", "8.5": "39",
    "9": "40", "9.5": "40.5", "10": "41", "10.5": "42", "11": "42.5", "12": "44",
}  # fmt: skip
MEN_US_TO_EU: Mapping[str, str] = {
    "6": "38.5", "6.5": "39", "7": "40", "7.5": "40.5", "8": "41", "8.5": "42", "9": "42.5", "9.5": "43",
    "10": "44", "10.5": "44.5", "11": "45", "11.5": "45.5", "12": "46", "13": "47.5",
}  # fmt: skip
WOMEN_CLOTHES: Mapping[str, str] = {str(us): str(us + 30) for us in range(2, 24, 2)}
MEN_SUITS: Mapping[str, str] = {str(us): str(us + 10) for us in range(34, 56, 2)}

_WOMEN = frozenset({"women", "womens", "ladies", "damen", "frauen", "femme", "femmes", "mujer", "donna", "dames"})
_MEN = frozenset({"men", "mens", "gentlemen", "herren", "männer", "homme", "hommes", "hombre", "uomo", "heren"})
_SHOES = re.compile(
    r"\b(?:shoe|sneaker|boot|sandal|loafer|heel|footwear|pump|slipper|clog|trainer)s?\b|schuh|stiefel|sandale|chaussure|"
    r"botte|basket|zapat|bota\b|botas\b|scarp|schoen"
)
_CLOTHES = re.compile(
    r"\b(?:dress|skirt|blouse|trouser|jean|coat|jacket|top|shirt|pant|suit|blazer|cardigan|sweater)(?:e?s)?\b|kleid|rock\b|"
    r"bluse|hose|mantel|jacke|hemd|anzug|robe|jupe|chemis|pantalon|veste|manteau|vestid|falda|camis|chaquet|traje"
)
_SUITS = re.compile(r"\b(?:suit|blazer|jacket|coat)s?\b|anzug|sakko|mantel|costume|veste|traje|chaquet")

_NUMERAL = r"(?:\d+[ -])?\d{1,2}\s?[/⁄]\s?(?:2|3|4|5|8|16|32|64)(?!\d)|\d+(?:\.\d+)?[½¼¾⅓⅔⅛]?|[½¼¾⅓⅔⅛]"
_NUMBER = re.compile(_NUMERAL)
_FRACTION = re.compile(r"(?:(\d+)[ -])?(\d{1,2})\s?[/⁄]\s?(\d+)")
_VULGAR = {"½": "0.5", "¼": "0.25", "¾": "0.75", "⅓": "0.333", "⅔": "0.667", "⅛": "0.125"}
_JOINT = r"(?:\s?(?:[-–—x×*/~,]|bis|to)\s?|\s)"
_MEASURE = re.compile(rf"(?P<numbers>(?:{_NUMERAL})(?:{_JOINT}(?:{_NUMERAL}))*)\s?-?(?P<unit>[^\d\s½¼¾⅓⅔⅛.,-].*?)\.?")
_FEET_AND_INCHES = re.compile(r"(\d{1,2})['′](\d{1,2})[\"″]?")
_SIZE = re.compile(r"(US|EU)\s?(\d{1,3}(?:[.,]5)?)")


def converted(
    raw: str, units: Units, source: str, target: str, *, sizes: Mapping[str, str] | None = None
) -> str:
    """What a measure or size becomes in a market of these units, or the same where no rule holds.

    ``12 x 8 in`` -> ``30,5 x 20,3 cm``; ``US 9`` -> ``EU 42,5`` by the table given, and as it is without one.
    ``source`` and ``target`` are languages: they say which of comma and point groups thousands.
    """
    if units is Units.AS_WRITTEN:
        return raw
    size = _SIZE.fullmatch(raw)
    if size:
        found = (sizes or {}).get(f"{size[1]} {size[2].replace(',', '.')}")
        return _local(found, target) if found else raw
    tall = _FEET_AND_INCHES.fullmatch(raw)
    if tall and units is Units.METRIC:
        inches = int(tall[1]) * 12 + int(tall[2])
        return f"{_local(_rounded(inches * _INCH, 0), target)} cm"
    measure = _MEASURE.fullmatch(_pointed(raw, source))
    rule = rule_of(measure["unit"], units) if measure else None
    if measure is None or rule is None:
        return raw
    numbers = _NUMBER.sub(lambda n: _local(amount(n.group(), rule), target), measure["numbers"])
    return f"{re.sub(r'(?<=[0-9]) ?(?:bis|to) ?(?=[0-9])', '–', numbers)} {rule.unit}"


def rule_of(unit: str, units: Units) -> Rule | None:
    """The rule for a unit as somebody wrote it, where the wanted system does not have it."""
    name = re.sub(r"[.\s]+", " ", unit).strip().replace("° ", "°")
    name = name if name.startswith("°") else name.lower()
    return RULES[units].get(SPELLED.get(name, name))


def units_of(language: str) -> Units:
    """What the markets of a language measure in, as far as the language says."""
    return Units.METRIC if language.partition("-")[0].lower() in METRIC else Units.AS_WRITTEN


def sizes_for(description: str, units: Units) -> Mapping[str, str]:
    """Which sizes a product's words speak of, in the wanted system; empty where they do not say whose or what.

    ``{"US 9": "EU 40"}`` for women's shoes and metric units, ``{"EU 40": "US 9"}`` for US ones.
    """
    folded = description.casefold()
    words = set(re.findall(r"[^\W\d_]+", folded))
    women, men = bool(words & _WOMEN), bool(words & _MEN)
    if women == men or units is Units.AS_WRITTEN:
        return {}
    table: Mapping[str, str] = {}
    if _SHOES.search(folded):
        table = WOMEN_US_TO_EU if women else MEN_US_TO_EU
    elif _CLOTHES.search(folded):
        table = WOMEN_CLOTHES if women else MEN_SUITS if _SUITS.search(folded) else {}
    if units is Units.METRIC:
        return {f"US {us}": f"EU {eu}" for us, eu in table.items()}
    return {f"EU {eu}": f"US {us}" for us, eu in table.items()}


def _pointed(text: str, language: str) -> str:
    """The text with a decimal point and without marks between thousands."""
    comma = language.partition("-")[0].lower() in COMMA
    mark = r"[.'\u00a0\u202f]" if comma else r"[,'\u00a0\u202f]"
    grouped = rf"(?<![\d.,])[1-9]\d{{0,2}}(?:{mark}\d{{3}})+(?!\d)"
    text = re.sub(grouped, lambda found: re.sub(r"\D", "", found.group()), text)
    return re.sub(r"(?<=\d),(?=\d)", ".", text)


def amount(number: str, rule: Rule) -> str:
    """One number by a rule, with a decimal point; what looks like a fraction and is none is two numbers."""
    fraction = _FRACTION.fullmatch(number)
    if fraction and int(fraction[2]) >= int(fraction[3]):
        return re.sub(r"\d+", lambda part: amount(part.group(), rule), number)
    if fraction:
        value = Decimal(fraction[1] or 0) + Decimal(fraction[2]) / Decimal(fraction[3])
    else:
        plain = number.rstrip("".join(_VULGAR))
        value = Decimal(plain or 0) + Decimal(_VULGAR.get(number[len(plain) :], "0"))
    return _rounded((value + rule.offset) * rule.factor, rule.places)


def _rounded(value: Decimal, places: int) -> str:
    text = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _local(number: str, language: str) -> str:
    return number.replace(".", ",") if language.partition("-")[0].lower() in COMMA else number
